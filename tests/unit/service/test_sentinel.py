"""The root key sentinel (RFC 8509)."""

import pytest
from support.dns_clients import ask, query, running, with_dnssec

from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.lab.run import Lab


def _trusted(lab: Lab) -> int:
    return lab.anchors[Name.ROOT].dses[0].key_tag


@pytest.mark.parametrize(
    ("which", "is_trusted", "is_answered"),
    [("is", True, True), ("is", False, False), ("not", True, False), ("not", False, True), ("IS", False, False)],
)
async def test_rfc8509_3_2_the_answer_tells_whether_a_key_is_a_trust_anchor(
    signed_internet: Lab, which: str, is_trusted: bool, is_answered: bool
) -> None:
    tag = _trusted(signed_internet) if is_trusted else (_trusted(signed_internet) + 1) % 65536
    async with running(signed_internet) as daemon:
        for rdtype in (rr.A, rr.A):  # the second from the cache
            reply = await ask(
                *daemon.endpoints, with_dnssec(f"root-key-sentinel-{which}-ta-{tag:05}.wildcard.test.", rdtype)
            )
            assert (reply.rcode == rr.NOERROR) is is_answered and bool(reply.answer) is is_answered
            assert is_answered or reply.rcode == rr.SERVFAIL


async def test_rfc8509_3_1_only_secure_answers_to_a_and_aaaa_tell(signed_internet: Lab) -> None:
    tag = (_trusted(signed_internet) + 1) % 65536
    name = f"root-key-sentinel-is-ta-{tag:05}"
    async with running(signed_internet) as daemon:
        for wire in (
            query(f"{name}.wildcard.test.", rr.TXT),
            query(f"{name}.wildcard.test.", flags=rr.RD | rr.CD),
            query(f"x.{name}.wildcard.test."),
            query(f"{name}9.wildcard.test."),
            query(f"root-key-sentinel-is-ta-{tag}x.wildcard.test."),
        ):
            assert (await ask(*daemon.endpoints, wire)).rcode == rr.NOERROR
        assert (await ask(*daemon.endpoints, query(f"{name}.unsigned.test."))).rcode == rr.NXDOMAIN
