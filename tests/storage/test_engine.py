"""The database class: transactions, time, hostile text, migrations."""

import asyncio
import fcntl
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import IO, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import IntegrityError

from storage import notice_tables, schedule_tables  # noqa: F401 - their tables are a part of the metadata
from storage.engine import Database, turn_to_wal
from storage.journal_tables import journal_metadata
from storage.migrations.runner import downgrade_to_base
from storage.tables import Base, CounterRow, IncidentTimelineRow, LeaseRow, ResourceRow
from tests.storage.records import NOON


async def _counter(database: Database, name: str) -> int | None:
    async with database.read() as session:
        return await session.scalar(select(CounterRow.value).where(CounterRow.name == name))


async def test_write_commits_on_success(database: Database) -> None:
    async with database.write() as session:
        session.add(CounterRow(name="calls", value=7))

    assert await _counter(database, "calls") == 7


async def test_write_leaves_nothing_behind_on_error(database: Database) -> None:
    async def write_and_fail() -> None:
        async with database.write() as session:
            session.add(CounterRow(name="calls", value=7))
            await session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await write_and_fail()

    assert await _counter(database, "calls") is None


async def test_read_then_write_by_two_processes_at_once_loses_nothing(database: Database) -> None:
    """With a deferred transaction one of the two would fail: SQLite cannot upgrade a read that is out of date."""
    other_process = Database(database.url)
    async with database.write() as session:
        session.add(CounterRow(name="calls", value=0))

    async def count_up(process: Database) -> None:
        for _ in range(10):
            async with process.write() as session:
                row = await session.scalar(select(CounterRow).where(CounterRow.name == "calls").with_for_update())
                assert row is not None
                row.value += 1

    await asyncio.gather(count_up(database), count_up(other_process), count_up(other_process))

    assert await _counter(database, "calls") == 30
    await other_process.close()


async def test_time_comes_back_aware_and_in_utc(database: Database) -> None:
    madrid = datetime(2026, 3, 2, 13, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    async with database.write() as session:
        session.add(LeaseRow(name="processor", holder="a", epoch=1, expires_at=madrid))

    async with database.read() as session:
        stored = await session.scalar(select(LeaseRow.expires_at).where(LeaseRow.expires_at == madrid))
    assert stored == datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
    assert stored.tzinfo is UTC


async def test_naive_time_is_refused(database: Database) -> None:
    with pytest.raises(Exception, match="no time zone"):
        async with database.write() as session:
            session.add(LeaseRow(name="processor", holder="a", epoch=1, expires_at=datetime(2026, 3, 2)))


@pytest.mark.parametrize("hostile", ["nul \x00 byte", "half a pair \ud83d"])
async def test_hostile_text_is_stored_in_columns_and_documents(database: Database, hostile: str) -> None:
    body: dict[str, Any] = {hostile: [hostile, {"number": float("nan")}]}
    async with database.write() as session:
        session.add(ResourceRow(kind="users", key=hostile, body=body, version=1, updated_at=NOON))

    async with database.read() as session:
        row = await session.scalar(select(ResourceRow).where(ResourceRow.key == hostile))
    assert row is not None
    ((key, items),) = row.body.items()
    assert key == row.key == items[0]
    assert items[1] == {"number": None}


async def test_ping_fails_when_there_is_no_database() -> None:
    nowhere = Database("postgresql://dutyline@127.0.0.1:1/dutyline")

    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await nowhere.ping()


async def test_ping_returns_when_the_database_answers(empty_database: Database) -> None:
    await empty_database.ping()


def _differences(connection: Connection) -> list[Any]:
    metadata: Any = Base.metadata if connection.dialect.name == "sqlite" else [Base.metadata, journal_metadata]
    differences: list[Any] = compare_metadata(MigrationContext.configure(connection), metadata)
    return differences


async def test_tables_and_migrations_agree(empty_database: Database) -> None:
    await empty_database.upgrade()

    async with empty_database.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []


async def test_several_processes_upgrade_at_once(empty_database: Database) -> None:
    processes = [Database(empty_database.url) for _ in range(3)]

    await asyncio.gather(*(process.upgrade() for process in processes))

    async with empty_database.read() as session:
        assert (await session.scalars(text("SELECT version_num FROM alembic_version"))).all() == ["0002"]
    await asyncio.gather(*(process.close() for process in processes))


def test_whoever_turns_a_sqlite_file_to_wal_waits_for_its_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without turns one process in some hundreds failed at the first start."""
    path, asked, lock = tmp_path / "dutyline.db", threading.Event(), fcntl.flock

    def flock(file: IO[str], operation: int) -> None:
        asked.set()
        lock(file, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with path.with_name("dutyline.db-lock").open("a") as other:
        lock(other, fcntl.LOCK_EX)
        turning = threading.Thread(target=turn_to_wal, args=(path,))
        turning.start()
        assert asked.wait(60)
        assert not path.exists()
    turning.join()

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_upgrade_that_fails_leaves_the_schema_as_it_was(empty_database: Database) -> None:
    """A table that is in the way of one of the last steps undoes the first ones too."""
    async with empty_database.write() as session:
        await session.execute(text("CREATE TABLE sign_ins (id INTEGER)"))

    with pytest.raises(Exception, match="already exists"):
        await empty_database.upgrade()

    async with empty_database.engine.connect() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == ["sign_ins"]


async def test_downgrade_removes_every_table(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.run_sync(downgrade_to_base)

    async with database.engine.connect() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == ["alembic_version"]


async def test_foreign_keys_are_enforced_after_an_upgrade(empty_database: Database) -> None:
    """The upgrade switches them off on its own connection, which must not come back from the pool."""
    database = empty_database
    await database.upgrade()
    async with database.read() as session:
        if database.is_sqlite:
            assert await session.scalar(text("PRAGMA foreign_keys")) == 1
            assert await session.scalar(text("PRAGMA synchronous")) == 2
            assert await session.scalar(text("PRAGMA journal_mode")) == "wal"

    with pytest.raises(IntegrityError):
        async with database.write() as session:
            session.add(IncidentTimelineRow(incident_id="inc_nobody", at=NOON, kind="note", text="", data={}))
