"""How an incident escalates: what is due now, what is due next, and whom a level alerts.

Everything that decides is in the incident's row (:class:`Standing`) and its frozen policy, so the same look at the same
moment comes to the same answer, and a look that finds nothing due changes nothing.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never

from domain.alert_targets import PlannedAlert, targets_of
from domain.directory import Directory, EscalationPolicy
from domain.incidents import IncidentStatus, PolicySnapshot


@dataclass(frozen=True, slots=True)
class Standing:
    """What the row says. ``level`` counts from 1 (0: none was opened yet), ``round`` from 0.

    ``next_due_at`` is when the next level is due; ``None`` means after the policy's delay when no level was opened yet,
    and never otherwise.
    """

    status: IncidentStatus
    muted: bool
    created_at: datetime
    acknowledged_at: datetime | None
    level: int
    round: int
    next_due_at: datetime | None


class StepKind(StrEnum):
    """What can fall due; the values are words for people."""

    OPEN_LEVEL = "escalation"
    RETRIGGER = "acknowledge time-out"
    RESOLVE = "resolve timer"


@dataclass(frozen=True, slots=True)
class Step:
    at: datetime
    kind: StepKind


@dataclass(frozen=True, slots=True)
class Line:
    """One line for the incident's timeline."""

    kind: str
    text: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Advance:
    """The standing after everything that was due, what to write down, and the alerts of the level that was opened."""

    standing: Standing
    lines: tuple[Line, ...] = ()
    alerts: tuple[PlannedAlert, ...] = ()


def next_step(standing: Standing, snapshot: PolicySnapshot) -> Step | None:
    """What is due first, whether the moment has come or not.

    A muted incident alerts nobody and does not escalate; its resolve timer goes on.
    """
    if standing.status is IncidentStatus.RESOLVED:
        return None
    steps = []
    if snapshot.resolve_after_seconds is not None:
        at = standing.created_at + timedelta(seconds=snapshot.resolve_after_seconds)
        steps.append(Step(at, StepKind.RESOLVE))
    if not standing.muted and (step := _alerting_step(standing, snapshot)):
        steps.append(step)
    return min(steps, key=lambda step: step.at, default=None)


def _alerting_step(standing: Standing, snapshot: PolicySnapshot) -> Step | None:
    policy = snapshot.policy
    if policy is None or not policy.levels:
        return None
    if standing.status is IncidentStatus.ACKNOWLEDGED:
        if snapshot.ack_timeout_seconds is None or standing.acknowledged_at is None:
            return None
        at = standing.acknowledged_at + timedelta(seconds=snapshot.ack_timeout_seconds)
        return Step(at, StepKind.RETRIGGER)
    if standing.next_due_at is not None:
        return Step(standing.next_due_at, StepKind.OPEN_LEVEL)
    if standing.level == 0:
        return Step(standing.created_at + timedelta(seconds=policy.delay_seconds), StepKind.OPEN_LEVEL)
    return None


def advance(standing: Standing, snapshot: PolicySnapshot, directory: Directory, now: datetime) -> Advance:
    """Do everything that is due at ``now``: at most one level is opened, empty ones on the way are passed."""
    result = Advance(standing)
    while (step := next_step(result.standing, snapshot)) and step.at <= now:
        done = _do(step.kind, result.standing, snapshot, directory, now)
        result = Advance(done.standing, result.lines + done.lines, result.alerts + done.alerts)
    return result


def _do(kind: StepKind, standing: Standing, snapshot: PolicySnapshot, directory: Directory, now: datetime) -> Advance:
    match kind:
        case StepKind.RESOLVE:
            resolved = replace(standing, status=IncidentStatus.RESOLVED, next_due_at=None)
            return Advance(resolved, (Line("resolved", "Resolved by the resolve timer."),))
        case StepKind.RETRIGGER:
            text = "The acknowledgement's time ran out; alerting resumes at the next level."
            return Advance(retriggered(standing, now), (Line("ack_timeout", text),))
        case StepKind.OPEN_LEVEL:
            assert snapshot.policy is not None
            return _open_level(standing, snapshot.policy, snapshot, directory, now)
        case _:
            assert_never(kind)


def retriggered(standing: Standing, now: datetime) -> Standing:
    """Triggered again, with the next level due at once."""
    return replace(standing, status=IncidentStatus.TRIGGERED, acknowledged_at=None, next_due_at=now)


def _open_level(
    standing: Standing, policy: EscalationPolicy, snapshot: PolicySnapshot, directory: Directory, now: datetime
) -> Advance:
    round_, number = following(standing, policy)
    level = policy.levels[number - 1]
    targets = targets_of(level, number, directory, now)
    place = place_words(round_, number)
    data = {"level": number, "round": round_}
    opened = replace(standing, level=number, round=round_)
    if not targets.alerts:
        text = f"{place} was passed, nobody is behind it: {'; '.join(targets.empty) or 'it has no alerts'}."
        lines: list[Line] = [Line("level_passed", text, data)]
        pause = timedelta()
    else:
        whom = "; ".join(f"{alert.name} by {alert.channel} ({alert.reason})" for alert in targets.alerts)
        without = f" Nobody for: {'; '.join(targets.empty)}." if targets.empty else ""
        lines = [Line("level_opened", f"{place}: alerting {whom}.{without}", data)]
        pause = timedelta(seconds=level.escalate_after_seconds or 0)
    due = _due_after(opened, policy, snapshot, now, pause)
    if due is None:
        lines.append(Line("exhausted", "There is no further level; the incident waits for somebody to act."))
    return Advance(replace(opened, next_due_at=due), tuple(lines), targets.alerts)


def _due_after(
    opened: Standing, policy: EscalationPolicy, snapshot: PolicySnapshot, now: datetime, pause: timedelta
) -> datetime | None:
    """When the level after the one just opened (or passed: without a pause) is due."""
    if opened.level < len(policy.levels):
        return now + pause
    repeat = snapshot.repeat
    if repeat is None or opened.round >= repeat.times:
        return None
    return now + pause + timedelta(seconds=repeat.every_seconds)


def following(standing: Standing, policy: EscalationPolicy) -> tuple[int, int]:
    """Round and level that come next; after the last level the first one, in another round."""
    if standing.level < len(policy.levels):
        return standing.round, standing.level + 1
    return standing.round + 1, 1


def place_words(round_: int, level: int) -> str:
    return f"Level {level}" if round_ == 0 else f"Level {level} in round {round_ + 1}"
