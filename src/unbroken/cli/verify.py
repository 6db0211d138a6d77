"""`unbroken verify FILE`: a proof or a capture, walked offline."""

from typing import Any, Final

from unbroken.cli import options
from unbroken.cli.command import Command, Parser


def _add(parser: Parser) -> None:
    parser.word("file", "FILE")
    parser.word("name", "[NAME]", nargs="?")
    parser.word("type_", "[TYPE]", nargs="?")
    options.add_at(parser)
    options.add_anchor(parser)
    options.add_output(parser)


def _run(
    file: str,
    name: str | None,
    type_: str | None,
    at: int | None,
    anchor_files: tuple[str, ...],
    **settings: Any,
) -> int:
    """Verify a proof or capture offline.

    FILE is an RFC 9102 proof (`unbroken prove`, or from a TLS server) or a capture (`unbroken check --save`); `-` reads
    standard input. NAME and TYPE say what it is to prove; without them, the file tells. A proof that names one thing proves
    nothing of another: give NAME whenever the file comes from somebody else.

    A proof is judged as of now, a capture as of the time it was made, unless --at says otherwise.

    \b
    Examples:
      unbroken verify proof.bin
      unbroken verify proof.bin _443._tcp.www.example.com TLSA
      unbroken verify proof.bin --at 2025-08-09T01:28:45Z --json
    """
    from unbroken.cli.offline import load_source

    source = load_source(file)
    asked = options.question(name, type_ or "A") if name else source.require_question()
    now = options.current_time(source.time if at is None else at)
    chain = source.walk(asked, options.anchors(anchor_files, now), now, all_paths=True)
    return options.show_chain(chain, now, settings)


COMMAND: Final = Command(_run, _add, epilog=options.EXIT_EPILOG)
