"""The database: SQLite (one machine) or PostgreSQL, behind one class and the same code.

``read()`` and ``write()`` are the only ways in. A write on SQLite begins IMMEDIATE: a transaction that reads first and
then writes would fail at once when another process wrote in between, whatever the busy time-out.
"""

import asyncio
import fcntl
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from storage.changes import Changes

#: how long a SQLite connection waits for another process's write
BUSY_TIMEOUT_MS = 10_000
#: PostgreSQL advisory lock held while migrations run ("duty" in ASCII)
_MIGRATION_LOCK = 0x64757479

_READ = ("BEGIN",)
_WRITE = ("BEGIN IMMEDIATE",)
# Rebuilding a table (SQLite's only way to alter one) must not trip over the keys that point at it.
_MIGRATE = ("PRAGMA foreign_keys=OFF", "BEGIN IMMEDIATE")


class Database:
    """One per process. Connects on first use, so that a process starts while the database is away.

    Errors of the driver (``sqlalchemy.exc.DBAPIError``, ``OSError``) pass through: the caller knows what to do without
    a database.
    """

    def __init__(self, url: str) -> None:
        self.url = _async_url(url)
        self.is_sqlite = make_url(self.url).get_backend_name() == "sqlite"
        if self.is_sqlite:
            self.engine = _sqlite_engine(self.url)
            # One writer at a time is all SQLite has; waiting in line here is fair and costs no polling.
            self._writer: asyncio.Lock | nullcontext[None] = asyncio.Lock()
        else:
            self.engine = create_async_engine(
                self.url, hide_parameters=True, pool_pre_ping=True, pool_size=10, max_overflow=10
            )
            self._writer = nullcontext()
        self._write_engine = self.engine.execution_options(sqlite_begin=_WRITE)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session for reading, rolled back at the end."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A session for writing: committed on success, rolled back on any error. Keep it short (20 ms on SQLite), never
        await anything but the database inside, and never open a second one inside it."""
        async with (
            self._writer,
            AsyncSession(self._write_engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def changes(self) -> Changes:
        """A look-out for what is committed from now on; the caller closes it."""
        path = make_url(self.url).database if self.is_sqlite else None
        return Changes(Path(path) if path else None)

    async def ping(self) -> None:
        """Return when the database answers; raise the driver's error otherwise."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def upgrade(self) -> None:
        """Bring the schema to the newest revision. Of several processes that call it, one works and the rest wait."""
        # Imported here: Alembic would cost every process memory that it needs once at most.
        from storage.migrations.runner import upgrade_to_head

        engine = self.engine.execution_options(sqlite_begin=_MIGRATE)
        async with self._writer, engine.begin() as connection:
            if not self.is_sqlite:
                await connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
            await connection.run_sync(upgrade_to_head)
        # The pool's connections have seen the old schema, and one of them has its foreign keys off.
        await self.engine.dispose()

    async def close(self) -> None:
        await self.engine.dispose()


def _async_url(url: str) -> str:
    """The address with the driver we use: ``postgresql://…`` and ``postgres://…``, as hosts print them, work too."""
    scheme, separator, rest = url.partition("://")
    drivers = {
        "sqlite": "sqlite+aiosqlite",
        "postgres": "postgresql+asyncpg",
        "postgresql": "postgresql+asyncpg",
    }
    return f"{drivers.get(scheme, scheme)}{separator}{rest}"


def turn_to_wal(path: Path) -> None:
    """Turn a SQLite file to WAL, for good; it is made when it is not there. SQLite refuses this at once while another
    process does the same, whatever the busy time-out, so they take turns. Never awaits while it has its turn."""
    with path.with_name(f"{path.name}-lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()


def _sqlite_engine(url: str) -> AsyncEngine:
    # What an event or a call says must not reach the logs through an error's text.
    engine = create_async_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})

    @event.listens_for(engine.sync_engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        # The driver's own transactions begin deferred and only before some statements; ours begin in _begin.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode")
        if cursor.fetchone() != ("wal",):
            turn_to_wal(Path(engine.url.database or ""))
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        for statement in connection.get_execution_options().get("sqlite_begin", _READ):
            connection.exec_driver_sql(statement)

    return engine
