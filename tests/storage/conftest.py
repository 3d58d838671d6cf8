"""Every storage test runs on both databases."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import create_engine

from storage.engine import Database
from storage.migrations.runner import upgrade_to_head


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with today's schema, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        upgrade_to_head(connection)
    engine.dispose()
    return path


@pytest_asyncio.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Database]:
    """A database of the test's own, with today's schema."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'dutyline.db')}")
    else:
        database = Database(request.getfixturevalue("postgres_url"))
    yield database
    await database.close()


@pytest_asyncio.fixture(params=["sqlite", "postgresql"])
async def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database of the test's own, without any table."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'dutyline.db'}")
    else:
        database = Database(request.getfixturevalue("empty_postgres_url"))
    yield database
    await database.close()
