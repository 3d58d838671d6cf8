"""Whom a policy would alert if an incident opened at a moment and nobody acknowledged it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.alert_targets import Targets, targets_of
from domain.directory import Directory, EscalationPolicy


@dataclass(frozen=True, slots=True)
class PreviewedLevel:
    """``number`` counts from 1; ``at`` is when the level would open, ``after_seconds`` after the incident."""

    number: int
    at: datetime
    after_seconds: int
    targets: Targets


def preview(policy: EscalationPolicy, directory: Directory, at: datetime) -> tuple[PreviewedLevel, ...]:
    """The first round of a policy, level by level, as an incident's run would go through it: each level opens after
    the policy's delay and the pauses of the levels before it, and one with nobody behind it is passed at once.

    Raises ``OverflowError`` when that is beyond the calendar's end.
    """
    levels: list[PreviewedLevel] = []
    after_seconds = policy.delay_seconds
    for number, level in enumerate(policy.levels, start=1):
        opens = at + timedelta(seconds=after_seconds)
        targets = targets_of(level, number, directory, opens)
        levels.append(PreviewedLevel(number, opens, after_seconds, targets))
        if targets.alerts:
            after_seconds += level.escalate_after_seconds or 0
    return tuple(levels)
