"""Whom a policy would alert, level by level."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.alert_targets import targets_of
from domain.directory import AlertTarget, Directory, EscalationPolicy, Level, User
from domain.escalation import Standing, advance, next_step
from domain.incidents import IncidentStatus, PolicySnapshot
from domain.policy_preview import preview
from tests.support.schedules import layer, local, schedule

DIRECTORY = Directory(
    users={key: User(key, key.title(), phones=(f"+1555010000{n}",)) for n, key in enumerate(("ana", "ben"))},
    schedules={"primary": schedule(layer("ana", "ben")), "empty": schedule()},
)
ON_CALL = Level((AlertTarget("phone", schedule="primary"),), escalate_after_seconds=1800)
NOBODY = Level((AlertTarget("phone", schedule="empty"),), escalate_after_seconds=3600)


def policy(*levels: Level, delay_seconds: int = 0) -> EscalationPolicy:
    return EscalationPolicy("default", "Default", levels, delay_seconds)


def test_each_level_opens_after_the_delay_and_the_pauses_before_it() -> None:
    levels = preview(policy(ON_CALL, ON_CALL, delay_seconds=60), DIRECTORY, local("2026-01-05 12:00"))

    assert [(level.number, level.after_seconds) for level in levels] == [(1, 60), (2, 1860)]
    assert levels[1].at == local("2026-01-05 12:00") + timedelta(seconds=1860)


def test_each_level_alerts_whoever_is_on_call_when_it_opens() -> None:
    levels = preview(policy(ON_CALL, ON_CALL), DIRECTORY, local("2026-01-06 08:45"))

    assert [level.targets.alerts[0].user for level in levels] == ["ana", "ben"]
    assert levels[1].targets == targets_of(ON_CALL, 2, DIRECTORY, local("2026-01-06 09:15"))


def test_level_with_nobody_behind_it_is_passed_at_once() -> None:
    levels = preview(policy(NOBODY, ON_CALL), DIRECTORY, local("2026-01-05 12:00"))

    assert [level.after_seconds for level in levels] == [0, 0]
    assert levels[0].targets.empty


def test_level_beyond_the_end_of_the_calendar_is_an_error() -> None:
    with pytest.raises(OverflowError):
        preview(policy(ON_CALL, ON_CALL), DIRECTORY, datetime.max.replace(tzinfo=UTC))


def test_preview_is_what_an_incident_that_nobody_acknowledges_goes_through() -> None:
    at = local("2026-01-06 08:45")
    levels = policy(ON_CALL, NOBODY, ON_CALL, delay_seconds=600)
    snapshot = PolicySnapshot(levels)
    standing = Standing(IncidentStatus.TRIGGERED, False, at, None, 0, 0, None)
    gone_through = []
    while (step := next_step(standing, snapshot)) is not None:
        done = advance(standing, snapshot, DIRECTORY, step.at)
        standing = done.standing
        gone_through.append((standing.level, step.at, done.alerts))

    previewed = [(level.number, level.at, level.targets.alerts) for level in preview(levels, DIRECTORY, at)]

    assert [level for level in previewed if level[2]] == gone_through
