"""Key pairs as files: PKCS#8 in PEM (RFC 7468 §10), with the DNSKEY record as explanatory text before it (§5.2), so
that one file holds the whole pair and other tools still read the private part."""

import base64
import os
import re
from pathlib import Path
from typing import Final

from unbroken._kernel import Dnskey, Name, WireError, rdata_to_text
from unbroken.dns import rdtype as rr
from unbroken.dns.user_name import name_from_user
from unbroken.errors import InputError, StateError, UsageError
from unbroken.keys.signer import Ed448Signer, KernelSigner, private_key_from_pkcs8
from unbroken.keys.zone_key import ZoneKey, make_dnskey

_FORMAT: Final = "unbroken-key: 1"
_PEM: Final = re.compile(r"-----BEGIN PRIVATE KEY-----\s+(.*?)-----END PRIVATE KEY-----", re.DOTALL)
_RECORD: Final = re.compile(r"^dnskey: (\S+) IN DNSKEY (\d+) (\d+) (\d+) (\S.*)$", re.MULTILINE)
_ROLE: Final = re.compile(r"^role: (KSK|ZSK|CSK|standby)$", re.MULTILINE)
_MAX_SIZE: Final = 64 * 1024


def store(key: ZoneKey, path: Path) -> None:
    """Write the pair to `path`, mode 0600: beside, fsync, rename, so that a kill leaves the old file or the new one.
    Raises UsageError when the private part can't leave its holder, StateError when the file can't be written."""
    if not isinstance(key.private, KernelSigner | Ed448Signer):
        raise UsageError(f"the private key {key.key_tag} of {key.zone} can't be stored as PKCS#8")
    text = _to_text(key, key.private.to_pkcs8())
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        _write_private(beside, text.encode("ascii"))
        os.replace(beside, path)
        _sync_directory(path.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise StateError(f"{path}: the key was not written: {error.strerror}") from None


def _to_text(key: ZoneKey, pkcs8: bytes) -> str:
    body = base64.b64encode(pkcs8).decode("ascii")
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    record = f"{key.zone} IN DNSKEY {rdata_to_text(rr.DNSKEY, key.dnskey.rdata)}"
    head = [_FORMAT, f"dnskey: {record}", f"role: {key.role}"]
    return "\n".join([*head, "-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----", ""])


def _write_private(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def load(path: Path) -> ZoneKey:
    """The pair that `store` wrote. Raises InputError when the file is no such pair or its two halves do not belong
    together."""
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_SIZE).decode("ascii")
    except OSError as error:
        raise InputError(str(path), f"can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(str(path), "is not a key file", "give a file that `unbroken` wrote") from None
    zone, dnskey = _parse_record(text, path)
    pem, role = _PEM.search(text), _ROLE.search(text)
    if pem is None or role is None:
        raise InputError(str(path), "holds no private key with its role", "give a file that `unbroken` wrote")
    try:
        private = private_key_from_pkcs8(dnskey.algorithm, base64.b64decode("".join(pem[1].split()), validate=True))
    except (ValueError, UsageError) as error:
        raise InputError(str(path), f"bad private key: {error}") from None
    if private.public_key != dnskey.public_key:
        raise InputError(
            str(path), "the private key is not the one of its DNSKEY record", "restore the file from a copy"
        )
    return ZoneKey(zone, dnskey, private, role[1] in ("KSK", "CSK"), role[1] in ("ZSK", "CSK"))


def _parse_record(text: str, path: Path) -> tuple[Name, Dnskey]:
    if not text.startswith(_FORMAT + "\n"):
        raise InputError(str(path), f"does not start with `{_FORMAT}`", "give a file that this version wrote")
    record = _RECORD.search(text)
    try:
        if record is None:
            raise ValueError("no DNSKEY record")
        flags, protocol, algorithm = (int(number) for number in record.group(2, 3, 4))
        public_key = base64.b64decode("".join(record[5].split()), validate=True)
        return name_from_user(record[1]), make_dnskey(flags, algorithm, public_key, protocol)
    except (ValueError, OverflowError, WireError, UsageError) as error:
        raise InputError(str(path), f"bad DNSKEY record: {error}") from None
