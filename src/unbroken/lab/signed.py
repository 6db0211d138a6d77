"""The world, signed: keys made, zones assembled with their delegations and glue, every zone signed as described."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

from unbroken._kernel import Ds, Name, RRset
from unbroken.delegation import ds_rrset
from unbroken.keys import ZoneKey, generate_set
from unbroken.lab.world import DenialStyle, World, ZoneSpec
from unbroken.signing import NSEC, Nsec3Denial, NsecDenial, SigningParameters, Zone, sign_zone

VALIDITY: Final = 14 * 86400  # seconds that signatures are good for
BACKDATED: Final = 3600  # seconds that they are valid already when the lab starts
TTL: Final = 300
SERVERS_PER_ZONE: Final = 2

Addresses = Mapping[Name, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class SignedZone:
    """A zone as its servers hold it, with what is needed to sign parts of it again. `zone` may have been broken since."""

    spec: ZoneSpec
    zone: Zone
    keys: tuple[ZoneKey, ...]
    now: int
    """The moment, in epoch seconds, that it was signed for."""
    is_silent: bool = False
    """Its servers do not answer."""

    @property
    def origin(self) -> Name:
        return self.spec.origin

    @property
    def inception(self) -> int:
        return self.now - BACKDATED

    @property
    def expiration(self) -> int:
        return self.now + VALIDITY

    @property
    def denial(self) -> NsecDenial | Nsec3Denial:
        if self.spec.denial is DenialStyle.NSEC:
            return NSEC
        return Nsec3Denial(opt_out=self.spec.denial is DenialStyle.OPT_OUT)

    @property
    def parameters(self) -> SigningParameters:
        return SigningParameters(self.inception, self.expiration, self.denial, dnskey_ttl=TTL)

    @property
    def key_signing_keys(self) -> tuple[ZoneKey, ...]:
        return tuple(key for key in self.keys if key.signs_keys)

    @property
    def data_keys(self) -> tuple[ZoneKey, ...]:
        return tuple(key for key in self.keys if key.signs_data)

    def with_zone(self, zone: Zone) -> "SignedZone":
        """The same with other content."""
        return replace(self, zone=zone)

    def signed_anew(self, zone: Zone | None = None, parameters: SigningParameters | None = None) -> "SignedZone":
        """All of `zone` (or of what is here) signed again by the same keys."""
        content = self.zone if zone is None else zone
        return self.with_zone(sign_zone(content, self.keys, parameters or self.parameters))


@dataclass(frozen=True, slots=True)
class SignedWorld:
    """All zones of a lab at one moment."""

    world: World
    zones: Mapping[Name, SignedZone]

    @property
    def root(self) -> SignedZone:
        return self.zones[Name.ROOT]

    @property
    def anchor_records(self) -> RRset:
        """The trust anchor of the root, in DS form. Raises UsageError when the root is not signed."""
        return ds_rrset(Name.ROOT, self.root.keys, ttl=TTL)

    def parent_of(self, origin: Name) -> SignedZone | None:
        """The zone that delegates `origin`."""
        spec = self.world.parent(origin)
        return None if spec is None else self.zones[spec.origin]

    def with_zones(self, changed: Iterable[SignedZone]) -> "SignedWorld":
        """With these in the place of those of the same origin."""
        return replace(self, zones={**self.zones, **{zone.origin: zone for zone in changed}})


def make_keys(world: World) -> dict[Name, tuple[ZoneKey, ...]]:
    """Fresh keys for every signed zone; the slow ones (RSA) are made side by side."""
    signed = [spec for spec in world.zones if spec.algorithm is not None]
    with ThreadPoolExecutor(max_workers=4) as pool:
        sets = pool.map(lambda spec: generate_set(spec.origin, spec.algorithm, csk=spec.is_csk), signed)
        return {spec.origin: keys for spec, keys in zip(signed, sets, strict=True)}


def sign_world(
    world: World, addresses: Addresses, now: int, keys: Mapping[Name, tuple[ZoneKey, ...]] | None = None
) -> SignedWorld:
    """Assemble and sign every zone. `addresses`: those of each zone's servers; `now`: epoch seconds that the signatures'
    validity starts around. Raises InputError for records that can't be read or signed."""
    made = make_keys(world) if keys is None else keys
    return SignedWorld(world, {spec.origin: _sign(world, spec, addresses, now, made) for spec in world.zones})


def _sign(
    world: World, spec: ZoneSpec, addresses: Addresses, now: int, keys: Mapping[Name, tuple[ZoneKey, ...]]
) -> SignedZone:
    zone = assemble(world, spec, addresses).replace(*_ds_rrsets(world, spec, keys))
    assembled = SignedZone(spec, zone, keys.get(spec.origin, ()), now)
    return assembled.signed_anew() if spec.is_signed else assembled


def _ds_rrsets(world: World, spec: ZoneSpec, keys: Mapping[Name, tuple[ZoneKey, ...]]) -> list[RRset]:
    return [
        ds_rrset(child.origin, keys[child.origin], ttl=TTL)
        for child in world.children(spec.origin)
        if child.has_ds and child.is_signed
    ]


def assemble(world: World, spec: ZoneSpec, addresses: Addresses) -> Zone:
    """The unsigned zone: SOA, NS with addresses, its records, and its delegations with glue."""
    origin = spec.origin
    head = f"@ {TTL} SOA {name_server(origin, 0)} hostmaster.{_under(origin)} 1 3600 600 604800 {TTL}\n"
    parts = [head, _name_servers(origin, addresses[origin])]
    parts += [_name_servers(child.origin, addresses[child.origin]) for child in world.children(origin)]
    return Zone.from_text(f"$TTL {TTL}\n" + "".join(parts) + spec.records, origin, TTL)


def _name_servers(origin: Name, addresses: tuple[str, ...]) -> str:
    lines = []
    for number, address in enumerate(addresses):
        server = name_server(origin, number)
        lines += [f"{origin} NS {server}\n", f"{server} A {address}\n"]
    return "".join(lines)


def name_server(origin: Name, number: int) -> str:
    """The name of a zone's server: `ns1`, `ns2` in the zone itself, so that glue is always needed."""
    return f"ns{number + 1}.{_under(origin)}"


def _under(origin: Name) -> str:
    return "" if origin.is_root else str(origin)


def entry_point_ds(zone: SignedZone) -> tuple[Ds, ...]:
    """The DS records that the parent of a healthy zone has."""
    return ds_rrset(zone.origin, zone.keys, ttl=TTL).dses()
