"""The servers of a full check in rows: what each is, whether it answers, and what its answers are worth."""

from collections.abc import Iterator
from dataclasses import dataclass

from unbroken.chain import Status
from unbroken.diagnosis.case import ServerFacts
from unbroken.diagnosis.diagnose import Diagnosis
from unbroken.diagnosis.inspection import ZoneServers
from unbroken.dns import rdtype as rr
from unbroken.report.escape import safe


@dataclass(frozen=True, slots=True)
class ServerRow:
    """One address of one name server. `serial` and `milliseconds` (of its first reply) are None when it gave none; `status`
    is the validator's verdict when this server is the only one, None when it was not asked. All words are printable ASCII."""

    name: str
    address: str
    zone: str
    is_parent: bool
    udp: bool
    tcp: bool
    serial: int | None
    milliseconds: int | None
    status: Status | None
    note: str


def server_rows(diagnosis: Diagnosis) -> Iterator[ServerRow]:
    """Those of the zone, then those of its parent, as the NS RRsets name them."""
    inspection = diagnosis.inspection
    verdicts = {
        (judged.server, judged.is_parent): judged.chain.status
        for judged in diagnosis.judgements
        if judged.is_parent or judged.question == inspection.question
    }
    yield from _rows(diagnosis, inspection.zone, verdicts, is_parent=False)
    if inspection.parent is not None:
        yield from _rows(diagnosis, inspection.parent, verdicts, is_parent=True)


def _rows(
    diagnosis: Diagnosis, zone: ZoneServers, verdicts: dict[tuple[str, bool], Status], *, is_parent: bool
) -> Iterator[ServerRow]:
    for server in zone.servers:
        facts = ServerFacts(diagnosis.inspection, server.address)
        replies = [exchange for exchange in facts.exchanges if exchange.wire]
        soa = None if is_parent else diagnosis.case.soa(facts)
        yield ServerRow(
            name=safe(str(server.name).rstrip(".") or "."),
            address=safe(server.address),
            zone=str(zone.zone),
            is_parent=is_parent,
            udp=any(not exchange.ask.tcp for exchange in replies),
            tcp=any(exchange.ask.tcp for exchange in replies),
            serial=_parent_serial(facts, zone) if is_parent else None if soa is None else soa[0],
            milliseconds=replies[0].milliseconds if replies else None,
            status=verdicts.get((server.address, is_parent)) if replies else None,
            note=safe(server.refusal) or ("" if server.address else "no address"),
        )


def _parent_serial(facts: ServerFacts, zone: ZoneServers) -> int | None:
    message = facts.reply(rr.SOA, zone.zone)
    for rrset in () if message is None else message.answer:
        if rrset.rdtype == rr.SOA and rrset.owner == zone.zone:
            return int.from_bytes(rrset.rdatas[0][-20:-16], "big")
    return None
