"""Hotlines and policies that name a person, or a schedule, ask the delegate of whoever is out of office."""

from dataclasses import replace

from domain.alert_targets import targets_of
from domain.call_plan import PassedEntry, Target, resolve_chain
from domain.directory import AlertTarget, ChainEntry, Directory, Level, User
from domain.schedule import Absence
from tests.rules.calls import ANA, BEN, HOTLINE
from tests.support.schedules import absence, layer, local, schedule

CLEO = User("cleo", "Cleo Marsh", phones=("+15550100003",))
NOON = local("2026-01-07 12:00")
WEEK = ("2026-01-05 09:00", "2026-01-12 09:00")


def directory(*absences: Absence, users: tuple[User, ...] = (ANA, BEN, CLEO)) -> Directory:
    roster = schedule(layer("ana", name="Always"), absences=absences)
    return Directory(users={user.key: user for user in users}, schedules={"primary": roster}, absences=absences)


def chain(
    found: Directory, *entries: ChainEntry, caller: str | None = None, tester: str | None = None
) -> list[Target | PassedEntry]:
    return list(resolve_chain(found, replace(HOTLINE, chain=entries), NOON, caller, tester))


def rung(*args: object, **kwargs: object) -> list[str]:
    """The numbers that ring, and the reasons for the entries that are passed."""
    return [each.number if isinstance(each, Target) else each.reason for each in chain(*args, **kwargs)]  # type: ignore[arg-type]  # as chain


def alerts(found: Directory, *targets: AlertTarget) -> list[str]:
    """Whom a level alerts, each with the reason; the reasons alone where nobody is behind it."""
    planned = targets_of(Level(targets), 1, found, NOON)
    return [f"{alert.user}: {alert.reason}" for alert in planned.alerts] + list(planned.empty)


def test_a_chain_rings_the_delegate_of_the_user_it_names_and_says_so() -> None:
    (target,) = chain(directory(absence("ana", *WEEK, "ben")), ChainEntry(user="ana"))
    assert isinstance(target, Target)
    assert (target.user, target.number) == ("ben", "+15550100002")
    assert target.reason == "named in the chain is Ana Reyes, who is out of office: Ben Okafor is the delegate"


def test_a_chain_rings_the_delegate_of_whoever_is_on_call_and_says_for_whom() -> None:
    (target,) = chain(directory(absence("ana", *WEEK, "ben", "skiing")), ChainEntry(schedule="primary"))
    assert isinstance(target, Target)
    assert (target.user, target.schedule) == ("ben", "primary")
    assert target.reason == (
        "on call in Primary on-call, for ana, who is out of office (skiing), until 2026-01-12 09:00 (Europe/Madrid)"
    )


def test_a_delegate_who_was_already_rung_is_not_rung_again() -> None:
    found = directory(absence("ana", *WEEK, "ben"))
    assert rung(found, ChainEntry(user="ben"), ChainEntry(user="ana"), ChainEntry(user="cleo")) == [
        "+15550100002",
        "Ben Okafor was already rung in this call",
        "+15550100003",
    ]


def test_somebody_whom_the_chain_names_rings_although_they_were_rung_as_a_delegate() -> None:
    found = directory(absence("ana", *WEEK, "ben"))
    assert rung(found, ChainEntry(user="ana"), ChainEntry(user="ben")) == ["+15550100002"] * 2


def test_a_delegate_who_is_the_caller_is_passed() -> None:
    found = directory(absence("ana", *WEEK, "ben"))
    assert rung(found, ChainEntry(user="ana"), caller="+15550100002") == ["the caller is Ben Okafor"]


def test_a_delegate_without_a_phone_is_passed_with_the_whole_reason() -> None:
    found = directory(absence("ana", *WEEK, "ben"), users=(ANA, replace(BEN, phones=())))
    assert rung(found, ChainEntry(user="ana")) == [
        "Ben Okafor has no phone number "
        "(named in the chain is Ana Reyes, who is out of office: Ben Okafor is the delegate)"
    ]


def test_an_entry_for_somebody_without_a_stand_in_is_passed_and_the_next_one_rings() -> None:
    found = directory(absence("ana", *WEEK))
    assert rung(found, ChainEntry(user="ana"), ChainEntry(schedule="primary"), ChainEntry(user="ben")) == [
        "Ana Reyes is out of office and nobody stands in",
        "nobody on call in Primary on-call, for ana, who is out of office, until 2026-01-12 09:00 (Europe/Madrid)",
        "+15550100002",
    ]


def test_a_delegate_who_is_away_without_one_leaves_nobody() -> None:
    found = directory(absence("ana", *WEEK, "ben"), absence("ben", *WEEK))
    assert rung(found, ChainEntry(user="ana")) == ["Ana Reyes is out of office and nobody stands in"]


def test_in_a_circle_the_phone_of_the_user_who_is_named_rings() -> None:
    found = directory(absence("ana", *WEEK, "ben"), absence("ben", *WEEK, "ana"))
    assert rung(found, ChainEntry(user="ana"), ChainEntry(user="ben")) == ["+15550100001", "+15550100002"]


def test_test_mode_says_whose_delegate_would_have_rung() -> None:
    (target,) = chain(directory(absence("ana", *WEEK, "ben")), ChainEntry(user="ana"), tester="cleo")
    assert isinstance(target, Target)
    assert target.number == "+15550100003"
    assert target.reason.startswith("test mode: instead of Ben Okafor, named in the chain is Ana Reyes, who is out")


def test_an_alert_goes_to_the_delegate_of_the_user_whom_the_policy_names() -> None:
    found = directory(absence("ana", *WEEK, "ben"))
    assert alerts(found, AlertTarget("sms", user="ana")) == [
        "ben: named by the policy is Ana Reyes, who is out of office: Ben Okafor is the delegate"
    ]


def test_an_alert_goes_to_the_delegate_of_whoever_is_on_call() -> None:
    found = directory(absence("ana", *WEEK, "ben"))
    assert alerts(found, AlertTarget("sms", schedule="primary")) == [
        "ben: on call in Primary on-call, for ana, who is out of office, until 2026-01-12 09:00 (Europe/Madrid)"
    ]


def test_a_delegate_whom_the_level_names_too_is_alerted_once() -> None:
    found = directory(absence("ana", *WEEK, "ben"))
    assert len(alerts(found, AlertTarget("sms", user="ana"), AlertTarget("sms", user="ben"))) == 1


def test_alerts_to_somebody_without_a_stand_in_say_that_nobody_is_there() -> None:
    found = directory(absence("ana", *WEEK))
    assert alerts(found, AlertTarget("sms", user="ana"), AlertTarget("sms", schedule="primary")) == [
        "Ana Reyes is out of office and nobody stands in",
        "nobody on call in Primary on-call, for ana, who is out of office, until 2026-01-12 09:00 (Europe/Madrid)",
    ]


def test_a_delegate_who_does_not_exist_any_more_leaves_nobody_and_no_exception() -> None:
    found = directory(absence("ana", *WEEK, "ben"), users=(ANA,))
    assert rung(found, ChainEntry(user="ana"), ChainEntry(schedule="primary")) == [
        "Ana Reyes is out of office and nobody stands in",
        "ben does not exist any more",
    ]
    assert alerts(found, AlertTarget("sms", user="ana")) == ["Ana Reyes is out of office and nobody stands in"]
