"""What is wrong with a schedule ahead: told before it hurts, never afterwards.

Pure, and by the same functions that route calls and alerts. ``docs/schedules.md`` says what is looked at.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain, pairwise

from domain.clashes import override_clashes, slot_clashes
from domain.directory import Directory, name_of
from domain.ids import derived_id
from domain.intervals import Interval
from domain.local_time import instant_of, wall_clock
from domain.on_call import Shift, people_of, shifts
from domain.out_of_office import circles, stand_in
from domain.schedule import Schedule
from domain.titles import rfc3339
from domain.workload import Imbalance, Load, imbalances

HORIZON = timedelta(days=30)
#: Loads are compared over this time. It is long enough for a round of most rotations.
LOAD_HORIZON = timedelta(weeks=12)
#: We look a little farther on both sides, so that what is at an end of the horizon looks the same tomorrow.
_MARGIN = timedelta(days=14)
#: How far back we look, in steps, for the beginning of what goes on now.
_LONGEST_STRETCHES = (timedelta(days=35), timedelta(days=366), timedelta(days=3660))
#: So many holes in a row, each so soon after the one before, are a habit of the schedule, not an accident. Of a habit
#: so many are always in sight, whatever the day: within the horizon alone there would be one more or less each day.
_HABIT = 4
_HABIT_RETURNS_WITHIN = timedelta(days=10, hours=12)


class ConcernKind(StrEnum):
    """In the order of how much they hurt."""

    GAP = "gap"
    AWAY = "away"
    NO_USER = "no_user"
    NO_PHONE = "no_phone"
    UNVERIFIED_PHONE = "unverified_phone"
    CIRCLE = "circle"
    OVERLAPPING_OVERRIDES = "overlapping_overrides"
    OVERLAPPING_SLOTS = "overlapping_slots"
    UNBALANCED = "unbalanced"


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing that is wrong. ``key`` is the same at every look; ``at`` is when it bites, which may be in the past for
    what goes on now, and ``None`` for what stands always. ``text`` says what to do."""

    kind: ConcernKind
    key: str
    at: datetime | None
    text: str


def concerns(
    schedule: Schedule,
    directory: Directory,
    verified: Collection[tuple[str, str]],
    now: datetime,
    horizon: timedelta = HORIZON,
) -> tuple[Concern, ...]:
    """Everything that is wrong from an aware moment on, the worst kind first and each kind in the order of time.

    ``verified`` are the (user key, number) pairs of phones that were proved. What is over is never told.
    """
    now = instant_of(now, schedule.timezone)
    line = shifts(schedule, now - _MARGIN, now + horizon + _MARGIN)
    look = _Look(schedule, directory, now, now + horizon, line, _beginning(schedule, line[0]))
    found = chain(
        _gaps(look),
        _absences(look),
        _unreachable(look, frozenset(verified)),
        _circles(look),
        _clashing_overrides(look),
        _clashing_slots(look),
        _unbalanced(look),
    )
    kinds = list(ConcernKind)
    return tuple(sorted(found, key=lambda concern: (kinds.index(concern.kind), concern.at or now, concern.key)))


@dataclass(frozen=True, slots=True)
class _Look:
    """What is looked at: concerns begin before ``ends``; the line reaches further, on both sides. ``beginning`` is that
    of what goes on as the line starts; ``None``: it was always so."""

    schedule: Schedule
    directory: Directory
    now: datetime
    ends: datetime
    line: Sequence[Shift]
    beginning: datetime | None

    def name(self, user: str) -> str:
        return name_of(self.directory.users, user)

    def time(self, moment: datetime) -> str:
        """A moment on the schedule's wall clock, for example ``Mon 2026-01-05 09:00``."""
        return f"{wall_clock(moment, self.schedule.timezone):%a %Y-%m-%d %H:%M}"

    def clock(self, moment: datetime) -> str:
        return f"{wall_clock(moment, self.schedule.timezone):%H:%M}"

    def stretch(self, starts: datetime, ends: datetime) -> str:
        """For example ``from Mon 2026-01-05 09:00 to Tue 2026-01-06 09:00 (Europe/Madrid)``."""
        begun, zone = self.begun(starts), self.schedule.timezone
        is_endless = ends >= self.line[-1].ends
        if begun is None:
            return "at any time" if is_endless else f"until {self.time(ends)} ({zone})"
        return f"from {self.time(begun)} {'on' if is_endless else f'to {self.time(ends)}'} ({zone})"

    def begun(self, starts: datetime) -> datetime | None:
        """When what starts in the line began; ``None`` for what was always so."""
        return self.beginning if starts <= self.line[0].starts else starts


def _beginning(schedule: Schedule, first: Shift) -> datetime | None:
    """When a stretch began in which the same user, or nobody, is on call; ``None`` when that is ten years ago."""
    for distance in _LONGEST_STRETCHES:
        before = shifts(schedule, first.starts - distance, first.starts)
        others = [shift for shift in before if _who(shift) != _who(first)]
        if others:
            return others[-1].ends
    return None


def _stretches(look: _Look) -> list[Shift]:
    """Those of the line that begin before the end of the look."""
    return [stretch for stretch in _merged(look.line) if stretch.starts < look.ends]


def _merged(line: Sequence[Shift]) -> list[Shift]:
    """The line, neighbours with the same user as one stretch, whatever the reason; of a hole it matters whether
    somebody is away. The reason is the first one's."""
    merged: list[Shift] = []
    for shift in line:
        if merged and _who(merged[-1]) == _who(shift):
            merged[-1] = replace(merged[-1], ends=shift.ends)
        else:
            merged.append(shift)
    return merged


def _who(shift: Shift) -> tuple[str | None, str | None]:
    return shift.user, _absent(shift)


def _absent(shift: Shift) -> str | None:
    """Who would be on call in a hole, and is out of office."""
    return shift.reason.delegated_by if shift.user is None and shift.reason is not None else None


def _gaps(look: _Look) -> Iterator[Concern]:
    alike: dict[tuple[str, str], list[Shift]] = defaultdict(list)
    for hole in _merged(look.line):
        if hole.user is None and _absent(hole) is None:
            alike[look.clock(hole.starts), look.clock(hole.ends)].append(hole)
    for (starts, ends), holes in alike.items():
        habit: list[Shift] = []
        for run in _runs(holes):
            ahead = [hole for hole in run if hole.ends > look.now and hole.starts < look.ends]
            if len(run) >= _HABIT:
                habit += ahead
            else:
                yield from (_gap(look, hole) for hole in ahead)
        if habit:
            yield _habitual_gap(look, starts, ends, habit)


def _runs(holes: Sequence[Shift]) -> list[list[Shift]]:
    """The holes, one list for each row in which they follow each other soon."""
    runs = [[holes[0]]]
    for before, hole in pairwise(holes):
        if hole.starts - before.starts > _HABIT_RETURNS_WITHIN:
            runs.append([])
        runs[-1].append(hole)
    return runs


def _gap(look: _Look, hole: Shift) -> Concern:
    text = (
        f"Nobody is on call in {look.schedule.name} {look.stretch(hole.starts, hole.ends)}. "
        "Add a layer or an override, unless it is meant."
    )
    at = look.begun(hole.starts)
    return Concern(ConcernKind.GAP, _key(ConcernKind.GAP, rfc3339(at) if at else "always"), at, text)


def _habitual_gap(look: _Look, starts: str, ends: str, alike: Sequence[Shift]) -> Concern:
    """It has no date of its own: tomorrow's look finds it again, one day later."""
    often = "once" if len(alike) == 1 else f"{len(alike)} times"
    text = (
        f"Nobody is on call in {look.schedule.name} from {starts} to {ends} {often} in the next "
        f"{(look.ends - look.now).days} days, first {look.stretch(alike[0].starts, alike[0].ends)}. "
        "Add a layer for these times, unless it is meant."
    )
    return Concern(ConcernKind.GAP, _key(ConcernKind.GAP, starts, ends), None, text)


def _absences(look: _Look) -> Iterator[Concern]:
    """One for each absence, however many shifts it leaves to nobody."""
    holes: dict[tuple[str, str], list[Shift]] = defaultdict(list)
    for hole in _stretches(look):
        if (absent := _absent(hole)) is not None:
            absence = stand_in(absent, look.schedule.absences, look.begun(hole.starts) or hole.starts).absence
            holes[absent, rfc3339(absence.starts) if absence else ""].append(hole)
    for (absent, since), alike in holes.items():
        ahead = [hole for hole in alike if hole.ends > look.now]
        if ahead:
            key = _key(ConcernKind.AWAY, absent, since)
            yield Concern(ConcernKind.AWAY, key, look.begun(alike[0].starts), _absence_text(look, absent, ahead))


def _absence_text(look: _Look, absent: str, ahead: Sequence[Shift]) -> str:
    name, first, last = look.name(absent), ahead[0], ahead[-1]
    more = f", and {len(ahead) - 1} more times until {look.time(last.ends)}" if len(ahead) > 1 else ""
    return (
        f"Nobody is on call in {look.schedule.name} {look.stretch(first.starts, first.ends)}{more}: {name} is out of "
        f"office, and there is no delegate who is here. Give {name} a delegate for that time, or add an override."
    )


def _unreachable(look: _Look, verified: Collection[tuple[str, str]]) -> Iterator[Concern]:
    """People on call now or soon who cannot be rung, each once, at their next shift."""
    told: set[str] = set()
    for shift in _stretches(look):
        if shift.user is not None and shift.ends > look.now and shift.user not in told:
            told.add(shift.user)
            yield from _unreachable_user(look, shift.user, shift, verified)
    for member in sorted(people_of(look.schedule) - told - look.directory.users.keys()):
        text = f"{member} is in {look.schedule.name}, and is no user any more. Take {member} out of the schedule."
        yield Concern(ConcernKind.NO_USER, _key(ConcernKind.NO_USER, member), None, text)


def _unreachable_user(look: _Look, user: str, shift: Shift, verified: Collection[tuple[str, str]]) -> Iterator[Concern]:
    at = look.begun(shift.starts)
    when = f"is on call in {look.schedule.name} {look.stretch(shift.starts, shift.ends)}"
    found = look.directory.users.get(user)
    if found is None:
        text = f"{user} {when}, and is no user any more: nobody is reached. Put somebody else there."
        yield Concern(ConcernKind.NO_USER, _key(ConcernKind.NO_USER, user), at, text)
    elif not found.phones:
        text = f"{found.name} {when}, and has no phone: no call gets through. Add a phone to user {user}."
        yield Concern(ConcernKind.NO_PHONE, _key(ConcernKind.NO_PHONE, user), at, text)
    elif (user, found.phones[0]) not in verified:
        text = (
            f"{found.name} {when}, and nobody has proved that the phone of user {user} is theirs. "
            f"Have a code sent to it, or let {found.name} take a test call."
        )
        # Another number is another phone, and another warning.
        key = _key(ConcernKind.UNVERIFIED_PHONE, user, derived_id("phone", found.phones[0]))
        yield Concern(ConcernKind.UNVERIFIED_PHONE, key, at, text)


def _circles(look: _Look) -> Iterator[Concern]:
    ahead = [absence for absence in look.schedule.absences if look.now < absence.ends and absence.starts < look.ends]
    for user, moment in circles(ahead):
        if _keeps_shifts(look, user, moment):
            name = look.name(user)
            text = (
                f"From {look.time(moment)} ({look.schedule.timezone}) the delegates of {name} lead in a circle: {name} "
                f"stays on call in {look.schedule.name} although out of office. Name a delegate who is here."
            )
            yield Concern(ConcernKind.CIRCLE, _key(ConcernKind.CIRCLE, user, rfc3339(moment)), moment, text)


def _keeps_shifts(look: _Look, user: str, moment: datetime) -> bool:
    """Whether the schedule has a shift that a circle of delegates from that moment on leaves to the user."""
    return any(
        shift.user == user
        and shift.ends > moment
        and stand_in(user, look.schedule.absences, max(shift.starts, moment)).circle
        for shift in look.line
    )


def _clashing_overrides(look: _Look) -> Iterator[Concern]:
    for clash in override_clashes(look.schedule, Interval(look.now, look.ends)):
        newer, older = look.name(clash.newer.user), look.name(clash.older.user)
        text = (
            f"Two overrides of {look.schedule.name} overlap {look.stretch(*clash.both)}: one for {older}, a newer one "
            f"for {newer}. The newer one wins: where both apply {newer} is on call. Delete the one that is wrong."
        )
        key = _key(ConcernKind.OVERLAPPING_OVERRIDES, clash.older.id, clash.newer.id)
        yield Concern(ConcernKind.OVERLAPPING_OVERRIDES, key, clash.both.starts, text)


def _clashing_slots(look: _Look) -> Iterator[Concern]:
    for clash in slot_clashes(look.schedule, look.now):
        one, other = clash.positions
        text = (
            f"Slots {one} and {other} of layer {clash.layer} in {look.schedule.name} overlap, for example "
            f"{look.stretch(*clash.example)}. There the layer counts once. Shorten one of them, so that it is clear "
            "what is meant."
        )
        key = _key(ConcernKind.OVERLAPPING_SLOTS, clash.layer, str(one), str(other))
        yield Concern(ConcernKind.OVERLAPPING_SLOTS, key, None, text)


def _unbalanced(look: _Look) -> Iterator[Concern]:
    line = shifts(look.schedule, look.now, look.now + LOAD_HORIZON)
    for imbalance in imbalances(look.schedule, line):
        yield _imbalance(look, imbalance)


def _imbalance(look: _Look, found: Imbalance) -> Concern:
    layers = " and ".join(found.layers)
    text = (
        f"In the next {LOAD_HORIZON.days // 7} weeks {_load(look, found.most)} on call in {look.schedule.name}, "
        f"{_load(look, found.least)}, and both are members of {layers}. "
        "Change the order of the members, or share the load with overrides."
    )
    return Concern(ConcernKind.UNBALANCED, _key(ConcernKind.UNBALANCED, *found.layers), None, text)


def _load(look: _Look, load: Load) -> str:
    """For example ``Ana Reyes has 1,344 h (448 h at night, 384 h at weekends)``."""
    share = f"{_hours(load.nights)} at night, {_hours(load.weekends)} at weekends"
    return f"{look.name(load.user)} has {_hours(load.total)} ({share})"


def _hours(time: timedelta) -> str:
    return f"{round(time / timedelta(hours=1)):,} h"


def _key(kind: ConcernKind, *parts: str) -> str:
    return ":".join((kind, *parts))
