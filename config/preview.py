"""A schedule that is not saved yet, as it would be."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from config.compile import compile_directory
from config.overrides import carried_out
from config.plan import make_plan
from config.resources import Kind
from config.snapshot import OverrideSource, Snapshot, StoredOverride
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
    plan = make_plan(snapshot, {Kind.SCHEDULES: {key: body}})
    # Each a little newer than the one before, as when they are written.
    created = [
        StoredOverride(f"new override {number}", key, content, OverrideSource.API, now + timedelta(microseconds=number))
        for change in plan.changes
        for number, content in enumerate(change.new_overrides, start=1)
    ]
    directory = compile_directory(carried_out(snapshot, plan, created))
    return PreviewedSchedule(directory.schedules[key], directory, tuple(each.message for each in plan.warnings))


def _free_key(snapshot: Snapshot) -> str:
    """One that no schedule has, so that none lends its overrides."""
    key = "preview"
    while snapshot.get(Kind.SCHEDULES, key) is not None:
        key += "-"
    return key
