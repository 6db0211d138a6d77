"""A full check for a terminal: the chain, the servers side by side, and the findings, each cause with what follows from it."""

from collections import Counter
from typing import Final

from unbroken.chain import Severity, Status
from unbroken.diagnosis.diagnose import Diagnosis
from unbroken.diagnosis.finding import Diagnosed
from unbroken.diagnosis.remedies import Step, told_once
from unbroken.report.escape import safe
from unbroken.report.servers import ServerRow, server_rows
from unbroken.report.style import ASCII, STATUS_STYLES, UNICODE, Glyphs, Line, fold
from unbroken.report.text import render, safe_glyphs

_MIN_WIDTH: Final = 48
_MAX_SERVERS: Final = 4  # names after "at"
_MAX_ALIKE: Final = 4  # findings of one code that are told beneath the first of them
_STYLES: Final = {Severity.ERROR: "bad", Severity.WARNING: "warn", Severity.NOTICE: "dim"}


def render_diagnosis(diagnosis: Diagnosis, colour: bool, width: int = 80, ascii: bool = False) -> str:
    """All of it as lines of text, with a final newline. No line is wider than `width` (at least 48), but for names, records
    and commands that are. Only printable characters come out, and ANSI colours if `colour`."""
    page = _Page(diagnosis, max(width, _MIN_WIDTH), ASCII if ascii else UNICODE)
    chain = render(diagnosis.chain, diagnosis.now, colour, width, ascii)
    return chain + "\n" + "".join(line.render(colour) + "\n" for line in page.lines())


class _Page:
    """One rendering: what every part of it needs to know."""

    def __init__(self, diagnosis: Diagnosis, width: int, glyphs: Glyphs) -> None:
        self._diagnosis = diagnosis
        self._width = width
        self._glyphs = glyphs

    def lines(self) -> list[Line]:
        """Servers, findings, and the count of both."""
        lines = self._servers()
        findings = self._diagnosis.findings
        for finding, told in zip(findings, told_once(findings, self._diagnosis.case), strict=True):
            lines += [Line(), *self._finding(finding, *told)]
        return [*lines, Line(), *self._summary()]

    # --- servers --------------------------------------------------------------------------------------------------------

    def _servers(self) -> list[Line]:
        rows = list(server_rows(self._diagnosis))
        names = min(max((len(safe(row.name)) for row in rows), default=0), self._width // 3)
        addresses = max((len(safe(row.address)) for row in rows), default=0)
        lines: list[Line] = []
        for zone in dict.fromkeys((row.zone, row.is_parent) for row in rows):
            heading = f"{'parent' if zone[1] else 'zone'} {safe(zone[0])}"
            lines.append(Line().add(heading, "strong"))
            lines += [self._server(row, names, addresses) for row in rows if (row.zone, row.is_parent) == zone]
        return lines

    def _server(self, row: ServerRow, names: int, addresses: int) -> Line:
        mark, style = self._mark(row)
        line = Line().add(f"  {mark} ", style).add(safe(row.name))
        line.pad_to(max(line.width, names + 4) + 1).add(safe(row.address))
        line.pad_to(max(line.width, names + addresses + 5) + 1)
        if row.note:
            return line.add(safe(row.note), "warn")
        transports = " ".join(word for word, works in (("udp", row.udp), ("tcp", row.tcp)) if works)
        serial = "" if row.serial is None else f"  serial {row.serial}"
        delay = "" if row.milliseconds is None else f"  {row.milliseconds} ms"
        return line.add(transports or "no reply", "" if transports else "bad").add(serial + delay, "dim")

    def _mark(self, row: ServerRow) -> tuple[str, str]:
        status = row.status if row.status is not None else Status.INDETERMINATE
        return self._glyphs.mark(status), STATUS_STYLES[status]

    # --- findings -------------------------------------------------------------------------------------------------------

    def _finding(self, finding: Diagnosed, found: tuple[Step, ...], as_for: str) -> list[Line]:
        style = _STYLES[finding.severity]
        head = Line().add(finding.severity.value.upper(), style).add(" ").add(finding.code, "strong")
        lines = [head, *self._paragraph(finding.sentence, style)]
        if finding.servers:
            lines += self._paragraph(f"at {self._names(finding)}", "dim")
        lines += self._paragraph(finding.remedy, "remedy", f"{self._glyphs.arrow} ")
        if as_for:
            lines += self._paragraph(f"What to type is the same as for {as_for}.", "dim")
        lines += self._steps(found)
        return lines + self._beneath(finding)

    def _names(self, finding: Diagnosed) -> str:
        inspection = self._diagnosis.inspection
        zones = [zone for zone in (inspection.zone, inspection.parent) if zone is not None]
        shown = []
        for address in finding.servers[:_MAX_SERVERS]:
            name = next((zone.name_of(address) for zone in zones if address in zone.addresses), address)
            shown.append(name if name == address else f"{name} ({address})")
        more = len(finding.servers) - _MAX_SERVERS
        return ", ".join(shown) + (f" and {more} more" if more > 0 else "")

    def _steps(self, found: tuple[Step, ...]) -> list[Line]:
        """What to type. Never folded: a record or command is copied whole."""
        lines: list[Line] = []
        for step in found:
            lines.append(Line().add(f"    {safe(step.where)}:", "dim"))
            lines += [Line().add(f"      {safe(text)}") for text in step.lines]
        return lines

    def _beneath(self, finding: Diagnosed) -> list[Line]:
        """What follows from it: where else the same is so, what else is so of the same, and the codes of the rest."""
        alike = [inner for inner in finding.beneath if inner.code == finding.code]
        places = [inner.where for inner in alike if inner.where != finding.where]
        lines: list[Line] = []
        if places:
            shown = ", ".join(places[:_MAX_ALIKE])
            more = len(places) - _MAX_ALIKE
            lines += self._paragraph(f"and the same at {shown}" + (f" and {more} more" if more > 0 else ""), "dim")
        for inner in [inner for inner in alike if inner.where == finding.where][:_MAX_ALIKE]:
            at = f" (at {self._names(inner)})" if inner.servers else ""
            lines += self._paragraph(f"and: {inner.sentence}{at}", "dim")
        counts = Counter(inner.code for inner in finding.beneath if inner.code != finding.code)
        if counts:
            times = self._glyphs.times
            codes = [code if count == 1 else f"{code} {times}{count}" for code, count in counts.items()]
            lines += self._paragraph(f"beneath it: {', '.join(codes)}", "dim")
        return lines

    def _paragraph(self, text: str, style: str, lead: str = "") -> list[Line]:
        parts = fold(safe_glyphs(text, self._glyphs), self._width - 2 - len(lead))
        indent = " " * len(lead)
        return [Line().add("  " + (indent if at else lead), style).add(part, style) for at, part in enumerate(parts)]

    # --- the count ------------------------------------------------------------------------------------------------------

    def _summary(self) -> list[Line]:
        status = self._diagnosis.status
        line = Line().add(f"{self._glyphs.mark(status)} {status.value.upper()}", STATUS_STYLES[status]).add("  ")
        indent, lines = line.width, [line]
        told = f"{disagreement(self._diagnosis)} {counted(self._diagnosis)}".lstrip()
        for at, part in enumerate(fold(told, self._width - indent)):
            if at:
                lines.append(Line())
            lines[-1].pad_to(indent).add(part)
        return lines


def counted(diagnosis: Diagnosis) -> str:
    """How many headlines of each severity, how many servers, how many packets: `2 errors, 1 warning, no notices; …`."""
    words = []
    for severity in Severity:
        count = diagnosis.count(severity)
        words.append(f"{count or 'no'} {severity.value}{'' if count == 1 else 's'}")
    inspection = diagnosis.inspection
    servers, packets = len(inspection.by_server), sum(1 for exchange in inspection.exchanges if exchange.wire)
    return f"{', '.join(words)}; {servers} server{'' if servers == 1 else 's'} asked, {packets} packets kept."


def disagreement(diagnosis: Diagnosis) -> str:
    """What the ordinary walk did not see: the servers whose answer is bogus though its own was not. Empty when it saw it."""
    if diagnosis.status is diagnosis.chain.status:
        return ""
    question, zone = diagnosis.inspection.question, diagnosis.inspection.zone
    bogus = [
        zone.name_of(judged.server)
        for judged in diagnosis.judgements
        if judged.question == question and judged.chain.status is Status.BOGUS
    ]
    shown = ", ".join(bogus[:_MAX_SERVERS]) + (f" and {len(bogus) - _MAX_SERVERS} more" if len(bogus) > 4 else "")
    return f"The answer of {shown} does not validate."
