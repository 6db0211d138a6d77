"""What the resolver of the daemon is made of."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.dns_clients import ask, ground_of, running, with_dnssec

from unbroken.chain import Question
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.errors import InputError
from unbroken.lab.run import Lab
from unbroken.service.endpoints import Endpoint
from unbroken.service.ground import (
    Ground,
    limits,
    make_resolver,
    root_hints,
    special_names,
    start_anchors,
    trust_anchors,
)
from unbroken.service.settings import Cache, Resolve, Settings
from unbroken.service.stats import Stats


def _settings(**resolve: object) -> Settings:
    return Settings(resolve=replace(Resolve(), **resolve))


def test_by_default_it_starts_at_the_iana_root_with_iana_s_anchors() -> None:
    assert list(trust_anchors(Settings(), Ground())) == [Name.ROOT]
    assert root_hints(Settings(), Ground()) is None
    resolver = make_resolver(Settings(), Ground(), Stats(), trust_anchors(Settings(), Ground()))
    closest = resolver.delegations.closest(Name("example.com."))
    assert closest is not None and len(closest.nameservers) == 13
    assert resolver.options.aggressive and resolver.options.minimise


def test_limits_are_those_of_the_settings() -> None:
    made = limits(Settings(resolve=Resolve(seconds=3.0, queries=7), cache=Cache(messages=5, message_mebibytes=2)))
    assert (made.seconds, made.queries, made.messages, made.message_octets) == (3.0, 7, 5, 2 << 20)


def test_anchors_of_several_files_are_joined(tmp_path: Path) -> None:
    for number, zone in enumerate((".", "example.")):
        (tmp_path / f"{number}").write_text(f"{zone} DS 1 13 2 {'00' * 32}\n")
    settings = _settings(anchors=(str(tmp_path / "0"), str(tmp_path / "1")))
    assert list(trust_anchors(settings, Ground())) == [Name.ROOT, Name("example.")]


@pytest.mark.parametrize("key", ["anchors", "hints"])
def test_a_file_that_can_t_be_read_is_named(key: str) -> None:
    value: object = ("/none/such",) if key == "anchors" else "/none/such"
    settings = _settings(**{key: value})
    with pytest.raises(InputError, match="/none/such"):
        make_resolver(settings, Ground(), Stats(), trust_anchors(settings, Ground()))


def test_with_a_state_file_anchors_follow_rfc_5011_and_without_they_stay(tmp_path: Path) -> None:
    stays = start_anchors(Settings(), Ground())
    assert not stays.points and stays.fixed == trust_anchors(Settings(), Ground())
    follows = start_anchors(_settings(anchor_state=str(tmp_path / "state.json")), Ground())
    assert [point.owner for point in follows.points] == [Name.ROOT] and follows.anchors == stays.anchors


def test_in_a_lab_it_is_the_lab_s_anchors_that_follow(signed_internet: Lab, tmp_path: Path) -> None:
    settings = _settings(anchor_state=str(tmp_path / "state.json"))
    assert start_anchors(settings, ground_of(signed_internet)).anchors == signed_internet.anchors


async def test_a_stub_zone_is_asked_at_its_servers_and_still_validated(signed_internet: Lab) -> None:
    servers = tuple(
        Endpoint(address, signed_internet.port) for address in signed_internet.addresses[Name("one.example.")]
    )
    async with running(signed_internet, _settings(stub_zones=((Name("one.example."), servers),))) as daemon:
        assert (await ask(*daemon.endpoints, with_dnssec("www.one.example."))).flags & rr.AD
        closest = daemon.resolver.delegations.closest(Name("www.one.example."))
        assert closest is not None and [str(server.address) for server in closest.servers] == [
            s.address for s in servers
        ]


def test_a_special_name_that_is_configured_is_looked_up() -> None:
    servers = (Endpoint("127.0.0.1", 53),)
    plain = special_names(_settings(), Ground())
    stubbed = special_names(_settings(stub_zones=((Name("two.test."), servers),)), Ground())
    forwarded = special_names(_settings(forward_zones=((Name("two.test."), servers),)), Ground())
    question = Question(Name("www.two.test."), rr.A)
    assert plain is not None and plain.zone_of(question) == Name("test.")
    assert stubbed is not None and stubbed.zone_of(question) is None
    assert forwarded is not None and forwarded.zone_of(question) is None
    assert special_names(_settings(special_names=False), Ground()) is None
