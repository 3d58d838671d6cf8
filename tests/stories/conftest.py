"""Houses for all stories that do not break anything; each story brings its own hotline, people and numbers."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.stories.alerting import AlertHouse
from tests.stories.house import House, free_port
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


@pytest.fixture(scope="session")
def alert_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AlertHouse]:
    """A house that can send, with a Temporal of its own: workers of two houses must not take each other's tasks."""
    temporal = TemporalServer(tmp_path_factory.mktemp("alert-temporal"))
    temporal.start()
    smtp_port = free_port()
    house = House(
        tmp_path_factory.mktemp("alert-house"), temporal.address, DUTYLINE_SMTP_URL=f"smtp://127.0.0.1:{smtp_port}"
    )
    try:
        asyncio.run(house.start())
        yield AlertHouse(house, free_port(), smtp_port)
    finally:
        house.stop()
        temporal.kill()
