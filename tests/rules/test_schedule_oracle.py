"""Shifts against a slow second reading of the rules: minute by minute, with the standard library's zones.

The second reading shares no arithmetic with the product. It finds instants of local times by looking at every minute,
and turns by listing every handoff.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.on_call import shifts
from domain.schedule import Handoff, Layer, Override, Rotation, RotationUnit, Schedule, Slot, Weekday

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
WEEKDAYS = list(Weekday)

#: A zone and a local day around which something happens to its clock (or, in a quiet zone, nothing does).
CLOCKS = [
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour back
    ("Australia/Lord_Howe", date(2026, 10, 4)),  # half an hour forward
    ("Asia/Kathmandu", date(1986, 1, 1)),  # a quarter of an hour forward at midnight
    ("Asia/Kathmandu", date(2026, 6, 1)),
    ("Africa/Casablanca", date(2026, 2, 15)),  # back for Ramadan
    ("Africa/Casablanca", date(2026, 3, 22)),  # and forward after it
    ("Pacific/Apia", date(2011, 12, 30)),  # the day that was skipped
    ("Europe/Madrid", date(2026, 3, 29)),
    ("Europe/Madrid", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
]


@cache
def zone(key: str) -> ZoneInfo:
    """From the tzdata package: the machine's own files may be older."""
    with resources.files("tzdata.zoneinfo").joinpath(*key.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key)


@cache
def readings(timezone: str, day: date) -> dict[datetime, datetime]:
    """What the clock reads on and around a local day, each with the first minute at which it does."""
    first: dict[datetime, datetime] = {}
    for n in range(-16 * 60, 40 * 60):
        minute = datetime.combine(day, time(), UTC) + n * MINUTE
        first.setdefault(minute.astimezone(zone(timezone)).replace(tzinfo=None), minute)
    return first


@cache
def resolve(local: datetime, timezone: str) -> datetime:
    """The first minute at which the clock reads ``local``; if it never does, the minute of the jump over it."""
    around = readings(timezone, local.date())
    return around[local] if local in around else min(minute for reading, minute in around.items() if reading > local)


def bound(moment: date | datetime, layer: Layer, timezone: str) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, layer.handoff.time)
    return resolve(moment, timezone) if moment.tzinfo is None else moment.astimezone(UTC)


def handoffs(layer: Layer, timezone: str, starts: datetime, until: datetime) -> list[datetime]:
    """The beginnings of full turns."""
    days = [starts.date() + n * DAY for n in range(-3, (until - starts).days + 40)]
    if layer.rotation.unit is RotationUnit.WEEK:
        days = [day for day in days if WEEKDAYS[day.weekday()] is layer.handoff.weekday]
    every = [resolve(datetime.combine(day, layer.handoff.time), timezone) for day in days]
    due = [moment for moment in every if moment >= starts]
    if layer.rotation.unit is RotationUnit.HOUR:
        hours = timedelta(hours=layer.rotation.every)
        due = [due[0]]
        while due[-1] <= until:
            due.append(due[-1] + hours)
        return due
    return due[:: layer.rotation.every]


def windows(slot: Slot, timezone: str, first: date, days: int) -> Iterator[tuple[datetime, datetime]]:
    for n in range(days):
        day = first + n * DAY
        if slot.start_weekday is not None and WEEKDAYS[day.weekday()] is not slot.start_weekday:
            continue
        begins = datetime.combine(day, slot.start)
        ends = begins + MINUTE
        while ends.time() != slot.end or (
            slot.end_weekday is not None
            and slot.start_weekday is not slot.end_weekday
            and WEEKDAYS[ends.weekday()] is not slot.end_weekday
        ):
            ends += MINUTE
        if slot.start_weekday is slot.end_weekday and slot.start_weekday is not None and slot.end < slot.start:
            ends += 6 * DAY
        yield resolve(begins, timezone), resolve(ends, timezone)


def layer_user(layer: Layer, timezone: str, first: datetime, last: datetime) -> dict[datetime, str | None]:
    starts = bound(layer.starts, layer, timezone)
    ends = None if layer.ends is None else bound(layer.ends, layer, timezone)
    turns = handoffs(layer, timezone, starts, last)
    open_windows = [window for slot in layer.slots for window in windows(slot, timezone, first.date() - 10 * DAY, 16)]
    users: dict[datetime, str | None] = {}
    minute = first
    while minute < last:
        active = starts <= minute and (ends is None or minute < ends)
        in_slot = not layer.slots or any(begin <= minute < end for begin, end in open_windows)
        passed = bisect_right(turns, minute)
        users[minute] = layer.members[max(0, passed - 1) % len(layer.members)] if active and in_slot else None
        minute += MINUTE
    return users


def oracle(schedule: Schedule, first: datetime, last: datetime) -> dict[datetime, tuple[str | None, str | None]]:
    """For each minute: the user, and the name of the layer or the id of the override."""
    by_layer = [(layer.name, layer_user(layer, schedule.timezone, first, last)) for layer in schedule.layers]
    overrides = sorted(schedule.overrides, key=lambda override: override.created_at)
    answers: dict[datetime, tuple[str | None, str | None]] = {}
    minute = first
    while minute < last:
        user, cause = None, None
        for name, users in by_layer:
            if users[minute] is not None:
                user, cause = users[minute], name
        seen = {user}
        for override in overrides:
            if override.starts <= minute < override.ends and (override.replaces is None or override.replaces in seen):
                user, cause = override.user, override.id
                seen.add(user)
        answers[minute] = (user, cause)
        minute += MINUTE
    return answers


#: Most of them in the hours in which clocks change.
times = st.builds(time, st.sampled_from([2, 0, 1, 2, 3, 9, 18]), st.sampled_from([0, 10, 15, 30]))
weekdays = st.sampled_from(WEEKDAYS)
daily_slots = st.builds(Slot, times, times)
weekly_slots = st.builds(Slot, times, times, weekdays, weekdays)


def moments(around: date) -> st.SearchStrategy[date | datetime]:
    days = st.integers(-20, 1).map(lambda n: around + n * DAY)
    local = st.builds(datetime.combine, days, times)
    return st.one_of(days, local, local.map(lambda moment: moment.replace(tzinfo=UTC)))


@st.composite
def layers(draw: st.DrawFn, name: str, around: date) -> Layer:
    unit = draw(st.sampled_from(RotationUnit))
    every = draw(st.integers(1, 3)) if unit is not RotationUnit.HOUR else draw(st.sampled_from([1, 5, 8, 12, 24]))
    return Layer(
        name=name,
        members=tuple(draw(st.lists(st.sampled_from(["ana", "ben", "cleo", None]), min_size=1, max_size=4))),
        starts=draw(moments(around)),
        rotation=Rotation(every, unit),
        handoff=Handoff(draw(times), draw(weekdays)),
        ends=draw(st.one_of(st.none(), moments(around + 2 * DAY))),
        slots=tuple(draw(st.lists(st.one_of(daily_slots, weekly_slots), max_size=2))),
    )


@st.composite
def overrides(draw: st.DrawFn, id_: str, first: datetime) -> Override:
    starts = first + draw(st.integers(-30, 60)) * timedelta(hours=1)
    return Override(
        id=id_,
        user=draw(st.sampled_from(["ana", "ben", "dan"])),
        starts=starts,
        ends=starts + draw(st.integers(0, 40)) * timedelta(hours=1),
        created_at=first + draw(st.integers(0, 3)) * MINUTE,
        replaces=draw(st.sampled_from([None, "ana", "ben", "dan"])),
    )


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Schedule, datetime]:
    """A schedule, and a moment shortly before its zone's clock changes."""
    timezone, day = draw(st.sampled_from(CLOCKS))
    first = datetime.combine(day, time(), UTC) - draw(st.integers(20, 45)) * timedelta(hours=1)
    stack = tuple(draw(layers(f"layer {n}", day)) for n in range(draw(st.integers(0, 3))))
    changes = tuple(draw(overrides(f"override {n}", first)) for n in range(draw(st.integers(0, 4))))
    return Schedule("primary", "Primary on-call", timezone, stack, changes), first


@settings(max_examples=300, deadline=None)
@given(schedules())
def test_shifts_agree_with_a_minute_by_minute_reading_of_the_rules(case: tuple[Schedule, datetime]) -> None:
    schedule, first = case
    last = first + timedelta(hours=60)
    expected = oracle(schedule, first, last)

    line = shifts(schedule, first, last)

    found: dict[datetime, tuple[str | None, str | None]] = {}
    for shift in line:
        cause = None if shift.reason is None else shift.reason.layer or shift.reason.override_id
        minute = shift.starts
        while minute < shift.ends:
            found[minute] = (shift.user, cause)
            minute += MINUTE
    assert found == expected


@settings(max_examples=80, deadline=None)
@given(schedules())
def test_shifts_follow_each_other_without_a_hole_and_always_change_something(case: tuple[Schedule, datetime]) -> None:
    schedule, first = case
    last = first + timedelta(hours=60)

    line = shifts(schedule, first, last)

    assert (line[0].starts, line[-1].ends) == (first, last)
    for before, after in pairwise(line):
        assert before.ends == after.starts
        assert (before.user, before.reason) != (after.user, after.reason)
