"""PKCS#11 URIs (RFC 7512): where in which token a key is, and how to get at it."""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from unbroken.errors import InputError

_SCHEME: Final = "pkcs11:"
_PATH: Final = ("token", "manufacturer", "model", "serial", "slot-id", "object", "id", "type")
_QUERY: Final = ("module-path", "pin-source", "pin-value")
# Attributes that describe library and slot in more words: they narrow a search, and none is needed to find a key.
_PASSED_OVER: Final = frozenset(
    {"library-manufacturer", "library-description", "library-version", "slot-manufacturer", "slot-description"}
)
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_FIX: Final = "write pkcs11:token=LABEL;object=LABEL, as `p11tool --list-all` shows it"


@dataclass(frozen=True, slots=True)
class Pkcs11Uri:
    """A PKCS#11 URI, parsed. Attributes that it does not have are empty (`slot_id`: None)."""

    token: str = ""
    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    slot_id: int | None = None
    label: str = ""
    id: bytes = b""
    module_path: str = ""
    pin_source: str = ""
    pin_value: str = field(default="", repr=False)

    def __str__(self) -> str:
        """The URI without its PIN: what may be shown, and kept in files."""
        path = [
            *(f"{name}={_quote(value.encode())}" for name, value in self._texts() if value),
            *([f"slot-id={self.slot_id}"] if self.slot_id is not None else []),
            *([f"id={''.join(f'%{octet:02X}' for octet in self.id)}"] if self.id else []),
        ]
        query = [
            f"{name}={_quote(value.encode(), '/:')}"
            for name, value in (("module-path", self.module_path), ("pin-source", self.pin_source))
            if value
        ]
        return _SCHEME + ";".join(path) + ("?" + "&".join(query) if query else "")

    def _texts(self) -> tuple[tuple[str, str], ...]:
        return (
            ("token", self.token),
            ("manufacturer", self.manufacturer),
            ("model", self.model),
            ("serial", self.serial),
            ("object", self.label),
        )


def is_pkcs11_uri(text: str) -> bool:
    """Whether a text means to be one."""
    return text[: len(_SCHEME)].lower() == _SCHEME


def parse_pkcs11_uri(text: str) -> Pkcs11Uri:
    """Raises InputError. No message repeats a PIN."""
    shown = text.split("?", 1)[0][:80]
    if not is_pkcs11_uri(text):
        raise InputError(shown, "is not a PKCS#11 URI", _FIX)
    path, _, query = text[len(_SCHEME) :].partition("?")
    values = _attributes(shown, path, ";", _PATH) | _attributes(shown, query, "&", _QUERY)
    texts = {name: _text(shown, name, value) for name, value in values.items() if name != "id"}
    # RFC 7512 §2.3: `type` says which object is meant; a certificate or datum can't sign.
    if texts.get("type", "private") not in ("private", "public"):
        raise InputError(shown, f"names an object of type {texts['type'][:20]!r}", "name a key: type=private")
    slot = texts.get("slot-id")
    if slot is not None and not (slot.isascii() and slot.isdigit() and len(slot) <= 19):
        raise InputError(shown, f"slot-id is {slot[:20]!r}", "give a number")
    return Pkcs11Uri(
        token=texts.get("token", ""),
        manufacturer=texts.get("manufacturer", ""),
        model=texts.get("model", ""),
        serial=texts.get("serial", ""),
        slot_id=None if slot is None else int(slot),
        label=texts.get("object", ""),
        id=values.get("id", b""),
        module_path=texts.get("module-path", ""),
        pin_source=texts.get("pin-source", ""),
        pin_value=texts.get("pin-value", ""),
    )


def _attributes(where: str, text: str, separator: str, known: tuple[str, ...]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in text.split(separator) if text else ():
        name, equals, value = part.partition("=")
        if not equals or _BAD_ESCAPE.search(value):
            raise InputError(where, f"the attribute {name[:20]!r} is malformed", _FIX)
        # RFC 7512 §2.3: an attribute must not appear more than once.
        if name in found:
            raise InputError(where, f"the attribute {name!r} stands twice", _FIX)
        if name in known:
            found[name] = unquote_to_bytes(value)
        elif name not in _PASSED_OVER and not name.startswith("x-"):
            # Passing over what was meant to choose between two keys could choose the wrong one.
            raise InputError(where, f"the attribute {name[:20]!r} is not known", _FIX)
    return found


def _text(where: str, name: str, value: bytes) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = "\x00"
    # C strings end at a NUL, and no name of an object holds control characters.
    if not text.isprintable():
        raise InputError(where, f"the attribute {name} is not printable UTF-8", _FIX)
    return text


def _quote(value: bytes, safe: str = "") -> str:
    return quote_from_bytes(value, safe)
