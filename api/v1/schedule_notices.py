"""What was told about a schedule, to whom, and what became of it."""

from fastapi import APIRouter
from pydantic import BaseModel

from api.security import AnyService, Principal, Viewer
from api.v1 import shapes
from api.v1.errors import not_found
from api.v1.parameters import DEFAULT_LIMIT, Cursor, Limit, Time
from storage import schedule_notices
from storage.schedule_tables import ScheduleNoticeRow

router = APIRouter(prefix="/schedules", tags=["Schedules"])


class ScheduleNotice(BaseModel):
    """One message about a schedule. `about` is the user, the override or the concern that it speaks of, and `at` when
    that became so. `recipient` is a user's key, a room or a webhook's key, never a number.

    `state`: `pending`, `claimed` (being sent), `sent`, `delivered`, `failed`, `too_late` (no news any more),
    `suppressed` (no longer so), or `unknown` (it may have gone out). `error` says why,
    to managers and to the recipient: it may hold what a provider said.
    """

    id: str
    kind: str
    about: str
    at: Time
    recipient: str
    channel: str
    subject: str
    text: str
    state: str
    attempts: int
    error: str | None
    created_at: Time
    sent_at: Time | None
    finished_at: Time | None


@router.get("/{key}/notices")
async def schedule_notices_of(
    key: str, services: AnyService, principal: Viewer, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> shapes.Listed[ScheduleNotice]:
    """The notices about shifts, overrides and coverage, the newest first."""
    if key not in (await services.config.directory()).schedules:
        raise not_found(f"schedule {key}")
    async with services.database.read() as session:
        page = await schedule_notices.of_schedule(session, key, limit=limit, cursor=cursor)
    return shapes.Listed(items=[_shown(row, principal) for row in page.items], next_cursor=page.next_cursor)


def _shown(row: ScheduleNoticeRow, principal: Principal) -> ScheduleNotice:
    return ScheduleNotice(
        id=row.id,
        kind=row.kind,
        about=row.about,
        at=row.at,
        recipient=row.recipient,
        channel=row.channel,
        subject=row.body["subject"],
        text=row.body["text"],
        state=row.state,
        attempts=row.attempts,
        error=row.error if principal.sees_phone_of(row.recipient) else None,
        created_at=row.created_at,
        sent_at=row.sent_at,
        finished_at=row.finished_at,
    )
