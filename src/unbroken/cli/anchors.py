"""`unbroken anchors`: the trust anchors in force or kept, and IANA's signature over the file of them."""

import sys
from typing import TYPE_CHECKING, Final

from unbroken.cli import options
from unbroken.cli.command import Command, Parser
from unbroken.errors import InputError, UsageError

if TYPE_CHECKING:
    from unbroken.anchors import TrustAnchors


def _add_state(parser: Parser) -> None:
    parser.option(
        "--state",
        dest="state_files",
        metavar="FILE",
        action="append",
        default=[],
        help="Show what a state file holds instead: the RFC 5011 state of keys, or negative trust anchors. Repeatable.",
    )
    parser.flag("--json", dest="as_json", help="Print what --state files hold as JSON.")


def _run(state_files: tuple[str, ...], as_json: bool) -> int:
    """Show trust anchors, verify IANA's file of them, or say whether resolvers are ready for the root's key roll.

    Without a subcommand, the built-in anchors are shown, or what is in --state files.

    \b
    Examples:
      unbroken anchors
      unbroken anchors --state trust-points.json --state negative.json
      unbroken anchors show --anchor /etc/unbound/root.key
      unbroken anchors verify root-anchors.xml root-anchors.p7s --ca icannbundle.pem
      unbroken anchors ready /var/lib/unbound/root.key
    """
    return _show((), state_files, as_json, None)


def _add_show(parser: Parser) -> None:
    options.add_anchor(parser)
    _add_state(parser)
    options.add_at(parser)


def _run_show(anchor_files: tuple[str, ...], state_files: tuple[str, ...], as_json: bool, at: int | None) -> int:
    """Show the trust anchors in force, as DS and DNSKEY zone-file lines.

    With --state, what a resolver keeps: keys that follow RFC 5011 with their states, those that are not trusted behind a
    comment sign, and negative trust anchors (RFC 7646) as comments.

    \b
    Examples:
      unbroken anchors show
      unbroken anchors show --anchor root-anchors.xml --at 2024-01-01
      unbroken anchors show --state trust-points.json --json
    """
    return _show(anchor_files, state_files, as_json, at)


def _show(anchor_files: tuple[str, ...], state_files: tuple[str, ...], as_json: bool, at: int | None) -> int:
    now = options.current_time(at)
    if as_json and (anchor_files or not state_files):
        raise UsageError("--json is for --state files")
    lines = _lines(options.anchors(anchor_files, now)) if anchor_files or not state_files else []
    states = _states(state_files, as_json, now) if state_files else ""
    sys.stdout.write("".join(f"{line}\n" for line in lines) + states)
    return 0


def _states(state_files: tuple[str, ...], as_json: bool, now: int) -> str:
    from unbroken.cli import anchors_state
    from unbroken.report.escape import safe

    loaded = [anchors_state.load(path) for path in state_files]
    points = tuple(point for found, _ in loaded for point in found)
    negatives = tuple(negative for _, found in loaded for negative in found)
    if as_json:
        return anchors_state.to_json(points, negatives, now)
    lines = [line for point in points for line in anchors_state.lines(point)]
    lines += [anchors_state.negative_line(negative, now) for negative in negatives]
    return "".join(f"{safe(line)}\n" for line in lines)


def _lines(anchors: "TrustAnchors") -> list[str]:
    from unbroken._kernel import rdata_to_text
    from unbroken.dns import rdtype as rr
    from unbroken.dns.registry import algorithm_text
    from unbroken.report.escape import safe

    lines: list[str] = []
    for anchor in anchors.values():
        lines.append(f"; {anchor.owner} from {safe(anchor.source)}")
        for ds in anchor.dses:
            lines.append(f"{anchor.owner} IN DS {rdata_to_text(rr.DS, ds.rdata)} ; {algorithm_text(ds.algorithm)}")
        for key in anchor.dnskeys:
            text = rdata_to_text(rr.DNSKEY, key.rdata)
            lines.append(f"{anchor.owner} IN DNSKEY {text} ; key tag {key.key_tag}, {algorithm_text(key.algorithm)}")
    return lines


def _add_verify(parser: Parser) -> None:
    parser.word("xml", "XML")
    parser.word("p7s", "P7S")
    parser.option(
        "--ca",
        dest="ca_file",
        metavar="PEM",
        required=True,
        help="Certificate authorities to trust: icannbundle.pem.",
    )
    parser.flag("--allow-sha1", help="Accept a signature made with SHA-1, as IANA's were before 2017.")
    options.add_at(parser)


def _run_verify(xml: str, p7s: str, ca_file: str, allow_sha1: bool, at: int | None) -> int:
    """Verify the PKCS#7 signature over IANA's root-anchors.xml (RFC 9718 section 3), then show the anchors in it.

    Exit codes: 0 the signature is good, 1 it is not, 2 usage or unreadable input.

    \b
    Examples:
      unbroken anchors verify root-anchors.xml root-anchors.p7s --ca icannbundle.pem
    """
    from unbroken.anchors import Reason, SignatureRefused, parse, read, verify_signature

    now = options.current_time(at)
    document, signature, authorities = read(xml), read(p7s), read(ca_file)
    try:
        signed = verify_signature(document, signature, authorities, now, allow_sha1=allow_sha1)
    except SignatureRefused as error:
        # What can't be read is no verdict on the signature.
        if error.where == "CA file" or error.reason is Reason.MALFORMED:
            raise InputError(ca_file if error.where == "CA file" else p7s, error.what, error.fix) from None
        sys.stderr.write(f"unbroken: {_one_line(f'{p7s}: the signature over {xml} is not accepted: {error}')}\n")
        return 1
    from unbroken.chain.times import to_iso

    until = to_iso(signed.valid_until)
    sys.stdout.write(
        _one_line(f"; good signature by {signed.subject} ({signed.email}), certificates until {until}") + "\n"
    )
    for line in _lines(parse(document, xml, now=now)):
        sys.stdout.write(line + "\n")
    return 0


def _one_line(text: str) -> str:
    from unbroken.report.escape import safe

    return safe(" ".join(text.split()))


COMMAND: Final = Command(
    _run,
    _add_state,
    parts={
        "show": ("Show the trust anchors in force.", "anchors", "SHOW"),
        "verify": ("Verify the PKCS#7 signature over IANA's root-anchors.xml.", "anchors", "VERIFY"),
        "ready": ("Say whether resolvers are ready for the root's key roll.", "anchors_ready", "COMMAND"),
    },
)
SHOW: Final = Command(_run_show, _add_show)
VERIFY: Final = Command(_run_verify, _add_verify)
