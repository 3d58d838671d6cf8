"""Whose duties a delegate has, for how long, and what is said about it."""

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from domain.on_call import OnCall, Reason, ReasonKind, describe, gaps, layer_shifts, on_call, warnings
from domain.out_of_office import StandIn, circles, stand_in, turning_points
from domain.schedule import Absence
from tests.support.schedules import absence, layer, line, local, override, schedule, slot

ALWAYS = layer("ana", name="Always")
NOON = local("2026-01-07 12:00")
#: a week around noon
WEEK = ("2026-01-05 09:00", "2026-01-12 09:00")


def test_somebody_who_is_here_has_their_own_duties() -> None:
    assert stand_in("ana", [absence("ben", *WEEK, "cleo")], NOON) == StandIn("ana")


def test_a_delegate_has_the_duties_from_the_first_moment_and_no_longer_in_the_last() -> None:
    away = absence("ana", *WEEK, "ben")
    assert stand_in("ana", [away], away.starts) == StandIn("ben", away)
    assert stand_in("ana", [away], away.ends) == StandIn("ana")


def test_a_delegate_who_is_away_hands_on_to_their_own_delegate() -> None:
    own = absence("ana", *WEEK, "ben")
    assert stand_in("ana", [own, absence("ben", *WEEK, "cleo")], NOON) == StandIn("cleo", own)


def test_nobody_has_the_duties_of_somebody_without_a_delegate() -> None:
    away = absence("ana", *WEEK)
    assert stand_in("ana", [away], NOON) == StandIn(None, away)


def test_nobody_has_the_duties_when_the_delegate_is_away_without_one() -> None:
    own = absence("ana", *WEEK, "ben")
    assert stand_in("ana", [own, absence("ben", *WEEK)], NOON) == StandIn(None, own)


def test_of_overlapping_absences_the_later_one_in_the_list_counts() -> None:
    first, second = absence("ana", *WEEK, "ben"), absence("ana", "2026-01-07 09:00", "2026-01-08 09:00", "cleo")
    assert stand_in("ana", [first, second], NOON) == StandIn("cleo", second)
    assert stand_in("ana", [second, first], NOON) == StandIn("ben", first)


def test_in_a_circle_everybody_keeps_their_own_duties() -> None:
    away = [absence("ana", *WEEK, "ben"), absence("ben", *WEEK, "ana")]
    assert stand_in("ana", away, NOON) == StandIn("ana", away[0], circle=True)
    assert stand_in("ben", away, NOON) == StandIn("ben", away[1], circle=True)


def test_somebody_whose_delegates_lead_into_a_circle_keeps_the_duties_too() -> None:
    away = [absence("ana", *WEEK, "ben"), absence("ben", *WEEK, "cleo"), absence("cleo", *WEEK, "ben")]
    assert stand_in("ana", away, NOON) == StandIn("ana", away[0], circle=True)


def test_a_circle_lasts_only_while_all_of_it_are_away() -> None:
    away = [absence("ana", *WEEK, "ben"), absence("ben", "2026-01-07 09:00", "2026-01-08 09:00", "ana")]
    assert stand_in("ana", away, local("2026-01-06 12:00")) == StandIn("ben", away[0])
    assert list(circles(away)) == [("ana", local("2026-01-07 09:00")), ("ben", local("2026-01-07 09:00"))]


DAYS = st.integers(1, 12).map(lambda day: local(f"2026-01-{day:02d} 09:00"))
PEOPLE = st.sampled_from(["ana", "ben", "cleo", "dan"])
ABSENCES = st.lists(st.builds(Absence, PEOPLE, DAYS, DAYS, st.one_of(st.none(), PEOPLE)), max_size=12)


@given(away=ABSENCES)
def test_whoever_is_led_in_a_circle_is_reported_from_its_first_moment(away: list[Absence]) -> None:
    first_moments: dict[str, datetime] = {}
    for moment in turning_points(away):
        for user in ("ana", "ben", "cleo", "dan"):
            if stand_in(user, away, moment).circle:
                first_moments.setdefault(user, moment)
    assert dict(circles(away)) == first_moments


def test_an_absence_that_ends_before_it_starts_never_applies() -> None:
    away = absence("ana", WEEK[1], WEEK[0], "ben")
    assert stand_in("ana", [away], NOON) == StandIn("ana")


def test_turning_points_are_when_somebody_leaves_or_returns() -> None:
    away = [absence("ben", *WEEK), absence("ana", "2026-01-01 00:00", "2026-01-05 09:00")]
    assert turning_points(away) == [local("2026-01-01 00:00"), local(WEEK[0]), local(WEEK[1])]


def test_the_delegate_is_on_call_for_exactly_the_absence_and_the_reason_says_for_whom() -> None:
    away = absence("ana", "2026-01-07 00:00", "2026-01-08 00:00", "ben", "at the dentist")
    assert on_call(schedule(ALWAYS, absences=(away,)), NOON) == OnCall(
        user="ben",
        since=away.starts,
        until=away.ends,
        reason=Reason(ReasonKind.DELEGATE, layer="Always", comment="at the dentist", delegated_by="ana"),
        next_user="ana",
        next_at=away.ends,
    )


def test_absences_count_after_the_overrides() -> None:
    cover = override("ben", *WEEK, replaces="ana", id="ovr_7")
    roster = schedule(ALWAYS, overrides=(cover,), absences=(absence("ben", *WEEK, "cleo"),))
    answer = on_call(roster, NOON)
    assert answer.user == "cleo"
    assert answer.reason == Reason(ReasonKind.DELEGATE, override_id="ovr_7", replaced="ana", delegated_by="ben")


def test_an_override_finds_the_one_who_is_out_of_office_and_not_the_delegate() -> None:
    away = (absence("ana", *WEEK, "ben"),)
    for_ana = schedule(ALWAYS, overrides=(override("dan", *WEEK, replaces="ana"),), absences=away)
    for_ben = schedule(ALWAYS, overrides=(override("dan", *WEEK, replaces="ben"),), absences=away)
    assert [on_call(each, NOON).user for each in (for_ana, for_ben)] == ["dan", "ben"]


def test_shifts_of_a_delegate_for_two_people_are_two_shifts() -> None:
    roster = schedule(layer("ana", "ben"), absences=(absence("ana", *WEEK, "cleo"), absence("ben", *WEEK, "cleo")))
    assert line(roster, "2026-01-05 09:00", "2026-01-07 09:00") == ["2026-01-05 09:00 cleo", "2026-01-06 09:00 cleo"]


def test_somebody_who_comes_and_goes_cuts_only_their_own_shifts() -> None:
    roster = schedule(layer("ana", "ben"), absences=(absence("ana", "2026-01-06 12:00", "2026-01-07 12:00", "cleo"),))
    assert line(roster, "2026-01-05 09:00", "2026-01-08 09:00") == [
        "2026-01-05 09:00 ana",
        "2026-01-06 09:00 ben",
        "2026-01-07 09:00 cleo",
        "2026-01-07 12:00 ana",
    ]


def test_an_absence_without_a_delegate_is_a_gap_that_says_why() -> None:
    roster = schedule(ALWAYS, absences=(absence("ana", *WEEK),))
    (gap,) = gaps(roster, local(WEEK[0]), local(WEEK[1]))
    assert describe(gap.user, gap.reason, roster, gap.ends) == (
        "nobody on call in Primary on-call, for ana, who is out of office, until 2026-01-12 09:00 (Europe/Madrid)"
    )


def test_the_layer_alone_knows_no_absence() -> None:
    roster = schedule(ALWAYS, absences=(absence("ana", *WEEK),))
    (shift,) = layer_shifts(roster, ALWAYS, local(WEEK[0]), local(WEEK[1]))
    assert (shift.user, shift.reason) == ("ana", Reason(ReasonKind.LAYER, layer="Always"))


def test_the_layer_alone_has_its_own_gaps() -> None:
    nights = layer("ben", name="Nights", slots=(slot("18:00", "09:00"),))
    found = layer_shifts(schedule(ALWAYS, nights), nights, local("2026-01-05 12:00"), local("2026-01-06 12:00"))
    assert [(shift.user, shift.starts) for shift in found] == [
        (None, local("2026-01-05 12:00")),
        ("ben", local("2026-01-05 18:00")),
        (None, local("2026-01-06 09:00")),
    ]


def test_a_circle_of_somebody_in_the_schedule_is_warned_about_once() -> None:
    away = (absence("ana", *WEEK, "ben"), absence("ben", *WEEK, "ana"), absence("ana", *WEEK, "ben"))
    assert warnings(schedule(ALWAYS, absences=away)) == (
        "From 2026-01-05 09:00 the delegates of ana lead in a circle: the shifts of ana stay where they are.",
    )


def test_a_leap_day_has_its_own_turn_and_its_own_absence() -> None:
    away = absence("cleo", "2028-02-29 00:00", "2028-03-01 00:00", "dan")
    roster = schedule(layer("ana", "ben", "cleo"), absences=(away,))
    assert line(roster, "2028-02-28 09:00", "2028-03-02 09:00") == [
        "2028-02-28 09:00 ben",
        "2028-02-29 09:00 dan",
        "2028-03-01 00:00 cleo",
        "2028-03-01 09:00 ana",
    ]
