"""The journal of accepted events: rows that are still to be processed.

Its own metadata, because on SQLite it lives in a file of its own (``journal.db``), so that accepting an event never
waits for a writer of the main database. On PostgreSQL the ordinary migrations create it beside the other tables.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from storage.types import Json, SafeText, Sequence, UtcDateTime

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

journal_metadata = MetaData(naming_convention=NAMING_CONVENTION)


class JournalBase(DeclarativeBase):
    metadata = journal_metadata


class JournalRow(JournalBase):
    """One accepted event, its body byte for byte. The row is deleted when it is processed; ``failed`` says why it could
    not be. ``event_id`` is not unique here: a replay may repeat it, and ``event_ids`` absorbs the repetition."""

    __tablename__ = "journal"
    # A number that was used may never come back: a late trim by a process that lost its lease would hit a new event.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 (declarative SQLAlchemy)

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=True)
    event_id: Mapped[str] = mapped_column(SafeText)
    kind: Mapped[str] = mapped_column(SafeText)
    integration: Mapped[str] = mapped_column(SafeText)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    headers: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    attempts: Mapped[int] = mapped_column(default=0)
    failed: Mapped[str | None] = mapped_column(SafeText)
