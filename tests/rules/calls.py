"""Builders for call stories in pure rules: a plan, an event log, and a caller."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from domain.call_plan import CallPlan, plan_call
from domain.directory import ChainEntry, Directory, Hotline, Provider, User
from domain.events import Caller

START = datetime(2026, 3, 4, 9, 15, 2, tzinfo=UTC)
CALLER = Caller("+14156040016", "+14156040016")
ANA = User("ana", "Ana Reyes", phones=("+15550100001",))
BEN = User("ben", "Ben Okafor", phones=("+15550100002",))
HOTLINE = Hotline(
    key="support",
    name="On-call hotline",
    number="+12245550123",
    provider=Provider.TWILIO,
    token="demo-support",
    chain=(ChainEntry(user="ana"), ChainEntry(user="ben", ring_seconds=25)),
)
DIRECTORY = Directory(users={"ana": ANA, "ben": BEN}, hotlines={"support": HOTLINE})


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def plan(**changes: object) -> CallPlan:
    """The plan of a call to the hotline with some of its settings changed."""
    return plan_call(DIRECTORY, replace(HOTLINE, **changes), CALLER, START)  # type: ignore[arg-type]  # any field
