"""Who left and who came since the last look: each change once, at its own moment, whatever is edited in between."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.on_call import on_call
from domain.schedule import Absence, RotationUnit, Schedule
from domain.shift_changes import Look, ShiftChange, Watch, look
from tests.support.schedules import layer, local, override, schedule, slot, utc

DAILY = schedule(layer("ana", "ben"))
ANAS = schedule(layer("ana"))
#: Monday 09:00: ana's first turn of ``DAILY``
MONDAY = local("2026-01-05 09:00")
HOUR = timedelta(hours=1)


def told(found: Look, timezone: str = "Europe/Madrid") -> list[str]:
    """Each change as ``2026-01-06 09:00 end ana``, in UTC."""
    return [f"{change.at:%Y-%m-%d %H:%M} {change.event} {change.user}" for change in found.changes]


def watching(what: Schedule, since: datetime = MONDAY) -> Watch:
    """After the first look, an hour later."""
    return look(what, None, since + HOUR).watch


def at_noon(day: int) -> datetime:
    return local(f"2026-01-{day:02d} 12:00")


def test_first_look_tells_whoever_is_on_call_of_the_start() -> None:
    found = look(DAILY, None, MONDAY + HOUR)
    (change,) = found.changes
    assert (change.event, change.user, change.at) == ("start", "ana", MONDAY + HOUR)
    assert (change.starts, change.ends, change.follower) == (MONDAY, local("2026-01-06 09:00"), "ben")


def test_first_look_in_the_middle_of_a_long_shift_knows_its_beginning() -> None:
    (change,) = look(ANAS, None, local("2026-04-05 12:00")).changes
    assert change.starts == MONDAY


def test_first_look_at_a_gap_tells_nobody() -> None:
    assert look(schedule(layer(None)), None, MONDAY).changes == ()


def test_a_handoff_is_an_end_and_a_start_at_its_own_moment() -> None:
    end, start = look(DAILY, watching(DAILY), at_noon(6)).changes
    handoff = local("2026-01-06 09:00")
    assert end == ShiftChange(end.event, "ana", handoff, MONDAY, handoff, "ben")
    assert start == ShiftChange(start.event, "ben", handoff, handoff, local("2026-01-07 09:00"), "ana")


def test_looking_again_finds_nothing_more() -> None:
    found = look(DAILY, watching(DAILY), at_noon(6))
    assert look(DAILY, found.watch, at_noon(6)).changes == ()


def test_a_look_at_the_very_moment_of_the_handoff_finds_it() -> None:
    assert told(look(DAILY, watching(DAILY), local("2026-01-06 09:00"))) == [
        "2026-01-06 08:00 end ana",
        "2026-01-06 08:00 start ben",
    ]


def test_a_look_with_an_older_clock_than_the_last_one_changes_nothing() -> None:
    found = look(DAILY, watching(DAILY), at_noon(6))
    earlier = look(DAILY, found.watch, at_noon(5))
    assert (earlier.changes, earlier.watch) == ((), found.watch)


def test_two_turns_in_a_row_of_one_person_are_one_shift() -> None:
    twice = schedule(layer("ana", "ana", "ben"))
    (start,) = look(twice, None, MONDAY).changes
    assert (start.ends, start.follower) == (local("2026-01-07 09:00"), "ben")
    assert look(twice, watching(twice), at_noon(6)).changes == ()
    end, _ = look(twice, watching(twice), at_noon(7)).changes
    assert (end.starts, end.ends) == (MONDAY, local("2026-01-07 09:00"))


def test_the_same_person_for_another_reason_is_the_same_shift() -> None:
    both = schedule(layer("ana", name="Days"), layer("ana", name="Nights", slots=(slot("18:00", "09:00"),)))
    assert look(both, watching(both), at_noon(9)).changes == ()


def test_a_gap_ends_a_shift_and_starts_none() -> None:
    office = schedule(layer("ana", slots=(slot("09:00", "18:00"),)))
    (end,) = look(office, watching(office), local("2026-01-05 20:00")).changes
    assert (end.event, end.at, end.follower) == ("end", local("2026-01-05 18:00"), None)


def test_after_an_outage_every_handoff_is_found_in_order() -> None:
    assert told(look(DAILY, watching(DAILY), at_noon(8))) == [
        "2026-01-06 08:00 end ana",
        "2026-01-06 08:00 start ben",
        "2026-01-07 08:00 end ben",
        "2026-01-07 08:00 start ana",
        "2026-01-08 08:00 end ana",
        "2026-01-08 08:00 start ben",
    ]


def test_an_edit_that_puts_somebody_else_on_call_counts_from_when_it_is_seen() -> None:
    end, start = look(schedule(layer("cleo")), watching(ANAS), at_noon(6)).changes
    assert (end.user, end.at, end.starts) == ("ana", at_noon(6), MONDAY)
    assert (start.user, start.at, start.starts, start.ends) == ("cleo", at_noon(6), at_noon(6), None)


def test_an_override_that_begins_in_the_past_counts_from_when_it_is_seen() -> None:
    late = replace(DAILY, overrides=(override("ben", "2026-01-05 11:00", "2026-01-06 09:00"),))
    assert told(look(late, watching(DAILY), at_noon(5))) == ["2026-01-05 11:00 end ana", "2026-01-05 11:00 start ben"]


def test_an_absence_entered_now_counts_from_now() -> None:
    away = replace(ANAS, absences=(Absence("ana", local("2026-01-05 10:30"), at_noon(9), delegate="ben"),))
    assert told(look(away, watching(ANAS), at_noon(5))) == ["2026-01-05 11:00 end ana", "2026-01-05 11:00 start ben"]


def test_an_override_that_lies_ahead_counts_from_its_own_moment() -> None:
    ahead = replace(ANAS, overrides=(override("ben", "2026-01-05 15:00", "2026-01-05 18:00"),))
    seen = look(ahead, watching(ANAS), at_noon(5))
    assert (seen.changes, seen.watch.next_at) == ((), local("2026-01-05 15:00"))
    assert told(look(ahead, seen.watch, local("2026-01-05 15:20"))) == [
        "2026-01-05 14:00 end ana",
        "2026-01-05 14:00 start ben",
    ]


def test_an_edit_that_is_undone_before_anybody_looks_is_not_told() -> None:
    assert look(DAILY, watching(DAILY), at_noon(5)).changes == ()


def test_an_edit_and_its_undoing_are_told_one_after_the_other() -> None:
    edited = look(schedule(layer("cleo")), watching(ANAS), at_noon(5))
    undone = look(ANAS, edited.watch, at_noon(5) + HOUR)
    assert told(undone) == ["2026-01-05 12:00 end cleo", "2026-01-05 12:00 start ana"]


def test_an_edit_of_what_was_is_no_news() -> None:
    """Another rotation in the past, and the same person now."""
    other = schedule(layer("ana", starts=date(2026, 1, 5)), layer("cleo", ends=local("2026-01-05 09:30")))
    assert look(other, watching(ANAS), at_noon(5)).changes == ()


def test_an_edit_that_moves_the_coming_handoff_tells_it_at_its_new_moment() -> None:
    later = schedule(layer("ana", "ben", at="11:00"))
    seen = look(later, watching(later, local("2026-01-05 11:00")), at_noon(5))
    assert told(look(later, seen.watch, at_noon(6))) == ["2026-01-06 10:00 end ana", "2026-01-06 10:00 start ben"]


def test_a_shift_without_an_end_in_sight_has_none() -> None:
    (start,) = look(ANAS, None, MONDAY).changes
    assert (start.ends, start.follower) == (None, None)
    assert look(ANAS, None, MONDAY).watch.next_at is None


def test_a_handoff_at_a_local_time_that_the_clock_skips_happens_once() -> None:
    skipping = schedule(layer("ana", "ben", at="02:30"))
    before = look(skipping, None, utc("2026-03-28 12:00")).watch
    assert told(look(skipping, before, utc("2026-03-29 12:00"))) == [
        "2026-03-29 01:00 end ana",
        "2026-03-29 01:00 start ben",
    ]


def test_a_handoff_at_a_local_time_that_the_clock_shows_twice_happens_once() -> None:
    doubled = schedule(layer("ana", "ben", at="02:30"))
    before = look(doubled, None, utc("2026-10-24 12:00")).watch
    assert told(look(doubled, before, utc("2026-10-25 12:00"))) == [
        "2026-10-25 00:30 end ana",
        "2026-10-25 00:30 start ben",
    ]


SCHEDULES = st.builds(
    lambda members, every, start, end: schedule(
        layer("ana", "ben", None), layer(*members, every=every, unit=RotationUnit.HOUR, slots=(slot(start, end),))
    ),
    st.lists(st.sampled_from(["ana", "ben", "cleo", None]), min_size=1, max_size=4),
    st.integers(1, 30),
    st.sampled_from(["02:30", "09:00", "22:00"]),
    st.sampled_from(["02:45", "17:00", "22:00"]),
)


@given(what=SCHEDULES, steps=st.lists(st.integers(1, 90), min_size=1, max_size=12), edits=st.data())
def test_whatever_is_edited_and_whenever_one_looks_the_announcements_agree_with_who_is_on_call(
    what: Schedule, steps: list[int], edits: st.DataObject
) -> None:
    """Starts and ends alternate, nobody is told twice, and whoever is announced at the end is on call."""
    now = utc("2026-03-27 00:00")
    found = look(what, None, now)
    on_duty = [change.user for change in found.changes]
    for hours in steps:
        now += timedelta(hours=hours)
        what = edits.draw(st.one_of(st.just(what), SCHEDULES))
        found = look(what, found.watch, now)
        for change in found.changes:
            if change.event == "end":
                assert on_duty == [change.user]
                on_duty.remove(change.user)
            else:
                assert on_duty == []
                on_duty.append(change.user)
        assert [change.at for change in found.changes] == sorted(change.at for change in found.changes)
        current = on_call(what, now).user
        assert on_duty == ([] if current is None else [current])
