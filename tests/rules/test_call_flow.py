"""What a caller and a responder meet, one rule a test. Sources: the behaviour of calls in docs/calls.md."""

from dataclasses import replace

import pytest

from domain.call_flow import advance, fresh, last_resort
from domain.call_plan import CallPlan, plan_call
from domain.call_state import Answer, CallState, Stage
from domain.directory import Accept, CallerIdPolicy, ChainEntry, Directory, Message, MessageKey, Voicemail
from domain.events import (
    AttemptFinished,
    CallEnded,
    Caller,
    CallStarted,
    DialStatus,
    Event,
    FallbackRequested,
    KeyPressed,
    LegConnected,
    LegPickedUp,
    VoicemailFinished,
)
from domain.instructions import AskForKey, Connect, Hangup, Leg, Reject, Ring, Say, TakeMessage
from tests.rules.calls import CALLER, DIRECTORY, HOTLINE, START, at, plan


class Call:
    """Plays a carrier that executes each answer: every callback carries the continuation of the last document."""

    def __init__(self, call_plan: CallPlan, caller: Caller = CALLER) -> None:
        self.plan = call_plan
        self.state: CallState = fresh(call_plan, caller, START)
        self.last: Answer | None = None

    def says(self, event: Event) -> Answer:
        proof = self.last.control if self.last is not None else None
        self.state, answer = advance(self.plan, self.state, event, proof)
        if isinstance(event, CallStarted | AttemptFinished | VoicemailFinished | FallbackRequested):
            self.last = answer
        return answer


def started(call_plan: CallPlan, caller: Caller = CALLER) -> Call:
    call = Call(call_plan, caller)
    call.says(CallStarted(START))
    return call


def finished(
    seconds: float,
    order: int = 1,
    status: DialStatus = DialStatus.NO_ANSWER,
    bridged: bool | None = None,
    present: bool = True,
) -> AttemptFinished:
    return AttemptFinished(at(seconds), order, status, bridged, present)


def ring_in(answer: Answer) -> Ring:
    rings = [instruction for instruction in answer.document if isinstance(instruction, Ring)]
    assert len(rings) == 1, answer.document
    return rings[0]


def texts(answer: Answer) -> list[str]:
    return [instruction.text for instruction in answer.document if isinstance(instruction, Say)]


def test_the_first_document_greets_announces_the_recording_and_rings_the_first_entry() -> None:
    call = Call(plan(messages={MessageKey.WELCOME: Message("Hello"), MessageKey.RECORDING: Message("Recorded")}))
    answer = call.says(CallStarted(START))
    assert texts(answer) == ["Hello", "Recorded"]
    assert ring_in(answer) == Ring(1, "+15550100001", 20, "+12245550123", 14_400, confirm_seconds=15, record=True)


def test_an_empty_recording_text_switches_the_announcement_off() -> None:
    call = Call(plan(messages={MessageKey.WELCOME: Message("Hello"), MessageKey.RECORDING: Message("")}))
    assert texts(call.says(CallStarted(START))) == ["Hello"]


@pytest.mark.parametrize(
    "status",
    [DialStatus.NO_ANSWER, DialStatus.BUSY, DialStatus.FAILED, DialStatus.UNKNOWN, DialStatus.COMPLETED],
)
def test_an_attempt_that_nobody_accepted_leads_to_the_next_entry_whatever_its_status(status: DialStatus) -> None:
    answer = started(plan()).says(finished(21, status=status))
    assert ring_in(answer).number == "+15550100002"
    assert ring_in(answer).ring_seconds == 25


def test_a_completed_attempt_without_a_key_is_a_machine_and_the_hunt_goes_on() -> None:
    call = started(plan())
    call.says(LegPickedUp(at(8), 1, asks=True))
    answer = call.says(finished(25, status=DialStatus.COMPLETED, bridged=False))
    assert ring_in(answer).order == 2


def test_after_the_last_entry_the_caller_is_asked_for_a_message() -> None:
    call = started(plan(messages={MessageKey.NO_ANSWER: Message("Nobody")}, voicemail=Voicemail(90, 6)))
    call.says(finished(21))
    answer = call.says(finished(48, order=2))
    assert texts(answer)[0] == "Nobody"
    assert TakeMessage(90, 6) in answer.document


def test_without_voicemail_the_caller_hears_the_message_and_goodbye() -> None:
    call = started(plan(chain=(), voicemail=None, messages={MessageKey.GOODBYE: Message("Bye")}))
    assert call.last is not None
    assert texts(call.last)[-1] == "Bye"
    assert call.last.document[-1] == Hangup()


def test_with_nobody_on_call_the_message_says_so_and_a_voicemail_is_taken() -> None:
    call = started(plan(chain=(), messages={MessageKey.NO_ONE_ON_CALL: Message("Offline")}))
    assert call.last is not None
    assert "Offline" in texts(call.last)
    assert any(isinstance(instruction, TakeMessage) for instruction in call.last.document)


def test_a_recorded_message_is_thanked_for_and_an_empty_one_is_not() -> None:
    words = {MessageKey.VOICEMAIL_THANKS: Message("Thanks"), MessageKey.NOTHING_RECORDED: Message("Nothing")}
    thanked = started(plan(chain=(), messages=words)).says(VoicemailFinished(at(30), 12, caller_present=True))
    empty = started(plan(chain=(), messages=words)).says(VoicemailFinished(at(30), 0, caller_present=True))
    assert (texts(thanked), texts(empty)) == (["Thanks"], ["Nothing"])


def test_after_an_accepted_talk_the_caller_hears_goodbye_and_nobody_else_is_rung() -> None:
    call = started(plan())
    call.says(KeyPressed(at(10), 1, "1"))
    answer = call.says(finished(43, status=DialStatus.COMPLETED, bridged=True))
    assert answer.document[-1] == Hangup()
    assert answer.control.stage is Stage.CLOSING


@pytest.mark.parametrize("bridged", [None, True])
def test_the_key_is_evidence_whether_the_carrier_speaks_of_a_bridge_or_not(bridged: bool | None) -> None:
    call = started(plan())
    call.says(KeyPressed(at(10), 1, "1"))
    answer = call.says(finished(43, status=DialStatus.COMPLETED, bridged=bridged))
    assert answer.document[-1] == Hangup()


def test_the_carriers_own_confirmation_is_evidence() -> None:
    call = started(plan())
    call.says(LegConnected(at(10), 1))
    assert call.says(finished(43, status=DialStatus.COMPLETED)).control.stage is Stage.CLOSING


def test_a_bridge_is_evidence_when_the_key_was_lost() -> None:
    answer = started(plan()).says(finished(43, status=DialStatus.COMPLETED, bridged=True))
    assert answer.control.stage is Stage.CLOSING


@pytest.mark.parametrize(("talk_seconds", "accepted"), [(19, False), (21, True)])
def test_a_leg_that_was_up_longer_than_any_confirmation_is_evidence(talk_seconds: int, accepted: bool) -> None:
    call = started(plan())
    call.says(LegPickedUp(at(10), 1, asks=True))
    answer = call.says(finished(10 + talk_seconds, status=DialStatus.COMPLETED))
    assert (answer.control.stage is Stage.CLOSING) is accepted


def test_a_key_without_a_bridge_while_the_caller_waits_does_not_lose_the_caller() -> None:
    call = started(plan())
    call.says(KeyPressed(at(10), 1, "1"))
    assert ring_in(call.says(finished(11, status=DialStatus.COMPLETED, bridged=False))).order == 2


def test_plain_connect_takes_a_pick_up_as_answered() -> None:
    call = started(plan(accept=Accept.NONE))
    assert call.last is not None
    assert ring_in(call.last).confirm_seconds is None
    answer = call.says(finished(30, status=DialStatus.COMPLETED, bridged=True))
    assert answer.control.stage is Stage.CLOSING


def test_the_whisper_names_the_caller_and_the_hotline() -> None:
    answer = started(plan()).says(LegPickedUp(at(8), 1, asks=True))
    (ask,) = answer.document
    assert isinstance(ask, AskForKey)
    spoken = " ".join(item.text for item in ask.prompt if isinstance(item, Say))
    assert "On-call hotline" in spoken
    assert "1 4 1 5 6 0 4 0 0 1 6" in spoken


def test_the_right_key_connects() -> None:
    call = started(plan())
    call.says(LegPickedUp(at(8), 1, asks=True))
    assert call.says(KeyPressed(at(10), 1, "1")).document == (Connect(),)


def test_a_wrong_key_repeats_the_prompt_once_and_then_declines() -> None:
    call = started(plan())
    first = call.says(KeyPressed(at(10), 1, "5"))
    second = call.says(KeyPressed(at(14), 1, "5"))
    assert isinstance(first.document[0], AskForKey)
    assert second.document == (Hangup(),)


def test_a_key_after_the_caller_left_does_not_connect() -> None:
    call = started(plan())
    call.says(CallEnded(at(9)))
    assert call.says(KeyPressed(at(10), 1, "1")).document == (Hangup(),)


def test_a_key_for_an_attempt_that_is_over_does_not_connect() -> None:
    call = started(plan())
    call.says(finished(21))
    assert call.says(KeyPressed(at(22), 1, "1")).document == (Hangup(),)


@pytest.mark.parametrize(
    "event", [LegPickedUp(at(900), 7, asks=True), KeyPressed(at(900), 7, ""), KeyPressed(at(900), 1, "9" * 50)]
)
def test_a_responders_leg_never_gets_an_empty_document(event: Event) -> None:
    call = started(plan())
    call.says(finished(21))
    assert call.says(event).document == (Hangup(),)


def test_a_repeated_request_gets_the_same_answer_and_moves_nothing() -> None:
    call = started(plan())
    before = call.last
    assert before is not None
    first = call.says(finished(21))
    _, again = advance(call.plan, call.state, finished(24), before.control)
    assert again == first


def test_ringing_ends_where_the_longest_wait_ends() -> None:
    call = started(plan(max_call_wait_seconds=30))
    assert ring_in(call.says(finished(20))).ring_seconds == 10


def test_with_less_than_five_seconds_left_the_voicemail_comes_at_once() -> None:
    call = started(plan(max_call_wait_seconds=25))
    assert any(isinstance(item, TakeMessage) for item in call.says(finished(21)).document)


def test_a_rejected_call_hears_busy_before_it_is_answered() -> None:
    rejected = plan_call(DIRECTORY, HOTLINE, CALLER, START, rejected="the caller is a hotline")
    assert Call(rejected).says(CallStarted(START)).document == (Reject(),)


def test_caller_id_shows_the_caller_when_configured_and_possible() -> None:
    shown = started(plan(caller_id=CallerIdPolicy.CALLER)).last
    withheld = started(plan(caller_id=CallerIdPolicy.CALLER), Caller(None, "anonymous", withheld=True)).last
    assert shown is not None
    assert withheld is not None
    assert (ring_in(shown).caller_id, ring_in(withheld).caller_id) == ("+14156040016", "+12245550123")


def test_the_callers_own_phone_is_not_rung() -> None:
    mine = plan_call(DIRECTORY, HOTLINE, Caller("+15550100001"), START)
    assert [target.user for target in mine.targets] == ["ben"]
    assert mine.passed[0].reason == "the caller is Ana Reyes"


def test_naming_a_user_outright_rings_again() -> None:
    twice = plan_call(
        DIRECTORY, replace(HOTLINE, chain=(ChainEntry(user="ana"), ChainEntry(user="ana"))), CALLER, START
    )
    assert [target.order for target in twice.targets] == [1, 2]


def test_a_user_without_a_phone_is_passed_with_the_reason() -> None:
    users = {**DIRECTORY.users, "ana": replace(DIRECTORY.users["ana"], phones=())}
    passed = plan_call(Directory(users=users), HOTLINE, CALLER, START).passed
    assert "has no phone number" in passed[0].reason


def test_in_test_mode_every_entry_rings_the_tester_and_the_whisper_says_so() -> None:
    test = plan_call(DIRECTORY, HOTLINE, CALLER, START, tester="ben")
    assert [target.number for target in test.targets] == ["+15550100002"] * 2
    answer = started(test).says(LegPickedUp(at(8), 1, asks=True))
    (ask,) = answer.document
    assert isinstance(ask, AskForKey)
    assert any("entry 1 of 2" in item.text for item in ask.prompt if isinstance(item, Say))


# Branches: two processes, late and lost answers


def test_a_higher_step_in_a_continuation_is_adopted() -> None:
    elsewhere = started(plan())
    elsewhere.says(finished(21))
    behind = fresh(plan(), CALLER, START)
    assert elsewhere.last is not None
    state, answer = advance(plan(), behind, finished(48, order=2), elsewhere.last.control)
    assert state.control.stage is Stage.VOICEMAIL
    assert any(isinstance(item, TakeMessage) for item in answer.document)


def test_the_branch_that_the_carrier_executed_wins() -> None:
    ours, theirs = started(plan()), Call(plan(chain=(ChainEntry(user="ben"),)))
    theirs.says(CallStarted(at(1)))
    assert theirs.last is not None
    state, _ = advance(plan(), ours.state, KeyPressed(at(5), 1, "1"), theirs.last.control)
    assert state.control == theirs.last.control


def test_a_lower_step_of_another_branch_is_answered_and_moves_nothing() -> None:
    ours, theirs = started(plan()), Call(plan())
    theirs.says(CallStarted(at(1)))
    ours.says(finished(21))
    before = ours.state.control
    assert theirs.last is not None
    state, answer = advance(plan(), ours.state, finished(22), theirs.last.control)
    assert state.control == before
    assert ring_in(answer).order == 2


# Fallback


def fallback(
    seconds: float, *, blames: bool = False, leg: Leg | None = Leg.ENTRY, present: bool = True
) -> FallbackRequested:
    code = "12100" if blames else "11200"
    return FallbackRequested(at(seconds), code, blames, present, failed_leg=leg)


def test_a_lost_first_answer_is_given_again() -> None:
    call = started(plan())
    _, answer = advance(call.plan, call.state, fallback(3))
    assert answer == call.last


def test_a_first_request_that_never_came_through_is_answered_by_the_fallback() -> None:
    _, answer = advance(plan(), fresh(plan(), CALLER, START), fallback(3))
    assert ring_in(answer).order == 1


def test_a_first_document_that_was_at_fault_is_sent_plainly() -> None:
    call = started(plan())
    _, answer = advance(call.plan, call.state, fallback(3, blames=True))
    ring = ring_in(answer)
    assert (ring.order, ring.plain, ring.record, ring.confirm_seconds) == (1, True, False, None)


def test_a_lost_dial_action_goes_on_by_the_evidence_rule() -> None:
    talked, not_talked = started(plan()), started(plan())
    talked.says(KeyPressed(at(10), 1, "1"))
    closed = talked.says(fallback(40, leg=Leg.DIAL))
    next_one = not_talked.says(fallback(40, leg=Leg.DIAL))
    assert closed.control.stage is Stage.CLOSING
    assert ring_in(next_one).order == 2


def test_an_answer_that_was_lost_after_the_workflow_moved_on_is_repeated() -> None:
    call = started(plan())
    proof = call.last
    assert proof is not None
    given = call.says(finished(21))
    _, answer = advance(call.plan, call.state, fallback(24, leg=Leg.DIAL), proof.control)
    assert answer == given


def test_a_repeated_fallback_gets_the_same_answer() -> None:
    call = started(plan())
    state, first = advance(call.plan, call.state, fallback(3, blames=True))
    _, again = advance(call.plan, state, fallback(4, blames=True))
    assert again == first


def test_a_faulty_second_document_rings_the_second_responder_plainly() -> None:
    call = started(plan())
    proof = call.last
    assert proof is not None
    call.says(finished(21))
    _, answer = advance(call.plan, call.state, fallback(24, blames=True, leg=Leg.DIAL), proof.control)
    assert (ring_in(answer).order, ring_in(answer).plain) == (2, True)


def test_without_temporal_a_faulty_answer_to_the_dial_action_still_rings_the_next_one() -> None:
    first = started(plan()).last
    assert first is not None
    rebuilt = CallState(first.control)
    _, answer = advance(plan(), rebuilt, fallback(24, blames=True, leg=Leg.DIAL), first.control)
    assert (ring_in(answer).order, ring_in(answer).plain) == (2, True)


def test_the_last_resort_goes_on_step_by_step_and_never_in_circles() -> None:
    """Even if every answer of the call flow failed, each phone is rung once more at most, then a message is taken."""
    call = started(plan())
    assert call.last is not None
    first = last_resort(call.plan, call.last.control, at(21))
    second = last_resort(call.plan, first.control, at(48))
    third = last_resort(call.plan, second.control, at(80))
    assert (ring_in(first).order, ring_in(first).plain) == (2, True)
    assert any(isinstance(item, TakeMessage) for item in second.document)
    assert third.document[-1] == Hangup()


def test_a_step_with_an_unreadable_continuation_goes_on_from_where_the_call_stands() -> None:
    call = started(plan())
    call.says(KeyPressed(at(10), 1, "1"))
    _, answer = advance(call.plan, call.state, finished(43, status=DialStatus.COMPLETED, bridged=True), None)
    assert answer.document[-1] == Hangup()


def test_a_later_plain_attempt_does_not_decide_earlier_ones_anew() -> None:
    call = started(plan())
    call.says(LegPickedUp(at(8), 1, asks=True))
    before = call.last
    assert before is not None
    call.says(finished(25, status=DialStatus.COMPLETED, bridged=None))
    _, plain = advance(call.plan, call.state, fallback(26, blames=True, leg=Leg.DIAL), before.control)
    state, _ = advance(call.plan, call.state, finished(60, order=2), plain.control)
    assert state.facts.attempts[1].accepted_at is None
