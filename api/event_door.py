"""What the doors for events have in common: the integration of a token, a bounded body, an answer for the sender."""

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

import orjson

from domain.directory import Integration, IntegrationType
from intake.parsing import NotAnObject, parse_object
from intake.rate_limit import RateLimit

_log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

MAX_BODY_BYTES = 1024 * 1024

_OK = b'{"Ok": true}'
_OUR_FAILURE = b"{}"


class RouteBook(Protocol):
    """What the doors need of ``config``'s RouteBook."""

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


class EventLimit:
    """The operator's limit for each integration; none unless ``per_minute`` is set."""

    def __init__(self, per_minute: int | None) -> None:
        self._limit = RateLimit(per_minute) if per_minute else None

    def count(self, integration: Integration) -> None:
        if self._limit and (seconds := self._limit.seconds_to_wait(integration.key, time.monotonic())):
            raise Refused(
                429,
                f"This integration is over its limit of events. Try again in {seconds} seconds.",
                ((b"retry-after", str(seconds).encode()),),
            )


async def respond(send: Send, accepting: Awaitable[None]) -> None:
    """Wait for ``accepting``, and tell the sender what came of it."""
    try:
        await accepting
    except Refused as refusal:
        await _answer(send, refusal.status, orjson.dumps({"error": str(refusal)}), refusal.headers)
    except Disconnected:
        return
    except Exception:  # whatever it is, the sender must learn that it is worth trying again
        _log.exception("An event could not be accepted.")
        await _answer(send, 500, _OUR_FAILURE)
    else:
        await _answer(send, 200, _OK)


def only_post(scope: Scope) -> None:
    if scope["method"] != "POST":
        raise Refused(405, "Send events with POST.", ((b"allow", b"POST"),))


async def integration_of(route_book: RouteBook, token: str, wanted: IntegrationType) -> Integration:
    """The integration with this token; one of another type has a door of its own, with checks of its own."""
    integration = route_book.integration_by_token(token)
    if integration is None and token and "/" not in token:
        integration = await route_book.find_integration(token)
    if integration is None or integration.type is not wanted:
        raise Refused(404, "No integration has this token. Copy the webhook address from the integration again.")
    return integration


async def read_body(scope: Scope, receive: Receive) -> bytes:
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


def json_object(body: bytes) -> dict[str, Any]:
    try:
        return parse_object(body)
    except NotAnObject as problem:
        raise Refused(400, str(problem)) from None


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
