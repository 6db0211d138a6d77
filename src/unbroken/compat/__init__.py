"""A drop-in for `dns.resolver` and `dns.asyncresolver`: the same calls and exceptions, and `Bogus` for what does not validate.

    from unbroken.compat import Resolver
    answer = Resolver().resolve("example.com", "MX")      # a dns.resolver.Answer; raises Bogus

The answer additionally has `.status` and `.chain`. `unbroken.compat.asyncresolver` stands in for `dns.asyncresolver`, this
package for `dns.resolver`. Importing either imports dnspython.
"""

from unbroken.compat.asyncresolver import Resolver as AsyncResolver
from unbroken.compat.errors import (
    NXDOMAIN,
    YXDOMAIN,
    Bogus,
    LifetimeTimeout,
    NoAnswer,
    NoMetaqueries,
    NoNameservers,
    NotSupported,
    Timeout,
)
from unbroken.compat.resolver import (
    Answer,
    Resolver,
    canonical_name,
    get_default_resolver,
    query,
    reset_default_resolver,
    resolve,
    resolve_address,
    resolve_name,
)

__all__ = [
    "NXDOMAIN",
    "YXDOMAIN",
    "Answer",
    "AsyncResolver",
    "Bogus",
    "LifetimeTimeout",
    "NoAnswer",
    "NoMetaqueries",
    "NoNameservers",
    "NotSupported",
    "Resolver",
    "Timeout",
    "canonical_name",
    "get_default_resolver",
    "query",
    "reset_default_resolver",
    "resolve",
    "resolve_address",
    "resolve_name",
]
