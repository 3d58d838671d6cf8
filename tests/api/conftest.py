"""An api without a network: the real routes over a real database."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from storage.engine import Database
from tests.api.house import House, open_house


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """The contract's example on SQLite."""
    database = Database(f"sqlite:///{tmp_path / 'dutyline.db'}")
    await database.upgrade()
    async with open_house(database, tmp_path) as house:
        yield house


@pytest_asyncio.fixture(params=["sqlite", "postgresql"])
async def either_house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    """The contract's example on each database."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'dutyline.db'}")
        await database.upgrade()
    else:
        database = Database(request.getfixturevalue("postgres_url"))
    async with open_house(database, tmp_path) as house:
        yield house


@pytest.fixture
def admin(house: House) -> httpx2.AsyncClient:
    return house.client(house.tokens["admin"])
