"""A chain for a terminal: a tree from the trust anchor down, one line a link, the broken one marked and explained."""

from typing import Final

from unbroken._kernel import type_to_text
from unbroken.chain import Chain, Finding, Link, LinkKind, Outcome, Question, Severity, Status
from unbroken.chain.times import duration_text
from unbroken.dns.rdtype import rcode_text
from unbroken.report import words
from unbroken.report.escape import safe
from unbroken.report.style import ASCII, STATUS_STYLES, UNICODE, Glyphs, Line, fold
from unbroken.report.tree import Place, build, walk

_MIN_WIDTH: Final = 48
_MAX_DEPTH: Final = 12  # levels that are still indented further
_MAX_NAME: Final = 36  # columns of mark and name; longer names push their detail to the next line
_MAX_VALUES: Final = 8  # records of the answer that are shown
_MAX_VALUE_LINES: Final = 4  # of each
_MAX_FINDINGS: Final = 4  # of one link
_SOON: Final = 2 * 86400  # seconds: signatures that end sooner are worth a look


def render(chain: Chain, now: int, colour: bool, width: int = 80, ascii: bool = False) -> str:
    """The whole chain as lines of text, with a final newline. `now` (epoch seconds) is what validity left is counted from.

    No line is wider than `width` (at least 48), but for names that are. Whatever the chain holds, only printable
    characters come out: printable ASCII, the tree's own glyphs unless `ascii`, and ANSI colours if `colour`.
    """
    page = _Page(chain, now, max(width, _MIN_WIDTH), ASCII if ascii else UNICODE)
    return "\n".join(line.render(colour) for line in page.lines()) + "\n"


class _Page:
    """One rendering: what every part of it needs to know."""

    def __init__(self, chain: Chain, now: int, width: int, glyphs: Glyphs) -> None:
        self._chain = chain
        self._now = now
        self._width = width
        self._glyphs = glyphs
        self._broken = chain.broken_link
        self._places = list(walk(build(chain)))
        self._questions = _questions_of_links(chain)
        self._column = self._common_column()

    def _common_column(self) -> int:
        """Where details begin: where the fewest links need a second line, and then the fewest names reach beyond."""
        limit = min(_MAX_NAME, self._width * 2 // 5)
        sizes = []
        for place in self._places:
            indent = 2 * min(len(place.rails), _MAX_DEPTH) + 2
            for link in place.node.links:
                sizes.append((indent + len(self._name(link)), len(self._detail(link)), self._detail_end(link)))

        def cost(column: int) -> tuple[int, int]:
            folded = sum(max(column, name + 1) + detail > end for name, detail, end in sizes)
            return folded, sum(name >= column for name, _, _ in sizes)

        return min(sorted({name + 1 for name, _, _ in sizes if name <= limit} or {limit}), key=cost)

    def _detail(self, link: Link) -> str:
        return safe_glyphs(words.link_detail(link, self._glyphs), self._glyphs)

    def _detail_end(self, link: Link) -> int:
        """The column before which a detail must end, to leave room for the time left."""
        left = self._left(link)
        return self._width - (len(left) + 1 if left else 0)

    def _left(self, link: Link) -> str:
        seconds = words.signature_left(link, self._now)
        return "" if seconds is None else words.left_text(seconds)

    def _name(self, link: Link) -> str:
        return safe(str(words.link_name(link, self._question(link))))

    def _question(self, link: Link) -> Question:
        return self._questions.get(id(link), self._chain.question)

    def lines(self) -> list[Line]:
        """Headline, tree, verdict."""
        lines = [Line().add(question_text(self._chain.question), "strong"), Line()]
        for place in self._places:
            lines += self._place(place)
        # What is found of the chain as a whole adds nothing to a broken link that has been explained.
        if self._broken is None or not self._broken.findings:
            for part in (self._chain, *self._chain.hops):
                for finding in part.findings:
                    lines += self._finding(finding, [])
        if len(lines) > 2:
            lines.append(Line())
        return lines + self._verdict()

    # --- the tree ---------------------------------------------------------------------------------------------------

    def _place(self, place: Place) -> list[Line]:
        lines: list[Line] = []
        links = place.node.links
        for index, link in enumerate(links):
            more = index < len(links) - 1
            # The last link of a zone carries the rail of its children; those before it, the rail of the next.
            below = self._rails(place.rails)
            below += self._rail(not place.is_last or more) if place.rails else ""
            below += self._rail(bool(place.node.children) and not more)
            lines += self._link(place, link, place.is_last and not more, below)
            lines += self._below(link, below)
        return lines

    def _rails(self, rails: tuple[bool, ...]) -> str:
        return "".join(self._rail(rail) for rail in rails[1:][-_MAX_DEPTH:])

    def _rail(self, is_open: bool) -> str:
        return f"{self._glyphs.trunk} " if is_open else "  "

    def _connector(self, place: Place, is_last: bool) -> str:
        if not place.rails:
            return ""
        return self._rails(place.rails) + (self._glyphs.last_branch if is_last else self._glyphs.branch) + " "

    def _link(self, place: Place, link: Link, is_last: bool, below: str) -> list[Line]:
        mark, style = self._mark(link)
        line = Line().add(self._connector(place, is_last), "dim").add(mark, style).add(" ")
        line.add(self._name(link), style if link.is_broken else "strong")
        return self._with_detail(line, link, style if link.is_broken else "", below)

    def _mark(self, link: Link) -> tuple[str, str]:
        """Mark and style. Beyond the broken link nothing is wrong in itself: it was only not reached."""
        if link.is_broken and link is not self._broken and not link.findings:
            return self._glyphs.unreached, "dim"
        if link.kind is LinkKind.ANCHOR and not link.is_broken:
            return self._glyphs.anchor, STATUS_STYLES[link.status]
        return self._glyphs.mark(link.status), STATUS_STYLES[link.status]

    def _with_detail(self, line: Line, link: Link, style: str, below: str) -> list[Line]:
        text, end = self._detail(link), self._detail_end(link)
        # A name that reaches beyond the column has its detail after it, or on a line of its own if there is no room.
        column = max(self._column, line.width + 1)
        lines = [line]
        if column + len(text) > end and line.width >= self._column:
            # The rails beneath may reach further than the column: the detail begins after them.
            column = max(self._column, len(below))
            lines.append(Line().add(below, "dim"))
        detail = fold(text, max(end - column, 16))
        for index, part in enumerate(detail):
            if index:
                lines.append(Line().add(below, "dim"))
            lines[-1].pad_to(column).add(part, style)
        left = words.signature_left(link, self._now)
        if left is not None:
            right = words.left_text(left)
            lines[-len(detail)].pad_to(self._width - len(right)).add(right, "warn" if left < _SOON else "dim")
        return lines

    # --- beneath a link -----------------------------------------------------------------------------------------------

    def _below(self, link: Link, rail: str) -> list[Line]:
        question = self._question(link)
        lines: list[Line] = []
        if link.denial is not None and not link.is_broken:
            for sentence in words.denial_sentences(link.denial, link, question, self._glyphs):
                lines += self._paragraph(sentence, rail, "dim")
        if link is self._answer_link():
            lines += self._values(link, rail)
        shown = _worth_showing(link)
        for finding in shown[:_MAX_FINDINGS]:
            lines += self._finding(finding, shown, rail)
        if len(shown) > _MAX_FINDINGS:
            lines += self._paragraph(f"and {len(shown) - _MAX_FINDINGS} more findings", rail, "dim")
        return lines

    def _answer_link(self) -> Link | None:
        """The link whose records answer the question, unless they must not be believed."""
        last = self._chain.last
        if last.outcome is not Outcome.ANSWER or self._chain.status in (Status.BOGUS, Status.INDETERMINATE):
            return None
        return next((link for link in reversed(last.links) if link.kind is LinkKind.DATA and link.evidence), None)

    def _values(self, link: Link, rail: str) -> list[Line]:
        values = words.record_values(link.evidence[0].rrset)
        indent = max(self._column, len(rail) + 2)
        lines = [line for value in values[:_MAX_VALUES] for line in self._value(value, rail, indent)]
        if len(values) > _MAX_VALUES:
            lines.append(Line().add(rail, "dim").pad_to(indent).add(f"and {len(values) - _MAX_VALUES} more", "dim"))
        return lines

    def _value(self, value: str, rail: str, indent: int) -> list[Line]:
        parts = fold(value, self._width - indent - len(self._glyphs.ellipsis))
        if len(parts) > _MAX_VALUE_LINES:
            parts = [*parts[: _MAX_VALUE_LINES - 1], parts[_MAX_VALUE_LINES - 1] + self._glyphs.ellipsis]
        return [Line().add(rail, "dim").pad_to(indent).add(part, "good") for part in parts]

    def _finding(self, finding: Finding, siblings: list[Finding], rail: str = "") -> list[Line]:
        style = {Severity.ERROR: "bad", Severity.WARNING: "warn", Severity.NOTICE: ""}[finding.severity]
        bar = self._glyphs.bar if finding.severity is not Severity.NOTICE else " "
        lines = self._paragraph(finding.sentence, rail, style, bar)
        same = [sibling for sibling in siblings if sibling.remedy == finding.remedy]
        if finding.remedy and (not same or same[-1] is finding):
            remedy = self._paragraph(finding.remedy, rail, "remedy", bar, f"{self._glyphs.arrow} ")
            lines += remedy
        return lines

    def _paragraph(self, text: str, rail: str, style: str, bar: str = " ", lead: str = "") -> list[Line]:
        """Wrapped text beneath a link, `lead` in front of its first line."""
        room = max(self._width - len(rail) - 2 - len(lead), 24)
        parts = fold(safe_glyphs(text, self._glyphs), room)
        indent = " " * len(lead)
        return [
            Line().add(rail, "dim").add(f"{bar} ", style).add(indent if index else lead, style).add(part, style)
            for index, part in enumerate(parts)
        ]

    # --- the verdict --------------------------------------------------------------------------------------------------

    def _verdict(self) -> list[Line]:
        chain = self._chain
        style = STATUS_STYLES[chain.status]
        line = Line().add(self._glyphs.mark(chain.status), style).add(" ").add(chain.status.value.upper(), style)
        indent = line.width + 2
        parts = fold(safe_glyphs(self._verdict_text(), self._glyphs), self._width - indent)
        lines = [line]
        for index, part in enumerate(parts):
            if index:
                lines.append(Line())
            lines[-1].pad_to(indent).add(part)
        return lines

    def _verdict_text(self) -> str:
        chain = self._chain
        ede = f"{words.ede_text(chain.ede)}: " if chain.ede is not None else ""
        if chain.status is Status.SECURE:
            return f"{_outcome_text(chain)}; every link holds{self._expiry_text()}."
        if chain.status is Status.INSECURE:
            return words.sentence(
                f"{ede}{_outcome_text(chain)}; nothing vouches for it, trust ends at {self._end_text()}"
            )
        if chain.status is Status.BOGUS:
            return words.sentence(
                f"{ede}resolvers that validate answer SERVFAIL; the chain breaks at {self._end_text()}"
            )
        return words.sentence(f"{ede}it can't be told; the chain stops at {self._end_text()}")

    def _expiry_text(self) -> str:
        left = [
            seconds for link in self._chain.all_links if (seconds := words.signature_left(link, self._now)) is not None
        ]
        return f", the first signature expires in {duration_text(min(left))}" if left else ""

    def _end_text(self) -> str:
        decisive = next((link for link in self._chain.all_links if link.status is self._chain.status), None)
        if decisive is not None:
            return words.link_place(decisive, self._question(decisive))
        reason = self._chain.reason
        return reason.where if reason is not None else str(self._chain.question.name)


def question_text(question: Question) -> str:
    """Name and type: `www.example.com. A`."""
    return safe(f"{question.name} {type_to_text(question.rdtype)}")


def safe_glyphs(text: str, glyphs: Glyphs) -> str:
    """`safe`, but for the glyphs that the words themselves use."""
    own = {glyphs.arrow, glyphs.times, glyphs.ellipsis}
    return "".join(char if char in own else safe(char) for char in text)


def _outcome_text(chain: Chain) -> str:
    last = chain.last
    hops = f" after {len(chain.hops)} alias{'es' if len(chain.hops) > 1 else ''}" if chain.hops else ""
    if last.outcome is Outcome.ANSWER:
        count = len(chain.rrset) if chain.rrset is not None else 0
        return f"{count} record{'s' if count != 1 else ''}{hops}"
    if last.outcome in (Outcome.NODATA, Outcome.NXDOMAIN) and words.rests_on_opt_out(last):
        return f"nothing signed at {last.question.name}{hops}"
    if last.outcome is Outcome.NODATA:
        return f"no {type_to_text(last.question.rdtype)} at {last.question.name}{hops}"
    if last.outcome is Outcome.NXDOMAIN:
        return f"{last.question.name} does not exist{hops}"
    return f"no answer ({rcode_text(last.rcode)})"


def _worth_showing(link: Link) -> list[Finding]:
    """A good link keeps its warnings and notices; errors in it were other paths that failed, and one held (RFC 6840 §5.11).

    Of a broken one, the first says what is wrong with it; the others, which only led there, are in the JSON form.
    """
    if link.status is Status.SECURE:
        return [finding for finding in link.findings if finding.severity is not Severity.ERROR]
    if link.is_broken:
        return list(link.findings[:1])
    return list(dict.fromkeys(link.findings))


def _questions_of_links(chain: Chain) -> dict[int, Question]:
    """The question of the hop that each link belongs to, by identity of the link."""
    return {id(link): part.question for part in (*reversed(chain.hops), chain) for link in part.links}
