"""``POST /hooks/incident-io/{token}``: the door for incident.io's webhooks, plain ASGI in front of the application.

As ``push-events``, with a signature: whoever knows the address alone can do nothing. A webhook has one effect however
often it is delivered, because its event's id follows from the webhook's.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from api.event_door import (
    EventLimit,
    Receive,
    Refused,
    RouteBook,
    Scope,
    Send,
    integration_of,
    json_object,
    only_post,
    read_body,
    respond,
)
from api.webhook_signature import verified_id
from config.values import signing_key
from domain.directory import Integration, IntegrationType
from domain.ids import derived_id
from intake.acceptance import Acceptance
from intake.events import EventKind
from intake.incident_io import event_of
from intake.spool import Spool
from storage.journal import Entry, Journal

PREFIX = "/hooks/incident-io/"


class IncidentIoWebhooks:
    """``limit_per_minute`` is the operator's limit for each integration; none unless set. ``now`` is the clock of the
    wall."""

    def __init__(
        self,
        route_book: RouteBook,
        journal: Journal,
        spool: Spool,
        limit_per_minute: int | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._route_book = route_book
        self._acceptance = Acceptance(journal, spool)
        self._limit = EventLimit(limit_per_minute)
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, self._accept(scope, receive))

    async def _accept(self, scope: Scope, receive: Receive) -> None:
        only_post(scope)
        token = scope["path"].removeprefix(PREFIX)
        integration = await integration_of(self._route_book, token, IntegrationType.INCIDENT_IO)
        body = await read_body(scope, receive)
        webhook_id = self._verified_id(integration, scope, body)
        if event_of(json_object(body)) not in integration.events:
            return
        # Here and not earlier: what is forged or was not asked for must not use up what the sender may send.
        self._limit.count(integration)
        event_id = derived_id("evt", IntegrationType.INCIDENT_IO, integration.key, webhook_id)
        await self._acceptance.accept_entry(Entry(event_id, EventKind.INCIDENT_IO, integration.key, self._now(), body))

    def _verified_id(self, integration: Integration, scope: Scope, body: bytes) -> str:
        if integration.signing_secret is None:
            raise Refused(403, "This integration has no signing_secret yet. Copy it from the endpoint at incident.io.")
        webhook_id = verified_id(signing_key(integration.signing_secret), scope["headers"], body, self._now())
        if webhook_id is None:
            raise Refused(403, "The signature is missing, wrong, or more than five minutes off.")
        return webhook_id
