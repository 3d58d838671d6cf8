"""Alembic's entry: runs the revisions on the connection that :mod:`storage.migrations.runner` hands in."""

from typing import Any

from alembic import context
from sqlalchemy import Connection

from storage import notice_tables, schedule_tables  # noqa: F401 - their tables are a part of the metadata
from storage.journal_tables import journal_metadata
from storage.tables import Base


def _run(connection: Connection) -> None:
    # On SQLite the journal has a file of its own, created by storage.journal.
    metadata: Any = Base.metadata if connection.dialect.name == "sqlite" else [Base.metadata, journal_metadata]
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


_run(context.config.attributes["connection"])
