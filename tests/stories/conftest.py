"""One house for all stories that do not break anything; each story brings its own hotline, people and numbers."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.stories.house import House
from tests.support.temporal_server import TemporalServer


@pytest.fixture(scope="session")
def house(temporal_server: TemporalServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Worker and api against the shared Temporal server."""
    house = House(tmp_path_factory.mktemp("house"), temporal_server.address)
    try:
        asyncio.run(house.start())
        yield house
    finally:
        house.stop()
