"""From an unsigned master file to a signed one that validators accept: read, prepare, sign, judge, and only then replace."""

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

from unbroken._kernel import KernelZone, Name, Progress, ScanError
from unbroken.errors import InputError, StateError, UnbrokenError
from unbroken.files import scratch, staged
from unbroken.keys import ZoneKey
from unbroken.signing.prepare import Prepared, ZonePlan, prepare
from unbroken.signing.read import as_input_error, read_zone
from unbroken.signing.verify import EntrySet, ZoneReport, check_zone
from unbroken.signing.write import SigningStats, Validity, signing_keys, write_signed


class Gate(Enum):
    """What is judged before publishing. CHANGED: every signature that did not stand in the earlier zone over the same
    records by the same key, the whole denial chain, the keys and the way in; ALL: every signature; NONE: nothing."""

    CHANGED = "changed"
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """What to sign, how, and where to put it. Paths; `-` is standard input or output."""

    source: str
    output: str
    keys: Sequence[ZoneKey]
    plan: ZonePlan
    validity: Validity
    earlier: str | None = None
    gate: Gate = Gate.CHANGED
    entries: Sequence[EntrySet] = ()
    """DS sets of the parent (or anchors), each of which must lead in."""
    dnskey_by_all: bool = False
    threads: int = 0


@dataclass(frozen=True, slots=True)
class SigningResult:
    """What was published."""

    prepared: Prepared = field(repr=False)
    stats: SigningStats
    report: ZoneReport | None


class RefusedError(UnbrokenError):
    """The signed zone would break for validators, so it was not published. `report` says why."""

    def __init__(self, report: ZoneReport) -> None:
        self.report = report
        first = report.findings[0]
        more = f" (and {report.errors - 1} more errors)" if report.errors > 1 else ""
        super().__init__(f"{report.origin} is not published: {first.sentence}{more}")


def sign_file(
    request: SigningRequest, progress: Progress | None = None, on_step: Callable[[str], None] = lambda _: None
) -> SigningResult:
    """Sign a master file. `on_step` is told what is begun: "reading", "reading the earlier zone", "preparing", "signing and
    writing", "reading back", "judging". Raises InputError, UsageError, StateError, InterruptedError, and RefusedError; in each
    case what `output` held before is untouched."""
    on_step("reading")
    builder = read_zone(request.source, request.keys[0].zone if request.keys else None)
    earlier = None
    if request.earlier is not None:
        on_step("reading the earlier zone")
        earlier = read_finished(request.earlier)
    on_step("preparing")
    prepared = prepare(builder, request.keys, request.plan, request.validity.now, earlier)
    if earlier is not None and earlier.origin != prepared.zone.origin:
        raise InputError(str(request.earlier), f"is of the zone {earlier.origin}, not of {prepared.zone.origin}")
    keys = signing_keys(
        request.keys, dnskey_by_all=request.dnskey_by_all, has_key_material=bool(request.plan.key_material)
    )
    with _destination(request.output) as beside:
        on_step("signing and writing")
        stats = _write(beside, prepared, keys, request, earlier, progress)
        report = None
        if request.gate is not Gate.NONE:
            on_step("reading back")
            written = read_finished(beside)
            on_step("judging")
            report = _judge(written, request, earlier, progress)
    return SigningResult(prepared, stats, report)


@contextmanager
def _destination(path: str) -> Iterator[str]:
    """Where to write what shall be at `path`; `-` is standard output, which gets all of it at the end of the block."""
    if path != "-":
        with staged(path) as beside:
            yield beside
        return
    try:
        with scratch(None, "unbroken-zone") as beside:
            yield beside
            sys.stdout.flush()
            with open(beside, "rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise  # a reader that went away has had enough
    except OSError as error:
        raise StateError(f"standard output: cannot be written ({error.strerror}); is the disk full?") from None


def _write(
    beside: str,
    prepared: Prepared,
    keys: Sequence[ZoneKey],
    request: SigningRequest,
    earlier: KernelZone | None,
    progress: Progress | None,
) -> SigningStats:
    try:
        return write_signed(
            beside,
            prepared,
            keys,
            request.plan,
            request.validity,
            earlier=earlier,
            progress=progress,
            threads=request.threads,
        )
    except ValueError as error:
        raise InputError(request.source, str(error)) from None


def _judge(
    written: KernelZone, request: SigningRequest, earlier: KernelZone | None, progress: Progress | None
) -> ZoneReport:
    """Judge what was written, byte for byte as it would be published."""
    report = check_zone(
        written,
        request.validity.now,
        earlier=earlier if request.gate is Gate.CHANGED else None,
        entries=request.entries,
        progress=progress,
        threads=request.threads,
    )
    if report.errors:
        raise RefusedError(report)
    return report


def read_finished(path: str, origin: Name | None = None) -> KernelZone:
    """A master file as it stands; `origin` completes relative names. Raises InputError."""
    try:
        return read_zone(path, origin).finish()
    except ScanError as error:
        raise as_input_error(error) from None
