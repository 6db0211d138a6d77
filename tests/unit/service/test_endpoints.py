"""Addresses to listen on: their text form, and sockets bound to them."""

import socket

import pytest

from unbroken.errors import InputError, StateError
from unbroken.service.endpoints import Endpoint, bind_pair, parse_endpoint


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("192.0.2.1", Endpoint("192.0.2.1", 53)),
        ("192.0.2.1@5300", Endpoint("192.0.2.1", 5300)),
        ("2001:DB8::0:1", Endpoint("2001:db8::1", 53)),
        ("::1@0", Endpoint("::1", 0)),
    ],
)
def test_an_address_with_or_without_a_port(text: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(text, 53, "here") == endpoint


@pytest.mark.parametrize("text", ["", "example.com", "192.0.2.1:53", "192.0.2.1@", "192.0.2.1@-1", "192.0.2.1@99999"])
def test_anything_else_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(InputError, match=r"^here: "):
        parse_endpoint(text, 53, "here")


def test_udp_and_tcp_share_the_port_that_was_free() -> None:
    pair = bind_pair(Endpoint("127.0.0.1", 0))
    try:
        assert pair.udp.getsockname() == pair.tcp.getsockname() == ("127.0.0.1", pair.endpoint.port)
        assert pair.endpoint.port != 0
    finally:
        pair.close()


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_port_that_is_taken_is_told_and_nothing_is_left_open(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        if kind is socket.SOCK_STREAM:
            taken.listen()
        with pytest.raises(StateError, match="another program has it"):
            bind_pair(Endpoint("127.0.0.1", port))
    bind_pair(Endpoint("127.0.0.1", port)).close()


def test_an_address_of_another_host_is_told() -> None:
    with pytest.raises(StateError, match="no such address"):
        bind_pair(Endpoint("192.0.2.1", 0))
