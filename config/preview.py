"""Schedules that are not saved yet, as they would be."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from config.compile import compile_directory
from config.overrides import carried_out, new_overrides
from config.plan import Plan, make_plan
from config.problems import Problem, Severity
from config.resources import Kind
from config.snapshot import OverrideSource, Snapshot
from domain.coverage import ConcernKind, concerns
from domain.directory import Directory
from domain.schedule import Schedule


@dataclass(frozen=True, slots=True)
class PreviewedSchedule:
    """``directory`` has the schedule in it; ``warnings`` are what saving it would say."""

    schedule: Schedule
    directory: Directory
    warnings: tuple[str, ...]


def preview_schedule(snapshot: Snapshot, key: str | None, body: object, now: datetime) -> PreviewedSchedule:
    """What putting ``body`` would make of the schedule ``key``, whose stored overrides stay as they would then.

    Nothing is stored. Raises :class:`config.problems.InvalidResource` as putting it would.
    """
    key = key or _free_key(snapshot)
    plan = make_plan(snapshot, {Kind.SCHEDULES: {key: body}}, source=OverrideSource.API)
    directory = _as_planned(snapshot, plan, now)
    return PreviewedSchedule(directory.schedules[key], directory, tuple(each.message for each in plan.warnings))


def gaps_ahead(snapshot: Snapshot, plan: Plan, schedules: Iterable[str], now: datetime) -> Iterator[Problem]:
    """A warning for each time ahead at which nobody would be on call, in these schedules, were the plan carried out."""
    directory = _as_planned(snapshot, plan, now)
    for key in schedules:
        for concern in concerns(directory.schedules[key], directory, (), now):
            if concern.kind in {ConcernKind.GAP, ConcernKind.AWAY}:
                yield Problem((Kind.SCHEDULES, key), concern.text, Severity.WARNING)


def _as_planned(snapshot: Snapshot, plan: Plan, now: datetime) -> Directory:
    return compile_directory(carried_out(snapshot, plan, tuple(new_overrides(plan, now))))


def _free_key(snapshot: Snapshot) -> str:
    """One that no schedule has, so that none lends its overrides."""
    key = "preview"
    while snapshot.get(Kind.SCHEDULES, key) is not None:
        key += "-"
    return key
