"""Options of the commands that handle keys, and how keys are shown."""

import os
import sys
from argparse import Action, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from unbroken.cli import options
from unbroken.cli.command import Parser
from unbroken.errors import UsageError

if TYPE_CHECKING:
    from unbroken.keys import KeyHints, StoredKey
    from unbroken.keys.pkcs11 import TokenAccess

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}


class _Role(Action):
    """Stores a role; another one beside it is refused."""

    def __call__(self, parser: ArgumentParser, found: Namespace, *_: object) -> None:
        if found.role not in (None, self.const):
            parser.error(
                f"--{found.role.lower()} and --{self.const.lower()} exclude each other; a key that does both is a --csk"
            )
        found.role = self.const


def add_role(parser: Parser) -> None:
    """`--ksk`, `--zsk`, `--csk`, as `role`."""
    for name, text in (
        ("ksk", "A key-signing key: it signs the keys, and the parent's DS names it."),
        ("zsk", "A zone-signing key: it signs everything but the keys."),
        ("csk", "A combined-signing key: it signs everything."),
    ):
        parser.flag(f"--{name}", dest="role", action=_Role, nargs=0, const=name.upper(), help=text)


def add_token(parser: Parser) -> None:
    """How to get at a token; read back by `token_access`."""
    parser.option(
        "--pkcs11-module",
        metavar="PATH",
        default=os.environ.get("UNBROKEN_PKCS11_MODULE", ""),
        shown_default="env var: UNBROKEN_PKCS11_MODULE",
        help="PKCS#11 module, for URIs without module-path.",
    )
    parser.option(
        "--pkcs11-sessions",
        metavar="N",
        type=options.whole_number(1, 256),
        default=4,
        shown_default="default: 4",
        help="Sessions with a token that sign at once, at most 256.",
    )


def token_access(settings: dict[str, Any]) -> "TokenAccess":
    """From `token_options`. The PIN comes from the URI or the environment: an option would show in the list of processes."""
    from unbroken.keys.pkcs11 import TokenAccess

    pin = os.environ.get("UNBROKEN_PKCS11_PIN", "")
    return TokenAccess(settings["pkcs11_module"], pin, settings["pkcs11_sessions"])


def algorithm_number(text: str) -> int:
    """Reads an algorithm, by number or mnemonic."""
    from unbroken.dns.registry import ALGORITHMS

    for row in ALGORITHMS.values():
        if text.upper() == row.mnemonic or text == str(row.number):
            return row.number
    usable = ", ".join(f"{row.number} ({row.mnemonic})" for row in ALGORITHMS.values() if row.may_sign)
    raise ArgumentTypeError(f"takes one of {usable}, not {text!r}")


def key_hints(zone: str | None, algorithm: int | None, role: str | None) -> "KeyHints":
    """What the user says of a key whose file does not tell. Raises UsageError for a zone that is no name."""
    from unbroken.dns.user_name import name_from_user
    from unbroken.keys import KeyHints

    return KeyHints(None if zone is None else name_from_user(zone), algorithm, role)


def planned(text: str, now: int) -> int | None:
    """The moment that a user plans: `now`, `none`, `+30d`, `-1h`, or as `--at` takes it. Raises UsageError."""
    from unbroken.chain.times import MAX_EPOCH, parse_moment

    if text in ("none", "now"):
        return now if text == "now" else None
    try:
        if text[:1] in ("+", "-"):
            unit = _UNITS.get(text[-1:].lower())
            moment = now + int(text if unit is None else text[:-1]) * (unit or 1)
        else:
            moment = parse_moment(text)
        if not 0 <= moment <= MAX_EPOCH:
            raise ValueError
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text[:40]!r} is no time; write now, none, +30d, 2027-01-31T00:00:00Z or YYYYMMDDHHMMSS"
        ) from None
    return moment


# --- showing keys ---------------------------------------------------------------------------------------------------


def key_json(key: "StoredKey") -> dict[str, Any]:
    """A key as all commands write it with `--json`. No secret is in it."""
    from unbroken._kernel import rdata_to_text
    from unbroken.chain.times import to_iso
    from unbroken.dns import rdtype as rr
    from unbroken.dns.registry import algorithm_text
    from unbroken.keys import revoked_tag
    from unbroken.keys.pkcs11_uri import Pkcs11Uri

    in_token = isinstance(key.private, Pkcs11Uri)
    return {
        "zone": str(key.zone),
        "key_tag": key.key_tag,
        "algorithm": key.algorithm,
        "algorithm_name": algorithm_text(key.algorithm),
        "role": key.role,
        "flags": key.dnskey.flags,
        "bits": key.bits,
        "key_tag_once_revoked": revoked_tag(key.dnskey),
        "times": {name: to_iso(moment) for name, moment in key.times.items()},
        "private": None if key.private is None else "token" if in_token else "file",
        "uri": str(key.private) if in_token else None,
        "dnskey": rdata_to_text(rr.DNSKEY, key.dnskey.rdata),
        "file": key.path,
    }


def key_table(keys: "Iterable[StoredKey]") -> str:
    """One line a key, in columns; a column for each moment that any of the keys has."""
    from unbroken.chain.times import to_iso
    from unbroken.dns.registry import algorithm_text
    from unbroken.keys.times import TAGS
    from unbroken.report.escape import safe

    rows = list(keys)
    moments = [tag for tag in _ORDER if tag in TAGS and any(dict(key.times.items()).get(tag) for key in rows)]
    head = ["ZONE", "TAG", "ALGORITHM", "ROLE", "BITS", *(tag.upper() for tag in moments), "FILE"]
    table = [head]
    for key in rows:
        times = dict(key.times.items())
        role = ("revoked " if key.dnskey.is_revoked else "") + key.role
        role += "" if key.private is not None else " (public)"
        days = [to_iso(times[tag])[:10] if tag in times else "-" for tag in moments]
        bits = "-" if key.bits is None else str(key.bits)
        row = [str(key.zone), str(key.key_tag), algorithm_text(key.algorithm), role, bits, *days, key.path]
        table.append([safe(cell) for cell in row])
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table)
    return "\n".join(lines) + "\n"


_ORDER: Final = (
    "Created",
    "Publish",
    "Activate",
    "Revoke",
    "Inactive",
    "Delete",
    "DSPublish",
    "SyncPublish",
    "SyncDelete",
)


def write_keys(keys: "list[StoredKey]", extra: dict[str, Any]) -> None:
    """Keys as JSON, with what else there is to tell of them."""
    import json

    sys.stdout.write(json.dumps({"keys": [key_json(key) for key in keys], **extra}, indent=2) + "\n")


def warn(text: str) -> None:
    """One line on standard error, whatever the text holds."""
    from unbroken.report.escape import safe

    sys.stderr.write(f"unbroken: warning: {safe(' '.join(text.split()))}\n")
