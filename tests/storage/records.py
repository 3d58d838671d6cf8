"""Records for storage tests: valid, and boring in everything that a test does not name."""

from datetime import UTC, datetime, timedelta
from typing import Any

from storage.call_recordings import RecordingRecord, RecordingState
from storage.calls import CallRecord
from storage.incidents import NewIncident
from storage.notifications import NewNotification

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """A moment so many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def call(name: str, **fields: Any) -> CallRecord:
    values: dict[str, Any] = {
        "id": f"call_{name}",
        "hotline": "support",
        "provider": "twilio",
        "provider_call_id": f"CA{name}",
        "status": "missed",
        "started_at": NOON,
        "revision": 1,
    }
    return CallRecord(**values | fields)


def recording(name: str, call_id: str, **fields: Any) -> RecordingRecord:
    values: dict[str, Any] = {
        "id": f"rec_{name}",
        "call_id": call_id,
        "kind": "talk",
        "provider": "twilio",
        "reference": f"RE{name}",
        "state": RecordingState.PENDING,
        "created_at": NOON,
    }
    return RecordingRecord(**values | fields)


def incident(name: str, **fields: Any) -> NewIncident:
    values: dict[str, Any] = {
        "id": f"inc_{name}",
        "title": f"Disk full on {name}",
        "integration": "payments-webhook",
        "created_at": NOON,
        "payload": {"title": f"Disk full on {name}"},
    }
    return NewIncident(**values | fields)


def notification(name: str, incident_id: str, **fields: Any) -> NewNotification:
    values: dict[str, Any] = {
        "id": f"ntf_{name}",
        "incident_id": incident_id,
        "level": 0,
        "round": 0,
        "position": 0,
        "channel": "sms",
        "user": "ana",
        "address": "+15550100001",
        "reason": "on call in Primary on-call",
        "rule": "level 1, alert 1",
        "created_at": NOON,
    }
    return NewNotification(**values | fields)
