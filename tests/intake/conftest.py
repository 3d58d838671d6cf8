"""Both databases, a journal beside each, and a configuration with one webhook integration."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from config.keys import Keyring, Purpose
from intake.processor import Processor
from intake.spool import Spool
from storage.engine import Database
from storage.journal import Journal, open_journal
from tests.intake.builders import DIRECTORY


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'dutyline.db'}"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.upgrade()
    yield database
    await database.close()


@pytest_asyncio.fixture
async def journal(database: Database) -> AsyncIterator[Journal]:
    journal = open_journal(database)
    yield journal
    await journal.close()


@pytest_asyncio.fixture
async def spool(tmp_path: Path) -> AsyncIterator[Spool]:
    spool = Spool(tmp_path / "spool", Keyring(["a test's key"], Purpose.SPOOL))
    yield spool
    await spool.close()


@pytest.fixture
def processor(database: Database, journal: Journal) -> Processor:
    return Processor(database, journal, lambda: DIRECTORY)
