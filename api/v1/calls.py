"""The call log."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from api.recordings import recording_link
from api.security import AnyService, Principal, Viewer
from api.services import Services
from api.v1 import shapes, views
from api.v1.errors import ApiError, not_found
from api.v1.parameters import DEFAULT_LIMIT, Cursor, Limit, Moment
from domain.call_log import CallOutcome, CallStatus
from domain.call_plan import numbers_saved_as
from domain.phone import to_e164
from storage import call_recordings, calls, incidents
from storage.call_recordings import RecordingState
from storage.calls import CallFilter
from storage.tables import CallRow, RecordingRow

router = APIRouter(prefix="/calls", tags=["Calls"])

_WHY_NOT = {
    RecordingState.PENDING: (409, "pending", "The recording is still being fetched. Try again in a moment."),
    RecordingState.NEEDS_CREDENTIALS: (
        409,
        "needs_credentials",
        "The carrier asks for a password before it gives the recording away. Add the account to carriers in the "
        "configuration (account id and auth token), and it is fetched with them, at the latest six hours later. After "
        "30 days nobody looks any more.",
    ),
    RecordingState.GONE: (404, "gone", "The carrier does not have the recording any more."),
    RecordingState.ABSENT: (404, "absent", "The carrier says that nothing was recorded."),
}


@router.get("")
async def list_calls(
    services: AnyService,
    principal: Viewer,
    hotline: str | None = None,
    status: CallStatus | None = None,
    outcome: CallOutcome | None = None,
    caller: Annotated[str | None, Query(description="A number, or a part of a name.")] = None,
    from_: Annotated[Moment | None, Query(alias="from", description="Started then or later.")] = None,
    to: Annotated[Moment | None, Query(description="Started before then.")] = None,
    archived: bool = False,
    test: bool | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> shapes.Listed[shapes.Call]:
    """The newest calls first, without those that are archived."""
    directory = await services.config.directory()
    criteria = CallFilter(
        hotline=hotline,
        status=status,
        outcome=outcome,
        caller=_caller(caller),
        saved_numbers=numbers_saved_as(directory, caller) if caller else (),
        since=from_,
        until=to,
        archived=archived,
        test=test,
    )
    async with services.database.read() as session:
        page = await calls.list_calls(session, criteria, limit=limit, cursor=cursor)
        items = await shown(session, services, principal, *page.items)
    return shapes.Listed(items=items, next_cursor=page.next_cursor)


@router.get("/{call}")
async def get_call(call: str, services: AnyService, principal: Viewer) -> shapes.Call:
    """One call, with everybody whose phone was rung, and why."""
    async with services.database.read() as session:
        return (await shown(session, services, principal, await found(session, call)))[0]


@router.get("/{call}/timeline")
async def call_timeline(call: str, services: AnyService, _principal: Viewer) -> shapes.Listed[shapes.Step]:
    """Every step of the call with its reason, as one page."""
    async with services.database.read() as session:
        await found(session, call)
        rows = await calls.timeline(session, call)
    return shapes.Listed(items=[views.step(row) for row in rows])


@router.get("/{call}/recording", status_code=302, response_class=RedirectResponse)
async def recording(
    call: str,
    services: AnyService,
    _principal: Viewer,
    id_: Annotated[str | None, Query(alias="id", description="One of the call's recordings; else the first.")] = None,
) -> RedirectResponse:
    """Redirects to a link that plays the recording and runs out after a quarter of an hour. 409 while it cannot be
    played yet, 404 when there is none; either says why."""
    async with services.database.read() as session:
        await found(session, call)
        rows = [row for row in await call_recordings.recordings_of(session, call) if views.is_shown(row)]
    row = next((row for row in rows if id_ in (None, row.id)), None)
    if row is None:
        raise ApiError(404, "not_found", "This call has no such recording." if id_ else "This call has no recording.")
    return RedirectResponse(_link(row, services), 302, {"Cache-Control": "no-store"})


def _link(row: RecordingRow, services: Services) -> str:
    if row.state != RecordingState.STORED:
        raise ApiError(*_WHY_NOT[RecordingState(row.state)])
    return recording_link(services.links, row.id, services.clock())


async def found(session: AsyncSession, call_id: str) -> CallRow:
    """The call. Raises :class:`ApiError` (404)."""
    row = await calls.get(session, call_id)
    if row is None:
        raise not_found(f"call {call_id}")
    return row


async def shown(session: AsyncSession, services: Services, principal: Principal, *rows: CallRow) -> list[shapes.Call]:
    """The calls with their recordings and incidents, as the principal may see them."""
    ids = [row.id for row in rows]
    recordings = await call_recordings.recordings_of(session, *ids)
    opened = await incidents.of_calls(session, ids)
    directory = await services.config.directory()
    public_url = services.settings.public_url
    return [views.call(row, recordings, opened, directory, principal, public_url) for row in rows]


def _caller(text: str | None) -> str | None:
    """A number in any spelling finds the caller; a ``+`` that was not escaped arrives as a blank."""
    return (to_e164(text) or text) if text else None
