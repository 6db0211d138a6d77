"""`unbroken keys`: zone keys made, listed, shown, and carried from one format to another."""

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from unbroken.cli import key_options, options
from unbroken.cli.command import Command, Parser
from unbroken.errors import InputError, UsageError

if TYPE_CHECKING:
    from unbroken.keys import StoredKey, ZoneKey

EXIT_EPILOG: Final = "Exit codes: 0 done, 2 usage or unreadable input, 4 a file can't be written or a token fails."

_times: Final = {
    "publish": "When the zone is to publish the key.",
    "activate": "When it is to sign.",
    "inactive": "When it is to sign no more.",
    "revoke": "When it is to be revoked (RFC 5011).",
    "delete": "When the zone is to publish it no more.",
    "sync-publish": "When CDS and CDNSKEY are to ask the parent for its DS.",
    "sync-delete": "When they are to ask no more.",
}


def _add_json(parser: Parser) -> None:
    parser.flag("--json", dest="as_json", help="Print the keys as JSON.")


def _add_force(parser: Parser) -> None:
    parser.flag("--force", help="Write over a key that is there already.")


def _add_dir(parser: Parser) -> None:
    parser.option(
        "--dir", dest="folder", metavar="DIR", default=".", shown_default="default: .", help="Where the files go."
    )


def _add_algorithm(parser: Parser) -> None:
    parser.option(
        "-a",
        "--algorithm",
        metavar="ALG",
        type=key_options.algorithm_number,
        help="Algorithm of a bare RSA key, by number or mnemonic: 8 (default) or 10.",
    )


def _add_zone(parser: Parser) -> None:
    parser.option("--zone", metavar="ZONE", help="Zone of a key whose file does not name it.")


def _add_times(parser: Parser) -> None:
    for name, text in _times.items():
        shown = "default: now" if name in ("publish", "activate") else ""
        parser.option(f"--{name}", metavar="TIME", shown_default=shown, help=text)


def _add_generate(parser: Parser) -> None:
    parser.word("zone", "ZONE")
    parser.option(
        "-a",
        "--algorithm",
        metavar="ALG",
        type=key_options.algorithm_number,
        default="13",
        shown_default="default: 13",
        help="By number or mnemonic: 8, 10, 13, 14, 15, 16 or 18.",
    )
    key_options.add_role(parser)
    parser.option(
        "-b",
        "--bits",
        metavar="2048|3072|4096",
        type=options.choice("2048", "3072", "4096"),
        help="Size of an RSA key.  [default: 2048]",
    )
    _add_dir(parser)
    parser.option(
        "--format",
        dest="form",
        metavar="bind|pem",
        type=options.choice("bind", "pem"),
        default="bind",
        shown_default="default: bind",
        help="Format of the files.",
    )
    parser.option(
        "--pkcs11", dest="uri", metavar="URI", help="Make the key in a token: pkcs11:token=LABEL;object=LABEL."
    )
    key_options.add_token(parser)
    _add_times(parser)
    _add_force(parser)
    _add_json(parser)


def _run_generate(zone: str, algorithm: int, role: str | None, as_json: bool, **settings: Any) -> int:
    """Make a new key for ZONE, and print the names of its files.

    Without --ksk or --zsk the key is a CSK, which signs everything. Its tag collides with that of no other key of the zone
    in DIR, neither as they are nor once they are revoked (RFC 5011), since validators may refuse a zone with several keys
    of one tag.

    A TIME is now, none, +30d (or s, m, h, w, y), ISO 8601 or YYYYMMDDHHMMSS. It is kept with the key; nothing acts on it
    here.

    Files with private keys have mode 0600. A key that is there is not written over. With --pkcs11 the private key is made
    in the token and never leaves it; the files say where it is. The PIN comes from the URI (?pin-source=file:/PATH) or
    from UNBROKEN_PKCS11_PIN.

    \b
    Examples:
      unbroken keys generate example.com
      unbroken keys generate example.com --ksk --algorithm ED25519 --dir keys
      unbroken keys generate example.com --zsk -a 8 -b 3072 --activate +30d
      unbroken keys generate example.com --pkcs11 'pkcs11:token=dns;object=ksk?pin-source=file:/etc/pin'
    """
    from unbroken.dns.user_name import name_from_user
    from unbroken.keys import KeyFormat, find, from_zone_key, save, tags_in_use

    name = name_from_user(zone)
    times = _planned_times(settings)
    _require_folder(settings["folder"])
    beside = find([settings["folder"]])
    for problem in beside.problems:
        key_options.warn(problem)
    taken = tags_in_use(key.dnskey for key in beside.keys if key.zone == name)
    made = replace(_make(name, algorithm, role or "CSK", taken, settings), times=times)
    key = from_zone_key(made)
    paths = save(key, settings["folder"], KeyFormat(settings["form"]), overwrite=settings["force"])
    _tell([(replace(key, path=paths[0]), paths)], as_json)
    return 0


def _make(zone: Any, algorithm: int, role: str, taken: frozenset[int], settings: dict[str, Any]) -> "ZoneKey":
    from unbroken.keys import generate as generate_here
    from unbroken.keys.pkcs8 import KINDS, Kind

    if settings["bits"] is not None and KINDS.get(algorithm) is not Kind.RSA:
        raise UsageError("--bits is for RSA keys only (algorithms 8 and 10); the others have one size each")
    bits = int(settings["bits"] or 2048)
    is_entry = role != "ZSK"
    if settings["uri"] is None:
        return generate_here(zone, algorithm, secure_entry_point=is_entry, bits=bits, avoid=taken, csk=role == "CSK")
    from unbroken.keys.pkcs11 import generate_in_token
    from unbroken.keys.pkcs11_uri import parse_pkcs11_uri

    uri, access = parse_pkcs11_uri(settings["uri"]), key_options.token_access(settings)
    return generate_in_token(zone, uri, access, algorithm, bits, role=role, avoid=taken)


def _planned_times(settings: dict[str, Any]) -> Any:
    from unbroken.keys import KeyTimes

    now = options.current_time(None)
    given = {name.replace("-", "_"): settings[name.replace("-", "_")] for name in _times}
    values = {name: key_options.planned(text, now) for name, text in given.items() if text is not None}
    return KeyTimes(**{"created": now, "publish": now, "activate": now, **values})


def _add_list(parser: Parser) -> None:
    parser.word("paths", "[DIR|FILE]...", nargs="*")
    _add_json(parser)


def _run_list(paths: tuple[str, ...], as_json: bool) -> int:
    """List the keys in folders (default: the current one) and files.

    Nothing secret is read, and no token is asked. Keys of one zone that share a key tag, as they are or once one of them
    is revoked, are warned of. A file in a folder that looks like a key and can't be read is told of, too, and the exit
    code is then 2.

    \b
    Examples:
      unbroken keys list
      unbroken keys list /etc/bind/keys --json
    """
    from unbroken.keys import find, find_collisions

    found = find(paths or (".",))
    collisions = find_collisions(found.keys)
    if as_json:
        shared = [
            {
                "zone": str(each.zone),
                "key_tag": each.key_tag,
                "files": [each.first.path, each.second.path],
                "once_revoked": each.once_revoked,
            }
            for each in collisions
        ]
        key_options.write_keys(list(found.keys), {"collisions": shared, "unreadable": list(found.problems)})
    elif found.keys:
        sys.stdout.write(key_options.key_table(found.keys))
    sys.stdout.flush()
    for text in (*map(str, collisions), *found.problems):
        key_options.warn(text)
    return 2 if found.problems else 0


def _add_show(parser: Parser) -> None:
    parser.word("file", "FILE")
    _add_zone(parser)
    _add_algorithm(parser)
    key_options.add_role(parser)
    _add_json(parser)


def _run_show(file: str, zone: str | None, algorithm: int | None, role: str | None, as_json: bool) -> int:
    """Show all that is known of a key, but nothing secret, and that its private part belongs to it.

    FILE is a .key or .private file, what the two names have in common, or a PEM file. A bare PKCS#8 file does not say
    which zone it is for: --zone does. A private key in a token is not asked for.

    \b
    Examples:
      unbroken keys show Kexample.com.+013+12345
      unbroken keys show private.pem --zone example.com --json
    """
    from unbroken.keys import open_key, read
    from unbroken.keys.pkcs11_uri import Pkcs11Uri

    key = read(file, key_options.key_hints(zone, algorithm, role))
    if key.private is not None and not isinstance(key.private, Pkcs11Uri):
        open_key(key)
    if as_json:
        key_options.write_keys([key], {})
    else:
        sys.stdout.write(_description(key))
    return 0


def _description(key: "StoredKey") -> str:
    from unbroken.report.escape import safe

    facts = key_options.key_json(key)
    private = {
        None: "not here",
        "file": "here, and the one of this DNSKEY",
        "token": f"in a token: {facts['uri']}",
    }[facts["private"]]
    lines = [
        ("zone", facts["zone"]),
        ("key tag", f"{facts['key_tag']} ({facts['key_tag_once_revoked']} once revoked)"),
        ("algorithm", f"{facts['algorithm']} ({facts['algorithm_name']})"),
        ("role", f"{facts['role']}, flags {facts['flags']}{', revoked' if key.dnskey.is_revoked else ''}"),
        ("bits", facts["bits"] if facts["bits"] is not None else "unknown"),
        ("private", private),
        *((name, moment) for name, moment in facts["times"].items()),
        ("file", facts["file"]),
        ("DNSKEY", facts["dnskey"]),
    ]
    return "".join(f"{name:<12} {safe(str(value))}\n" for name, value in lines)


def _add_import(parser: Parser) -> None:
    parser.word("sources", "FILE|URI...", nargs="+")
    _add_zone(parser)
    _add_algorithm(parser)
    key_options.add_role(parser)
    _add_dir(parser)
    parser.option(
        "--format",
        dest="form",
        metavar="bind|pem",
        type=options.choice("bind", "pem"),
        default="bind",
        shown_default="default: bind",
        help="Format to keep it in.",
    )
    key_options.add_token(parser)
    _add_force(parser)
    _add_json(parser)


def _run_import(
    sources: tuple[str, ...], zone: str | None, algorithm: int | None, role: str | None, as_json: bool, **settings: Any
) -> int:
    """Take keys over from other software or a token, and print the names of their files.

    FILE is a key of BIND or ldns (.key, .private or what the two names have in common), a PEM file of this program, or a
    bare PKCS#8 PEM as openssl and Knot (in keys/keys below its KASP) write it; then --zone says whose key it is, and
    --ksk or --zsk what it signs. URI is a PKCS#11 URI; the key stays in its token, and the PIN comes from the URI
    (?pin-source=file:/PATH) or from UNBROKEN_PKCS11_PIN. Times are kept. The two halves of a key must belong together.

    \b
    Examples:
      unbroken keys import old/Kexample.com.+008+54321 --dir keys
      unbroken keys import private.pem --zone example.com --ksk
      unbroken keys import 'pkcs11:token=dns;object=ksk?pin-source=file:/etc/pin' --zone example.com --ksk
    """
    from unbroken.keys import open_key, read
    from unbroken.keys.pkcs11_uri import is_pkcs11_uri

    hints = key_options.key_hints(zone, algorithm, role)
    keys = []
    for source in sources:
        if is_pkcs11_uri(source):
            keys.append(_from_token(source, hints, settings))
            continue
        key = read(source, hints)
        if key.private is not None:
            open_key(key, key_options.token_access(settings))
        keys.append(key)
    return _carry(keys, as_json, settings)


def _from_token(source: str, hints: Any, settings: dict[str, Any]) -> "StoredKey":
    from unbroken.keys import from_zone_key, zone_key
    from unbroken.keys.pkcs11 import Pkcs11Signer
    from unbroken.keys.pkcs11_uri import parse_pkcs11_uri

    uri = parse_pkcs11_uri(source)
    if hints.zone is None:
        raise InputError(str(uri), "does not say which zone it is for", "name it with --zone")
    try:
        signer = Pkcs11Signer.open(uri, key_options.token_access(settings), hints.algorithm)
    except ValueError as error:
        raise InputError(str(uri), str(error), "leave --algorithm out, or name another key") from None
    role = hints.role or "CSK"
    return from_zone_key(zone_key(hints.zone, signer, secure_entry_point=role != "ZSK", csk=role == "CSK"))


def _carry(keys: "list[StoredKey]", as_json: bool, settings: dict[str, Any]) -> int:
    """Write all keys, or say why not; then warn if they collide with what is there."""
    from unbroken.keys import KeyFormat, find, find_collisions, save

    _require_folder(settings["folder"])
    written = []
    for key in keys:
        paths = save(key, settings["folder"], KeyFormat(settings["form"]), overwrite=settings["force"])
        written.append((replace(key, path=paths[0]), paths))
    _tell(written, as_json)
    sys.stdout.flush()
    new = {key.path for key, _ in written}
    for collision in find_collisions(find([settings["folder"]]).keys):
        if {os.path.normpath(collision.first.path), os.path.normpath(collision.second.path)} & set(
            map(os.path.normpath, new)
        ):
            key_options.warn(str(collision))
    return 0


def _add_export(parser: Parser) -> None:
    parser.word("file", "FILE")
    parser.option(
        "--format",
        dest="form",
        metavar="bind|pem",
        type=options.choice("bind", "pem"),
        required=True,
        help="Format to write.",
    )
    _add_zone(parser)
    _add_algorithm(parser)
    key_options.add_role(parser)
    _add_dir(parser)
    _add_force(parser)
    _add_json(parser)


def _run_export(
    file: str, zone: str | None, algorithm: int | None, role: str | None, as_json: bool, **settings: Any
) -> int:
    """Write a key in another format into DIR, and print the names of its files.

    `bind` makes a .key and a .private file, for BIND, ldns and Knot's `keymgr import-bind`; `pem` makes one PEM file, for
    openssl, Knot's `keymgr import-pem` and others. Times are kept. A private key in a token stays there: what is written
    says where it is.

    \b
    Examples:
      unbroken keys export Kexample.com.+013+12345 --format pem --dir /tmp
      openssl pkey -in /tmp/Kexample.com.+013+12345.pem -pubout
    """
    from unbroken.keys import open_key, read
    from unbroken.keys.pkcs11_uri import Pkcs11Uri

    key = read(file, key_options.key_hints(zone, algorithm, role))
    if key.private is not None and not isinstance(key.private, Pkcs11Uri):
        open_key(key)
    return _carry([key], as_json, settings)


def _require_folder(path: str) -> None:
    if not os.path.isdir(path):
        raise InputError(path, "is no folder", "make it first, with no more rights than its keys need: mkdir -m 0700")


def _tell(written: "list[tuple[StoredKey, tuple[str, ...]]]", as_json: bool) -> None:
    if as_json:
        key_options.write_keys([key for key, _ in written], {"files": [path for _, paths in written for path in paths]})
        return
    from unbroken.report.escape import safe

    for _, paths in written:
        sys.stdout.write("".join(f"{safe(path)}\n" for path in paths))


COMMAND: Final = Command(
    about="""Make zone keys, list, show and convert them.

    Keys are kept as BIND keeps them (K<zone>+<algorithm>+<tag>.key and .private, which ldns reads too), or as PKCS#8 in
    one PEM file (which openssl reads too), or in a hardware security module, named by a PKCS#11 URI (RFC 7512).

    \b
    Examples:
      unbroken keys generate example.com --dir /etc/keys
      unbroken keys list /etc/keys
      unbroken keys export /etc/keys/Kexample.com.+013+12345 --format pem --dir /tmp
    """,
    parts={
        "generate": ("Make a new key.", "keys", "GENERATE"),
        "list": ("List keys, and warn of tags that collide.", "keys", "LIST"),
        "show": ("Show all that is known of a key.", "keys", "SHOW"),
        "import": ("Take keys over from other software or a token.", "keys", "IMPORT"),
        "export": ("Write a key in another format.", "keys", "EXPORT"),
    },
)
GENERATE: Final = Command(_run_generate, _add_generate, epilog=EXIT_EPILOG)
LIST: Final = Command(_run_list, _add_list, epilog=EXIT_EPILOG)
SHOW: Final = Command(_run_show, _add_show, epilog=EXIT_EPILOG)
IMPORT: Final = Command(_run_import, _add_import, epilog=EXIT_EPILOG)
EXPORT: Final = Command(_run_export, _add_export, epilog=EXIT_EPILOG)
