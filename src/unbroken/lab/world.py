"""What the miniature Internet consists of: zones, how each is signed, what it holds. Descriptions only: nothing is signed here.

All names lie below `test.` and `example.`, all addresses in documentation ranges (RFC 2606 §2, RFC 6761 §6, RFC 5737,
RFC 3849), so that nothing of the lab can be mistaken for the real Internet.
"""

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Final

from unbroken._kernel import Name
from unbroken.dns import registry
from unbroken.errors import InputError


class DenialStyle(Enum):
    """How a zone denies that something exists."""

    NSEC = "nsec"
    NSEC3 = "nsec3"
    OPT_OUT = "opt-out"  # NSEC3 that skips unsigned delegations (RFC 5155 §6)


@dataclass(frozen=True, slots=True)
class ZoneSpec:
    """One zone. SOA, NS, glue, delegations and everything of DNSSEC are made; `records` holds the rest, as master-file lines
    with names relative to the zone."""

    origin: Name
    records: str = ""
    algorithm: int | None = registry.ECDSAP256SHA256
    """None: the zone is not signed."""
    denial: DenialStyle = DenialStyle.NSEC
    has_ds: bool = True
    """Whether the parent publishes its DS; a signed zone without is an island of security (RFC 4033 §2)."""
    is_csk: bool = False
    """One key for everything instead of a KSK and a ZSK."""

    @property
    def is_signed(self) -> bool:
        """Whether it has keys and signatures."""
        return self.algorithm is not None


@dataclass(frozen=True)
class World:
    """The zones of a lab; each is delegated from the closest zone above it. Raises InputError without a signed root zone, or
    when one origin comes twice."""

    zones: tuple[ZoneSpec, ...]

    def __post_init__(self) -> None:
        if len(self.by_origin) != len(self.zones):
            origins = [spec.origin for spec in self.zones]
            twice = next(origin for origin in origins if origins.count(origin) > 1)
            raise InputError(f"zone {twice}", "is described twice", "keep one description a zone")
        if Name.ROOT not in self.by_origin:
            raise InputError("the lab", "has no root zone", 'describe the zone "."')
        if not self.by_origin[Name.ROOT].is_signed:
            raise InputError("the lab", "has an unsigned root zone", "sign it: every chain starts there")

    @cached_property
    def by_origin(self) -> dict[Name, ZoneSpec]:
        """The same, by origin."""
        return {spec.origin: spec for spec in self.zones}

    def parent(self, origin: Name) -> ZoneSpec | None:
        """The zone that delegates `origin`; None for the root."""
        return None if origin.is_root else self.by_origin[self._closest(origin.parent())]

    def children(self, origin: Name) -> tuple[ZoneSpec, ...]:
        """The zones delegated from `origin`."""
        return tuple(
            spec for spec in self.zones if not spec.origin.is_root and self._closest(spec.origin.parent()) == origin
        )

    def _closest(self, name: Name) -> Name:
        while name not in self.by_origin:
            name = name.parent()
        return name

    def is_secure(self, origin: Name) -> bool:
        """Whether a chain of DS records leads from the root to this zone."""
        spec = self.by_origin[origin]
        parent = self.parent(origin)
        return spec.is_signed and (parent is None or (spec.has_ds and self.is_secure(parent.origin)))


_ADDRESSES: Final = """\
@ A 192.0.2.80
@ AAAA 2001:db8::80
@ MX 10 mail
www A 192.0.2.81
www AAAA 2001:db8::81
mail A 192.0.2.25
@ TXT "a zone of the lab"
"""

_ONE: Final = (
    _ADDRESSES
    + """\
alias CNAME www.two.test.
near CNAME www
chain CNAME alias
gone CNAME nothing.two.test.
a.deep.empty TXT "empty non-terminals lie above"
*.wild A 192.0.2.42
*.wild TXT "made from a wildcard"
_443._tcp.www TLSA 3 1 1 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
"""
    + "".join(f'large TXT "{number:03} {"x" * 200}"\n' for number in range(16))  # does not fit a UDP reply
)

_WILDCARD: Final = _ADDRESSES + '* A 192.0.2.43\n* TXT "made from a wildcard"\nhost.sub A 192.0.2.44\n'
_DNAME: Final = _ADDRESSES + "old DNAME one.example.\nto-wildcard DNAME wildcard.test.\n"

_NSEC3: Final = DenialStyle.NSEC3
_OPT_OUT: Final = DenialStyle.OPT_OUT

_ALGORITHMS: Final = (
    ("rsasha256", registry.RSASHA256),
    ("rsasha512", registry.RSASHA512),
    ("ecdsap256", registry.ECDSAP256SHA256),
    ("ecdsap384", registry.ECDSAP384SHA384),
    ("ed25519", registry.ED25519),
    ("ed448", registry.ED448),
    ("mldsa44", registry.MLDSA44),
)


def _zone(origin: str, records: str = _ADDRESSES, **settings: object) -> ZoneSpec:
    return ZoneSpec(Name(origin), records, **settings)  # type: ignore[arg-type]


def default_world() -> World:
    """The root, two TLDs (one NSEC, one NSEC3 with opt-out), and below them one zone for each thing worth showing."""
    return World(
        (
            _zone(".", ""),
            _zone("example.", ""),
            _zone("test.", "", denial=_OPT_OUT),
            _zone("one.example.", _ONE),
            _zone("two.example.", denial=_NSEC3),
            _zone("sub.one.example."),
            _zone("optout.example.", denial=_OPT_OUT),
            _zone("unsigned.optout.example.", algorithm=None),
            _zone("dname.example.", _DNAME),
            _zone("island.example.", has_ds=False),
            _zone("unsigned.example.", algorithm=None),
            _zone("two.test.", denial=_NSEC3),
            _zone("wildcard.test.", _WILDCARD),
            _zone("wildcard3.test.", _WILDCARD, denial=_NSEC3),
            _zone("unsigned.test.", algorithm=None),
            *(_zone(f"{label}.test.", algorithm=number, is_csk=True) for label, number in _ALGORITHMS),
        )
    )
