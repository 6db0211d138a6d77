"""Master files of any size, through the kernel's scanner; rdata of rare types is read by dnspython."""

from unbroken._kernel import Name, ScanError, ZoneBuilder, scan_zone, scan_zone_text
from unbroken.errors import InputError

_ABSENT_TYPE_FIX = "write the rdata as RFC 3597 does: \\# LENGTH HEX"


def read_zone(path: str, origin: Name | None = None, default_ttl: int | None = None) -> ZoneBuilder:
    """The records of the master file at `path`, `-` for standard input; `default_ttl` is in seconds. `$INCLUDE` starts from
    the folder of the file that it stands in. Raises InputError with file, line and column."""
    try:
        builder = scan_zone(path, origin, default_ttl)
    except ScanError as error:
        raise as_input_error(error) from None
    return _completed(builder)


def read_zone_text(name: str, text: bytes, origin: Name | None = None, default_ttl: int | None = None) -> ZoneBuilder:
    """The same for text in memory, which `name` stands for in errors. `$INCLUDE` is refused."""
    try:
        builder = scan_zone_text(name, text, origin, default_ttl)
    except ScanError as error:
        raise as_input_error(error) from None
    return _completed(builder)


def as_input_error(error: ScanError) -> InputError:
    """The one form in which a person sees what is wrong with a master file."""
    where = error.file or "zone"
    if error.line:
        where += f" line {error.line} column {error.column}"
    return InputError(where, error.what)


def _completed(builder: ZoneBuilder) -> ZoneBuilder:
    foreign = builder.foreign()
    if foreign:
        try:
            builder.supply([_rdata(*entry) for entry in foreign])
        except ScanError as error:
            raise as_input_error(error) from None
    return builder


def _rdata(rdtype: int, text: str, origin: Name | None, file: str, line: int, column: int) -> tuple[bytes, bytes]:
    """Wire format, and the text that the zone is written with: names absolute, on one line."""
    from unbroken.dns.presentation import rdata_from_text, rdata_to_text

    try:
        wire = rdata_from_text(rdtype, text, origin)
    except InputError as error:
        where = f"{file} line {line} column {column}"
        raise InputError(where, f"{error.where}: {error.what}", _ABSENT_TYPE_FIX) from None
    shown = rdata_to_text(rdtype, wire)
    # What can't be written so that it is read back the same is written generically.
    try:
        faithful = rdata_from_text(rdtype, shown) == wire
    except InputError:
        faithful = False
    return wire, shown.encode("latin-1", "replace") if faithful else b""
