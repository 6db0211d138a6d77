"""Why an answer is as it is, in the words of RFC 8914: the info-code and, for people, which link broke and who said so."""

from dataclasses import dataclass
from typing import Final

from unbroken.chain import Chain, Link, LinkKind, Provenance, Status
from unbroken.chain.times import to_iso
from unbroken.dns.ede import Ede, option
from unbroken.report.escape import safe
from unbroken.resolving.resolution import Resolution
from unbroken.validation.protocol import Failure, NoAnswer

_MOST_TEXT: Final = 400
"""Octets: the text is for people, and a reply is no larger than it must be (RFC 8914 §2)."""

# RFC 8914 §4.23: nobody could be reached; §4.24: somebody was, to no avail. Neither says that anything is bogus.
_OF_FAILURE: Final = {
    Failure.TIMEOUT: Ede.NO_REACHABLE_AUTHORITY,
    Failure.UNREACHABLE: Ede.NO_REACHABLE_AUTHORITY,
    Failure.SERVFAIL: Ede.NETWORK_ERROR,
    Failure.MALFORMED: Ede.NETWORK_ERROR,
}
_KIND: Final = {
    LinkKind.ANCHOR: "trust anchor",
    LinkKind.DELEGATION: "delegation",
    LinkKind.KEY: "keys",
    LinkKind.DATA: "data",
    LinkKind.DENIAL: "denial",
}


@dataclass(frozen=True, slots=True)
class ExtendedError:
    """An info-code and its text."""

    code: Ede
    text: str = ""

    def option(self, room: int) -> tuple[int, bytes]:
        """The EDNS option, its text cut to `room` octets."""
        most = min(room, _MOST_TEXT)
        text = safe(self.text)
        return option(self.code, text if len(text) <= most else text[: max(0, most - 3)] + "..." if most > 3 else "")


def extended_errors(resolution: Resolution) -> tuple[ExtendedError, ...]:
    """What is to be said of a resolution; nothing of one that is as it should be."""
    chain, failure = resolution.chain, resolution.failure
    if chain.status is Status.BOGUS:
        return (_of_chain(chain, Ede.DNSSEC_BOGUS, resolution.source),)
    if failure is not None and (chain.reason is None or chain.ede is None or not resolution.is_withheld):
        return (of_failure(failure),)
    if resolution.is_withheld:
        return (_of_chain(chain, Ede.OTHER, resolution.source),)
    # RFC 8914 §4.2, §4.3: an answer may be insecure for a reason worth telling, such as an algorithm or a negative anchor.
    return (_of_chain(chain, Ede.OTHER),) if chain.ede is not None else ()


def of_failure(failure: NoAnswer) -> ExtendedError:
    """What is to be said when there is no answer at all."""
    return ExtendedError(_OF_FAILURE.get(failure.failure, Ede.OTHER), failure.detail)


def _of_chain(chain: Chain, otherwise: Ede, source: Provenance = Provenance()) -> ExtendedError:
    reason = chain.reason
    sentence = reason.sentence if reason is not None else ""
    link = chain.broken_link
    place = f"[{_link_text(link, source)}]" if link is not None else ""
    return ExtendedError(chain.ede or otherwise, " ".join(part for part in (sentence, place) if part))


def _link_text(link: Link, source: Provenance) -> str:
    """Which link, the tags of its keys, who sent what it rests on, and when."""
    parts = [f"{_KIND[link.kind]} of {link.zone}"]
    tags = key_tags(link)
    if tags:
        parts.append("key tag " + ", ".join(map(str, tags[:4])))
    if source.server:
        parts.append(f"from {source.server} at {to_iso(source.received_at)}")
    return "; ".join(parts)


def key_tags(link: Link) -> list[int]:
    """The tags of the keys that the link's signatures name, or else of those that its DS do."""
    tags = {attempt.rrsig.key_tag for attempt in link.attempts}
    return sorted(tags or {attempt.ds.key_tag for attempt in link.ds_attempts if attempt.ds is not None})
