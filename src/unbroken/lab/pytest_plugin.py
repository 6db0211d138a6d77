"""Fixtures for tests that need a signed Internet.

    def test_my_program(signed_internet):
        signed_internet.break_zone("rrsig-exp-a", "one.example")
        assert my_program(port=signed_internet.port, hints=signed_internet.directory / "root.hints") == "bogus"

    async def test_my_coroutine(signed_internet):
        signed_internet.clock.advance(30 * 86400)  # all signatures have expired
        assert (await signed_internet.check_async("www.one.example")).status is Status.BOGUS

What a test breaks is mended after it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from unbroken.lab.run import Lab


@pytest.fixture(scope="session")
def signed_internet_of_session() -> Iterator["Lab"]:
    """One lab for all tests, as they leave it. Most tests want `signed_internet`."""
    # Imported when first needed: pytest loads this plugin in every run of every project that has the package installed.
    from unbroken.lab.run import Lab

    with Lab() as lab:
        yield lab


@pytest.fixture
def signed_internet(signed_internet_of_session: "Lab") -> Iterator["Lab"]:
    """The lab (`unbroken.lab.run.Lab`), whole, its clock at the machine's time. What a test breaks is mended after it."""
    lab = signed_internet_of_session
    yield lab
    lab.clock.advance(-lab.clock.offset)
    lab.heal()
