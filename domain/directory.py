"""Everything that a person sets up, after validation: the vocabulary that all other folders share.

Each class mirrors one section of the configuration file (``config/`` parses and checks it). Keys are stable ids.
Durations are whole seconds, ``None`` means "not set" exactly where the configuration file allows ``null``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.schedule import Absence, Schedule, ShiftEvent


class Role(StrEnum):
    """What a person or an API token may do; each role includes the ones after it."""

    ADMIN = "admin"
    MANAGER = "manager"
    RESPONDER = "responder"
    VIEWER = "viewer"


class Provider(StrEnum):
    """A telephone carrier whose webhooks and XML we speak."""

    TWILIO = "twilio"
    PLIVO = "plivo"


class Priority(StrEnum):
    P1 = "p1"
    P2 = "p2"
    P3 = "p3"
    P4 = "p4"
    P5 = "p5"


class Severity(StrEnum):
    SEV1 = "sev1"
    SEV2 = "sev2"
    SEV3 = "sev3"


@dataclass(frozen=True, slots=True)
class ShiftNotices:
    """Over which channels a person is told of their shifts' starts and ends, and of overrides that concern them."""

    start: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    changes: tuple[str, ...] = ("email",)
    #: what is different in single schedules
    schedules: dict[str, dict[ShiftEvent, tuple[str, ...]]] = field(default_factory=dict)

    def channels(self, schedule: str, event: ShiftEvent) -> tuple[str, ...]:
        general = self.start if event is ShiftEvent.START else self.end
        return self.schedules.get(schedule, {}).get(event, general)


@dataclass(frozen=True, slots=True)
class User:
    """A person. ``phones`` are E.164, the first one rings."""

    key: str
    name: str
    email: str | None = None
    phones: tuple[str, ...] = ()
    timezone: str = "Etc/UTC"
    role: Role = Role.RESPONDER
    shift_notices: ShiftNotices = field(default_factory=ShiftNotices)


def name_of(users: Mapping[str, User], key: str) -> str:
    """The user's name; of somebody who is no user any more, the key."""
    return users[key].name if key in users else key


@dataclass(frozen=True, slots=True)
class AlertTarget:
    """One alert of an escalation level: a channel to a user, to whoever is on call in a schedule, or to an address."""

    channel: str
    user: str | None = None
    schedule: str | None = None
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """One level: its alerts go out in parallel. ``escalate_after_seconds`` is ``None`` on the last level."""

    alerts: tuple[AlertTarget, ...]
    escalate_after_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class EscalationPolicy:
    key: str
    name: str
    levels: tuple[Level, ...]
    delay_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Service:
    key: str
    name: str


#: the integration that Dutyline's own incidents belong to; it always exists
OWN_INTEGRATION = "dutyline"


class IntegrationType(StrEnum):
    WEBHOOK = "webhook"
    INCIDENT_IO = "incident-io"
    DUTYLINE = "dutyline"


class IncidentIoEvent(StrEnum):
    """What incident.io tells of an incident. A change of its status is an update too."""

    CREATED = "created"
    UPDATED = "updated"


@dataclass(frozen=True, slots=True)
class Repeat:
    """Rounds after the first one, and the pause before each."""

    times: int
    every_seconds: int


@dataclass(frozen=True, slots=True)
class Integration:
    """A door for events. ``token`` is the last secret part of its webhook address. ``signing_secret`` and ``events``,
    those that count, are for incident.io alone."""

    key: str
    name: str
    token: str
    type: IntegrationType = IntegrationType.WEBHOOK
    service: str | None = None
    escalation_policy: str | None = None
    ack_timeout_seconds: int | None = None
    resolve_after_seconds: int | None = None
    repeat: Repeat | None = None
    signing_secret: str | None = None
    events: tuple[IncidentIoEvent, ...] = tuple(IncidentIoEvent)


@dataclass(frozen=True, slots=True)
class ChainEntry:
    """One entry of a hotline's chain: a schedule or a user, never both."""

    schedule: str | None = None
    user: str | None = None
    ring_seconds: int | None = None


class Accept(StrEnum):
    """How a responder takes a call: by pressing 1 (a machine cannot), or by picking up."""

    PRESS_KEY = "press_key"
    NONE = "none"


class CallerIdPolicy(StrEnum):
    """Which number a responder's phone shows."""

    HOTLINE = "hotline"
    CALLER = "caller"


class MessageKey(StrEnum):
    """The ten texts of a hotline."""

    WELCOME = "welcome"
    RECORDING = "recording"
    NEXT = "next"
    NO_ANSWER = "no_answer"
    NO_ONE_ON_CALL = "no_one_on_call"
    VOICEMAIL_THANKS = "voicemail_thanks"
    NOTHING_RECORDED = "nothing_recorded"
    GOODBYE = "goodbye"
    APOLOGY = "apology"
    WHISPER = "whisper"


@dataclass(frozen=True, slots=True)
class Message:
    """What is heard: a text to speak, or the address of audio to play. An empty text is silence."""

    text: str = ""
    play: str | None = None


@dataclass(frozen=True, slots=True)
class Voicemail:
    max_seconds: int = 180
    silence_seconds: int = 8


class IncidentWhen(StrEnum):
    ALL = "all"
    MISSED = "missed"
    NEVER = "never"


class AnsweredAs(StrEnum):
    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, slots=True)
class CallIncidents:
    """Which finished calls open an incident, and how it looks."""

    when: IncidentWhen = IncidentWhen.NEVER
    answered: AnsweredAs = AnsweredAs.TRIGGERED
    integration: str | None = None
    escalation_policy: str | None = None
    priority: Priority | None = None
    #: as configured: ``sev1``..``sev3`` or ``high|medium|low``; a call's payload keeps the word
    severity: str | None = None
    teams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotifyTarget:
    channel: str
    to: str


@dataclass(frozen=True, slots=True)
class Hotline:
    key: str
    name: str
    number: str
    provider: Provider
    token: str
    chain: tuple[ChainEntry, ...]
    carrier: str | None = None
    auth_tokens: tuple[str, ...] = ()
    ring_seconds: int = 20
    accept: Accept = Accept.PRESS_KEY
    accept_within_seconds: int = 15
    caller_id: CallerIdPolicy = CallerIdPolicy.HOTLINE
    max_call_wait_seconds: int = 300
    max_talk_seconds: int = 14_400
    messages: dict[MessageKey, Message] = field(default_factory=dict)
    language: str = "en-US"
    voice: str | None = None
    voicemail: Voicemail | None = field(default_factory=Voicemail)
    record_calls: bool = True
    notify: tuple[NotifyTarget, ...] = ()
    incidents: CallIncidents = field(default_factory=CallIncidents)


@dataclass(frozen=True, slots=True)
class Contact:
    key: str
    name: str
    number: str


@dataclass(frozen=True, slots=True)
class CarrierAccount:
    """An account at a carrier. Twilio: account SID and auth token; Plivo: auth id and auth token."""

    key: str
    provider: Provider
    account_id: str
    auth_token: str
    from_number: str | None = None
    base_url: str | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """A chat room by the address that policies call it (``to``), and the incoming webhook that posts there."""

    key: str
    channel: str
    to: str
    url: str


class WebhookMethod(StrEnum):
    GET = "GET"
    POST = "POST"
    PUT = "PUT"


@dataclass(frozen=True, slots=True)
class ShiftWebhook:
    """Somebody else's address that is told of the shifts of some schedules."""

    key: str
    url: str
    schedules: tuple[str, ...]
    method: WebhookMethod = WebhookMethod.POST
    events: tuple[ShiftEvent, ...] = tuple(ShiftEvent)


@dataclass(frozen=True, slots=True)
class Calendar:
    """A foreign calendar that is shown beside schedules. Without a ``url`` its events come from a file."""

    key: str
    name: str
    schedules: tuple[str, ...] = ()
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Directory:
    """The whole configuration at one version, each resource by its key. ``absences`` are those of all users."""

    version: int = 0
    organization: str = ""
    users: dict[str, User] = field(default_factory=dict)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    escalation_policies: dict[str, EscalationPolicy] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    integrations: dict[str, Integration] = field(default_factory=dict)
    hotlines: dict[str, Hotline] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    carriers: dict[str, CarrierAccount] = field(default_factory=dict)
    own_incidents_policy: str | None = None
    absences: tuple[Absence, ...] = ()
    rooms: dict[str, Room] = field(default_factory=dict)
    shift_webhooks: dict[str, ShiftWebhook] = field(default_factory=dict)
    calendars: dict[str, Calendar] = field(default_factory=dict)
