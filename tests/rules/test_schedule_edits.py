"""Swaps, and taking a shift."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.directory import User
from domain.local_time import wall_clock
from domain.on_call import on_call
from domain.schedule import Absence, Override, RotationUnit, Schedule
from domain.schedule_edits import Cover, EditRefused, OwnTime, swap, take, written
from tests.support.schedules import layer, line, local, schedule, slot, utc

USERS = {
    "ana": User("ana", "Ana Reyes"),
    "ben": User("ben", "Ben Okafor"),
    "cleo": User("cleo", "Cleo Park"),
}
DAILY = schedule(layer("ana", "ben"))


def own(user: str, starts: str, ends: str) -> OwnTime:
    return OwnTime(user, local(starts), local(ends))


def away(user: str, starts: str, ends: str, delegate: str | None = None) -> Absence:
    return Absence(user, local(starts), local(ends), delegate)


def covered(what: Schedule, *covers: Cover) -> Schedule:
    made = (
        Override(f"ovr_{n}", cover.user, cover.starts, cover.ends, utc("2026-01-01 12:00"), cover.replaces)
        for n, cover in enumerate(covers)
    )
    return replace(what, overrides=(*what.overrides, *made))


MONDAY = own("ana", "2026-01-05 09:00", "2026-01-06 09:00")
TUESDAY = own("ben", "2026-01-06 09:00", "2026-01-07 09:00")


def test_swap_puts_each_in_the_place_of_the_other() -> None:
    after = covered(DAILY, *swap(DAILY, USERS, MONDAY, TUESDAY))

    assert line(after, "2026-01-05 09:00", "2026-01-08 09:00") == [
        "2026-01-05 09:00 ben",
        "2026-01-06 09:00 ana",
        "2026-01-07 09:00 ana",
    ]


def test_swap_leaves_others_within_the_window_alone() -> None:
    nights = schedule(layer("ana", "ben", unit=RotationUnit.WEEK), layer("cleo", slots=(slot("09:00", "18:00"),)))
    week, next_week = own("ana", "2026-01-05 09:00", "2026-01-12 09:00"), own("ben", "2026-01-12 09:00", "2026-01-19")

    after = covered(nights, *swap(nights, USERS, week, next_week))

    assert line(after, "2026-01-05 09:00", "2026-01-06 09:00") == ["2026-01-05 09:00 cleo", "2026-01-05 18:00 ben"]


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        (
            own("ana", "2026-01-06 09:00", "2026-01-07 09:00"),
            own("ben", "2026-01-08 09:00", "2026-01-09 09:00"),
            "Ana Reyes is not on call in Primary on-call from 2026-01-06 09:00 to 2026-01-07 09:00 (Europe/Madrid). "
            "On call there: Ben Okafor.",
        ),
        (
            own("ana", "2026-01-01 09:00", "2026-01-02 09:00"),
            TUESDAY,
            "Ana Reyes is not on call in Primary on-call from 2026-01-01 09:00 to 2026-01-02 09:00 (Europe/Madrid). "
            "On call there: nobody.",
        ),
        (MONDAY, own("ana", "2026-01-07", "2026-01-08"), "A swap needs two people. Name two different ones."),
        (
            own("ana", "2026-01-05", "2026-01-09"),
            own("ben", "2026-01-05", "2026-01-09"),
            "The two windows overlap. Name for each person only the time that this person gives away.",
        ),
        (
            own("ana", "2026-01-06", "2026-01-05"),
            TUESDAY,
            "The window from 2026-01-06 00:00 to 2026-01-05 00:00 (Europe/Madrid) ends before it starts.",
        ),
        (
            own("ana", "2026-01-05", "2028-01-05"),
            TUESDAY,
            "The window from 2026-01-05 00:00 to 2028-01-05 00:00 (Europe/Madrid) is too long; "
            "swap at most 366 days at once.",
        ),
    ],
)
def test_swap_that_cannot_be_is_refused_with_the_reason(first: OwnTime, second: OwnTime, sentence: str) -> None:
    with pytest.raises(EditRefused) as refused:
        swap(DAILY, USERS, first, second)

    assert str(refused.value) == sentence


def test_swap_with_somebody_who_is_out_of_office_then_is_refused() -> None:
    what = replace(DAILY, absences=(away("ben", "2026-01-05", "2026-01-06 08:00", "cleo"),))

    with pytest.raises(EditRefused, match="Ben Okafor is out of office from 2026-01-05 09:00, so Cleo Park would"):
        swap(what, USERS, MONDAY, TUESDAY)


def test_what_a_delegate_has_is_not_the_delegates_to_swap() -> None:
    what = replace(DAILY, absences=(away("ana", "2026-01-05", "2026-01-06 09:00", "cleo"),))

    with pytest.raises(EditRefused, match="On call there: Cleo Park for Ana Reyes, who is out of office"):
        swap(what, USERS, own("cleo", "2026-01-05 09:00", "2026-01-06 09:00"), TUESDAY)


def test_shift_that_has_begun_is_taken_from_now_to_its_end() -> None:
    now = local("2026-01-05 12:00")

    assert take(DAILY, USERS, "cleo", now, now) == Cover("cleo", now, local("2026-01-06 09:00"), "ana")


def test_later_shift_is_taken_as_a_whole() -> None:
    cover = take(DAILY, USERS, "cleo", local("2026-01-08 12:00"), local("2026-01-05 12:00"))

    assert cover == Cover("cleo", local("2026-01-08 09:00"), local("2026-01-09 09:00"), "ben")


def test_gap_can_be_taken() -> None:
    what = schedule(layer("ana", None))

    cover = take(what, USERS, "cleo", local("2026-01-06 12:00"), local("2026-01-05 12:00"))

    assert line(covered(what, cover), "2026-01-06 09:00", "2026-01-07 10:00") == [
        "2026-01-06 09:00 cleo",
        "2026-01-07 09:00 ana",
    ]
    assert cover.replaces is None


def test_delegates_shift_can_be_taken() -> None:
    what = replace(DAILY, absences=(away("ana", "2026-01-05", "2026-01-20", "ben"),))
    noon = local("2026-01-05 12:00")

    after = covered(what, take(what, USERS, "cleo", noon, noon))

    assert on_call(after, noon).user == "cleo"


@pytest.mark.parametrize(
    ("what", "user", "at", "sentence"),
    [
        (DAILY, "ana", "2026-01-05 12:00", "Ana Reyes is on call in Primary on-call then anyway."),
        (
            DAILY,
            "cleo",
            "2026-01-05 09:30",
            "This was over at 2026-01-06 09:00. Name a moment from now on, or leave it out.",
        ),
        (
            schedule(layer("ana")),
            "ben",
            "2026-01-08 12:00",
            "Nothing changes in Primary on-call within a year, so there is no end. Add an override that has one.",
        ),
        (
            replace(DAILY, absences=(away("cleo", "2026-01-08 12:00", "2026-01-09"),)),
            "cleo",
            "2026-01-08 10:00",
            "Cleo Park is out of office from 2026-01-08 12:00, so nobody would be on call instead.",
        ),
    ],
)
def test_shift_that_cannot_be_taken_is_refused_with_the_reason(
    what: Schedule, user: str, at: str, sentence: str
) -> None:
    with pytest.raises(EditRefused) as refused:
        take(what, USERS, user, local(at), local("2026-01-06 12:00"))

    assert str(refused.value) == sentence


ZONES = st.sampled_from(["Europe/Madrid", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"])


@given(st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)), ZONES)
def test_instant_that_is_written_down_is_read_back_as_the_same(naive: datetime, timezone: str) -> None:
    instant = utc(naive.isoformat())

    text = written(instant, timezone)

    assert datetime.fromisoformat(text) == instant
    assert datetime.fromisoformat(text).replace(tzinfo=None) == wall_clock(instant, timezone)
