"""How long a year of shifts takes: the rules alone, in this process."""

import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock

from bench.figures import Latencies, Row, judged
from domain.on_call import shifts
from domain.schedule import Absence, Handoff, Layer, Override, Rotation, RotationUnit, Schedule, Slot

_RUNS = 50
_TARGET_MS = 50.0
_STARTS = datetime(2026, 1, 10, tzinfo=UTC)
_YEAR = timedelta(days=365)


def measure() -> list[Row]:
    """A team's schedule with everything in it, in a zone whose clock changes."""
    schedule = _schedule()
    seconds = []
    for _ in range(_RUNS):
        began = time.perf_counter()
        found = shifts(schedule, _STARTS, _STARTS + _YEAR)
        seconds.append(time.perf_counter() - began)
    taken = Latencies(seconds)
    return [
        judged(
            f"one year of a three-layer schedule ({len(found):,} shifts)",
            str(taken),
            f"p50 <= {_TARGET_MS:g} ms",
            taken.p50_ms <= _TARGET_MS,
        )
    ]


def _schedule() -> Schedule:
    office_hours = (Slot(clock(9), clock(17)),)
    return Schedule(
        key="primary",
        name="Primary on-call",
        timezone="Europe/Madrid",
        layers=(
            _layer("Weekly", RotationUnit.WEEK, "ana", "ben", "cleo"),
            _layer("Daily", RotationUnit.DAY, "ana", "ben", "cleo", "dan", None),
            _layer("Office hours", RotationUnit.HOUR, "ana", "ben", "cleo", slots=office_hours),
        ),
        overrides=tuple(_override(month) for month in range(2, 8)),
        absences=tuple(_absence(month) for month in range(3, 6)),
    )


def _layer(name: str, unit: RotationUnit, *members: str | None, slots: tuple[Slot, ...] = ()) -> Layer:
    return Layer(name, members, date(2026, 1, 5), Rotation(1, unit), Handoff(clock(9)), slots=slots)


def _override(month: int) -> Override:
    """A day for Dan: of everybody's in every other month, else of Ana's."""
    starts = datetime(2026, month, 3, tzinfo=UTC)
    replaces = "ana" if month % 2 else None
    return Override(f"ovr_{month}", "dan", starts, starts + timedelta(days=1), _STARTS, replaces)


def _absence(month: int) -> Absence:
    starts = datetime(2026, month, 10, tzinfo=UTC)
    return Absence("ben", starts, starts + timedelta(days=4), delegate="cleo")
