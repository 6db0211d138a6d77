"""Answers of the whole daemon over a signed Internet, as a client on loopback gets them."""

import asyncio
import io
from dataclasses import replace
from pathlib import Path

import pytest
from support.dns_clients import ask, connected, errors, query, running, udp, with_dnssec

from unbroken.chain import Question
from unbroken.dns import Edns, Message, Name
from unbroken.dns import rdtype as rr
from unbroken.dns.ede import Ede
from unbroken.lab.run import Lab
from unbroken.resolving.resolution import Resolution
from unbroken.service.control_socket import call
from unbroken.service.log import Log
from unbroken.service.readers import network_of
from unbroken.service.settings import Cache, Clients, Control, Resolve, Settings


def _rrset_types(message: Message) -> list[int]:
    return [rrset.rdtype for rrset in message.answer]


async def test_secure_and_insecure_answers_have_the_right_ad(signed_internet: Lab) -> None:
    async with running(signed_internet) as daemon:
        (endpoint,) = daemon.endpoints
        for _ in range(2):  # the second time from the cache
            secure = await ask(endpoint, with_dnssec("www.one.example."))
            insecure = await ask(endpoint, with_dnssec("www.unsigned.example."))
            assert secure.flags == rr.QR | rr.RD | rr.RA | rr.AD and _rrset_types(secure) == [rr.A, rr.RRSIG]
            assert insecure.flags == rr.QR | rr.RD | rr.RA and insecure.rcode == rr.NOERROR
        plain = await ask(endpoint, query("www.one.example."))
        assert plain.flags == rr.QR | rr.RD | rr.RA and _rrset_types(plain) == [rr.A] and plain.edns is None
        assert daemon.stats.hits == 3 and daemon.stats.misses == 2


async def test_denials_come_with_soa_and_with_do_their_proof(signed_internet: Lab) -> None:
    async with running(signed_internet) as daemon:
        (endpoint,) = daemon.endpoints
        for name, rdtype, rcode in (
            ("nothing-here.one.example.", rr.A, rr.NXDOMAIN),
            ("nothing-here.two.example.", rr.A, rr.NXDOMAIN),
            ("www.one.example.", rr.MX, rr.NOERROR),
        ):
            proven = await ask(endpoint, with_dnssec(name, rdtype))
            plain = await ask(endpoint, query(name, rdtype))
            assert proven.rcode == plain.rcode == rcode and not proven.answer
            assert proven.flags & rr.AD
            assert {rrset.rdtype for rrset in proven.authority} & {rr.NSEC, rr.NSEC3}
            assert [rrset.rdtype for rrset in plain.authority] == [rr.SOA]


async def test_bogus_is_servfail_that_names_the_link_and_with_cd_the_data(signed_internet: Lab) -> None:
    signed_internet.break_zone("rrsig-exp-a", "one.example")
    async with running(signed_internet) as daemon:
        (endpoint,) = daemon.endpoints
        unchecked = await ask(endpoint, with_dnssec("www.one.example.", flags=rr.RD | rr.CD))
        assert unchecked.flags == rr.QR | rr.RD | rr.RA | rr.CD and _rrset_types(unchecked) == [rr.A, rr.RRSIG]
        bogus = await ask(endpoint, with_dnssec("www.one.example."))
        assert (bogus.rcode, bogus.answer, bogus.flags & rr.AD) == (rr.SERVFAIL, (), 0)
        ((code, text),) = errors(bogus).items()
        assert code == Ede.SIGNATURE_EXPIRED
        zone = signed_internet.addresses[Name("one.example.")]
        assert "expired" in text and "data of one.example." in text and "key tag" in text
        assert any(address in text for address in zone) and "Z]" in text
        again = await ask(endpoint, with_dnssec("www.one.example.", flags=rr.RD | rr.CD))
        assert _rrset_types(again) == [rr.A, rr.RRSIG] and not again.flags & rr.AD


async def test_failing_to_fetch_is_never_called_bogus(signed_internet: Lab) -> None:
    signed_internet.break_zone("unreachable", "one.example")
    settings = Settings(resolve=Resolve(seconds=2.0))
    async with running(signed_internet, settings) as daemon:
        (endpoint,) = daemon.endpoints
        for flags in (rr.RD, rr.RD | rr.CD):
            reply = await ask(endpoint, with_dnssec("www.one.example.", flags=flags))
            assert reply.rcode == rr.SERVFAIL
            told = set(errors(reply))
            assert told and told <= {Ede.NO_REACHABLE_AUTHORITY, Ede.NETWORK_ERROR, Ede.CACHED_ERROR}


async def test_aliases_that_lead_nowhere_are_no_answer(signed_internet: Lab) -> None:
    signed_internet.break_zone("unreachable", "two.test")
    async with running(signed_internet, Settings(resolve=Resolve(seconds=2.0))) as daemon:
        for flags in (rr.RD | rr.CD, rr.RD, rr.RD | rr.CD):  # the last from the cache
            reply = await ask(*daemon.endpoints, with_dnssec("alias.one.example.", flags=flags))
            assert (reply.rcode, reply.answer, reply.authority) == (rr.SERVFAIL, (), ()) and errors(reply)


async def test_identical_questions_are_resolved_once(signed_internet: Lab) -> None:
    async with running(signed_internet) as daemon:
        (endpoint,) = daemon.endpoints
        replies = await udp(endpoint, *(query("www.one.example.", id=number) for number in range(50)))
        assert sorted(Message.from_wire(wire).id for wire in replies) == list(range(50))
        assert sum(daemon.stats.statuses.values()) == 1


async def test_clients_that_are_not_allowed_are_refused(signed_internet: Lab) -> None:
    settings = Settings(clients=Clients(allow=(network_of("192.0.2.0/24"),)))
    async with running(signed_internet, settings) as daemon:
        (endpoint,) = daemon.endpoints
        reply = await ask(endpoint, with_dnssec("www.one.example."))
        assert reply.rcode == rr.REFUSED and set(errors(reply)) == {Ede.PROHIBITED}
        assert await udp(endpoint, b"x" * 40, patience=0.2) == []
        assert not daemon.stats.statuses and not daemon.stats.upstream


async def test_above_its_rate_a_client_is_dropped_or_sent_to_tcp(signed_internet: Lab) -> None:
    settings = Settings(clients=Clients(rate=0.01, burst=1))
    async with running(signed_internet, settings) as daemon:
        (endpoint,) = daemon.endpoints
        assert not (await ask(endpoint, query("localhost."))).is_truncated()
        replies = await udp(endpoint, *(query("localhost.", id=number) for number in range(4)), patience=0.5)
        assert [(m.id, m.is_truncated(), m.answer) for m in map(Message.from_wire, replies)] == [
            (1, True, ()),
            (3, True, ()),
        ]
        async with connected(endpoint) as connection:
            for rcode in (rr.NOERROR, rr.REFUSED):  # the address is its own, but it has its rate there too
                connection.send(with_dnssec("localhost."))
                wire = await connection.receive()
                assert wire is not None and Message.from_wire(wire).rcode == rcode


async def test_when_all_places_are_taken_the_cache_still_answers(signed_internet: Lab) -> None:
    settings = Settings(clients=Clients(in_flight=1), resolve=Resolve(seconds=2.0))
    async with running(signed_internet, settings) as daemon:
        (endpoint,) = daemon.endpoints
        await ask(endpoint, query("www.two.example."))
        signed_internet.break_zone("unreachable", "one.example")
        slow = asyncio.create_task(ask(endpoint, query("www.one.example.")))
        while daemon.stats.in_flight == 0:
            await asyncio.sleep(0.001)
        cached = await ask(endpoint, query("www.two.example."))
        busy = await ask(endpoint, with_dnssec("www.two.test."))
        assert cached.rcode == rr.NOERROR and cached.answer
        assert busy.rcode == rr.SERVFAIL and set(errors(busy)) == {Ede.OTHER}
        assert daemon.stats.dropped["overload"] == 1
        await slow
        assert (await ask(endpoint, query("www.two.test."))).rcode == rr.NOERROR


async def test_a_fault_of_ours_costs_one_answer_and_is_logged(
    signed_internet: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    async with running(signed_internet, log=Log(signed_internet.clock, stream)) as daemon:
        (endpoint,) = daemon.endpoints

        async def fail(question: Question) -> None:
            raise KeyError("lost")

        with monkeypatch.context() as patch:
            patch.setattr(daemon.responder, "resolve", fail)
            reply = await ask(endpoint, with_dnssec("www.one.example."))
        assert reply.rcode == rr.SERVFAIL and set(errors(reply)) == {Ede.OTHER}
        assert "event=fault" in stream.getvalue() and "Traceback" not in stream.getvalue()
        assert (await ask(endpoint, query("www.one.example."))).rcode == rr.NOERROR


@pytest.mark.parametrize(
    ("wire", "rcode"),
    [
        (query("a.example.", edns=Edns(1232, False, version=1)), rr.BADVERS),
        (query("a.example.", rr.AXFR), rr.REFUSED),
        (query("a.example.", rdclass=3), rr.REFUSED),
        (query("a.example.", flags=0), rr.REFUSED),
        (query("a.example.", opcode=5), rr.NOTIMP),
        (query("a.example.")[:-1], rr.FORMERR),
        (query("x.onion."), rr.NXDOMAIN),
    ],
)
async def test_what_needs_no_look_up_causes_none(signed_internet: Lab, wire: bytes, rcode: int) -> None:
    async with running(signed_internet) as daemon:
        (endpoint,) = daemon.endpoints
        assert (await ask(endpoint, wire)).rcode == rcode
        assert not daemon.stats.upstream


async def test_forward_zones_are_asked_for_what_is_theirs(signed_internet: Lab) -> None:
    async with running(signed_internet) as upstream:
        resolve = Resolve(forward=upstream.endpoints)
        async with running(signed_internet, replace(Settings(), resolve=resolve)) as daemon:
            (endpoint,) = daemon.endpoints
            reply = await ask(endpoint, with_dnssec("alias.one.example."))
            assert reply.flags & rr.AD and _rrset_types(reply) == [rr.CNAME, rr.RRSIG, rr.A, rr.RRSIG]
            assert upstream.stats.queries["udp"] > 0


# --- stale, renewed, failed -------------------------------------------------------------------------------------------


async def test_rfc8767_when_no_server_answers_the_stale_answer_is_handed_out(signed_internet: Lab) -> None:
    settings = Settings(resolve=Resolve(seconds=1.0), cache=Cache(stale_after=0.0))
    async with running(signed_internet, settings) as daemon:
        (endpoint,) = daemon.endpoints
        names = {"www.one.example.": Ede.STALE_ANSWER, "nothing-here.one.example.": Ede.STALE_NXDOMAIN_ANSWER}
        fresh = {name: await ask(endpoint, with_dnssec(name)) for name in names}
        signed_internet.break_zone("unreachable", "one.example")
        signed_internet.clock.advance(301)
        for _ in range(2):  # at once for want of patience, then since the failure is known
            for name, code in names.items():
                stale = await ask(endpoint, with_dnssec(name))
                assert (stale.rcode, stale.answer) == (fresh[name].rcode, fresh[name].answer)
                assert code in errors(stale) and not stale.flags & rr.AD
                assert {rrset.ttl for rrset in (*stale.answer, *stale.authority)} == {30}
            while daemon.stats.in_flight or daemon.responder.is_busy:
                await asyncio.sleep(0.01)
        assert daemon.stats.stale == 4
        signed_internet.heal()
        signed_internet.clock.advance(31)
        while not (reply := await ask(endpoint, with_dnssec("www.one.example."))).flags & rr.AD:
            await asyncio.sleep(0.01)
        assert not errors(reply)


async def test_rfc8767_5_a_client_does_not_wait_longer_than_it_has_patience(
    signed_internet: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(signed_internet, Settings(cache=Cache(stale_after=0.1))) as daemon:
        (endpoint,) = daemon.endpoints
        await ask(endpoint, with_dnssec("www.one.example."))
        signed_internet.clock.advance(301)
        answers, resolve = asyncio.Event(), daemon.resolver.resolve

        async def slowly(name: Name, rdtype: int) -> Resolution:
            await answers.wait()
            return await resolve(name, rdtype)

        monkeypatch.setattr(daemon.resolver, "resolve", slowly)
        assert Ede.STALE_ANSWER in errors(await ask(endpoint, with_dnssec("www.one.example.")))
        assert daemon.responder.is_busy  # the resolution goes on
        answers.set()
        while daemon.responder.is_busy:
            await asyncio.sleep(0.001)
        assert (await ask(endpoint, with_dnssec("www.one.example."))).flags & rr.AD


async def test_what_became_bogus_is_not_handed_out_stale(signed_internet: Lab) -> None:
    async with running(signed_internet) as daemon:
        (endpoint,) = daemon.endpoints
        await ask(endpoint, with_dnssec("www.one.example."))
        signed_internet.break_zone("rrsig-exp-a", "one.example")
        signed_internet.clock.advance(301)
        for codes in ({Ede.SIGNATURE_EXPIRED}, {Ede.SIGNATURE_EXPIRED, Ede.CACHED_ERROR}):
            reply = await ask(endpoint, with_dnssec("www.one.example."))
            assert reply.rcode == rr.SERVFAIL and set(errors(reply)) == codes


async def test_rfc4035_5_3_3_data_do_not_outlive_their_signatures(signed_internet: Lab) -> None:
    settings = Settings(resolve=Resolve(seconds=1.0), cache=Cache(stale_seconds=7 * 86_400, stale_after=0.0))
    async with running(signed_internet, settings) as daemon:
        (endpoint,) = daemon.endpoints
        await ask(endpoint, with_dnssec("www.one.example."))
        signed_internet.break_zone("unreachable", "one.example")
        signed_internet.clock.advance(6 * 86_400)
        assert Ede.STALE_ANSWER in errors(await ask(endpoint, with_dnssec("www.one.example.")))
        signed_internet.clock.advance(86_000)
        assert daemon.answers.stale(Question(Name("www.one.example."), rr.A)) is not None
        signed_internet.clock.advance(9 * 86_400)
        assert daemon.answers.stale(Question(Name("www.one.example."), rr.A)) is None


async def test_what_is_asked_for_near_its_end_is_renewed_before(signed_internet: Lab) -> None:
    async with running(signed_internet) as daemon:
        (endpoint,) = daemon.endpoints
        await ask(endpoint, with_dnssec("www.one.example."))
        signed_internet.clock.advance(200)
        await ask(endpoint, with_dnssec("www.one.example."))
        assert daemon.stats.prefetches == 0
        signed_internet.clock.advance(75)
        assert (await ask(endpoint, with_dnssec("www.one.example."))).answer[0].ttl <= 25
        while daemon.responder.is_busy:
            await asyncio.sleep(0.001)
        assert daemon.stats.prefetches == 1
        assert (await ask(endpoint, with_dnssec("www.one.example."))).answer[0].ttl > 290


# --- the root key trust anchor sentinel (RFC 8509) ------------------------------------------------------------------------


@pytest.mark.parametrize("rdtype", [rr.A, rr.AAAA])
@pytest.mark.parametrize("is_kept", [False, True])
async def test_rfc8509_a_sentinel_name_tells_whether_a_root_key_is_trusted(
    signed_internet: Lab, rdtype: int, is_kept: bool
) -> None:
    tag = signed_internet.healthy.root.keys[0].key_tag
    other = tag ^ 1
    wanted = {
        f"root-key-sentinel-is-ta-{tag:05}": rr.NOERROR,
        f"ROOT-KEY-SENTINEL-NOT-TA-{tag:05}": rr.SERVFAIL,
        f"root-key-sentinel-is-ta-{other:05}": rr.SERVFAIL,
        f"root-key-sentinel-not-ta-{other:05}": rr.NOERROR,
    }
    async with running(signed_internet) as daemon:
        (endpoint,) = daemon.endpoints
        for label, rcode in wanted.items():
            wire = with_dnssec(f"{label}.wild.one.example.", rdtype)
            if is_kept:
                await ask(endpoint, wire)
            reply = await ask(endpoint, wire)
            assert reply.rcode == rcode and set(errors(reply)) == (set() if rcode == rr.NOERROR else {0})
            assert bool(reply.answer) is (rcode == rr.NOERROR and rdtype == rr.A)


async def test_rfc8509_what_is_explained_is_what_clients_get(signed_internet: Lab, tmp_path: Path) -> None:
    tag = signed_internet.healthy.root.keys[0].key_tag
    settings = Settings(control=Control(socket=str(tmp_path / "control.sock")))
    async with running(signed_internet, settings) as daemon:
        request = {"command": "explain", "name": f"root-key-sentinel-not-ta-{tag:05}.wild.one.example"}
        explained = await asyncio.to_thread(call, str(daemon.control_path), request)
        assert explained["rcode"] == "SERVFAIL" and not explained["ad"]


@pytest.mark.parametrize(
    ("rdtype", "flags", "zone"),
    [
        (rr.TXT, rr.RD, "wild.one.example"),  # §2.1: only A and AAAA
        (rr.A, rr.RD | rr.CD, "wild.one.example"),  # only without CD
        (rr.A, rr.RD, "unsigned.example"),  # only what is secure
    ],
)
async def test_rfc8509_other_answers_are_as_ever(signed_internet: Lab, rdtype: int, flags: int, zone: str) -> None:
    tag = signed_internet.healthy.root.keys[0].key_tag
    async with running(signed_internet) as daemon:
        wire = with_dnssec(f"root-key-sentinel-not-ta-{tag:05}.{zone}.", rdtype, flags=flags)
        for _ in range(2):
            assert (await ask(*daemon.endpoints, wire)).rcode != rr.SERVFAIL
