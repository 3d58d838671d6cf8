"""Who is told how a call ended, and in which words."""

import unicodedata
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.call_log import ATTEMPT_WORDS, CallOutcome, CallStatus, LoggedAttempt, LoggedCall
from domain.call_notices import call_notices
from domain.call_plan import Target
from domain.directory import NotifyTarget, Provider
from domain.events import Caller, CallIdentity
from domain.evidence import AttemptOutcome
from domain.notices import Notice
from tests.rules.calls import CALLER, START, at

BEN = Target(1, "ben", "Ben Okafor", "+15550100002", 20, "named in the chain")
ANA = Target(2, "ana", "Ana Reyes", "+15550100001", 20, "on call", "primary", "Primary on-call")
MITCHELL = replace(CALLER, name="Mitchell Starc")
WITHHELD = Caller(None, "anonymous", withheld=True)
ANSWERED = LoggedCall(
    id="call_a",
    identity=CallIdentity(Provider.TWILIO, "CA1", "AC1", CALLER, "+12245550123"),
    hotline="support",
    hotline_name="On-call hotline",
    caller=MITCHELL,
    verified=True,
    tester=None,
    degraded=False,
    status=CallStatus.ANSWERED,
    outcome=CallOutcome.ANSWERED,
    started_at=START,
    answered_at=at(26),
    ended_at=at(59),
    duration_seconds=33,
    answered_by=ANA,
    attempts=(
        LoggedAttempt(BEN, AttemptOutcome.NO_ANSWER, at(3), at(23)),
        LoggedAttempt(ANA, AttemptOutcome.ANSWERED, at(24), at(59)),
    ),
)
MISSED = replace(ANSWERED, status=CallStatus.MISSED, answered_at=None, answered_by=None, duration_seconds=41)
ROOM = NotifyTarget("slack", "#hotline")
URL = "https://duty.example/calls/call_a"


def told(call: LoggedCall, target: NotifyTarget = ROOM) -> Notice:
    (notice,) = call_notices(call, [target], URL)
    return notice


@pytest.mark.parametrize(
    ("call", "subject"),
    [
        (ANSWERED, "On-call hotline: answered by Ana Reyes - call from Mitchell Starc (+14156040016), 33 s"),
        (
            replace(MISSED, outcome=CallOutcome.VOICEMAIL, caller=WITHHELD, voicemail_seconds=12),
            "On-call hotline: missed call from withheld number, 41 s: nobody answered; voicemail of 12 s",
        ),
        (
            replace(MISSED, outcome=CallOutcome.NO_ANSWER, caller=CALLER),
            "On-call hotline: missed call from +14156040016, 41 s: nobody answered",
        ),
        (
            replace(MISSED, outcome=CallOutcome.NO_ONE_ON_CALL, voicemail_seconds=7),
            "On-call hotline: missed call from Mitchell Starc (+14156040016), 41 s: nobody was on call; "
            "voicemail of 7 s",
        ),
        (
            replace(MISSED, outcome=CallOutcome.CALLER_GONE, caller=Caller(None, "front-desk")),
            "On-call hotline: missed call from front-desk, 41 s: the caller left before somebody took the call",
        ),
        (
            replace(ANSWERED, tester="ana", duration_seconds=0),
            "Test call to On-call hotline: answered by Ana Reyes - call from Mitchell Starc (+14156040016), 0 s",
        ),
    ],
    ids=["answered", "voicemail", "no answer", "no one on call", "caller gone", "test call"],
)
def test_the_subject_says_how_the_call_ended(call: LoggedCall, subject: str) -> None:
    assert told(call).subject == subject


def test_the_text_names_each_attempt_and_leads_to_the_call() -> None:
    assert told(ANSWERED).text.splitlines() == [
        "On-call hotline: answered by Ana Reyes - call from Mitchell Starc (+14156040016), 33 s",
        "1. Ben Okafor: no answer",
        "2. Ana Reyes (Primary on-call): took the call",
        URL,
    ]


def test_a_text_message_is_short() -> None:
    notice = told(ANSWERED, NotifyTarget("sms", "+15550100009"))
    assert notice.text.splitlines() == [notice.subject, URL]


def test_everybody_whom_the_hotline_names_is_told_once() -> None:
    targets = [ROOM, NotifyTarget("teams", "Hotline"), NotifyTarget("email", "ops@acme.example")]
    found = call_notices(ANSWERED, targets, URL)
    assert [(notice.channel, notice.recipient) for notice in found] == [(each.channel, each.to) for each in targets]


def test_a_rejected_call_is_told_to_nobody() -> None:
    assert call_notices(replace(MISSED, outcome=CallOutcome.REJECTED), [ROOM], URL) == []


def test_a_call_is_news_for_an_hour_after_its_end() -> None:
    assert told(ANSWERED).stale_at == at(59) + timedelta(hours=1)


@pytest.mark.parametrize("outcome", [each for each in CallOutcome if each is not CallOutcome.REJECTED])
def test_every_way_a_call_ends_has_its_words(outcome: CallOutcome) -> None:
    call = ANSWERED if outcome is CallOutcome.ANSWERED else replace(MISSED, outcome=outcome)
    assert told(call).kind == ("call_answered" if call is ANSWERED else "call_missed")


def test_every_outcome_of_an_attempt_has_its_words() -> None:
    assert ATTEMPT_WORDS.keys() == set(AttemptOutcome)


HOSTILE = st.text(max_size=200) | st.sampled_from(
    ["a\n2. Eve: took the call", "a\r\nBcc: eve", "\u202e\u2028<!channel>"]
)


@given(name=HOSTILE, raw=HOSTILE)
def test_a_caller_cannot_add_a_line_or_a_control_character(name: str, raw: str) -> None:
    changes: dict[str, Any] = {"caller": Caller(None, raw, name), "outcome": CallOutcome.NO_ANSWER}
    lines = told(replace(MISSED, **changes)).text.splitlines()
    assert len(lines) == len(MISSED.attempts) + 2
    assert not [c for line in lines for c in line if unicodedata.category(c).startswith("C")]
