"""The shapes of the configuration file (``contract``: "Configuration file"), one model for each kind of resource.

A model holds a resource as the file has it: durations, times and dates stay text, what may be one or a list stays so.
``config.compile`` turns them into ``domain.directory``. Rules between resources are in ``config.validator``.
"""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.functional_serializers import PlainSerializer

from config.problems import SINGLE_SECTIONS, did_you_mean
from config.values import (
    BaseUrl,
    CalendarAddress,
    Duration,
    Email,
    Moment,
    Name,
    Phone,
    Token,
    WebAddress,
    Zone,
    between,
    check_email,
    check_order,
    check_phone,
    check_signing_secret,
)
from domain.directory import IncidentIoEvent, IntegrationType, Provider, Role, WebhookMethod
from domain.schedule import ShiftEvent

Body = dict[str, Any]


class Kind(StrEnum):
    """The sections of the configuration file, in the order in which they are written and applied."""

    ORGANIZATION = "organization"
    USERS = "users"
    SCHEDULES = "schedules"
    ESCALATION_POLICIES = "escalation_policies"
    SERVICES = "services"
    INTEGRATIONS = "integrations"
    CARRIERS = "carriers"
    HOTLINES = "hotlines"
    CONTACTS = "contacts"
    ROOMS = "rooms"
    SHIFT_WEBHOOKS = "shift_webhooks"
    CALENDARS = "calendars"
    OWN_INCIDENTS = "own_incidents"


#: sections that hold one resource, whose key is the section's name
SINGLETONS = frozenset(map(Kind, SINGLE_SECTIONS))

#: fields that are stored sealed, shown masked and exported as ``${NAME}``
SECRET_FIELDS = frozenset({"auth_token", "signing_secret", "url"})

#: channels that reach a person, and what a user needs for it
PERSONAL_CHANNELS = {"phone": "phone", "sms": "phone", "email": "email"}
#: channels that reach a room, named by its address
ROOM_CHANNELS = ("slack", "teams")


class Model(BaseModel):
    """Any part of a resource. Unknown keys are errors: a misspelt key would silently do nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def body(self) -> Body:
        """The shape of the file, every default filled in."""
        return self.model_dump(mode="json", by_alias=True)

    def short_body(self) -> Body:
        """The shape of the file without what is default anyway."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _as_list(value: Any) -> Any:
    if value is None:
        return []
    return [value] if isinstance(value, str | int) else value


def _one_or_list(value: tuple[Any, ...]) -> Any:
    return (value[0] if len(value) == 1 else list(value)) if value else None


#: written as one text or as a list of them
PhoneList = Annotated[tuple[Phone, ...], BeforeValidator(_as_list), PlainSerializer(_one_or_list)]
SecretText = Annotated[str, Field(min_length=1, max_length=500)]
SecretList = Annotated[tuple[SecretText, ...], BeforeValidator(_as_list), PlainSerializer(_one_or_list)]


class Organization(Model):
    name: Name


class OutOfOffice(Model):
    """Times are local to the user's zone. Without a ``delegate`` nobody has the duties meanwhile."""

    starts: Moment
    ends: Moment
    delegate: str | None = None
    comment: Annotated[str, Field(max_length=1000)] = ""

    @field_validator("ends")
    @classmethod
    def _ends_after_start(cls, ends: str, info: ValidationInfo) -> str | None:
        return check_order(info.data.get("starts"), ends)


def _check_personal_channel(channel: str) -> str:
    if channel not in PERSONAL_CHANNELS:
        raise ValueError(f"there is no channel {channel!r} to a person; write {', '.join(PERSONAL_CHANNELS)}")
    return channel


PersonalChannels = tuple[Annotated[str, AfterValidator(_check_personal_channel)], ...]


class ScheduleNotices(Model):
    """What is different for the shifts of one schedule; ``None`` is as everywhere."""

    start: PersonalChannels | None = None
    end: PersonalChannels | None = None


class ShiftNotices(Model):
    """Channels over which a person is told of shifts, and (``changes``) of overrides that concern them."""

    start: PersonalChannels = ()
    end: PersonalChannels = ()
    changes: PersonalChannels = ("email",)
    schedules: dict[str, ScheduleNotices] = Field(default_factory=dict)


class User(Model):
    name: Name
    email: Email | None = None
    phone: PhoneList = ()
    timezone: Zone = "Etc/UTC"
    role: Role = Role.RESPONDER
    out_of_office: tuple[OutOfOffice, ...] = ()
    shift_notices: ShiftNotices = ShiftNotices()


class Alert(Model):
    """One alert of a level: to a user, to whoever a schedule says, or to an address (rooms have only that)."""

    channel: str
    user: str | None = None
    schedule: str | None = None
    to: Name | None = None

    @model_validator(mode="after")
    def _one_recipient(self) -> Self:
        check_channel(self.channel)
        given = [name for name in ("user", "schedule", "to") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of user, schedule and to; it has {' and '.join(given) or 'none'}")
        if self.to is not None:
            check_address(self.channel, self.to)
        elif self.channel in ROOM_CHANNELS:
            raise ValueError(f"{self.channel} reaches a room, not a person; name it with to")
        return self


class Level(Model):
    alerts: tuple[Alert, ...]
    escalate_after: Annotated[Duration, between("1s", "30d")] | None = None


class EscalationPolicy(Model):
    name: Name
    delay: Annotated[Duration, between("0s", "30d")] = "0s"
    levels: Annotated[tuple[Level, ...], Field(min_length=1, max_length=100)]


class Service(Model):
    name: Name


class Repeat(Model):
    """Rounds after the first one."""

    times: Annotated[StrictInt, Field(ge=1, le=1000)]
    every: Annotated[Duration, between("1s", "30d")]


class Integration(Model):
    name: Name
    type: IntegrationType = IntegrationType.WEBHOOK
    service: str | None = None
    escalation_policy: str | None = None
    token: Token | None = None
    ack_timeout: Annotated[Duration, between("1s", "365d")] | None = None
    resolve_after: Annotated[Duration, between("1s", "365d")] | None = None
    repeat: Repeat | None = None
    signing_secret: SecretText | None = None
    #: which of incident.io's events count; ``None`` is all
    events: Annotated[tuple[IncidentIoEvent, ...], Field(min_length=1)] | None = None

    @field_validator("type")
    @classmethod
    def _can_be_chosen(cls, chosen: IntegrationType) -> IntegrationType:
        if chosen is IntegrationType.DUTYLINE:
            raise ValueError("dutyline is for Dutyline's own incidents; write webhook or incident-io")
        return chosen

    @field_validator("signing_secret")
    @classmethod
    def _secret_fits_type(cls, secret: str | None, info: ValidationInfo) -> str | None:
        if secret is None:
            return None
        if info.data.get("type") is IntegrationType.WEBHOOK:
            raise ValueError("is for type incident-io only; a webhook is protected by its token")
        return check_signing_secret(secret)

    @field_validator("events")
    @classmethod
    def _events_fit_type(
        cls, events: tuple[IncidentIoEvent, ...] | None, info: ValidationInfo
    ) -> tuple[IncidentIoEvent, ...] | None:
        if events is not None and info.data.get("type") is IntegrationType.WEBHOOK:
            raise ValueError("is for type incident-io only; a webhook takes every event")
        return events


class Contact(Model):
    name: Name
    number: Phone


class Room(Model):
    """A chat room: what policies and schedules call it, and the incoming webhook that Slack or Teams gives for it."""

    channel: str
    to: Name
    url: WebAddress

    @field_validator("channel")
    @classmethod
    def _is_a_room(cls, channel: str) -> str:
        if channel not in ROOM_CHANNELS:
            raise ValueError(f"{channel} has no rooms; write {' or '.join(ROOM_CHANNELS)}")
        return channel


class ShiftWebhook(Model):
    """Somebody else's address that is told when shifts of these schedules start and end."""

    url: WebAddress
    schedules: Annotated[tuple[str, ...], Field(min_length=1)]
    method: WebhookMethod = WebhookMethod.POST
    events: Annotated[tuple[ShiftEvent, ...], Field(min_length=1)] = tuple(ShiftEvent)


class Calendar(Model):
    """A foreign calendar that is shown beside these schedules and never changes them. Without a ``url`` its events
    come from a file that somebody hands in."""

    name: Name
    url: CalendarAddress | None = None
    schedules: tuple[str, ...] = ()


class Carrier(Model):
    """An account. ``provider`` is left out where the key says it."""

    provider: Provider | None = None
    account_sid: Name | None = None
    auth_id: Name | None = None
    auth_token: SecretText
    from_number: Phone | None = None
    base_url: BaseUrl | None = None


class OwnIncidents(Model):
    escalation_policy: str | None = None


def check_channel(channel: str) -> None:
    known = (*PERSONAL_CHANNELS, *ROOM_CHANNELS)
    if channel not in known:
        raise ValueError(f"there is no channel {channel!r}{did_you_mean(channel, known)}")


def check_address(channel: str, to: str) -> None:
    """An address that the channel can reach."""
    if channel == "email":
        check_email(to)
    elif channel in PERSONAL_CHANNELS:
        check_phone(to)
