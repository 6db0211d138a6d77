"""Commands and groups of them: what each takes, as `argparse` reads it, and its help.

click is made for all this, but to load it takes as long as `delv` takes for a whole question; argparse takes a quarter of
that. argparse shows help in another way with every version of Python, and in two columns too few; so it only reads here.
"""

import sys
from argparse import Action, ArgumentParser, HelpFormatter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any, NoReturn

from unbroken.errors import UsageError

_NO_VALUE = "--"
"""`argparse` drops these two hyphens wherever they stand."""
Part = tuple[str, str, str]
"""Of a command below another: its line in the list of them, its module, and its name there."""


class Command:
    """What a command takes, and what runs it.

    `run` is called with the values of what `add` has its parser take, by name, and returns the exit code; its docstring is
    the help, unless there is an `about`. `parts` are the commands below this one.
    """

    def __init__(
        self,
        run: Callable[..., int] | None = None,
        add: Callable[["Parser"], None] = lambda _: None,
        *,
        about: str | None = None,
        epilog: str = "",
        parts: Mapping[str, Part] | None = None,
    ) -> None:
        self.about = about or (run.__doc__ if run else "") or ""
        self.epilog = epilog
        self.parts = parts or {}
        self._run = run
        self._add = add

    def part(self, name: str) -> "Command":
        """The command of that name below this one. Raises KeyError."""
        _, module, attribute = self.parts[name]
        command = getattr(import_module(f"unbroken.cli.{module}"), attribute)
        assert isinstance(command, Command)
        return command

    def parser(self, path: str) -> "Parser":
        """What reads its arguments. `path`: how it was called, such as `unbroken check`."""
        parser = Parser(path)
        self._add(parser)
        parser.flag("-h", "--help", help="Show this message and exit.", action=_Help, nargs=0)
        return parser

    def invoke(self, path: str, words: Sequence[str]) -> int:
        """Run it; the exit code. Raises UsageError for words that do not fit."""
        if words and words[0] in self.parts:
            return self.part(words[0]).invoke(f"{path} {words[0]}", words[1:])
        parser = self.parser(path)
        try:
            if self._run is not None:
                return self._run(**parser.settings(words))
            if words and not words[0].startswith("-"):
                _no_such("command", words[0], self.parts, path)
            parser.settings(words)
        except Told as told:
            sys.stdout.write(told.text or self.help(path))
            return 0
        # Nothing at all was asked for: the help is the answer, but no result.
        sys.stderr.write(self.help(path))
        return 2

    def help(self, path: str, width: int | None = None) -> str:
        """What `--help` shows, at most so many columns wide."""
        from unbroken.cli.help import help_text

        return help_text(self, path, width)


class Told(Exception):  # noqa: N818 - no error
    """What was asked for is a text, wherever in the line; the help, if it is not given."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.text = text


class _Help(Action):
    def __call__(self, *_: object) -> NoReturn:
        raise Told


class Parser(ArgumentParser):
    """An `ArgumentParser` that takes options anywhere, and that keeps what the help has to show."""

    def __init__(self, path: str) -> None:
        # It looks at each argument with a formatter, which would load `shutil` for the width of a terminal.
        formatter = partial(HelpFormatter, width=80)
        super().__init__(path, add_help=False, allow_abbrev=False, formatter_class=formatter)
        self.words: list[str] = []
        """As the usage shows them."""
        self.options: list[tuple[str, str]] = []
        """Names and metavar, and help."""
        self._long: dict[str, str] = {}
        """For each name of an option its longest, if it takes a value, or else nothing."""

    def word(self, dest: str, shown: str, **how: Any) -> None:
        """An argument that is known by its place. `how`: as for `add_argument`."""
        self.add_argument(dest, metavar=shown.strip("[]."), **how)
        self.words.append(shown)

    def option(self, *names: str, metavar: str, help: str, shown_default: str = "", **how: Any) -> None:
        """An option with a value."""
        self.add_argument(*names, **how)
        self._long |= dict.fromkeys(names, max(names, key=len))
        self.options.append((f"{', '.join(names)} {metavar}", help + (f"  [{shown_default}]" if shown_default else "")))

    def flag(self, *names: str, help: str, **how: Any) -> None:
        """An option without one."""
        self.add_argument(*names, **{"action": "store_true", **how})
        self._long |= dict.fromkeys(names, "")
        self.options.append((", ".join(names), help))

    def settings(self, words: Sequence[str]) -> dict[str, Any]:
        """The values, by name; of what may be given several times, a tuple. Raises UsageError, or `Told`."""
        options, others = self._sorted(words)
        if _NO_VALUE in others:
            self.error(f"{_NO_VALUE} may stand only once, before words that are no options")
        found, extra = self.parse_known_args([*options, "--", *others] if others else options)
        if extra:
            self.error(f"one argument too many: {extra[-1]!r}")
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in vars(found).items()}
        del values["help"]
        return values

    def _sorted(self, words: Sequence[str]) -> tuple[list[str], list[str]]:
        """Options, each in one piece with its value, and all other words.

        `argparse` alone takes no options between the other words, and no value that looks like an option, such as -1h.
        """
        options: list[str] = []
        others: list[str] = []
        rest = iter(words)
        for word in rest:
            name, is_joined, joined = word.partition("=")
            if word == "--":
                others += rest
            elif not word.startswith("-") or word == "-":
                others.append(word)
            elif self._long.get(word):
                value = next(rest, _NO_VALUE)
                options.append(word if value == _NO_VALUE else f"{self._long[word]}={value}")
            elif _NO_VALUE in (joined, word[2:]):
                self.error(f"{name} expected one argument")
            elif is_joined and self._long.get(name) == "":
                self.error(f"{name} takes no value")
            elif name in self._long or (word[1] != "-" and word[:2] in self._long):
                options.append(word)
            elif "-h" in words or "--help" in words:
                raise Told
            else:
                _no_such("option", name, self._long, self.prog)
        return options, others

    def error(self, message: str) -> NoReturn:
        """Raises UsageError: one line, for whatever does not fit."""
        text = message.removeprefix("argument ").replace(": ", " ", 1) if message.startswith("argument ") else message
        raise UsageError(f"{text}; see `{self.prog} --help`")


def _no_such(kind: str, name: str, known: Mapping[str, object], path: str) -> NoReturn:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean `{near[0]}`?" if near else f"see `{path} --help`"
    raise UsageError(f"there is no {kind} {name}; {hint}")
