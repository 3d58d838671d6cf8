"""What a batch of events comes to, decided in memory in the order of the events: open, count, or resolve.

The unique index of the database stays the judge of "one open incident for a key"; a batch that it refuses is decided
again from what is stored then.
"""

import os
from collections.abc import Iterable
from datetime import datetime

from domain.commands import CommandKind, changed_payload
from domain.directory import Directory
from domain.ids import public_id
from domain.incidents import IncidentStatus, snapshot_policy
from intake.rules import Effect, Event
from storage.incidents import IncidentStep, NewIncident
from storage.intake_batch import Batch, OpenIncident, Pair
from storage.outbox import Command


class Decider:
    """Takes events one by one; ``batch`` holds the result. ``open_incidents`` are all those the events could touch."""

    def __init__(self, directory: Directory, open_incidents: Iterable[OpenIncident], now: datetime) -> None:
        self.batch = Batch()
        #: what a person should find in the log although no incident shows it
        self.remarks: list[str] = []
        self._directory = directory
        self._now = now
        self._open = {incident.id: incident for incident in open_incidents}
        self._by_key: dict[Pair, OpenIncident] = {}
        for incident in self._open.values():
            if incident.dedup_key is not None:
                self._by_key[incident.integration, incident.dedup_key] = incident

    def take(self, event: Event) -> None:
        match event.effect:
            case Effect.TRIGGER:
                incident_id: str | None = self._trigger(event)
            case Effect.RESOLVE:
                incident_id = self._resolve(event)
            case Effect.NOTHING:
                incident_id = None
                self.remarks.append(f"Event {event.id} of integration {event.integration} {_why_nothing(event)}.")
        self.batch.event_ids.append((event.id, incident_id, self._now))

    def _trigger(self, event: Event) -> str:
        known = self._by_key.get((event.integration, event.dedup_key)) if event.dedup_key else None
        incident = known or self._open_incident(event)
        if known:
            known.suppressed_events += 1
            known.occurrences += 1
            known.last_seen = max(known.last_seen, event.at)
            self.batch.touched[known.id] = known
            self._note_oddities(known.id, event)
        self.batch.occurrences.append(
            {
                "incident_id": incident.id,
                "event_id": event.id,
                "at": event.at,
                "kind": event.kind,
                "body": event.payload,
            }
        )
        return incident.id

    def _open_incident(self, event: Event) -> OpenIncident:
        new = self._new_incident(event)
        incident = OpenIncident(
            id=new.id,
            integration=event.integration,
            title=event.title,
            dedup_key=event.dedup_key,
            call_id=event.call_id,
            version=1,
            suppressed_events=0,
            occurrences=1,
            last_seen=event.at,
            new=new,
        )
        self._open[incident.id] = incident
        if event.dedup_key:
            self._by_key[event.integration, event.dedup_key] = incident
        self.batch.touched[incident.id] = incident
        self._note(incident.id, event.at, "triggered", f"Opened by {self._source(event)}.", event.id)
        if event.acknowledged_by:
            self._note(incident.id, event.at, "acknowledged", "Acknowledged by taking the call.", event.id)
        self._note_oddities(incident.id, event)
        self.batch.commands.append(Command(CommandKind.START_INCIDENT, incident.id, {}, self._now))
        return incident

    def _new_incident(self, event: Event) -> NewIncident:
        integration = self._directory.integrations.get(event.integration)
        snapshot = snapshot_policy(self._directory, integration, event.policy_key)
        return NewIncident(
            # Ids sort by the moment of opening.
            id=public_id("inc", int(self._now.timestamp() * 1000).to_bytes(6, "big") + os.urandom(10)),
            title=event.title,
            integration=event.integration,
            created_at=event.at,
            payload=event.payload,
            dedup_key=event.dedup_key,
            service=integration.service if integration else None,
            policy_key=snapshot.policy.key if snapshot.policy else None,
            policy=snapshot.to_json(),
            status=event.status,
            priority=event.priority,
            severity=event.severity,
            acknowledged_at=event.at if event.acknowledged_by else None,
            acknowledged_by=event.acknowledged_by,
            call_id=event.call_id,
            parsing_failed=event.parsing_failed,
        )

    def _resolve(self, event: Event) -> str | None:
        """The incident that was resolved; the first one when several calls share a title."""
        resolved = [incident for incident in self._open.values() if _is_meant(incident, event)]
        for incident in resolved:
            del self._open[incident.id]
            if incident.dedup_key is not None:
                del self._by_key[incident.integration, incident.dedup_key]
            incident.version += 1
            incident.resolved_at, incident.resolved_by = event.at, f"integration:{event.integration}"
            self.batch.touched[incident.id] = incident
            self._note(incident.id, event.at, "resolved", f"Resolved by {self._source(event)}.", event.id)
            self._note_oddities(incident.id, event)
            self.batch.commands.append(
                Command(
                    CommandKind.CHANGED,
                    incident.id,
                    changed_payload(incident.version, IncidentStatus.RESOLVED, incident.resolved_by),
                    self._now,
                )
            )
        if not resolved:
            self.remarks.append(
                f"Event {event.id} asks to resolve what no open incident of {event.integration} is about."
            )
        return resolved[0].id if resolved else None

    def _note_oddities(self, incident_id: str, event: Event) -> None:
        for note in event.notes:
            self._note(incident_id, event.at, "note", note, event.id)

    def _note(self, incident_id: str, at: datetime, kind: str, text: str, event_id: str) -> None:
        self.batch.steps.append((incident_id, IncidentStep(at, kind, text, {"event": event_id})))

    def _source(self, event: Event) -> str:
        integration = self._directory.integrations.get(event.integration)
        name = integration.name if integration else event.integration
        if event.opened_by:
            return f"{event.opened_by}, under {name}"
        return f"a call, under {name}" if event.call_id else f"an event of {name}"


def _is_meant(incident: OpenIncident, event: Event) -> bool:
    """By exact title. Titles that only look alike in the database (a NUL is stored as another sign) differ in the key;
    the key of a call's incident is the call, so there the title itself decides."""
    if incident.integration != event.integration:
        return False
    if incident.call_id is not None:
        return incident.title == event.title
    return incident.dedup_key == event.dedup_key


def _why_nothing(event: Event) -> str:
    if event.call_id:
        return "is a test call, which opens no incident"
    return "asks to resolve but has no title; nothing was opened or resolved"
