"""What the incident of a finished call looks like: its title and its payload."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.directory import Priority, Provider
from domain.phone import clean_text

_MAX_NUMBER = 40


@dataclass(frozen=True, slots=True)
class Receiver:
    """The responder who took the call. Without a schedule the hotline's chain named the user outright."""

    key: str
    name: str
    schedule_key: str | None = None
    schedule_name: str | None = None


@dataclass(frozen=True, slots=True)
class CallAttempt:
    """One phone that was rung. ``outcome`` is the call log's word; ``schedule`` is the schedule's name."""

    name: str
    schedule: str | None
    outcome: str


@dataclass(frozen=True, slots=True)
class FinishedCall:
    """All that title and payload need of a call that is over.

    ``duration_seconds`` is the talk's when the call was answered, else the whole call's. ``caller_number`` is E.164 or
    ``None``; ``caller_raw`` is what the carrier sent when it is neither withheld nor a number. ``recording_url`` is our
    own link. ``severity`` is the configured word, not the stored one.
    """

    call_id: str
    provider: Provider
    provider_call_id: str
    hotline_name: str
    hotline_number: str
    recording_enabled: bool
    caller_name: str | None
    caller_number: str | None
    withheld: bool
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    duration_seconds: int
    recording_url: str | None = None
    receiver: Receiver | None = None
    attempts: tuple[CallAttempt, ...] = ()
    priority: Priority | None = None
    severity: str | None = None
    teams: tuple[str, ...] = ()
    caller_raw: str = ""


def call_title(call: FinishedCall) -> str:
    """``On-call hotline: Call from Mitchell Starc (+14156040016) (33s)``; shorter without a name or number."""
    return f"{call.hotline_name}: Call from {_caller_words(call)} ({call.duration_seconds}s)"


def odd_caller(raw: str) -> str:
    """What is shown of a caller who is no number: what the carrier sent, made harmless."""
    return clean_text(raw, _MAX_NUMBER)


def _caller_words(call: FinishedCall) -> str:
    number = call.caller_number or odd_caller(call.caller_raw)
    if call.withheld or not number:
        return "withheld number"
    return f"{call.caller_name} ({number})" if call.caller_name else f"({number})"


def call_payload(call: FinishedCall) -> dict[str, Any]:
    """The document that scripts and webhooks read; its keys are part of the public contract."""
    title = call_title(call)
    return {
        "message": title,
        "details": {
            "callId": call.call_id,
            _provider_call_key(call.provider): call.provider_call_id,
            "liveCallRouting": {
                "name": call.hotline_name,
                "number": call.hotline_number,
                "recordingEnabled": call.recording_enabled,
            },
            "call": {
                "calledAt": rfc3339(call.started_at),
                "answeredAt": rfc3339(call.answered_at) if call.answered_at else None,
                "duration": call.duration_seconds,
                "recording": call.recording_url,
            },
            "caller": {"name": call.caller_name, "number": None if call.withheld else call.caller_number},
            "receiver": _receiver(call.receiver),
            "attempts": [
                {"name": attempt.name, "schedule": attempt.schedule, "outcome": attempt.outcome}
                for attempt in call.attempts
            ],
            "details": "",
        },
        "priority": call.priority.value if call.priority else None,
        "severity": call.severity,
        "teams": list(call.teams),
        "title": title,
    }


def _provider_call_key(provider: Provider) -> str:
    return "twilioCallId" if provider is Provider.TWILIO else "plivoCallId"


def _receiver(receiver: Receiver | None) -> dict[str, Any] | None:
    if receiver is None:
        return None
    return {
        "id": receiver.key,
        "name": receiver.name,
        "oncallId": receiver.schedule_key,
        "oncallName": receiver.schedule_name,
    }


def rfc3339(moment: datetime) -> str:
    """UTC with milliseconds and ``Z``, as everywhere in the API."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
