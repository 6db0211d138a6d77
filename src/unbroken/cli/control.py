"""`unbroken control`: tell a running resolver things, and ask it."""

import re
import sys
from collections.abc import Mapping
from typing import Any, Final

from unbroken.cli import options
from unbroken.cli.command import Command, Parser
from unbroken.errors import StateError, UsageError

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def _add(parser: Parser) -> None:
    parser.option(
        "--socket", metavar="PATH", help="Its control socket. Default: that of the resolver which this user runs."
    )


def _add_shown(parser: Parser) -> None:
    _add(parser)
    parser.flag("--json", dest="as_json", help="Print the reply as JSON.")


def _call(socket: str | None, command: str, **fields: Any) -> dict[str, Any]:
    from unbroken.service.control_socket import call, default_path

    reply = call(socket or default_path(), {"command": command, **fields})
    reply.pop("ok")
    return reply


def _show(reply: Mapping[str, Any], *, as_json: bool) -> int:
    if as_json:
        import json

        sys.stdout.write(json.dumps(reply, indent=2) + "\n")
        return 0
    from unbroken.report.escape import safe

    width = max(map(len, reply))
    for key, value in reply.items():
        _say(f"{key.replace('_', ' '):{width}}  {safe(_text(value))}")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {count}" for key, count in sorted(value.items())) or "none"
    return str(value)


def _status(socket: str | None, as_json: bool) -> int:
    """Show what it is and what it holds."""
    reply = _call(socket, "status")
    if not as_json:
        reply["trust_points"] = [_trust_point(point) for point in reply.get("trust_points", ())]
    return _show(reply, as_json=as_json)


def _trust_point(point: Mapping[str, Any]) -> str:
    """A zone with its keys, as `. 20326 valid, 38696 add-pending until 2026-12-25T10:00:00Z`."""
    keys = [_tracked_key(key) for key in point["keys"]]
    keys += [f"{tag} configured, not seen yet" for tag in point["digests"]]
    return f"{point['zone']} {', '.join(keys)}"


def _tracked_key(key: Mapping[str, Any]) -> str:
    until = f" until {key['trusted_from']}" if key["trusted_from"] else ""
    return f"{key['key_tag']} {key['state']}{until}"


def _stats(socket: str | None, as_json: bool) -> int:
    """Show what it has counted since the start."""
    return _show(_call(socket, "stats")["stats"], as_json=as_json)


def _add_flush(parser: Parser) -> None:
    parser.word("name", "NAME")
    parser.flag("--tree", help="And of all names below it; `.` with --tree is everything.")
    _add(parser)


def _flush(name: str, tree: bool, socket: str | None) -> int:
    """Forget what is cached of a name, of whatever type."""
    forgotten = _call(socket, "flush", name=name, tree=tree)["forgotten"]
    _say(f"Forgotten: {forgotten} answers, messages and failures.")
    return 0


def _add_explain(parser: Parser) -> None:
    parser.word("name", "NAME")
    parser.word("type_", "[TYPE]", nargs="?", default="A")
    options.add_output(parser)
    _add(parser)


def _explain(name: str, type_: str, socket: str | None, **settings: Any) -> int:
    """Show the chain behind what the resolver answers now: from its cache, or, when it has none, resolved for this.

    The chain is drawn as `unbroken check` draws it, with the servers that were asked, and what clients get of it.
    """
    from unbroken.chain.json_reader import chain_from_json
    from unbroken.errors import InputError

    reply = _call(socket, "explain", name=name, type=type_)
    try:
        chain = chain_from_json(reply["chain"])
        now = int(reply["now"])
    except (InputError, KeyError, TypeError, ValueError):
        raise StateError("the resolver's reply can't be read; is it of the same version?") from None
    code = options.show_chain(chain, now, settings)
    if not settings["as_json"]:
        _say(_clients_get(reply))
    return code


def _clients_get(reply: Mapping[str, Any]) -> str:
    from unbroken.report.escape import safe

    ad = " with AD" if reply["ad"] else ""
    codes = "".join(f", EDE {error['code']}" for error in reply["errors"])
    kept = f"kept for another {reply['seconds_left']} s" if reply["was_kept"] else "resolved just now"
    kept = "stale, since nothing newer could be had" if reply["is_stale"] else kept
    return safe(f"Clients get {reply['rcode']}{ad}{codes}; {kept}.")


def _reload(socket: str | None) -> int:
    """Read the configuration, and the files that it names, anew.

    Caches are kept unless [resolve] or [cache] changed. When something in the configuration is wrong, all stays as it is.
    """
    waiting = _call(socket, "reload")["restart_needed_for"]
    _say("Reloaded." + (f" Changes of {', '.join(waiting)} count from the next start on." if waiting else ""))
    return 0


def _stop(socket: str | None) -> int:
    """End it: what it was asked it still answers."""
    _call(socket, "stop")
    _say("The resolver ends.")
    return 0


def _add_nta(parser: Parser) -> None:
    parser.word("name", "NAME")
    parser.option(
        "--for",
        dest="duration",
        metavar="TIME",
        default="1h",
        shown_default="default: 1h",
        help="How long: 90s, 30m, 12h, 7d at most.",
    )
    parser.option("--reason", metavar="TEXT", required=True, help="Why; clients are told with EDE 33.")
    _add(parser)


def _nta_add(name: str, duration: str, reason: str, socket: str | None) -> int:
    """Do not validate NAME and what is below it for a while."""
    added = _call(socket, "nta-add", name=name, seconds=_seconds(duration), reason=reason)["added"]
    _say(f"{added['name']} is not validated until {added['until']}.")
    return 0


def _seconds(text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,9})([smhd]?)", text.strip())
    if found is None:
        raise UsageError(f"{text!r} is no length of time; write 90s, 30m, 12h or 7d")
    return int(found[1]) * _UNITS[found[2] or "s"]


def _nta_list(socket: str | None, as_json: bool) -> int:
    """List those that are in force."""
    from unbroken.report.escape import safe

    reply = _call(socket, "nta-list")
    if as_json:
        return _show(reply, as_json=True)
    for anchor in reply["negative_anchors"]:
        _say(safe(f"{anchor['name']}  until {anchor['until']}  {anchor['reason']}"))
    return 0


def _add_name(parser: Parser) -> None:
    parser.word("name", "NAME")
    _add(parser)


def _nta_remove(name: str, socket: str | None) -> int:
    """Validate NAME and what is below it again."""
    _call(socket, "nta-remove", name=name)
    _say("It is validated again.")
    return 0


COMMAND: Final = Command(
    about="""Control a running `unbroken resolve`, through a socket that only the user who runs it may open.

    \b
    Examples:
      unbroken control status
      unbroken control explain www.example.com
      unbroken control flush example.com --tree
      unbroken control nta add example.com --for 12h --reason "their signatures expired, ticket 4711"
    """,
    parts={
        "status": ("Show what it is and what it holds.", "control", "STATUS"),
        "stats": ("Show what it has counted since the start.", "control", "STATS"),
        "explain": ("Show the chain behind what it answers now.", "control", "EXPLAIN"),
        "flush": ("Forget what is cached of a name.", "control", "FLUSH"),
        "nta": ("Negative trust anchors (RFC 7646).", "control", "NTA"),
        "reload": ("Read the configuration and its files anew.", "control", "RELOAD"),
        "stop": ("End it.", "control", "STOP"),
    },
)
STATUS: Final = Command(_status, _add_shown)
STATS: Final = Command(_stats, _add_shown)
EXPLAIN: Final = Command(_explain, _add_explain, epilog=options.EXIT_EPILOG)
FLUSH: Final = Command(_flush, _add_flush)
RELOAD: Final = Command(_reload, _add)
STOP: Final = Command(_stop, _add)
NTA: Final = Command(
    about="""Negative trust anchors (RFC 7646): zones that are not validated for a while, since somebody knows that
    they are broken.

    Clients get such names without AD, and with EDE 33. A negative trust anchor is lifted when the zone validates again; it does
    not outlive the resolver unless that has a file to keep it in (`control.negatives`).
    """,
    parts={
        "add": ("Do not validate a zone for a while.", "control", "NTA_ADD"),
        "list": ("List those that are in force.", "control", "NTA_LIST"),
        "remove": ("Validate a zone again.", "control", "NTA_REMOVE"),
    },
)
NTA_ADD: Final = Command(_nta_add, _add_nta)
NTA_LIST: Final = Command(_nta_list, _add_shown)
NTA_REMOVE: Final = Command(_nta_remove, _add_name)
