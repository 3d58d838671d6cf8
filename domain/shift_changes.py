"""Who left and who came since a schedule was last looked at: the facts behind shift notices.

Here a shift is a stretch with the same person, whatever the reasons: two turns in a row of one person are one shift,
and in a gap nobody is on call. A change of the plan is no change of who *was* on call: it counts from when it is seen.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from domain.on_call import Shift, shifts
from domain.schedule import Schedule, ShiftEvent

#: most shifts are short, so the first look is short too
_LOOK_AHEAD = (timedelta(days=35), timedelta(days=366))
#: somebody who is on call for longer is told that the shift began a year ago
_LOOK_BACK = (timedelta(days=35), timedelta(days=366))
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Watch:
    """What was last announced: ``user`` (or nobody) is on call since ``since``.

    Everything up to ``looked_at`` is announced. ``next_at`` is the next change that was seen coming then; ``None`` when
    there was none within a year.
    """

    user: str | None
    since: datetime
    looked_at: datetime
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class ShiftChange:
    """A shift of ``user`` started or ended at ``at``.

    ``starts`` and ``ends`` are the shift's own; ``ends`` is ``None`` when no end is in sight within a year.
    ``follower`` is who is on call next, ``None`` for nobody.
    """

    event: ShiftEvent
    user: str
    at: datetime
    starts: datetime
    ends: datetime | None
    follower: str | None


@dataclass(frozen=True, slots=True)
class Look:
    """What a look has found, and the watch to remember. ``watch.next_at`` is when to look again at the latest."""

    watch: Watch
    changes: tuple[ShiftChange, ...]


def look(schedule: Schedule, watch: Watch | None, now: datetime) -> Look:
    """The changes after ``watch.looked_at``, up to and with ``now`` (aware), in order.

    Changes that the last look saw coming, and those after them, have their own instants. Where the person on call is
    another one for no such reason (an edit, an override that begins in the past, an absence entered now), the change
    happens at ``now``. Without a watch, whoever is on call is told of the start. Looking again changes nothing.
    """
    if watch is None:
        return _first_look(schedule, now)
    now = max(now, watch.looked_at)
    told = _Told(watch.user, watch.since, ())
    current: _Stretch | None = None
    for stretch in _stretches(schedule, watch.looked_at, now):
        current = stretch
        if watch.looked_at < stretch.starts and watch.next_at is not None and watch.next_at <= stretch.starts:
            told = told.handed_over(stretch, stretch.starts)
    assert current is not None, "a line has no holes"
    told = told.handed_over(current, now)
    return Look(Watch(told.user, told.since, now, current.ends), told.changes)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """``ends`` and ``follower`` as in :class:`ShiftChange`."""

    user: str | None
    starts: datetime
    ends: datetime | None
    follower: str | None


@dataclass(frozen=True, slots=True)
class _Told:
    """Who is announced so far, and by which changes."""

    user: str | None
    since: datetime
    changes: tuple[ShiftChange, ...]

    def handed_over(self, stretch: _Stretch, at: datetime) -> "_Told":
        """After the one who is announced has left for the stretch's user; the same when they are the same."""
        if stretch.user == self.user:
            return self
        changes = self.changes
        if self.user is not None:
            changes += (ShiftChange(ShiftEvent.END, self.user, at, self.since, at, stretch.user),)
        return _Told(stretch.user, at, changes + _start(stretch, at, starts=at))


def _first_look(schedule: Schedule, now: datetime) -> Look:
    before: list[Shift] = []
    for distance in _LOOK_BACK:
        before = _merged(shifts(schedule, now - distance, now + _TICK))
        if len(before) > 1:
            break
    *_, current = _stretches(schedule, now, now)
    starts = before[-1].starts
    return Look(Watch(current.user, starts, now, current.ends), _start(current, now, starts))


def _start(stretch: _Stretch, at: datetime, starts: datetime) -> tuple[ShiftChange, ...]:
    if stretch.user is None:
        return ()
    return (ShiftChange(ShiftEvent.START, stretch.user, at, starts, stretch.ends, stretch.follower),)


def _stretches(schedule: Schedule, start: datetime, now: datetime) -> Iterator[_Stretch]:
    """From the one around ``start`` to the one around ``now``."""
    line: list[Shift] = []
    for distance in _LOOK_AHEAD:
        line = _merged(shifts(schedule, start, now + distance))
        if line[-1].starts > now:
            break
    for stretch, following in pairwise(line):
        if stretch.starts <= now:
            yield _Stretch(stretch.user, stretch.starts, stretch.ends, following.user)
    if line[-1].starts <= now:
        yield _Stretch(line[-1].user, line[-1].starts, None, None)


def _merged(line: Iterable[Shift]) -> list[Shift]:
    """Neighbours with the same user are one."""
    merged: list[Shift] = []
    for shift in line:
        if merged and merged[-1].user == shift.user:
            merged[-1] = replace(merged[-1], ends=shift.ends)
        else:
            merged.append(shift)
    return merged
