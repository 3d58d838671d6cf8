"""Whom a level alerts, why, and over what else when a provider refuses."""

from datetime import date

from domain.alert_targets import fallback, targets_of
from domain.directory import AlertTarget, Directory, Level, User
from tests.support.schedules import layer, local, schedule

ANA = User("ana", "Ana Reyes", email="ana@acme.example", phones=("+15550100001",))
NINE = local("2026-01-05 09:00")


def test_who_is_on_call_is_alerted_with_the_reason() -> None:
    directory = Directory(users={"ana": ANA}, schedules={"primary": schedule(layer("ana", name="Weekly"))})
    (alert,) = targets_of(Level((AlertTarget("phone", schedule="primary"),)), 2, directory, NINE).alerts
    assert (alert.user, alert.address, alert.rule) == ("ana", "+15550100001", "level 2, alert 1")
    assert alert.reason.startswith("on call in Primary on-call, layer Weekly")


def test_a_schedule_that_has_nobody_at_that_moment_is_empty_with_the_reason() -> None:
    directory = Directory(schedules={"primary": schedule(layer("ana", starts=date(2027, 1, 1)))})
    targets = targets_of(Level((AlertTarget("phone", schedule="primary"),)), 1, directory, NINE)
    assert targets.alerts == ()
    assert targets.empty[0].startswith("nobody on call in Primary on-call")


def test_an_address_needs_no_user() -> None:
    level = Level((AlertTarget("email", to="desk@acme.example"),))
    (alert,) = targets_of(level, 1, Directory(), NINE).alerts
    assert (alert.user, alert.address) == ("", "desk@acme.example")


def test_the_next_channel_is_one_that_was_not_tried_and_has_an_address() -> None:
    assert fallback(ANA, {"sms"}) == ("phone", "+15550100001")
    assert fallback(ANA, {"sms", "phone"}) == ("email", "ana@acme.example")
    assert fallback(User("ben", "Ben Okafor", email="ben@acme.example"), {"sms"}) == ("email", "ben@acme.example")


def test_without_another_channel_there_is_no_next_one() -> None:
    assert fallback(ANA, {"sms", "phone", "email"}) is None
