"""What is told of a schedule ahead: holes, people out of reach, clashes, an unequal load; and nothing that is over."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.coverage import HORIZON, Concern, ConcernKind, concerns
from domain.directory import Directory, User
from domain.on_call import gaps, shifts
from domain.schedule import Absence, Layer, RotationUnit, Schedule, Slot, Weekday
from domain.workload import loads
from tests.support.schedules import layer, local, override, schedule, slot

NOW = local("2026-01-14 12:00")
DAY = timedelta(days=1)
USERS = {
    key: User(key, name, phones=(f"+1555010000{number}",))
    for number, (key, name) in enumerate([("ana", "Ana Reyes"), ("ben", "Ben Okafor"), ("cleo", "Cleo Martin")])
}
SLOTS = [slot("18:00", "09:00"), slot("08:00", "20:00"), slot("friday 18:00", "monday 09:00")]
PROVED = frozenset((user.key, user.phones[0]) for user in USERS.values())


def weekly(*members: str | None, **fields: object) -> Layer:
    made = layer(*members, name="Weekly", unit=RotationUnit.WEEK, weekday=Weekday.MONDAY)
    return replace(made, **fields)  # type: ignore[arg-type]


def look(
    roster: Schedule,
    now: datetime = NOW,
    users: dict[str, User] = USERS,
    verified: Collection[tuple[str, str]] = PROVED,
) -> tuple[Concern, ...]:
    return concerns(roster, Directory(users=users), verified, now)


def texts(found: Iterable[Concern], kind: ConcernKind) -> list[str]:
    return [concern.text for concern in found if concern.kind is kind]


def away(user: str, starts: str, ends: str, delegate: str | None = None) -> Absence:
    return Absence(user, local(starts), local(ends), delegate)


def test_schedule_in_order_has_no_concerns() -> None:
    assert look(schedule(weekly("ana", "ben"))) == ()


# Holes


def test_hole_ahead_is_told_with_its_times_and_what_to_do() -> None:
    back = layer("cleo", starts=local("2026-02-02 10:00"))

    (concern,) = look(schedule(weekly("ana", "ben", ends=local("2026-02-02 09:00")), back))

    assert (concern.kind, concern.key) == (ConcernKind.GAP, "gap:2026-02-02T08:00:00.000Z")
    assert concern.at == local("2026-02-02 09:00")
    assert concern.text == (
        "Nobody is on call in Primary on-call from Mon 2026-02-02 09:00 to Mon 2026-02-02 10:00 (Europe/Madrid). "
        "Add a layer or an override, unless it is meant."
    )


def test_hole_that_goes_on_now_keeps_its_beginning_and_key() -> None:
    roster = schedule(weekly("ana", None))

    first, later = look(roster)[0], look(roster, NOW + DAY)[0]

    assert (first.at, first.key) == (local("2026-01-12 09:00"), later.key)


def test_hole_that_goes_on_for_long_stays_the_same_concern() -> None:
    roster = schedule(weekly("ana", "ben", ends=date(2026, 2, 1)))

    found = {look(roster, local(day)) for day in ("2026-02-14 12:00", "2026-02-16 12:00", "2027-12-01 12:00")}

    ((concern,),) = found
    assert (concern.at, concern.key) == (local("2026-02-01 09:00"), "gap:2026-02-01T08:00:00.000Z")
    assert " from Sun 2026-02-01 09:00 on " in concern.text


def test_shift_that_goes_on_for_long_keeps_its_beginning() -> None:
    roster = schedule(layer("ana"))

    concern, later = (look(roster, NOW + days * DAY, verified=()) for days in (1, 100))

    assert concern == later
    assert concern[0].at == local("2026-01-05 09:00")


def test_hole_that_is_over_is_not_told() -> None:
    before = layer("ana", starts=local("2026-01-05 09:00"), ends=local("2026-01-10 09:00"))
    roster = schedule(before, layer("ana", starts=local("2026-01-14 11:59")))

    assert look(roster) == ()
    assert texts(look(roster, NOW - timedelta(minutes=2)), ConcernKind.GAP) != []


def test_hole_beyond_the_horizon_is_not_told_yet() -> None:
    roster = schedule(weekly("ana", "ben", ends=NOW + HORIZON))

    assert look(roster) == ()
    assert len(look(roster, NOW + timedelta(seconds=1))) == 1


def test_hole_at_the_same_hours_again_and_again_is_told_once_and_has_the_same_key_tomorrow() -> None:
    roster = schedule(layer("ana", slots=(slot("09:00", "17:00"),)))

    (concern,), (tomorrow,) = look(roster), look(roster, NOW + DAY)

    assert concern.text.startswith(
        "Nobody is on call in Primary on-call from 17:00 to 09:00 30 times in the next 30 days, "
        "first from Wed 2026-01-14 17:00 to Thu 2026-01-15 09:00 (Europe/Madrid)."
    )
    assert (concern.at, concern.key) == (None, tomorrow.key)


def test_hole_that_recurs_each_week_or_so_is_a_habit_whatever_the_day() -> None:
    roster = schedule(layer(*"abcdefg", None))

    found = [
        concern for days in range(40) for concern in look(roster, NOW + days * DAY) if concern.kind is ConcernKind.GAP
    ]

    assert {concern.key for concern in found} == {"gap:09:00:09:00"}


def test_hole_that_recurs_each_fortnight_has_its_dates() -> None:
    keys = {concern.key for concern in look(schedule(weekly("ana", None)))}

    assert keys == {f"gap:2026-{day}T08:00:00.000Z" for day in ("01-12", "01-26", "02-09")}


def test_schedule_without_layers_is_one_hole_that_stands_always() -> None:
    (concern,) = look(schedule())

    assert (concern.kind, concern.at, concern.key) == (ConcernKind.GAP, None, "gap:always")


def test_hole_of_somebody_away_names_them_once_for_the_whole_absence() -> None:
    roster = schedule(layer("ana", "ben"))
    roster = replace(roster, absences=(away("ana", "2026-01-19", "2026-01-24"),))

    (concern,) = look(roster)

    assert concern.kind is ConcernKind.AWAY
    assert concern.text == (
        "Nobody is on call in Primary on-call from Mon 2026-01-19 09:00 to Tue 2026-01-20 09:00 (Europe/Madrid), "
        "and 2 more times until Sat 2026-01-24 00:00: Ana Reyes is out of office, and there is no delegate who is "
        "here. Give Ana Reyes a delegate for that time, or add an override."
    )


def test_absence_with_a_delegate_who_is_here_is_no_concern() -> None:
    roster = replace(schedule(layer("ana", "ben")), absences=(away("ana", "2026-01-19", "2026-01-24", "cleo"),))

    assert look(roster) == ()


def test_absence_keeps_its_key_while_its_holes_pass() -> None:
    roster = replace(schedule(layer("ana", "ben")), absences=(away("ana", "2026-01-15", "2026-01-24"),))

    (before,), (within,) = look(roster), look(roster, local("2026-01-20 12:00"))

    assert (before.key, before.at) == (within.key, within.at)
    assert "2026-01-15" not in within.text


def test_absences_one_after_the_other_are_one_hole_with_one_key() -> None:
    absences = (away("ana", "2026-01-12", "2026-01-16"), away("ana", "2026-01-16", "2026-03-01"))
    roster = replace(schedule(layer("ana")), absences=absences)

    keys = {concern.key for days in range(30) for concern in look(roster, NOW + days * DAY)}

    assert keys == {"away:ana:2026-01-11T23:00:00.000Z"}


@settings(max_examples=60)
@given(
    slots=st.lists(st.sampled_from(SLOTS)),
    members=st.lists(st.sampled_from(["ana", "ben", None]), min_size=1, max_size=4),
    absent_days=st.integers(0, 20),
    now_hours=st.integers(0, 24 * 60),
)  # fmt: skip
def test_every_hole_ahead_is_told_and_nothing_else_is_called_a_hole(
    slots: list[Slot], members: list[str | None], absent_days: int, now_hours: int
) -> None:
    now = local("2026-03-10 00:00") + timedelta(hours=now_hours)
    absence = Absence("ana", local("2026-03-20"), local("2026-03-20") + absent_days * DAY)
    roster = replace(schedule(layer(*members, slots=tuple(slots))), absences=(absence,))

    told = {concern.kind for concern in look(roster, now)} & {ConcernKind.GAP, ConcernKind.AWAY}

    holes = gaps(roster, now, now + HORIZON)
    kinds = {ConcernKind.GAP if hole.reason is None else ConcernKind.AWAY for hole in holes}
    assert told == kinds


# People out of reach


def test_next_shift_of_somebody_without_a_phone_is_told() -> None:
    users = {**USERS, "ben": User("ben", "Ben Okafor")}

    (concern,) = look(schedule(weekly("ana", "ben")), users=users)

    assert (concern.kind, concern.key, concern.at) == (ConcernKind.NO_PHONE, "no_phone:ben", local("2026-01-12 09:00"))
    assert concern.text == (
        "Ben Okafor is on call in Primary on-call from Mon 2026-01-12 09:00 to Mon 2026-01-19 09:00 (Europe/Madrid), "
        "and has no phone: no call gets through. Add a phone to user ben."
    )


def test_phone_that_rings_first_must_be_proved() -> None:
    users = {**USERS, "ben": User("ben", "Ben Okafor", phones=("+15550100077", USERS["ben"].phones[0]))}

    (concern,) = look(schedule(weekly("ana", "ben")), users=users)

    assert concern.kind is ConcernKind.UNVERIFIED_PHONE
    assert "+15550100077" not in concern.text


def test_phone_proved_by_somebody_else_does_not_count() -> None:
    (concern,) = look(schedule(weekly("ana")), verified={("ben", USERS["ana"].phones[0])})

    assert concern.kind is ConcernKind.UNVERIFIED_PHONE


def test_delegate_must_be_in_reach_too() -> None:
    roster = replace(schedule(layer("ana")), absences=(away("ana", "2026-01-19", "2026-01-24", "cleo"),))

    (concern,) = look(roster, verified=PROVED - {("cleo", USERS["cleo"].phones[0])})

    assert concern.key.startswith("unverified_phone:cleo:")
    assert concern.at == local("2026-01-19")


def test_member_who_is_no_user_any_more_is_told_with_the_next_shift() -> None:
    users = {key: user for key, user in USERS.items() if key != "ben"}

    (concern,) = look(schedule(weekly("ana", "ben")), users=users)

    assert (concern.kind, concern.at) == (ConcernKind.NO_USER, local("2026-01-12 09:00"))
    assert concern.text.endswith("and is no user any more: nobody is reached. Put somebody else there.")


def test_member_who_is_no_user_and_never_on_call_is_told_without_a_time() -> None:
    (concern,) = look(schedule(layer("zoe", name="Hidden"), layer("ana", name="Above")))

    assert (concern.kind, concern.at) == (ConcernKind.NO_USER, None)


# Clashes


def test_overlapping_slots_are_told_with_an_example() -> None:
    roster = schedule(layer("ana"), layer("ana", name="Days", slots=(slot("08:00", "12:00"), slot("11:00", "18:00"))))

    (concern,) = look(roster)

    assert (concern.kind, concern.at) == (ConcernKind.OVERLAPPING_SLOTS, None)
    assert concern.text.startswith(
        "Slots 1 and 2 of layer Days in Primary on-call overlap, "
        "for example from Thu 2026-01-15 11:00 to Thu 2026-01-15 12:00 (Europe/Madrid)."
    )


def test_slots_that_touch_do_not_overlap() -> None:
    roster = schedule(layer("ana"), layer("ana", slots=(slot("08:00", "12:00"), slot("12:00", "18:00"))))

    assert look(roster) == ()


def test_slots_of_a_layer_that_has_ended_are_not_told() -> None:
    ended = layer("ana", slots=(slot("08:00", "12:00"), slot("11:00", "18:00")), ends=local("2026-01-10 09:00"))

    assert look(schedule(layer("ana"), ended)) == ()


def test_overlapping_overrides_of_different_people_say_who_wins() -> None:
    older = override("ben", "2026-01-20 08:00", "2026-01-21 08:00", age=1, id="a")
    newer = override("cleo", "2026-01-20 20:00", "2026-01-22 08:00", id="b")

    (concern,) = look(schedule(layer("ana"), overrides=(newer, older)))

    assert (concern.key, concern.at) == ("overlapping_overrides:a:b", local("2026-01-20 20:00"))
    assert concern.text == (
        "Two overrides of Primary on-call overlap from Tue 2026-01-20 20:00 to Wed 2026-01-21 08:00 (Europe/Madrid): "
        "one for Ben Okafor, a newer one for Cleo Martin. The newer one wins: where both apply Cleo Martin is on call. "
        "Delete the one that is wrong."
    )


def test_overrides_that_do_not_contradict_are_not_told() -> None:
    day = ("2026-01-20 08:00", "2026-01-21 08:00")
    for older, newer in (
        (override("ben", *day, age=1, id="a"), override("ben", *day, id="b")),
        (override("ben", *day, replaces="ana", age=1, id="a"), override("ana", *day, replaces="cleo", id="b")),
        (override("ben", *day, replaces="ana", age=1, id="a"), override("cleo", *day, replaces="ben", id="b")),
    ):
        assert look(schedule(layer("ana"), overrides=(older, newer))) == ()


def test_shift_that_was_taken_back_and_given_on_is_no_clash() -> None:
    day = ("2026-01-20 08:00", "2026-01-21 08:00")
    roster = schedule(
        layer("ana"),
        overrides=(
            override("ben", *day, replaces="ana", age=2, id="a"),
            override("ana", *day, replaces="ben", age=1, id="b"),
            override("cleo", *day, replaces="ana", id="c"),
        ),
    )

    assert look(roster) == ()


def test_gap_that_was_taken_and_given_on_is_no_clash() -> None:
    day = ("2026-01-20 08:00", "2026-01-21 08:00")
    older, newer = override("ben", *day, age=1, id="a"), override("cleo", *day, replaces="ben", id="b")

    assert look(schedule(layer("ana"), overrides=(older, newer))) == ()


def test_clash_begins_where_the_older_override_was_not_taken_back() -> None:
    day = ("2026-01-20 08:00", "2026-01-21 08:00")
    roster = schedule(
        layer("ana"),
        overrides=(
            override("ben", *day, replaces="ana", age=2, id="a"),
            override("ana", "2026-01-20 08:00", "2026-01-20 20:00", replaces="ben", age=1, id="b"),
            override("cleo", *day, replaces="ana", id="c"),
        ),
    )

    assert [(each.key, each.at) for each in look(roster)] == [("overlapping_overrides:a:c", local("2026-01-20 20:00"))]


def test_overrides_whose_overlap_is_over_are_not_told() -> None:
    older = override("ben", "2026-01-10 08:00", "2026-01-14 11:00", age=1, id="a")
    newer = override("cleo", "2026-01-13 08:00", "2026-01-20 08:00", id="b")

    assert look(schedule(layer("ana"), overrides=(older, newer))) == ()


def test_circle_of_delegates_is_told_with_its_beginning() -> None:
    absences = (away("ana", "2026-01-19", "2026-01-24", "ben"), away("ben", "2026-01-20", "2026-01-24", "ana"))

    found = look(replace(schedule(weekly("ana", "ben")), absences=absences))

    assert [(each.kind, each.at) for each in found] == [(ConcernKind.CIRCLE, local("2026-01-20"))]


def test_circle_of_people_without_a_shift_in_it_is_not_told() -> None:
    absences = (away("ana", "2026-01-19", "2026-01-24", "ben"), away("ben", "2026-01-20", "2026-01-24", "ana"))
    past = (layer("ana", ends=date(2026, 1, 10)), layer("ben", ends=date(2026, 1, 10)), layer("cleo"))

    found = look(replace(schedule(*past), absences=absences))

    assert ConcernKind.CIRCLE not in [each.kind for each in found]


def test_circle_that_is_over_is_not_told() -> None:
    absences = (away("ana", "2026-01-05", "2026-01-14", "ben"), away("ben", "2026-01-05", "2026-01-14", "ana"))

    assert look(replace(schedule(weekly("ana", "ben")), absences=absences)) == ()


# Load


def test_unequal_load_is_told_with_the_figures() -> None:
    (concern,) = look(schedule(weekly("ana", "ana", "ben")), local("2026-01-12 09:00"))

    assert (concern.kind, concern.at, concern.key) == (ConcernKind.UNBALANCED, None, "unbalanced:Weekly")
    assert concern.text == (
        "In the next 12 weeks Ana Reyes has 1,345 h (448 h at night, 384 h at weekends) on call in Primary on-call, "
        "Ben Okafor has 671 h (223 h at night, 191 h at weekends), and both are members of Weekly. "
        "Change the order of the members, or share the load with overrides."
    )


def test_members_of_different_layers_are_not_compared() -> None:
    roster = schedule(weekly("ana"), layer("ben", name="Mondays", slots=(slot("monday 09:00", "monday 12:00"),)))

    assert look(roster) == ()


@settings(max_examples=60)
@given(
    people=st.integers(2, 15),
    every=st.integers(1, 3),
    unit=st.sampled_from(RotationUnit),
    now_hours=st.integers(0, 24 * 400),
)
def test_plain_rotation_is_never_called_unequal(people: int, every: int, unit: RotationUnit, now_hours: int) -> None:
    """Wherever the twelve weeks end in its round."""
    members = [f"user{number}" for number in range(people)]
    roster = schedule(layer(*members, every=every, unit=unit))
    now = local("2026-01-06 00:00") + timedelta(hours=now_hours)

    assert texts(look(roster, now), ConcernKind.UNBALANCED) == []


@settings(max_examples=60)
@given(starts=st.integers(0, 24 * 365), hours=st.integers(1, 24 * 40))
def test_loads_add_up_to_the_covered_time(starts: int, hours: int) -> None:
    begin = local("2026-01-06 00:00") + timedelta(hours=starts)
    line = shifts(schedule(layer("ana", "ben", None)), begin, begin + timedelta(hours=hours))

    found = loads(line, "Europe/Madrid").values()

    covered = sum((shift.ends - shift.starts for shift in line if shift.user is not None), timedelta())
    assert sum((load.total for load in found), timedelta()) == covered
    assert all(max(load.nights, load.weekends) <= load.total for load in found)


def test_nights_and_weekends_are_local_time() -> None:
    line = shifts(schedule(layer("ana")), local("2026-03-27 21:00"), local("2026-03-30 09:00"))

    (load,) = loads(line, "Europe/Madrid").values()

    # The night to Sunday the 29th has an hour less, for the clock goes forward.
    assert (load.nights, load.weekends) == (timedelta(hours=23), timedelta(hours=47))


def test_odd_data_is_no_exception() -> None:
    far = local("9999-12-30 09:00")
    roster = schedule(
        layer(starts=far, slots=(slot("09:00", "09:00"), slot("09:00", "10:00"))),
        layer("ana", starts=far, ends=local("2026-01-01")),
        overrides=(override("ana", "2026-02-02", "2026-02-01"),),
    )

    assert {concern.kind for concern in look(roster)} == {ConcernKind.GAP, ConcernKind.OVERLAPPING_SLOTS}
