"""Swaps, taking a shift, and a change of rotation from a date on."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.directory import User
from domain.local_time import wall_clock
from domain.on_call import gaps, on_call, shifts
from domain.rotation import active_interval
from domain.schedule import Absence, Handoff, Override, Rotation, RotationUnit, Schedule, Weekday
from domain.schedule_edits import (
    ChangedLayer,
    Cover,
    EditRefused,
    OwnTime,
    RotationChange,
    change_rotation,
    swap,
    take,
    written,
)
from tests.support.schedules import layer, line, local, override, schedule, slot, utc

USERS = {
    "ana": User("ana", "Ana Reyes"),
    "ben": User("ben", "Ben Okafor"),
    "cleo": User("cleo", "Cleo Park"),
}
DAILY = schedule(layer("ana", "ben"))
WEEKLY = layer("ana", "ben", name="Weekly", unit=RotationUnit.WEEK, weekday=Weekday.MONDAY)


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


def changed(what: Schedule, result: ChangedLayer) -> Schedule:
    layers = [*what.layers]
    layers[result.position : result.position + 1] = [result.ended, result.begun]
    return replace(what, layers=tuple(layers))


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


def test_new_rotation_begins_at_the_very_instant_at_which_the_old_one_ends() -> None:
    what = schedule(WEEKLY)

    after = changed(what, change_rotation(what, "Weekly", RotationChange(date(2026, 1, 14), members=("cleo", "ben"))))

    assert line(after, "2026-01-12 09:00", "2026-01-27 09:00") == [
        "2026-01-12 09:00 ben",
        "2026-01-14 09:00 cleo",
        "2026-01-26 09:00 ben",
    ]
    assert [each.name for each in after.layers] == ["Weekly", "Weekly from 2026-01-14"]


def test_date_is_the_new_handoff_time_on_that_day() -> None:
    change = RotationChange(date(2026, 1, 14), handoff=Handoff(time(17), Weekday.FRIDAY))

    result = change_rotation(schedule(WEEKLY), "Weekly", change)

    assert result.at == local("2026-01-14 17:00")


def test_without_members_the_order_goes_on_with_whoever_has_the_turn() -> None:
    what = schedule(layer("ana", None, "ben", "ben", name="Daily"))

    result = change_rotation(what, "Daily", RotationChange(local("2026-01-07 12:00"), rotation=Rotation(2)))

    assert result.begun.members == ("ben", "ben", "ana", None)


def test_weekday_of_the_handoff_does_not_move_with_the_new_start() -> None:
    what = schedule(replace(WEEKLY, handoff=Handoff(time(9)), starts=date(2026, 1, 6)))

    result = change_rotation(what, "Weekly", RotationChange(date(2026, 1, 15), members=("cleo", "ben")))

    assert result.begun.handoff.weekday is Weekday.TUESDAY


def test_new_rotation_ends_when_the_old_one_would_have() -> None:
    what = schedule(replace(WEEKLY, ends=date(2026, 3, 2)))
    change = RotationChange(date(2026, 1, 15), handoff=Handoff(time(17), Weekday.MONDAY))

    after = changed(what, change_rotation(what, "Weekly", change))

    assert gaps(after, local("2026-01-05 09:00"), local("2026-03-03"))[0].starts == local("2026-03-02 09:00")


def test_changing_twice_keeps_every_layer_under_a_name_of_its_own() -> None:
    what = schedule(WEEKLY)
    for name, starts in (
        ("Weekly", local("2026-02-02 09:00")),
        ("Weekly from 2026-02-02", local("2026-02-02 18:00")),
        ("Weekly from 2026-02-02 18:00", local("2026-02-02 18:00") + timedelta(seconds=30)),
    ):
        what = changed(what, change_rotation(what, name, RotationChange(starts, members=("cleo",))))

    assert [each.name for each in what.layers] == [
        "Weekly",
        "Weekly from 2026-02-02",
        "Weekly from 2026-02-02 18:00",
        "Weekly from 2026-02-02 18:00 (2)",
    ]
    assert gaps(what, local("2026-01-05 09:00"), local("2026-03-01")) == ()


TWICE = changed(
    schedule(WEEKLY),
    change_rotation(schedule(WEEKLY), "Weekly", RotationChange(date(2026, 2, 2), members=("cleo",))),
)


@pytest.mark.parametrize(
    ("what", "name", "starts", "sentence"),
    [
        (
            schedule(WEEKLY),
            "Daily",
            date(2026, 2, 2),
            "There is no layer Daily in Primary on-call. Its layers: Weekly.",
        ),
        (
            schedule(WEEKLY, WEEKLY),
            "Weekly",
            date(2026, 2, 2),
            "There are 2 layers Weekly in Primary on-call. Give them different names first.",
        ),
        (
            schedule(WEEKLY),
            "Weekly",
            date(2026, 1, 5),
            "Layer Weekly begins on 2026-01-05 09:00. Name a later date, or edit the layer itself.",
        ),
        (
            schedule(replace(WEEKLY, ends=date(2026, 1, 12))),
            "Weekly",
            date(2026, 1, 12),
            "Layer Weekly ends on 2026-01-12 09:00. Name an earlier date.",
        ),
        (
            TWICE,
            "Weekly",
            date(2026, 1, 20),
            "Layer Weekly already changes to layer Weekly from 2026-02-02 on 2026-02-02 09:00. For a date after that "
            "change layer Weekly from 2026-02-02; for another one first take it back: remove layer "
            "Weekly from 2026-02-02 and the end of layer Weekly.",
        ),
    ],
)
def test_change_that_cannot_be_is_refused_with_the_reason(
    what: Schedule, name: str, starts: date, sentence: str
) -> None:
    with pytest.raises(EditRefused) as refused:
        change_rotation(what, name, RotationChange(starts, members=("cleo",)))

    assert str(refused.value) == sentence


PEOPLE = st.sampled_from(["ana", "ben", "cleo"])
ROTATIONS = st.builds(Rotation, st.integers(1, 30), st.sampled_from(list(RotationUnit)))
HANDOFFS = st.builds(
    Handoff, st.times().map(lambda at: at.replace(microsecond=0)), st.none() | st.sampled_from(list(Weekday))
)
SLOTS = st.sampled_from([(), (slot("18:00", "09:00"),), (slot("friday 18:00", "monday 02:30"),)])
ZONES = st.sampled_from(["Europe/Madrid", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"])
#: around the changes of clocks in spring and autumn, and on any other day
DAYS = st.dates(date(2026, 1, 6), date(2026, 12, 31)) | st.sampled_from([date(2026, 3, 29), date(2026, 10, 25)])


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    members = draw(st.lists(PEOPLE, min_size=1, max_size=4))
    changing = replace(
        layer(*members, name="Changing", ends=draw(st.none() | st.just(date(2027, 2, 1)))),
        rotation=draw(ROTATIONS),
        handoff=draw(HANDOFFS),
        slots=draw(SLOTS),
    )
    above = layer("cleo", None, name="Above", slots=draw(SLOTS))
    cover = override("ben", "2026-06-01 10:00", "2026-06-20 10:00", replaces="ana")
    return schedule(changing, *draw(st.sampled_from([(), (above,)])), overrides=(cover,), timezone=draw(ZONES))


@given(
    schedules(),
    DAYS,
    st.none() | st.times().map(lambda at: at.replace(microsecond=0)),
    st.none() | st.lists(PEOPLE, min_size=1, max_size=3).map(tuple),
    st.none() | ROTATIONS,
    st.none() | HANDOFFS,
)
@settings(max_examples=150, deadline=None)
def test_change_leaves_the_past_as_it_was_and_makes_no_gap(
    what: Schedule,
    day: date,
    at: time | None,
    members: tuple[str, ...] | None,
    rotation: Rotation | None,
    handoff: Handoff | None,
) -> None:
    starts = day if at is None else datetime.combine(day, at)

    result = change_rotation(what, "Changing", RotationChange(starts, members, rotation, handoff))

    after = changed(what, result)
    month = timedelta(days=32)
    assert shifts(after, result.at - month, result.at) == shifts(what, result.at - month, result.at)
    assert gaps(after, result.at - month, result.at + month) == gaps(what, result.at - month, result.at + month)
    assert active_interval(result.ended, what.timezone).ends == active_interval(result.begun, what.timezone).starts
    ends = active_interval(what.layers[0], what.timezone).ends
    if ends.year < 2028:
        assert shifts(after, ends, ends + month) == shifts(what, ends, ends + month)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)), ZONES)
def test_instant_that_is_written_down_is_read_back_as_the_same(naive: datetime, timezone: str) -> None:
    instant = utc(naive.isoformat())

    text = written(instant, timezone)

    assert datetime.fromisoformat(text) == instant
    assert datetime.fromisoformat(text).replace(tzinfo=None) == wall_clock(instant, timezone)
