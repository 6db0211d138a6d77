"""The errors that a caller can act on. Network input never raises any of them: it becomes a verdict."""


class UnbrokenError(Exception):
    """Base of all errors that `unbroken` raises on purpose."""


class UsageError(UnbrokenError):
    """The caller asked for something that makes no sense (exit 2 on the command line)."""


class InputError(UnbrokenError):
    """A file or argument is not what it should be: `where` it is, `what` is wrong, how to `fix` it (exit 2)."""

    def __init__(self, where: str, what: str, fix: str = "") -> None:
        self.where = where
        self.what = what
        self.fix = fix
        super().__init__(f"{where}: {what}" + (f"; {fix}" if fix else ""))


class StateError(UnbrokenError):
    """The world is not in the state that the request needs: a port in use, a lab not running, no space on a disk."""
