"""Any order of any events ends every call, and the log does not depend on the order in which notices came."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.call_ends import over_at
from domain.call_flow import advance, fresh
from domain.call_log import CallStatus, log_call
from domain.call_state import Answer, CallState, Stage, merge
from domain.directory import Accept, ChainEntry, Provider
from domain.events import (
    AttemptFinished,
    CallEnded,
    CallIdentity,
    CallStarted,
    DialStatus,
    Event,
    FallbackRequested,
    KeyPressed,
    LegConnected,
    LegEnded,
    LegPickedUp,
    LegRinging,
    RecordingKind,
    RecordingNotice,
    VoicemailFinished,
)
from domain.instructions import Leg, Ring
from tests.rules.calls import CALLER, START, at, plan

IDENTITY = CallIdentity(Provider.TWILIO, "CA1", "AC1", CALLER, "+12245550123")
LONG_CHAIN = plan(chain=tuple(ChainEntry(user=user) for user in ("ana", "ben") * 3), max_call_wait_seconds=200)

orders = st.integers(1, 7)
seconds = st.floats(0, 400).map(at)
presence = st.booleans()
statuses = st.sampled_from(DialStatus)
steps = st.one_of(
    st.builds(CallStarted, seconds),
    st.builds(AttemptFinished, seconds, orders, statuses, st.sampled_from([None, True, False]), presence),
    st.builds(VoicemailFinished, seconds, st.sampled_from([None, 0, 7]), presence),
    st.builds(
        FallbackRequested,
        seconds,
        st.sampled_from(["", "11200", "12100"]),
        presence,
        presence,
        failed_leg=st.sampled_from([None, *Leg]),
    ),
)
notices = st.one_of(
    st.builds(LegRinging, seconds, orders),
    st.builds(LegPickedUp, seconds, orders, presence),
    st.builds(KeyPressed, seconds, orders, st.sampled_from(["1", "2", "", "11"])),
    st.builds(LegConnected, seconds, orders),
    st.builds(LegEnded, seconds, orders, statuses),
    st.builds(RecordingNotice, seconds, st.sampled_from(RecordingKind), st.just("RE1"), st.none(), st.integers(0, 9)),
    st.builds(CallEnded, seconds),
)


@given(st.lists(st.tuples(st.one_of(steps, notices), st.integers(-1, 6)), max_size=14), st.sampled_from(Accept))
@settings(max_examples=400)
def test_any_order_of_events_ends_every_call(told: list[tuple[Event, int]], accept: Accept) -> None:
    call_plan = replace(LONG_CHAIN, accept=accept)
    state = fresh(call_plan, CALLER, START)
    given_answers: list[Answer] = []
    for event, proof_index in told:
        proof = given_answers[proof_index].control if 0 <= proof_index < len(given_answers) else None
        state, answer = advance(call_plan, state, event, proof)
        given_answers.append(answer)
    last = given_answers[-1].document if given_answers else ()
    assert over_at(call_plan, state, last) <= at(400) + timedelta(hours=5)
    logged = log_call(call_plan, IDENTITY, state, verified=True, finished_at=at(401))
    assert logged.status is not CallStatus.IN_PROGRESS
    assert logged.outcome is not None


@given(st.lists(st.tuples(statuses, st.floats(0.1, 60)), min_size=1, max_size=12))
@settings(max_examples=200)
def test_a_caller_who_stays_is_rung_through_and_ends_at_voicemail_before_long(
    attempts: list[tuple[DialStatus, float]],
) -> None:
    state = fresh(LONG_CHAIN, CALLER, START)
    now = 0.0
    state, answer = advance(LONG_CHAIN, state, CallStarted(START))
    for status, took in attempts:
        if state.control.stage is not Stage.RINGING or state.control.ringing is None:
            break
        ring = next(item for item in answer.document if isinstance(item, Ring))
        assert now + ring.ring_seconds <= LONG_CHAIN.max_call_wait_seconds
        now += min(took, ring.ring_seconds)
        event = AttemptFinished(at(now), ring.order, status, bridged=False, caller_present=True)
        state, answer = advance(LONG_CHAIN, state, event, state.control)
    assert state.control.stage in (Stage.RINGING, Stage.VOICEMAIL)
    assert state.control.step <= len(LONG_CHAIN.targets) + 1


@given(st.lists(notices, max_size=8), st.randoms())
@settings(max_examples=200)
def test_the_log_does_not_depend_on_the_order_of_notices(told: list[Event], random: object) -> None:
    shuffled = list(told)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands in a random.Random

    def logged(events: list[Event]) -> object:
        state, _ = advance(LONG_CHAIN, fresh(LONG_CHAIN, CALLER, START), CallStarted(START))
        for event in events:
            state, _ = advance(LONG_CHAIN, state, event, state.control)
        return log_call(LONG_CHAIN, IDENTITY, state, verified=True, finished_at=at(999))

    assert logged(shuffled) == logged(told)


@given(st.lists(st.one_of(steps, notices), max_size=10), st.lists(st.one_of(steps, notices), max_size=10))
@settings(max_examples=200)
def test_merging_facts_is_commutative_and_idempotent(ours: list[Event], theirs: list[Event]) -> None:
    def facts(events: list[Event]) -> CallState:
        state = fresh(LONG_CHAIN, CALLER, START)
        for event in events:
            state, _ = advance(LONG_CHAIN, state, event)
        return state

    a, b = facts(ours).facts, facts(theirs).facts
    assert merge(a, b) == merge(b, a)
    assert merge(merge(a, b), b) == merge(a, b)
