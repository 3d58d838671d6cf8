"""The kinds of events: pushed by a tool, sent by incident.io, left behind by a call, reported by a person or by
Dutyline itself."""

import os
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from domain.directory import Priority
from domain.ids import call_event_id, public_id
from storage.journal import Entry


class EventKind(StrEnum):
    PUSH = "push"
    CALL = "call"
    INCIDENT_IO = "incident-io"
    #: opened by a person; never in the journal
    MANUAL = "manual"
    #: what Dutyline has to say of itself
    OWN = "own"


def new_event_id() -> str:
    """Unique without asking anybody, sorted by time: milliseconds, then chance."""
    return public_id("evt", (time.time_ns() // 1_000_000).to_bytes(6, "big") + os.urandom(10))


@dataclass(frozen=True, slots=True)
class CallEvent:
    """A finished call that is to open an incident; everything needed is in it, nothing is looked up but the policy.

    ``escalation_policy`` is ``None`` to follow the integration's. ``severity`` is the configured word.
    ``acknowledged_by`` is the key of the user who took the call when the incident opens acknowledged.
    """

    call_id: str
    integration: str
    title: str
    payload: dict[str, Any]
    escalation_policy: str | None = None
    priority: Priority | None = None
    severity: str | None = None
    acknowledged_by: str | None = None

    def entry(self, received_at: datetime) -> Entry:
        """For the journal. Its id follows from the call: handed in twice, it opens one incident."""
        return Entry(
            id=call_event_id(self.call_id),
            kind=EventKind.CALL,
            integration=self.integration,
            received_at=received_at,
            body=orjson.dumps(asdict(self)),
        )

    @classmethod
    def from_body(cls, body: bytes) -> "CallEvent":
        fields = orjson.loads(body)
        priority = fields.pop("priority")
        return cls(**fields, priority=None if priority is None else Priority(priority))
