"""``/notices/…``: what carriers call about the phone calls and text messages that tell people of schedules and calls.

Every address was made by us and signed for one notice and one purpose. A notice call says its text and ends; nothing is
asked. The receipts say what became of the notice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from activities.links import CallbackOf, Links
from api.alerts import dialect_of, read_receipt
from api.carrier_request import CarrierRequest, Receive, Reply, Scope, Send, read_request, send_reply
from domain.delivery import Receipt
from domain.directory import Provider
from domain.instructions import Document, Hangup, Leg
from domain.notices import spoken_notice
from storage import notices
from storage.engine import Database
from storage.notices import NoticeState

log = structlog.get_logger()

_XML = "text/xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class NoticePath:
    """``what`` is ``answer`` or ``status``."""

    notice_id: str
    what: str
    signature: str


def read_notice_path(path: str) -> NoticePath | None:
    """The parts of an address of ours, or ``None`` when it is not one."""
    parts = path.strip("/").split("/")
    if len(parts) != 4 or parts[0] != "notices" or parts[2] not in {"answer", "status"}:
        return None
    return NoticePath(*parts[1:])


class NoticeWebhooks:
    """The ASGI application behind ``/notices``."""

    def __init__(
        self, database: Database, links: Links, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._links = links
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        where = read_notice_path(scope["path"])
        if where is None or scope["method"] not in {"GET", "POST"}:
            await send_reply(send, Reply(404))
            return
        request = await read_request(scope, receive)
        await send_reply(send, Reply(413) if request is None else await self._reply(where, request))

    async def _reply(self, where: NoticePath, request: CarrierRequest) -> Reply:
        if not self._links.is_ours(CallbackOf.NOTICE, where.notice_id, where.what, where.signature):
            return Reply(403)
        dialect = dialect_of(request)
        document: Document = (Hangup(),)
        try:
            if where.what == "status":
                await self._note_receipt(where.notice_id, dialect.provider, request)
            else:
                document = await self._document(where.notice_id)
        except Exception:  # the database, above all; the call ends
            log.exception("a carrier's call about a notice could not be answered", notice=where.notice_id)
        if where.what == "status":
            return Reply(dialect.notification_status)
        return Reply(200, dialect.render(document, _no_address).encode(), _XML)

    async def _document(self, notice_id: str) -> Document:
        async with self._database.read() as session:
            row = await notices.get(session, notice_id)
        return (Hangup(),) if row is None else spoken_notice(row.body["text"])

    async def _note_receipt(self, notice_id: str, provider: Provider, request: CarrierRequest) -> None:
        async with self._database.write() as session:
            row = await notices.get(session, notice_id)
            if row is None:
                return
            receipt = read_receipt(row.channel, provider, request)
            if (state := _state_after(receipt)) is not None:
                await notices.set_received(session, notice_id, state, error=receipt.error, at=self._now())


def _no_address(leg: Leg, order: int = 0) -> str:
    raise AssertionError(f"a notice call asks for nothing, and not for {leg}")


def _state_after(receipt: Receipt) -> NoticeState | None:
    if not receipt.final or receipt.delivered is None:
        return None
    return NoticeState.DELIVERED if receipt.delivered else NoticeState.FAILED
