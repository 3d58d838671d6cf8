"""When a call is over, with and without a word from the carrier."""

from dataclasses import replace
from datetime import timedelta

from domain.call_ends import over_at
from domain.call_flow import advance, fresh
from domain.call_state import CallState
from domain.directory import Message, MessageKey
from domain.events import AttemptFinished, CallEnded, CallStarted, DialStatus, Event, FallbackRequested, KeyPressed
from domain.instructions import Document
from tests.rules.calls import CALLER, START, at, plan

SILENT = plan(messages={key: Message("") for key in MessageKey})


def after(*events: Event) -> tuple[CallState, Document]:
    state, answer = advance(SILENT, fresh(SILENT, CALLER, START), CallStarted(START))
    control, document = answer.control, answer.document
    for event in events:
        state, answer = advance(SILENT, state, event, control)
        if isinstance(event, AttemptFinished):
            control, document = answer.control, answer.document
    return state, document


def over(*events: Event) -> timedelta:
    state, document = after(*events)
    return over_at(SILENT, state, document) - START


def test_a_hang_up_with_an_open_attempt_waits_for_late_news() -> None:
    assert over(CallEnded(at(9))) == timedelta(seconds=29)


def test_a_hang_up_with_no_attempt_open_ends_at_once() -> None:
    canceled = AttemptFinished(at(9), 1, DialStatus.CANCELED, bridged=False, caller_present=False)
    assert over(canceled, CallEnded(at(9))) == timedelta(seconds=9)


def test_after_our_last_words_the_end_is_near_without_a_notice() -> None:
    talk = AttemptFinished(at(43), 1, DialStatus.COMPLETED, bridged=True, caller_present=True)
    assert over(KeyPressed(at(10), 1, "1"), talk) == timedelta(seconds=48)


def test_a_silent_carrier_is_waited_for_as_long_as_the_step_can_take() -> None:
    ring, buffer, confirmation, webhook, margin = 20, 5, 15, 15, 30
    assert over() == timedelta(seconds=ring + buffer + confirmation + webhook + margin)


def test_an_accepted_talk_may_take_four_hours() -> None:
    assert over(KeyPressed(at(10), 1, "1")) > timedelta(hours=4)


def test_a_call_known_by_its_end_only_waits_for_its_beginning() -> None:
    state, _ = advance(SILENT, fresh(SILENT, CALLER, START), CallEnded(at(9)))
    assert over_at(SILENT, state, ()) == at(69)


def test_a_hang_up_during_the_voicemail_waits_for_the_message() -> None:
    silent = replace(SILENT, targets=())
    state, answer = advance(silent, fresh(silent, CALLER, START), CallStarted(START))
    state, _ = advance(silent, state, CallEnded(at(30)))
    assert over_at(silent, state, answer.document) == at(50)


def test_a_plain_attempt_may_be_a_talk_of_four_hours() -> None:
    state, answer = advance(SILENT, fresh(SILENT, CALLER, START), FallbackRequested(START, "12100", True))
    assert over_at(SILENT, state, answer.document) > at(4 * 3600)
