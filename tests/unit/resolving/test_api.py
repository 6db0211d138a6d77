"""The Python API."""

import subprocess
import sys
from typing import Any

import pytest

from tests.unit.resolving.world import signed_world
from unbroken.chain import Status
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.errors import UsageError
from unbroken.resolving import api


async def test_names_and_types_are_taken_as_people_write_them() -> None:
    world, anchors = signed_world()
    answer = await api.resolve("www.example.com", "aaaa", resolver=world.resolver(anchors=anchors))
    assert answer.status is Status.SECURE
    assert answer.chain.question.rdtype == rr.AAAA
    assert answer.rrset is not None


@pytest.mark.parametrize(
    ("name", "rdtype"),
    [
        ("a..b", "A"),
        (None, "A"),
        (b"a.b", "A"),
        ("a.b", "NOSUCH"),
        ("a.b", 0),
        ("a.b", "TYPE0"),
        ("a.b", 70000),
        ("a.b", None),
        ("a.b", b"A"),
        ("a.b", 1.0),
        ("a.b", True),
        ("a.b", "AXFR"),
        ("a.b", "OPT"),
        ("a.b", "TSIG"),
        ("a.b", 128),
    ],
)
async def test_what_is_no_name_or_type_is_a_usage_error(name: Any, rdtype: Any) -> None:
    world, anchors = signed_world()
    with pytest.raises(UsageError):
        await api.resolve(name, rdtype, resolver=world.resolver(anchors=anchors))
    assert not world.log


@pytest.mark.parametrize("rdtype", [1, 127, 256, 65535, "ANY", "TYPE65280"])
def test_any_data_type_can_be_asked_for(rdtype: str | int) -> None:
    assert api.to_rdtype(rdtype)


def test_a_child_forked_while_the_background_loop_is_being_made_can_ask() -> None:
    """The child has a copy of the lock as it was, and nobody to give it back."""
    code = (
        "import os, sys, unbroken.resolving.api as api\n"
        "async def one(): return 1\n"
        "api.run_blocking(one())\n"
        "api._background_lock.acquire()\n"
        "child = os.fork()\n"
        "if child == 0: os._exit(0 if api.run_blocking(one()) == 1 else 1)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False, timeout=30).returncode == 0


def test_the_blocking_twin_gives_the_same() -> None:
    world, anchors = signed_world()
    assert (
        api.resolve_sync(Name("www.example.com."), rr.A, resolver=world.resolver(anchors=anchors)).status
        is Status.SECURE
    )


async def test_the_blocking_twin_works_where_a_loop_runs() -> None:
    world, anchors = signed_world()
    assert api.resolve_sync("www.example.com", resolver=world.resolver(anchors=anchors)).status is Status.SECURE


def test_importing_the_resolver_does_not_import_dnspython() -> None:
    code = "import sys, unbroken.resolving.api; sys.exit('dns' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
