"""The shape of Opsgenie's exports, and the reading of them. ``config/importers/opsgenie.py`` has the sources."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from typing import Annotated, Any, assert_never

from pydantic import BeforeValidator, Field

from config.importers.cycles import WEEK, all_slots, daily_slot, weekly_slot
from config.importers.people import Person, name_of
from config.importers.source import Count, ExportFile, Foreign, Instant, Tool, collect_all
from config.resources import Body
from domain.schedule import RotationUnit, Weekday

_DAY = timedelta(days=1)
_WEEKDAYS = tuple(Weekday)


def _word(value: object) -> object:
    """The API writes ``weekday-and-time-of-day``, older exports ``WEEKDAY_AND_TIME_OF_DAY``."""
    return value.lower().replace("_", "-") if isinstance(value, str) else value


class RotationType(StrEnum):
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"

    @property
    def unit(self) -> RotationUnit:
        match self:
            case RotationType.HOURLY:
                return RotationUnit.HOUR
            case RotationType.DAILY:
                return RotationUnit.DAY
            case RotationType.WEEKLY:
                return RotationUnit.WEEK
            case _:
                assert_never(self)


class Participant(Foreign):
    type: Annotated[str, BeforeValidator(_word)] = "user"
    id: str | None = None
    username: str | None = None
    name: str | None = None

    @property
    def person(self) -> Person:
        email = self.username or (self.name if "@" in (self.name or "") else None)
        return Person(self.id or email or "", self.name or email or self.id or "", email)


class Restriction(Foreign):
    start_hour: Annotated[int, Field(ge=0, le=23, alias="startHour")]
    start_minute: Annotated[int, Field(ge=0, le=59, alias="startMin")] = 0
    end_hour: Annotated[int, Field(ge=0, le=23, alias="endHour")]
    end_minute: Annotated[int, Field(ge=0, le=59, alias="endMin")] = 0
    start_day: Annotated[Weekday | None, BeforeValidator(_word), Field(alias="startDay")] = None
    end_day: Annotated[Weekday | None, BeforeValidator(_word), Field(alias="endDay")] = None

    @property
    def slot(self) -> Body | None:
        start, end = time(self.start_hour, self.start_minute), time(self.end_hour, self.end_minute)
        length = timedelta(hours=end.hour - start.hour, minutes=end.minute - start.minute)
        if self.start_day is None or self.end_day is None:
            return daily_slot(start, length if length > timedelta() else length + _DAY)
        first = _WEEKDAYS.index(self.start_day)
        length += (_WEEKDAYS.index(self.end_day) - first) % 7 * _DAY
        return weekly_slot(first, start, length if length > timedelta() else length + WEEK)


class TimeRestriction(Foreign):
    restriction: Restriction | None = None
    restrictions: tuple[Restriction, ...] = ()

    @property
    def slots(self) -> tuple[Body, ...]:
        one = () if self.restriction is None else (self.restriction,)
        return all_slots(restriction.slot for restriction in (*one, *self.restrictions))


class Rotation(Foreign):
    id: str
    name: str | None = None
    start: Annotated[Instant, Field(alias="startDate")]
    end: Annotated[Instant | None, Field(alias="endDate")] = None
    type: Annotated[RotationType, BeforeValidator(_word)]
    length: Count = 1
    participants: tuple[Participant, ...] = ()
    time_restriction: Annotated[TimeRestriction | None, Field(alias="timeRestriction")] = None
    enabled: bool = True


class Named(Foreign):
    id: str | None = None
    name: str | None = None


class Override(Foreign):
    parent: Annotated[Named | None, Field(alias="_parent")] = None
    user: Participant
    start: Annotated[Instant, Field(alias="startDate")]
    end: Annotated[Instant, Field(alias="endDate")]
    rotations: tuple[Named, ...] = ()


class Schedule(Foreign):
    id: str
    name: str
    timezone: Annotated[str | None, Field(alias="timezone")] = None
    enabled: bool = True
    rotations: tuple[Rotation, ...] | None = None
    overrides: tuple[Override, ...] = ()


class OnCalls(Foreign):
    parent: Annotated[Named, Field(alias="_parent")]
    participants: Annotated[tuple[Participant, ...], Field(alias="onCallParticipants")] = ()
    recipients: Annotated[tuple[str, ...], Field(alias="onCallRecipients")] = ()


class Contact(Foreign):
    method: Annotated[str | None, BeforeValidator(_word), Field(alias="method")] = None
    contact_method: Annotated[str | None, BeforeValidator(_word), Field(alias="contactMethod")] = None
    to: str


class User(Foreign):
    id: str
    username: str
    full_name: Annotated[str | None, Field(alias="fullName")] = None
    timezone: Annotated[str | None, Field(alias="timeZone")] = None
    role: Named | str | None = None
    contacts: Annotated[tuple[Contact, ...], Field(alias="userContacts")] = ()


@dataclass(slots=True)
class Export:
    users: list[User] = field(default_factory=list)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    overrides: list[Override] = field(default_factory=list)
    on_calls: dict[str, OnCalls] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    user_total: int = 0

    @property
    def misses_users(self) -> bool:
        return len({user.id for user in self.users}) < self.user_total


def read(files: Sequence[ExportFile]) -> tuple[Export, list[str]]:
    """Everything that is in the files, and the names of files in folders that had nothing of Opsgenie's. Raises
    ``UnreadableExport``."""
    export = Export()
    empty = collect_all(files, Tool.OPSGENIE, lambda file: _collect(file, file.value, export))
    return export, empty


def _collect(file: ExportFile, value: Any, export: Export) -> bool:
    """Whether the value is Opsgenie's. What it is, its fields say: the API's envelope is the same for everything."""
    if isinstance(value, list):
        return bool([item for item in value if _collect(file, item, export)]) or not value
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("data"), list | dict) and "id" not in value:
        before = len(export.users)
        found = _collect(file, value["data"], export)
        if len(export.users) > before and isinstance(value.get("totalCount"), int):
            export.user_total = max(export.user_total, value["totalCount"])
        return found
    # The backup tool's files put a thing beside what belongs to it.
    inner = next((value[name] for name in ("schedule", "user") if _is_thing(value.get(name))), None)
    if inner is not None and "startDate" not in value:
        listed = value.get("scheduleOverrideList") or []
        return _keep(file, {**inner, "overrides": [*inner.get("overrides", []), *listed]}, export)
    return _keep(file, value, export)


def _is_thing(value: object) -> bool:
    return isinstance(value, dict) and "id" in value


def _keep(file: ExportFile, value: dict[str, Any], export: Export) -> bool:
    title = str(value.get("name") or value.get("username") or value.get("id") or "an entry")
    fields = value.keys()
    if "_parent" in fields and {"onCallParticipants", "onCallRecipients"} & fields:
        on_calls = file.parse(OnCalls, value, title)
        export.on_calls[on_calls.parent.id or ""] = on_calls
    elif "startDate" in fields and "user" in fields:
        export.overrides.append(file.parse(Override, value, f"override {value.get('alias', '')}".strip()))
    elif "username" in fields and {"fullName", "role", "timeZone"} & fields:
        export.users.append(file.parse(User, value, f"user {title}"))
    elif "rotations" in fields or {"timezone", "name", "id"} <= fields:
        schedule = file.parse(Schedule, value, f"schedule {title}")
        known = export.schedules.get(schedule.id)
        if known is None or known.rotations is None:
            export.schedules[schedule.id] = schedule
    elif {"name", "id"} <= fields:
        kind = "escalation" if "rules" in fields else "team" if "members" in fields else "entry"
        export.others.append(f"{kind} {name_of(title, kind)}")
    else:
        return False
    return True
