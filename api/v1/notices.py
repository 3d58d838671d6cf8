"""What was told about a schedule or a call, to whom, and what became of it."""

from fastapi import APIRouter
from pydantic import BaseModel

from api.security import AnyService, Principal, Viewer
from api.v1 import shapes, views
from api.v1.calls import found
from api.v1.errors import not_found
from api.v1.parameters import DEFAULT_LIMIT, Cursor, Limit, Time
from domain.notices import call_topic, schedule_topic
from storage import notices
from storage.notice_tables import NoticeRow

router = APIRouter()


class Notice(BaseModel):
    """One message about a schedule or a call. `about` is the user, the override, the concern or the hotline that it
    speaks of, and `at` when that became so. `recipient` is a user's key, a room, an address or a webhook's key; a
    number is masked for everybody below manager.

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


@router.get("/schedules/{key}/notices", tags=["Schedules"])
async def notices_of_schedule(
    key: str, services: AnyService, principal: Viewer, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> shapes.Listed[Notice]:
    """The notices about shifts, overrides and coverage, the newest first."""
    if key not in (await services.config.directory()).schedules:
        raise not_found(f"schedule {key}")
    async with services.database.read() as session:
        page = await notices.of_topic(session, schedule_topic(key), limit=limit, cursor=cursor)
    return shapes.Listed(items=[shown_notice(row, principal) for row in page.items], next_cursor=page.next_cursor)


@router.get("/calls/{call}/notices", tags=["Calls"])
async def notices_of_call(
    call: str, services: AnyService, principal: Viewer, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> shapes.Listed[Notice]:
    """Whom the hotline told how the call ended, as its `notify` says, the newest first."""
    async with services.database.read() as session:
        await found(session, call)
        page = await notices.of_topic(session, call_topic(call), limit=limit, cursor=cursor)
    return shapes.Listed(items=[shown_notice(row, principal) for row in page.items], next_cursor=page.next_cursor)


def shown_notice(row: NoticeRow, principal: Principal) -> Notice:
    """The notice as the principal may see it."""
    sees_all = principal.sees_phone_of(row.recipient)
    return Notice(
        id=row.id,
        kind=row.kind,
        about=row.about,
        at=row.at,
        recipient=row.recipient if sees_all else views.masked_number(row.recipient),
        channel=row.channel,
        subject=row.body["subject"],
        text=row.body["text"],
        state=row.state,
        attempts=row.attempts,
        error=row.error if sees_all else None,
        created_at=row.created_at,
        sent_at=row.sent_at,
        finished_at=row.finished_at,
    )
