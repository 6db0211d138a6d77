"""Master files (RFC 1035 §5): text to RRsets. dnspython reads the tokens and the rdata; the grouping is ours, so that
nothing is lost or merged that a broken zone may hold (two CNAMEs, RRSIGs of several types at one owner)."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from unbroken._kernel import Name, RRset, WireError, type_from_text
from unbroken.dns import rdtype as rr
from unbroken.errors import InputError

if TYPE_CHECKING:
    import dns.tokenizer

_Key = tuple[Name, int, int, int]  # owner, class, type, covered type

_MAX_TTL: Final = 0x7FFFFFFF  # RFC 2181 §8
# How many fields come before the base64 that ends the rdata (RFC 4034 §2.2, §3.2; RFC 7344 §3.2).
_BASE64_AFTER: Final = {rr.DNSKEY: 3, rr.CDNSKEY: 3, rr.RRSIG: 8}
_CLASSES: Final = {"IN": 1, "CH": 3, "HS": 4}


@dataclass(slots=True)
class _Collected:
    ttl: int
    rdatas: list[bytes]


@dataclass(slots=True)
class _Reader:
    tokens: "dns.tokenizer.Tokenizer"
    where: str
    origin: Name | None
    ttl: int  # what a record without TTL gets: $TTL, else the last stated one (RFC 2308 §4), else the default
    has_ttl_directive: bool = False
    owner: Name | None = None
    rdclass: int = rr.CLASS_IN
    line: int = 1
    found: dict[_Key, _Collected] = field(default_factory=dict)

    def fail(self, what: str, fix: str = "") -> InputError:
        return InputError(f"{self.where} line {self.line}", what, fix)

    def read(self) -> None:
        while True:
            token = self.tokens.get(want_leading=True)
            self.line = self.tokens.where()[1]
            if token.is_eof():
                return
            if token.is_eol():
                continue
            if token.is_whitespace():
                token = self.tokens.get()
                if token.is_eol_or_eof():
                    continue
                self.tokens.unget(token)
                self.read_record()
            elif token.value.startswith("$"):
                self.read_directive(token.value.upper())
            else:
                self.owner = self.absolute(token.value)
                self.read_record()

    def read_directive(self, directive: str) -> None:
        if directive == "$ORIGIN":
            self.origin = self.absolute(self.tokens.get_string())
        elif directive == "$TTL":
            self.ttl = self.parse_ttl(self.tokens.get_string())
            self.has_ttl_directive = True
        else:
            raise self.fail(f"{directive} is not read here", "write the records themselves")
        self.tokens.get_eol()

    def absolute(self, text: str) -> Name:
        """A name, made absolute by the origin when it lacks its final dot (RFC 1035 §5.1)."""
        try:
            if text == "@" and self.origin is not None:
                return self.origin
            if _is_absolute(text):
                return Name(text)
            if self.origin is None:
                raise self.fail(
                    f"the name {text} is relative, and there is no origin", "end it with a dot, or set $ORIGIN"
                )
            return Name.from_labels(Name(text).labels + self.origin.labels)
        except ValueError as error:
            raise self.fail(f"{text!r} is not a domain name: {error}") from None

    def parse_ttl(self, text: str) -> int:
        import dns.ttl

        try:
            ttl: int = dns.ttl.from_text(text)
        except (ValueError, dns.ttl.BadTTL):
            raise self.fail(f"{text!r} is not a TTL") from None
        if ttl > _MAX_TTL:
            raise self.fail(f"TTL {ttl} is over 2147483647")
        return ttl

    def read_record(self) -> None:
        if self.owner is None:
            raise self.fail("the first record has no owner name")
        ttl, stated = self.ttl, False
        while True:
            text = self.tokens.get_string()
            rdclass = _class_from_text(text)
            if rdclass is not None:
                self.rdclass = rdclass
            elif text[:1].isdigit() and not stated:
                ttl, stated = self.parse_ttl(text), True
            else:
                break
        if stated and not self.has_ttl_directive:
            self.ttl = ttl
        rdtype = _type_from_text(text)
        if rdtype is None:
            raise self.fail(f"{text!r} is neither an RR type nor a class or TTL")
        self.add(self.owner, rdtype, ttl, self.read_rdata(rdtype))

    def read_rdata(self, rdtype: int) -> bytes:
        import dns.rdata

        try:
            source = self.tokens if rdtype not in _BASE64_AFTER else self.with_sound_base64(_BASE64_AFTER[rdtype])
            origin = _dnspython_name(self.origin)
            # dnspython takes numbers for class and type too, whatever its annotations say.
            rdata = dns.rdata.from_text(self.rdclass, rdtype, source, origin, relativize=False)  # type: ignore[arg-type]
            wire = rdata.to_wire()
        except bad_rdata_errors() as error:
            raise self.fail(f"bad rdata: {error}") from None
        return wire or b""

    def with_sound_base64(self, fields_before: int) -> str:
        """The rest of the line. dnspython before 2.9 skips what is not base64, and so makes another key of a mistyped one."""
        fields: list[str] = [token.value for token in self.tokens.get_remaining()]
        if fields[:1] != ["\\#"]:
            base64.b64decode("".join(fields[fields_before:]), validate=True)
        return " ".join(fields)

    def add(self, owner: Name, rdtype: int, ttl: int, rdata: bytes) -> None:
        covers = int.from_bytes(rdata[:2], "big") if rdtype == rr.RRSIG else 0
        collected = self.found.setdefault((owner, self.rdclass, rdtype, covers), _Collected(ttl, []))
        # RFC 2181 §5.2: the TTLs of an RRset are one; where a file disagrees with itself, the smallest serves.
        collected.ttl = min(collected.ttl, ttl)
        collected.rdatas.append(rdata)

    def rrsets(self) -> Iterator[RRset]:
        for (owner, rdclass, rdtype, _), collected in self.found.items():
            try:
                yield RRset(owner, rdtype, collected.ttl, tuple(collected.rdatas), rdclass)
            except (WireError, ValueError) as error:
                raise InputError(self.where, f"{owner}: bad rdata: {error}") from None


def rrsets_from_text(text: str, origin: Name | None, default_ttl: int = 3600, where: str = "zone text") -> list[RRset]:
    """The RRsets of master-file text in order of first appearance, RRSIGs apart by the type they cover. `default_ttl`
    is in seconds; `where` names the text in errors. Raises InputError with the line. `$INCLUDE` and `$GENERATE` are
    refused."""
    import dns.exception
    import dns.tokenizer

    reader = _Reader(dns.tokenizer.Tokenizer(text, where), where, origin, default_ttl)
    try:
        reader.read()
    except (dns.exception.DNSException, UnicodeError) as error:
        raise reader.fail(str(error) or type(error).__name__) from None
    return list(reader.rrsets())


def bad_rdata_errors() -> tuple[type[Exception], ...]:
    """What dnspython raises for rdata text that is no good: mostly its own error, but not for every field of every type
    (a LOC altitude that its field can't hold is noticed by `struct` only)."""
    import struct

    import dns.exception

    return dns.exception.DNSException, ValueError, LookupError, ArithmeticError, struct.error


def _is_absolute(text: str) -> bool:
    stem = text.removesuffix(".")
    backslashes = len(stem) - len(stem.rstrip("\\"))
    return stem != text and backslashes % 2 == 0


def _class_from_text(text: str) -> int | None:
    upper = text.upper()
    if upper.startswith("CLASS") and upper[5:].isdecimal() and int(upper[5:]) < 65536:
        return int(upper[5:])
    return _CLASSES.get(upper)


def _type_from_text(text: str) -> int | None:
    """The kernel knows the common mnemonics, dnspython the rest."""
    import dns.exception
    import dns.rdatatype

    try:
        return type_from_text(text)
    except ValueError:
        pass
    try:
        return int(dns.rdatatype.from_text(text))
    except (dns.exception.DNSException, ValueError):
        return None


def _dnspython_name(name: Name | None) -> object:
    import dns.name

    return None if name is None else dns.name.Name((*name.labels, b""))
