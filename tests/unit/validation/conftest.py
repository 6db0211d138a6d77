from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.unit.validation.world import World, usual


@pytest.fixture(scope="session")
def built() -> World:
    return usual()


@pytest.fixture
def world(built: World) -> Iterator[World]:
    """The usual world, free to be bent by one test."""
    yield replace(built, zones=dict(built.zones), bends={}, asked=[])
