"""Sending notices, each once.

What a failure means is in its type (``domain.delivery``). A notice has no second channel: it is not an alert, so a
refusal is its end, with the provider's sentence in its row.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx2
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.known_ids import known_ids
from activities.links import CallbackOf, Links
from channels.registry import ChannelRegistry
from channels.shift_webhook import send_to_webhook
from domain.alert_targets import address_of
from domain.delivery import DeliveryError, Refused, Sent, TryLater, Unknown
from domain.directory import Directory
from domain.notice_messages import DeliverNotice
from domain.notices import WEBHOOK, message_of
from domain.outgoing import Message
from storage import notices
from storage.engine import Database
from storage.notice_tables import NoticeRow
from storage.notices import NoticeState

#: less than the activity's time-out: a try must be over before the next one looks for what it sent
_SEND_SECONDS = 25.0
#: for what never becomes stale: after that a receiver is not away but gone
_PATIENCE = timedelta(days=1)
#: a provider may ask to wait for an hour; then the notice is handed out again after a pause
_LONGEST_WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class _Job:
    """A claimed notice. The row is read only."""

    notice: NoticeRow
    in_doubt: bool
    directory: Directory
    #: a failure now is the last one
    last_try: bool


class _CannotBeTold(Exception):
    """An earlier try may have sent the notice, and nobody can be asked."""


class NoticeActivities:
    """``channels`` makes the channels of one version of the configuration; ``outward`` is a guarded client;
    ``now`` is the clock of the wall."""

    def __init__(
        self,
        database: Database,
        directory: Callable[[], Awaitable[Directory]],
        channels: Callable[[Directory], ChannelRegistry],
        outward: httpx2.AsyncClient,
        links: Links,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._directory = directory
        self._channels = channels
        self._outward = outward
        self._links = links
        self._now = now

    @activity.defn(name="deliver_notice")
    async def deliver_notice(self, request: DeliverNotice) -> None:
        """Send the notice, unless it is sent, or no news any more.

        Idempotency key: the notice's row, which is claimed first. A claim that ended without a result is settled at
        the provider before anything is sent again; where a provider cannot be asked, it is sent again only where the
        receiver can tell a repetition (the Message-ID of an e-mail, the header of a webhook), and is left as unknown
        elsewhere. Time-out 60 s, six tries with back-off; then the run of the schedule or the call hands it out again
        after a pause, until the notice is stale, or for a day. A notice whose row is gone, as that of a deleted call,
        is not sent.
        """
        job = await self._claim(request)
        if job is None:
            return
        try:
            sent = await self._send(job)
        except _CannotBeTold as doubt:
            await self._finish(job, NoticeState.UNKNOWN, str(doubt))
        except Refused as refusal:
            await self._finish(job, NoticeState.FAILED, refusal.sentence)
        except TryLater as failure:
            await self._try_later(job, failure)
        except Unknown as failure:
            if not job.last_try:
                # The row stays claimed: that is what tells the next try to look first.
                raise ApplicationError(failure.sentence, type="Unknown") from failure
            await self._finish(job, NoticeState.UNKNOWN, failure.sentence)
        else:
            await self._note_sent(job, sent)

    async def _claim(self, request: DeliverNotice) -> _Job | None:
        directory = await self._directory()
        # The task may have waited for hours until a worker came.
        now = max(request.now, self._now())
        async with self._database.write() as session:
            claim = await notices.claim(session, request.notice_id, now)
        if claim is None:
            return None
        last_try = now - claim.notice.created_at >= _PATIENCE
        return _Job(claim.notice, claim.in_doubt, directory, last_try)

    async def _send(self, job: _Job) -> Sent:
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                if job.notice.channel == WEBHOOK:
                    return await self._call_webhook(job)
                return await self._send_message(job)
        except (DeliveryError, _CannotBeTold):
            raise
        except TimeoutError:
            raise Unknown("The provider did not answer in time.") from None
        except Exception as error:  # a channel that fails in a way of its own must not stay without an end
            activity.logger.exception("the channel %s failed", job.notice.channel)
            raise Unknown(f"The channel failed unexpectedly ({type(error).__name__}).") from error

    async def _call_webhook(self, job: _Job) -> Sent:
        webhook = job.directory.shift_webhooks.get(job.notice.recipient)
        if webhook is None:
            raise Refused("unknown_webhook", "There is no such shift webhook any more.")
        return await send_to_webhook(self._outward, webhook, job.notice.id, job.notice.body["document"])

    async def _send_message(self, job: _Job) -> Sent:
        row = job.notice
        message = build_message(row, _address(row, job.directory), self._links)
        if not message.to:
            raise Refused("no_address", f"There is no address for {row.channel}.")
        channel = self._channels(job.directory).get(row.channel)
        if not job.in_doubt:
            return await channel.send(message)
        known = await known_ids(self._database, message.to, row.created_at)
        try:
            found = await channel.find_sent(message, row.created_at, known)
        except Refused as refusal:
            raise _CannotBeTold(refusal.sentence) from refusal
        except TryLater as failure:
            raise Unknown(failure.sentence) from failure
        return found or await channel.send(message)

    async def _note_sent(self, job: _Job, sent: Sent) -> None:
        async with self._database.write() as session:
            await notices.set_sent(
                session,
                job.notice.id,
                provider=sent.provider,
                provider_id=sent.provider_id or None,
                at=self._now(),
            )

    async def _try_later(self, job: _Job, failure: TryLater) -> None:
        if job.last_try:
            await self._finish(job, NoticeState.FAILED, failure.sentence)
            return
        async with self._database.write() as session:
            await notices.release(session, job.notice.id, failure.sentence)
        delay = failure.retry_after_seconds
        raise ApplicationError(
            failure.sentence,
            type="TryLater",
            next_retry_delay=timedelta(seconds=min(delay, _LONGEST_WAIT_SECONDS)) if delay else None,
        )

    async def _finish(self, job: _Job, state: NoticeState, sentence: str) -> None:
        async with self._database.write() as session:
            await notices.set_finished(session, job.notice.id, state, error=sentence, at=self._now())


def build_message(row: NoticeRow, to: str, links: Links) -> Message:
    return message_of(
        row.id,
        row.topic,
        row.body["subject"],
        row.body["text"],
        to=to,
        answer_url=links.callback(CallbackOf.NOTICE, row.id, "answer"),
        status_url=links.callback(CallbackOf.NOTICE, row.id, "status"),
    )


def _address(row: NoticeRow, directory: Directory) -> str:
    """Where the recipient is reached now; empty when nowhere. Rooms, e-mail addresses and numbers are their own
    address, anything else is a user's key."""
    if row.channel not in {"phone", "sms", "email"} or "@" in row.recipient or row.recipient.startswith("+"):
        return row.recipient
    user = directory.users.get(row.recipient)
    return address_of(user, row.channel) if user else ""
