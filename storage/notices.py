"""Notices: a row first, then a claim, then the sending, then what became of it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import delete, literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.ids import derived_id
from domain.notices import Notice
from domain.schedule_notices import MENDED_AFTER, WARNINGS, Told, comes_and_goes
from storage.notice_tables import NoticeRow
from storage.paging import BadCursor, Page, decode_cursor, page_of
from storage.sql import changes, insert
from storage.types import UtcDateTime


class NoticeState(StrEnum):
    PENDING = "pending"
    CLAIMED = "claimed"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    #: it was no news any more when its turn came
    TOO_LATE = "too_late"
    #: what it says was no longer so when its turn came
    SUPPRESSED = "suppressed"
    #: claimed, and then nobody can tell: it may have gone out
    UNKNOWN = "unknown"


_UNFINISHED = (NoticeState.PENDING, NoticeState.CLAIMED)
#: no receipt changes these any more
_FINAL = (NoticeState.DELIVERED, NoticeState.FAILED)


@dataclass(frozen=True, slots=True)
class Claimed:
    """The notice is the caller's to send. ``in_doubt``: the claim before this one ended without a result."""

    notice: NoticeRow
    in_doubt: bool


async def add(session: AsyncSession, notices: Iterable[Notice], now: datetime) -> list[str]:
    """Store the notices, to be sent by the workflow of the schedule (tell it with a ``TEND_SCHEDULE`` command) or the
    call. Returns the ids of those that are new; what exists already is left alone, unless it was suppressed: it is so
    again."""
    # Each once: no statement may touch a row twice.
    rows = {_id_of(notice): _values(notice, now) for notice in notices}
    if not rows:
        return []
    statement = insert(session, NoticeRow)
    again = changes(
        statement, "body", "stale_at", "state", "attempts", "error", "created_at", "finished_at", "mended_at"
    )
    # In one statement, for after an outage there may be hundreds.
    created = await session.scalars(
        statement.on_conflict_do_update(
            index_elements=[NoticeRow.id],
            set_=again,
            where=(NoticeRow.state == NoticeState.SUPPRESSED) | NoticeRow.mended_at.is_not(None),
        ).returning(NoticeRow.id),
        [*rows.values()],
    )
    new_ids = set(created)
    return [notice_id for notice_id in rows if notice_id in new_ids]


async def claim(session: AsyncSession, notice_id: str, now: datetime) -> Claimed | None:
    """Take the notice for sending; ``None`` when there is nothing to send any more.

    Must run in a ``write()`` transaction. One that is no news any more ends here, with its reason.
    """
    row = await session.get(NoticeRow, notice_id, with_for_update=True, populate_existing=True)
    if row is None or row.state not in _UNFINISHED:
        return None
    in_doubt = row.state == NoticeState.CLAIMED
    if row.stale_at is not None and row.stale_at <= now:
        row.state = NoticeState.UNKNOWN if in_doubt else NoticeState.TOO_LATE
        row.error = "It may have gone out, and is no news any more." if in_doubt else _too_late(row)
        row.finished_at = now
        return None
    row.state, row.claimed_at, row.attempts = NoticeState.CLAIMED, now, row.attempts + 1
    await session.flush()
    return Claimed(row, in_doubt)


async def release(session: AsyncSession, notice_id: str, error: str) -> None:
    """Give a claimed notice back: the provider certainly did not take it, try again later."""
    await _set_unfinished(session, notice_id, state=NoticeState.PENDING, error=error)


async def set_sent(
    session: AsyncSession, notice_id: str, *, provider: str, provider_id: str | None, at: datetime
) -> None:
    """The provider took the notice. A receipt that was faster than this result keeps its state."""
    await session.execute(
        update(NoticeRow)
        .where(NoticeRow.id == notice_id)
        .values(provider=provider, provider_id=provider_id, sent_at=at)
    )
    await _set_unfinished(session, notice_id, state=NoticeState.SENT, error=None, finished_at=at)


async def set_finished(session: AsyncSession, notice_id: str, state: NoticeState, *, error: str, at: datetime) -> None:
    """The notice ended without being sent, or nobody can tell."""
    await _set_unfinished(session, notice_id, state=state, error=error, finished_at=at)


async def set_received(
    session: AsyncSession, notice_id: str, state: NoticeState, *, error: str | None, at: datetime
) -> None:
    """What the provider's receipt makes of the notice. Receipts come in any order: the first final one stays."""
    await session.execute(
        update(NoticeRow)
        .where(NoticeRow.id == notice_id, NoticeRow.state.not_in(_FINAL))
        .values(state=state, error=error, finished_at=at)
    )


async def suppress(session: AsyncSession, topic: str, reason: str, now: datetime) -> None:
    """Nothing more is sent about the topic. What is claimed is not touched: somebody is sending it."""
    await session.execute(
        update(NoticeRow)
        .where(NoticeRow.topic == topic, NoticeRow.state == NoticeState.PENDING)
        .values(state=NoticeState.SUPPRESSED, error=reason, finished_at=now)
    )


async def suppress_warnings(session: AsyncSession, topic: str, still_true: Collection[str], now: datetime) -> None:
    """Warnings about anything but these concerns (by their keys) are not sent any more."""
    await session.execute(
        update(NoticeRow)
        .where(
            NoticeRow.topic == topic,
            NoticeRow.state == NoticeState.PENDING,
            NoticeRow.kind.in_(WARNINGS),
            NoticeRow.about.not_in(still_true),
        )
        .values(state=NoticeState.SUPPRESSED, error="It was mended before this was sent.", finished_at=now)
    )


async def note_mended(session: AsyncSession, topic: str, still_true: Collection[str], now: datetime) -> None:
    """Warnings about anything but these concerns (by their keys) are not so any more. What comes and goes, and was not
    out of sight for longer than ``MENDED_AFTER``, is as it was."""
    warnings = update(NoticeRow).where(NoticeRow.topic == topic, NoticeRow.kind.in_(WARNINGS))
    await session.execute(
        warnings.where(NoticeRow.mended_at.is_(None), NoticeRow.about.not_in(still_true)).values(mended_at=now)
    )
    await session.execute(
        warnings.where(
            NoticeRow.mended_at >= now - MENDED_AFTER, NoticeRow.about.in_(filter(comes_and_goes, still_true))
        ).values(mended_at=None)
    )


async def trim(session: AsyncSession, topic: str, before: datetime) -> None:
    """Forget what was made before then and has ended: notices hold names and addresses. A warning that is forgotten is
    told again, if it is still so."""
    await session.execute(
        delete(NoticeRow).where(
            NoticeRow.topic == topic,
            NoticeRow.created_at < before,
            NoticeRow.state.not_in(_UNFINISHED),
        )
    )


async def forget(session: AsyncSession, topic: str) -> None:
    """As if nothing had ever been told about the topic. What is waiting is not sent any more."""
    await session.execute(delete(NoticeRow).where(NoticeRow.topic == topic))


async def get(session: AsyncSession, notice_id: str) -> NoticeRow | None:
    return await session.get(NoticeRow, notice_id)


async def unfinished(session: AsyncSession, topic: str) -> Sequence[str]:
    """The topic's notices that are still to be sent, or whose sending has not ended with a result, oldest first."""
    ids = await session.scalars(
        select(NoticeRow.id)
        .where(NoticeRow.topic == topic, NoticeRow.state.in_(_UNFINISHED))
        .order_by(NoticeRow.at, NoticeRow.kind, NoticeRow.id)
    )
    return ids.all()


async def told_warnings(session: AsyncSession, topic: str) -> frozenset[Told]:
    """The warnings that were told or are still to be told, each with when it was mended, if it was."""
    rows = await session.execute(
        select(NoticeRow.kind, NoticeRow.about, NoticeRow.recipient, NoticeRow.channel, NoticeRow.mended_at).where(
            NoticeRow.topic == topic,
            NoticeRow.kind.in_(WARNINGS),
            NoticeRow.state != NoticeState.SUPPRESSED,
        )
    )
    return frozenset(Told(*row) for row in rows)


async def provider_ids(session: AsyncSession, *, since: datetime) -> set[str]:
    """What providers called the notices that went out since then."""
    ids = await session.scalars(
        select(NoticeRow.provider_id).where(NoticeRow.provider_id.is_not(None), NoticeRow.sent_at >= since)
    )
    return {provider_id for provider_id in ids if provider_id is not None}


async def of_topic(session: AsyncSession, topic: str, *, limit: int, cursor: str | None = None) -> Page[NoticeRow]:
    """The topic's notices, newest first. Raises :class:`storage.paging.BadCursor`."""
    order = (NoticeRow.created_at, NoticeRow.id)
    query = select(NoticeRow).where(NoticeRow.topic == topic)
    if cursor is not None:
        created_at, last = _position(cursor)
        query = query.where(tuple_(*order) < tuple_(literal(created_at, UtcDateTime), literal(last)))
    rows = await session.scalars(query.order_by(*(column.desc() for column in order)).limit(limit + 1))
    return page_of(rows.all(), limit, lambda row: (row.created_at.isoformat(), row.id))


def _position(cursor: str) -> tuple[datetime, str]:
    created_at, last = decode_cursor(cursor, str, str)
    try:
        return datetime.fromisoformat(str(created_at)).astimezone(UTC), str(last)
    except (ValueError, OverflowError):
        raise BadCursor("The cursor belongs to another list.") from None


async def _set_unfinished(session: AsyncSession, notice_id: str, **values: object) -> None:
    await session.execute(
        update(NoticeRow).where(NoticeRow.id == notice_id, NoticeRow.state == NoticeState.CLAIMED).values(**values)
    )


def _too_late(row: NoticeRow) -> str:
    return f"It was news until {row.stale_at:%Y-%m-%d %H:%M} UTC, and could not be sent before."


def _id_of(notice: Notice) -> str:
    at = notice.at.astimezone(UTC).isoformat()
    return derived_id("ntc", notice.topic, notice.kind, notice.about, at, notice.recipient, notice.channel)


def _values(notice: Notice, now: datetime) -> dict[str, object]:
    return {
        "id": _id_of(notice),
        "topic": notice.topic,
        "kind": notice.kind,
        "about": notice.about,
        "at": notice.at,
        "recipient": notice.recipient,
        "channel": notice.channel,
        "body": {"subject": notice.subject, "text": notice.text, "document": notice.document},
        "stale_at": notice.stale_at,
        "state": NoticeState.PENDING,
        "attempts": 0,
        "created_at": now,
    }
