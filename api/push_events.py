"""``POST /{token}/push-events``: the hot route, plain ASGI in front of the application.

It authenticates, bounds, parses and appends, and does nothing else. The answer never waits for the processor or for
Temporal; 200 means that the event cannot be lost any more.
"""

from api.event_door import (
    EventLimit,
    Receive,
    RouteBook,
    Scope,
    Send,
    integration_of,
    json_object,
    only_post,
    read_body,
    respond,
)
from domain.directory import IntegrationType
from intake.acceptance import Acceptance
from intake.events import EventKind
from intake.spool import Spool
from storage.journal import Journal

SUFFIX = "/push-events"


class PushEvents:
    """``limit_per_minute`` is the operator's limit for each integration; none unless set."""

    def __init__(
        self, route_book: RouteBook, journal: Journal, spool: Spool, limit_per_minute: int | None = None
    ) -> None:
        self._route_book = route_book
        self._acceptance = Acceptance(journal, spool)
        self._limit = EventLimit(limit_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, self._accept(scope, receive))

    async def _accept(self, scope: Scope, receive: Receive) -> None:
        only_post(scope)
        token = scope["path"].removesuffix(SUFFIX).removeprefix("/")
        integration = await integration_of(self._route_book, token, IntegrationType.WEBHOOK)
        self._limit.count(integration)
        body = await read_body(scope, receive)
        json_object(body)
        await self._acceptance.accept(EventKind.PUSH, integration.key, body)
