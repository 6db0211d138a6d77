from dataclasses import replace

import pytest

from tests.unit.validation.world import World, usual


@pytest.fixture(scope="session")
def built() -> World:
    return usual()


@pytest.fixture
def world(built: World) -> World:
    """The usual world, free to be bent by one test."""
    return replace(built, zones=dict(built.zones), bends={}, asked=[])
