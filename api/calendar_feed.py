"""Shifts for calendar programs: ``GET /calendar/{token}.ics``. Whoever has the link reads it, without signing in.

The token is the feed's id with our signature, under a key that signs nothing else. Everything that is not a link in
force is the same 404. Reading changes nothing but the hour at which it last happened: mail scanners follow links.
"""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from icalendar import Calendar, Event
from sqlalchemy.exc import DBAPIError

from api.security import AnyService
from api.services import Services
from config.keys import Keyring, Purpose
from config.settings import Settings
from domain.calendar_feeds import Feed, FeedEvent, FeedScope, feed_events, feed_name
from domain.directory import Directory
from storage import calendar_feeds
from storage.schedule_tables import CalendarFeedRow

router = APIRouter(include_in_schema=False)

_log = logging.getLogger(__name__)

#: how often calendar programs are asked to come by; many take their own time
_REFRESH = timedelta(hours=1)
_GONE = "There is no calendar at this address. Make a new link in Dutyline.\n"
_AWAY = "The calendar cannot be read right now; try again in a moment.\n"


def keyring(settings: Settings) -> Keyring:
    return settings.keyring(Purpose.CALENDAR_FEEDS)


def feed_path(keys: Keyring, feed_id: str) -> str:
    """The path on this host at which a feed is read, for whoever has it, until it is revoked."""
    return f"/calendar/{feed_id}.{keys.sign(feed_id)}.ics"


@router.api_route("/calendar/{token}.ics", methods=["GET", "HEAD"])
async def read_feed(token: str, request: Request, services: AnyService) -> Response:
    feed_id, _, signature = token.partition(".")
    if not keyring(services.settings).verify(feed_id, signature):
        return PlainTextResponse(_GONE, 404)
    try:
        return await _answer(services, request, feed_id)
    except (DBAPIError, OSError) as error:
        _log.warning("A calendar feed could not be served: %r", error)
        return PlainTextResponse(_AWAY, 503, {"Retry-After": "60"})


async def _answer(services: Services, request: Request, feed_id: str) -> Response:
    async with services.database.read() as session:
        row = await calendar_feeds.in_force(session, feed_id)
    directory = await services.config.directory()
    if row is None or not _still_there(row, directory):
        return PlainTextResponse(_GONE, 404)
    now = services.clock()
    if request.method == "GET":
        await _touch(services, row, now)
    feed = Feed(row.user, FeedScope(row.scope), row.schedule, row.horizon_days)
    # A year of an hourly rotation is thousands of events: callers must not wait for that.
    events = await asyncio.to_thread(feed_events, feed, directory, now)
    name, host = feed_name(feed, directory), urlsplit(services.settings.public_url).hostname or "dutyline"
    headers = _headers(name, host, events)
    if _has_already(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    body = await asyncio.to_thread(_file, name, events, host, now)
    headers["Content-Type"] = "text/calendar; charset=utf-8"
    if request.method == "HEAD":
        return Response(headers=headers | {"Content-Length": str(len(body))})
    return Response(body, headers=headers)


def _still_there(row: CalendarFeedRow, directory: Directory) -> bool:
    return row.user in directory.users and (row.schedule is None or row.schedule in directory.schedules)


def _headers(name: str, host: str, events: Sequence[FeedEvent]) -> dict[str, str]:
    """The tag changes when the events do; a weak one, for each file has the time at which it was made."""
    digest = hashlib.sha256(repr((name, host, events)).encode()).hexdigest()
    return {"ETag": f'W/"{digest[:32]}"', "Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}


def _file(name: str, events: Sequence[FeedEvent], host: str, now: datetime) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//Dutyline//On-call shifts//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", _REFRESH, {"value": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for event in events:
        calendar.add_component(_entry(event, host, now))
    return bytes(calendar.to_ical())


def _entry(event: FeedEvent, host: str, now: datetime) -> Event:
    entry = Event()
    entry.add("uid", f"{event.identity}@{host}")
    entry.add("dtstamp", now)
    entry.add("dtstart", event.starts)
    entry.add("dtend", event.ends)
    entry.add("summary", event.title)
    entry.add("description", event.text)
    # Who is on call may have meetings.
    entry.add("transp", "TRANSPARENT")
    return entry


async def _touch(services: Services, row: CalendarFeedRow, now: datetime) -> None:
    if row.last_read_at is None or row.last_read_at <= now - calendar_feeds.TOUCH_EVERY:
        async with services.database.write() as session:
            await calendar_feeds.touch(session, row.id, now)


def _has_already(known: str, tag: str) -> bool:
    tags = {each.strip().removeprefix("W/") for each in known.split(",")}
    return "*" in tags or tag.removeprefix("W/") in tags
