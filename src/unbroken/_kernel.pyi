"""The typed face of the kernel: wire parsing, canonical form, signature and NSEC3 batches.

The kernel knows no policy: not the time, not which algorithms are allowed, not how much work is too much. Every value
is immutable. Whatever loops over input or does cryptography releases the GIL. Bad input raises `WireError` (bytes) or
`ValueError` (arguments); it never panics.
"""

from collections.abc import Sequence
from typing import Any, Final, Self, final

class WireError(ValueError):
    """Bytes that are not what they should be. `str()` says what and at which offset; `offset` is that offset."""

    offset: int

@final
class Name:
    """A domain name, absolute, at most 255 octets and 127 labels (RFC 1035 §3.1).

    Equality and hash ignore ASCII case (RFC 4343 §3); order is the canonical order of RFC 4034 §6.1. Case is kept.
    """

    ROOT: Final[Name]

    def __new__(cls, text: str) -> Self:
        """Parse presentation format (RFC 1035 §5.1 escapes); a missing final dot is added. Raises ValueError."""

    @staticmethod
    def from_wire(wire: bytes) -> Name:
        """An uncompressed wire-format name, whole: trailing octets raise WireError."""

    @staticmethod
    def from_labels(labels: tuple[bytes, ...]) -> Name:
        """Labels from the leftmost to the one below the root. Raises ValueError when too long or a label is empty."""

    @property
    def wire(self) -> bytes: ...
    @property
    def canonical_wire(self) -> bytes:
        """Lower-cased wire format (RFC 4034 §6.2)."""

    @property
    def labels(self) -> tuple[bytes, ...]:
        """Leftmost first, without the root label."""

    @property
    def label_count(self) -> int:
        """Labels without the root; a wildcard label counts here."""

    @property
    def rrsig_labels(self) -> int:
        """The Labels field an RRSIG over this owner has: without root and without a leading `*` (RFC 4034 §3.1.3)."""

    @property
    def is_root(self) -> bool: ...
    @property
    def is_wildcard(self) -> bool:
        """Leftmost label is exactly `*` (RFC 4592 §2.1.1)."""

    def parent(self) -> Name:
        """One label fewer. Raises ValueError at the root."""

    def ancestor(self, label_count: int) -> Name:
        """The name of the rightmost `label_count` labels. Raises ValueError when there are fewer."""

    def is_subdomain_of(self, other: Name) -> bool:
        """Equal to or below `other` (RFC 9499 §7)."""

    def is_below(self, other: Name) -> bool:
        """Strictly below `other`."""

    def common_ancestor(self, other: Name) -> Name: ...
    def wildcard(self) -> Name:
        """`*.` and this name (the source of synthesis under this closest encloser). Raises ValueError when too long."""

    def prepend(self, label: bytes) -> Name: ...
    def replace_suffix(self, suffix: Name, replacement: Name) -> Name:
        """DNAME substitution (RFC 6672 §2.3). Raises ValueError when not strictly below `suffix` or the result is too long."""

    def __str__(self) -> str:
        """Presentation format with final dot; everything but printable ASCII is escaped."""

    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __lt__(self, other: Name, /) -> bool: ...
    def __le__(self, other: Name, /) -> bool: ...
    def __gt__(self, other: Name, /) -> bool: ...
    def __ge__(self, other: Name, /) -> bool: ...

@final
class Dnskey:
    """RFC 4034 §2."""

    @property
    def flags(self) -> int: ...
    @property
    def protocol(self) -> int: ...
    @property
    def algorithm(self) -> int: ...
    @property
    def public_key(self) -> bytes: ...
    @property
    def key_tag(self) -> int:
        """RFC 4034 App. B (B.1 for algorithm 1)."""

    @property
    def is_zone_key(self) -> bool:
        """Bit 7 of the flags."""

    @property
    def is_secure_entry_point(self) -> bool:
        """Bit 15 of the flags."""

    @property
    def is_revoked(self) -> bool:
        """Bit 8 of the flags (RFC 5011 §2.1)."""

    @property
    def rdata(self) -> bytes: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Ds:
    """RFC 4034 §5 (also CDS)."""

    @property
    def key_tag(self) -> int: ...
    @property
    def algorithm(self) -> int: ...
    @property
    def digest_type(self) -> int: ...
    @property
    def digest(self) -> bytes: ...
    @property
    def rdata(self) -> bytes: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Rrsig:
    """RFC 4034 §3. Times are seconds modulo 2**32, to be compared by RFC 1982."""

    @property
    def type_covered(self) -> int: ...
    @property
    def algorithm(self) -> int: ...
    @property
    def labels(self) -> int: ...
    @property
    def original_ttl(self) -> int: ...
    @property
    def expiration(self) -> int: ...
    @property
    def inception(self) -> int: ...
    @property
    def key_tag(self) -> int: ...
    @property
    def signer(self) -> Name: ...
    @property
    def signature(self) -> bytes: ...
    @property
    def rdata(self) -> bytes: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Nsec:
    """RFC 4034 §4."""

    @property
    def next_name(self) -> Name: ...
    @property
    def types(self) -> frozenset[int]: ...
    def has_type(self, rdtype: int) -> bool: ...

@final
class Nsec3:
    """RFC 5155 §3."""

    @property
    def hash_algorithm(self) -> int: ...
    @property
    def flags(self) -> int: ...
    @property
    def opt_out(self) -> bool: ...
    @property
    def iterations(self) -> int: ...
    @property
    def salt(self) -> bytes: ...
    @property
    def next_hash(self) -> bytes: ...
    @property
    def types(self) -> frozenset[int]: ...
    def has_type(self, rdtype: int) -> bool: ...

@final
class RRset:
    """Records of one owner, type and class. Rdata is uncompressed, in the case and order it came in.

    An RRset of RRSIGs holds those that cover one type (`covers`); for other types `covers` is 0.
    Duplicate rdata (equal in canonical form, RFC 2181 §5) is dropped. TTL is the smallest of its records (RFC 2181 §5.2).
    """

    def __new__(cls, owner: Name, rdtype: int, ttl: int, rdatas: tuple[bytes, ...], rdclass: int = 1) -> Self:
        """Raises WireError when rdata does not fit its type, ValueError when RRSIGs of several covered types are mixed."""

    @property
    def owner(self) -> Name: ...
    @property
    def rdtype(self) -> int: ...
    @property
    def rdclass(self) -> int: ...
    @property
    def ttl(self) -> int: ...
    @property
    def covers(self) -> int: ...
    @property
    def rdatas(self) -> tuple[bytes, ...]: ...
    def canonical_rdatas(self) -> tuple[bytes, ...]:
        """Rdata in canonical form (RFC 4034 §6.2 as corrected by RFC 6840 §5.1) and order (§6.3)."""

    def dnskeys(self) -> tuple[Dnskey, ...]:
        """Typed views (also of CDNSKEY). They are parsed once and kept. Raises TypeError when the type is another."""

    def dses(self) -> tuple[Ds, ...]:
        """Also of CDS."""

    def rrsigs(self) -> tuple[Rrsig, ...]: ...
    def nsec(self) -> Nsec | None:
        """The one record of an NSEC RRset; None when there are several (RFC 4034 §4: one per owner)."""

    def nsec3s(self) -> tuple[Nsec3, ...]: ...
    def target(self) -> Name:
        """The single name that a CNAME, DNAME, NS or PTR record (the first) holds. TypeError for other types."""

    def names(self) -> tuple[Name, ...]:
        """The target names of all records of an NS, CNAME, DNAME, PTR or MX RRset (MX: the exchange)."""

    def with_ttl(self, ttl: int) -> RRset: ...
    def with_owner(self, owner: Name) -> RRset: ...
    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool:
        """Same owner, type, class and set of canonical rdata; TTL and order do not count."""

    def __hash__(self) -> int: ...

@final
class Edns:
    """The OPT pseudo-record (RFC 6891 §6)."""

    def __new__(
        cls, udp_size: int = 1232, do: bool = True, options: tuple[tuple[int, bytes], ...] = (), version: int = 0
    ) -> Self: ...
    @property
    def udp_size(self) -> int: ...
    @property
    def do(self) -> bool: ...
    @property
    def version(self) -> int: ...
    @property
    def options(self) -> tuple[tuple[int, bytes], ...]: ...

@final
class Message:
    """A DNS message (RFC 1035 §4), its records grouped into RRsets in order of first appearance, the OPT taken out.

    `flags` holds QR, AA, TC, RD, RA, AD, CD in their places (0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010);
    opcode and rcode are separate, rcode with the extended bits of the OPT (RFC 6891 §6.1.3). Exactly zero or one question.
    """

    def __new__(
        cls,
        id: int,
        flags: int,
        question: tuple[Name, int, int] | None,
        answer: tuple[RRset, ...] = (),
        authority: tuple[RRset, ...] = (),
        additional: tuple[RRset, ...] = (),
        *,
        opcode: int = 0,
        rcode: int = 0,
        edns: Edns | None = None,
    ) -> Self: ...
    @staticmethod
    def from_wire(wire: bytes) -> Message:
        """Whole message. Raises WireError: truncated, bad compression (forward or looping pointer), rdata that does not
        fit its type, counts that lie, two OPTs, more than one question, trailing octets. With TC set it may end early."""

    def to_wire(self, max_size: int = 65535) -> bytes:
        """Compressed (owner names and the names of RFC 1035 types only, RFC 3597 §4). When larger than `max_size`: whole
        RRsets are dropped from the end and TC set unless only the additional section lost any; the OPT is always kept."""

    @property
    def id(self) -> int: ...
    @property
    def flags(self) -> int: ...
    @property
    def opcode(self) -> int: ...
    @property
    def rcode(self) -> int: ...
    @property
    def question(self) -> tuple[Name, int, int] | None: ...
    @property
    def answer(self) -> tuple[RRset, ...]: ...
    @property
    def authority(self) -> tuple[RRset, ...]: ...
    @property
    def additional(self) -> tuple[RRset, ...]: ...
    @property
    def edns(self) -> Edns | None: ...
    def is_authoritative(self) -> bool: ...
    def is_truncated(self) -> bool: ...

# --- records, loose ---------------------------------------------------------------------------------------------------

def parse_records(wire: bytes) -> list[RRset]:
    """Uncompressed or compressed-free wire records one after another (RFC 9102 §3 chains): each record its own
    single-record RRset, in order. Raises WireError."""

def record_wire(rrset: RRset) -> bytes:
    """The records of an RRset one after another, uncompressed, as RFC 9102 chains hold them."""

# --- cryptography -----------------------------------------------------------------------------------------------------

VERIFIED: Final[int]  # 0
BAD_SIGNATURE: Final[int]  # 1: the key is usable, the signature is not its own (also: wrong length)
UNSUPPORTED: Final[int]  # 2: the kernel's library can't: Ed448, RSA under 1024 or over 8192 bits, unknown algorithm
MALFORMED_KEY: Final[int]  # 3: the public key does not parse for its algorithm

def signed_data(rrset: RRset, rrsig: Rrsig) -> bytes:
    """What the signature is over (RFC 4034 §3.1.8.1): RRSIG RDATA without signature, signer lower-cased, then each RR in
    canonical form and order, original TTL, owner reduced to the wildcard when Labels says so (RFC 4035 §5.3.2).
    Raises ValueError when Labels exceeds the owner's label count."""

def verify(rrset: RRset, rrsig: Rrsig, dnskey: Dnskey) -> int:
    """One signature by one key; an outcome above. Algorithm is the key's; nothing else is compared (not tag, not time)."""

def verify_many(jobs: list[tuple[RRset, Rrsig, Dnskey]], threads: int = 0) -> list[int]:
    """Outcomes in the order of the jobs, on `threads` threads (0: all cores, but never more than pays off)."""

def verify_raw(algorithm: int, public_key: bytes, signature: bytes, data: bytes) -> int: ...

@final
class SigningKey:
    """A private key of algorithm 8, 10, 13, 14, 15 or 18. Opaque: `repr` shows no secret."""

    @staticmethod
    def from_pkcs8(algorithm: int, der: bytes) -> SigningKey:
        """Raises ValueError: not a PKCS#8 key, or not of that algorithm. Algorithm 18: the 32-octet seed form."""

    @staticmethod
    def generate(algorithm: int, bits: int = 2048) -> SigningKey:
        """`bits` for RSA only (2048, 3072 or 4096)."""

    @property
    def algorithm(self) -> int: ...
    @property
    def public_key(self) -> bytes:
        """As the DNSKEY's public key field holds it (RFC 3110, 6605, 8080)."""

    def to_pkcs8(self) -> bytes: ...
    def sign_raw(self, data: bytes) -> bytes:
        """The signature as the RRSIG's field holds it (ECDSA: r | s)."""

@final
class SignJob:
    """One signature to make. `labels` and original TTL come from the RRset; times are epoch seconds modulo 2**32."""

    def __new__(
        cls, rrset: RRset, key: SigningKey, key_tag: int, signer: Name, inception: int, expiration: int
    ) -> Self: ...

def sign_many(jobs: list[SignJob], threads: int = 0) -> list[bytes]:
    """RRSIG rdata, in order."""

def ds_digest(owner: Name, dnskey: Dnskey, digest_type: int) -> bytes | None:
    """RFC 4034 §5.1.4, with digest types 1, 2 (RFC 4509) and 4 (RFC 6605); None when the type is unknown."""

def nsec3_hash(name: Name, salt: bytes, iterations: int) -> bytes:
    """RFC 5155 §5, SHA-1; 20 octets."""

def nsec3_hash_many(names: list[Name], salt: bytes, iterations: int, threads: int = 0) -> list[bytes]: ...
def base32hex(data: bytes) -> str:
    """Lower case, no padding (RFC 5155 §1.3)."""

def base32hex_decode(text: bytes) -> bytes | None:
    """Either case; None when not base32hex without padding."""

# --- presentation format of what is shown often (the rest goes through dnspython in `unbroken.dns.presentation`) --------

def rdata_to_text(rdtype: int, rdata: bytes) -> str | None:
    """A, AAAA, NS, CNAME, DNAME, PTR, MX, SOA, TXT, DS, CDS, DNSKEY, CDNSKEY, RRSIG, NSEC, NSEC3, NSEC3PARAM, TLSA, CAA, SRV;
    None for other types. Raises WireError for malformed rdata."""

def type_to_text(rdtype: int) -> str:
    """IANA mnemonic, else TYPEnnn (RFC 3597 §5)."""

def type_from_text(text: str) -> int:
    """Mnemonic in either case or TYPEnnn. Raises ValueError."""

# --- datagrams ----------------------------------------------------------------------------------------------------------

@final
class PacketLoop:
    """One UDP socket, served without the interpreter as far as replies are known: a reply that was put in is repeated to who
    asks the same, with their id, their letter case, and TTLs counted down. All else waits to be fetched.

    `socket` must be bound, blocking, with a time-out for receiving (SO_RCVTIMEO): that is how often `run` looks for
    `stop`. Close it only after `run` has returned. `udp_size`: octets of the largest reply; `octets`: how much to keep;
    `queue`: how many queries may wait, more are dropped. `allow`, `deny`: prefixes (address, bits) of clients that get
    repeated replies; `rate`: how many a second each, 0 for any number; `burst`: how many at once. Raises ValueError, and
    OSError.
    """

    def __new__(
        cls,
        socket: object,
        *,
        udp_size: int,
        octets: int,
        queue: int,
        allow: Sequence[tuple[str, int]],
        deny: Sequence[tuple[str, int]],
        rate: float,
        burst: float,
    ) -> Self: ...
    def fileno(self) -> int:
        """Readable while queries wait."""

    def run(self) -> None:
        """Serve in this thread, without the GIL, until `stop`; others may do so too. Raises OSError when the socket fails."""

    def stop(self) -> None: ...
    def fetch(self, most: int) -> list[tuple[bytes, str, int, bool]]:
        """Up to `most` queries that wait: octets, the client's address and port, whether it is over its rate."""

    def reply(self, reply: bytes, address: str, port: int) -> bool:
        """Send a reply. False when the system does not take it."""

    def put(self, query: bytes, reply: bytes, seconds: float) -> bool:
        """Repeat a reply to those who ask the same in the next `seconds`. False when it can't be: the query has more than a
        question and an OPT record without options, or the reply is truncated or too large. Raises WireError for a
        malformed reply, ValueError for an impossible lifetime."""

    def serve_clients(
        self, allow: Sequence[tuple[str, int]], deny: Sequence[tuple[str, int]], rate: float, burst: float
    ) -> None:
        """From now on these, as in the constructor, with full allowances. Raises ValueError."""

    def clear(self) -> None:
        """Forget all replies."""

    def size(self) -> tuple[int, int]:
        """How many replies are kept, and about how many octets they take."""

    def counts(self) -> tuple[list[int], int, int, int]:
        """Datagrams so far: repeated (by rcode), handed on, dropped because too many waited, replies that the system did not
        take."""

# --- whole zones --------------------------------------------------------------------------------------------------------

class ScanError(ValueError):
    """A master file that can't be read: `file`, `line` and `column` (from 1; 0 for the whole file), and `what` is wrong."""

    file: str
    line: int
    column: int
    what: str

@final
class Progress:
    """How far work on a zone has come. Another thread may look at it, and stop it."""

    def __new__(cls) -> Self: ...
    def state(self) -> tuple[int, int]:
        """Names done, and names in all (0 before that is known)."""

    def cancel(self) -> None:
        """Let the work end with InterruptedError."""

@final
class ZoneBuilder:
    """Records on their way to a zone. May be changed until `finish`."""

    def foreign(self) -> list[tuple[int, str, Name | None, str, int, int]]:
        """Rdata of rare types, which the kernel does not read: type, text, origin of relative names, file, line, column."""

    @property
    def unended(self) -> list[str]:
        """Names of the files whose last line has no end: they may have been cut off."""

    def supply(self, found: list[tuple[bytes, bytes]]) -> None:
        """For each entry of `foreign`, its rdata in wire format and as text (empty: none). Raises ScanError."""

    def apex(self) -> Name:
        """Owner of the SOA. Raises ScanError when there is none, or there are several."""

    def rrset(self, name: Name, rdtype: int) -> RRset | None:
        """The records of that name and type so far. Looks at every record."""

    def drop_types(self, rdtypes: list[int], name: Name | None = None) -> int:
        """Remove all records of these types, or those at one name; how many they were."""

    def add(self, rrset: RRset) -> None: ...
    def finish(self) -> KernelZone:
        """The zone. The builder is empty afterwards. Raises ScanError for records outside the zone of the SOA."""

def scan_zone(
    path: str, origin: Name | None = None, default_ttl: int | None = None, include: bool = True
) -> ZoneBuilder:
    """The records of a master file (RFC 1035 §5), `-` for standard input. `default_ttl` in seconds. Raises ScanError."""

def scan_zone_text(
    name: str, text: bytes, origin: Name | None = None, default_ttl: int | None = None, include: bool = False
) -> ZoneBuilder:
    """The records of master-file text, for which `name` stands in errors. Raises ScanError."""

@final
class KernelZone:
    """A whole zone, its records in canonical order (RFC 4034 §6), held compactly."""

    @property
    def origin(self) -> Name: ...
    @property
    def record_count(self) -> int: ...
    @property
    def owner_count(self) -> int: ...
    @property
    def duplicates(self) -> int:
        """Records that stood there twice and were dropped (RFC 2181 §5)."""

    @property
    def mixed_ttls(self) -> int:
        """RRsets whose records had several TTLs, of which the smallest counts (RFC 2181 §5.2)."""

    def misfits(self) -> list[tuple[str, Name, int, int, int, bool, int, str]]:
        """Records that must not stand where they do (a CNAME beside other data, say), in the form of `verify_zone`."""

    def rrset(self, owner: Name, rdtype: int, covers: int = 0) -> RRset | None:
        """An RRset; of RRSIGs, those that cover that type."""

@final
class ZoneSigningKey:
    """A key that signs a whole zone. Without `private`, its signatures are made elsewhere and supplied."""

    def __new__(cls, dnskey: Dnskey, signs_keys: bool, signs_data: bool, private: SigningKey | None = None) -> Self: ...

@final
class ZoneSigning:
    """A zone with its denial chain, ready to be signed. Times are seconds modulo 2**32, durations seconds.

    `nsec3`: salt, iterations, opt-out; None for NSEC. `jitter`: signatures end up to so much earlier than `expiration`.
    `earlier`: signatures of that zone over the same RRsets by the same keys are kept while `refresh` of them is left.
    `digests`: hash algorithms of RFC 8976 §5.3 to digest the output with; the ZONEMD RRset itself is then left out of it.
    """

    def __new__(
        cls,
        zone: KernelZone,
        keys: list[ZoneSigningKey],
        inception: int,
        expiration: int,
        now: int,
        nsec3: tuple[bytes, int, bool] | None = None,
        jitter: int = 0,
        refresh: int = 0,
        digests: Sequence[int] = (),
        earlier: KernelZone | None = None,
        threads: int = 0,
    ) -> Self: ...
    @property
    def pieces(self) -> int:
        """Pieces that the zone is signed in."""

    def to_sign(self, piece: int) -> list[tuple[int, bytes]]:
        """What keys without a private part have to sign in a piece: number of the key, data."""

    def supply(self, piece: int, signatures: list[bytes]) -> None:
        """The signatures over `to_sign(piece)`, in its order."""

    def write(self, path: str, progress: Progress | None = None, threads: int = 0) -> dict[str, Any]:
        """Sign and write a master file in canonical order. Keys: made, kept (signatures), denials, records, octets,
        first_expiration (seconds modulo 2**32, or None), digests. Raises OSError, ValueError."""

def verify_zone(
    zone: KernelZone,
    now: int,
    earlier: KernelZone | None = None,
    progress: Progress | None = None,
    threads: int = 0,
) -> dict[str, Any]:
    """Verify every signature by every key that it names, and the denial chain. With `earlier`, signatures that stood there
    over the same RRsets, by the same keys, are not verified again.

    Keys: problems (code, owner, type, key tag, algorithm, is harmless, time, detail), unverified (RRset, RRSIG, DNSKEY as
    RRsets, which the kernel's library can't verify), verified, skipped, signed_rrsets (counts), dnskey_signers (DNSKEY rdata
    of the keys that sign the DNSKEY RRset), first_expiration, has_nsec, nsec3 (salt, iterations, opt-out).
    """

def zone_digest(zone: KernelZone, hash_algorithm: int) -> bytes | None:
    """The ZONEMD digest (RFC 8976 §3.3): 1 SHA-384, 2 SHA-512; None for others."""
