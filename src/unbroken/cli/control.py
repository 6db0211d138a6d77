"""`unbroken control`: tell a running resolver things, and ask it."""

import re
from collections.abc import Mapping
from typing import Any, Final

import click

from unbroken.cli import options
from unbroken.errors import StateError, UsageError

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@click.group("control", short_help="Control a running resolver.")
@click.option(
    "--socket", metavar="PATH", help="Its control socket. Default: that of the resolver which this user runs."
)
@click.pass_context
def command(ctx: click.Context, socket: str | None) -> None:
    """Control a running `unbroken resolve`, through a socket that only the user who runs it may open.

    \b
    Examples:
      unbroken control status
      unbroken control explain www.example.com
      unbroken control flush example.com --tree
      unbroken control nta add example.com --for 12h --reason "their signatures expired, ticket 4711"
    """
    ctx.obj = socket


def _call(ctx: click.Context, command: str, **fields: Any) -> dict[str, Any]:
    from unbroken.service.control_socket import call, default_path

    reply = call(ctx.obj or default_path(), {"command": command, **fields})
    reply.pop("ok")
    return reply


def _json_option(function: Any) -> Any:
    return click.option("--json", "as_json", is_flag=True, help="Print the reply as JSON.")(function)


def _show(reply: Mapping[str, Any], *, as_json: bool) -> int:
    if as_json:
        import json

        click.echo(json.dumps(reply, indent=2))
        return 0
    from unbroken.report.escape import safe

    width = max(map(len, reply))
    for key, value in reply.items():
        click.echo(f"{key.replace('_', ' '):{width}}  {safe(_text(value))}")
    return 0


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {count}" for key, count in sorted(value.items())) or "none"
    return str(value)


@command.command("status", short_help="Show what it is and what it holds.")
@_json_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> int:
    """Show what it is and what it holds."""
    return _show(_call(ctx, "status"), as_json=as_json)


@command.command("stats", short_help="Show what it has counted since the start.")
@_json_option
@click.pass_context
def stats(ctx: click.Context, as_json: bool) -> int:
    """Show what it has counted since the start."""
    return _show(_call(ctx, "stats")["stats"], as_json=as_json)


@command.command("flush", short_help="Forget what is cached of a name.")
@click.argument("name")
@click.option("--tree", is_flag=True, help="And of all names below it; `.` with --tree is everything.")
@click.pass_context
def flush(ctx: click.Context, name: str, tree: bool) -> int:
    """Forget what is cached of a name, of whatever type."""
    forgotten = _call(ctx, "flush", name=name, tree=tree)["forgotten"]
    click.echo(f"Forgotten: {forgotten} answers, messages and failures.")
    return 0


@command.command("explain", short_help="Show the chain behind what it answers now.", epilog=options.EXIT_EPILOG)
@click.argument("name")
@click.argument("type_", metavar="[TYPE]", required=False, default="A")
@options.output_options
@click.pass_context
def explain(ctx: click.Context, /, name: str, type_: str, **settings: Any) -> int:
    """Show the chain behind what the resolver answers now: from its cache, or, when it has none, resolved for this.

    The chain is drawn as `unbroken check` draws it, with the servers that were asked, and what clients get of it.
    """
    from unbroken.chain.json_reader import chain_from_json
    from unbroken.errors import InputError

    reply = _call(ctx, "explain", name=name, type=type_)
    try:
        chain = chain_from_json(reply["chain"])
        now = int(reply["now"])
    except (InputError, KeyError, TypeError, ValueError):
        raise StateError("the resolver's reply can't be read; is it of the same version?") from None
    code = options.show_chain(chain, now, settings)
    if not settings["as_json"]:
        click.echo(_clients_get(reply))
    return code


def _clients_get(reply: Mapping[str, Any]) -> str:
    from unbroken.report.escape import safe

    ad = " with AD" if reply["ad"] else ""
    codes = "".join(f", EDE {error['code']}" for error in reply["errors"])
    kept = f"kept for another {reply['seconds_left']} s" if reply["was_kept"] else "resolved just now"
    kept = "stale, since nothing newer could be had" if reply["is_stale"] else kept
    return safe(f"Clients get {reply['rcode']}{ad}{codes}; {kept}.")


@command.command("reload", short_help="Read the configuration and its files anew.")
@click.pass_context
def reload(ctx: click.Context) -> int:
    """Read the configuration, and the files that it names, anew.

    Caches are kept unless [resolve] or [cache] changed. When something in the configuration is wrong, all stays as it is.
    """
    waiting = _call(ctx, "reload")["restart_needed_for"]
    click.echo("Reloaded." + (f" Changes of {', '.join(waiting)} count from the next start on." if waiting else ""))
    return 0


@command.command("stop", short_help="End it.")
@click.pass_context
def stop(ctx: click.Context) -> int:
    """End it: what it was asked it still answers."""
    _call(ctx, "stop")
    click.echo("The resolver ends.")
    return 0


@command.group("nta", short_help="Negative trust anchors (RFC 7646).")
def nta() -> None:
    """Negative trust anchors (RFC 7646): zones that are not validated for a while, since somebody knows that they are broken.

    Clients get such names without AD, and with EDE 33. A negative trust anchor is lifted when the zone validates again; it does
    not outlive the resolver unless that has a file to keep it in (`control.negatives`).
    """


@nta.command("add", short_help="Do not validate a zone for a while.")
@click.argument("name")
@click.option(
    "--for", "duration", metavar="TIME", default="1h", show_default=True, help="How long: 90s, 30m, 12h, 7d at most."
)
@click.option("--reason", metavar="TEXT", required=True, help="Why; clients are told with EDE 33.")
@click.pass_context
def nta_add(ctx: click.Context, name: str, duration: str, reason: str) -> int:
    """Do not validate NAME and what is below it for a while."""
    added = _call(ctx, "nta-add", name=name, seconds=_seconds(duration), reason=reason)["added"]
    click.echo(f"{added['name']} is not validated until {added['until']}.")
    return 0


def _seconds(text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,9})([smhd]?)", text.strip())
    if found is None:
        raise UsageError(f"{text!r} is no length of time; write 90s, 30m, 12h or 7d")
    return int(found[1]) * _UNITS[found[2] or "s"]


@nta.command("list", short_help="List those that are in force.")
@_json_option
@click.pass_context
def nta_list(ctx: click.Context, as_json: bool) -> int:
    """List those that are in force."""
    from unbroken.report.escape import safe

    reply = _call(ctx, "nta-list")
    if as_json:
        return _show(reply, as_json=True)
    for anchor in reply["negative_anchors"]:
        click.echo(safe(f"{anchor['name']}  until {anchor['until']}  {anchor['reason']}"))
    return 0


@nta.command("remove", short_help="Validate a zone again.")
@click.argument("name")
@click.pass_context
def nta_remove(ctx: click.Context, name: str) -> int:
    """Validate NAME and what is below it again."""
    _call(ctx, "nta-remove", name=name)
    click.echo("It is validated again.")
    return 0
