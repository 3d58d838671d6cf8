"""The few statements that the two databases spell with different classes."""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import Base


def insert(session: AsyncSession, table: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def changes(statement: postgresql.Insert | sqlite.Insert, *names: str) -> dict[str, Any]:
    """The SET clause of an upsert that takes the named columns from the row that was to be inserted."""
    return {name: statement.excluded[name] for name in names}
