"""What a subscribed calendar shows: shifts to come and the one running now, each with an identity that stays."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from domain.directory import Directory, name_of
from domain.local_time import instant_of, wall_clock
from domain.on_call import Shift, describe, on_call, people_of, shifts
from domain.schedule import Schedule

_TICK = timedelta(microseconds=1)
#: a shift whose start is further back than anybody looks begins here: it has to begin somewhere, and stay there
_YEARS_BACK = 9


class FeedScope(StrEnum):
    MINE = "mine"
    MINE_IN_SCHEDULE = "mine_in_schedule"
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Feed:
    """Whose shifts, of which schedule (``None``: of all), and for how many days ahead."""

    user: str
    scope: FeedScope
    schedule: str | None
    horizon_days: int


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One shift as a calendar shows it. ``identity`` is the same before and after an edit that moves the shift's
    start within its day, its end, or the person: then a calendar moves its event instead of adding another one."""

    identity: str
    title: str
    text: str
    starts: datetime
    ends: datetime


def feed_name(feed: Feed, directory: Directory) -> str:
    schedule = directory.schedules[feed.schedule].name if feed.schedule else "On call"
    return f"{schedule}: {name_of(directory.users, feed.user)}" if feed.scope is not FeedScope.EVERYBODY else schedule


def feed_events(feed: Feed, directory: Directory, now: datetime) -> list[FeedEvent]:
    """The shifts that end after ``now`` and start within the horizon, in order, never cut. The answer is the same all
    day long unless something changes, so that a reader who asks again can be told that nothing has."""
    keys = [feed.schedule] if feed.schedule else sorted(directory.schedules)
    only = None if feed.scope is FeedScope.EVERYBODY else feed.user
    found = []
    for schedule in (directory.schedules[key] for key in keys):
        if only is None or only in _people(schedule):
            line = _line(schedule, now, feed.horizon_days)
            found += [_event(directory, schedule, shift, each, only) for each, shift in line if _shows(shift, only)]
    return sorted(found, key=lambda event: (event.starts, event.identity))


def _people(schedule: Schedule) -> set[str]:
    """Everybody who may be on call there, for themselves or for somebody who is away."""
    return {*people_of(schedule), *(absence.delegate for absence in schedule.absences if absence.delegate)}


def _shows(shift: Shift, only: str | None) -> bool:
    return shift.user is not None and only in (None, shift.user)


def _line(schedule: Schedule, now: datetime, days: int) -> list[tuple[str, Shift]]:
    """The shifts and gaps from the running one on, whole, each with its identity."""
    ends = datetime.combine(now.astimezone(UTC), time(), UTC) + timedelta(days=days + 1)
    line = _identified(schedule, _from_the_running_one(schedule, now, ends), ends)
    return [(identity, shift) for identity, shift in line if shift.ends > now]


def _from_the_running_one(schedule: Schedule, now: datetime, ends: datetime) -> tuple[Shift, ...]:
    """From the start of the running shift's day, for identities count the shifts of a day."""
    since = on_call(schedule, now).since
    if since is None:
        return shifts(schedule, datetime(now.year - _YEARS_BACK, 1, 1, tzinfo=UTC), ends)
    midnight = datetime.combine(wall_clock(since, schedule.timezone), time())
    # What ran before midnight is cut there, so it begins the tick before: it counts as one of the day before.
    return shifts(schedule, instant_of(midnight, schedule.timezone) - _TICK, ends)


def _identified(schedule: Schedule, line: tuple[Shift, ...], cut_at: datetime) -> Iterator[tuple[str, Shift]]:
    seen: Counter[tuple[str, ...]] = Counter()
    for shift in line:
        cause = _cause(schedule, shift)
        yield "|".join((*cause, str(seen[cause]))), _whole(schedule, shift, cut_at)
        seen[cause] += 1


def _cause(schedule: Schedule, shift: Shift) -> tuple[str, ...]:
    """What makes the shift this one, and no moment of the clock: schedule, reason, and the day on which it starts."""
    day = wall_clock(shift.starts, schedule.timezone).date().isoformat()
    reason = shift.reason
    if reason is None:
        return (schedule.key, day)
    return (schedule.key, day, reason.layer or "", reason.override_id or "", reason.delegated_by or "")


def _whole(schedule: Schedule, shift: Shift, cut_at: datetime) -> Shift:
    if shift.ends != cut_at:
        return shift
    ends = on_call(schedule, cut_at - _TICK).until or cut_at
    return Shift(shift.user, shift.starts, ends, shift.reason)


def _event(directory: Directory, schedule: Schedule, shift: Shift, identity: str, only: str | None) -> FeedEvent:
    text = describe(shift.user, shift.reason, schedule, shift.ends)
    who = "On call" if only else name_of(directory.users, shift.user or "")
    digest = hashlib.sha256(identity.encode()).hexdigest()[:32]
    return FeedEvent(digest, f"{who}: {schedule.name}", text[:1].upper() + text[1:], shift.starts, shift.ends)
