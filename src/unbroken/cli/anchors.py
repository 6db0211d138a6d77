"""`unbroken anchors`: the trust anchors in force, and IANA's signature over the file of them."""

import sys
from typing import TYPE_CHECKING, Final

from unbroken.cli import options
from unbroken.cli.command import Command, Parser
from unbroken.errors import InputError

if TYPE_CHECKING:
    from unbroken.anchors import TrustAnchors


def _run() -> int:
    """Show trust anchors, or verify IANA's file of them.

    Without a subcommand, the built-in anchors are shown.

    \b
    Examples:
      unbroken anchors
      unbroken anchors show --anchor /etc/unbound/root.key
      unbroken anchors verify root-anchors.xml root-anchors.p7s --ca icannbundle.pem
    """
    return _show((), None)


def _add_show(parser: Parser) -> None:
    options.add_anchor(parser)
    options.add_at(parser)


def _run_show(anchor_files: tuple[str, ...], at: int | None) -> int:
    """Show the trust anchors in force, as DS and DNSKEY zone-file lines.

    \b
    Examples:
      unbroken anchors show
      unbroken anchors show --anchor root-anchors.xml --at 2024-01-01
    """
    return _show(anchor_files, at)


def _show(anchor_files: tuple[str, ...], at: int | None) -> int:
    now = options.current_time(at)
    for line in _lines(options.anchors(anchor_files, now)):
        sys.stdout.write(line + "\n")
    return 0


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
    parts={
        "show": ("Show the trust anchors in force.", "anchors", "SHOW"),
        "verify": ("Verify the PKCS#7 signature over IANA's root-anchors.xml.", "anchors", "VERIFY"),
    },
)
SHOW: Final = Command(_run_show, _add_show)
VERIFY: Final = Command(_run_verify, _add_verify)
