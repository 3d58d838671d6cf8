"""The application behind ``/api/v1``."""

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.body_limit import BodyLimit
from api.services import Services
from api.v1 import (
    actions,
    calendar_feeds,
    calendars,
    call_actions,
    calls,
    hotlines,
    incidents,
    notices,
    on_call,
    own_settings,
    phones,
    schedule_edits,
    schedule_warnings,
    schedules,
    tokens,
)
from api.v1.errors import handle_errors
from api.v1.resources import add_resources

_DESCRIPTION = """
A phone number that reaches whoever is on call, and an incident engine that does not let go until someone owns it.

Send an API token: `Authorization: Bearer …`. Lists are `{"items": […], "next_cursor": …}`; errors are
`{"error": {"code", "message", "fields"}}`. Times are RFC 3339 in UTC with milliseconds. `GET` never changes anything.
"""


def v1_application(services: Services) -> FastAPI:
    """To be mounted at ``/api/v1``."""
    app = FastAPI(
        title="Dutyline",
        version="1",
        description=_DESCRIPTION,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
        # Tokens and the guard against foreign pages protect us, not the content type.
        strict_content_type=False,
    )
    app.state.services = services
    app.add_middleware(AlwaysJson)
    app.add_middleware(BodyLimit)
    handle_errors(app)
    for module in (
        actions,
        incidents,
        call_actions,
        calls,
        hotlines,
        schedules,
        schedule_edits,
        schedule_warnings,
        on_call,
        own_settings,
        phones,
        calendar_feeds,
        calendars,
        notices,
        tokens,
    ):
        app.include_router(module.router)
    add_resources(app)
    return app


class AlwaysJson:
    """A body here is JSON whatever the sender calls it: ``curl -d`` calls everything a form."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            kept = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
            scope = {**scope, "headers": [*kept, (b"content-type", b"application/json")]}
        await self._app(scope, receive, send)


def _operation_id(route: APIRoute) -> str:
    """Short and unique, for generated clients: ``acknowledge_incidents_incident_acknowledge``."""
    path = route.path_format.strip("/").replace("/", "_").replace("-", "_").replace("{", "").replace("}", "")
    return f"{route.name}_{path}"
