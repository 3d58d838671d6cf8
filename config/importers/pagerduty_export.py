"""The shape of PagerDuty's exports, and the reading of them. ``config/importers/pagerduty.py`` has the sources."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from config.importers.people import Person, name_of
from config.importers.source import ExportFile, Foreign, Instant, Seconds, Tool, collect_all


class RestrictionType(StrEnum):
    DAILY = "daily_restriction"
    WEEKLY = "weekly_restriction"


class Restriction(Foreign):
    type: RestrictionType
    start_time_of_day: time
    duration_seconds: Seconds
    start_day_of_week: Annotated[int, Field(ge=1, le=7)] | None = None

    @model_validator(mode="after")
    def _weekly_has_a_day(self) -> Self:
        if self.type is RestrictionType.WEEKLY and self.start_day_of_week is None:
            raise ValueError("a weekly_restriction needs start_day_of_week")
        return self

    @property
    def length(self) -> timedelta:
        return timedelta(seconds=self.duration_seconds)

    @property
    def weekday(self) -> int | None:
        """Monday is 0; ``None`` is every day."""
        return None if self.type is RestrictionType.DAILY else (self.start_day_of_week or 1) - 1


class UserReference(Foreign):
    id: str
    summary: str | None = None
    name: str | None = None
    deleted_at: str | None = None

    @property
    def person(self) -> Person:
        return Person(self.id, self.name or self.summary or self.id)


class Member(Foreign):
    user: UserReference | None = None


class Layer(Foreign):
    name: str | None = None
    start: Instant
    end: Instant | None = None
    rotation_virtual_start: Instant
    rotation_turn_length_seconds: Seconds
    users: tuple[Member, ...] = ()
    restrictions: tuple[Restriction, ...] = ()


class Entry(Foreign):
    """A stretch of a rendered schedule, or an override."""

    start: Instant
    end: Instant
    user: UserReference | None = None


class Rendered(Foreign):
    rendered_schedule_entries: tuple[Entry, ...] | None = None


class Schedule(Foreign):
    id: str
    name: str | None = None
    summary: str | None = None
    time_zone: str | None = None
    schedule_layers: tuple[Layer, ...] | None = None
    overrides: tuple[Entry, ...] = ()
    overrides_subschedule: Rendered = Rendered()
    final_schedule: Rendered = Rendered()

    @property
    def title(self) -> str:
        return name_of(self.name or self.summary, self.id)


class ContactMethod(Foreign):
    type: str
    address: str | None = None
    country_code: int | None = None


class User(Foreign):
    id: str
    name: str
    email: str | None = None
    time_zone: str | None = None
    role: str | None = None
    contact_methods: tuple[ContactMethod, ...] = ()


class Policy(Foreign):
    id: str
    name: str | None = None
    summary: str | None = None


@dataclass(slots=True)
class Export:
    """Everything that the files hold. ``overrides`` are by the file that has them."""

    users: list[User] = field(default_factory=list)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    policies: list[Policy] = field(default_factory=list)
    overrides: list[tuple[str, Entry]] = field(default_factory=list)
    #: sections by whether a page says that more follow
    pages: set[tuple[str, bool]] = field(default_factory=set)

    @property
    def incomplete(self) -> set[str]:
        """The sections whose last page is not there."""
        return {section for section, has_more in self.pages if has_more and (section, False) not in self.pages}


def read(files: Sequence[ExportFile]) -> tuple[Export, list[str]]:
    """Everything that is in the files, and the names of files in folders that had nothing of PagerDuty's. Raises
    ``UnreadableExport``."""
    export = Export()
    empty = collect_all(files, Tool.PAGERDUTY, lambda file: _collect(file, file.value, None, export) > 0)
    return export, empty


_SECTIONS = {
    "schedules": "schedule",
    "users": "user",
    "escalation_policies": "policy",
    "overrides": "override",
    "schedule": "schedule",
    "user": "user",
    "escalation_policy": "policy",
    "override": "override",
}


def _collect(file: ExportFile, value: Any, kind: str | None, export: Export) -> int:
    """How many things were found, in whatever envelope: an answer of the API, several in a list, or the bare things."""
    if isinstance(value, list):
        return sum(_collect(file, item, kind, export) for item in value)
    if not isinstance(value, dict):
        return 0
    if kind is None and (kind := _bare_kind(value)) is None:
        sections = [name for name in _SECTIONS if isinstance(value.get(name), list | dict)]
        export.pages |= {(name, value.get("more") is True) for name in sections}
        # An empty list is an answer too.
        return len(sections) + sum(_collect(file, value[name], _SECTIONS[name], export) for name in sections)
    _keep(file, value, kind, export)
    return 1


def _bare_kind(value: dict[str, Any]) -> str | None:
    if "schedule_layers" in value:
        return "schedule"
    named = str(value.get("type", "")).removesuffix("_reference")
    kinds = {"schedule": "schedule", "user": "user", "escalation_policy": "policy"}
    return kinds.get(named) if "id" in value else None


def _keep(file: ExportFile, value: dict[str, Any], kind: str, export: Export) -> None:
    title = f"{kind} {value.get('name') or value.get('summary') or value.get('id') or ''}".strip()
    match kind:
        case "schedule":
            schedule = file.parse(Schedule, value, title)
            known = export.schedules.get(schedule.id)
            # A list of schedules names them without their layers.
            if known is None or known.schedule_layers is None:
                export.schedules[schedule.id] = schedule
        case "user":
            export.users.append(file.parse(User, value, title))
        case "policy":
            export.policies.append(file.parse(Policy, value, title))
        case _:
            export.overrides.append((file.name, file.parse(Entry, value, title)))
