"""Changes of a schedule in people's own words: swap our shifts, I take this one, rotate like this from a date on.

Pure. Each function says what to write, or refuses with a sentence for the person who asked (:class:`EditRefused`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone

from domain.directory import User, name_of
from domain.intervals import Interval
from domain.local_time import FAR_FUTURE, instant_of, local_text, wall_clock
from domain.on_call import OnCall, ReasonKind, Shift, on_call, shifts
from domain.rotation import active_interval, first_handoff, turn_at
from domain.schedule import Handoff, Layer, Override, Rotation, RotationUnit, Schedule, Slot, Weekday

_LONGEST_SWAP = timedelta(days=366)
#: what a change of rotation has put behind a layer's name
_SINCE = re.compile(r" from \d{4}-\d{2}-\d{2}( \d{2}:\d{2})?( \(\d+\))?$")
_LONGEST_NAME = 150


class EditRefused(Exception):
    """The schedule does not allow the change; the sentence says why, and what would be right."""


@dataclass(frozen=True, slots=True)
class OwnTime:
    """What somebody gives away in a swap: their time on call in a half-open window of instants."""

    user: str
    starts: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Cover:
    """An override to be made: ``user`` instead of ``replaces`` (``None``: where nobody is on call)."""

    user: str
    starts: datetime
    ends: datetime
    replaces: str | None


def swap(schedule: Schedule, users: Mapping[str, User], first: OwnTime, second: OwnTime) -> tuple[Cover, Cover]:
    """The two overrides by which two people change places, each in the other's window.

    Only the two people's own time in the windows changes hands, whoever else is on call between. Raises
    :class:`EditRefused` when either of them is not on call in their window, or would not be there for the other.
    """
    _check_windows(schedule, first, second)
    covers = (
        Cover(second.user, first.starts, first.ends, first.user),
        Cover(first.user, second.starts, second.ends, second.user),
    )
    after = _covered(schedule, covers)
    for given, cover in zip((first, second), covers, strict=True):
        _require_covered(after, users, cover.user, _time_of(schedule, users, given))
    return covers


def take(schedule: Schedule, users: Mapping[str, User], user: str, at: datetime, now: datetime) -> Cover:
    """The override by which somebody takes the shift (or fills the gap) around a moment.

    It begins with the shift, or ``now`` when the shift has begun already, and ends with it. Raises
    :class:`EditRefused` for a shift that is over, that has no end, or that is the user's own, and for a user who is
    out of office.
    """
    current = on_call(schedule, at)
    if current.user == user:
        raise EditRefused(f"{name_of(users, user)} is on call in {schedule.name} then anyway.")
    if current.until is None:
        raise EditRefused(
            f"Nothing changes in {schedule.name} within a year, so there is no end. Add an override that has one."
        )
    if current.until <= now:
        raise EditRefused(
            f"This was over at {_local(current.until, schedule)}. Name a moment from now on, or leave it out."
        )
    cover = Cover(user, max(now, current.since or now), current.until, _replaced(current))
    _require_covered(_covered(schedule, [cover]), users, user, [Interval(cover.starts, cover.ends)])
    return cover


def written(instant: datetime, timezone_name: str) -> str:
    """An instant as a person in the zone would write it down, with the offset: ``2026-12-01T09:00:00+01:00``."""
    local = wall_clock(instant, timezone_name)
    return local.replace(tzinfo=timezone(local - instant.replace(tzinfo=None))).isoformat()


def _check_windows(schedule: Schedule, first: OwnTime, second: OwnTime) -> None:
    if first.user == second.user:
        raise EditRefused("A swap needs two people. Name two different ones.")
    for given in (first, second):
        if given.ends <= given.starts:
            raise EditRefused(f"The window {_window(given, schedule)} ends before it starts.")
        if given.ends - given.starts > _LONGEST_SWAP:
            raise EditRefused(f"The window {_window(given, schedule)} is too long; swap at most 366 days at once.")
    if max(first.starts, second.starts) < min(first.ends, second.ends):
        raise EditRefused("The two windows overlap. Name for each person only the time that this person gives away.")


def _time_of(schedule: Schedule, users: Mapping[str, User], given: OwnTime) -> list[Shift]:
    """The shifts that a person can give away. What a delegate has belongs to the one who is away."""
    line = shifts(schedule, given.starts, given.ends)
    own = [shift for shift in line if shift.user == given.user and not _is_delegated(shift)]
    if not own:
        others = ", then ".join(dict.fromkeys(_holder(shift, users) for shift in line))
        raise EditRefused(
            f"{name_of(users, given.user)} is not on call in {schedule.name} {_window(given, schedule)}. "
            f"On call there: {others}."
        )
    return own


def _is_delegated(shift: Shift) -> bool:
    return shift.reason is not None and shift.reason.kind is ReasonKind.DELEGATE


def _holder(shift: Shift, users: Mapping[str, User]) -> str:
    holder = "nobody" if shift.user is None else name_of(users, shift.user)
    absent = shift.reason.delegated_by if shift.reason is not None else None
    return holder if absent is None else f"{holder} for {name_of(users, absent)}, who is out of office"


def _replaced(current: OnCall) -> str | None:
    """Overrides come before delegates, so a delegate's shift is taken from the one who is away."""
    if current.user is None or current.reason is None or current.reason.delegated_by is None:
        return current.user
    return current.reason.delegated_by


def _covered(schedule: Schedule, covers: Iterable[Cover]) -> Schedule:
    """The schedule with the overrides in it, newer than all others."""
    new = [
        Override(f"new {number}", cover.user, cover.starts, cover.ends, FAR_FUTURE, cover.replaces)
        for number, cover in enumerate(covers)
    ]
    return replace(schedule, overrides=(*schedule.overrides, *new))


def _require_covered(after: Schedule, users: Mapping[str, User], user: str, pieces: Iterable[Shift | Interval]) -> None:
    for piece in pieces:
        for shift in shifts(after, piece.starts, piece.ends):
            if shift.user != user:
                instead = "nobody" if shift.user is None else name_of(users, shift.user)
                raise EditRefused(
                    f"{name_of(users, user)} is out of office from {_local(shift.starts, after)}, "
                    f"so {instead} would be on call instead."
                )


@dataclass(frozen=True, slots=True)
class RotationChange:
    """How a layer is different from ``starts`` on; ``None`` is as before.

    ``starts`` is read as a layer's: a date is the (new) handoff time on that day. Without ``members`` they stay in
    their order, beginning with whoever's turn it is at that moment; when rotation and handoff stay too, so does every
    turn.
    """

    starts: date | datetime
    members: tuple[str | None, ...] | None = None
    rotation: Rotation | None = None
    handoff: Handoff | None = None
    slots: tuple[Slot, ...] | None = None


@dataclass(frozen=True, slots=True)
class ChangedLayer:
    """``ended`` takes the layer's place in the list, those that ``begun`` come right after it: one, or more for the
    rest of a turn that goes on. The first begins ``at`` the very instant at which ``ended`` ends, and each further one
    where the one before it ends, all written as instants, so no handoff and no clock can part them."""

    position: int
    at: datetime
    ended: Layer
    begun: tuple[Layer, ...]


def change_rotation(schedule: Schedule, name: str, change: RotationChange) -> ChangedLayer:
    """End a layer at an instant and begin a new one there. The ended layer stays, so the past can be explained.

    Raises :class:`EditRefused` when there is no such layer, the date is not within its time, or it already changes to
    another layer later.
    """
    zone = schedule.timezone
    position = layer_position(schedule, name)
    old = schedule.layers[position]
    rotation = change.rotation or old.rotation
    handoff = change.handoff or old.handoff
    active = active_interval(old, zone)
    at = active_interval(replace(old, starts=change.starts, handoff=handoff), zone).starts
    _check_date(schedule, position, active, at)
    begun = Layer(
        name=old.name,
        members=_from_whose_turn(old, zone, at) if change.members is None else change.members,
        starts=at,
        rotation=rotation,
        handoff=_with_weekday(handoff, rotation, old, zone, at),
        ends=None if old.ends is None else active.ends,
        slots=old.slots if change.slots is None else change.slots,
    )
    keeps_turns = change.members is None and (rotation, begun.handoff) == (
        old.rotation,
        _with_weekday(old.handoff, rotation, old, zone, at),
    )
    layers = _in_turn(old, begun, zone) if keeps_turns else (begun,)
    return ChangedLayer(position, at, replace(old, ends=at), tuple(_named(schedule, layers)))


def layer_position(schedule: Schedule, name: str) -> int:
    """Where in the list the layer with this name is. Raises :class:`EditRefused` when there is not exactly one."""
    found = [position for position, layer in enumerate(schedule.layers) if layer.name == name]
    if not found:
        known = ", ".join(layer.name for layer in schedule.layers) or "none"
        raise EditRefused(f"There is no layer {name} in {schedule.name}. Its layers: {known}.")
    if len(found) > 1:
        raise EditRefused(f"There are {len(found)} layers {name} in {schedule.name}. Give them different names first.")
    return found[0]


def _check_date(schedule: Schedule, position: int, active: Interval, at: datetime) -> None:
    name = schedule.layers[position].name
    if at <= active.starts:
        raise EditRefused(
            f"Layer {name} begins on {_local(active.starts, schedule)}. Name a later date, or edit the layer itself."
        )
    if followers := _followers(schedule, position):
        raise EditRefused(
            f"Layer {name} already changes to layer {followers[0]} on {_local(active.ends, schedule)}. "
            f"For a date after that change layer {followers[-1]}; for another one first take it back: "
            f"remove {_and(followers)} and the end of layer {name}."
        )
    if at >= active.ends:
        raise EditRefused(f"Layer {name} ends on {_local(active.ends, schedule)}. Name an earlier date.")


def _followers(schedule: Schedule, position: int) -> list[str]:
    """The layers to which a layer changes, one after the other: each begins at the very end of the one before."""
    ends = active_interval(schedule.layers[position], schedule.timezone).ends
    names: list[str] = []
    for layer in schedule.layers[position + 1 :]:
        active = active_interval(layer, schedule.timezone)
        if active.starts != ends:
            break
        names.append(layer.name)
        ends = active.ends
    return names


def _and(names: Sequence[str]) -> str:
    return " and ".join(f"layer {name}" for name in names)


def _in_turn(old: Layer, begun: Layer, timezone: str) -> tuple[Layer, ...]:
    """The new layer with the turns of the old one, which may need more than one: counting begins at a handoff only
    (rule 11), so until the next one whoever has the turn has a layer of their own."""
    if len(set(old.members)) <= 1:
        return (begun,)
    at, ends = active_interval(begun, timezone)
    turn = turn_at(old, timezone, at)
    # Hours elapse, so each handoff has another time of day.
    is_hourly = begun.rotation.unit is RotationUnit.HOUR
    handoff = replace(begun.handoff, time=wall_clock(at, timezone).time()) if is_hourly else begun.handoff
    going_on = replace(begun, members=_from_whose_turn(old, timezone, at), handoff=handoff)
    if turn.starts == at == first_handoff(going_on, timezone):
        return (going_on,)
    rest = replace(begun, members=going_on.members[:1])
    if turn.ends >= ends:
        return (rest,)
    return (replace(rest, ends=turn.ends), *_in_turn(old, replace(begun, starts=turn.ends), timezone))


def _from_whose_turn(layer: Layer, timezone: str, at: datetime) -> tuple[str | None, ...]:
    """The members, beginning with the one whose turn it is, in a slot or not."""
    if not layer.members:
        return ()
    first = turn_at(layer, timezone, at).position
    return layer.members[first:] + layer.members[:first]


def _with_weekday(handoff: Handoff, rotation: Rotation, old: Layer, timezone: str, at: datetime) -> Handoff:
    """With the weekday on which a layer without a handoff weekday hands off: it must not move with the new start."""
    if rotation.unit is not RotationUnit.WEEK or handoff.weekday is not None:
        return handoff
    starts = old.starts if old.rotation.unit is RotationUnit.WEEK else at
    if isinstance(starts, datetime) and starts.tzinfo is not None:
        starts = wall_clock(instant_of(starts, timezone), timezone)
    return replace(handoff, weekday=list(Weekday)[starts.weekday()])


def _named(schedule: Schedule, layers: Iterable[Layer]) -> Iterator[Layer]:
    """Each with a name of its own that says from when on it counts."""
    taken = {layer.name for layer in schedule.layers}
    for layer in layers:
        base = _SINCE.sub("", layer.name)[:_LONGEST_NAME]
        local = wall_clock(active_interval(layer, schedule.timezone).starts, schedule.timezone)
        name = next(candidate for candidate in _names(base, local) if candidate not in taken)
        taken.add(name)
        yield replace(layer, name=name)


def _names(base: str, local: datetime) -> Iterator[str]:
    yield f"{base} from {local:%Y-%m-%d}"
    yield f"{base} from {local:%Y-%m-%d %H:%M}"
    number = 2
    while True:
        yield f"{base} from {local:%Y-%m-%d %H:%M} ({number})"
        number += 1


def _local(instant: datetime, schedule: Schedule) -> str:
    return local_text(instant, schedule.timezone)


def _window(given: OwnTime, schedule: Schedule) -> str:
    return f"from {_local(given.starts, schedule)} to {_local(given.ends, schedule)} ({schedule.timezone})"
