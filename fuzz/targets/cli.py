"""The command line in this process: no exception, an exit code of the documented ones, one line on standard error."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final
from unittest.mock import patch

from fuzz.case import Case, Result, Target
from fuzz.octets import mutate
from fuzz.targets.anchors import resolver_texts, signed_xml, texts, xml
from fuzz.targets.capture import CaptureTarget
from fuzz.targets.proof import honest_proofs
from fuzz.words import mutate_text, odd_word
from fuzz.world import NOW, small_world
from unbroken.cli import main
from unbroken.resolving.transport import Server, TransportError

_EXIT_CODES: Final = (0, 1, 2, 3, 4)
_TIMES: Final = (
    str(NOW),
    "0",
    "2027-01-15T08:00:00Z",
    "20270115080000",
    "-1",
    "99999999999999",
    "now",
    "9999-12-31",
    "",
)
_NAMES: Final = (
    "www.nsec.example", ".", "bücher.example", "xn--a", "a..b", "-", "*", "x" * 64, "a." * 130, "no.such.nsec3.optout",
)  # fmt: skip
_TYPES: Final = ("A", "TXT", "ANY", "TYPE65536", "TYPE0", "a", "RRSIG", "DS", "nonsense", "")
_COMMANDS: Final = (
    ("check", "NAME", "TYPE", "--offline", "FILE"), ("check", "NAME", "--resolver", "127.0.0.1", "--timeout", "0.2"),
    ("check", "NAME", "TYPE", "--hints", "FILE"), ("verify", "FILE"), ("verify", "FILE", "NAME", "TYPE"),
    ("anchors",), ("anchors", "show", "--anchor", "FILE"), ("anchors", "ready", "FILE", "FILE"),
    ("anchors", "show", "--state", "FILE"), ("anchors", "verify", "FILE", "FILE", "--ca", "FILE"),
    ("explain", "CODE"), ("explain",), ("lab", "faults"), ("lab", "faults", "--json"),
    ("prove", "NAME", "TYPE", "-o", "out.bin"),
    ("WORD",), (), ("--help",), ("--version",), ("check", "--help"),
)  # fmt: skip
_OPTIONS: Final = (
    ("--at", "TIME"), ("--anchor", "FILE"), ("--json",), ("--ascii",), ("--color", "always"), ("--color", "WORD"),
    ("--all-paths",),
    ("--port", "53"), ("--port", "WORD"), ("-4",), ("-6",), ("--timeout", "WORD"), ("--save", "saved.json"), ("--anyway",),
    ("--resolver", "127.0.0.1"), ("--resolver", "WORD"), ("WORD",), ("--WORD",), ("--",),
)  # fmt: skip
_CODES: Final = ("DS_DIGEST_MISMATCH", "ds-digest-mismatch", "DS_DIGEST", "", "*", "CODE", "\u202e")


class _NoNetwork:
    """A transport that reaches nobody: whatever arguments come out, nothing leaves the process."""

    async def exchange(self, server: Server, query: bytes, *, timeout: float, tcp: bool) -> bytes:  # noqa: ARG002
        raise TransportError("network is unreachable")


def create() -> Target:
    """The target."""
    return CliTarget()


class CliTarget:
    """Commands with files that are good, mutated, or absent, and with words that are no arguments."""

    def __init__(self) -> None:
        captures = CaptureTarget()
        hints = ". IN NS ns.\nns. IN A 127.0.0.1\n"
        anchors = texts()
        signature, authority = signed_xml()
        files = [proof.wire for proof in honest_proofs(small_world())]
        files += [captures.make(Random(number))["data"] for number in range(20)]
        files += [text.encode() for text in (*anchors, *resolver_texts(), hints, "", "{}", "\0")]
        files += [signature, authority, xml()]
        self.files: Final = files
        self.anchor: Final = anchors[0].encode()

    def make(self, random: Random) -> Case:
        """A command line, and the files that it names."""
        files: dict[str, bytes] = {}
        parts = list(random.choice(_COMMANDS))
        for _ in range(random.choice((0, 0, 1, 2, 4))):
            option = random.choice(_OPTIONS)
            place = len(parts) if random.random() < 0.8 else random.randrange(len(parts) + 1)
            parts[place:place] = option
        if random.random() < 0.5:
            files["anchor"] = self.anchor
            parts += ["--anchor", "anchor"]
        arguments = [self._argument(random, part, files) for part in parts]
        return {"arguments": arguments, "files": files}

    def _argument(self, random: Random, part: str, files: dict[str, bytes]) -> str:
        if part == "FILE":
            if random.random() < 0.1:
                return random.choice(("absent", ".", "", "/dev/null", "x" * 300, "\udcff"))
            name = f"file{len(files)}"
            data = random.choice(self.files)
            if random.random() < 0.5:
                data = mutate(random, data) if random.random() < 0.7 else mutate_text(random, data.decode("latin-1"))
            files[name] = data
            return name
        choices = {"NAME": _NAMES, "TYPE": _TYPES, "TIME": _TIMES, "CODE": _CODES}.get(part)
        if choices is not None:
            return random.choice(choices) if random.random() < 0.8 else _word(random)
        return part.replace("WORD", _word(random))

    def check(self, case: Case) -> Result:
        """Run it in a directory of its own, with no network and with nothing on standard input."""
        if "--lab" in case["arguments"] or "up" in case["arguments"]:
            return Result("not run")  # would start servers
        out, err = _stream(), _stream()
        with _directory_of(case["files"]), redirect_stdout(out), redirect_stderr(err):
            code = main.run(case["arguments"])
        text = _content(err)
        reason = "" if code in _EXIT_CODES else f"exit code {code}"
        if "Traceback" in text or "Traceback (most" in _content(out):
            reason = reason or "a traceback"
        if code in (2,) and text.count("\n") != 1 and case["arguments"]:
            reason = reason or f"standard error holds {text.count(chr(10))} lines"
        return Result(f"exit {code}", reason)


def _word(random: Random) -> str:
    # An argument of a process can't hold NUL, and octets that are no UTF-8 come as lone surrogates of a certain range.
    return odd_word(random).replace("\x00", "").replace("\ud800", "\udc80")


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _content(stream: io.TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("utf-8")


@contextmanager
def _directory_of(files: dict[str, bytes]) -> Iterator[None]:
    """A new current directory that holds these files; no standard input, no network."""
    before, stdin = Path.cwd(), os.dup(0)
    null = os.open(os.devnull, os.O_RDONLY)
    with TemporaryDirectory() as directory:
        for name, data in files.items():
            (Path(directory) / name).write_bytes(data)
        os.chdir(directory)
        os.dup2(null, 0)
        try:
            with patch("unbroken.resolving.resolver._sockets", _NoNetwork):
                yield
        finally:
            os.dup2(stdin, 0)
            os.close(stdin)
            os.close(null)
            os.chdir(before)
