"""The answer for one moment, its sentence, the warnings, and odd but representable data."""

import time
from dataclasses import replace
from datetime import UTC, date, datetime
from datetime import time as clock

import pytest
import whenever

from domain.on_call import OnCall, Reason, ReasonKind, describe, gaps, on_call, shifts, warnings
from domain.schedule import Layer, RotationUnit, Schedule, Weekday
from tests.support.schedules import layer, local, override, schedule, slot, utc


def weekly(*members: str | None, name: str = "Weekly") -> Layer:
    return layer(*members, name=name, unit=RotationUnit.WEEK, weekday=Weekday.MONDAY)


def test_answer_has_the_stretch_the_reason_and_who_comes_next() -> None:
    answer = on_call(schedule(weekly("ana", "ben")), local("2026-01-14 12:00"))

    assert answer == OnCall(
        user="ben",
        since=local("2026-01-12 09:00"),
        until=local("2026-01-19 09:00"),
        reason=Reason(ReasonKind.LAYER, layer="Weekly"),
        next_user="ana",
        next_at=local("2026-01-19 09:00"),
    )


def test_moment_of_the_handoff_belongs_to_the_next_user() -> None:
    answer = on_call(schedule(weekly("ana", "ben")), local("2026-01-12 09:00"))

    assert (answer.user, answer.since) == ("ben", local("2026-01-12 09:00"))


def test_stretch_ends_where_the_reason_changes() -> None:
    roster = schedule(layer("ana", name="Below"), layer("ana", name="Nights", slots=(slot("18:00", "09:00"),)))

    answer = on_call(roster, local("2026-01-07 12:00"))

    assert (answer.since, answer.until) == (local("2026-01-07 09:00"), local("2026-01-07 18:00"))


def test_next_user_is_another_one_and_not_the_same_for_another_reason() -> None:
    roster = schedule(
        weekly("ana", "ben"), layer("ana", name="Nights", slots=(slot("18:00", "09:00"),), ends=date(2026, 1, 9))
    )

    answer = on_call(roster, local("2026-01-07 12:00"))

    assert (answer.next_user, answer.next_at) == ("ben", local("2026-01-12 09:00"))


def test_next_user_is_found_behind_a_gap() -> None:
    answer = on_call(schedule(weekly("ana", None, "ben")), local("2026-01-07 12:00"))

    assert (answer.until, answer.next_user, answer.next_at) == (
        local("2026-01-12 09:00"),
        "ben",
        local("2026-01-19 09:00"),
    )


def test_gap_has_bounds_and_a_next_user_but_no_reason() -> None:
    answer = on_call(schedule(weekly("ana", None)), local("2026-01-14 12:00"))

    assert answer == OnCall(
        user=None,
        since=local("2026-01-12 09:00"),
        until=local("2026-01-19 09:00"),
        reason=None,
        next_user="ana",
        next_at=local("2026-01-19 09:00"),
    )


def test_override_bounds_the_stretch() -> None:
    cover = override("ben", "2026-12-24 09:00", "2026-12-26 09:00", replaces="ana", comment="holidays")

    answer = on_call(schedule(layer("ana"), overrides=(cover,)), local("2026-12-25 00:00"))

    assert (answer.since, answer.until, answer.next_user) == (cover.starts, cover.ends, "ana")


def test_override_across_handoffs_is_one_stretch() -> None:
    cover = override("dan", "2026-01-06 12:00", "2026-01-09 12:00")

    answer = on_call(schedule(layer("ana", "ben"), overrides=(cover,)), local("2026-01-08 00:00"))

    assert (answer.since, answer.until) == (cover.starts, cover.ends)


def test_stretch_without_end_has_a_start_and_neither_end_nor_next() -> None:
    answer = on_call(schedule(layer("ana", starts=date(2020, 1, 1))), local("2026-01-07 12:00"))

    assert answer == OnCall(
        user="ana",
        since=local("2020-01-01 09:00"),
        until=None,
        reason=Reason(ReasonKind.LAYER, layer="Layer"),
        next_user=None,
        next_at=None,
    )


def test_next_user_is_seen_months_ahead() -> None:
    roster = schedule(layer("ana"), layer("ben", starts=date(2026, 11, 2)))

    answer = on_call(roster, local("2026-01-07 12:00"))

    assert (answer.until, answer.next_user) == (local("2026-11-02 09:00"), "ben")


def test_nobody_in_an_empty_schedule() -> None:
    assert on_call(schedule(), local("2026-01-07 12:00")) == OnCall(None, None, None, None, None, None)


def test_gaps_are_the_stretches_without_a_user() -> None:
    found = gaps(schedule(weekly("ana", None)), local("2026-01-05 09:00"), local("2026-01-26 09:00"))

    assert [(gap.starts, gap.ends) for gap in found] == [(local("2026-01-12 09:00"), local("2026-01-19 09:00"))]


def test_shifts_are_cut_at_both_ends() -> None:
    (only,) = shifts(schedule(weekly("ana")), local("2026-01-06 00:00"), local("2026-01-07 00:00"))

    assert (only.starts, only.ends) == (local("2026-01-06 00:00"), local("2026-01-07 00:00"))


def test_no_shifts_in_an_empty_window() -> None:
    assert shifts(schedule(weekly("ana")), local("2026-01-06 00:00"), local("2026-01-06 00:00")) == ()


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (
            Reason(ReasonKind.LAYER, layer="Weekly"),
            "on call in Primary on-call, layer Weekly, until 2026-01-12 09:00 (Europe/Madrid)",
        ),
        (
            Reason(ReasonKind.OVERRIDE, override_id="ovr_1"),
            "on call in Primary on-call, override, until 2026-01-12 09:00 (Europe/Madrid)",
        ),
        (
            Reason(ReasonKind.OVERRIDE, override_id="ovr_1", replaced="ana", comment="holidays"),
            "on call in Primary on-call, override, instead of ana (holidays), until 2026-01-12 09:00 (Europe/Madrid)",
        ),
        (None, "nobody on call in Primary on-call, until 2026-01-12 09:00 (Europe/Madrid)"),
    ],
)
def test_reason_reads_as_a_part_of_a_sentence_in_local_time(reason: Reason | None, sentence: str) -> None:
    user = None if reason is None else "ana"
    assert describe(user, reason, schedule(), utc("2026-01-12 08:00")) == sentence


def test_reason_without_an_end_says_none() -> None:
    reason = Reason(ReasonKind.LAYER, layer="Weekly")

    assert describe("ana", reason, schedule(), None) == "on call in Primary on-call, layer Weekly"


def test_layers_of_one_name_are_pointed_out() -> None:
    found = warnings(schedule(weekly("ana"), layer("ben", name="Nights"), layer("cleo", name="Nights")))

    assert found == ("2 layers are called Nights: a reason does not tell which one is meant.",)


def test_ordinary_schedule_has_no_warnings() -> None:
    assert warnings(schedule(weekly("ana", "ben"), layer("cleo", None, slots=(slot("18:00", "09:00"),)))) == ()


@pytest.mark.parametrize("every", [12, 24])
def test_half_days_and_days_in_hours_are_warned_about_where_clocks_change(every: int) -> None:
    (sentence,) = warnings(schedule(layer("ana", "ben", every=every, unit=RotationUnit.HOUR)))

    assert f"rotates every {every} hours, and the clock in Europe/Madrid changes" in sentence


def test_days_in_hours_are_fine_where_clocks_do_not_change() -> None:
    roster = schedule(layer("ana", "ben", every=24, unit=RotationUnit.HOUR), timezone="Asia/Kathmandu")

    assert warnings(roster) == ()


def test_other_hours_are_not_warned_about() -> None:
    assert warnings(schedule(layer("ana", "ben", every=8, unit=RotationUnit.HOUR))) == ()


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (layer(), "has no members"),
        (layer(None, None), "has no members"),
        (layer("ana", ends=date(2026, 1, 5)), "ends before it starts"),
        (layer("ana", every=0), "is read as 1"),
        (layer("ana", unit=RotationUnit.WEEK), "without a handoff weekday"),
        (layer("ana", slots=(replace(slot("18:00", "09:00"), end_weekday=Weekday.MONDAY),)), "is read as daily"),
    ],
)
def test_layer_that_is_rarely_meant_is_warned_about(odd: Layer, words: str) -> None:
    (sentence,) = warnings(schedule(odd))

    assert words in sentence


def test_schedule_without_layers_is_warned_about() -> None:
    (sentence,) = warnings(schedule())

    assert "has no layer" in sentence


def test_override_that_ends_before_it_starts_is_warned_about_and_never_applies() -> None:
    roster = schedule(layer("ana"), overrides=(override("dan", "2026-01-07 12:00", "2026-01-06 12:00"),))

    assert "never applies" in warnings(roster)[0]
    assert on_call(roster, local("2026-01-07 00:00")).user == "ana"


ODD_LAYERS = [
    layer(),
    layer(None),
    layer("ana", "ben", every=0),
    layer("ana", "ben", every=-3, unit=RotationUnit.HOUR),
    layer("ana", "ben", every=10**30, unit=RotationUnit.WEEK),
    layer("ana", "ben", starts=date.min),
    layer("ana", "ben", starts=date.max),
    layer("ana", "ben", starts=datetime.min),  # noqa: DTZ901 - a local time
    layer("ana", "ben", starts=datetime.max.replace(tzinfo=UTC), unit=RotationUnit.HOUR),
    layer("ana", "ben", ends=date.min),
    layer("ana", "ben", ends=date.max, slots=(slot("18:00", "09:00"),)),
    layer("ana", "ben", slots=(slot("saturday 18:00", "monday 09:00"),), starts=date.max),
    replace(layer("ana", "ben"), handoff=replace(layer().handoff, time=clock(9, 0, 30, 5, tzinfo=UTC))),
]


@pytest.mark.parametrize("odd", ODD_LAYERS)
@pytest.mark.parametrize("at", [datetime.min, datetime(2026, 1, 7), datetime.max])  # noqa: DTZ901 - made aware below
def test_odd_data_has_an_answer_at_any_moment(odd: Layer, at: datetime) -> None:
    for timezone in ("Asia/Tokyo", "America/New_York"):
        answer = on_call(schedule(odd, timezone=timezone), at.replace(tzinfo=UTC))
        warnings(schedule(odd, timezone=timezone))

        assert answer.user in (None, "ana", "ben")


def three_layers() -> Schedule:
    return schedule(
        weekly("ana", "ben"),
        layer("cleo", "dan", None, slots=(slot("18:00", "09:00"),)),
        layer("eve", "fay", "gus", every=8, unit=RotationUnit.HOUR, slots=(slot("friday 18:00", "monday 09:00"),)),
        overrides=tuple(
            override("ana", f"2026-{month:02}-10 09:00", f"2026-{month:02}-12 09:00", replaces="ben")
            for month in range(1, 13)
        ),
    )


def test_a_year_of_a_three_layer_schedule_takes_at_most_50_ms() -> None:
    roster = three_layers()
    taken = []
    for _ in range(5):
        began = time.process_time()
        shifts(roster, utc("2026-01-01"), utc("2027-01-01"))
        taken.append(time.process_time() - began)

    assert min(taken) <= 0.050


def test_answer_agrees_with_the_line_of_shifts() -> None:
    roster = three_layers()
    line = shifts(roster, local("2026-03-20 00:00"), local("2026-04-10 00:00"))

    for shift in line[1:-1]:
        for at in (shift.starts, shift.starts + (shift.ends - shift.starts) / 2):
            answer = on_call(roster, at)
            assert (answer.user, answer.since, answer.until, answer.reason) == (
                shift.user,
                shift.starts,
                shift.ends,
                shift.reason,
            )


def test_zones_are_never_read_from_the_machine() -> None:
    assert whenever.get_tzpath() == ()
