"""Keys in files: found, read, written. The formats are those of `bind` and `pem`."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unbroken.dns import Dnskey
from unbroken.errors import InputError, StateError, UnbrokenError, UsageError
from unbroken.files import read_bounded, read_start, write_atomically
from unbroken.keys.bind import (
    PRIVATE_MARK,
    PrivateHalf,
    file_stem,
    parse_private,
    parse_public,
    parse_stem,
    private_text,
    public_text,
)
from unbroken.keys.pem import OWN_MARK, PEM_MARK, own_text, parse_bare, parse_own
from unbroken.keys.pkcs8 import ALGORITHMS, PrivateNumbers, encode_pkcs8
from unbroken.keys.signer import private_key_from_pkcs8
from unbroken.keys.stored import KeyHints, StoredKey, from_zone_key, role_flags
from unbroken.keys.times import KeyTimes
from unbroken.keys.zone_key import REVOKE, SECURE_ENTRY_POINT, ZONE_KEY, ZoneKey, make_dnskey

if TYPE_CHECKING:
    from unbroken.keys.pkcs11 import TokenAccess

_MAX_SIZE: Final = 64 * 1024
_NO_HINTS: Final = KeyHints()


class KeyFormat(Enum):
    """How a key is kept in files."""

    BIND = "bind"
    PEM = "pem"


# --- one key --------------------------------------------------------------------------------------------------------


def load(path: str | os.PathLike[str], access: "TokenAccess | None" = None, hints: KeyHints = _NO_HINTS) -> ZoneKey:
    """The pair at `path`, ready to sign: see `read`. Raises InputError also when there is no private part, or the two
    halves do not belong together."""
    return open_key(read(path, hints), access)


def open_key(key: StoredKey, access: "TokenAccess | None" = None) -> ZoneKey:
    """As `StoredKey.open`, its errors as InputError with the file's name."""
    try:
        return key.open(access)
    except UsageError as error:
        raise InputError(key.path, str(error).removeprefix(f"{key.path}: ")) from None
    except ValueError as error:
        raise InputError(key.path, f"bad private key: {error}", "restore the file from a copy") from None


def read(path: str | os.PathLike[str], hints: KeyHints = _NO_HINTS) -> StoredKey:
    """The key in a file, found out by looking: a pair of BIND or ldns, by either of its names or what they have in common;
    a PEM file of this program; a bare PKCS#8 PEM, of which `hints` must name the zone; a lone DNSKEY record.

    Nothing secret is checked yet: `open` does. Raises InputError.
    """
    text = os.fspath(path)
    stem, suffix = os.path.splitext(text)
    if suffix in (".key", ".private"):
        return _with_role(_read_pair(stem), hints)
    if not os.path.exists(text) and (os.path.exists(f"{text}.key") or os.path.exists(f"{text}.private")):
        return _with_role(_read_pair(text), hints)
    content = _read_text(text)
    if content.startswith(OWN_MARK):
        return _with_role(replace(parse_own(content, text), path=text), hints)
    if PEM_MARK in content:
        return _described(text, parse_bare(content, text), hints, KeyTimes())
    if content.lstrip().startswith(PRIVATE_MARK):
        half = parse_private(content, text)
        if not isinstance(half.private, PrivateNumbers):
            raise InputError(text, "is one half of a key in a token", "keep its .key file beside it")
        given = replace(hints, algorithm=half.algorithm)
        return replace(_described(text, half.private, given, half.times), others=half.others)
    return _with_role(_public_only(text, content), hints)


def is_key_file(path: str) -> bool:
    """Whether a file looks like one that holds a private key, in whatever format. Raises InputError."""
    start = read_start(path, _MAX_SIZE)
    marks = (OWN_MARK, PEM_MARK, PRIVATE_MARK)
    return any(start.lstrip().startswith(mark.encode()) for mark in marks) or b"PRIVATE KEY-----" in start


def _read_text(path: str) -> str:
    try:
        return read_bounded(path, _MAX_SIZE).decode("ascii").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise InputError(path, "is not a key file", "give a key file of BIND, or a PEM file") from None


def _with_role(key: StoredKey, hints: KeyHints) -> StoredKey:
    if hints.zone is not None and hints.zone != key.zone:
        raise InputError(key.path, f"is a key of {key.zone}, not of {hints.zone}", "give the key of that zone")
    if hints.algorithm is not None and hints.algorithm != key.algorithm:
        raise InputError(key.path, f"is a key of algorithm {key.algorithm}", "leave the algorithm out")
    return key if hints.role is None else replace(key, role=hints.role)


def _described(path: str, private: PrivateNumbers, hints: KeyHints, times: KeyTimes) -> StoredKey:
    """A stored key from a private key and what the user says of it."""
    if hints.zone is None:
        raise InputError(path, "does not say which zone it is for", "name it with --zone")
    algorithm = ALGORITHMS[private.kind][0] if hints.algorithm is None else hints.algorithm
    role = hints.role or "CSK"
    dnskey = make_dnskey(role_flags(role), algorithm, _public_key(path, algorithm, private))
    return StoredKey(hints.zone, dnskey, role, private, times, path=path)


def _public_key(path: str, algorithm: int, private: PrivateNumbers) -> bytes:
    try:
        return private_key_from_pkcs8(algorithm, encode_pkcs8(private)).public_key
    except (ValueError, UsageError) as error:
        raise InputError(path, f"bad private key: {error}", "restore the file from a copy") from None


def _public_only(path: str, content: str) -> StoredKey:
    public = parse_public(content, path)
    role = public.role or _role_by_flags(public.dnskey)
    return StoredKey(public.zone, public.dnskey, role, None, public.times, public.ttl, path=path)


def _role_by_flags(dnskey: Dnskey) -> str:
    return "KSK" if dnskey.is_secure_entry_point else "ZSK"


# --- BIND's pairs ---------------------------------------------------------------------------------------------------


def _read_pair(stem: str) -> StoredKey:
    """The pair of files of one key. Without its `.key`, which is written last, the `.private` and its name tell all."""
    key_path, private_path = f"{stem}.key", f"{stem}.private"
    half = parse_private(_read_text(private_path), private_path) if os.path.lexists(private_path) else None
    if half is not None and not os.path.lexists(key_path):
        return _without_public(stem, half)
    key = _public_only(key_path, _read_text(key_path))
    named = parse_stem(os.path.basename(stem))
    if named is not None and named != (key.zone, key.algorithm, key.key_tag):
        what = f"holds key {key.key_tag} of {key.zone}, algorithm {key.algorithm}, which its name denies"
        raise InputError(key_path, what, "restore the file from a copy")
    key = replace(key, role=_role_from_state(f"{stem}.state") or key.role)
    if half is None:
        return key
    if half.algorithm != key.algorithm:
        what = f"is for algorithm {half.algorithm}, but its .key file for {key.algorithm}"
        raise InputError(private_path, what, "restore the files from a copy")
    times = half.times if half.times.items() else key.times
    return replace(key, private=half.private, times=times, others=half.others)


def _role_from_state(path: str) -> str | None:
    """The role in a file of BIND's dnssec-policy, which alone tells a CSK of BIND from a KSK."""
    if not os.path.isfile(path):
        return None
    lines = _read_text(path).splitlines()
    if "KSK: yes" not in lines:
        return None
    return "CSK" if "ZSK: yes" in lines else "KSK"


def _without_public(stem: str, half: PrivateHalf) -> StoredKey:
    """What a `.private` holds whose `.key` a kill kept from being written: the flags are those that give the tag."""
    path = f"{stem}.private"
    named = parse_stem(os.path.basename(stem))
    if named is None or not isinstance(half.private, PrivateNumbers):
        raise InputError(path, "has no .key file beside it", "restore it from a copy")
    zone, algorithm, key_tag = named
    public_key = _public_key(path, half.algorithm, half.private)
    for flags in (ZONE_KEY | SECURE_ENTRY_POINT, ZONE_KEY):
        for dnskey in (make_dnskey(flags | revoked, algorithm, public_key) for revoked in (0, REVOKE)):
            if dnskey.key_tag == key_tag:
                return StoredKey(zone, dnskey, _role_by_flags(dnskey), half.private, half.times, 0, half.others, path)
    raise InputError(path, "holds another key than its name says, and has no .key file", "restore it from a copy")


# --- folders --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """What a folder holds: its keys by zone, algorithm and tag, and a sentence for each file that is none."""

    keys: tuple[StoredKey, ...]
    problems: tuple[str, ...]


def find(paths: "list[str] | tuple[str, ...]") -> Found:
    """The keys in files, and in folders. A file that is named must be a key; one in a folder that looks like a key and can't
    be read is a problem, and the others are listed all the same. Raises InputError."""
    keys: list[StoredKey] = []
    problems: list[str] = []
    for path in paths:
        if not os.path.isdir(path):
            keys.append(read(path))
            continue
        for candidate in _candidates(path):
            try:
                keys.append(read(candidate))
            except UnbrokenError as error:
                problems.append(str(error))
    ordered = sorted(keys, key=lambda key: (key.zone, key.algorithm, key.key_tag, key.path))
    return Found(tuple(ordered), tuple(problems))


def _candidates(folder: str) -> Iterator[str]:
    """Files that are keys by their names; of a pair, one. A bare PEM does not say whose key it is, so it is none."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise InputError(folder, error.strerror or "cannot be read", "give the name of a folder") from None
    for name in names:
        path = os.path.join(folder, name)
        stem, suffix = os.path.splitext(name)
        # Pipes and devices would be waited for.
        if name.startswith(".") or (os.path.exists(path) and not os.path.isfile(path)):
            continue
        if suffix == ".key" or (suffix == ".private" and f"{stem}.key" not in names):
            if parse_stem(stem) is not None:
                yield path
        elif suffix == ".pem" and _is_own(path):
            yield path


def _is_own(path: str) -> bool:
    try:
        return read_start(path, len(OWN_MARK)) == OWN_MARK.encode()
    except InputError:
        return True  # reading it whole will tell what is wrong


# --- writing --------------------------------------------------------------------------------------------------------


def store(key: ZoneKey, path: Path) -> None:
    """Write the pair to `path` as one PEM file, mode 0600: beside, fsync, rename, so that a kill leaves the old file or the
    new one. Raises UsageError when the private part can't leave its holder, StateError when the file can't be written."""
    write_atomically(str(path), own_text(from_zone_key(key)).encode("ascii"), 0o600)


def save(key: StoredKey, folder: str, form: KeyFormat = KeyFormat.BIND, *, overwrite: bool = False) -> tuple[str, ...]:
    """Write the key's files into `folder` under the names that zone, algorithm and tag give them; the paths.

    Of a BIND pair the `.private` is written first, so that there is never a published key without it: `read` makes up for
    a `.key` that a kill kept from being written. Raises InputError when the key has no private part, StateError when its
    files are there already and `overwrite` is off, or can't be written.
    """
    if key.private is None:
        raise InputError(key.path, f"holds only the public half of key {key.key_tag}", "give the private key too")
    stem = os.path.join(folder, file_stem(key.zone, key.algorithm, key.key_tag))
    if form is KeyFormat.PEM:
        _refuse_existing((f"{stem}.pem",), overwrite)
        write_atomically(f"{stem}.pem", own_text(key).encode("ascii"), 0o600, overwrite=overwrite)
        return (f"{stem}.pem",)
    public_path, private_path = f"{stem}.key", f"{stem}.private"
    _refuse_existing((private_path, public_path), overwrite)
    private, public = private_text(key).encode("ascii"), public_text(key).encode("ascii")
    # Two files can't be swapped at once, and the halves of two keys must never make a pair.
    _remove(public_path)
    write_atomically(private_path, private, 0o600, overwrite=overwrite)
    write_atomically(public_path, public, overwrite=overwrite)
    return public_path, private_path


def _refuse_existing(paths: tuple[str, ...], overwrite: bool) -> None:
    there = [path for path in paths if os.path.lexists(path)]
    if there and not overwrite:
        raise StateError(
            f"{there[0]}: is there already, and keys are not written over unless that is asked for (--force)"
        )


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise StateError(f"{path}: cannot be replaced ({error.strerror})") from None
