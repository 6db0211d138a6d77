"""PKCS#8 in PEM (RFC 7468 §10): bare, as openssl and Knot write it, or with the DNSKEY record as explanatory text before it
(§5.2), so that one file holds the whole pair and other tools still read the private part."""

import base64
import re
from typing import Final

from unbroken._kernel import rdata_to_text
from unbroken.dns import Dnskey, Name, WireError
from unbroken.dns import rdtype as rr
from unbroken.dns.user_name import name_from_user
from unbroken.errors import InputError, UsageError
from unbroken.keys.pkcs8 import PrivateNumbers, encode_pkcs8, parse_pkcs8
from unbroken.keys.pkcs11_uri import Pkcs11Uri, parse_pkcs11_uri
from unbroken.keys.stored import StoredKey
from unbroken.keys.times import TAGS, KeyTimes, parse_stamp, stamp
from unbroken.keys.zone_key import make_dnskey

OWN_MARK: Final = "unbroken-key:"
PEM_MARK: Final = "-----BEGIN "
_FORMAT: Final = f"{OWN_MARK} 1"
_PEM: Final = re.compile(r"-----BEGIN PRIVATE KEY-----\s+(.*?)-----END PRIVATE KEY-----", re.DOTALL)
_OTHER: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_RECORD: Final = re.compile(r"^dnskey: (\S+) (?:(\d{1,10}) )?IN DNSKEY (\d+) (\d+) (\d+) (\S.*)$", re.MULTILINE)
_ROLE: Final = re.compile(r"^role: (KSK|ZSK|CSK|standby)$", re.MULTILINE)
_URI: Final = re.compile(r"^private: (pkcs11:\S+)$", re.MULTILINE)
_FIELD: Final = re.compile(r"^([A-Z][A-Za-z0-9]{0,31}): ([\x20-\x7e]*)$", re.MULTILINE)
_FIX: Final = "give a file that `unbroken` wrote"


def own_text(key: StoredKey) -> str:
    """The whole pair as this program keeps it. Raises ValueError for a key whose private part is nowhere."""
    ttl = f"{key.ttl} " if key.ttl else ""
    record = f"{key.zone} {ttl}IN DNSKEY {rdata_to_text(rr.DNSKEY, key.dnskey.rdata)}"
    head = [_FORMAT, f"dnskey: {record}", f"role: {key.role}"]
    head += [f"{tag}: {stamp(moment)}" for tag, moment in key.times.items()]
    head += [f"{name}: {value}" for name, value in key.others]
    if isinstance(key.private, Pkcs11Uri):
        return "\n".join([*head, f"private: {key.private}", ""])
    if key.private is None:
        raise ValueError("there is no private part")
    return "\n".join([*head, bare_text(key.private)])


def bare_text(private: PrivateNumbers) -> str:
    """The private key alone, as openssl writes it."""
    body = base64.b64encode(encode_pkcs8(private)).decode("ascii")
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----", ""])


def parse_own(text: str, where: str) -> StoredKey:
    """What `own_text` wrote. Raises InputError."""
    if not text.startswith(_FORMAT + "\n"):
        raise InputError(where, f"does not start with `{_FORMAT}`", "give a file that this version wrote")
    zone, ttl, dnskey = _parse_record(text, where)
    uri, role = _URI.search(text), _ROLE.search(text)
    if role is None or (uri is None and _PEM.search(text) is None):
        raise InputError(where, "holds no private key with its role", _FIX)
    private = parse_bare(text, where) if uri is None else parse_pkcs11_uri(uri[1])
    fields = dict(_FIELD.findall(text))
    try:
        times = KeyTimes.from_tags({name: parse_stamp(value) for name, value in fields.items() if name in TAGS})
    except ValueError as error:
        raise InputError(where, f"bad time: {error}", _FIX) from None
    others = tuple((name, value) for name, value in fields.items() if name not in TAGS)
    return StoredKey(zone, dnskey, role[1], private, times, ttl, others)


def parse_bare(text: str, where: str) -> PrivateNumbers:
    """The private key in PEM text. Raises InputError."""
    pem = _PEM.search(text)
    if pem is None:
        other = _OTHER.search(text)
        what = f"holds a PEM block {other[1]!r}" if other else "holds no PEM block"
        fix = "convert it: openssl pkey -in FILE -out NEW"
        raise InputError(where, f"{what}, not 'PRIVATE KEY'", fix if other and "PRIVATE" in other[1] else "")
    try:
        return parse_pkcs8(base64.b64decode("".join(pem[1].split()), validate=True))
    except ValueError as error:
        raise InputError(where, f"bad private key: {error}") from None


def _parse_record(text: str, where: str) -> tuple[Name, int, Dnskey]:
    record = _RECORD.search(text)
    try:
        if record is None:
            raise ValueError("no DNSKEY record")
        flags, protocol, algorithm = (int(number) for number in record.group(3, 4, 5))
        public_key = base64.b64decode("".join(record[6].split()), validate=True)
        ttl = min(int(record[2] or 0), 0x7FFFFFFF)
        return name_from_user(record[1]), ttl, make_dnskey(flags, algorithm, public_key, protocol)
    except (ValueError, OverflowError, WireError, UsageError) as error:
        raise InputError(where, f"bad DNSKEY record: {error}") from None
