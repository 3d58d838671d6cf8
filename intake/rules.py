"""What an event means, read without looking at anything but the event: open, resolve, or nothing."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.directory import Priority, Severity
from domain.incidents import IncidentStatus, dedup_key, read_priority, read_severity, title_text
from intake.events import CallEvent, EventKind
from intake.incident_io import read_incident
from intake.parsing import keepable, parse_object
from storage.journal import Entry

_RESOLVE = "resolve"
_MAX_NOTED = 80


class Effect(StrEnum):
    TRIGGER = "trigger"
    RESOLVE = "resolve"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Event:
    """An event as the processor acts on it. ``dedup_key`` is ``None`` when it never groups; ``notes`` are sentences for
    the timeline; ``policy_key`` is ``None`` to follow the integration's policy."""

    id: str
    at: datetime
    kind: str
    integration: str
    effect: Effect
    title: str
    payload: dict[str, Any]
    dedup_key: str | None = None
    priority: Priority | None = None
    severity: Severity | None = None
    notes: tuple[str, ...] = ()
    policy_key: str | None = None
    call_id: str | None = None
    acknowledged_by: str | None = None
    parsing_failed: bool = False
    #: the name of the person who opened it by hand
    opened_by: str | None = None

    @property
    def status(self) -> IncidentStatus:
        """With which status it opens an incident."""
        return IncidentStatus.ACKNOWLEDGED if self.acknowledged_by else IncidentStatus.TRIGGERED


def read_event(entry: Entry) -> Event:
    """Raises whatever a body raises that the door should not have let in; such an event goes to :func:`unreadable`."""
    if entry.kind == EventKind.CALL:
        return _call_event(entry)
    if entry.kind == EventKind.OWN:
        return _own_event(entry)
    if entry.kind == EventKind.INCIDENT_IO:
        return _incident_io_event(entry)
    return _pushed_event(entry)


def unreadable(entry: Entry) -> Event:
    """An event that our own rules failed on. It becomes an incident all the same: somebody must look."""
    return Event(
        id=entry.id,
        at=entry.received_at,
        kind=entry.kind,
        integration=entry.integration,
        effect=Effect.TRIGGER,
        title="",
        payload={"raw": entry.body.decode("utf-8", "replace")},
        notes=("The event could not be read; its content is kept as it came.",),
        parsing_failed=True,
    )


def _pushed_event(entry: Entry) -> Event:
    document = parse_object(entry.body)
    title = title_text(document.get("title"))
    priority, severity = read_priority(document.get("priority")), read_severity(document.get("severity"))
    return Event(
        id=entry.id,
        at=entry.received_at,
        kind=entry.kind,
        integration=entry.integration,
        effect=_effect(document.get("status"), title),
        title=title,
        payload=keepable(document, entry.body),
        dedup_key=dedup_key(title),
        priority=priority,
        severity=severity,
        notes=(
            *_ignored("priority", document.get("priority"), priority),
            *_ignored("severity", document.get("severity"), severity),
        ),
    )


def _own_event(entry: Entry) -> Event:
    """As a tool's event, with the escalation policy that whoever reported it has chosen."""
    return replace(_pushed_event(entry), policy_key=parse_object(entry.body).get("escalation_policy"))


def _incident_io_event(entry: Entry) -> Event:
    document = parse_object(entry.body)
    incident = read_incident(document)
    key = dedup_key(incident.identity)
    resolves = Effect.RESOLVE if key else Effect.NOTHING
    return Event(
        id=entry.id,
        at=entry.received_at,
        kind=entry.kind,
        integration=entry.integration,
        effect=resolves if incident.is_over else Effect.TRIGGER,
        title=incident.title,
        payload=keepable(document, entry.body),
        dedup_key=key,
        severity=incident.severity,
        notes=_ignored("severity", incident.severity_word, incident.severity),
    )


def _effect(status: object, title: str) -> Effect:
    if status != _RESOLVE:
        return Effect.TRIGGER
    return Effect.RESOLVE if title else Effect.NOTHING


def _ignored(name: str, value: object, understood: object) -> tuple[str, ...]:
    if value is None or value == "" or understood is not None:
        return ()
    shown = title_text(value)
    shown = shown if len(shown) <= _MAX_NOTED else f"{shown[:_MAX_NOTED]}…"
    return (f"The {name} “{shown}” is unknown and was ignored.",)


def _call_event(entry: Entry) -> Event:
    call = CallEvent.from_body(entry.body)
    severity = read_severity(call.severity)
    return Event(
        id=entry.id,
        at=entry.received_at,
        kind=entry.kind,
        integration=call.integration,
        effect=Effect.TRIGGER,
        title=call.title,
        payload=call.payload,
        # Every call is an incident of its own, equal titles or not.
        dedup_key=call.call_id,
        priority=call.priority,
        severity=severity,
        notes=_ignored("severity", call.severity, severity),
        policy_key=call.escalation_policy,
        call_id=call.call_id,
        acknowledged_by=call.acknowledged_by,
    )
