"""Domain names as people type them: internationalised labels, a final dot or none, underscores and escapes."""

import re
from typing import Final

from unbroken._kernel import Name
from unbroken.errors import UsageError

# UTS #46 §4: the full stops that separate labels, besides the ASCII one.
_DOTS: Final = ".\u3002\uff0e\uff61"
_ESCAPE: Final = re.compile(r"\\(\d{3}|.)", re.DOTALL)
_SHOWN: Final = 60  # characters of a bad name repeated in the message


def name_from_user(text: str) -> Name:
    """The name that a person means by `text`. U-labels become A-labels (IDNA2008 after the UTS #46 mapping,
    transitional processing off); labels in ASCII are taken as they are, so `_25._tcp` and `a\\.b` work. Raises
    UsageError."""
    typed = text.strip()
    if len(typed) == 1 and typed in _DOTS:
        return Name.ROOT
    labels = _split(typed)
    # RFC 1035 §5.1: a backslash speaks of the character after it.
    if len(typed) - len(typed.rstrip("\\")) & 1:
        raise UsageError(f"{_show(text)} is not a domain name: nothing follows the last backslash")
    if labels[-1] == "" and len(labels) > 1:
        labels.pop()
    if not typed or "" in labels:
        raise UsageError(f"{_show(text)} is not a domain name: it has an empty label")
    ascii_labels = [label if label.isascii() else _to_a_label(label, text) for label in labels]
    _require_lengths(ascii_labels, text)
    try:
        return Name(".".join(ascii_labels) + ".")
    except ValueError as error:
        raise UsageError(f"{_show(text)} is not a domain name: {error}") from None


def _show(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")


def _split(text: str) -> list[str]:
    """Labels between dots that are not escaped (RFC 1035 §5.1: `\\.` is a dot inside a label)."""
    labels, label, escaped = [], "", False
    for character in text:
        if not escaped and character in _DOTS:
            labels.append(label)
            label = ""
            continue
        label += character
        escaped = character == "\\" and not escaped
    return [*labels, label]


def _to_a_label(label: str, text: str) -> str:
    import idna

    try:
        mapped = idna.uts46_remap(label, std3_rules=False, transitional=False)
        return idna.alabel(mapped).decode("ascii")
    except (idna.IDNAError, ValueError) as error:
        reason = str(error).rstrip(".")
        raise UsageError(f"{_show(text)} is not an internationalised domain name: {reason}") from None


def _require_lengths(labels: list[str], text: str) -> None:
    lengths = [len(_ESCAPE.sub("x", label)) for label in labels]
    # RFC 1035 §2.3.4: labels are 63 octets or less, names 255 octets or less, length octets and the root included.
    for label, length in zip(labels, lengths, strict=True):
        if length > 63:
            raise UsageError(
                f"{_show(text)} is not a domain name: label {_show(label)} has {length} octets, at most 63 fit"
            )
    total = sum(lengths) + len(lengths) + 1
    if total > 255:
        raise UsageError(f"{_show(text)} is not a domain name: it has {total} octets in all, at most 255 fit")
