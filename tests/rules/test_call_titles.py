"""The title and the payload of a finished call's incident, sign for sign."""

from dataclasses import replace
from datetime import UTC, datetime

from domain.directory import Priority, Provider
from domain.titles import CallAttempt, FinishedCall, Receiver, call_payload, call_title

CALL = FinishedCall(
    call_id="call_1",
    provider=Provider.TWILIO,
    provider_call_id="CA1",
    hotline_name="On-call hotline",
    hotline_number="+12245550123",
    recording_enabled=True,
    caller_name="Mitchell Starc",
    caller_number="+14156040016",
    withheld=False,
    started_at=datetime(2025, 7, 29, 6, 24, 32, 262_000, tzinfo=UTC),
    answered_at=datetime(2025, 7, 29, 6, 24, 55, 801_999, tzinfo=UTC),
    ended_at=datetime(2025, 7, 29, 6, 25, 29, tzinfo=UTC),
    duration_seconds=33,
    recording_url="https://dutyline.example/recordings/rec_1",
    receiver=Receiver("ana", "Ana Reyes", "primary", "Primary on-call"),
    attempts=(CallAttempt("Ben Okafor", None, "no_answer"), CallAttempt("Ana Reyes", "Primary on-call", "answered")),
    priority=Priority.P1,
    severity="high",
    teams=("devops", "backend"),
)


def test_title_of_a_known_caller() -> None:
    assert call_title(CALL) == "On-call hotline: Call from Mitchell Starc (+14156040016) (33s)"


def test_title_of_an_unknown_caller() -> None:
    assert call_title(replace(CALL, caller_name=None)) == "On-call hotline: Call from (+14156040016) (33s)"


def test_title_of_a_withheld_number() -> None:
    withheld = replace(CALL, caller_name=None, caller_number=None, withheld=True)
    assert call_title(withheld) == "On-call hotline: Call from withheld number (33s)"


def test_title_of_a_caller_whose_number_is_none() -> None:
    odd = replace(CALL, caller_name=None, caller_number=None, caller_raw="sip:door\n@example")
    assert call_title(odd) == "On-call hotline: Call from (sip:door @example) (33s)"


def test_payload_of_an_answered_call_key_for_key() -> None:
    title = "On-call hotline: Call from Mitchell Starc (+14156040016) (33s)"
    assert call_payload(CALL) == {
        "message": title,
        "details": {
            "callId": "call_1",
            "twilioCallId": "CA1",
            "liveCallRouting": {"name": "On-call hotline", "number": "+12245550123", "recordingEnabled": True},
            "call": {
                "calledAt": "2025-07-29T06:24:32.262Z",
                "answeredAt": "2025-07-29T06:24:55.801Z",
                "duration": 33,
                "recording": "https://dutyline.example/recordings/rec_1",
            },
            "caller": {"name": "Mitchell Starc", "number": "+14156040016"},
            "receiver": {
                "id": "ana",
                "name": "Ana Reyes",
                "oncallId": "primary",
                "oncallName": "Primary on-call",
            },
            "attempts": [
                {"name": "Ben Okafor", "schedule": None, "outcome": "no_answer"},
                {"name": "Ana Reyes", "schedule": "Primary on-call", "outcome": "answered"},
            ],
            "details": "",
        },
        "priority": "p1",
        "severity": "high",
        "teams": ["devops", "backend"],
        "title": title,
    }


def test_payload_of_an_unanswered_plivo_call() -> None:
    missed = replace(CALL, provider=Provider.PLIVO, answered_at=None, receiver=None, recording_url=None)
    details = call_payload(missed)["details"]
    assert details["plivoCallId"] == "CA1"
    assert "twilioCallId" not in details
    assert details["receiver"] is None
    assert details["call"]["answeredAt"] is None
    assert details["call"]["recording"] is None


def test_user_named_outright_has_no_schedule() -> None:
    receiver = call_payload(replace(CALL, receiver=Receiver("ben", "Ben Okafor")))["details"]["receiver"]
    assert receiver == {"id": "ben", "name": "Ben Okafor", "oncallId": None, "oncallName": None}


def test_payload_hides_a_withheld_number() -> None:
    withheld = replace(CALL, caller_name=None, withheld=True)
    assert call_payload(withheld)["details"]["caller"] == {"name": None, "number": None}
