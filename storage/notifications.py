"""Alerts: a row first, then a claim, then the sending, then every receipt of the provider."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.incidents import IncidentStatus
from storage.paging import Page, decode_cursor, page_of
from storage.sql import insert
from storage.tables import IncidentRow, NotificationRow, ReceiptRow


class NotificationState(StrEnum):
    PENDING = "pending"
    CLAIMED = "claimed"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    #: claimed, and then the sender died: it may have gone out
    UNKNOWN = "unknown"


#: no receipt changes these any more
_FINAL = frozenset({NotificationState.DELIVERED, NotificationState.FAILED})


@dataclass(frozen=True, slots=True)
class NewNotification:
    """An alert to one address. ``position`` is the alert's place in its level, ``rule`` the part of the policy that
    asks for it, ``reason`` why it is this person, in words."""

    id: str
    incident_id: str
    level: int
    round: int
    position: int
    channel: str
    reason: str
    rule: str
    created_at: datetime
    user: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The alert is the caller's to send. With ``attempts`` above 1 an earlier claim ended without a result: where the
    provider has an idempotency key send again, elsewhere it may have gone out already."""

    notification: NotificationRow
    attempts: int
    #: the claim before this one ended without a result
    in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The alert must not be sent; ``reason`` is for the log. ``ended`` is the alert that this very claim ended."""

    reason: str
    ended: NotificationRow | None = None


async def create(session: AsyncSession, new: NewNotification) -> NotificationRow:
    """Store the alert and return its row; the row of the first time when it was stored before."""
    created: NotificationRow | None = await session.scalar(
        insert(session, NotificationRow)
        .values(**asdict(new), state=NotificationState.PENDING, attempts=0)
        .on_conflict_do_nothing()
        .returning(NotificationRow)
    )
    if created is not None:
        return created
    existing = await session.scalar(
        select(NotificationRow).where(
            NotificationRow.incident_id == new.incident_id,
            NotificationRow.round == new.round,
            NotificationRow.level == new.level,
            NotificationRow.position == new.position,
            NotificationRow.channel == new.channel,
            NotificationRow.user == new.user,
            NotificationRow.address == new.address,
        )
    )
    if existing is None:
        raise ValueError(f"{new.id} is the id of another alert")
    return existing


async def claim(session: AsyncSession, notification_id: str, now: datetime) -> Claimed | Refused:
    """Take the alert for sending, unless it is finished or its incident no longer wants alerts.

    Must run in a ``write()`` transaction. An acknowledgement that was committed before refuses the claim; one that
    comes after finds the alert claimed. The incident's row is locked between the two (the whole database on SQLite).
    """
    notification = await session.get(NotificationRow, notification_id)
    if notification is None:
        return Refused("there is no such alert")
    incident = await session.scalar(
        select(IncidentRow)
        .where(IncidentRow.id == notification.incident_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    await session.refresh(notification, with_for_update=True)
    if notification.state not in {NotificationState.PENDING, NotificationState.CLAIMED}:
        return Refused(f"the alert is {notification.state} already")
    if incident is None or incident.status != IncidentStatus.TRIGGERED or incident.muted:
        # A claim that ended without a result may have reached the person: that is not "suppressed".
        claimed = notification.state == NotificationState.CLAIMED
        notification.state = NotificationState.UNKNOWN if claimed else NotificationState.SUPPRESSED
        notification.finished_at = now
        notification.error = f"the incident was {_why_not(incident)} before the alert was sent"
        await session.flush()
        return Refused(notification.error, notification)
    in_doubt = notification.state == NotificationState.CLAIMED
    notification.state = NotificationState.CLAIMED
    notification.claimed_at = now
    notification.attempts += 1
    await session.flush()
    return Claimed(notification, notification.attempts, in_doubt)


async def release(session: AsyncSession, notification_id: str, error: str) -> None:
    """Give a claimed alert back: the provider certainly did not take it (429, refused connection), try again later."""
    await session.execute(
        update(NotificationRow)
        .where(NotificationRow.id == notification_id, NotificationRow.state == NotificationState.CLAIMED)
        .values(state=NotificationState.PENDING, error=error)
    )


async def set_sent(
    session: AsyncSession, notification_id: str, *, provider: str, provider_id: str | None, at: datetime
) -> None:
    """The provider took the alert. A receipt that was faster than this result keeps its state."""
    await session.execute(
        update(NotificationRow)
        .where(NotificationRow.id == notification_id)
        .values(provider=provider, provider_id=provider_id, sent_at=at, error=None)
    )
    await session.execute(
        update(NotificationRow)
        .where(NotificationRow.id == notification_id, NotificationRow.state == NotificationState.CLAIMED)
        .values(state=NotificationState.SENT)
    )


async def set_finished(
    session: AsyncSession, notification_id: str, state: NotificationState, *, error: str | None, at: datetime
) -> None:
    """The alert ended as failed, suppressed or unknown (or delivered, where there are no receipts)."""
    await session.execute(
        update(NotificationRow)
        .where(NotificationRow.id == notification_id)
        .values(state=state, error=error, finished_at=at)
    )


async def add_receipt(
    session: AsyncSession,
    notification_id: str,
    *,
    at: datetime,
    status: str,
    data: dict[str, Any],
    state: NotificationState | None,
) -> bool:
    """Keep the provider's word, every time it comes; ``state`` is what it makes of the alert, if anything.
    ``False`` when there is no such alert."""
    notification = await session.get(NotificationRow, notification_id, with_for_update=True)
    if notification is None:
        return False
    session.add(ReceiptRow(notification_id=notification_id, at=at, status=status, data=data))
    if notification.provider_id is None and data.get("provider_id"):
        # The provider's answer to the sending was lost. Without its id, this message would be taken for a later one.
        notification.provider, notification.provider_id = data.get("provider"), data["provider_id"]
        notification.sent_at = notification.sent_at or at
    # Receipts come in any order: "sent" after "delivered" changes nothing.
    if state is not None and notification.state not in _FINAL:
        notification.state = state
        notification.finished_at = at if state in _FINAL else None
    await session.flush()
    return True


async def get(session: AsyncSession, notification_id: str) -> NotificationRow | None:
    return await session.get(NotificationRow, notification_id)


async def of_incident(
    session: AsyncSession, incident_id: str, *, limit: int, cursor: str | None = None
) -> Page[NotificationRow]:
    """The incident's alerts, round by round and level by level. Raises :class:`storage.paging.BadCursor`."""
    order = (NotificationRow.round, NotificationRow.level, NotificationRow.position, NotificationRow.id)
    query = select(NotificationRow).where(NotificationRow.incident_id == incident_id)
    if cursor is not None:
        *places, last = decode_cursor(cursor, int, int, int, str)
        after = tuple_(*(literal(place, BigInteger) for place in places), literal(last))
        query = query.where(tuple_(*order) > after)
    rows = await session.scalars(query.order_by(*order).limit(limit + 1))
    return page_of(rows.all(), limit, lambda row: (row.round, row.level, row.position, row.id))


async def unfinished(session: AsyncSession, incident_id: str) -> Sequence[str]:
    """The incident's alerts that are still to be sent, or whose sending has not ended with a result."""
    ids = await session.scalars(
        select(NotificationRow.id)
        .where(
            NotificationRow.incident_id == incident_id,
            NotificationRow.state.in_([NotificationState.PENDING, NotificationState.CLAIMED]),
        )
        .order_by(NotificationRow.round, NotificationRow.level, NotificationRow.position, NotificationRow.id)
    )
    return ids.all()


async def channels_tried(session: AsyncSession, notification: NotificationRow) -> set[str]:
    """Over which channels this alert's level alerts the same person, in this round."""
    channels = await session.scalars(
        select(NotificationRow.channel).where(
            NotificationRow.incident_id == notification.incident_id,
            NotificationRow.round == notification.round,
            NotificationRow.level == notification.level,
            NotificationRow.user == notification.user,
        )
    )
    return set(channels)


async def provider_ids_to(session: AsyncSession, address: str, *, since: datetime) -> set[str]:
    """What providers called the alerts that went to an address since then."""
    ids = await session.scalars(
        select(NotificationRow.provider_id).where(
            NotificationRow.address == address,
            NotificationRow.provider_id.is_not(None),
            NotificationRow.sent_at >= since,
        )
    )
    return {provider_id for provider_id in ids if provider_id is not None}


async def receipts(session: AsyncSession, *notification_ids: str) -> Sequence[ReceiptRow]:
    """Every receipt of the alerts, in the order of arrival."""
    rows = await session.scalars(
        select(ReceiptRow).where(ReceiptRow.notification_id.in_(notification_ids)).order_by(ReceiptRow.id)
    )
    return rows.all()


def _why_not(incident: IncidentRow | None) -> str:
    if incident is None:
        return "deleted"
    return "muted" if incident.status == IncidentStatus.TRIGGERED else incident.status
