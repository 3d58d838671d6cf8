"""When an incident escalates, and where to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.directory import AlertTarget, Directory, EscalationPolicy, Level, Repeat, User
from domain.escalation import Advance, Standing, StepKind, advance, next_step, retriggered
from domain.incidents import IncidentStatus, PolicySnapshot

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NEW = Standing(IncidentStatus.TRIGGERED, False, NOON, None, 0, 0, None)
DIRECTORY = Directory(users={"ana": User("ana", "Ana Reyes", phones=("+15550100001",))})
NOBODY = Level((AlertTarget("sms", user="gone"),), escalate_after_seconds=300)
ANA = Level((AlertTarget("sms", user="ana"),), escalate_after_seconds=300)
ANA_LAST = replace(ANA, escalate_after_seconds=None)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def policy(*levels: Level, delay: int = 0, **changes: Any) -> PolicySnapshot:
    return PolicySnapshot(EscalationPolicy("default", "Default", levels, delay), **changes)


def look(standing: Standing, snapshot: PolicySnapshot, seconds: float) -> Advance:
    return advance(standing, snapshot, DIRECTORY, at(seconds))


def opened(snapshot: PolicySnapshot) -> Standing:
    """At noon, with the first level open."""
    return look(NEW, snapshot, 0).standing


def test_the_first_level_waits_for_the_delay_of_the_policy() -> None:
    snapshot = policy(ANA_LAST, delay=60)
    assert look(NEW, snapshot, 59) == Advance(NEW)
    assert look(NEW, snapshot, 60).standing.level == 1


def test_the_next_level_is_due_after_the_time_of_the_level_before() -> None:
    snapshot = policy(ANA, ANA_LAST)
    assert look(opened(snapshot), snapshot, 299).alerts == ()
    assert look(opened(snapshot), snapshot, 300).standing.level == 2


def test_a_level_is_opened_once_however_often_it_is_looked_at() -> None:
    snapshot = policy(ANA, ANA_LAST)
    assert look(opened(snapshot), snapshot, 0).alerts == ()


def test_a_look_that_comes_late_opens_one_level_not_all_of_them() -> None:
    snapshot = policy(ANA, ANA, ANA_LAST)
    late = look(opened(snapshot), snapshot, 86_400)
    assert (late.standing.level, late.standing.next_due_at) == (2, at(86_700))


def test_a_level_with_nobody_behind_it_is_passed_at_once_with_its_reason() -> None:
    result = look(NEW, policy(NOBODY, ANA_LAST), 0)
    assert result.standing.level == 2
    assert result.lines[0].text == "Level 1 was passed, nobody is behind it: there is no user gone any more."


def test_a_level_whose_schedule_has_nobody_says_which_schedule() -> None:
    level = Level((AlertTarget("phone", schedule="primary"),))
    result = look(NEW, policy(level), 0)
    assert "there is no schedule primary any more" in result.lines[0].text


def test_a_policy_in_which_nobody_is_behind_any_level_ends_and_waits() -> None:
    result = look(NEW, policy(NOBODY, NOBODY, repeat=Repeat(2, 0)), 0)
    assert (result.standing.round, result.standing.level, result.standing.next_due_at) == (2, 2, None)


def test_an_exhausted_policy_has_nothing_due_and_says_so() -> None:
    result = look(NEW, policy(ANA_LAST), 0)
    assert next_step(result.standing, policy(ANA_LAST)) is None
    assert result.lines[-1].text == "There is no further level; the incident waits for somebody to act."


def test_rounds_after_the_first_are_counted_and_paused() -> None:
    snapshot = policy(ANA_LAST, repeat=Repeat(2, 600))
    second = look(opened(snapshot), snapshot, 600).standing
    third = look(second, snapshot, 1200).standing
    assert (second.round, third.round, third.next_due_at) == (1, 2, None)


def test_an_acknowledged_incident_does_not_escalate() -> None:
    snapshot = policy(ANA, ANA_LAST)
    acknowledged = replace(opened(snapshot), status=IncidentStatus.ACKNOWLEDGED, acknowledged_at=at(10))
    assert next_step(acknowledged, snapshot) is None


def test_an_acknowledge_time_out_resumes_at_the_next_level() -> None:
    snapshot = policy(ANA, ANA_LAST, ack_timeout_seconds=1200)
    acknowledged = replace(opened(snapshot), status=IncidentStatus.ACKNOWLEDGED, acknowledged_at=at(10))
    result = look(acknowledged, snapshot, 1210).standing
    assert (result.status, result.level, result.round) == (IncidentStatus.TRIGGERED, 2, 0)


def test_an_acknowledge_time_out_after_the_last_level_resumes_at_the_first() -> None:
    snapshot = policy(ANA_LAST, ack_timeout_seconds=1200)
    acknowledged = replace(opened(snapshot), status=IncidentStatus.ACKNOWLEDGED, acknowledged_at=at(10))
    result = look(acknowledged, snapshot, 1210)
    assert (result.standing.level, result.standing.round, len(result.alerts)) == (1, 1, 1)


def test_an_incident_acknowledged_before_its_first_level_alerts_nobody_until_the_time_runs_out() -> None:
    snapshot = policy(ANA_LAST, ack_timeout_seconds=1200)
    acknowledged = replace(NEW, status=IncidentStatus.ACKNOWLEDGED, acknowledged_at=NOON)
    assert look(acknowledged, snapshot, 1199).alerts == ()
    assert look(acknowledged, snapshot, 1200).standing.level == 1


def test_the_resolve_timer_runs_from_the_opening_whatever_the_status() -> None:
    snapshot = policy(ANA_LAST, resolve_after_seconds=3600)
    acknowledged = replace(opened(snapshot), status=IncidentStatus.ACKNOWLEDGED, acknowledged_at=at(10))
    step = next_step(acknowledged, snapshot)
    assert step is not None
    assert (step.kind, step.at) == (StepKind.RESOLVE, at(3600))
    assert look(acknowledged, snapshot, 3600).standing.status is IncidentStatus.RESOLVED


def test_a_muted_incident_opens_no_level_until_it_is_unmuted() -> None:
    snapshot = policy(ANA, ANA_LAST)
    muted = replace(opened(snapshot), muted=True)
    assert look(muted, snapshot, 900).alerts == ()
    assert look(replace(muted, muted=False), snapshot, 900).standing.level == 2


def test_an_incident_without_a_policy_waits() -> None:
    assert next_step(NEW, PolicySnapshot(None)) is None


def test_nobody_is_alerted_twice_over_the_same_channel_by_one_level() -> None:
    twice = Level((AlertTarget("sms", user="ana"), AlertTarget("sms", user="ana")))
    assert len(look(NEW, policy(twice), 0).alerts) == 1


LEVELS = st.lists(st.sampled_from([ANA, NOBODY]), min_size=1, max_size=4)
REPEATS = st.one_of(st.none(), st.builds(Repeat, st.integers(0, 3), st.integers(0, 600)))
MOVES = st.lists(st.sampled_from(["wait", "acknowledge", "retrigger", "mute", "unmute", "look"]), max_size=30)


@given(LEVELS, REPEATS, MOVES)
def test_no_order_of_events_alerts_the_same_place_twice(
    levels: list[Level], repeat: Repeat | None, moves: list[str]
) -> None:
    snapshot, standing, seconds = policy(*levels, repeat=repeat, ack_timeout_seconds=1200), NEW, 0.0
    alerted: list[tuple[int, int]] = []
    for move in moves:
        standing, seconds = _moved(standing, move, seconds)
        result = look(standing, snapshot, seconds)
        standing = result.standing
        alerted += [(standing.round, standing.level)] if result.alerts else []
    assert len(alerted) == len(set(alerted))
    assert alerted == sorted(alerted)


def _moved(standing: Standing, move: str, seconds: float) -> tuple[Standing, float]:
    match move:
        case "wait":
            return standing, seconds + 450
        case "acknowledge":
            acknowledged = replace(standing, status=IncidentStatus.ACKNOWLEDGED, next_due_at=None)
            return replace(acknowledged, acknowledged_at=at(seconds)), seconds
        case "retrigger":
            return retriggered(standing, at(seconds)), seconds
        case "mute" | "unmute":
            return replace(standing, muted=move == "mute"), seconds
        case _:
            return standing, seconds
