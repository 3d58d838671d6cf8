"""The table of notices. The conventions are those of ``storage.tables``."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables import Base


class NoticeRow(Base):
    """One message to one recipient over one channel. A row before anything is sent.

    ``topic`` is what it belongs to, ``schedules/<key>`` or ``calls/<id>``. ``kind`` and ``about`` (a user, a hotline,
    or the word for what is wrong) at the moment ``at`` say what it tells; with the recipient they are unique, so the
    same thing is never told twice. ``recipient`` is a user, a room, an address or a webhook.
    """

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("topic", "kind", "about", "at", "recipient", "channel", name="uq_notices_one_message"),
        Index(None, "topic", "created_at", "id"),
        Index(None, "state"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    topic: Mapped[str]
    kind: Mapped[str]
    about: Mapped[str]
    at: Mapped[datetime]
    recipient: Mapped[str]
    channel: Mapped[str]
    #: what is said, frozen when the row is made: subject and text, or a webhook's document
    body: Mapped[dict[str, Any]]
    #: from then on it is no news any more and is not sent
    stale_at: Mapped[datetime | None]
    state: Mapped[str]
    provider: Mapped[str | None]
    provider_id: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    #: of a warning: since when no look finds it any more; when that is long ago, it is told again if it is so again
    mended_at: Mapped[datetime | None]
