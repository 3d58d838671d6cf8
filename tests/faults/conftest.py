"""Houses that tests may break: a Temporal server and processes of the test's own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.stories.house import House
from tests.support.temporal_server import TemporalServer


@pytest.fixture
def own_temporal(tmp_path: Path) -> Iterator[TemporalServer]:
    """A server to freeze, kill and start again."""
    folder = tmp_path / "temporal"
    folder.mkdir()
    server = TemporalServer(folder)
    server.start()
    yield server
    server.kill()


@pytest_asyncio.fixture
async def own_house(own_temporal: TemporalServer, tmp_path: Path) -> AsyncIterator[House]:
    """Worker and api on ``own_temporal``."""
    folder = tmp_path / "house"
    folder.mkdir()
    house = House(folder, own_temporal.address)
    try:
        await house.start()
        yield house
    finally:
        house.stop()
