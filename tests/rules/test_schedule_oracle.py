"""Shifts against a slow second reading of the rules: minute by minute, with the standard library's zones.

The second reading shares no arithmetic with the product. It finds instants of local times by looking at every minute,
turns by listing every handoff, and delegates by asking each in turn.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.on_call import Reason, on_call, shifts
from domain.schedule import Absence, Handoff, Layer, Override, Rotation, RotationUnit, Schedule, Slot, Weekday
from tests.rules.clocks import CLOCKS

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
WINDOW = timedelta(hours=60)
WEEKDAYS = list(Weekday)
PEOPLE = ("ana", "ben", "cleo", "dan")


@cache
def zone(key: str) -> ZoneInfo:
    """From the tzdata package: the machine's own files may be older."""
    with resources.files("tzdata.zoneinfo").joinpath(*key.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key)


@cache
def readings(timezone: str, day: date) -> dict[datetime, datetime]:
    """What the clock reads in the course of a UTC day, each with the first minute at which it does."""
    first: dict[datetime, datetime] = {}
    for n in range(24 * 60):
        minute = datetime.combine(day, time(), UTC) + n * MINUTE
        first.setdefault(minute.astimezone(zone(timezone)).replace(tzinfo=None), minute)
    return first


@cache
def resolve(local: datetime, timezone: str) -> datetime:
    """The first minute at which the clock reads ``local``; if it never does, the minute of the jump over it."""
    around = [readings(timezone, local.date() + n * DAY) for n in (-1, 0, 1, 2)]
    shown = [on_that_day[local] for on_that_day in around if local in on_that_day]
    later = (minute for on_that_day in around for reading, minute in on_that_day.items() if reading > local)
    return min(shown) if shown else min(later)


def bound(moment: date | datetime, layer: Layer, timezone: str) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, layer.handoff.time)
    return resolve(moment, timezone) if moment.tzinfo is None else moment.astimezone(UTC)


def handoffs(layer: Layer, timezone: str, starts: datetime, until: datetime) -> list[datetime]:
    """The beginnings of full turns."""
    days = [starts.date() + n * DAY for n in range(-3, (until - starts).days + 12)]
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


class Answer(NamedTuple):
    """Who is on call, by which layer (its name) or override (its id), and for whom when it is a delegate."""

    user: str | None
    cause: str | None = None
    delegated_by: str | None = None


def before_absences(schedule: Schedule, first: datetime, last: datetime) -> dict[datetime, Answer]:
    """For each minute: what layers and overrides say."""
    by_layer = [(layer.name, layer_user(layer, schedule.timezone, first, last)) for layer in schedule.layers]
    overrides = sorted(schedule.overrides, key=lambda override: override.created_at)
    answers: dict[datetime, Answer] = {}
    minute = first
    while minute < last:
        answer = Answer(None)
        for name, users in by_layer:
            if users[minute] is not None:
                answer = Answer(users[minute], name)
        seen = {answer.user}
        for override in overrides:
            if override.starts <= minute < override.ends and (override.replaces is None or override.replaces in seen):
                answer = Answer(override.user, override.id)
                seen.add(override.user)
        answers[minute] = answer
        minute += MINUTE
    return answers


def delegated(answer: Answer, absences: tuple[Absence, ...], minute: datetime) -> Answer:
    """What becomes of it when people who are away hand on what they have, for as long as anybody new is named."""
    # Of somebody's absences the later one in the list counts: it takes the place of the earlier one.
    away = {absence.user: absence.delegate for absence in absences if absence.starts <= minute < absence.ends}
    asked: list[str] = []
    person = answer.user
    while person in away and person not in asked:
        asked.append(person)
        person = away[person]
    if not asked or person in asked:
        return answer
    return Answer(person, answer.cause, answer.user)


def oracle(schedule: Schedule, first: datetime, last: datetime) -> dict[datetime, Answer]:
    """For each minute the answer."""
    answers = before_absences(schedule, first, last)
    return {minute: delegated(answer, schedule.absences, minute) for minute, answer in answers.items()}


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
def absences(draw: st.DrawFn, first: datetime) -> Absence:
    """Of anybody, with any delegate but themselves: overlapping ones, and circles, come by themselves."""
    user, delegate = draw(st.permutations([*PEOPLE, None]).filter(lambda people: people[0] is not None))[:2]
    assert user is not None
    starts = first + draw(st.integers(-30, 60)) * timedelta(minutes=45)
    return Absence(user, starts, starts + draw(st.integers(0, 60)) * timedelta(minutes=45), delegate)


@st.composite
def schedules(draw: st.DrawFn, clocks: Sequence[tuple[str, date]] = CLOCKS) -> tuple[Schedule, datetime]:
    """A schedule, and a moment shortly before its zone's clock changes."""
    timezone, day = draw(st.sampled_from(clocks))
    first = datetime.combine(day, time(), UTC) - draw(st.integers(20, 45)) * timedelta(hours=1)
    stack = tuple(draw(layers(f"layer {n}", day)) for n in range(draw(st.integers(0, 3))))
    changes = tuple(draw(overrides(f"override {n}", first)) for n in range(draw(st.integers(0, 4))))
    away = tuple(draw(absences(first)) for _ in range(draw(st.integers(0, 6))))
    return Schedule("primary", "Primary on-call", timezone, stack, changes, away), first


def answer_of(user: str | None, reason: Reason | None) -> Answer:
    return Answer(user) if reason is None else Answer(user, reason.layer or reason.override_id, reason.delegated_by)


def minute_by_minute(schedule: Schedule, first: datetime, last: datetime) -> dict[datetime, Answer]:
    """The product's shifts, spread out."""
    found: dict[datetime, Answer] = {}
    for shift in shifts(schedule, first, last):
        minute = shift.starts
        while minute < shift.ends:
            found[minute] = answer_of(shift.user, shift.reason)
            minute += MINUTE
    return found


# To make a failing example small takes much longer than to find none.
@pytest.mark.timeout(600)
@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: f"{clock[0]} {clock[1]}")
def test_shifts_agree_with_a_minute_by_minute_reading_of_the_rules(clock: tuple[str, date]) -> None:
    compared = 0

    @settings(max_examples=3)
    @given(schedules([clock]))
    def agree(case: tuple[Schedule, datetime]) -> None:
        nonlocal compared
        schedule, first = case
        expected = oracle(schedule, first, first + WINDOW)

        assert minute_by_minute(schedule, first, first + WINDOW) == expected

        compared += len(expected)

    agree()
    assert compared >= 10_000


@settings(max_examples=100)
@given(schedules(), st.integers(0, 60 * 60 - 1))
def test_the_answer_for_one_moment_is_that_of_the_shift_around_it(
    case: tuple[Schedule, datetime], minutes: int
) -> None:
    schedule, first = case
    at = first + minutes * MINUTE
    (expected,) = oracle(schedule, at, at + MINUTE).values()

    found = on_call(schedule, at)

    assert answer_of(found.user, found.reason) == expected
    assert found.since is None or found.since <= at
    assert found.until is None or at < found.until


@settings(max_examples=80)
@given(schedules())
def test_shifts_follow_each_other_without_a_hole_and_always_change_something(case: tuple[Schedule, datetime]) -> None:
    schedule, first = case
    last = first + WINDOW

    line = shifts(schedule, first, last)

    assert (line[0].starts, line[-1].ends) == (first, last)
    for before, after in pairwise(line):
        assert before.ends == after.starts
        assert (before.user, before.reason) != (after.user, after.reason)
