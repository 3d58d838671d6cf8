"""Overrides as they are written: checked like the file's, and with the notices to the people they concern."""

import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta

from config.plan import Action, Change, FieldChange, Plan
from config.problems import InvalidResource, Problem, errors
from config.resources import Body, Kind
from config.schedules import Override
from config.snapshot import OverrideSource, Snapshot, StoredOverride, StoredResource, snapshot_of
from config.validator import validate
from config.values import moment_of
from config.world import World
from domain.directory import Directory
from domain.ids import public_id
from domain.local_time import instant_of
from domain.notices import Notice, NoticeKind
from domain.override_notices import override_notices
from domain.schedule_edits import Cover, written


def override_plan(
    snapshot: Snapshot,
    stored: StoredResource,
    source: OverrideSource,
    new: Sequence[object] = (),
    gone: tuple[str, ...] = (),
) -> Plan:
    """Add and remove overrides of one schedule. Raises :class:`InvalidResource`, with paths as if the override were the
    resource."""
    bodies = tuple(_checked(snapshot, stored, body) for body in new)
    fields = (FieldChange("overrides", list(gone), list(bodies)),)
    change = Change(Action.UPDATE, Kind.SCHEDULES, stored.key, stored.body, fields, bodies, gone)
    return Plan(snapshot.version, (change,), source=source)


def _checked(snapshot: Snapshot, stored: StoredResource, body: object) -> Body:
    shown = snapshot.shown_body(stored)
    number = len(shown["overrides"])
    content = {name: value for name, value in body.items() if name != "id"} if isinstance(body, dict) else body
    candidate = {**shown, "overrides": [*shown["overrides"], content]}
    prefix = (Kind.SCHEDULES.value, stored.key, "overrides", number)
    found = errors(validate(Kind.SCHEDULES, stored.key, candidate, World(snapshot.bodies())))
    problems = [Problem((*p.path[:2], *p.path[4:]), p.message) for p in found if p.path[:4] == prefix]
    if problems:
        raise InvalidResource(problems)
    checked = Override.model_validate(content).body()
    del checked["id"]
    return checked


def override_body(cover: Cover, comment: str, timezone: str) -> Body:
    """The override in the shape of the file, with times as a person in the schedule's zone writes them."""
    return {
        "user": cover.user,
        "starts": written(cover.starts, timezone),
        "ends": written(cover.ends, timezone),
        "replaces": cover.replaces,
        "comment": comment,
    }


def instant_in(text: str, timezone: str) -> datetime:
    """The instant of a checked moment of an override, as the schedule's zone reads it. A date is its midnight."""
    moment = moment_of(text)
    return instant_of(moment if isinstance(moment, datetime) else datetime.combine(moment, time()), timezone)


def new_overrides(plan: Plan, now: datetime) -> Iterator[StoredOverride]:
    """The plan's new overrides as they are stored at ``now``, each with an id of its own."""
    for change in plan.changes:
        for number, body in enumerate(change.new_overrides):
            # The order in the file is the order of age, so each is a little newer than the one before.
            at = now + timedelta(microseconds=number)
            yield StoredOverride(public_id("ovr", secrets.token_bytes(16)), change.key, body, plan.source, at)


def notices_of(
    plan: Plan, before: Directory, after: Directory, created: Sequence[StoredOverride], actor: str | None, now: datetime
) -> Iterator[Notice]:
    """What the people involved are told when the plan is carried out. ``created`` are its overrides as they are
    written. A schedule that is deleted takes its overrides along without a word."""
    made = {override.id for override in created}
    for change in plan.changes:
        if not change.new_overrides and not change.gone_overrides:
            continue
        if (schedule := before.schedules.get(change.key)) is not None:
            gone = set(change.gone_overrides)
            yield from override_notices(NoticeKind.OVERRIDE_REMOVED, schedule, gone, after.users, actor, now)
        if (schedule := after.schedules.get(change.key)) is not None:
            yield from override_notices(NoticeKind.OVERRIDE_ADDED, schedule, made, after.users, actor, now)


def carried_out(snapshot: Snapshot, plan: Plan, created: Sequence[StoredOverride]) -> Snapshot:
    """What the snapshot becomes when the plan is carried out on it. ``created`` are its overrides as written."""
    changed = {(change.kind, change.key) for change in plan.changes}
    gone = {override for change in plan.changes for override in change.gone_overrides}
    kept = (
        resource
        for resources in snapshot.resources.values()
        for resource in resources.values()
        if (resource.kind, resource.key) not in changed
    )
    written_now = (
        StoredResource(change.kind, change.key, change.body, plan.version + 1)
        for change in plan.changes
        if change.action is not Action.DELETE
    )
    overrides = (override for override in snapshot.overrides if override.id not in gone)
    return snapshot_of(plan.version + 1, (*kept, *written_now), (*overrides, *created))
