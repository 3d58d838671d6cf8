"""A database on both engines, and the services on it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from config.keys import Keyring, Purpose
from config.service import ConfigService
from storage.engine import Database


@pytest_asyncio.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'dutyline.db'}")
        await database.upgrade()
    else:
        database = Database(request.getfixturevalue("postgres_url"))
    yield database
    await database.close()


@pytest.fixture
def service(database: Database) -> ConfigService:
    return ConfigService(database, Keyring(["test key"], Purpose.SECRETS))
