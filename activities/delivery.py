"""Sending one alert: claim its row, send, write down what became of it.

What a failure means is in its type (``domain.delivery``): try later, look first and then send again, or take the next
channel of that person.
"""

import asyncio
from collections.abc import Awaitable, Callable, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from sqlalchemy.ext.asyncio import AsyncSession
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.known_ids import known_ids
from activities.links import CallbackOf, Links
from channels.channel import Channel
from channels.registry import ChannelRegistry
from domain.alert_targets import fallback, in_the_open
from domain.alerts import Alert, message_of
from domain.delivery import DeliveryError, Refused, Sent, TryLater, Unknown
from domain.directory import Directory
from domain.ids import derived_id
from domain.incident_messages import DeliverAlert, Delivered
from domain.incidents import read_priority, read_severity
from domain.outgoing import Message
from storage import incidents, notifications
from storage.engine import Database
from storage.incidents import IncidentStep
from storage.notifications import Claimed, NewNotification, NotificationState
from storage.tables import IncidentRow, NotificationRow

#: less than the activity's time-out: a try must be over before the next one looks for what it sent
_SEND_SECONDS = 25.0
#: about half a minute in all, under two when the provider asks to wait; then the next channel
_MOST_TRIES = 6
#: a provider may ask to wait for an hour; an alert has other channels
_LONGEST_WAIT_SECONDS = 20.0


def build_alert(notification: NotificationRow, incident: IncidentRow, directory: Directory, links: Links) -> Alert:
    """The alert that a row stands for, with the incident as it is now."""
    user = directory.users.get(notification.user)
    return Alert(
        notification_id=notification.id,
        incident_id=incident.id,
        number=incident.number,
        title=incident.title,
        to=notification.address,
        link=links.incident(incident.number),
        answer_url=links.callback(CallbackOf.ALERT, notification.id, "answer"),
        status_url=links.callback(CallbackOf.ALERT, notification.id, "status"),
        priority=read_priority(incident.priority),
        severity=read_severity(incident.severity),
        service=_service_name(incident, directory),
        user_name=user.name if user else None,
    )


def _service_name(incident: IncidentRow, directory: Directory) -> str | None:
    """The hotline's name when a call opened the incident."""
    if incident.call_id is not None:
        details = incident.payload.get("details")
        hotline = details.get("liveCallRouting") if isinstance(details, dict) else None
        name = hotline.get("name") if isinstance(hotline, dict) else None
        return name if isinstance(name, str) else None
    service = directory.services.get(incident.service or "")
    return service.name if service else None


@dataclass(frozen=True, slots=True)
class _Job:
    """A claimed alert and what its sending needs. The rows are read only."""

    notification: NotificationRow
    incident: IncidentRow
    tries: int
    in_doubt: bool
    directory: Directory

    @property
    def words(self) -> str:
        row = self.notification
        user = self.directory.users.get(row.user)
        whom = user.name if user else row.user or in_the_open(row.channel, row.address)
        return f"{row.channel} to {whom}"


class DeliveryActivities:
    """``channels`` makes the channels of one version of the configuration; ``now`` is the clock of the wall."""

    def __init__(
        self,
        database: Database,
        directory: Callable[[], Awaitable[Directory]],
        channels: Callable[[Directory], ChannelRegistry],
        links: Links,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._directory = directory
        self._channels = channels
        self._links = links
        self._now = now

    @activity.defn(name="deliver_alert")
    async def deliver_alert(self, request: DeliverAlert) -> Delivered:
        """Send the alert, unless its incident needs none any more.

        Idempotency key: the alert's row. It is claimed in the transaction that looks at the incident's status, so an
        acknowledgement that was committed before prevents the alert; a claim that ended without a result is settled
        at the provider before anything is sent again. Time-out 60 s. Retried with back-off: by the count of tries in
        the row when the provider or its channel is at fault, for ever when it is the database.
        """
        job = await self._claim(request.notification_id)
        if job is None:
            return Delivered()
        try:
            sent = await self._send(job)
        except Refused as refusal:
            return await self._give_up(job, NotificationState.FAILED, refusal)
        except TryLater as failure:
            if job.tries >= _MOST_TRIES:
                return await self._give_up(job, NotificationState.FAILED, failure)
            await self._try_later(job, failure)
        except Unknown as failure:
            if job.tries >= _MOST_TRIES:
                return await self._give_up(job, NotificationState.UNKNOWN, failure)
            # The row stays claimed: that is what tells the next try to look first.
            raise ApplicationError(failure.sentence, type="Unknown") from failure
        await self._note_sent(job, sent)
        return Delivered()

    async def _claim(self, notification_id: str) -> _Job | None:
        directory, now = await self._directory(), self._now()
        async with self._database.write() as session:
            claim = await notifications.claim(session, notification_id, now)
            if isinstance(claim, Claimed):
                incident = await incidents.get(session, claim.notification.incident_id)
                assert incident is not None, "alerts refer to their incident"
                return _Job(claim.notification, incident, claim.attempts, claim.in_doubt, directory)
            if claim.ended is not None:
                text = f"No {claim.ended.channel} alert: {claim.reason}."
                step = IncidentStep(now, "alert_suppressed", text, {"notification": notification_id})
                await incidents.append_timeline(session, claim.ended.incident_id, step)
            return None

    async def _send(self, job: _Job) -> Sent:
        row = job.notification
        if not row.address:
            raise Refused("no_address", f"There is no address for {row.channel} alerts.")
        message = message_of(build_alert(row, job.incident, job.directory, self._links))
        known = await known_ids(self._database, row.address, row.created_at) if job.in_doubt else None
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                channel = self._channels(job.directory).get(row.channel)
                found = await _find_sent(channel, message, row, known) if known is not None else None
                return found or await channel.send(message)
        except DeliveryError:
            raise
        except TimeoutError:
            raise Unknown("The provider did not answer in time.") from None
        except Exception as error:  # a channel that fails in a way of its own must not hold back the other channels
            activity.logger.exception("the channel %s failed", row.channel)
            raise Unknown(f"The channel failed unexpectedly ({type(error).__name__}).") from error

    async def _note_sent(self, job: _Job, sent: Sent) -> None:
        row, now = job.notification, self._now()
        async with self._database.write() as session:
            await notifications.set_sent(
                session, row.id, provider=sent.provider, provider_id=sent.provider_id or None, at=now
            )
            await _write_line(session, row, IncidentStep(now, "alert_sent", f"Sent: {job.words}."))

    async def _try_later(self, job: _Job, failure: TryLater) -> NoReturn:
        row, now = job.notification, self._now()
        async with self._database.write() as session:
            await notifications.release(session, row.id, failure.sentence)
            text = f"Not sent yet: {job.words}. {failure.sentence} Another try follows."
            await _write_line(session, row, IncidentStep(now, "alert_delayed", text))
        delay = failure.retry_after_seconds
        raise ApplicationError(
            failure.sentence,
            type="TryLater",
            next_retry_delay=timedelta(seconds=min(delay, _LONGEST_WAIT_SECONDS)) if delay else None,
        )

    async def _give_up(self, job: _Job, state: NotificationState, failure: DeliveryError) -> Delivered:
        """End this alert, and put the next channel of the same person in its place, if there is one."""
        row, now = job.notification, self._now()
        async with self._database.write() as session:
            await notifications.set_finished(session, row.id, state, error=failure.sentence, at=now)
            instead = await self._replacement(session, job, now)
            follows = f" Trying {instead.channel} instead." if instead else ""
            text = f"Failed: {job.words}. {failure.sentence}{follows}"
            await _write_line(session, row, IncidentStep(now, "alert_failed", text))
        return Delivered(instead.id if instead else None)

    async def _replacement(self, session: AsyncSession, job: _Job, now: datetime) -> NotificationRow | None:
        row = job.notification
        user = job.directory.users.get(row.user)
        if user is None:
            return None
        following = fallback(user, await notifications.channels_tried(session, row))
        if following is None:
            return None
        channel, address = following
        return await notifications.create(
            session,
            NewNotification(
                id=derived_id("ntf", row.id, channel),
                incident_id=row.incident_id,
                level=row.level,
                round=row.round,
                position=row.position,
                channel=channel,
                reason=row.reason,
                rule=f"{row.rule}, instead of {row.channel}",
                created_at=now,
                user=row.user,
                address=address,
            ),
        )


async def _find_sent(channel: Channel, message: Message, row: NotificationRow, known_ids: Set[str]) -> Sent | None:
    """What an earlier try did send; ``None`` also when it cannot be asked for: an alert that comes twice is better than
    none. As long as the provider is only away, the outcome stays unknown."""
    try:
        return await channel.find_sent(message, row.created_at, known_ids)
    except Refused:
        return None
    except TryLater as failure:
        raise Unknown(failure.sentence) from failure


async def _write_line(session: AsyncSession, row: NotificationRow, step: IncidentStep) -> None:
    step.data["notification"] = row.id
    await incidents.append_timeline(session, row.incident_id, step)
