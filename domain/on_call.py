"""Who is on call, since when, until when, who comes next, and why. Pure: the moment is handed in.

The rules are stated one by one in ``docs/schedules.md``. An unknown time zone raises ``whenever.TimeZoneNotFoundError``
(configuration refuses it); anything else that a ``Schedule`` can hold has an answer. Times that are handed in must be
aware; times that are handed back are UTC.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple, assert_never

from domain.intervals import Interval, overlaps, remaining
from domain.local_time import FAR_FUTURE, FAR_PAST, clock_changes, instant_of, local_text
from domain.out_of_office import circles, stand_in, turning_points
from domain.rotation import active_interval, coverage
from domain.schedule import Absence, Layer, Override, RotationUnit, Schedule

_TICK = timedelta(microseconds=1)
#: Most stretches are short, so the first look is short too; the last one is the bound.
_LOOK_AHEAD = (timedelta(days=35), timedelta(days=366))
_LOOK_BACK = (timedelta(days=35), timedelta(days=366), timedelta(days=3660))


class ReasonKind(StrEnum):
    LAYER = "layer"
    OVERRIDE = "override"
    DELEGATE = "delegate"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody is on call: a layer (by name), or an override and whom it replaces (``None`` is everybody).

    A delegate has the layer or override that put somebody on call who is out of office: ``delegated_by``.
    """

    kind: ReasonKind
    layer: str | None = None
    override_id: str | None = None
    replaced: str | None = None
    comment: str = ""
    delegated_by: str | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """A half-open stretch with the same user for the same reason. A gap has no user, and a reason only where somebody
    would be on call who is out of office without a delegate."""

    user: str | None
    starts: datetime
    ends: datetime
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class OnCall:
    """The answer for one moment.

    ``since`` and ``until`` bound the shift (or the gap) around it; they are ``None`` when nothing changes within ten
    years back and a year ahead. ``next_user`` is the next different user within a year, on call from ``next_at``.
    """

    user: str | None
    since: datetime | None
    until: datetime | None
    reason: Reason | None
    next_user: str | None
    next_at: datetime | None


def on_call(schedule: Schedule, at: datetime) -> OnCall:
    """Who is on call at an aware moment, with the stretch around it and who comes next."""
    at = min(instant_of(at, schedule.timezone), FAR_FUTURE - _TICK)
    line, ends = _line_ahead(schedule, at)
    current = line[0]
    following = _next_different(line)
    return OnCall(
        user=current.user,
        since=_since(schedule, at),
        until=current.ends if current.ends < ends else None,
        reason=current.reason,
        next_user=following.user if following else None,
        next_at=following.starts if following else None,
    )


def shifts(schedule: Schedule, start: datetime, end: datetime) -> tuple[Shift, ...]:
    """All shifts and gaps between two aware moments, in order and without a hole, cut at both ends."""
    window = Interval(instant_of(start, schedule.timezone), instant_of(end, schedule.timezone))
    if window.starts >= window.ends:
        return ()
    held = [_Held(shift, frozenset()) for shift in _by_layers(schedule, window)]
    for override in overrides_within(schedule, window):
        _apply(override, held)
    absences = [each for each in schedule.absences if each.starts < window.ends and window.starts < each.ends]
    return tuple(_joined(_delegated(absences, (piece.shift for piece in held))))


def layer_shifts(schedule: Schedule, layer: Layer, start: datetime, end: datetime) -> tuple[Shift, ...]:
    """As :func:`shifts`, of one layer on its own: whatever other layers, overrides and absences say."""
    return shifts(replace(schedule, layers=(layer,), overrides=(), absences=()), start, end)


def gaps(schedule: Schedule, start: datetime, end: datetime) -> tuple[Shift, ...]:
    """The stretches between two aware moments in which nobody is on call."""
    return tuple(shift for shift in shifts(schedule, start, end) if shift.user is None)


def describe(user: str | None, reason: Reason | None, schedule: Schedule, until: datetime | None) -> str:
    """A part of a sentence that says why this user, or nobody, with the end in the schedule's local time.

    For example ``on call in Primary on-call, layer Weekly, until 2026-01-12 09:00 (Europe/Madrid)``.
    """
    parts = [f"nobody on call in {schedule.name}"] if user is None else [f"on call in {schedule.name}"]
    if reason is not None:
        parts.append(_cause(reason))
    if until is not None:
        parts.append(f"until {local_text(until, schedule.timezone)} ({schedule.timezone})")
    return ", ".join(parts)


def warnings(schedule: Schedule) -> tuple[str, ...]:
    """Sentences about what is allowed but rarely meant."""
    found = [] if schedule.layers else [f"Schedule {schedule.name} has no layer: only overrides put somebody on call."]
    names = [layer.name for layer in schedule.layers]
    found += [
        f"{names.count(name)} layers are called {name}: a reason does not tell which one is meant."
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    for layer in schedule.layers:
        found += [f"Layer {layer.name} {problem}" for problem in _layer_problems(layer, schedule.timezone)]
    for override in schedule.overrides:
        if instant_of(override.ends, schedule.timezone) <= instant_of(override.starts, schedule.timezone):
            found.append(f"Override {override.id} ends before it starts: it never applies.")
    for user, moment in circles(schedule.absences):
        if user not in people_of(schedule):
            continue
        since = local_text(moment, schedule.timezone)
        found.append(
            f"From {since} the delegates of {user} lead in a circle: the shifts of {user} stay where they are."
        )
    return tuple(found)


def overrides_within(schedule: Schedule, window: Interval) -> list[Override]:
    """The overrides that hold at some time in a window, oldest first (equally old: in file order), with all their times
    as UTC instants."""
    near: list[Override] = []
    for override in schedule.overrides:
        starts, ends = (instant_of(moment, schedule.timezone) for moment in (override.starts, override.ends))
        if max(starts, window.starts) < min(ends, window.ends):
            created_at = instant_of(override.created_at, schedule.timezone)
            near.append(replace(override, starts=starts, ends=ends, created_at=created_at))
    return sorted(near, key=attrgetter("created_at"))


def people_of(schedule: Schedule) -> frozenset[str]:
    """Everybody whom a layer or an override can put on call; delegates come on top."""
    members = {member for layer in schedule.layers for member in layer.members if member is not None}
    return frozenset(members | {override.user for override in schedule.overrides})


def _line_ahead(schedule: Schedule, at: datetime) -> tuple[tuple[Shift, ...], datetime]:
    """The shifts from a moment on, far enough to see the next different user, and where that look ends."""
    ends = at
    line: tuple[Shift, ...] = ()
    for distance in _LOOK_AHEAD:
        ends = _moved(at, distance)
        line = shifts(schedule, at, ends)
        if _next_different(line):
            break
    return line, ends


def _next_different(line: tuple[Shift, ...]) -> Shift | None:
    return next((shift for shift in line if shift.user not in (None, line[0].user)), None)


def _since(schedule: Schedule, at: datetime) -> datetime | None:
    for distance in _LOOK_BACK:
        line = shifts(schedule, _moved(at, -distance), at + _TICK)
        if len(line) > 1:
            return line[-1].starts
    return None


def _moved(at: datetime, by: timedelta) -> datetime:
    try:
        return at + by
    except OverflowError:
        return FAR_FUTURE if by > timedelta() else FAR_PAST


def _by_layers(schedule: Schedule, window: Interval) -> list[Shift]:
    """The layers alone. From the last to the first, each takes what the later ones left free."""
    free = [window]
    taken: list[Shift] = []
    for layer in reversed(schedule.layers):
        if not free:
            break
        reason = Reason(ReasonKind.LAYER, layer=layer.name)
        turns = coverage(layer, schedule.timezone, Interval(free[0].starts, free[-1].ends))
        won = [Shift(turn.user, starts, ends, reason) for turn, starts, ends in overlaps(turns, free)]
        free = remaining(free, won)
        taken += won
    taken += [Shift(None, starts, ends, None) for starts, ends in free]
    return sorted(taken, key=attrgetter("starts"))


class _Held(NamedTuple):
    """A shift of the result so far, and whom overrides have already displaced from it."""

    shift: Shift
    displaced: frozenset[str]

    @property
    def starts(self) -> datetime:
        return self.shift.starts

    @property
    def ends(self) -> datetime:
        return self.shift.ends


def _apply(override: Override, held: list[_Held]) -> None:
    """Rewrite in place the stretches that the override's window touches."""
    first = bisect_right(held, override.starts, key=attrgetter("ends"))
    last = bisect_left(held, override.ends, key=attrgetter("starts"))
    held[first:last] = [piece for before in held[first:last] for piece in _overridden(override, before)]


def _overridden(override: Override, held: _Held) -> Iterator[_Held]:
    shift, displaced = held
    if override.replaces is not None and override.replaces not in {shift.user, *displaced}:
        yield held
        return
    starts, ends = max(shift.starts, override.starts), min(shift.ends, override.ends)
    if shift.starts < starts:
        yield _Held(replace(shift, ends=starts), displaced)
    reason = Reason(ReasonKind.OVERRIDE, override_id=override.id, replaced=override.replaces, comment=override.comment)
    now_displaced = displaced if shift.user is None else displaced | {shift.user}
    yield _Held(Shift(override.user, starts, ends, reason), now_displaced)
    if ends < shift.ends:
        yield _Held(replace(shift, starts=ends), displaced)


def _delegated(absences: Sequence[Absence], pieces: Iterable[Shift]) -> Iterator[Shift]:
    """What is left of each piece to its user, and what falls to delegates or to nobody."""
    away = {absence.user for absence in absences}
    points = turning_points(absences)
    for piece in pieces:
        if piece.user not in away:
            yield piece
            continue
        cuts = points[bisect_right(points, piece.starts) : bisect_left(points, piece.ends)]
        for starts, ends in pairwise([piece.starts, *cuts, piece.ends]):
            yield _by_whoever_is_here(absences, Shift(piece.user, starts, ends, piece.reason))


def _by_whoever_is_here(absences: Sequence[Absence], piece: Shift) -> Shift:
    """Nobody leaves or returns within the piece."""
    if piece.user is None or piece.reason is None:
        return piece
    found = stand_in(piece.user, absences, piece.starts)
    if found.absence is None or found.circle:
        return piece
    reason = replace(piece.reason, kind=ReasonKind.DELEGATE, comment=found.absence.comment, delegated_by=piece.user)
    return replace(piece, user=found.user, reason=reason)


def _joined(pieces: Iterable[Shift]) -> list[Shift]:
    """Neighbours with the same user and the same reason are one shift."""
    line: list[Shift] = []
    for piece in pieces:
        last = line[-1] if line else None
        if last and last.user == piece.user and last.ends == piece.starts and last.reason == piece.reason:
            line[-1] = Shift(last.user, last.starts, piece.ends, last.reason)
        else:
            line.append(piece)
    return line


def _cause(reason: Reason) -> str:
    match reason.kind:
        case ReasonKind.LAYER:
            cause = f"layer {reason.layer}"
        case ReasonKind.OVERRIDE:
            cause = "override" if reason.replaced is None else f"override, instead of {reason.replaced}"
        case ReasonKind.DELEGATE:
            cause = f"for {reason.delegated_by}, who is out of office"
        case _:
            assert_never(reason.kind)
    return f"{cause} ({reason.comment})" if reason.comment else cause


def _layer_problems(layer: Layer, timezone: str) -> Iterator[str]:
    active = active_interval(layer, timezone)
    if not any(member is not None for member in layer.members):
        yield "has no members: it never puts anybody on call."
    if active.ends <= active.starts:
        yield "ends before it starts: it never puts anybody on call."
    if layer.rotation.every < 1:
        yield f"rotates every {layer.rotation.every} {layer.rotation.unit}s: that is read as 1."
    if layer.rotation.unit is RotationUnit.WEEK and layer.handoff.weekday is None:
        yield "rotates by weeks without a handoff weekday: it is the weekday on which the layer starts."
    if any(slot.start_weekday is None and slot.end_weekday is not None for slot in layer.slots):
        yield "has a slot with a weekday at its end only: it is read as daily."
    if _drifts(layer, timezone, active):
        yield (
            f"rotates every {layer.rotation.every} hours, and the clock in {timezone} changes: "
            "its handoffs then move to another local time. Rotate by days to stay at the handoff time."
        )


def _drifts(layer: Layer, timezone: str, active: Interval) -> bool:
    """Turns of half a day or a day look like wall-clock turns, but hours elapse."""
    return (
        layer.rotation.unit is RotationUnit.HOUR
        and layer.rotation.every % 12 == 0
        and clock_changes(timezone, active.starts, active.ends)
    )
