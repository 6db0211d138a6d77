"""Reading .rpl scenarios: a resolver's configuration, fake servers and steps, as plain values.

The format is that of unbound's testbound and of Deckard. Only what a replay needs is kept.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from unbroken.dns import Name, RRset, WireError
from unbroken.dns import rdtype as rr
from unbroken.dns.master_file import rrsets_from_text
from unbroken.errors import InputError, UnbrokenError

Query = tuple[Name, int, int]

RCODES: Final = {
    "NOERROR": 0, "FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "NOTIMPL": 4, "NOTIMP": 4, "REFUSED": 5,
    "YXDOMAIN": 6, "YXRRSET": 7, "NXRRSET": 8, "NOTAUTH": 9, "NOTZONE": 10, "BADVERS": 16, "BADCOOKIE": 23,
}  # fmt: skip
OPCODES: Final = {"QUERY": 0, "IQUERY": 1, "STATUS": 2, "NOTIFY": 4, "UPDATE": 5}
HEADER_FLAGS: Final = {"QR": rr.QR, "AA": rr.AA, "TC": rr.TC, "RD": rr.RD, "RA": rr.RA, "AD": rr.AD, "CD": rr.CD}
CLAUSES: Final = frozenset(
    (
        "server",
        "stub-zone",
        "forward-zone",
        "auth-zone",
        "remote-control",
        "view",
        "rpz",
        "python",
        "dnscrypt",
        "cachedb",
    )
)
_CLASSES: Final = {"IN": 1, "CH": 3, "HS": 4, "ANY": 255}
_SECTIONS: Final = ("QUESTION", "ANSWER", "AUTHORITY", "ADDITIONAL")
_KEY: Final = re.compile(r"([A-Za-z0-9-]+):\s*(.*)")
_NEXT_KEY: Final = re.compile(r"[a-z][a-z0-9-]+:(?=\s)")
"""A further key on the same line. A blank follows it, so that no IPv6 address is one."""


class ScenarioError(UnbrokenError):
    """The file is not a scenario that can be read; `str()` says where and why."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record as the file has it. Its rdata may be malformed on purpose."""

    owner: Name
    rdtype: int
    rdclass: int
    ttl: int
    rdata: bytes

    @property
    def wire(self) -> bytes:
        """Uncompressed."""
        fixed = b"".join(number.to_bytes(2, "big") for number in (self.rdtype, self.rdclass))
        return self.owner.wire + fixed + self.ttl.to_bytes(4, "big") + len(self.rdata).to_bytes(2, "big") + self.rdata


@dataclass(slots=True)
class Entry:
    """A message and how to match and adjust it."""

    match: tuple[str, ...] = ()
    adjust: tuple[str, ...] = ()
    reply: frozenset[str] = frozenset()
    rcode: int = rr.NOERROR
    opcode: int = 0
    question: Query | None = None
    records: dict[str, list[Record]] = field(default_factory=dict)
    raw: bytes | None = None
    """The whole reply, when the file gives it in octets."""
    options: bytes | None = None
    """The data of the OPT record, when the file gives it."""

    @property
    def flags(self) -> int:
        """Header flags of its REPLY line."""
        return sum(bit for word, bit in HEADER_FLAGS.items() if word in self.reply)

    def section(self, name: str) -> tuple[RRset, ...]:
        """RRsets of ANSWER, AUTHORITY or ADDITIONAL, without what is malformed."""
        return merge(self.records.get(name, ()))

    def rrsets(self) -> Iterator[RRset]:
        """RRsets of all sections."""
        for name in self.records:
            yield from self.section(name)


@dataclass(frozen=True, slots=True)
class Range:
    """A fake server: what it answers while the step number is within bounds."""

    first: int
    last: int
    addresses: tuple[str, ...]
    """Empty: any address."""
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do or to check."""

    number: int
    kind: str
    words: tuple[str, ...]
    entry: Entry | None
    line: int


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of the configuration, with its keys in order; flat keys are in one called "server"."""

    kind: str
    pairs: list[tuple[str, str]]

    def all(self, key: str) -> list[str]:
        """Every value of a key."""
        return [value for name, value in self.pairs if name == key]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole file."""

    title: str
    clauses: list[Clause]
    is_flat: bool
    """Deckard's way: keys without any clause."""
    blocks: frozenset[str]
    """Kinds of embedded files (AUTOTRUST_FILE, TEMPFILE_CONTENTS)."""
    ranges: tuple[Range, ...]
    steps: tuple[Step, ...]

    def all(self, key: str) -> list[str]:
        """Every value of a key, in whatever clause."""
        return [value for clause in self.clauses for value in clause.all(key)]

    def last(self, key: str) -> str | None:
        """The value that counts when a key may be given once."""
        values = self.all(key)
        return values[-1] if values else None

    def entries(self) -> Iterator[Entry]:
        """Every entry of ranges and steps."""
        for item in self.ranges:
            yield from item.entries
        for step in self.steps:
            if step.entry is not None:
                yield step.entry


def parse_scenario(data: bytes) -> Scenario:
    """Parse a file. Raises ScenarioError."""
    return _Reader(data.decode("latin-1")).read()


def cut_comment(line: str, marks: str) -> str:
    """The line up to a comment mark outside of quotes, stripped. `#` opens one only after a blank."""
    quoted = escaped = False
    for index, char in enumerate(line):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char in marks and not quoted and (char != "#" or index == 0 or line[index - 1].isspace()):
            return line[:index].strip()
    return line.strip()


class _Reader:
    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._at = 0
        self._origin = Name.ROOT

    def fail(self, what: str) -> ScenarioError:
        return ScenarioError(f"line {self._at}: {what}")

    def lines(self, until: str | None = None, marks: str = ";") -> Iterator[str]:
        """Lines without comments and empty ones, up to and without one that starts with `until`."""
        while self._at < len(self._lines):
            line = cut_comment(self._lines[self._at], marks)
            self._at += 1
            if until is not None and line.startswith(until):
                return
            if line:
                yield line
        if until is not None:
            raise self.fail(f"no {until} before the end of the file")

    def peek(self) -> str:
        """The next line that holds something, left where it is."""
        for line in self._lines[self._at :]:
            text = cut_comment(line, ";")
            if text:
                return text
            self._at += 1
        return ""

    def read(self) -> Scenario:
        clauses, is_flat, blocks = self._config()
        title, ranges, steps = "", list[Range](), list[Step]()
        for line in self.lines():
            if line.startswith("SCENARIO_BEGIN"):
                title = line[14:].strip()
                break
        else:
            raise self.fail("no SCENARIO_BEGIN")
        for line in self.lines("SCENARIO_END"):
            if line.startswith("RANGE_BEGIN"):
                ranges.append(self._range(line.split()[1:]))
            elif line.startswith("STEP"):
                steps.append(self._step(line.split()[1:]))
            elif line.startswith("$"):
                self._directive(line)
            elif line.split()[0] not in ("MANDATORY", "ADDRESS", "RANGE_END", "ENTRY_END"):
                raise self.fail(f"{line[:40]!r} where RANGE_BEGIN or STEP was expected")
        return Scenario(title, clauses, is_flat, blocks, tuple(ranges), tuple(steps))

    # --- configuration ------------------------------------------------------------------------------------------------

    def _config(self) -> tuple[list[Clause], bool, frozenset[str]]:
        clauses, blocks, is_flat = [Clause("server", [])], set[str](), True
        for line in self.lines("CONFIG_END", ";#"):
            word = line.split()[0]
            if word in ("AUTOTRUST_FILE", "TEMPFILE_CONTENTS"):
                blocks.add(word)
                end = "AUTOTRUST_END" if word == "AUTOTRUST_FILE" else "TEMPFILE_END"
                for _ in self.lines(end):
                    pass
                continue
            found = _KEY.match(line)
            if found is not None and found[1] in CLAUSES:
                clauses.append(Clause(found[1], []))
                is_flat = False
                found = _KEY.match(found[2])
            while found is not None:
                value, rest = _value(found[2])
                clauses[-1].pairs.append((found[1].lower(), value))
                found = _KEY.match(rest)
        return clauses, is_flat, frozenset(blocks)

    # --- ranges, steps, entries ---------------------------------------------------------------------------------------

    def _range(self, words: list[str]) -> Range:
        first, last = self._number(words, 0), self._number(words, 1)
        # Deckard also takes the address from the line that opens the range.
        addresses, entries = words[2:3], list[Entry]()
        for line in self.lines("RANGE_END"):
            if line.startswith("ADDRESS"):
                addresses.extend(line.split()[1:2])
            elif line.startswith("ENTRY_BEGIN"):
                entries.append(self._entry())
            elif line.startswith("$"):
                self._directive(line)
            else:
                raise self.fail(f"{line[:40]!r} where ADDRESS or ENTRY_BEGIN was expected")
        return Range(first, last, () if "0" in addresses else tuple(addresses), tuple(entries))

    def _step(self, words: list[str]) -> Step:
        number, line = self._number(words, 0), self._at
        if len(words) < 2:
            raise self.fail("a STEP without a type")
        if self.peek().startswith("ADDRESS"):
            words += next(self.lines()).split()
        entry = None
        following = self.peek()
        if following.startswith("ENTRY_BEGIN"):
            next(self.lines())
            entry = self._entry()
        elif following.startswith("FILE_BEGIN"):
            for _ in self.lines("FILE_END"):
                pass
        return Step(number, words[1], tuple(words[2:]), entry, line)

    def _number(self, words: list[str], index: int) -> int:
        try:
            return int(words[index])
        except (IndexError, ValueError):
            raise self.fail("a number is missing") from None

    def _entry(self) -> Entry:
        entry, section = Entry(), "QUESTION"
        for line in self.lines("ENTRY_END"):
            word, *more = line.split(None, 1)
            rest = more[0] if more else ""
            if word == "MATCH":
                entry.match += tuple(rest.split())
            elif word == "ADJUST":
                entry.adjust += tuple(rest.split())
            elif word in ("REPLY", "FLAGS"):
                self._reply(entry, rest.upper().split())
            elif word == "SECTION":
                section = rest.strip()
                if section not in _SECTIONS:
                    raise self.fail(f"unknown section {section[:20]!r}")
            elif word in ("HEX_ANSWER_BEGIN", "HEX_EDNSDATA_BEGIN", "RAW"):
                self._octets(entry, word)
            elif word == "EXTRA_PACKET":
                entry.adjust += ("extra_packet",)
            elif word != "MANDATORY":
                self._record(entry, section, line)
        return entry

    def _reply(self, entry: Entry, words: list[str]) -> None:
        entry.reply |= frozenset(words)
        for word in words:
            if word in RCODES:
                entry.rcode = RCODES[word]
            elif word in OPCODES:
                entry.opcode = OPCODES[word]
            elif word not in HEADER_FLAGS and word not in ("DO", "CO"):
                raise self.fail(f"unknown word in REPLY: {word[:20]!r}")

    def _directive(self, line: str) -> None:
        words = line.split()
        if words[0] == "$ORIGIN":
            try:
                self._origin = Name(words[1])
            except (ValueError, IndexError):
                raise self.fail("$ORIGIN without a domain name") from None

    def _octets(self, entry: Entry, word: str) -> None:
        if word == "RAW":
            text = next(self.lines(), "")
        else:
            text = "".join(self.lines(word.replace("BEGIN", "END")))
        try:
            octets = bytes.fromhex("".join(text.split()))
        except ValueError:
            raise self.fail("not hexadecimal") from None
        if word == "HEX_EDNSDATA_BEGIN":
            entry.options = octets
        else:
            entry.raw = octets

    def _record(self, entry: Entry, section: str, line: str) -> None:
        try:
            if line.startswith("$"):
                self._directive(line)
            elif section == "QUESTION":
                entry.question = _question(line, self._origin)
            else:
                entry.records.setdefault(section, []).append(parse_record(line, self._origin))
        except (InputError, ValueError, IndexError) as error:
            raise self.fail(str(error)) from None


def _value(text: str) -> tuple[str, str]:
    """The value that a key is followed by, and what comes after it on the line: more keys, as unbound.conf allows."""
    text = text.strip()
    if text[:1] in ('"', "'"):
        value, _, rest = text[1:].partition(text[0])
        return value.strip(), rest.strip()
    following = _NEXT_KEY.search(text)
    if following is None:
        return text, ""
    return text[: following.start()].strip(), text[following.start() :]


def _question(line: str, origin: Name) -> Query:
    words = line.split()
    name, rdclass, more = _absolute(words[0], origin), 1, words[1:]
    while len(more) > 1 and (more[0].upper() in _CLASSES or more[0].isdigit()):
        rdclass = _CLASSES.get(more.pop(0).upper(), rdclass)
    return name, rdtype_from_text(more[0]), rdclass


def rdtype_from_text(text: str) -> int:
    """Type number of any mnemonic that dnspython knows. Raises ValueError."""
    import dns.exception
    import dns.rdatatype

    try:
        return int(dns.rdatatype.from_text(text))
    except dns.exception.DNSException:
        raise ValueError(f"unknown RR type {text[:20]!r}") from None


def _absolute(text: str, origin: Name) -> Name:
    name = Name(text)
    return name if text.endswith(".") or origin.is_root else Name.from_labels(name.labels + origin.labels)


@lru_cache(maxsize=4096)
def parse_record(line: str, origin: Name = Name.ROOT) -> Record:
    """The record of a line. Raises InputError."""
    try:
        (rrset,) = rrsets_from_text(line, origin, where="record")
    except InputError as error:
        record = _parse_leniently(line, origin)
        if record is None:
            raise InputError("record", error.what) from None
        return record
    return Record(rrset.owner, rrset.rdtype, rrset.rdclass, rrset.ttl, rrset.rdatas[0])


def _parse_leniently(line: str, origin: Name) -> Record | None:
    """What a strict reader refuses: Base64 that lacks its padding, an RRSIG without signature, address records of other
    classes, rdata in generic form that does not fit its type, and DS with a digest of any length.
    """
    for suffix, surplus in (("=", 0), ("==", 0), (" AA==", 1)):
        try:
            (rrset,) = rrsets_from_text(line + suffix, origin, where="record")
        except InputError:
            continue
        rdata = rrset.rdatas[0]
        return Record(rrset.owner, rrset.rdtype, rrset.rdclass, rrset.ttl, rdata[: len(rdata) - surplus])
    words = line.split()
    ttl, rdclass = 3600, rr.CLASS_IN
    for index, word in enumerate(words[1:4], 1):
        if word.isdigit():
            ttl = int(word)
        elif word.upper() in _CLASSES:
            rdclass = _CLASSES[word.upper()]
        else:
            rdata_or_none = _lenient_rdata(word.upper(), words[index + 1 :])
            if rdata_or_none is None:
                return None
            return Record(_absolute(words[0], origin), rdtype_from_text(word), rdclass, ttl, rdata_or_none)
    return None


def _lenient_rdata(rdtype: str, words: list[str]) -> bytes | None:
    try:
        if words[:1] == ["\\#"]:
            return bytes.fromhex("".join(words[2:]))
        if rdtype in ("A", "AAAA"):
            return ipaddress.ip_address(words[0]).packed
        if rdtype in ("DS", "CDS", "DLV"):
            return (
                int(words[0]).to_bytes(2, "big")
                + bytes((int(words[1]), int(words[2])))
                + bytes.fromhex("".join(words[3:]))
            )
    except (ValueError, IndexError, OverflowError):
        pass
    return None


def merge(records: Iterable[Record]) -> tuple[RRset, ...]:
    """Records into RRsets, in order of first appearance; malformed ones are left out."""
    grouped: dict[tuple[Name, int, int, bytes], list[Record]] = {}
    for record in records:
        covers = record.rdata[:2] if record.rdtype == rr.RRSIG else b""
        grouped.setdefault((record.owner, record.rdclass, record.rdtype, covers), []).append(record)
    rrsets = []
    for group in grouped.values():
        first, ttl = group[0], min(record.ttl for record in group)
        try:
            rdatas = tuple(record.rdata for record in group)
            rrsets.append(RRset(first.owner, first.rdtype, ttl, rdatas, first.rdclass))
        except WireError:
            continue
    return tuple(rrsets)
