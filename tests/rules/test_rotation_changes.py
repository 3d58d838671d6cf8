"""Another rotation from a date on: the past stays, no gap comes, and turns go on where nothing about them changes."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.on_call import gaps, shifts
from domain.rotation import active_interval
from domain.schedule import Handoff, Rotation, RotationUnit, Schedule, Weekday
from domain.schedule_edits import ChangedLayer, EditRefused, RotationChange, change_rotation
from tests.support.schedules import layer, line, local, override, schedule, slot, utc

WEEKLY = layer("ana", "ben", name="Weekly", unit=RotationUnit.WEEK, weekday=Weekday.MONDAY)
TWO_DAYS = Rotation(2, RotationUnit.DAY)


def changed(what: Schedule, result: ChangedLayer) -> Schedule:
    layers = [*what.layers]
    layers[result.position : result.position + 1] = [result.ended, *result.begun]
    return replace(what, layers=tuple(layers))


def held(what: Schedule, starts: datetime, length: timedelta) -> list[tuple[str | None, datetime]]:
    """Who is on call in a window and from when on, whatever the layers are called."""
    pieces: list[tuple[str | None, datetime]] = []
    for shift in shifts(what, starts, starts + length):
        if not pieces or pieces[-1][0] != shift.user:
            pieces.append((shift.user, shift.starts))
    return pieces


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

    result = change_rotation(what, "Daily", RotationChange(local("2026-01-07 12:00"), rotation=TWO_DAYS))

    assert [each.members for each in result.begun] == [("ben", "ben", "ana", None)]
    assert line(changed(what, result), "2026-01-07 09:00", "2026-01-12 10:00") == [
        "2026-01-07 09:00 ben",
        "2026-01-07 12:00 ben",
        "2026-01-12 09:00 ana",
    ]


def test_other_slots_in_the_middle_of_a_turn_leave_everybodys_weeks_alone() -> None:
    what = schedule(replace(WEEKLY, slots=(slot("09:00", "17:00"),)))
    change = RotationChange(date(2026, 1, 14), slots=(slot("00:00", "00:00"),))

    after = changed(what, change_rotation(what, "Weekly", change))

    assert line(after, "2026-01-14 09:00", "2026-02-02 09:00") == [
        "2026-01-14 09:00 ben",
        "2026-01-19 09:00 ana",
        "2026-01-26 09:00 ben",
    ]
    assert [each.name for each in after.layers] == ["Weekly", "Weekly from 2026-01-14", "Weekly from 2026-01-19"]


def test_other_slots_at_a_handoff_need_no_layer_for_the_rest_of_a_turn() -> None:
    what = schedule(replace(WEEKLY, rotation=Rotation(2, RotationUnit.WEEK)))
    change = RotationChange(date(2026, 1, 19), slots=(slot("09:00", "17:00"),))

    result = change_rotation(what, "Weekly", change)

    assert [each.members for each in result.begun] == [("ben", "ana")]


def test_other_slots_in_the_last_turn_end_when_the_layer_does() -> None:
    what = schedule(replace(WEEKLY, ends=date(2026, 1, 16)))
    change = RotationChange(date(2026, 1, 14), slots=(slot("09:00", "17:00"),))

    result = change_rotation(what, "Weekly", change)

    assert [(each.members, each.ends) for each in result.begun] == [(("ben",), local("2026-01-16 09:00"))]


def test_hours_that_hand_off_in_a_doubled_hour_go_on_as_before() -> None:
    """On 25 October the clock in Madrid reads 02:00 at 00:00 and at 01:00 UTC: the second one is no handoff time."""
    hours = layer("ana", "ben", name="Hours", unit=RotationUnit.HOUR, at="00:00", starts=date(2026, 10, 24))
    what = schedule(hours)
    change = RotationChange(utc("2026-10-25 01:00"), slots=(slot("00:00", "00:00"),))

    result = change_rotation(what, "Hours", change)

    assert held(changed(what, result), result.at, timedelta(days=2)) == held(what, result.at, timedelta(days=2))
    assert [each.members for each in result.begun] == [("ben",), ("ana", "ben")]


def test_weekday_of_the_handoff_does_not_move_with_the_new_start() -> None:
    what = schedule(replace(WEEKLY, handoff=Handoff(time(9)), starts=date(2026, 1, 6)))

    result = change_rotation(what, "Weekly", RotationChange(date(2026, 1, 15), members=("cleo", "ben")))

    assert [each.handoff.weekday for each in result.begun] == [Weekday.TUESDAY]


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
IN_TURN = changed(
    schedule(WEEKLY),
    change_rotation(schedule(WEEKLY), "Weekly", RotationChange(date(2026, 1, 14), slots=(slot("09:00", "17:00"),))),
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
            IN_TURN,
            "Weekly",
            date(2026, 1, 8),
            "Layer Weekly already changes to layer Weekly from 2026-01-14 on 2026-01-14 09:00. For a date after that "
            "change layer Weekly from 2026-01-19; for another one first take it back: remove layer "
            "Weekly from 2026-01-14 and layer Weekly from 2026-01-19 and the end of layer Weekly.",
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
@settings(max_examples=150)
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
    assert active_interval(result.ended, what.timezone).ends == active_interval(result.begun[0], what.timezone).starts
    ends = active_interval(what.layers[0], what.timezone).ends
    if ends.year < 2028:
        assert shifts(after, ends, ends + month) == shifts(what, ends, ends + month)


CLOCKED = [
    ("Europe/Madrid", date(2026, 3, 29)),
    ("Europe/Madrid", date(2026, 10, 25)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Africa/Casablanca", date(2026, 2, 15)),
    ("Antarctica/Troll", date(2026, 10, 25)),
    ("Asia/Kathmandu", date(2026, 6, 1)),
]


@given(
    clock=st.sampled_from(CLOCKED),
    members=st.lists(PEOPLE | st.none(), min_size=1, max_size=5),
    rotation=st.builds(Rotation, st.integers(1, 5), st.sampled_from(list(RotationUnit))),
    handoff=HANDOFFS,
    begins=st.timedeltas(timedelta(days=-60), timedelta(days=-2)),
    after=st.timedeltas(timedelta(days=-1), timedelta(days=2)).map(lambda time: time - time % timedelta(minutes=30)),
    lasts=st.none() | st.timedeltas(timedelta(days=3), timedelta(days=60)),
)
@settings(max_examples=300)
def test_other_slots_leave_every_turn_as_it_was(
    clock: tuple[str, date],
    members: list[str | None],
    rotation: Rotation,
    handoff: Handoff,
    begins: timedelta,
    after: timedelta,
    lasts: timedelta | None,
) -> None:
    """At every instant; by other slots that hold always, so that the turns alone are seen."""
    timezone, day = clock
    midnight = local(day.isoformat(), timezone)
    ends = None if lasts is None else midnight + lasts
    changing = replace(
        layer(*members, name="Changing", starts=(midnight + begins).replace(microsecond=0), ends=ends),
        rotation=rotation,
        handoff=handoff,
    )
    what = schedule(changing, timezone=timezone)

    result = change_rotation(what, "Changing", RotationChange(midnight + after, slots=(slot("05:00", "05:00"),)))

    window = midnight - timedelta(days=70), timedelta(days=200)
    assert held(changed(what, result), *window) == held(what, *window)
