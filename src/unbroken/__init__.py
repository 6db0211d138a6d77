"""The DNSSEC chain of trust, end to end: build it, walk it, and say which link broke.

`await unbroken.resolve("example.com", "A")` and `unbroken.resolve_sync(...)` answer with `.status`, `.chain`, `.rrset`.
Everything here is loaded on first use, so that `import unbroken` costs next to nothing.
"""

__version__ = "0.1.0"

# `typing` itself takes longer to load than all that is run here; type checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from unbroken.chain import Chain, Finding, Limits, Link, Question, Status
    from unbroken.compat import Bogus
    from unbroken.dns import Message, Name, RRset
    from unbroken.errors import InputError, StateError, UnbrokenError, UsageError
    from unbroken.resolving.api import resolve, resolve_sync
    from unbroken.resolving.resolution import Resolution
    from unbroken.validation.drivers import drive
    from unbroken.validation.validator import validate

_HOMES = {
    "Bogus": "unbroken.compat",
    "Chain": "unbroken.chain",
    "Finding": "unbroken.chain",
    "InputError": "unbroken.errors",
    "Limits": "unbroken.chain",
    "Link": "unbroken.chain",
    "Message": "unbroken.dns",
    "Name": "unbroken.dns",
    "Question": "unbroken.chain",
    "RRset": "unbroken.dns",
    "Resolution": "unbroken.resolving.resolution",
    "StateError": "unbroken.errors",
    "Status": "unbroken.chain",
    "UnbrokenError": "unbroken.errors",
    "UsageError": "unbroken.errors",
    "drive": "unbroken.validation.drivers",
    "resolve": "unbroken.resolving.api",
    "resolve_sync": "unbroken.resolving.api",
    "validate": "unbroken.validation.validator",
}

__all__ = [
    "Bogus",
    "Chain",
    "Finding",
    "InputError",
    "Limits",
    "Link",
    "Message",
    "Name",
    "Question",
    "RRset",
    "Resolution",
    "StateError",
    "Status",
    "UnbrokenError",
    "UsageError",
    "__version__",
    "drive",
    "resolve",
    "resolve_sync",
    "validate",
]


def __getattr__(name: str) -> "Any":
    from importlib import import_module

    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'unbroken' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
