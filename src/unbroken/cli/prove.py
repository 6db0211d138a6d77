"""`unbroken prove NAME TYPE -o FILE`: the evidence of an answer, as an RFC 9102 authentication chain."""

import sys
from typing import TYPE_CHECKING, Any, Final

from unbroken.cli import options
from unbroken.cli.command import Command, Parser

if TYPE_CHECKING:
    from unbroken.chain import Chain
    from unbroken.cli.online import Result

_EXIT_UNPROVEN: Final = 4


def _add(parser: Parser) -> None:
    parser.word("name", "NAME")
    parser.word("type_", "TYPE")
    parser.option(
        "-o",
        "--output",
        metavar="FILE",
        required=True,
        help="Where to write the proof; `-`: standard output, and the chain goes to standard error.",
    )
    options.add_anchor(parser)
    options.add_network(parser)
    options.add_at(parser)
    parser.flag("--anyway", help="Write the evidence of an answer that is bogus, or not provable, too.")
    options.add_output(parser)


def _run(
    name: str,
    type_: str,
    output: str,
    anchor_files: tuple[str, ...],
    at: int | None,
    anyway: bool,
    **settings: Any,
) -> int:
    """Write the proof of an answer to a file (RFC 9102).

    The name is resolved and its chain shown, as `check` does; if the chain holds, all its records go to FILE in the form
    of RFC 9102 section 3: the answer first, then what proves it up to the trust anchor. `unbroken verify FILE` walks the
    same chain again, offline. Proofs that a name or type does not exist are written too; they end in one more record,
    without data and of class NONE, that names the question. Each proof is walked once before it is written.

    \b
    Examples:
      unbroken prove _443._tcp.www.example.com TLSA -o proof.bin
      unbroken verify proof.bin _443._tcp.www.example.com TLSA
    """
    from unbroken.cli import output as out
    from unbroken.cli.online import Network, ask

    asked = options.question(name, type_)
    out.check_writable(output)
    result = ask(asked, Network.from_options(settings), anchor_files, at, all_paths=False)
    code = result.show(settings, out.text_stream(output))
    proof, trouble = _proof(result, anyway=anyway)
    if proof is not None:
        out.write(output, proof)
        return code
    sys.stderr.write(f"unbroken: no proof written: {trouble}\n")
    return code or _EXIT_UNPROVEN


def _proof(result: "Result", *, anyway: bool) -> tuple[bytes | None, str]:
    """The proof, or why there is none."""
    from unbroken.chain import Status
    from unbroken.chain.rfc9102 import read
    from unbroken.cli.offline import walk
    from unbroken.validation.proof_source import ProofSource

    chain = result.chain
    if chain.status is Status.INDETERMINATE or (chain.status is Status.BOGUS and not anyway):
        return None, f"the answer is {chain.status.value}"
    data = write_proof(chain)
    if not anyway:
        # RFC 9102 §3 holds records, not messages: whoever reads the proof must come to the same verdict by them alone.
        source = ProofSource(read(data, "the proof"))
        walked = walk(chain.question, source.fetch, result.anchors, result.now, all_paths=True)
        # What an unsigned zone says of a name is in no record that a proof can hold: there, the status is all there is.
        differs = chain.status is Status.SECURE and walked.last.outcome is not chain.last.outcome
        if differs or walked.status is not chain.status:
            return None, f"read back, it would be {walked.status.value}; --anyway writes it all the same"
    return data, ""


def write_proof(chain: "Chain") -> bytes:
    """All records of a chain (RFC 9102 §3)."""
    from unbroken.chain.rfc9102 import write

    return write(chain)


COMMAND: Final = Command(_run, _add, epilog=options.EXIT_EPILOG)
