"""Whose turn it is in one layer: starts and ends, handoffs, units, every N, deliberate gaps, clock changes."""

from datetime import date, datetime, timedelta, timezone

from domain.on_call import shifts
from domain.schedule import RotationUnit, Weekday
from tests.support.schedules import layer, line, local, schedule, utc


def test_daily_turns_hand_off_at_the_local_handoff_time() -> None:
    roster = schedule(layer("ana", "ben"))

    assert line(roster, "2026-01-05 09:00", "2026-01-08 09:00") == [
        "2026-01-05 09:00 ana",
        "2026-01-06 09:00 ben",
        "2026-01-07 09:00 ana",
    ]


def test_weekly_turns_hand_off_on_the_handoff_weekday() -> None:
    roster = schedule(layer("ana", "ben", unit=RotationUnit.WEEK, weekday=Weekday.MONDAY))

    assert line(roster, "2026-01-05 09:00", "2026-01-26 09:00") == [
        "2026-01-05 09:00 ana",
        "2026-01-12 09:00 ben",
        "2026-01-19 09:00 ana",
    ]


def test_weekly_turns_without_a_weekday_hand_off_on_the_weekday_of_the_start() -> None:
    roster = schedule(layer("ana", "ben", unit=RotationUnit.WEEK, starts=date(2026, 1, 7)))

    assert line(roster, "2026-01-07 09:00", "2026-01-15 09:00") == ["2026-01-07 09:00 ana", "2026-01-14 09:00 ben"]


def test_hourly_turns_are_elapsed_time() -> None:
    roster = schedule(layer("ana", "ben", every=8, unit=RotationUnit.HOUR))

    assert line(roster, "2026-01-05 09:00", "2026-01-06 09:00") == [
        "2026-01-05 09:00 ana",
        "2026-01-05 17:00 ben",
        "2026-01-06 01:00 ana",
    ]


def test_every_n_days_is_one_turn() -> None:
    roster = schedule(layer("ana", "ben", every=3))

    assert line(roster, "2026-01-05 09:00", "2026-01-11 10:00") == [
        "2026-01-05 09:00 ana",
        "2026-01-08 09:00 ben",
        "2026-01-11 09:00 ana",
    ]


def test_every_two_weeks_is_one_turn() -> None:
    roster = schedule(layer("ana", "ben", every=2, unit=RotationUnit.WEEK, weekday=Weekday.MONDAY))

    assert line(roster, "2026-01-05 09:00", "2026-02-03 09:00") == [
        "2026-01-05 09:00 ana",
        "2026-01-19 09:00 ben",
        "2026-02-02 09:00 ana",
    ]


def test_first_member_is_on_call_from_the_start_and_then_for_a_full_turn() -> None:
    roster = schedule(
        layer("ana", "ben", unit=RotationUnit.WEEK, weekday=Weekday.MONDAY, starts=datetime(2026, 1, 7, 12, 0))
    )

    assert line(roster, "2026-01-07 11:00", "2026-01-20 09:00") == [
        "2026-01-07 11:00 -",
        "2026-01-07 12:00 ana",
        "2026-01-19 09:00 ben",
    ]


def test_first_handoff_of_a_two_week_rotation_is_the_next_handoff_weekday() -> None:
    roster = schedule(
        layer("ana", "ben", every=2, unit=RotationUnit.WEEK, weekday=Weekday.MONDAY, starts=datetime(2026, 1, 7, 12, 0))
    )

    assert line(roster, "2026-01-07 12:00", "2026-01-27 09:00") == ["2026-01-07 12:00 ana", "2026-01-26 09:00 ben"]


def test_first_handoff_of_an_hourly_rotation_is_the_next_handoff_time() -> None:
    roster = schedule(layer("ana", "ben", every=4, unit=RotationUnit.HOUR, starts=datetime(2026, 1, 5, 7, 0)))

    assert line(roster, "2026-01-05 07:00", "2026-01-05 18:00") == [
        "2026-01-05 07:00 ana",
        "2026-01-05 13:00 ben",
        "2026-01-05 17:00 ana",
    ]


def test_start_date_means_the_handoff_time_on_that_day() -> None:
    roster = schedule(layer("ana", at="14:30", starts=date(2026, 1, 5)))

    assert line(roster, "2026-01-05 00:00", "2026-01-06 00:00") == ["2026-01-05 00:00 -", "2026-01-05 14:30 ana"]


def test_start_date_time_is_local() -> None:
    roster = schedule(layer("ana", starts=datetime(2026, 1, 5, 16, 0)))

    assert shifts(roster, utc("2026-01-05"), utc("2026-01-06"))[0].ends == utc("2026-01-05 15:00")


def test_start_with_an_offset_is_that_instant() -> None:
    tokyo = timezone(timedelta(hours=9))
    roster = schedule(layer("ana", starts=datetime(2026, 1, 5, 9, 0, tzinfo=tokyo)))

    assert shifts(roster, utc("2026-01-04"), utc("2026-01-06"))[0].ends == utc("2026-01-05 00:00")


def test_end_date_means_the_handoff_time_on_that_day() -> None:
    roster = schedule(layer("ana", ends=date(2026, 1, 7)))

    assert line(roster, "2026-01-06 00:00", "2026-01-08 00:00") == ["2026-01-06 00:00 ana", "2026-01-07 09:00 -"]


def test_end_date_time_is_local() -> None:
    roster = schedule(layer("ana", ends=datetime(2026, 1, 6, 20, 0)))

    assert line(roster, "2026-01-06 00:00", "2026-01-08 00:00") == ["2026-01-06 00:00 ana", "2026-01-06 20:00 -"]


def test_null_member_keeps_its_turn_empty() -> None:
    roster = schedule(layer("ana", None, "ben"))

    assert line(roster, "2026-01-05 09:00", "2026-01-08 10:00") == [
        "2026-01-05 09:00 ana",
        "2026-01-06 09:00 -",
        "2026-01-07 09:00 ben",
        "2026-01-08 09:00 ana",
    ]


def test_two_turns_in_a_row_of_the_same_member_are_one_shift() -> None:
    roster = schedule(layer("ana", "ana", "ben"))

    assert line(roster, "2026-01-05 09:00", "2026-01-07 10:00") == ["2026-01-05 09:00 ana", "2026-01-07 09:00 ben"]


def test_handoff_belongs_to_the_next_member() -> None:
    roster = schedule(layer("ana", "ben"))

    (only,) = shifts(roster, local("2026-01-06 09:00"), local("2026-01-06 09:01"))

    assert only.user == "ben"


def test_days_keep_the_local_time_when_clocks_change() -> None:
    roster = schedule(layer("ana", "ben", starts=date(2026, 3, 28)))

    assert [s.starts for s in shifts(roster, local("2026-03-28 09:00"), local("2026-03-31 09:00"))] == [
        utc("2026-03-28 08:00"),
        utc("2026-03-29 07:00"),
        utc("2026-03-30 07:00"),
    ]


def test_hours_move_in_local_time_when_clocks_change() -> None:
    roster = schedule(layer("ana", "ben", every=24, unit=RotationUnit.HOUR, starts=date(2026, 3, 28)))

    assert line(roster, "2026-03-28 09:00", "2026-03-30 12:00") == [
        "2026-03-28 09:00 ana",
        "2026-03-29 10:00 ben",
        "2026-03-30 10:00 ana",
    ]


def test_skipped_handoff_happens_when_the_clock_jumps() -> None:
    roster = schedule(layer("ana", "ben", at="02:30", starts=date(2026, 3, 28)))

    assert shifts(roster, local("2026-03-28 12:00"), local("2026-03-29 12:00"))[1].starts == utc("2026-03-29 01:00")


def test_doubled_handoff_happens_the_first_time() -> None:
    roster = schedule(layer("ana", "ben", at="02:30", starts=date(2026, 10, 24)))

    assert shifts(roster, local("2026-10-24 12:00"), local("2026-10-25 12:00"))[1].starts == utc("2026-10-25 00:30")


def test_window_that_begins_after_the_handoff_in_the_doubled_hour_begins_with_the_next_member() -> None:
    roster = schedule(layer("ana", "ben", at="02:30", starts=date(2026, 10, 24)))

    (only,) = shifts(roster, utc("2026-10-25 01:10"), utc("2026-10-25 12:00"))  # the second 02:10

    assert only.user == "ben"


def test_handoff_on_a_day_that_the_zone_skips_happens_at_the_jump() -> None:
    roster = schedule(layer("ana", "ben", "cleo", starts=date(2011, 12, 29)), timezone="Pacific/Apia")

    assert line(roster, "2011-12-29 09:00", "2011-12-31 12:00") == [
        "2011-12-29 09:00 ana",
        "2011-12-31 00:00 ben",
        "2011-12-31 09:00 cleo",
    ]


def test_layer_that_starts_on_a_skipped_day_begins_its_first_full_turn_at_the_jump() -> None:
    roster = schedule(layer("ana", "ben", starts=date(2011, 12, 30)), timezone="Pacific/Apia")

    assert line(roster, "2011-12-29 12:00", "2011-12-31 12:00") == [
        "2011-12-29 12:00 -",
        "2011-12-31 00:00 ana",
        "2011-12-31 09:00 ben",
    ]
