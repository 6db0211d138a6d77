"""`unbroken anchors ready`: do the resolvers whose anchor files these are survive the root's key roll?"""

import sys
from typing import TYPE_CHECKING, Any, Final

from unbroken.cli import options
from unbroken.cli.command import Command, Parser
from unbroken.errors import InputError

if TYPE_CHECKING:
    from unbroken.anchors.ready import KeyReport, Readiness

# The worst of several files decides; one that can't be read is an error, whatever the others say.
_EXIT: Final = {"ready": 0, "waiting": 3, "unknown": 4, "not ready": 1}
_WORST_FIRST: Final = (1, 4, 3, 0)


def _add(parser: Parser) -> None:
    parser.word("files", "FILE...", nargs="+")
    parser.flag("--json", dest="as_json", help="Print the verdicts as JSON.")
    options.add_at(parser)


def _run(files: tuple[str, ...], as_json: bool, at: int | None) -> int:
    """Say whether resolvers are ready for the root's key roll, from the files in which they keep their trust anchors.

    Each FILE is one of: Unbound's auto-trust-anchor-file (root.key), BIND's managed-keys.bind or *.mkeys, a named.conf or
    bind.keys with trust-anchors, Knot Resolver's root.keys, PowerDNS Recursor's Lua or YAML configuration or the output of
    `rec_control get-tas`, IANA's root-anchors.xml, DS or DNSKEY zone-file lines, or a state file of this program. Which one,
    is found out by looking at it.

    Ready is who trusts KSK-2024 (key tag 38696), which signs the root's keys since 11 October 2026, and, before that day,
    KSK-2017 (20326) too. Keys are told by their digests, not by their tags.

    Exit codes: 0 all are ready, 1 one is not, 2 usage or a file can't be read, 3 one waits for its hold-down time,
    4 one shows only part of its anchors.

    \b
    Examples:
      unbroken anchors ready /var/lib/unbound/root.key
      unbroken anchors ready /var/cache/bind/managed-keys.bind /etc/bind/bind.keys --json
    """
    from unbroken.anchors.ready import check

    now = options.current_time(at)
    verdicts: list[Readiness] = []
    errors: list[InputError] = []
    for path in files:
        try:
            verdicts.append(check(path, now))
        except InputError as error:
            errors.append(error)
    # A file that can't be read keeps nobody from hearing of the others.
    if verdicts:
        sys.stdout.write(_json(verdicts, now) if as_json else "".join(map(_text, verdicts)))
        sys.stdout.flush()
    if len(errors) > 1:
        first = errors[0]
        raise InputError(first.where, f"{first.what} (the first of {len(errors)} files that can't be read)", first.fix)
    if errors:
        raise errors[0]
    return min((_EXIT[found.status.value] for found in verdicts), key=_WORST_FIRST.index)


def _text(found: "Readiness") -> str:
    from unbroken.report.escape import safe

    lines = [f"{found.source}: {found.status.value}: {found.because}", f"  file      {found.kind.value}"]
    lines += [f"  {key.name}  key tag {key.key_tag}, {_state(key)}" for key in found.keys]
    lines += [f"  note      {note}" for note in found.notes]
    lines += [f"  to do     {found.fix}"] if found.fix else []
    return "".join(f"{safe(line)}\n" for line in lines)


def _state(key: "KeyReport") -> str:
    from unbroken.anchors.ready import Trust
    from unbroken.chain.times import to_iso

    words = {Trust.MISSING: "trusted, though the zone does not show it", Trust.ABSENT: "not in the file"}
    text = words.get(key.trust, key.trust.value)
    if key.trusted_from is None:
        return text
    return f"{text} {'until' if key.trust is Trust.PENDING else 'since'} {to_iso(key.trusted_from)}"


def _json(verdicts: "list[Readiness]", now: int) -> str:
    import json

    from unbroken.chain.times import to_iso

    files = [_file_json(found) for found in verdicts]
    return json.dumps({"at": to_iso(now), "files": files}, indent=2) + "\n"


def _file_json(found: "Readiness") -> dict[str, Any]:
    from unbroken.chain.times import to_iso

    return {
        "file": found.source,
        "kind": found.kind.value,
        "status": found.status.value,
        "because": found.because,
        "to_do": found.fix or None,
        "keys": [
            {
                "name": key.name,
                "key_tag": key.key_tag,
                "state": key.trust.value,
                "is_trusted": key.trust.counts,
                # Since when the state holds; of a pending key, when it may end.
                "moment": None if key.trusted_from is None else to_iso(key.trusted_from),
                "where": key.where or None,
            }
            for key in found.keys
        ],
        "notes": list(found.notes),
    }


COMMAND: Final = Command(_run, _add)
