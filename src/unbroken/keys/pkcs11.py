"""Keys that never leave a hardware security module or token: signing through PKCS#11, in several sessions at once.

The library is python-pkcs11, which is only installed with the extra `pkcs11`, and imported when a token is asked for.
"""

import ctypes
import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Final

from unbroken import der
from unbroken._kernel import VERIFIED, verify_raw
from unbroken.dns import Dnskey, Name, registry
from unbroken.errors import InputError, StateError, UsageError
from unbroken.files import read_bounded
from unbroken.keys.pkcs8 import ALGORITHMS, KINDS, Kind, rsa_public_key
from unbroken.keys.pkcs11_uri import Pkcs11Uri
from unbroken.keys.signer import require_may_sign
from unbroken.keys.zone_key import ZoneKey, has_free_tag, zone_key

if TYPE_CHECKING:
    import pkcs11

_ATTEMPTS: Final = 16  # a free tag is found at once; each attempt leaves work for the token
_MAX_PIN: Final = 4096  # octets of a PIN file
_CURVES: Final = {
    # RFC 5480 §2.1.1.1: the curves' OIDs; PKCS#11 v3.0 §2.3.3 lets a token name Ed25519 by OID or by this string.
    der.encode_oid("1.2.840.10045.3.1.7"): Kind.P256,
    der.encode_oid("1.3.132.0.34"): Kind.P384,
    der.encode(0x13, b"edwards25519"): Kind.ED25519,
    der.encode_oid("1.3.101.112"): Kind.ED25519,
}
_HASHES: Final = {registry.ECDSAP256SHA256: hashlib.sha256, registry.ECDSAP384SHA384: hashlib.sha384}
_PROBE: Final = b"unbroken: does this private key belong to that public key?"


@dataclass(frozen=True, slots=True)
class TokenAccess:
    """How to get at tokens whose URI does not say: the module (a shared library) and the PIN. `sessions` sign at once."""

    module: str = ""
    pin: str = field(default="", repr=False)
    sessions: int = 4


class Pkcs11Signer:
    """A private key in a token, as a `Signer`. Any number of threads may use it; `sessions` of them sign at once."""

    def __init__(self, uri: Pkcs11Uri, algorithm: int, public_key: bytes, keys: "Sequence[pkcs11.PrivateKey]") -> None:
        self.uri = uri
        self._algorithm = algorithm
        self._public_key = public_key
        self._sessions = keys
        self._free = list(keys)
        self._is_free = threading.Condition()

    @staticmethod
    def open(uri: Pkcs11Uri, access: TokenAccess, expected: Dnskey | int | None = None) -> "Pkcs11Signer":
        """Log in and find the key. `expected` is the DNSKEY whose private part it must be, or its algorithm.

        Raises UsageError without python-pkcs11, InputError when the URI names no key or several, ValueError when it is not
        the key expected, StateError when the token does not do its part.
        """
        with _told(uri):
            sessions: list[pkcs11.Session] = []
            try:
                sessions.extend(_sessions(_find_token(uri, access), uri, access))
                signer = _signer(uri, sessions, expected)
            except BaseException:
                # A login lasts as long as a session of this process does, and would make the next wrong PIN a right one.
                for session in sessions:
                    session.close()
                raise
        return signer

    @staticmethod
    def generate(uri: Pkcs11Uri, access: TokenAccess, algorithm: int, bits: int = 2048) -> "Pkcs11Signer":
        """A new key in the token, never to leave it, under the URI's label and an id of its own. Raises as `open`."""
        require_may_sign(algorithm)
        if not uri.label:
            raise InputError(str(uri), "does not say what the key is to be called", "add object=LABEL")
        made = replace(uri, id=uri.id or os.urandom(16))
        with _told(uri):
            session = _open_session(_find_token(uri, access), uri, access, writes=True)
            try:
                _generate_pair(session, made, algorithm, bits)
            finally:
                # The keys are searched for in sessions of their own: those of one that may write are fewer.
                session.close()
        return Pkcs11Signer.open(made, access, algorithm)

    @property
    def algorithm(self) -> int:
        return self._algorithm

    @property
    def public_key(self) -> bytes:
        return self._public_key

    def sign(self, data: bytes) -> bytes:
        """One signature, in whatever session is free. Raises StateError when the token does not make it."""
        with self._is_free:
            self._is_free.wait_for(lambda: self._free)
            key = self._free.pop()
        try:
            with _told(self.uri):
                return _sign(key, self._algorithm, data)
        finally:
            with self._is_free:
                self._free.append(key)
                self._is_free.notify()

    def sign_many(self, data: list[bytes]) -> list[bytes]:
        """Signatures in the order of the data, made by all sessions in parallel. Raises StateError."""
        workers = min(len(self._sessions), len(data))
        if workers < 2:
            return [self.sign(each) for each in data]
        # One task a session, not one a signature: there may be millions.
        signatures = [b""] * len(data)
        with ThreadPoolExecutor(workers, "pkcs11") as pool:
            shares = pool.map(lambda start: [self.sign(each) for each in data[start::workers]], range(workers))
            for start, share in enumerate(shares):
                signatures[start::workers] = share
        return signatures

    def destroy(self) -> None:
        """Take the pair out of the token again, as when its key tag was not free. Raises StateError."""
        with _told(self.uri):
            session = self._sessions[0].session.token.open(rw=True)
            try:
                for kind in ("PRIVATE_KEY", "PUBLIC_KEY"):
                    _find_key(session, self.uri, kind).destroy()
            finally:
                session.close()
        self.close()

    def close(self) -> None:
        """End the sessions; the signer is of no use after it. Raises StateError."""
        with _told(self.uri):
            for key in self._sessions:
                key.session.close()

    def __repr__(self) -> str:
        return f"Pkcs11Signer({self.uri}, algorithm={self._algorithm})"


def _signer(uri: Pkcs11Uri, sessions: "Sequence[pkcs11.Session]", expected: Dnskey | int | None) -> Pkcs11Signer:
    keys = [_find_key(session, uri, "PRIVATE_KEY") for session in sessions]
    wanted = expected.algorithm if isinstance(expected, Dnskey) else expected
    algorithm = _algorithm_of(keys[0], uri, wanted)
    if isinstance(expected, Dnskey):
        public_key = expected.public_key
    else:
        public_key = _public_key(_find_key(sessions[0], uri, "PUBLIC_KEY"))
    signer = Pkcs11Signer(uri, algorithm, public_key, keys)
    # A token tells nothing of a private key, so that only a signature shows whose it is.
    if verify_raw(algorithm, public_key, signer.sign(_PROBE), _PROBE) != VERIFIED:
        raise ValueError("the private key in the token is not the one of its DNSKEY record")
    return signer


# --- the library ----------------------------------------------------------------------------------------------------


def _library() -> ModuleType:
    try:
        import pkcs11
    except ImportError:
        raise UsageError(
            "keys in a token need the package python-pkcs11, which is not installed: pip install 'unbroken[pkcs11]'"
        ) from None
    return pkcs11


@contextmanager
def _told(uri: Pkcs11Uri) -> Iterator[None]:
    """What the library raises, as an error that can be acted on. Its own messages are mostly empty; names say more."""
    library = _library()
    try:
        yield
    except (library.PinIncorrect, library.PinLocked, library.PinInvalid, library.PinLenRange) as error:
        what = "the token's PIN is locked" if isinstance(error, library.PinLocked) else "the token refuses the PIN"
        raise InputError(str(uri), what, "check the PIN before the token locks itself") from None
    except (library.MechanismInvalid, library.MechanismParamInvalid) as error:
        raise StateError(f"{uri}: the token can't do what this algorithm needs ({type(error).__name__})") from None
    except library.PKCS11Error as error:
        words = " ".join(str(error).split())
        raise StateError(f"{uri}: the token fails: {type(error).__name__}{f' ({words})' if words else ''}") from None


class _InitializeArguments(ctypes.Structure):
    """CK_C_INITIALIZE_ARGS (PKCS#11 v3.0 §3.7)."""

    _fields_: ClassVar = [
        *((name, ctypes.c_void_p) for name in ("create_mutex", "destroy_mutex", "lock_mutex", "unlock_mutex")),
        ("flags", ctypes.c_ulong),
        ("reserved", ctypes.c_void_p),
    ]


_OS_LOCKING: Final = 0x2  # CKF_OS_LOCKING_OK
_ALREADY_INITIALIZED: Final = 0x191  # CKR_CRYPTOKI_ALREADY_INITIALIZED
_loaded: Final[dict[str, Any]] = {}
_loading: Final = threading.Lock()


def load_module(path: str) -> Any:
    """The PKCS#11 module at `path`, ready for threads; loaded once a process. Raises InputError."""
    with _loading:
        if path not in _loaded:
            _loaded[path] = _load(path)
        return _loaded[path]


def _load(path: str) -> Any:
    """python-pkcs11 would call C_Initialize without arguments, which promises that only one thread calls (PKCS#11 v3.0
    §5.4), and SoftHSM crashes when two sessions then sign at once. So that call is made here, with the other promise."""
    library = _library()
    from pkcs11 import _pkcs11

    class Initialized(_pkcs11.lib):
        """A module that is initialised already."""

        def initialize(self) -> None:
            """Nothing is left to do."""

    arguments = _InitializeArguments(flags=_OS_LOCKING)
    try:
        result = ctypes.CDLL(path).C_Initialize(ctypes.byref(arguments))
        if result not in (0, _ALREADY_INITIALIZED):
            raise OSError(f"C_Initialize returns {result:#x}")
        return Initialized(path)
    except (OSError, AttributeError, library.PKCS11Error) as error:
        what = f"can't be loaded as a PKCS#11 module ({str(error) or type(error).__name__})"
        raise InputError(path, what, "give the path of a module") from None


def _find_token(uri: Pkcs11Uri, access: TokenAccess) -> "pkcs11.Token":
    module = uri.module_path or access.module
    if not module:
        fix = "add ?module-path=/usr/lib/softhsm/libsofthsm2.so, or whichever it is, or give --pkcs11-module"
        raise InputError(str(uri), "does not say which PKCS#11 module to load", fix)
    slots = load_module(module).get_slots(token_present=True)
    tokens = [token for token in map(_token_in, slots) if token is not None and _is_meant(token, uri)]
    if len(tokens) != 1:
        what = f"{len(tokens)} tokens fit it" if tokens else "no token fits it"
        raise InputError(str(uri), what, "name the token by token=LABEL or serial=NUMBER")
    return tokens[0]


def _token_in(slot: "pkcs11.Slot") -> "pkcs11.Token | None":
    """The token in a slot; None when it is gone, or was never set up."""
    library = _library()
    try:
        token = slot.get_token()
    except (library.TokenNotPresent, library.TokenNotRecognised):
        return None
    return token if token.flags & library.TokenFlag.TOKEN_INITIALIZED else None


def _is_meant(token: "pkcs11.Token", uri: Pkcs11Uri) -> bool:
    """RFC 7512 §2.5: an attribute that the URI lacks fits anything."""
    if uri.slot_id is not None and token.slot.slot_id != uri.slot_id:
        return False
    serial = token.serial.decode("utf-8", "replace")
    pairs = (
        (uri.token, token.label),
        (uri.serial, serial),
        (uri.manufacturer, token.manufacturer_id),
        (uri.model, token.model),
    )
    return all(not wanted or wanted == str(has).strip() for wanted, has in pairs)


def _sessions(token: "pkcs11.Token", uri: Pkcs11Uri, access: TokenAccess) -> "Iterator[pkcs11.Session]":
    """As many as asked for, or as the token has."""
    library = _library()
    yield _open_session(token, uri, access)
    for _ in range(access.sessions - 1):
        try:
            yield token.open()
        except (library.SessionCount, library.HostMemory, library.DeviceMemory):
            return


def _open_session(
    token: "pkcs11.Token", uri: Pkcs11Uri, access: TokenAccess, *, writes: bool = False
) -> "pkcs11.Session":
    pin = _pin(uri, access)
    try:
        return token.open(rw=writes, user_pin=pin or None)
    except _library().UserAlreadyLoggedIn:  # PKCS#11 v3.0 §5.6: a login is the whole process's
        return token.open(rw=writes)


def _pin(uri: Pkcs11Uri, access: TokenAccess) -> str:
    """The PIN: from the URI, from the file that it names, or as the caller says. Raises InputError, without the PIN."""
    # RFC 7512 §2.4: if a URI contains both pin-source and pin-value, it SHOULD be refused.
    if uri.pin_source and uri.pin_value:
        raise InputError(str(uri), "has both pin-source and pin-value", "leave one of them out")
    if not uri.pin_source:
        return uri.pin_value or access.pin
    # RFC 7512 §2.4: pin-source is a file: URI, or a command after `|`, which is never run here.
    path = uri.pin_source.removeprefix("file://").removeprefix("file:")
    if not path.startswith("/"):
        raise InputError(str(uri), "pin-source is no absolute file name", "write ?pin-source=file:/PATH")
    try:
        return read_bounded(path, _MAX_PIN).decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise InputError(path, "holds no PIN", "put the PIN into it, as text") from None


# --- keys in it -----------------------------------------------------------------------------------------------------


def _find_key(session: "pkcs11.Session", uri: Pkcs11Uri, kind: str) -> Any:
    library = _library()
    if not uri.label and not uri.id:
        raise InputError(str(uri), "names a token, but no key in it", "add object=LABEL or id=%HEX")
    try:
        return session.get_key(object_class=library.ObjectClass[kind], label=uri.label or None, id=uri.id or None)
    except library.NoSuchKey:
        part = "public" if kind == "PUBLIC_KEY" else "private"
        hint = "keep the public key in the token too" if part == "public" else "is the PIN given?"
        raise InputError(str(uri), f"there is no such {part} key in the token", hint) from None
    except library.MultipleObjectsReturned:
        raise InputError(str(uri), "several keys fit it", "add id=%HEX") from None


def _algorithm_of(key: Any, uri: Pkcs11Uri, wanted: int | None) -> int:
    """The DNSSEC algorithm that a key in a token serves. Raises ValueError when it is not the one wanted."""
    library = _library()
    if key.key_type == library.KeyType.RSA:
        kind: Kind | None = Kind.RSA
    else:
        kind = _CURVES.get(bytes(key[library.Attribute.EC_PARAMS]))
    if kind is None:
        raise InputError(str(uri), "is no key that DNSSEC has an algorithm for", "use RSA, P-256, P-384 or Ed25519")
    algorithm = ALGORITHMS[kind][0] if wanted is None else wanted
    if KINDS.get(algorithm) is not kind:
        raise ValueError(f"the token holds a key of kind {kind.value}, not of {registry.algorithm_text(algorithm)}")
    require_may_sign(algorithm)
    return algorithm


def _public_key(key: Any) -> bytes:
    """The public key field of the DNSKEY. Raises ValueError when the token gives none that parses."""
    attribute = _library().Attribute
    if key.key_type == _library().KeyType.RSA:
        modulus, exponent = (int.from_bytes(key[each]) for each in (attribute.MODULUS, attribute.PUBLIC_EXPONENT))
        return rsa_public_key(modulus, exponent)
    # PKCS#11 v3.0 §2.3.3: the point is wrapped in an OCTET STRING.
    point = der.Reader(bytes(key[attribute.EC_POINT])).take(der.OCTET_STRING, "the public point").contents
    # RFC 6605 §4: without the octet that says it is not compressed. Ed25519 has none (RFC 8080 §3).
    return point[1:] if len(point) % 2 else point


def _generate_pair(session: "pkcs11.Session", uri: Pkcs11Uri, algorithm: int, bits: int) -> None:
    library = _library()
    kind = KINDS[algorithm]
    template = {library.Attribute.SENSITIVE: True, library.Attribute.EXTRACTABLE: False}
    common: dict[str, Any] = {"id": uri.id, "label": uri.label, "store": True, "private_template": template}
    if kind is Kind.RSA:
        if bits not in (2048, 3072, 4096):
            raise UsageError(f"no key of {registry.algorithm_text(algorithm)} with {bits} bits: 2048, 3072 or 4096")
        session.generate_keypair(library.KeyType.RSA, bits, **common)
        return
    parameters = [encoded for encoded, curve in _CURVES.items() if curve is kind]
    if not parameters:
        raise UsageError(f"a token makes no keys of {registry.algorithm_text(algorithm)}; use 8, 10, 13, 14 or 15")
    key_type = library.KeyType.EC_EDWARDS if kind is Kind.ED25519 else library.KeyType.EC
    domain = session.create_domain_parameters(key_type, {library.Attribute.EC_PARAMS: parameters[0]}, local=True)
    domain.generate_keypair(**common)


def _sign(key: Any, algorithm: int, data: bytes) -> bytes:
    """One signature as an RRSIG holds it. ECDSA's r and s come as RFC 6605 §4 wants them."""
    mechanism = _library().Mechanism
    if algorithm in _HASHES:
        # Tokens know CKM_ECDSA; the variants that hash themselves are rarer.
        made = key.sign(_HASHES[algorithm](data).digest(), mechanism=mechanism.ECDSA)
    elif algorithm == registry.ED25519:
        made = key.sign(data, mechanism=mechanism.EDDSA)
    else:
        is_long = algorithm == registry.RSASHA512
        made = key.sign(data, mechanism=mechanism.SHA512_RSA_PKCS if is_long else mechanism.SHA256_RSA_PKCS)
    return bytes(made)


def generate_in_token(
    zone: Name,
    uri: Pkcs11Uri,
    access: TokenAccess,
    algorithm: int,
    bits: int = 2048,
    *,
    role: str,
    avoid: frozenset[int] = frozenset(),
) -> ZoneKey:
    """A new key pair of `zone` in the token, of role KSK, ZSK or CSK, whose tag, revoked or not, is none of `avoid`; see
    `keys.generate`. Raises as `Pkcs11Signer.open`, and UsageError when no tag is free."""
    for _ in range(_ATTEMPTS):
        signer = Pkcs11Signer.generate(uri, access, algorithm, bits)
        key = zone_key(zone, signer, secure_entry_point=role != "ZSK", csk=role == "CSK")
        if has_free_tag(key.dnskey, avoid):
            return key
        signer.destroy()
    raise UsageError(f"no key for {zone} has a free tag after {_ATTEMPTS} attempts: {len(avoid)} tags are in use")
