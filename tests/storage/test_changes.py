"""Looking out for news: cheap on SQLite, and nothing that was committed is ever missed."""

from pathlib import Path

from storage.changes import Changes
from storage.engine import Database
from storage.tables import CounterRow


async def test_what_another_process_commits_is_news_until_the_next_look(database: Database) -> None:
    changes, other_process = database.changes(), Database(database.url)
    changes.any()

    async with other_process.write() as session:
        session.add(CounterRow(name="calls", value=1))

    assert changes.any()
    assert changes.any() is not database.is_sqlite
    changes.close()
    await other_process.close()


async def test_what_this_process_commits_is_news_too(database: Database) -> None:
    changes = database.changes()
    changes.any()

    async with database.write() as session:
        session.add(CounterRow(name="calls", value=1))

    assert changes.any()
    changes.close()


async def test_reading_is_no_news_on_sqlite(database: Database) -> None:
    changes = database.changes()
    await database.ping()  # the first connection may turn the file to its write-ahead log, which is news
    changes.any()

    async with database.read() as session:
        await session.get(CounterRow, "calls")

    # PostgreSQL cannot be asked so cheaply; there a look is always due.
    assert changes.any() is not database.is_sqlite
    changes.close()


async def test_news_is_told_to_each_look_out(database: Database) -> None:
    one, other = database.changes(), database.changes()
    one.any()
    other.any()
    async with database.write() as session:
        session.add(CounterRow(name="calls", value=1))

    assert one.any()
    assert other.any()
    one.close()
    other.close()


def test_a_file_that_is_not_there_is_always_news_and_is_not_made(tmp_path: Path) -> None:
    changes = Changes(tmp_path / "away.db")

    assert changes.any()
    assert changes.any()
    assert not (tmp_path / "away.db").exists()


def test_a_file_that_is_no_database_is_always_news(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"x" * 4096)
    changes = Changes(tmp_path / "broken.db")

    assert changes.any()
    assert changes.any()
