"""Example values for the tests of channels."""

from dataclasses import replace
from typing import Any

from domain.alerts import Alert, message_of
from domain.directory import CarrierAccount, Priority, Provider, Severity
from domain.outgoing import Message

TWILIO = CarrierAccount("twilio", Provider.TWILIO, "AC1", "secret", from_number="+12245550123")
PLIVO = CarrierAccount("plivo", Provider.PLIVO, "MA1", "secret", from_number="+12245550124")
_ALERT = Alert(
    notification_id="ntf_1",
    incident_id="inc_1",
    number=42,
    title="Payment API is down",
    to="+15550100001",
    link="https://duty.example/incidents/42",
    answer_url="https://duty.example/alerts/ntf_1/answer/s",
    status_url="https://duty.example/alerts/ntf_1/status/s",
    priority=Priority.P1,
    severity=Severity.SEV2,
    service="Payments",
    user_name="Ana Reyes",
)


def alert(**changes: Any) -> Alert:
    return replace(_ALERT, **changes)


def message(**changes: Any) -> Message:
    """An alert as channels send it."""
    return message_of(alert(**changes))
