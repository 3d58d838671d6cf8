"""The journal: events that were accepted and are still to be processed.

:meth:`Journal.append` returns only after the event is on disk, so an answered event survives ``kill -9``. Any number of
processes append; the one that holds the lease reads and trims. Readers ask for *rows that are there*, never for "ids
after the last one": commits do not come in the order of ids.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateTable

from storage.changes import Changes
from storage.engine import Database, turn_to_wal
from storage.group_commit import GroupCommit
from storage.journal_tables import JournalRow, journal_metadata
from storage.spool import Away

#: how many bytes of bodies one :meth:`Journal.read` may load; at least one row is always read
READ_BYTES = 8 * 1024 * 1024
_BUSY_TIMEOUT_SECONDS = 5.0
#: SQLite takes far more variables in one statement, but a short trim keeps the writers' wait short
_TRIM_CHUNK = 500
#: with no news; so that a file that was put in the place of ours is noticed
_LOOK_ANYWAY_SECONDS = 1.0

R = TypeVar("R")


class JournalUnavailable(Away):
    """The journal could not take or give events. What was to be appended may be in it nevertheless."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted event. ``id`` is made once, at acceptance, and stays through spool and replay. ``body`` is what the
    sender sent, byte for byte. ``seq`` is the place in the journal, 0 until it has one."""

    id: str
    kind: str
    integration: str
    received_at: datetime
    body: bytes
    seq: int = 0


class Journal(Protocol):
    async def append(self, entry: Entry) -> None:
        """Return when the event is durable. Raises :class:`JournalUnavailable`; the same entry may be tried again."""

    async def read(self, limit: int) -> list[Entry]:
        """The oldest rows, at most ``limit`` of them and about :data:`READ_BYTES` of bodies."""

    async def trim(self, seqs: Sequence[int]) -> None:
        """Remove rows that are done. Sequence numbers are never used again, so a late trim removes nothing new."""

    async def set_aside(self, seq: int, reason: str) -> None:
        """Keep a row that cannot be processed, but no longer read it."""

    async def count_set_aside(self) -> int:
        """How many rows are kept because they cannot be processed."""

    async def close(self) -> None: ...


def open_journal(database: Database) -> Journal:
    """The journal that belongs to a database. Nothing is connected or created before the first use."""
    if not database.is_sqlite:
        return PostgresJournal(database)
    path = make_url(database.url).database
    assert path, "the journal needs a database file to stand beside"
    return SqliteJournal(Path(path).with_name("journal.db"))


_TABLE = journal_metadata.tables[JournalRow.__tablename__]
_CREATE = str(CreateTable(_TABLE, if_not_exists=True).compile(dialect=sqlite.dialect()))
_INSERT = (
    "INSERT INTO journal (event_id, kind, integration, received_at, body, headers, attempts)"
    " VALUES (?, ?, ?, ?, ?, '{}', 0)"
)
_SELECT = (
    "SELECT event_id, kind, integration, received_at, body, seq FROM journal WHERE failed IS NULL ORDER BY seq LIMIT ?"
)


class SqliteJournal:
    """A file of its own, so that accepting an event never waits for a writer of the main database.

    Appends have one thread, reading and trimming another: a large read does not delay an answer.
    """

    def __init__(self, path: Path) -> None:
        self._writer = _SqliteThread(path, "journal-append")
        self._reader = _SqliteThread(path, "journal-read")
        self._commits = GroupCommit(self._insert)
        self._changes = Changes(path)
        self._was_empty = False
        self._look_at = 0.0

    async def append(self, entry: Entry) -> None:
        await self._commits.submit(entry)

    async def read(self, limit: int) -> list[Entry]:
        # In this order: what is written while we read is news at the next look.
        has_news = self._changes.any()
        if self._was_empty and not has_news and time.monotonic() < self._look_at:
            return []
        self._was_empty = False
        self._look_at = time.monotonic() + _LOOK_ANYWAY_SECONDS
        entries = await self._reader.run(lambda connection: _read_rows(connection, limit))
        self._was_empty = not entries
        return entries

    async def trim(self, seqs: Sequence[int]) -> None:
        for start in range(0, len(seqs), _TRIM_CHUNK):
            rows = [(seq,) for seq in seqs[start : start + _TRIM_CHUNK]]
            await self._reader.run(_in_transaction("DELETE FROM journal WHERE seq = ?", rows))

    async def set_aside(self, seq: int, reason: str) -> None:
        await self._reader.run(_in_transaction("UPDATE journal SET failed = ? WHERE seq = ?", [(reason, seq)]))

    async def count_set_aside(self) -> int:
        return await self._reader.run(_count_set_aside)

    async def close(self) -> None:
        self._changes.close()
        await self._commits.drain()
        await self._writer.close()
        await self._reader.close()

    async def _insert(self, entries: list[Entry]) -> None:
        rows = [(entry.id, entry.kind, entry.integration, _to_text(entry.received_at), entry.body) for entry in entries]
        await self._writer.run(_in_transaction(_INSERT, rows))


class _SqliteThread:
    """One thread with one connection. After an error the connection is dropped, and the next call opens a new one."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._connection: sqlite3.Connection | None = None

    async def run(self, work: Callable[[sqlite3.Connection], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._call, work)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    def _call(self, work: Callable[[sqlite3.Connection], R]) -> R:
        try:
            if self._connection is None:
                self._connection = _connect(self._path)
            return work(self._connection)
        except (sqlite3.Error, OSError) as error:
            self._disconnect()
            raise JournalUnavailable(f"{self._path.name}: {error}") from error

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None)
    try:
        turn_to_wal(path)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(_CREATE)
        _sync_folder(path.parent)
    except BaseException:
        connection.close()
        raise
    return connection


def _sync_folder(folder: Path) -> None:
    """A new file survives a power cut only when its folder was written too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _in_transaction(statement: str, rows: Sequence[tuple[object, ...]]) -> Callable[[sqlite3.Connection], None]:
    def work(connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(statement, rows)
        connection.execute("COMMIT")

    return work


def _read_rows(connection: sqlite3.Connection, limit: int) -> list[Entry]:
    entries: list[Entry] = []
    size = 0
    cursor = connection.execute(_SELECT, (limit,))
    for event_id, kind, integration, received_at, body, seq in cursor:
        entries.append(Entry(event_id, kind, integration, _from_text(received_at), body, seq))
        size += len(body)
        if size >= READ_BYTES:
            break
    # A cursor that is left open would hold its snapshot, and the WAL file could not be shortened.
    cursor.close()
    return entries


def _count_set_aside(connection: sqlite3.Connection) -> int:
    (count,) = connection.execute("SELECT count(*) FROM journal WHERE failed IS NOT NULL").fetchone()
    return int(count)


def _to_text(moment: datetime) -> str:
    """As SQLAlchemy writes a datetime on SQLite."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def _from_text(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@asynccontextmanager
async def _unavailable_on_error() -> AsyncIterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise JournalUnavailable(f"{type(error).__name__}: {error}") from error


class PostgresJournal:
    """The table ``journal``; a batch is one transaction, answered after its commit."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._commits = GroupCommit(self._insert)

    async def append(self, entry: Entry) -> None:
        await self._commits.submit(entry)

    async def read(self, limit: int) -> list[Entry]:
        oldest = select(JournalRow).where(JournalRow.failed.is_(None)).order_by(JournalRow.seq).limit(limit).subquery()
        before = func.coalesce(
            func.sum(func.length(oldest.c.body)).over(order_by=oldest.c.seq, rows=(None, -1)), 0
        ).label("bytes_before")
        measured = select(oldest, before).subquery()
        statement = select(measured).where(measured.c.bytes_before < READ_BYTES).order_by(measured.c.seq)
        async with _unavailable_on_error(), self._database.read() as session:
            rows = await session.execute(statement)
            return [Entry(r.event_id, r.kind, r.integration, r.received_at, r.body, r.seq) for r in rows]

    async def trim(self, seqs: Sequence[int]) -> None:
        async with _unavailable_on_error(), self._database.write() as session:
            await session.execute(delete(JournalRow).where(JournalRow.seq.in_(seqs)))

    async def set_aside(self, seq: int, reason: str) -> None:
        async with _unavailable_on_error(), self._database.write() as session:
            await session.execute(update(JournalRow).where(JournalRow.seq == seq).values(failed=reason))

    async def count_set_aside(self) -> int:
        async with _unavailable_on_error(), self._database.read() as session:
            counted = select(func.count()).select_from(JournalRow).where(JournalRow.failed.is_not(None))
            return (await session.scalars(counted)).one()

    async def close(self) -> None:
        await self._commits.drain()

    async def _insert(self, entries: list[Entry]) -> None:
        rows = [
            {
                "event_id": entry.id,
                "kind": entry.kind,
                "integration": entry.integration,
                "received_at": entry.received_at,
                "body": entry.body,
            }
            for entry in entries
        ]
        async with _unavailable_on_error(), self._database.write() as session:
            await session.execute(insert(_TABLE), rows)
