"""A change of rotation from a date on, in the shape of the file. The rules are in ``domain/schedule_edits.py``."""

from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from config.compile import schedule_of
from config.plan import Plan, make_plan
from config.problems import InvalidResource, Problem, errors
from config.resources import Body, Kind, Model
from config.schedules import Handoff, Rotation, Schedule, Slot
from config.snapshot import Snapshot, StoredResource
from config.values import Moment
from domain import schedule as s
from domain import schedule_edits
from domain.rotation import active_interval
from domain.schedule_edits import ChangedLayer, change_rotation, layer_position, written


class RotationChange(Model):
    """What is different from `starts` on, as in a layer of the configuration file; what is left out is as before, also
    within `rotation` and `handoff`. `starts` is a date (the new handoff time on that day) or a time, local to the
    schedule's zone. Without `members` their order begins with whoever's turn it is then; when rotation and handoff stay
    as they are, so does every turn."""

    starts: Moment
    members: Annotated[tuple[str | None, ...], Field(min_length=1, max_length=1000)] | None = None
    rotation: Rotation | None = None
    handoff: Handoff | None = None
    slots: tuple[Slot, ...] | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.given():
            raise ValueError("say what changes: members, rotation, handoff or slots")
        return self

    def given(self) -> Body:
        """What changes, and nothing else."""
        said = self.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"starts"})
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """``positions`` are those of the layer that ends and of what begins then."""

    plan: Plan
    positions: range


def rotation_plan(snapshot: Snapshot, stored: StoredResource, layer: str, change: RotationChange) -> PlannedChange:
    """Raises ``EditRefused`` and :class:`InvalidResource`, with paths as if the change were the resource."""
    schedule = _compiled(stored.body, stored.body["layers"])
    position = layer_position(schedule, layer)
    old = stored.body["layers"][position]
    given = change.given()
    new = {**old, **_merged(old, given), "starts": change.starts, "ends": None}
    (wanted,) = _compiled(stored.body, [new]).layers
    changed = change_rotation(
        schedule,
        layer,
        schedule_edits.RotationChange(
            starts=wanted.starts,
            members=wanted.members if "members" in given else None,
            rotation=wanted.rotation,
            handoff=wanted.handoff,
            slots=wanted.slots,
        ),
    )
    layers = [*stored.body["layers"]]
    layers[position : position + 1] = _bodies(old, new, changed, schedule.timezone)
    body = {**snapshot.shown_body(stored), "layers": layers}
    positions = range(position, position + 1 + len(changed.begun))
    try:
        return PlannedChange(make_plan(snapshot, {Kind.SCHEDULES: {stored.key: body}}), positions)
    except InvalidResource as invalid:
        raise InvalidResource(_of_the_change(invalid, stored.key, positions[1:])) from None


def _compiled(body: Body, layers: list[Any]) -> s.Schedule:
    model = Schedule.model_validate({"name": body["name"], "timezone": body["timezone"], "layers": layers})
    return schedule_of("", model)


def _merged(old: Body, given: Body) -> Body:
    return {name: {**old[name], **value} if isinstance(value, dict) else value for name, value in given.items()}


def _bodies(old: Body, new: Body, changed: ChangedLayer, timezone: str) -> list[Body]:
    ended = {**old, "ends": written(changed.at, timezone)}
    return [ended, *(_begun(new, layer, timezone) for layer in changed.begun)]


def _begun(new: Body, layer: s.Layer, timezone: str) -> Body:
    starts, ends = active_interval(layer, timezone)
    at, weekday = layer.handoff.time, layer.handoff.weekday
    return {
        **new,
        "name": layer.name,
        "members": list(layer.members),
        "handoff": {
            "time": at.isoformat(timespec="seconds" if at.second else "minutes"),
            "weekday": None if weekday is None else weekday.value,
        },
        "starts": written(starts, timezone),
        "ends": None if layer.ends is None else written(ends, timezone),
    }


def _of_the_change(invalid: InvalidResource, schedule: str, begun: range) -> list[Problem]:
    """What is wrong with the new layers is told as what is wrong with the change; anything else as it is."""
    layers = (Kind.SCHEDULES, schedule, "layers")
    return [
        Problem((*problem.path[:2], *problem.path[4:]), problem.message)
        if problem.path[:3] == layers and problem.path[3] in begun
        else problem
        for problem in errors(invalid.problems)
    ]
