"""What a zone is, worked out the slow and simple way from dnspython's reading of it: names are tuples of labels, root first."""

import hashlib
import struct
from dataclasses import dataclass, field

import dns.name
import dns.rdataset
import dns.rdatatype
import dns.rdtypes.ANY.NSEC
import dns.rdtypes.ANY.NSEC3
import dns.zone

from unbroken._kernel import Name

Path = tuple[bytes, ...]
Rdatas = frozenset[bytes]
Types = frozenset[int]
NS, SOA, DS, DNAME, RRSIG, NSEC, NSEC3 = 2, 6, 43, 39, 46, 47, 50


def read(text: str, origin: str = "example.") -> dns.zone.Zone:
    """dnspython's reading."""
    return dns.zone.from_text(text, origin, relativize=False, check_origin=False)


def path_of(name: dns.name.Name) -> Path:
    """In lower case (RFC 4034 §6.2); as tuples these compare as RFC 4034 §6.1 orders names: label by label from the root, by
    octets, an absent one first."""
    return tuple(label.lower() for label in reversed(name.labels[:-1]))


def name_of(path: Path) -> Name:
    """For the kernel."""
    return Name.from_labels(tuple(reversed(path)))


@dataclass
class ZoneModel:
    """Types at each name; RRSIG, NSEC and NSEC3 do not count among them."""

    apex: Path
    types: dict[Path, set[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, zone: dns.zone.Zone) -> "ZoneModel":
        assert zone.origin is not None
        found = cls(path_of(zone.origin))
        for name, node in zone.nodes.items():
            assert isinstance(name, dns.name.Name)
            types = {int(rdataset.rdtype) for rdataset in node.rdatasets} - {RRSIG, NSEC, NSEC3}
            if types:
                found.types.setdefault(path_of(name), set()).update(types)
        return found

    def is_cut(self, path: Path) -> bool:
        return path != self.apex and NS in self.types.get(path, ())

    def is_hidden(self, path: Path) -> bool:
        """RFC 4035 §2.2: below a zone cut; RFC 6672 §2.4: below a DNAME."""
        above = [path[:length] for length in range(len(self.apex), len(path))]
        return any(self.is_cut(each) or DNAME in self.types.get(each, ()) for each in above)

    def existing(self) -> list[Path]:
        """The names with records that are the zone's, in canonical order."""
        return sorted(path for path in self.types if not self.is_hidden(path))

    def shown(self, path: Path) -> set[int]:
        """RFC 4035 §2.3: of a cut only NS and DS show."""
        types = self.types.get(path, set())
        return types & {NS, DS} if self.is_cut(path) else set(types)

    def signed(self, path: Path) -> set[int]:
        """RFC 4035 §2.2: the NS RRset of a cut is not signed."""
        return self.shown(path) - {NS} if self.is_cut(path) else self.shown(path)

    def nsec_chain(self) -> dict[Path, tuple[Path, Types]]:
        """RFC 4034 §4.1: where each NSEC leads, and its types."""
        names = self.existing()
        following = [*names[1:], *names[:1]]
        return {
            name: (after, frozenset(self.shown(name) | {NSEC, RRSIG}))
            for name, after in zip(names, following, strict=True)
        }

    def nsec3_chain(self, salt: bytes, iterations: int, *, opt_out: bool) -> dict[bytes, tuple[bytes, Types]]:
        """RFC 5155 §7.1, by hash: the next hash and the types. With opt-out the cuts without DS are left out, but not the empty
        non-terminals above them."""
        existing = self.existing()
        between = {path[:length] for path in existing for length in range(len(self.apex), len(path))}
        bitmaps = {path: frozenset[int]() for path in between}
        for path in existing:
            signs = frozenset({RRSIG} if self.signed(path) else ())
            bitmaps[path] = frozenset(self.shown(path)) | signs
        if opt_out:
            bitmaps = {path: types for path, types in bitmaps.items() if not (self.is_cut(path) and DS not in types)}
        by_hash = {nsec3_hash(path, salt, iterations): types for path, types in bitmaps.items()}
        hashes = sorted(by_hash)
        return {here: (after, by_hash[here]) for here, after in zip(hashes, [*hashes[1:], *hashes[:1]], strict=True)}


def nsec3_hash(path: Path, salt: bytes, iterations: int) -> bytes:
    """RFC 5155 §5."""
    wire = b"".join(struct.pack("B", len(label)) + label for label in reversed(path)) + b"\0"
    digest = hashlib.sha1(wire + salt).digest()
    for _ in range(iterations):
        digest = hashlib.sha1(digest + salt).digest()
    return digest


def types_of(windows: object) -> Types:
    """The types of a bitmap as dnspython holds it (RFC 4034 §4.1.2)."""
    assert isinstance(windows, tuple)
    return frozenset(
        window * 256 + octet * 8 + bit
        for window, octets in windows
        for octet, value in enumerate(octets)
        for bit in range(8)
        if value & 0x80 >> bit
    )
