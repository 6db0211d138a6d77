"""Reading a chain back from JSON. The file may come from anyone: whatever does not fit is an `InputError` that says where."""

from base64 import b64decode
from binascii import Error as Base64Error
from enum import Enum
from typing import Any, Final, TypeVar

from unbroken._kernel import type_from_text
from unbroken.chain.catalogue import Code
from unbroken.chain.chain import Chain, Link, LinkKind, Outcome
from unbroken.chain.denial import Denial, DenialKind, DenialRole, Mechanism, Relation, Subject
from unbroken.chain.evidence import (
    DsAttempt,
    DsOutcome,
    Evidence,
    Provenance,
    Question,
    SignatureAttempt,
    SignatureOutcome,
)
from unbroken.chain.finding import Finding
from unbroken.chain.status import Status
from unbroken.chain.times import from_iso
from unbroken.dns import Dnskey, Ds, Name, RRset, Rrsig
from unbroken.dns import rdtype as rr
from unbroken.errors import InputError

_E = TypeVar("_E", bound=Enum)

MAX_ITEMS: Final = 4096  # of any one list: far above what `Limits` let a validator put into a chain


class JsonObject:
    """A JSON object under inspection. `where` is its path from the top, for messages."""

    __slots__ = ("_fields", "where")

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise InputError(where, "is not a JSON object")
        self._fields: dict[str, Any] = value
        self.where = where

    def error(self, key: str, what: str) -> InputError:
        """An error at one of the fields."""
        return InputError(f"{self.where}.{key}", what)

    def text(self, key: str) -> str:
        """A string that must be there."""
        value = self._fields.get(key)
        if not isinstance(value, str):
            raise self.error(key, "is missing or not a string")
        return value

    def has(self, key: str) -> bool:
        """Whether the field is there and not null."""
        return self._fields.get(key) is not None

    def value(self, key: str) -> object:
        """Whatever stands there, for another reader to judge; None when nothing does."""
        return self._fields.get(key)

    def number(self, key: str, highest: int) -> int:
        """An integer from 0 to `highest`."""
        value = self._fields.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= highest:
            raise self.error(key, f"is missing or not an integer from 0 to {highest}")
        return value

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self._fields.get(key)
        if not isinstance(value, bool):
            raise self.error(key, "is missing or neither true nor false")
        return value

    def object(self, key: str) -> "JsonObject":
        """An object that must be there."""
        return JsonObject(self._fields.get(key), f"{self.where}.{key}")

    def objects(self, key: str) -> list["JsonObject"]:
        """A list of objects, bounded."""
        value = self._fields.get(key)
        if not isinstance(value, list):
            raise self.error(key, "is missing or not a list")
        if len(value) > MAX_ITEMS:
            raise self.error(key, f"has more than {MAX_ITEMS} items")
        return [JsonObject(item, f"{self.where}.{key}[{index}]") for index, item in enumerate(value)]

    def texts(self, key: str) -> tuple[tuple[str, str], ...]:
        """The pairs of an object whose values are strings."""
        fields = self.object(key)._fields
        if len(fields) > MAX_ITEMS or not all(isinstance(value, str) for value in fields.values()):
            raise self.error(key, "is not an object of strings")
        return tuple(fields.items())

    def member(self, key: str, kind: type[_E]) -> _E:
        """A value of an enumeration."""
        text = self.text(key)
        try:
            return kind(text)
        except ValueError:
            raise self.error(key, f"is {text[:40]!r}, which is not a {kind.__name__}") from None

    def name(self, key: str) -> Name:
        """A domain name in presentation format."""
        try:
            return Name(self.text(key))
        except ValueError as error:
            raise self.error(key, f"is not a domain name ({error})") from None

    def optional_name(self, key: str) -> Name | None:
        """A domain name, or null."""
        return self.name(key) if self.has(key) else None

    def rdtype(self, key: str) -> int:
        """An RR type, as mnemonic or TYPEnnn."""
        try:
            return type_from_text(self.text(key))
        except ValueError as error:
            raise self.error(key, f"is not an RR type ({error})") from None

    def octets(self, key: str) -> bytes:
        """Base64."""
        try:
            return b64decode(self.text(key), validate=True)
        except (Base64Error, ValueError):
            raise self.error(key, "is not base64") from None

    def moment(self, key: str) -> int | None:
        """An ISO 8601 moment as epoch seconds, or None for null."""
        if not self.has(key):
            return None
        try:
            return from_iso(self.text(key))
        except (ValueError, OverflowError):
            raise self.error(key, "is not an ISO 8601 moment") from None


def chain_from_json(value: object, where: str = "chain") -> Chain:
    """The chain that `chain_to_json` wrote. Raises InputError."""
    top = JsonObject(value, where)
    if top.text("format") != "unbroken-chain":
        raise top.error("format", 'is not "unbroken-chain"')
    if top.number("version", 1 << 31) != 1:
        raise InputError(f"{where}.version", "is not 1, the only version known", "use a newer unbroken")
    return _chain(top, tuple(_chain(hop, ()) for hop in top.objects("hops")))


def _chain(source: JsonObject, hops: tuple[Chain, ...]) -> Chain:
    return Chain(
        question=question_from_json(source.object("question")),
        status=source.member("status", Status),
        anchor=source.optional_name("anchor"),
        links=tuple(_link(link) for link in source.objects("links")),
        hops=hops,
        outcome=source.member("outcome", Outcome),
        rcode=source.number("rcode", 0xFFF),
        valid_from=source.moment("valid_from"),
        valid_until=source.moment("valid_until"),
        findings=tuple(_finding(finding) for finding in source.objects("findings")),
    )


def question_from_json(source: JsonObject) -> Question:
    """A name and a type."""
    return Question(source.name("name"), source.rdtype("type"))


def _link(source: JsonObject) -> Link:
    return Link(
        kind=source.member("kind", LinkKind),
        zone=source.name("zone"),
        status=source.member("status", Status),
        evidence=tuple(_evidence(item) for item in source.objects("evidence")),
        attempts=tuple(_signature_attempt(item) for item in source.objects("signature_attempts")),
        ds_attempts=tuple(_ds_attempt(item) for item in source.objects("ds_attempts")),
        denial=_denial(source.object("denial")) if source.has("denial") else None,
        findings=tuple(_finding(item) for item in source.objects("findings")),
        valid_until=source.moment("valid_until"),
    )


def _rrset(source: JsonObject, owner: Name, rdtype: int, rdatas: tuple[bytes, ...], ttl: int, rdclass: int) -> RRset:
    try:
        return RRset(owner, rdtype, ttl, rdatas, rdclass)
    except ValueError as error:  # WireError is one too
        raise InputError(source.where, f"holds records that do not fit their type ({error})") from None


def _evidence(source: JsonObject) -> Evidence:
    rdatas = tuple(record.octets("rdata") for record in source.objects("records"))
    ttl, rdclass = source.number("ttl", 0xFFFFFFFF), source.number("class", 0xFFFF)
    return Evidence(
        _rrset(source, source.name("owner"), source.rdtype("type"), rdatas, ttl, rdclass),
        tuple(_rrsig(item) for item in source.objects("signatures")),
        provenance_from_json(source.object("provenance")),
    )


def provenance_from_json(source: JsonObject) -> Provenance:
    """Who said it, and when."""
    return Provenance(source.text("server"), source.text("transport"), source.moment("received_at") or 0)


def _rrsig(source: JsonObject) -> Rrsig:
    return _rrset(source, Name.ROOT, rr.RRSIG, (source.octets("rdata"),), 0, rr.CLASS_IN).rrsigs()[0]


def _dnskey(source: JsonObject) -> Dnskey | None:
    if not source.has("dnskey"):
        return None
    key = source.object("dnskey")
    return _rrset(key, Name.ROOT, rr.DNSKEY, (key.octets("rdata"),), 0, rr.CLASS_IN).dnskeys()[0]


def _ds(source: JsonObject) -> Ds | None:
    if not source.has("ds"):
        return None
    ds = source.object("ds")
    return _rrset(ds, Name.ROOT, rr.DS, (ds.octets("rdata"),), 0, rr.CLASS_IN).dses()[0]


def _signature_attempt(source: JsonObject) -> SignatureAttempt:
    return SignatureAttempt(
        rrsig=_rrsig(source.object("rrsig")),
        dnskey=_dnskey(source),
        outcome=source.member("outcome", SignatureOutcome),
        owner=source.name("owner"),
    )


def _ds_attempt(source: JsonObject) -> DsAttempt:
    return DsAttempt(ds=_ds(source), dnskey=_dnskey(source), outcome=source.member("outcome", DsOutcome))


def _denial(source: JsonObject) -> Denial:
    return Denial(
        kind=source.member("kind", DenialKind),
        mechanism=source.member("mechanism", Mechanism),
        closest_encloser=source.optional_name("closest_encloser"),
        next_closer=source.optional_name("next_closer"),
        source_of_synthesis=source.optional_name("source_of_synthesis"),
        opt_out=source.flag("opt_out"),
        roles=tuple(_role(role) for role in source.objects("roles")),
        compact=source.flag("compact"),
    )


def _role(source: JsonObject) -> DenialRole:
    return DenialRole(
        record=source.name("record"),
        relation=source.member("relation", Relation),
        name=source.name("name"),
        subject=source.member("subject", Subject),
    )


def _finding(source: JsonObject) -> Finding:
    return Finding(source.member("code", Code), source.text("where"), source.texts("params"))
