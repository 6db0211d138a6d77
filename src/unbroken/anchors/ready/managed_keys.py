"""BIND's managed-keys file (`managed-keys.bind`, or `VIEW.mkeys`): a zone of KEYDATA records, as named dumps it.

A KEYDATA record is a DNSKEY behind three times: the next refresh, from when the key is trusted (zero: it is not), and when
it is to be removed (zero: it is not).
"""

from collections.abc import Iterator
from typing import Final

from unbroken.anchors.ready.model import FoundKey, Trust
from unbroken.anchors.records import DNSKEY, Entry, parse_dnskey, parse_number
from unbroken.anchors.zonefile import absolute, directive, logical_lines, skip_ttl_and_class
from unbroken.chain.times import parse_moment
from unbroken.dns import Name
from unbroken.errors import InputError

JOURNAL_MAGIC: Final = b";BIND LOG V9"
_SYNC: Final = "run 'rndc managed-keys sync' and give the text file beside it"
_FIX: Final = "use the file as named wrote it"
_REVOKE: Final = 0x0080  # RFC 5011 §3


def refuse_journal(data: bytes, source: str) -> None:
    """Raise InputError for named's journal, which holds changes but not the keys."""
    if data.startswith(JOURNAL_MAGIC):
        raise InputError(source, "is the journal of a managed-keys file", _SYNC)


def read_managed_keys(text: str, source: str, now: int) -> Iterator[FoundKey]:
    """The keys, each with its state at `now` (epoch seconds). Raises InputError with where=SOURCE:LINE."""
    origin, owner = Name.ROOT, None
    for line in logical_lines(text, source):
        where = f"{source}:{line.number}"
        words = line.words
        if words[0].startswith("$") and not line.has_leading_blank:
            origin = directive(where, words, origin)
            continue
        if not line.has_leading_blank:
            owner = absolute(where, words.pop(0), origin)
        rest = skip_ttl_and_class(where, words)
        rdtype = rest[0].upper() if rest else ""
        if rdtype == "SOA":
            continue
        if rdtype != "KEYDATA" or owner is None:
            raise InputError(where, f"{rdtype[:40] or 'nothing'!r} where KEYDATA was expected", _FIX)
        found = _key(where, owner, rest[1:], now)
        if found is not None:
            yield found


def _key(where: str, owner: Name, words: list[str], now: int) -> FoundKey | None:
    if len(words) < 6:
        raise InputError(where, "the KEYDATA record ends early", _FIX)
    _, trusted_from, removed_from = (_moment(where, word) for word in words[:3])
    flags, protocol, algorithm, key = words[3], words[4], words[5], "".join(words[6:])
    bits = parse_number(where, flags, "the flags field", 65535)
    # named keeps the place of a zone whose keys it has not got yet with a record without a key.
    if not key and bits == 0:
        return None
    rdata = parse_dnskey(where, str(bits & ~_REVOKE), protocol, algorithm, key)
    entry = Entry(where, owner, DNSKEY, rdata)
    if bits & _REVOKE:
        return FoundKey(entry, Trust.REVOKED)
    if trusted_from == 0:
        return FoundKey(entry, Trust.REMOVED)
    if trusted_from > now:
        return FoundKey(entry, Trust.PENDING, trusted_from)
    return FoundKey(entry, Trust.MISSING if removed_from else Trust.TRUSTED, trusted_from)


def _moment(where: str, text: str) -> int:
    """YYYYMMDDHHMMSS as epoch seconds."""
    try:
        if len(text) != 14:
            raise ValueError
        return parse_moment(text)
    except (ValueError, OverflowError):
        raise InputError(where, f"{text[:40]!r} is no time", _FIX) from None
