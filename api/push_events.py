"""``POST /{token}/push-events``: the hot route, plain ASGI in front of the application.

It authenticates, bounds, parses and appends, and does nothing else. The answer never waits for the processor or for
Temporal; 200 means that the event cannot be lost any more.
"""

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

import orjson

from domain.directory import Integration, IntegrationType
from intake.acceptance import Acceptance
from intake.events import EventKind
from intake.parsing import NotAnObject, parse_object
from intake.rate_limit import RateLimit
from intake.spool import Spool
from storage.journal import Journal

_log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

SUFFIX = "/push-events"
MAX_BODY_BYTES = 1024 * 1024

_OK = b'{"Ok": true}'
_OUR_FAILURE = b"{}"


class RouteBook(Protocol):
    """What the route needs of ``config``'s RouteBook."""

    def integration_by_token(self, token: str) -> Integration | None:
        """From memory."""

    async def find_integration(self, token: str) -> Integration | None:
        """One look in the database, for a token newer than the memory. Raises when the database is away."""


class Refused(Exception):
    """The sender's mistake; the message is a sentence for the sender."""

    def __init__(self, status: int, sentence: str, headers: tuple[Header, ...] = ()) -> None:
        super().__init__(sentence)
        self.status = status
        self.headers = headers


class Disconnected(Exception):
    """The sender went away before the body was complete; nobody hears an answer."""


class PushEvents:
    """``limit_per_minute`` is the operator's limit for each integration; none unless set."""

    def __init__(
        self, route_book: RouteBook, journal: Journal, spool: Spool, limit_per_minute: int | None = None
    ) -> None:
        self._route_book = route_book
        self._acceptance = Acceptance(journal, spool)
        self._limit = RateLimit(limit_per_minute) if limit_per_minute else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._accept(scope, receive)
        except Refused as refusal:
            await _answer(send, refusal.status, orjson.dumps({"error": str(refusal)}), refusal.headers)
        except Disconnected:
            return
        except Exception:  # whatever it is, the sender must learn that it is worth trying again
            _log.exception("An event could not be accepted.")
            await _answer(send, 500, _OUR_FAILURE)
        else:
            await _answer(send, 200, _OK)

    async def _accept(self, scope: Scope, receive: Receive) -> None:
        if scope["method"] != "POST":
            raise Refused(405, "Send events with POST.", ((b"allow", b"POST"),))
        integration = await self._integration(scope["path"])
        self._count(integration)
        body = await _read_body(scope, receive)
        try:
            parse_object(body)
        except NotAnObject as problem:
            raise Refused(400, str(problem)) from None
        await self._acceptance.accept(EventKind.PUSH, integration.key, body)

    async def _integration(self, path: str) -> Integration:
        token = path.removesuffix(SUFFIX).removeprefix("/")
        integration = self._route_book.integration_by_token(token)
        if integration is None and path.endswith(SUFFIX) and token and "/" not in token:
            integration = await self._route_book.find_integration(token)
        # The other kinds of integration have doors of their own that check signatures.
        if integration is None or integration.type is not IntegrationType.WEBHOOK:
            raise Refused(404, "No integration has this token. Copy the webhook address from the integration again.")
        return integration

    def _count(self, integration: Integration) -> None:
        if self._limit and (seconds := self._limit.seconds_to_wait(integration.key, time.monotonic())):
            raise Refused(
                429,
                f"This integration is over its limit of events. Try again in {seconds} seconds.",
                ((b"retry-after", str(seconds).encode()),),
            )


async def _read_body(scope: Scope, receive: Receive) -> bytes:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > MAX_BODY_BYTES:
            raise _too_large()
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise _too_large()
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _too_large() -> Refused:
    return Refused(413, f"The body is larger than {MAX_BODY_BYTES} bytes (1 MiB). Send less, or a link.")


async def _answer(send: Send, status: int, body: bytes, headers: tuple[Header, ...] = ()) -> None:
    length = str(len(body)).encode()
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", b"application/json"), (b"content-length", length), *headers],
        }
    )
    await send({"type": "http.response.body", "body": body})
