"""Other people's calendars beside schedules: reading them, and what they show. They never change who is on call."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from activities.calendar_file import BadCalendar
from activities.calendars import take_in
from api.security import AnyService, Manager, Responder, Viewer
from api.services import Services
from api.v1.errors import ApiError, invalid, not_found
from api.v1.parameters import Moment, Time, window
from api.v1.schedules import find_schedule
from api.v1.shapes import Listed, Named
from domain.directory import Calendar
from domain.foreign_calendars import FURTHEST_OFFSET, ForeignEvent
from storage import calendars
from temporal.door import Unavailable

router = APIRouter(tags=["Calendars"])

_LONGEST_WINDOW = timedelta(days=431)
_MOST_SHOWN = 5_000
_FILE_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"text/calendar": {"schema": {"type": "string"}}}}
}


class CalendarState(BaseModel):
    """How the last reading went: `error` says what was wrong then. The events are those of `refreshed_at`."""

    calendar: str
    tried_at: Time | None
    refreshed_at: Time | None
    error: str | None
    events: int


class OverlayEvent(BaseModel):
    """One occurrence. An all-day event has `first_day` and `last_day`; it begins at midnight in the schedule's zone."""

    calendar: Named
    title: str
    starts: Time
    ends: Time
    first_day: date | None
    last_day: date | None


@router.get("/calendars/{key}/state")
async def calendar_state(key: str, services: AnyService, _principal: Viewer) -> CalendarState:
    """When the calendar was read last, and how that went."""
    await _calendar(services, key)
    return await _state(services, key)


@router.post("/calendars/{key}/refresh", status_code=202)
async def refresh_calendar(key: str, services: AnyService, _principal: Responder) -> CalendarState:
    """Read the calendar now instead of at the next 00:00 UTC. The answer is its state before."""
    await _calendar(services, key)
    try:
        if services.door is None:
            raise Unavailable("no Temporal")
        await services.door.refresh_calendar(key)
    except Unavailable:
        message = "The calendar cannot be refreshed right now; try again in a moment."
        raise ApiError(503, "unavailable", message, headers={"Retry-After": "2"}) from None
    return await _state(services, key)


@router.put("/calendars/{key}/file", openapi_extra=_FILE_BODY)
async def put_calendar_file(key: str, request: Request, services: AnyService, _principal: Manager) -> CalendarState:
    """The events of a calendar without a `url`: an iCalendar file (`.ics`) of at most 1 MiB. It is kept, so that events
    that repeat go on."""
    if (await _calendar(services, key)).url is not None:
        raise ApiError(409, "has_url", "This calendar is read from its url; take that out to hand in a file.")
    file, now = await request.body(), services.clock()
    try:
        await take_in(services.database, key, calendars.FILE, file, now, datetime.now(UTC))
    except BadCalendar as error:
        raise invalid("body", str(error)) from None
    return await _state(services, key)


@router.get("/schedules/{key}/overlay")
async def overlay(
    key: str,
    services: AnyService,
    _principal: Viewer,
    from_: Annotated[Moment | None, Query(alias="from", description="Now when it is left out.")] = None,
    to: Annotated[Moment | None, Query(description="30 days after `from` when it is left out; at most 431.")] = None,
) -> Listed[OverlayEvent]:
    """The events of the calendars that are shown beside this schedule, by their start; at most 5,000. They are known
    from 31 days before the last reading to 400 days after it."""
    directory = await services.config.directory()
    schedule = find_schedule(directory, key)
    start, end = window(from_ or services.clock(), to, _LONGEST_WINDOW)
    names = {each.key: each.name for each in directory.calendars.values() if key in each.schedules}
    async with services.database.read() as session:
        near = await calendars.events_between(session, names, *_asked(start, end), _MOST_SHOWN)
    seen = [(calendar, event, *event.seen_in(schedule.timezone)) for calendar, event in near]
    items = [
        _overlay_event(Named(key=calendar, name=names[calendar]), event, starts, ends)
        for calendar, event, starts, ends in sorted(seen, key=lambda each: each[2])
        if starts < end and (ends > start or starts >= start)
    ]
    return Listed(items=items)


def _asked(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Days begin earlier or later than in UTC, depending on the zone; what does not touch the window then goes."""
    try:
        return start - FURTHEST_OFFSET, end + FURTHEST_OFFSET
    except OverflowError:
        raise invalid("from", "The window is too near to the end of the calendar. Name years from 2 to 9998.") from None


def _overlay_event(calendar: Named, event: ForeignEvent, starts: datetime, ends: datetime) -> OverlayEvent:
    last_day = event.day_after - timedelta(days=1) if event.day_after else None
    return OverlayEvent(
        calendar=calendar, title=event.title, starts=starts, ends=ends, first_day=event.first_day, last_day=last_day
    )


async def _calendar(services: Services, key: str) -> Calendar:
    calendar = (await services.config.directory()).calendars.get(key)
    if calendar is None:
        raise not_found(f"calendar {key}")
    return calendar


async def _state(services: Services, key: str) -> CalendarState:
    async with services.database.read() as session:
        row = await calendars.state(session, key)
        return CalendarState(
            calendar=key,
            tried_at=row.tried_at if row else None,
            refreshed_at=row.refreshed_at if row else None,
            error=row.error if row else None,
            events=await calendars.count_events(session, key),
        )
