"""The daemon as a whole: what it opens it closes, whatever happens on the way."""

import asyncio
import socket

import pytest
from support.dns_clients import ANYWHERE, ask, ground_of, query, running

from unbroken.dns import rdtype as rr
from unbroken.errors import InputError, StateError
from unbroken.lab.run import Lab
from unbroken.service.daemon import Daemon
from unbroken.service.endpoints import Endpoint
from unbroken.service.settings import Control, Listen, Settings

NO_CONTROL = Control(socket="none")


async def test_it_listens_on_every_address_that_is_given(signed_internet: Lab) -> None:
    settings = Settings(listen=Listen(addresses=(ANYWHERE, Endpoint("127.0.0.2", 0))), control=NO_CONTROL)
    async with running(signed_internet, settings) as daemon:
        for endpoint in daemon.endpoints:
            assert (await ask(endpoint, query("localhost."))).rcode == rr.NOERROR


async def test_without_an_address_it_does_not_start(signed_internet: Lab) -> None:
    with pytest.raises(InputError, match="names no address"):
        Daemon(Settings(listen=Listen(addresses=())), ground_of(signed_internet))


async def test_when_one_address_is_taken_the_others_are_free_again(signed_internet: Lab) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        addresses = (Endpoint("127.0.0.1", port), Endpoint("127.0.0.1", taken.getsockname()[1]))
        daemon = Daemon(Settings(listen=Listen(addresses=addresses), control=NO_CONTROL), ground_of(signed_internet))
        with pytest.raises(StateError, match=str(addresses[1])):
            await daemon.start()
    async with running(signed_internet, Settings(listen=Listen(addresses=addresses), control=NO_CONTROL)) as second:
        assert second.endpoints == addresses


async def test_after_the_end_nothing_of_it_is_left(signed_internet: Lab) -> None:
    tasks = asyncio.all_tasks()
    async with running(signed_internet) as daemon:
        (endpoint,) = daemon.endpoints
        await ask(endpoint, query("www.one.example."))
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == tasks
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as again:
            if kind is socket.SOCK_STREAM:
                again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind((endpoint.address, endpoint.port))


async def test_the_chain_of_every_answer_is_there_to_be_explained(signed_internet: Lab) -> None:
    async with running(signed_internet) as daemon:
        for name in ("www.one.example.", "www.unsigned.example.", "nothing-here.two.example."):
            await ask(*daemon.endpoints, query(name))
        chains = [kept.resolution.chain for asked in daemon.answers if (kept := daemon.answers.get(asked)) is not None]
        assert len(chains) == 3 and all(chain.links for chain in chains)
