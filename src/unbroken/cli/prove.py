"""`unbroken prove NAME TYPE -o FILE`: the evidence of an answer, as an RFC 9102 authentication chain."""

import sys
from typing import Any

import click

from unbroken.cli import options


@click.command("prove", short_help="Write the proof of an answer to a file (RFC 9102).", epilog=options.EXIT_EPILOG)
@click.argument("name")
@click.argument("type_", metavar="TYPE")
@click.option("-o", "--output", metavar="FILE", required=True, help="Where to write the proof.")
@options.anchor_option
@options.network_options
@options.at_option
@click.option("--anyway", is_flag=True, help="Write the evidence of a bogus answer too.")
@options.output_options
def command(
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
    without data and of class NONE, that names the question.

    \b
    Examples:
      unbroken prove _443._tcp.www.example.com TLSA -o proof.bin
      unbroken verify proof.bin _443._tcp.www.example.com TLSA
    """
    from unbroken.chain import Status
    from unbroken.chain.rfc9102 import write
    from unbroken.cli.online import Network, ask
    from unbroken.files import write_atomically

    asked = options.question(name, type_)
    result = ask(asked, Network.from_options(settings), anchor_files, at, all_paths=False)
    chain = result.chain
    proves = chain.status in (Status.SECURE, Status.INSECURE) or (anyway and chain.status is Status.BOGUS)
    if proves:
        write_atomically(output, write(chain))
    code = options.show_chain(chain, result.now, settings)
    sys.stdout.flush()
    if not proves:
        sys.stderr.write(f"unbroken: no proof written: the answer is {chain.status.value}\n")
    return code
