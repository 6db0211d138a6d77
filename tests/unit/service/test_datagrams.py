"""UDP: replies come from the address that was asked, and junk does not stop the listener."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from support.dns_clients import ask, query, running, udp

from unbroken.dns import Message
from unbroken.dns import rdtype as rr
from unbroken.lab.run import Lab
from unbroken.service.endpoints import Endpoint
from unbroken.service.settings import Listen, Settings


@pytest.mark.parametrize("address", ["127.0.0.7", "127.0.0.1"])
async def test_rfc1123_6_1_3_2_on_a_wildcard_the_reply_comes_from_the_address_asked(
    signed_internet: Lab, address: str
) -> None:
    """The client's socket is connected: a reply from any other address would not reach it."""
    settings = Settings(listen=Listen(addresses=(Endpoint("0.0.0.0", 0),)))
    async with running(signed_internet, settings) as daemon:
        asked = replace(daemon.endpoints[0], address=address)
        assert (await ask(asked, query("localhost."))).answer
        assert (await ask(asked, query("www.one.example."))).answer


@pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="this host has no IPv6")
@pytest.mark.parametrize("address", ["::1", "::"])
async def test_ipv6_is_served(signed_internet: Lab, address: str) -> None:
    settings = Settings(listen=Listen(addresses=(Endpoint(address, 0),)))
    async with running(signed_internet, settings) as daemon:
        assert (await ask(replace(daemon.endpoints[0], address="::1"), query("www.one.example."))).answer


async def test_junk_gets_no_reply_and_the_next_query_does(signed_internet: Lab) -> None:
    async with running(signed_internet) as daemon:
        junk = [b"", b"x", b"\x00" * 11, query("a.example.", flags=rr.QR), os.urandom(3) + bytes(3)]
        replies = await udp(*daemon.endpoints, *junk, query("localhost.", id=9), patience=0.5)
        assert [Message.from_wire(wire).id for wire in replies] == [9]


async def test_more_than_a_batch_at_once_is_all_answered(signed_internet: Lab) -> None:
    async with running(signed_internet) as daemon:
        replies = await udp(*daemon.endpoints, *(query("localhost.", id=number) for number in range(150)))
        assert len(replies) == 150


async def test_an_oversized_query_is_formerr(signed_internet: Lab) -> None:
    async with running(signed_internet) as daemon:
        assert (await ask(*daemon.endpoints, query("localhost.") + bytes(6000))).rcode == rr.FORMERR
