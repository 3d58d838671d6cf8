"""Short ways to write schedules in tests, and to read their shifts. Local times are Madrid's unless a zone is named."""

from datetime import UTC, date, datetime, time

from domain.local_time import instant_of, wall_clock
from domain.on_call import Shift, shifts
from domain.schedule import Absence, Handoff, Layer, Override, Rotation, RotationUnit, Schedule, Slot, Weekday

MADRID = "Europe/Madrid"


def local(text: str, timezone: str = MADRID) -> datetime:
    """The instant at which the zone's wall clock (first) reads ``2026-01-05 09:00``."""
    return instant_of(datetime.fromisoformat(text), timezone)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def layer(
    *members: str | None,
    name: str = "Layer",
    every: int = 1,
    unit: RotationUnit = RotationUnit.DAY,
    at: str = "09:00",
    weekday: Weekday | None = None,
    starts: date | datetime = date(2026, 1, 5),
    ends: date | datetime | None = None,
    slots: tuple[Slot, ...] = (),
) -> Layer:
    return Layer(
        name=name,
        members=members,
        starts=starts,
        rotation=Rotation(every, unit),
        handoff=Handoff(time.fromisoformat(at), weekday),
        ends=ends,
        slots=slots,
    )


def slot(start: str, end: str) -> Slot:
    """``18:00`` and ``09:00`` are daily, ``friday 18:00`` and ``monday 09:00`` weekly."""
    start_weekday, start_time = _weekday_and_time(start)
    end_weekday, end_time = _weekday_and_time(end)
    return Slot(start_time, end_time, start_weekday, end_weekday)


def _weekday_and_time(text: str) -> tuple[Weekday | None, time]:
    *weekday, at = text.split()
    return (Weekday(weekday[0]) if weekday else None), time.fromisoformat(at)


def override(
    user: str,
    starts: str,
    ends: str,
    *,
    replaces: str | None = None,
    age: int = 0,
    id: str = "ovr_1",  # noqa: A002 - it is the field's name
    comment: str = "",
) -> Override:
    """Local times; the greater the age, the older the override."""
    created_at = datetime(2026, 1, 1, 12, 59 - age, tzinfo=UTC)
    return Override(id, user, local(starts), local(ends), created_at, replaces, comment)


def absence(user: str, starts: str, ends: str, delegate: str | None = None, comment: str = "") -> Absence:
    """Local times."""
    return Absence(user, local(starts), local(ends), delegate, comment)


def schedule(
    *layers: Layer,
    overrides: tuple[Override, ...] = (),
    absences: tuple[Absence, ...] = (),
    timezone: str = MADRID,
) -> Schedule:
    return Schedule("primary", "Primary on-call", timezone, layers, overrides, absences)


def line(what: Schedule, start: str, end: str) -> list[str]:
    """The shifts between two local times, each as ``2026-01-05 09:00 ana`` (``-`` is nobody)."""
    found = shifts(what, local(start, what.timezone), local(end, what.timezone))
    return [_entry(shift, what.timezone) for shift in found]


def _entry(shift: Shift, timezone: str) -> str:
    return f"{wall_clock(shift.starts, timezone):%Y-%m-%d %H:%M} {shift.user or '-'}"
