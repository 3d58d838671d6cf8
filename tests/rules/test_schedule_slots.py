"""In which windows of the wall clock a layer counts."""

from datetime import date

from domain.on_call import gaps, shifts
from tests.support.schedules import layer, line, local, schedule, slot, utc


def test_daily_slot_covers_its_window_only() -> None:
    roster = schedule(layer("ana", slots=(slot("10:00", "18:00"),)))

    assert line(roster, "2026-01-06 00:00", "2026-01-07 12:00") == [
        "2026-01-06 00:00 -",
        "2026-01-06 10:00 ana",
        "2026-01-06 18:00 -",
        "2026-01-07 10:00 ana",
    ]


def test_daily_slot_goes_across_midnight() -> None:
    roster = schedule(layer("ana", slots=(slot("18:00", "09:00"),)))

    assert line(roster, "2026-01-06 00:00", "2026-01-07 00:00") == [
        "2026-01-06 00:00 ana",
        "2026-01-06 09:00 -",
        "2026-01-06 18:00 ana",
    ]


def test_daily_slot_with_equal_ends_is_24_hours() -> None:
    roster = schedule(layer("ana", slots=(slot("08:00", "08:00"),)))

    assert gaps(roster, local("2026-03-20 00:00"), local("2026-04-05 00:00")) == ()


def test_weekly_slot_covers_a_weekend() -> None:
    roster = schedule(layer("ana", slots=(slot("friday 18:00", "monday 09:00"),)))

    assert line(roster, "2026-01-07 00:00", "2026-01-13 00:00") == [
        "2026-01-07 00:00 -",
        "2026-01-09 18:00 ana",
        "2026-01-12 09:00 -",
    ]


def test_weekly_slot_with_equal_ends_is_24_hours() -> None:
    roster = schedule(layer("ana", slots=(slot("saturday 08:00", "saturday 08:00"),)))

    assert line(roster, "2026-01-09 00:00", "2026-01-12 00:00") == [
        "2026-01-09 00:00 -",
        "2026-01-10 08:00 ana",
        "2026-01-11 08:00 -",
    ]


def test_weekly_slot_that_ends_earlier_on_its_own_weekday_lasts_until_the_next_week() -> None:
    roster = schedule(layer("ana", slots=(slot("monday 18:00", "monday 09:00"),)))

    assert line(roster, "2026-01-12 00:00", "2026-01-19 12:00") == [
        "2026-01-12 00:00 ana",
        "2026-01-12 09:00 -",
        "2026-01-12 18:00 ana",
        "2026-01-19 09:00 -",
    ]


def test_several_slots_may_overlap() -> None:
    roster = schedule(layer("ana", slots=(slot("10:00", "14:00"), slot("12:00", "16:00"), slot("16:00", "17:00"))))

    assert line(roster, "2026-01-06 00:00", "2026-01-07 00:00") == [
        "2026-01-06 00:00 -",
        "2026-01-06 10:00 ana",
        "2026-01-06 17:00 -",
    ]


def test_turns_count_on_outside_slots() -> None:
    roster = schedule(layer("ana", "ben", "cleo", slots=(slot("monday 10:00", "tuesday 08:00"),)))

    assert line(roster, "2026-01-05 10:00", "2026-01-13 10:00") == [
        "2026-01-05 10:00 ana",
        "2026-01-06 08:00 -",
        "2026-01-12 10:00 ben",  # the eighth turn: one handoff a day, seen only on Mondays
        "2026-01-13 08:00 -",
    ]


def test_slot_that_begins_before_the_layer_starts_is_cut() -> None:
    roster = schedule(layer("ana", starts=date(2026, 1, 5), slots=(slot("18:00", "12:00"),)))

    assert line(roster, "2026-01-05 00:00", "2026-01-05 18:00") == [
        "2026-01-05 00:00 -",
        "2026-01-05 09:00 ana",
        "2026-01-05 12:00 -",
    ]


def test_slot_begins_at_the_jump_when_its_start_is_skipped() -> None:
    roster = schedule(layer("ana", slots=(slot("02:30", "05:00"),)))

    covered = shifts(roster, local("2026-03-29 00:00"), local("2026-03-29 12:00"))[1]

    assert (covered.starts, covered.ends) == (utc("2026-03-29 01:00"), utc("2026-03-29 03:00"))


def test_slot_inside_the_skipped_hour_is_empty() -> None:
    roster = schedule(layer("ana", slots=(slot("02:10", "02:50"),)))

    assert line(roster, "2026-03-29 00:00", "2026-03-29 12:00") == ["2026-03-29 00:00 -"]


def test_slot_in_the_doubled_hour_is_the_first_of_the_two() -> None:
    roster = schedule(layer("ana", slots=(slot("02:00", "02:30"),)))

    covered = shifts(roster, local("2026-10-25 00:00"), local("2026-10-25 12:00"))[1]

    assert (covered.starts, covered.ends) == (utc("2026-10-25 00:00"), utc("2026-10-25 00:30"))


def test_slots_read_the_wall_clock_and_not_the_time_since_midnight() -> None:
    roster = schedule(layer("ana", slots=(slot("10:00", "11:00"),)))

    assert line(roster, "2026-03-29 00:00", "2026-03-29 12:00")[1] == "2026-03-29 10:00 ana"
