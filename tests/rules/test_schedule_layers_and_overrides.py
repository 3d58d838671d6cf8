"""Which layer wins, and what overrides do to the result."""

from dataclasses import replace
from datetime import date, datetime

from domain.on_call import Reason, ReasonKind, shifts
from tests.support.schedules import layer, line, local, override, schedule, slot, utc


def test_later_layer_wins_where_it_covers_somebody() -> None:
    roster = schedule(layer("ana"), layer("ben", slots=(slot("18:00", "20:00"),)))

    assert line(roster, "2026-01-06 12:00", "2026-01-07 12:00") == [
        "2026-01-06 12:00 ana",
        "2026-01-06 18:00 ben",
        "2026-01-06 20:00 ana",
    ]


def test_null_turn_lets_the_layer_below_decide() -> None:
    roster = schedule(layer("ana"), layer("ben", None))

    assert line(roster, "2026-01-05 12:00", "2026-01-07 12:00") == [
        "2026-01-05 12:00 ben",
        "2026-01-06 09:00 ana",
        "2026-01-07 09:00 ben",
    ]


def test_layer_that_has_ended_lets_the_layer_below_decide() -> None:
    roster = schedule(layer("ana"), layer("ben", ends=date(2026, 1, 6)))

    assert line(roster, "2026-01-05 12:00", "2026-01-07 12:00") == ["2026-01-05 12:00 ben", "2026-01-06 09:00 ana"]


def test_lowest_layer_shows_through_two_holes() -> None:
    roster = schedule(
        layer("ana"), layer("ben", slots=(slot("10:00", "14:00"),)), layer("cleo", slots=(slot("12:00", "16:00"),))
    )

    assert line(roster, "2026-01-06 09:00", "2026-01-06 18:00") == [
        "2026-01-06 09:00 ana",
        "2026-01-06 10:00 ben",
        "2026-01-06 12:00 cleo",
        "2026-01-06 16:00 ana",
    ]


def test_override_without_replaces_applies_everywhere_in_its_window() -> None:
    cover = override("dan", "2026-01-05 20:00", "2026-01-07 20:00")
    roster = schedule(layer("ana", "ben"), overrides=(cover,))

    assert line(roster, "2026-01-05 12:00", "2026-01-08 00:00") == [
        "2026-01-05 12:00 ana",
        "2026-01-05 20:00 dan",
        "2026-01-07 20:00 ana",
    ]


def test_override_without_replaces_fills_gaps() -> None:
    roster = schedule(overrides=(override("dan", "2026-01-05 20:00", "2026-01-06 20:00"),))

    assert line(roster, "2026-01-05 00:00", "2026-01-07 00:00") == [
        "2026-01-05 00:00 -",
        "2026-01-05 20:00 dan",
        "2026-01-06 20:00 -",
    ]


def test_override_with_replaces_applies_only_where_that_user_is_on_call() -> None:
    cover = override("dan", "2026-01-05 20:00", "2026-01-07 20:00", replaces="ana")
    roster = schedule(layer("ana", "ben"), overrides=(cover,))

    assert line(roster, "2026-01-05 12:00", "2026-01-08 00:00") == [
        "2026-01-05 12:00 ana",
        "2026-01-05 20:00 dan",
        "2026-01-06 09:00 ben",
        "2026-01-07 09:00 dan",
        "2026-01-07 20:00 ana",
    ]


def test_override_with_replaces_leaves_gaps_empty() -> None:
    cover = override("dan", "2026-01-05 09:00", "2026-01-07 09:00", replaces="ana")
    roster = schedule(layer("ana", None), overrides=(cover,))

    assert line(roster, "2026-01-05 09:00", "2026-01-07 09:00") == ["2026-01-05 09:00 dan", "2026-01-06 09:00 -"]


def test_newest_override_wins_whatever_the_order_in_the_file() -> None:
    newer = override("eve", "2026-01-05 10:00", "2026-01-05 14:00", age=1)
    older = override("dan", "2026-01-05 12:00", "2026-01-05 16:00", age=2)
    roster = schedule(layer("ana"), overrides=(newer, older))

    assert line(roster, "2026-01-05 09:00", "2026-01-05 18:00") == [
        "2026-01-05 09:00 ana",
        "2026-01-05 10:00 eve",
        "2026-01-05 14:00 dan",
        "2026-01-05 16:00 ana",
    ]


def test_equally_old_overrides_apply_in_file_order() -> None:
    first = override("dan", "2026-01-05 10:00", "2026-01-05 14:00")
    second = override("eve", "2026-01-05 10:00", "2026-01-05 14:00")
    roster = schedule(layer("ana"), overrides=(first, second))

    assert line(roster, "2026-01-05 11:00", "2026-01-05 12:00") == ["2026-01-05 11:00 eve"]


def test_newer_override_replaces_a_user_whom_an_older_one_displaced() -> None:
    older = override("dan", "2026-01-05 10:00", "2026-01-05 16:00", replaces="ana", age=2)
    newer = override("eve", "2026-01-05 12:00", "2026-01-05 14:00", replaces="ana", age=1)
    roster = schedule(layer("ana"), overrides=(older, newer))

    assert line(roster, "2026-01-05 09:00", "2026-01-05 18:00") == [
        "2026-01-05 09:00 ana",
        "2026-01-05 10:00 dan",
        "2026-01-05 12:00 eve",
        "2026-01-05 14:00 dan",
        "2026-01-05 16:00 ana",
    ]


def test_newer_override_replaces_a_user_whom_an_override_of_everybody_displaced() -> None:
    older = override("dan", "2026-01-05 10:00", "2026-01-05 16:00", age=2)
    newer = override("eve", "2026-01-05 12:00", "2026-01-05 14:00", replaces="ana", age=1)
    roster = schedule(layer("ana"), overrides=(older, newer))

    assert line(roster, "2026-01-05 12:00", "2026-01-05 14:00") == ["2026-01-05 12:00 eve"]


def test_newer_override_replaces_a_user_whom_an_older_one_put_on_call() -> None:
    older = override("dan", "2026-01-05 10:00", "2026-01-05 16:00", replaces="ana", age=2)
    newer = override("eve", "2026-01-05 12:00", "2026-01-05 14:00", replaces="dan", age=1)
    roster = schedule(layer("ana"), overrides=(older, newer))

    assert line(roster, "2026-01-05 12:00", "2026-01-05 15:00") == ["2026-01-05 12:00 eve", "2026-01-05 14:00 dan"]


def test_user_of_a_lower_layer_is_not_displaced_by_the_layer_above() -> None:
    cover = override("dan", "2026-01-05 10:00", "2026-01-05 16:00", replaces="ana")
    roster = schedule(layer("ana"), layer("ben"), overrides=(cover,))

    assert line(roster, "2026-01-05 10:00", "2026-01-05 16:00") == ["2026-01-05 10:00 ben"]


def test_older_override_does_not_replace_whom_a_newer_one_puts_on_call() -> None:
    newer = override("eve", "2026-01-05 10:00", "2026-01-05 16:00", age=1)
    older = override("dan", "2026-01-05 10:00", "2026-01-05 16:00", replaces="eve", age=2)
    roster = schedule(layer("ana"), overrides=(newer, older))

    assert line(roster, "2026-01-05 10:00", "2026-01-05 16:00") == ["2026-01-05 10:00 eve"]


def test_override_ends_before_its_last_moment() -> None:
    cover = override("dan", "2026-01-05 10:00", "2026-01-05 12:00")
    roster = schedule(layer("ana"), overrides=(cover,))

    (at_end,) = shifts(roster, local("2026-01-05 12:00"), local("2026-01-05 12:01"))

    assert at_end.user == "ana"


def test_override_without_an_offset_is_local() -> None:
    cover = replace(
        override("dan", "2026-01-05 10:00", "2026-01-05 12:00"),
        starts=datetime(2026, 1, 5, 10, 0),
        ends=datetime(2026, 1, 5, 12, 0),
    )
    roster = schedule(layer("ana"), overrides=(cover,))

    assert shifts(roster, utc("2026-01-05 08:30"), utc("2026-01-05 20:00"))[1].starts == utc("2026-01-05 09:00")


def test_reason_names_the_layer() -> None:
    roster = schedule(layer("ana", name="Weekly"))

    (only,) = shifts(roster, local("2026-01-05 10:00"), local("2026-01-05 11:00"))

    assert only.reason == Reason(ReasonKind.LAYER, layer="Weekly")


def test_reason_names_the_override() -> None:
    cover = override("dan", "2026-01-05 10:00", "2026-01-05 12:00", replaces="ana", id="ovr_7", comment="holidays")
    roster = schedule(layer("ana"), overrides=(cover,))

    (only,) = shifts(roster, local("2026-01-05 10:00"), local("2026-01-05 11:00"))

    assert only.reason == Reason(ReasonKind.OVERRIDE, override_id="ovr_7", replaced="ana", comment="holidays")
