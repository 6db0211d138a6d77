"""`check --full`: ask every server of the zone and of its parent, judge each, and say what is wrong and what to type."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from unbroken.cli import options, output
from unbroken.cli.full_options import FACES
from unbroken.errors import InputError, StateError, UsageError

if TYPE_CHECKING:
    from unbroken.anchors import TrustAnchors
    from unbroken.chain import Question
    from unbroken.cli.online import Network
    from unbroken.diagnosis.diagnose import Diagnosis
    from unbroken.diagnosis.inspection import Inspection

_MAX_SIZE: Final = 64 << 20  # octets of a file of evidence that is read


def run(asked: "Question", settings: Mapping[str, Any]) -> int:
    """Gather or read the evidence, judge it, show it; the exit code."""
    save, offline = settings["save"], settings["offline"]
    if settings["all_paths"]:
        raise UsageError("--full tries all paths anyway; leave out --all-paths")
    for path in (save, *(settings[face] for face in FACES)):
        output.check_writable(path)
    if sum(path == output.STANDARD_OUTPUT for path in (save, *(settings[face] for face in FACES))) > 1:
        raise UsageError("only one file can go to standard output")
    if offline is not None:
        inspection = load(offline)
        if inspection.question != asked:
            name = inspection.question.name
            raise InputError(offline, "holds another question", f"check {name} as it was asked there")
        now = options.current_time(inspection.time if settings["at"] is None else settings["at"])
        anchors = options.anchors(settings["anchor_files"], now)
    else:
        inspection, anchors, now = _online(asked, settings)
    diagnosis = _diagnose(inspection, anchors, now, settings)
    show(diagnosis, settings)
    if save is not None:
        output.write(save, _file(inspection))
    for face in FACES:
        if settings[face] is not None:
            output.write(settings[face], _FACE_MAKERS[face](diagnosis, settings))
    return exit_code(diagnosis, settings["fail_on"] or "error")


def _diagnose(inspection: "Inspection", anchors: "TrustAnchors", now: int, settings: Mapping[str, Any]) -> "Diagnosis":
    from unbroken.diagnosis.case import DEFAULT_DAYS
    from unbroken.diagnosis.diagnose import diagnose

    days = settings["days"]
    return diagnose(inspection, anchors, now, days=DEFAULT_DAYS if days is None else days)


def show(diagnosis: "Diagnosis", settings: Mapping[str, Any]) -> None:
    """On standard output, or on standard error when that carries a file."""
    is_taken = any(settings[name] == output.STANDARD_OUTPUT for name in ("save", *FACES))
    out = output.text_stream(output.STANDARD_OUTPUT if is_taken else None)
    if settings["as_json"]:
        import json

        from unbroken.report.diagnosis_json import diagnosis_to_json

        out.write(json.dumps(diagnosis_to_json(diagnosis), indent=2) + "\n")
    else:
        from unbroken.report.diagnosis_text import render_diagnosis

        drawn = settings["ascii_only"] or not options.can_draw(out)
        colour = options.wants_colour(settings["color"], out)
        out.write(render_diagnosis(diagnosis, colour, options.terminal_width(out), drawn))
    out.flush()


def _html(diagnosis: "Diagnosis", _: Mapping[str, Any]) -> bytes:
    from unbroken.report.html import render_html

    return render_html(diagnosis).encode("utf-8")


def _svg(diagnosis: "Diagnosis", _: Mapping[str, Any]) -> bytes:
    from unbroken.report.drawing import to_svg
    from unbroken.report.picture import paint

    return to_svg(paint(diagnosis.chain)).encode("utf-8")


def _dot(diagnosis: "Diagnosis", _: Mapping[str, Any]) -> bytes:
    from unbroken.report.drawing import to_dot
    from unbroken.report.picture import paint

    return to_dot(paint(diagnosis.chain)).encode("utf-8")


def _junit(diagnosis: "Diagnosis", settings: Mapping[str, Any]) -> bytes:
    from unbroken.report.junit import to_junit

    return to_junit(diagnosis, fail_on_warning=settings["fail_on"] == "warning")


_FACE_MAKERS: Final = {"html": _html, "svg": _svg, "dot": _dot, "junit": _junit}


def exit_code(diagnosis: "Diagnosis", fail_on: str) -> int:
    """As `check`: 0 secure, 1 bogus, 3 insecure, 4 indeterminate; and 1 for a finding as grave as `fail_on`."""
    from unbroken.chain import Severity

    code = {"secure": 0, "bogus": 1, "insecure": 3, "indeterminate": 4}[diagnosis.status.value]
    grave = [Severity.ERROR] if fail_on == "error" else [Severity.ERROR, Severity.WARNING]
    return 1 if code in (0, 3) and any(diagnosis.count(severity) for severity in grave) else code


# --- evidence -----------------------------------------------------------------------------------------------------------


def load(path: str) -> "Inspection":
    """Read what `--save` wrote. Raises InputError."""
    import json

    from unbroken.diagnosis.json import inspection_from_json
    from unbroken.files import read_bounded

    data = read_bounded(path, _MAX_SIZE)
    hint = "give a file that `unbroken check --full --save` wrote"
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        what = "is nested too deeply" if isinstance(error, RecursionError) else f"is not JSON ({error})"
        raise InputError(path, what, hint) from None
    if isinstance(value, dict) and value.get("format") == "unbroken-capture":
        raise InputError(path, "is the capture of a plain check, which has no word of single servers", hint)
    return inspection_from_json(value, path)


def _file(inspection: "Inspection") -> bytes:
    import json

    from unbroken.diagnosis.json import inspection_to_json

    return (json.dumps(inspection_to_json(inspection), indent=1) + "\n").encode("ascii")


def _online(asked: "Question", settings: Mapping[str, Any]) -> "tuple[Inspection, TrustAnchors, int]":
    import asyncio

    from unbroken.cli.online import Network

    network = Network.from_options(settings)
    if network.resolver is not None:
        raise UsageError("--full asks the zone's own servers; leave out --resolver")
    at = settings["at"]
    files = settings["anchor_files"]
    anchors = options.anchors(files, options.current_time(at)) if files or not network.lab else None
    work = _gather(asked, network, anchors, at)
    try:
        return asyncio.run(work)
    finally:
        work.close()  # an interrupt may come before the loop has begun it


async def _gather(
    asked: "Question", network: "Network", anchors: "TrustAnchors | None", at: int | None
) -> "tuple[Inspection, TrustAnchors, int]":
    from dataclasses import replace

    from unbroken.cli import online
    from unbroken.resolving.inspecting import inspect
    from unbroken.resolving.probing import InspectionLimits
    from unbroken.resolving.sockets import SocketTransport

    async with online.opened_resolver(network, anchors, at) as resolver:
        limits = replace(InspectionLimits(), seconds=max(network.timeout, InspectionLimits().seconds))
        progress = _Progress()
        try:
            inspection = await inspect(resolver, SocketTransport(), asked, limits=limits, progress=progress.show)
        finally:
            progress.clear()
        # Something on the path that answers in the servers' place is no network either, whatever it says.
        if not any(work.heard for work in resolver.works):
            from unbroken.cli.unreachable import trouble

            raise StateError(trouble(asked, inspection.walk.responses.values(), network, online.SILENCE))
        return inspection, resolver.anchors, resolver.clock.now()


class _Progress:
    """One line on a terminal's standard error, written over and over, and gone at the end."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()

    def show(self, done: int, total: int) -> None:
        """So many queries of so many."""
        if self._is_shown:
            sys.stderr.write(f"\r\x1b[Kasking the servers: {done} of {total}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Leave nothing of it."""
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
