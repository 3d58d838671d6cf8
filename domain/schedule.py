"""On-call schedules as data: layers with rotation and slots, and overrides.

``domain/on_call.py`` says who is on call. The rules (half-open intervals, local time for days and weeks, elapsed time
for hours, what a skipped or doubled local time means) are stated one by one in ``docs/schedules.md``.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum


class RotationUnit(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


class Weekday(StrEnum):
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


@dataclass(frozen=True, slots=True)
class Rotation:
    every: int = 1
    unit: RotationUnit = RotationUnit.WEEK


@dataclass(frozen=True, slots=True)
class Handoff:
    """When a turn ends, on the schedule's wall clock.

    ``weekday`` matters for weekly rotation only; ``None`` there means the weekday of the layer's ``starts``.
    """

    time: time
    weekday: Weekday | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """A window on the wall clock; without ``start_weekday`` it is daily. ``start == end`` on one day is 24 hours."""

    start: time
    end: time
    start_weekday: Weekday | None = None
    end_weekday: Weekday | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """One rotation. ``None`` among the members is a deliberate gap.

    ``starts`` and ``ends``: a local date (the handoff time on that day), a local date-time, or an aware date-time.
    """

    name: str
    members: tuple[str | None, ...]
    starts: date | datetime
    rotation: Rotation
    handoff: Handoff
    ends: date | datetime | None = None
    slots: tuple[Slot, ...] = ()


@dataclass(frozen=True, slots=True)
class Override:
    """One user instead of another (``replaces``) or of everybody, in a half-open window of instants.

    ``created_at`` orders overrides: the newest wins.
    """

    id: str
    user: str
    starts: datetime
    ends: datetime
    created_at: datetime
    replaces: str | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody is out of office in a half-open window of instants, and ``delegate`` has their duties meanwhile; with
    ``None`` nobody has. Where a person's absences overlap, the later one in the list counts."""

    user: str
    starts: datetime
    ends: datetime
    delegate: str | None = None
    comment: str = ""


class ShiftEvent(StrEnum):
    """What people, rooms and webhooks are told about a shift."""

    START = "start"
    END = "end"


@dataclass(frozen=True, slots=True)
class NoticeRoom:
    """A room that is told of shifts, as an escalation level names it: channel and address."""

    channel: str
    to: str
    events: tuple[ShiftEvent, ...] = tuple(ShiftEvent)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Layers in file order: the later one wins where it covers somebody.

    ``absences`` are everybody's, members or not: a delegate may be away too. ``owners`` are told of what is wrong
    ahead.
    """

    key: str
    name: str
    timezone: str
    layers: tuple[Layer, ...]
    overrides: tuple[Override, ...] = ()
    absences: tuple[Absence, ...] = ()
    owners: tuple[str, ...] = ()
    rooms: tuple[NoticeRoom, ...] = ()
