"""The dnspython edge: presentation format, and conversion of whole RRsets and messages. dnspython is imported when
first needed, inside the functions, because that costs 90 ms."""

from typing import TYPE_CHECKING

from unbroken._kernel import Message, Name, RRset, WireError, type_to_text
from unbroken._kernel import rdata_to_text as kernel_rdata_to_text
from unbroken.dns import rdtype as rr
from unbroken.dns.master_file import bad_rdata_errors, rrsets_from_text
from unbroken.dns.user_name import name_from_user
from unbroken.errors import InputError

if TYPE_CHECKING:
    import dns.message
    import dns.name
    import dns.rdata
    import dns.rrset

__all__ = [
    "from_dnspython",
    "message_from_dnspython",
    "message_to_dnspython",
    "name_from_dnspython",
    "name_from_user",
    "name_to_dnspython",
    "rdata_from_text",
    "rdata_to_text",
    "rrset_to_text",
    "rrsets_from_text",
    "to_dnspython",
]


def rdata_to_text(rdtype: int, rdata: bytes) -> str:
    """Presentation format of uncompressed rdata; the generic form of RFC 3597 §5 when the type is unknown or the rdata
    does not fit it. Never raises."""
    try:
        text = kernel_rdata_to_text(rdtype, rdata)
    except WireError:
        return _generic_text(rdata)
    text = text if text is not None else _dnspython_text(rdtype, rdata)
    # An empty key, digest or signature can't be written: the line would lack a field, and not be read back (RFC 3597 §5).
    return _generic_text(rdata) if text.endswith(" ") else text


def _dnspython_text(rdtype: int, rdata: bytes) -> str:
    try:
        text: str = _dnspython_rdata(rr.CLASS_IN, rdtype, rdata).to_text()
    except Exception:  # noqa: BLE001 - whatever a parser of a rare type trips over on hostile rdata: the bytes are shown instead
        return _generic_text(rdata)
    return text


def _dnspython_rdata(rdclass: int, rdtype: int, rdata: bytes) -> "dns.rdata.Rdata":
    import dns.rdata
    import dns.rdataclass
    import dns.rdatatype

    kind = dns.rdatatype.RdataType.make(rdtype)
    return dns.rdata.from_wire(dns.rdataclass.RdataClass.make(rdclass), kind, rdata, 0, len(rdata))


def _generic_text(rdata: bytes) -> str:
    return f"\\# {len(rdata)} {rdata.hex()}".rstrip()


def rdata_from_text(rdtype: int, text: str, origin: Name | None = None) -> bytes:
    """Uncompressed rdata of one record. Relative names need `origin`. Raises InputError."""
    import dns.rdata
    import dns.rdatatype

    try:
        base = None if origin is None else name_to_dnspython(origin)
        kind = dns.rdatatype.RdataType.make(rdtype)
        wire: bytes | None = dns.rdata.from_text("IN", kind, text, base, relativize=False).to_wire()
    except bad_rdata_errors() as error:
        raise InputError(f"{type_to_text(rdtype)} record", f"{text!r} is not its rdata: {error}") from None
    return wire or b""


def rrset_to_text(rrset: RRset) -> list[str]:
    """One master-file line a record: owner, TTL, class, type, rdata."""
    rdclass = "IN" if rrset.rdclass == rr.CLASS_IN else f"CLASS{rrset.rdclass}"
    head = f"{rrset.owner} {rrset.ttl} {rdclass} {type_to_text(rrset.rdtype)}"
    return [f"{head} {rdata_to_text(rrset.rdtype, rdata)}" for rdata in rrset.rdatas]


def name_to_dnspython(name: Name) -> "dns.name.Name":
    """The same name, case kept."""
    import dns.name

    return dns.name.Name((*name.labels, b""))


def name_from_dnspython(name: "dns.name.Name") -> Name:
    """The same name, case kept. Raises ValueError when it is relative."""
    if not name.is_absolute():
        raise ValueError(f"{name} is relative")
    return Name.from_labels(name.labels[:-1])


def to_dnspython(rrset: RRset) -> "dns.rrset.RRset":
    """The same RRset. Raises dns.exception.DNSException when dnspython takes its rdata for malformed."""
    import dns.rrset

    result = dns.rrset.RRset(name_to_dnspython(rrset.owner), rrset.rdclass, rrset.rdtype, rrset.covers)  # type: ignore[arg-type]
    for rdata in rrset.rdatas:
        result.add(_dnspython_rdata(rrset.rdclass, rrset.rdtype, rdata), rrset.ttl)
    return result


def from_dnspython(rrset: "dns.rrset.RRset") -> RRset:
    """The same RRset. Raises WireError, or ValueError when its owner is relative."""
    rdatas = tuple(rdata.to_wire() or b"" for rdata in rrset)
    return RRset(name_from_dnspython(rrset.name), int(rrset.rdtype), rrset.ttl, rdatas, int(rrset.rdclass))


def message_to_dnspython(message: Message) -> "dns.message.Message":
    """The same message, through its wire form."""
    import dns.message

    return dns.message.from_wire(message.to_wire())


def message_from_dnspython(message: "dns.message.Message") -> Message:
    """The same message, through its wire form. Raises WireError."""
    return Message.from_wire(message.to_wire(max_size=65535))
