"""The dashboard: what is open, who called, who is on call. Plain pages that work without any script."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from api import recordings, schedule_page, sign_in
from api.body_limit import BodyLimit
from api.pages import FOLDER, SEE_OTHER, page, with_safe_headers
from api.security import AnyService, Principal, identify
from api.services import Services
from api.v1 import calls as v1_calls
from api.v1 import incidents as v1_incidents
from api.v1 import views
from api.v1.call_incident import open_as_the_hotline_would
from api.v1.errors import ApiError
from api.v1.notices import shown_notice
from api.v1.schedules import find_schedule
from api.v1.shapes import Call
from domain.call_plan import PassedEntry, Target, resolve_chain, tester_of
from domain.coverage import concerns
from domain.directory import Directory, Hotline, Provider, Role
from domain.ids import call_workflow_id, incident_workflow_id
from domain.incidents import IncidentStatus
from domain.notices import call_topic
from domain.on_call import describe, on_call
from domain.on_call import warnings as on_call_warnings
from domain.schedule import Schedule
from storage import calendars, calls, hotline_state, incidents, notices, notifications, verified_phones
from storage.calls import CallFilter
from storage.incident_actions import IncidentAction, NoSuchIncident
from storage.incidents import IncidentFilter

router = APIRouter(include_in_schema=False)

_SHOWN = 50
_CALLS_SHOWN = 20


class NotSignedIn(Exception):
    """The page needs somebody who is signed in."""


def dashboard_application(services: Services) -> FastAPI:
    """Pages, sign-in, static files and recordings; to be mounted at the root, behind everything else."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.services = services
    app.middleware("http")(with_safe_headers)
    app.add_middleware(BodyLimit)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"))
    for each in (sign_in.router, recordings.router, router):
        app.include_router(each)
    _handle_errors(app)
    return app


async def _signed_in(request: Request) -> Principal:
    principal = await identify(request)
    if principal is None:
        raise NotSignedIn
    return principal


SignedIn = Annotated[Principal, Depends(_signed_in)]


@dataclass(frozen=True, slots=True)
class _Duty:
    """Who is on call in a schedule, in words."""

    key: str
    name: str
    user: str | None
    reason: str
    next_user: str | None
    next_at: datetime | None
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class _Line:
    """Whom a hotline would ring now; ``tester`` while it is in test mode. ``lacks_hangup``: real calls came, and the
    carrier never said that one was over."""

    key: str
    name: str
    number: str
    entries: tuple[Target | PassedEntry, ...]
    tester: str | None
    lacks_hangup: bool


@router.get("/")
async def home(request: Request, services: AnyService, principal: SignedIn) -> Response:
    now = services.clock()
    directory = await services.config.directory()
    async with services.database.read() as session:
        triggered = await incidents.list_incidents(session, IncidentFilter(IncidentStatus.TRIGGERED), limit=_SHOWN)
        taken = await incidents.list_incidents(session, IncidentFilter(IncidentStatus.ACKNOWLEDGED), limit=_SHOWN)
        last = await calls.list_calls(session, CallFilter(archived=False), limit=_CALLS_SHOWN)
        shown_calls = await v1_calls.shown(session, services, principal, *last.items)
        modes = await hotline_state.active_test_modes(session, now)
        states = await hotline_state.all_states(session)
    testers = {mode.hotline: tester_of(directory, mode.user) for mode in modes}
    ringing = {call.hotline for call in shown_calls if call.status == "in_progress"}
    silent = {state.hotline for state in states if state.pinned_account and not state.hangup_seen}
    return page(
        request,
        "home.html",
        principal=principal,
        may_act=principal.may(Role.RESPONDER),
        organization=directory.organization,
        incidents=[*triggered.items, *taken.items],
        has_more=bool(triggered.next_cursor or taken.next_cursor),
        calls=shown_calls,
        hotline_names={key: hotline.name for key, hotline in directory.hotlines.items()},
        duties=[_duty(directory, directory.schedules[key], now) for key in sorted(directory.schedules)],
        lines=_lines(directory, now, testers, without_hangup=silent - ringing),
        temporal_ui_url=services.settings.temporal_ui_url,
    )


@router.get("/schedules/{schedule}")
async def show_schedule(request: Request, schedule: str, services: AnyService, principal: SignedIn) -> Response:
    now = services.clock()
    directory = await services.config.directory()
    found = find_schedule(directory, schedule)
    calendar_keys = [calendar.key for calendar in schedule_page.calendars_of(directory, found)]
    asked = schedule_page.asked_of_calendars(schedule_page.window(found, now))
    async with services.database.read() as session:
        verified = await verified_phones.all_verified(session)
        events = await calendars.events_between(session, calendar_keys, *asked, schedule_page.MOST_EVENTS)
    return page(
        request,
        "schedule.html",
        principal=principal,
        schedule=found,
        duty=_duty(directory, found, now),
        concerns=await asyncio.to_thread(concerns, found, directory, verified, now),
        warnings=on_call_warnings(found),
        weeks=await asyncio.to_thread(schedule_page.weeks_of, directory, found, now, events),
        lines=await asyncio.to_thread(schedule_page.lines_of, directory, found, now),
        overrides=schedule_page.overrides_of(directory, found, now),
    )


@router.get("/incidents/{incident}")
async def incident_page(request: Request, incident: str, services: AnyService, principal: SignedIn) -> Response:
    directory = await services.config.directory()
    async with services.database.read() as session:
        row = await v1_incidents.found(session, incident)
        timeline = await incidents.timeline(session, row.id, limit=500)
        alerts = await notifications.of_incident(session, row.id, limit=200)
        receipts = await notifications.receipts(session, *(each.id for each in alerts.items))
    return page(
        request,
        "incident.html",
        principal=principal,
        may_act=principal.may(Role.RESPONDER),
        incident=views.incident(row, directory),
        timeline=timeline.items,
        notifications=[views.notification(each, receipts, directory, principal) for each in alerts.items],
        workflow_url=_workflow_url(services, incident_workflow_id(row.id)),
    )


@router.get("/calls/{call}")
async def call_page(request: Request, call: str, services: AnyService, principal: SignedIn) -> Response:
    directory = await services.config.directory()
    async with services.database.read() as session:
        row = await v1_calls.found(session, call)
        (shown,) = await v1_calls.shown(session, services, principal, row)
        timeline = await calls.timeline(session, call)
        told = await notices.of_topic(session, call_topic(call), limit=_SHOWN)
    hotline = directory.hotlines.get(row.hotline)
    return page(
        request,
        "call.html",
        principal=principal,
        call=shown,
        hotline_name=hotline.name if hotline else row.hotline,
        timeline=timeline,
        players=_players(shown),
        notices=[shown_notice(each, principal) for each in told.items],
        can_open=principal.may(Role.RESPONDER) and not shown.incidents and _integration_of(hotline) is not None,
        workflow_url=_workflow_url(services, call_workflow_id(Provider(row.provider), row.provider_call_id)),
    )


@router.post("/calls/{call}/incident")
async def open_incident_of_call(call: str, services: AnyService, principal: SignedIn) -> Response:
    """One tap, as if the hotline had opened it: for a caller who rang in test mode, or on a hotline that opens none."""
    _require_responder(principal)
    directory = await services.config.directory()
    async with services.database.read() as session:
        row = await v1_calls.found(session, call)
    hotline = directory.hotlines.get(row.hotline)
    integration = _integration_of(hotline)
    if hotline is None or integration is None:
        raise ApiError(409, "no_integration", "The hotline names no integration for the incidents of its calls.")
    incident = await open_as_the_hotline_would(services, principal, row, hotline, integration)
    return RedirectResponse(f"/incidents/{incident.id}", SEE_OTHER)


@router.post("/incidents/{incident}/{action}")
async def act(
    request: Request, incident: str, action: IncidentAction, services: AnyService, principal: SignedIn
) -> Response:
    """A button. What cannot be done any more (somebody was faster) is simply shown as it is now."""
    _require_responder(principal)
    await services.actions.act(action, incident, principal.actor, services.clock())
    return RedirectResponse(_page_before(request, incident), SEE_OTHER)


def _require_responder(principal: Principal) -> None:
    if not principal.may(Role.RESPONDER):
        raise ApiError(403, "forbidden", "You can look at incidents, but not change them.")


def _integration_of(hotline: Hotline | None) -> str | None:
    return hotline.incidents.integration if hotline else None


def _page_before(request: Request, incident: str) -> str:
    """The start page or the incident's, wherever the button was."""
    return "/" if request.query_params.get("from") == "home" else f"/incidents/{quote(incident)}"


def _duty(directory: Directory, schedule: Schedule, now: datetime) -> _Duty:
    found = on_call(schedule, now)
    return _Duty(
        key=schedule.key,
        name=schedule.name,
        user=views.named(directory, found.user).name if found.user else None,
        reason=describe(found.user, found.reason, schedule, found.until),
        next_user=views.named(directory, found.next_user).name if found.next_user else None,
        next_at=found.next_at,
        since=found.since,
        until=found.until,
    )


def _lines(
    directory: Directory, now: datetime, testers: Mapping[str, str | None], without_hangup: Collection[str]
) -> list[_Line]:
    return [
        _Line(
            key=hotline.key,
            name=hotline.name,
            number=hotline.number,
            entries=resolve_chain(directory, hotline, now, tester=testers.get(hotline.key)),
            tester=views.named(directory, tester).name if (tester := testers.get(hotline.key)) else None,
            lacks_hangup=hotline.key in without_hangup,
        )
        for _, hotline in sorted(directory.hotlines.items())
    ]


def _players(call: Call) -> list[tuple[str, str | None, str]]:
    """Each recording's kind, what plays it (an address on this host), and its state."""
    return [
        (each.kind, f"/api/v1/calls/{call.id}/recording?id={each.id}" if each.url else None, each.state)
        for each in call.recordings
    ]


def _workflow_url(services: Services, workflow_id: str) -> str | None:
    """The run in Temporal's own pages."""
    settings = services.settings
    if settings.temporal_ui_url is None:
        return None
    namespace = quote(settings.temporal_namespace, safe="")
    return f"{settings.temporal_ui_url.rstrip('/')}/namespaces/{namespace}/workflows/{quote(workflow_id, safe='')}"


def _handle_errors(app: FastAPI) -> None:
    """Sentences instead of stack traces."""

    @app.exception_handler(NotSignedIn)
    async def not_signed_in(_request: Request, _error: NotSignedIn) -> Response:
        return RedirectResponse("/sign-in", SEE_OTHER)

    @app.exception_handler(ApiError)
    async def refused(request: Request, error: ApiError) -> Response:
        return page(request, "message.html", status=error.status, message=str(error))

    @app.exception_handler(NoSuchIncident)
    @app.exception_handler(HTTPException)
    @app.exception_handler(RequestValidationError)
    async def no_such_page(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        message = "There is nothing at this address." if status == 404 else "This cannot be done here."
        return page(request, "message.html", status=status, message=message)

    @app.exception_handler(DBAPIError)
    @app.exception_handler(OSError)
    async def database_away(request: Request, _error: Exception) -> Response:
        message = "The database does not answer. Calls go on; reload this page in a moment."
        return page(request, "message.html", status=503, message=message)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, _error: Exception) -> Response:
        return page(request, "message.html", status=500, message="Something went wrong on our side; the log says what.")
