"""Subscribed calendars: whole shifts, from the running one to the horizon, with identities that outlive edits."""

from dataclasses import replace
from datetime import date, timedelta

from domain.calendar_feeds import Feed, FeedEvent, FeedScope, feed_events, feed_name
from domain.directory import Directory, User
from domain.local_time import wall_clock
from domain.on_call import shifts
from domain.schedule import Absence, RotationUnit, Schedule, Weekday
from tests.support.schedules import MADRID, layer, local, override, schedule, utc

WEEKLY = layer("ana", "ben", name="Weekly", unit=RotationUnit.WEEK, weekday=Weekday.MONDAY)


def world(*schedules: Schedule) -> Directory:
    people = {"ana": User("ana", "Ana Reyes"), "ben": User("ben", "Ben Okafor")}
    return Directory(users=people, schedules={each.key: each for each in schedules})


def everybody(days: int = 30) -> Feed:
    return Feed("ana", FeedScope.EVERYBODY, "primary", days)


def mine(user: str = "ana", days: int = 30) -> Feed:
    return Feed(user, FeedScope.MINE, None, days)


def events(*schedules: Schedule, feed: Feed | None = None, now: str = "2026-01-07 12:00") -> list[FeedEvent]:
    return feed_events(feed or everybody(), world(*schedules), local(now))


def starts(found: list[FeedEvent]) -> list[str]:
    return [f"{wall_clock(event.starts, MADRID):%Y-%m-%d %H:%M}" for event in found]


def identity(found: list[FeedEvent], start: str) -> str:
    return next(event.identity for event in found if event.starts == local(start))


def test_running_shift_is_shown_from_its_start_and_past_ones_are_not() -> None:
    assert starts(events(schedule(WEEKLY), now="2026-01-14 12:00"))[:2] == ["2026-01-12 09:00", "2026-01-19 09:00"]


def test_shifts_of_today_that_are_over_are_not_shown() -> None:
    rota = schedule(layer("ana", "ben", every=3, unit=RotationUnit.HOUR))
    assert starts(events(rota, now="2026-01-07 16:00"))[0] == "2026-01-07 15:00"


def test_last_shift_is_shown_whole() -> None:
    last = events(schedule(WEEKLY), feed=everybody(days=2))[-1]
    assert (last.starts, last.ends) == (local("2026-01-05 09:00"), local("2026-01-12 09:00"))


def test_year_of_a_rotation_is_what_the_schedule_says_across_clock_changes() -> None:
    rota = schedule(layer("ana", "ben", name="Daily"))
    shown = [(event.starts, event.ends) for event in events(rota, feed=everybody(days=365))]
    said = shifts(rota, local("2026-01-07 09:00"), local("2027-01-09 09:00"))
    assert shown == [(shift.starts, shift.ends) for shift in said][: len(shown)]
    assert len(shown) >= 365
    assert {ends - begins for begins, ends in shown} == {timedelta(hours=hours) for hours in (23, 24, 25)}


def test_gaps_are_not_shown() -> None:
    found = events(schedule(layer("ana", None, name="Daily")), feed=everybody(days=3))
    assert starts(found) == ["2026-01-07 09:00", "2026-01-09 09:00"]


def test_mine_merges_the_shifts_of_all_schedules_in_order() -> None:
    first = schedule(WEEKLY)
    second = replace(schedule(layer("ben", "ana", name="Daily")), key="second", name="Second line")
    found = events(first, second, feed=mine(days=2))
    assert [event.title for event in found] == ["On call: Primary on-call", "On call: Second line"]
    assert starts(found) == ["2026-01-05 09:00", "2026-01-08 09:00"]


def test_mine_has_the_shifts_of_whoever_i_stand_in_for() -> None:
    away = Absence("ana", utc("2026-01-09"), utc("2026-01-10"), delegate="carol")
    rota = replace(schedule(layer("ana", name="Weekly")), absences=(away,))
    (found,) = events(rota, feed=mine("carol"))
    assert (found.starts, found.ends) == (away.starts, away.ends)
    assert "for ana, who is out of office" in found.text


def test_title_names_the_schedule_and_everybodys_also_the_person() -> None:
    assert events(schedule(WEEKLY))[0].title == "Ana Reyes: Primary on-call"
    assert events(schedule(WEEKLY), feed=mine())[0].title == "On call: Primary on-call"


def test_text_says_why() -> None:
    assert (
        events(schedule(WEEKLY))[0].text
        == "On call in Primary on-call, layer Weekly, until 2026-01-12 09:00 (Europe/Madrid)"
    )


def test_name_says_whose_shifts_these_are() -> None:
    directory = world(schedule(WEEKLY))
    assert feed_name(everybody(), directory) == "Primary on-call"
    assert feed_name(Feed("ana", FeedScope.MINE_IN_SCHEDULE, "primary", 9), directory) == "Primary on-call: Ana Reyes"
    assert feed_name(mine(), directory) == "On call: Ana Reyes"


def test_answer_is_the_same_all_day_long() -> None:
    for rota in (schedule(WEEKLY), schedule(layer("ana", "ben", every=5, unit=RotationUnit.HOUR))):
        early, late = (events(rota, now=now, feed=everybody(40)) for now in ("2026-01-07 12:01", "2026-01-07 13:59"))
        assert early == late


def test_shift_that_never_changes_keeps_its_start_and_identity() -> None:
    rota = schedule(layer("ana", starts=date(1990, 1, 1)))
    early, late = (events(rota, now=now) for now in ("2026-01-07 12:00", "2026-03-07 17:00"))
    assert [(event.identity, event.starts) for event in early] == [(event.identity, event.starts) for event in late]


def test_later_handoff_on_the_same_day_moves_the_event() -> None:
    later = layer("ana", "ben", name="Weekly", unit=RotationUnit.WEEK, weekday=Weekday.MONDAY, at="10:30")
    before, after = events(schedule(WEEKLY)), events(schedule(later))
    assert identity(before, "2026-01-12 09:00") == identity(after, "2026-01-12 10:30")


def test_other_person_changes_the_event_instead_of_adding_one() -> None:
    other = replace(WEEKLY, members=("ana", "carol"))
    before, after = events(schedule(WEEKLY)), events(schedule(other))
    assert identity(before, "2026-01-12 09:00") == identity(after, "2026-01-12 09:00")


def test_override_leaves_the_identity_of_what_is_left_before_it() -> None:
    inside = override("ben", "2026-01-14 09:00", "2026-01-15 09:00")
    before, after = events(schedule(WEEKLY)), events(schedule(WEEKLY, overrides=(inside,)))
    assert identity(before, "2026-01-12 09:00") == identity(after, "2026-01-12 09:00")


def test_moved_override_is_a_moved_event() -> None:
    early = override("ben", "2026-01-14 09:00", "2026-01-15 09:00")
    late = override("ben", "2026-01-14 13:00", "2026-01-16 09:00")
    before, after = (events(schedule(WEEKLY, overrides=(each,))) for each in (early, late))
    assert identity(before, "2026-01-14 09:00") == identity(after, "2026-01-14 13:00")


def test_each_event_has_an_identity_of_its_own() -> None:
    rota = schedule(
        layer("ana", "ben", every=3, unit=RotationUnit.HOUR, name="Hourly"),
        overrides=(override("carol", "2026-01-08 10:00", "2026-01-08 11:00"),),
    )
    found = events(rota, feed=everybody(days=60))
    assert len({event.identity for event in found}) == len(found)


def test_identity_of_a_shift_stays_when_an_earlier_one_of_its_day_is_over() -> None:
    rota = schedule(layer("ana", "ben", every=3, unit=RotationUnit.HOUR))
    early, late = (events(rota, now=f"2026-01-07 {at}") for at in ("00:30", "15:30"))
    assert identity(early, "2026-01-07 18:00") == identity(late, "2026-01-07 18:00")


def test_same_shift_of_two_schedules_has_two_identities() -> None:
    second = replace(schedule(WEEKLY), key="second")
    found = events(schedule(WEEKLY), second, feed=mine())
    assert len({event.identity for event in found}) == len(found)
