"""What the API answers with: the shapes of incidents and calls. Their fields are the public contract."""

from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from api.v1.parameters import Time

Item = TypeVar("Item")


class Listed(BaseModel, Generic[Item]):
    """A page of a list; `next_cursor` is null on the last one."""

    items: list[Item]
    next_cursor: str | None = None


class Named(BaseModel):
    key: str
    name: str


class Step(BaseModel):
    """One line of a timeline, with its reason."""

    at: Time
    kind: str
    text: str
    data: dict[str, Any]


class Incident(BaseModel):
    id: str
    number: int
    title: str
    status: str
    priority: str | None
    severity: str | None
    service: str | None
    integration: str
    escalation_policy: str | None
    level: int
    responders: list[Named]
    suppressed_events: int
    occurrences: int
    first_seen: Time
    last_seen: Time
    created_at: Time
    acknowledged_at: Time | None
    acknowledged_by: str | None
    resolved_at: Time | None
    resolved_by: str | None
    muted: bool
    parsing_failed: bool
    call: str | None
    payload: dict[str, Any]


class Receipt(BaseModel):
    """A provider's word on an alert."""

    at: Time
    status: str
    data: dict[str, Any]


class Notification(BaseModel):
    """One alert to one address: why it went there, and what became of it."""

    id: str
    level: int
    round: int
    channel: str
    user: Named | None
    address: str
    reason: str
    rule: str
    state: str
    provider: str | None
    provider_id: str | None
    attempts: int
    error: str | None
    created_at: Time
    sent_at: Time | None
    finished_at: Time | None
    receipts: list[Receipt]


class Occurrence(BaseModel):
    """One event that was counted to an incident."""

    event: str
    at: Time
    kind: str
    payload: dict[str, Any]


class Caller(BaseModel):
    name: str | None
    number: str | None
    withheld: bool
    verification: str | None


class OnSchedule(BaseModel):
    """A responder, and the schedule that put them on call; null when the chain names them outright."""

    key: str
    name: str
    schedule: str | None


class Attempt(BaseModel):
    order: int
    responder: OnSchedule
    number: str
    reason: str
    outcome: str | None
    started_at: str
    ended_at: str | None


class Voicemail(BaseModel):
    seconds: int


class Recording(BaseModel):
    """`url` is an address of ours, for whoever may see the call; null until the recording is stored."""

    id: str
    kind: str
    seconds: int | None
    state: str
    url: str | None


class IncidentReference(BaseModel):
    id: str
    number: int
    title: str
    status: str


class Call(BaseModel):
    id: str
    hotline: str
    provider: str
    provider_call_id: str
    verified: bool
    test: bool
    caller: Caller
    status: str
    outcome: str | None
    degraded: bool
    archived: bool
    started_at: Time
    answered_at: Time | None
    ended_at: Time | None
    duration_seconds: int | None
    answered_by: OnSchedule | None
    attempts: list[Attempt]
    voicemail: Voicemail | None
    recordings: list[Recording]
    recording: Recording | None
    incidents: list[IncidentReference]
    incident: IncidentReference | None
    warnings: list[str]
