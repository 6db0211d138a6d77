"""One server as the validator's source of responses, so that each is judged by itself, by the one validator there is."""

from collections.abc import Iterator
from typing import Final

from unbroken.chain import Provenance, Question
from unbroken.diagnosis.inspection import MISSING_TYPE, Ask, Exchange, Inspection
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.validation.protocol import Answer, Failure, Lookup, NoAnswer, Response

_NOT_ASKED: Final = NoAnswer(Failure.NOT_IN_CAPTURE, "this server was not asked")


def to_response(exchange: Exchange) -> Response:
    """An exchange as the validator takes it. RFC 2181 §9: what is truncated must not be taken for the whole."""
    if exchange.message is None:
        return NoAnswer(exchange.failure or Failure.MALFORMED, f"{exchange.server}: {exchange.detail}")
    if exchange.is_truncated:
        return NoAnswer(Failure.MALFORMED, f"{exchange.server}: truncated, and no whole answer over TCP")
    transport = "tcp" if exchange.ask.tcp else "udp"
    return Answer(exchange.message, Provenance(exchange.server, transport, exchange.received_at))


class ServerView:
    """What the validator sees when the servers of one zone are this one alone; for all above, the ordinary walk.

    `is_parent`: the server speaks for the parent, and so for the DS of the zone, not for the zone itself.
    """

    def __init__(self, inspection: Inspection, server: str, *, is_parent: bool) -> None:
        self._inspection = inspection
        self._server = server
        self._is_parent = is_parent

    def speaks_for(self, lookup: Lookup) -> bool:
        """Whether a look-up is this server's to answer."""
        zone, parent = self._inspection.zone.zone, self._inspection.parent
        # RFC 4035 §3.1.4.1: DS is the parent's data, everything else at the cut the child's.
        is_ds_of_zone = lookup.rdtype == rr.DS and lookup.name == zone
        if self._is_parent:
            if is_ds_of_zone:
                return True
            return parent is not None and lookup == Lookup(parent.zone, rr.DNSKEY)
        return lookup.name.is_subdomain_of(zone) and (not is_ds_of_zone or zone.is_root)

    def fetch(self, lookup: Lookup) -> Response:
        """The recorded response; NOT_IN_CAPTURE when there is none."""
        if not self.speaks_for(lookup):
            return self._inspection.walk.fetch(lookup)
        exchange = self._inspection.best(self._server, lookup.name, lookup.rdtype)
        return _NOT_ASKED if exchange is None else to_response(exchange)


def zone_questions(zone: Name, question: Question, absent: Name) -> Iterator[Question]:
    """What is validated of each server of the zone: what was asked, and what else a resolver may want of it."""
    wanted = (
        question,
        Question(zone, rr.SOA),
        Question(zone, rr.NS),
        Question(absent, rr.A),
        Question(zone, MISSING_TYPE),
    )
    yield from dict.fromkeys(wanted)


def ask_of(lookup: Lookup, *, tcp: bool = False) -> Ask:
    """The query, with DO, that a look-up of the validator is put to a server by."""
    return Ask(lookup.name, lookup.rdtype, tcp)
