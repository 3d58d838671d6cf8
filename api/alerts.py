"""``/alerts/…``: what carriers call about alert calls and text messages.

Every address was made by us and signed for one alert and one purpose. Nobody waits behind a responder's leg, so
whatever goes wrong there ends it with ``<Hangup/>``; the alert stays open and escalates. An alert call that was
completed is not an acknowledgement: somebody, or a machine, picked up.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from activities.delivery import build_alert
from activities.links import CallbackOf, Links
from api.carrier_request import CarrierRequest, Receive, Reply, Scope, Send, read_request, send_reply
from domain.alerts import (
    MENU_TIMES,
    ActionResult,
    Alert,
    AlertAction,
    action_for_key,
    alert_document,
    confirmation_document,
    stale_document,
    wrong_key_document,
)
from domain.delivery import Receipt
from domain.directory import Directory, Provider
from domain.events import KeyPressed
from domain.incidents import IncidentStatus
from domain.instructions import Document, Hangup, Leg
from storage import incidents, notifications, verified_phones
from storage.engine import Database
from storage.incident_actions import Actor, Conflict, IncidentAction, IncidentActions
from storage.incidents import IncidentStep
from storage.notifications import NotificationState
from storage.tables import IncidentRow, NotificationRow
from storage.verified_phones import Proof
from telephony.dialect import Dialect
from telephony.dialects import DIALECTS
from telephony.receipts import read_call_receipt, read_sms_receipt

log = structlog.get_logger()

_XML = "text/xml; charset=utf-8"
_KEY = re.compile(r"key-([1-9])")

_ACTIONS = {
    AlertAction.ACKNOWLEDGE: IncidentAction.ACKNOWLEDGE,
    AlertAction.RESOLVE: IncidentAction.RESOLVE,
    AlertAction.ESCALATE: IncidentAction.ESCALATE,
}


@dataclass(frozen=True, slots=True)
class AlertPath:
    """``what`` is ``answer``, ``key-<how often the prompt was said>`` or ``status``."""

    notification_id: str
    what: str
    signature: str


def read_alert_path(path: str) -> AlertPath | None:
    """The parts of an address of ours, or ``None`` when it is not one."""
    parts = path.strip("/").split("/")
    if len(parts) != 4 or parts[0] != "alerts":
        return None
    if parts[2] not in {"answer", "status"} and not _KEY.fullmatch(parts[2]):
        return None
    return AlertPath(parts[1], parts[2], parts[3])


class _AlertAddresses:
    """Writes the addresses of one document. Each repetition of the prompt has its own address for the key, which says
    how often the prompt had been said by then."""

    def __init__(self, links: Links, notification_id: str, prompts_said: int) -> None:
        self._links = links
        self._notification_id = notification_id
        self._prompts_said = prompts_said

    def __call__(self, leg: Leg, order: int = 0) -> str:
        assert leg is Leg.ALERT_KEY, "alert calls ask for nothing but a key"
        self._prompts_said += 1
        return self._links.callback(CallbackOf.ALERT, self._notification_id, f"key-{self._prompts_said}")


@dataclass(frozen=True, slots=True)
class _Found:
    notification: NotificationRow
    incident: IncidentRow
    alert: Alert


class AlertWebhooks:
    """The ASGI application behind ``/alerts``. ``directory`` gives the configuration as it is now."""

    def __init__(
        self,
        database: Database,
        actions: IncidentActions,
        links: Links,
        directory: Callable[[], Directory],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._actions = actions
        self._links = links
        self._directory = directory
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        where = read_alert_path(scope["path"])
        if where is None or scope["method"] not in {"GET", "POST"}:
            await send_reply(send, Reply(404))
            return
        request = await read_request(scope, receive)
        await send_reply(send, Reply(413) if request is None else await self._reply(where, request))

    async def _reply(self, where: AlertPath, request: CarrierRequest) -> Reply:
        if not self._links.is_ours(CallbackOf.ALERT, where.notification_id, where.what, where.signature):
            return Reply(403)
        dialect = dialect_of(request)
        try:
            if where.what == "status":
                await self._note_receipt(where.notification_id, dialect.provider, request)
                return Reply(dialect.notification_status)
            document, prompts_said = await self._document(where, dialect, request)
        except Exception:  # the database, above all; the responder's leg ends, the alert goes on
            log.exception("a carrier's call about an alert could not be answered", alert=where.notification_id)
            if where.what == "status":
                return Reply(dialect.notification_status)
            document, prompts_said = (Hangup(),), MENU_TIMES
        addresses = _AlertAddresses(self._links, where.notification_id, prompts_said)
        return Reply(200, dialect.render(document, addresses).encode(), _XML)

    async def _document(self, where: AlertPath, dialect: Dialect, request: CarrierRequest) -> tuple[Document, int]:
        """What the responder hears, and how often the prompt was said before it."""
        found = await self._find(where.notification_id)
        if found is None:
            return stale_document(), 0
        key = _KEY.fullmatch(where.what)
        if key is None:
            triggered = found.incident.status == IncidentStatus.TRIGGERED
            return (alert_document(found.alert) if triggered else stale_document()), 0
        prompts_said = int(key[1])
        action = action_for_key(_digits(dialect, request, self._now()))
        if action is None:
            return wrong_key_document(found.alert, prompts_said), prompts_said
        document = await self._act(found, action)
        await self._note_proof(found.notification)
        return document, prompts_said

    async def _find(self, notification_id: str) -> _Found | None:
        async with self._database.read() as session:
            notification = await notifications.get(session, notification_id)
            incident = await incidents.get(session, notification.incident_id) if notification else None
        if notification is None or incident is None:
            return None
        return _Found(notification, incident, build_alert(notification, incident, self._directory(), self._links))

    async def _act(self, found: _Found, action: AlertAction) -> Document:
        number = found.incident.number
        if _is_past(found, action):
            return confirmation_document(action, ActionResult.ALREADY, number)
        actor = self._actor(found.notification)
        try:
            result = await self._actions.act(_ACTIONS[action], found.incident.id, actor, self._now())
        except Exception:  # the responder must not believe that it was stored
            log.exception("a key of an alert call had no effect", alert=found.notification.id, action=action)
            return confirmation_document(action, ActionResult.FAILED, number)
        if not isinstance(result, Conflict) or _was_done_by(actor, action, result.current):
            return confirmation_document(action, ActionResult.DONE, number)
        if action is not AlertAction.RESOLVE and result.current.status == IncidentStatus.RESOLVED:
            return stale_document()
        return confirmation_document(action, ActionResult.ALREADY, number)

    async def _note_proof(self, notification: NotificationRow) -> None:
        """A machine presses no key: the user is at this phone. What they hear does not depend on it."""
        user, number = notification.user, notification.address
        if not user:
            return
        try:
            async with self._database.write() as session:
                await verified_phones.verify(session, user, number, Proof.ALERT_CALL, self._now())
        except Exception:
            log.exception("the proof of a phone was not noted", alert=notification.id)

    def _actor(self, notification: NotificationRow) -> Actor:
        return Actor(notification.user or notification.address, self._name(notification), "by phone")

    def _name(self, notification: NotificationRow) -> str:
        user = self._directory().users.get(notification.user)
        return user.name if user else notification.user or notification.address

    async def _note_receipt(self, notification_id: str, provider: Provider, request: CarrierRequest) -> None:
        now = self._now()
        async with self._database.write() as session:
            notification = await notifications.get(session, notification_id)
            if notification is None:
                return
            receipt = read_receipt(notification.channel, provider, request)
            before = notification.state
            await notifications.add_receipt(
                session,
                notification_id,
                at=now,
                status=receipt.status,
                data={"provider": provider, "provider_id": receipt.provider_id, "error": receipt.error},
                state=_state_after(receipt),
            )
            if notification.state != before:
                step = IncidentStep(
                    now, f"alert_{notification.state}", _words(notification, self._name(notification), receipt)
                )
                step.data["notification"] = notification_id
                await incidents.append_timeline(session, notification.incident_id, step)


def dialect_of(request: CarrierRequest) -> Dialect:
    names = {name for name, _ in request.params}
    return DIALECTS[Provider.PLIVO if names & _PLIVO_FIELDS else Provider.TWILIO]


#: every callback of Plivo has one of these, none of Twilio's has
_PLIVO_FIELDS = frozenset({"CallUUID", "MessageUUID", "RequestUUID", "ParentMessageUUID"})


def _digits(dialect: Dialect, request: CarrierRequest, at: datetime) -> str:
    webhook = dialect.read(Leg.ALERT_KEY, 0, request.params, at)
    return webhook.event.digits if webhook is not None and isinstance(webhook.event, KeyPressed) else ""


def _is_past(found: _Found, action: AlertAction) -> bool:
    """An alert escalates its own level only: a key that the carrier delivers twice, or two people who press it, take
    the incident one level further, not two."""
    alerted, incident = found.notification, found.incident
    return action is AlertAction.ESCALATE and (alerted.round, alerted.level) != (incident.round, incident.level)


def _was_done_by(actor: Actor, action: AlertAction, current: IncidentRow) -> bool:
    """Carriers repeat a request whose answer they lost; to the responder the second one is the first."""
    if action is AlertAction.ACKNOWLEDGE:
        return current.status == IncidentStatus.ACKNOWLEDGED and current.acknowledged_by == actor.key
    return action is AlertAction.RESOLVE and current.resolved_by == actor.key


def read_receipt(channel: str, provider: Provider, request: CarrierRequest) -> Receipt:
    if channel == "phone":
        return read_call_receipt(provider, request.params)
    return read_sms_receipt(provider, request.params)


def _state_after(receipt: Receipt) -> NotificationState | None:
    if not receipt.final or receipt.delivered is None:
        return None
    return NotificationState.DELIVERED if receipt.delivered else NotificationState.FAILED


def _words(notification: NotificationRow, name: str, receipt: Receipt) -> str:
    what = "Alert call" if notification.channel == "phone" else "Text message"
    error = f" ({receipt.error})" if receipt.error else ""
    return f"{what} to {name}: {receipt.status}{error}."
