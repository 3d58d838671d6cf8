"""Exports to what comes of them, and schedules to who is on call."""

import json
from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from config import schedules
from config.compile import schedule_of
from config.importers import grafana_oncall, opsgenie, pagerduty
from config.importers.draft import Imported
from config.importers.source import ExportFile, Tool
from config.resources import Body, Kind
from domain.on_call import shifts
from tests.config.files import document_of

EXPORTS = Path(__file__).parent / "exports"
#: a Wednesday
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)

_CONVERTERS = {
    Tool.PAGERDUTY: pagerduty.convert,
    Tool.OPSGENIE: opsgenie.convert,
    Tool.GRAFANA_ONCALL: grafana_oncall.convert,
}


def imported(tool: Tool, *values: Any, now: datetime = NOW) -> Imported:
    """Each value is the content of a file, as it comes from the tool's API."""
    # Through JSON, so that a test cannot pass what no file can hold.
    files = [ExportFile(f"{'abc'[i]}.json", json.loads(json.dumps(value))) for i, value in enumerate(values)]
    return _CONVERTERS[tool](files, now)


def bodies_of(made: Imported, kind: Kind) -> dict[str, Body]:
    return document_of(made.text).bodies.get(kind, {})


def schedules_of(made: Imported) -> dict[str, Body]:
    return bodies_of(made, Kind.SCHEDULES)


class Line:
    """Who is on call in a schedule of the file, looked up quickly for many instants of one stretch."""

    def __init__(self, key: str, body: Body, start: datetime, length: timedelta) -> None:
        schedule = schedule_of(key, schedules.Schedule.model_validate(body))
        self._shifts = shifts(schedule, start, start + length)
        self._starts = [shift.starts for shift in self._shifts]

    def at(self, instant: datetime) -> str | None:
        return self._shifts[bisect_right(self._starts, instant) - 1].user


def lines_of(made: Imported, start: datetime, length: timedelta) -> list[Line]:
    return [Line(key, body, start, length) for key, body in schedules_of(made).items()]


def on_call_at(lines: Iterable[Line], instant: datetime) -> set[str]:
    """Everybody who is on call in any of the schedules."""
    return {user for line in lines if (user := line.at(instant)) is not None}


def section(report: str, title: str) -> str:
    """One section of a report."""
    return report.partition(f"\n{title}\n\n")[2].partition("\n\n")[0]
