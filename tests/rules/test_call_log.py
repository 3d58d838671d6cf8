"""What the log says of a call, one rule a test."""

from collections.abc import Sequence

import pytest

from domain.call_flow import advance, fresh
from domain.call_log import CallOutcome, CallStatus, LoggedCall, log_call
from domain.call_plan import CallPlan
from domain.call_state import Answer
from domain.directory import Accept, Provider
from domain.events import (
    AttemptFinished,
    CallEnded,
    CallIdentity,
    CallStarted,
    DialStatus,
    Event,
    KeyPressed,
    LegEnded,
    LegPickedUp,
    LegRinging,
    RecordingKind,
    RecordingNotice,
    StepEvent,
    VoicemailFinished,
)
from domain.evidence import AttemptOutcome
from tests.rules.calls import CALLER, START, at, plan

IDENTITY = CallIdentity(Provider.TWILIO, "CA1", "AC1", CALLER, "+12245550123")


def logged(call_plan: CallPlan, events: Sequence[Event], finished: float | None = 400) -> LoggedCall:
    """The log of a call whose carrier executes every answer."""
    state = fresh(call_plan, CALLER, START)
    last: Answer | None = None
    for event in (CallStarted(START), *events):
        state, answer = advance(call_plan, state, event, last.control if last else None)
        last = answer if isinstance(event, StepEvent) else last
    return log_call(call_plan, IDENTITY, state, verified=True, finished_at=at(finished) if finished else None)


def no_answer(seconds: float, order: int) -> AttemptFinished:
    return AttemptFinished(at(seconds), order, DialStatus.NO_ANSWER, None, caller_present=True)


def test_a_call_that_goes_on_has_no_outcome_yet() -> None:
    call = logged(plan(), [LegRinging(at(6), 1)], finished=None)
    assert (call.status, call.outcome, call.ended_at) == (CallStatus.IN_PROGRESS, None, None)


def test_the_talk_is_measured_from_acceptance_to_its_end() -> None:
    talk = AttemptFinished(at(43), 1, DialStatus.COMPLETED, bridged=True, caller_present=True)
    call = logged(plan(), [KeyPressed(at(10), 1, "1"), talk, CallEnded(at(47))])
    assert (call.answered_at, call.duration_seconds) == (at(10), 33)


def test_a_missed_call_is_measured_whole() -> None:
    call = logged(plan(), [no_answer(20, 1), no_answer(45, 2), CallEnded(at(52))])
    assert (call.outcome, call.duration_seconds) == (CallOutcome.NO_ANSWER, 52)


def test_a_talk_whose_end_was_never_reported_is_answered() -> None:
    call = logged(plan(), [KeyPressed(at(10), 1, "1"), CallEnded(at(43))])
    assert (call.outcome, call.duration_seconds) == (CallOutcome.ANSWERED, 33)


@pytest.mark.parametrize("order", ["key first", "hang-up first"])
def test_a_key_and_a_hang_up_in_a_race_never_count_as_answered(order: str) -> None:
    events: list[Event] = [KeyPressed(at(10), 1, "1"), CallEnded(at(10.5))]
    if order == "hang-up first":
        events = [CallEnded(at(10)), KeyPressed(at(10.5), 1, "1")]
    canceled = AttemptFinished(at(11), 1, DialStatus.CANCELED, bridged=False, caller_present=False)
    call = logged(plan(), [*events, canceled])
    assert (call.outcome, call.attempts[0].outcome) == (CallOutcome.CALLER_GONE, AttemptOutcome.CALLER_GONE)


def test_a_voicemail_without_a_message_is_no_voicemail() -> None:
    call = logged(plan(), [no_answer(20, 1), no_answer(45, 2), VoicemailFinished(at(60), 0, caller_present=True)])
    assert (call.outcome, call.voicemail_seconds) == (CallOutcome.NO_ANSWER, None)


def test_an_absent_recording_takes_the_voicemail_back() -> None:
    absent = RecordingNotice(at(70), RecordingKind.VOICEMAIL, "RE1", None, None, absent=True)
    voicemail = VoicemailFinished(at(60), 1, caller_present=False)
    call = logged(plan(), [no_answer(20, 1), no_answer(45, 2), voicemail, absent])
    assert call.outcome is CallOutcome.NO_ANSWER


def test_nobody_on_call_wins_over_voicemail_and_the_voicemail_stays() -> None:
    call = logged(plan(chain=()), [VoicemailFinished(at(30), 9, caller_present=False)])
    assert (call.outcome, call.voicemail_seconds) == (CallOutcome.NO_ONE_ON_CALL, 9)


def test_a_caller_who_leaves_during_the_message_was_rung_out() -> None:
    call = logged(plan(), [no_answer(20, 1), no_answer(45, 2), CallEnded(at(48))])
    assert call.outcome is CallOutcome.NO_ANSWER


def test_an_attempt_that_was_picked_up_and_not_confirmed_is_not_accepted_in_any_dialect() -> None:
    call = logged(plan(), [LegPickedUp(at(9), 1), no_answer(24, 1), CallEnded(at(26))])
    assert call.attempts[0].outcome is AttemptOutcome.NOT_ACCEPTED


def test_with_plain_connect_a_pick_up_is_answered() -> None:
    talk = AttemptFinished(at(43), 1, DialStatus.COMPLETED, bridged=True, caller_present=False, leg_seconds=33)
    call = logged(plan(accept=Accept.NONE), [talk])
    assert (call.outcome, call.duration_seconds) == (CallOutcome.ANSWERED, 33)


def test_a_lost_dial_action_does_not_lengthen_the_talk() -> None:
    ended = LegEnded(at(43), 1, DialStatus.COMPLETED)
    call = logged(plan(), [KeyPressed(at(10), 1, "1"), ended, CallEnded(at(47))])
    assert call.duration_seconds == 33


def test_the_timeline_says_how_long_it_rang_and_why_it_went_on() -> None:
    call = logged(plan(), [LegRinging(at(7), 1), no_answer(27, 1), CallEnded(at(30))])
    assert "Ana Reyes: no answer after 20 s, next entry" in [entry.text for entry in call.timeline]
