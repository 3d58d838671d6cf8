"""Grafana OnCall: ``GET /api/v1/schedules``, ``/api/v1/on_call_shifts`` and ``/api/v1/users``.

Where the facts are from: grafana.com/docs/oncall (HTTP API: schedules, on-call shifts, users) and the repository
grafana/oncall (``OnCallScheduleWeb``, ``OnCallScheduleCalendar``, the public API's serializers).

The higher level wins where shifts overlap; everybody of the winning level is on call. Shifts of a schedule made on the
web are in UTC unless they name a zone; those of a schedule made by API or Terraform are in the schedule's zone. So what
is on call together becomes schedules of its own, and so do shifts in different zones.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from config.importers.cycles import Cycle, NoCounterpart, Span, layer_bodies
from config.importers.draft import Candidate, Draft, Imported
from config.importers.grafana_shifts import Ids, Shift, ShiftType, pattern_of
from config.importers.people import Person, name_of
from config.importers.source import ExportFile, Foreign, Tool, collect_all
from config.importers.zones import zone_of
from config.resources import Body
from domain.local_time import instant_of
from domain.schedule import RotationUnit


class ScheduleType(StrEnum):
    WEB = "web"
    CALENDAR = "calendar"
    ICAL = "ical"


class Schedule(Foreign):
    id: str
    name: str
    type: ScheduleType
    time_zone: str | None = None
    shifts: Ids = ()
    on_call_now: tuple[str, ...] | None = None
    ical_url_primary: str | None = None
    ical_url_overrides: str | None = None


class User(Foreign):
    id: str
    username: str | None = None
    email: str | None = None
    timezone: str | None = None
    role: str | None = None


@dataclass(slots=True)
class _Export:
    users: list[User] = field(default_factory=list)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    shifts: dict[str, Shift] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=dict)

    @property
    def incomplete(self) -> list[str]:
        found = {"user": len(self.users), "schedule": len(self.schedules), "shift": len(self.shifts)}
        return [kind for kind, total in sorted(self.totals.items()) if found.get(kind, total) < total]


def convert(files: Sequence[ExportFile], now: datetime) -> Imported:
    """The export as a configuration file. Raises ``UnreadableExport`` for a file that is none of Grafana OnCall's."""
    export = _Export()
    passed_over = collect_all(files, Tool.GRAFANA_ONCALL, lambda file: _collect(file, file.value, export))
    persons = [Person(user.id, user.username or user.id, user.email, (), user.timezone) for user in export.users]
    all_known = bool(export.users) and "user" not in export.incomplete
    draft = Draft(Tool.GRAFANA_ONCALL, persons, now, all_users_known=all_known)
    draft.note_passed_over(passed_over)
    _note_the_rest(export, draft)
    for schedule in sorted(export.schedules.values(), key=lambda schedule: schedule.id):
        _add_schedule(schedule, export, draft)
    return draft.finish()


# -- reading


def _collect(file: ExportFile, value: Any, export: _Export) -> bool:
    if isinstance(value, list):
        return bool([item for item in value if _collect(file, item, export)]) or not value
    if not isinstance(value, dict):
        return False
    results = value.get("results")
    if isinstance(results, list):
        if results and isinstance(value.get("count"), int):
            export.totals[_kind(results[0]) or ""] = value["count"]
        return _collect(file, results, export)
    kind = _kind(value)
    title = f"{kind} {value.get('name') or value.get('username') or value.get('id')}"
    match kind:
        case "shift":
            shift = file.parse(Shift, value, title)
            export.shifts[shift.id] = shift
        case "schedule":
            schedule = file.parse(Schedule, value, title)
            export.schedules[schedule.id] = schedule
        case "user":
            export.users.append(file.parse(User, value, title))
        case "other":
            export.others.append(name_of(str(value.get("name") or value.get("id")), "an entry"))
        case _:
            return False
    return True


def _kind(value: object) -> str | None:
    """What a thing is, its fields say: the API's envelope is the same for everything."""
    if not isinstance(value, dict) or "id" not in value:
        return None
    fields = value.keys()
    if {"type", "start", "duration"} <= fields:
        return "shift"
    if "on_call_now" in fields or ("name" in fields and value.get("type") in set(ScheduleType)):
        return "schedule"
    if "username" in fields:
        return "user"
    return "other" if {"team_id", "grafana_id", "escalation_chain_id"} & fields else None


# -- what is not about one schedule


def _note_the_rest(export: _Export, draft: Draft) -> None:
    report = draft.report
    for kind in export.incomplete:
        report.missing.append(
            f"the export is not complete: there are {export.totals[kind]} {kind}s; export every page."
        )
    for other in export.others:
        report.missing.append(f"{other}: only users and schedules are taken over.")
    for user in export.users:
        if user.role == "admin":
            report.changed.append(f"user {name_of(user.username, user.id)} is admin there, and responder here.")
    if export.users:
        report.missing.append("phones: the API of Grafana OnCall does not give them; add them to the users.")


# -- schedules


def _add_schedule(schedule: Schedule, export: _Export, draft: Draft) -> None:
    report, title = draft.report, f"schedule {schedule.name}"
    if schedule.type is ScheduleType.ICAL:
        report.missing.append(
            f"{title} is a calendar file (iCal), which has no rotation; rebuild it, or show the file beside a schedule "
            "as a calendar."
        )
        return
    if schedule.ical_url_primary or schedule.ical_url_overrides:
        report.missing.append(f"{title}: the events of its calendar files (iCal) are not taken over.")
    shifts = [shift for shift in export.shifts.values() if shift.id in schedule.shifts or shift.schedule == schedule.id]
    unknown = set(schedule.shifts) - {shift.id for shift in shifts}
    if unknown:
        report.missing.append(
            f"{title}: {len(unknown)} of its shifts are not in the export; ask for /api/v1/on_call_shifts, every page."
        )
    candidates = [candidate for shift in shifts for candidate in _candidates(shift, schedule, draft)]
    lanes = draft.lanes(candidates)
    keys = _add_lanes(schedule, lanes, _overrides(shifts, schedule, draft), draft)
    _note_lanes(schedule, lanes, keys, draft)
    there = schedule.on_call_now
    names = None if there is None else [draft.people.name(Person(user, user)) for user in there]
    draft.compare(schedule.name, keys, names, "as exported")


def _add_lanes(
    schedule: Schedule,
    lanes: Sequence[Sequence[Candidate]],
    overrides: Sequence[tuple[str, datetime, datetime]],
    draft: Draft,
) -> list[str]:
    keys = []
    for number, lane in enumerate(lanes or [[]]):
        timezone = lane[0].timezone if lane else zone_of(schedule.time_zone or "") or "Etc/UTC"
        name = schedule.name if number == 0 else f"{schedule.name}: {lane[0].name}"
        layers = [body for candidate in lane for body in candidate.layers]
        # One person covers for everybody, so an override is in the first schedule only.
        bodies = [draft.override(*override, timezone) for override in overrides] if number == 0 else []
        keys.append(draft.add_schedule(name_of(name, schedule.id), timezone, layers, bodies))
    return keys


def _note_lanes(schedule: Schedule, lanes: Sequence[Sequence[Candidate]], keys: list[str], draft: Draft) -> None:
    report, title = draft.report, f"schedule {schedule.name}"
    zones = {candidate.timezone for lane in lanes for candidate in lane}
    if zones and zone_of(schedule.time_zone or "") not in zones:
        report.changed.append(
            f"{title}: its shifts are fixed in {', '.join(sorted(zones))} there, although it is shown in "
            f"{schedule.time_zone}; so they are here. To hand off at the same local time all year, change the zone."
        )
    if len(keys) < 2:
        return
    report.changed.append(
        f"{title}: several of its shifts are on call at the same time or in different zones, and a schedule here has "
        f"one person at a time. It became {', '.join(keys)}: name all of them where all are to be reached. Its "
        f"overrides are in {keys[0]} only; the others keep their people meanwhile."
    )
    if len({candidate.level for lane in lanes for candidate in lane}) > 1:
        report.changed.append(
            f"{title}: a higher level hides the lower ones everywhere there, and within one schedule here; look where "
            f"the levels overlap in {', '.join(keys[1:])}."
        )


def _candidates(shift: Shift, schedule: Schedule, draft: Draft) -> list[Candidate]:
    """The shift as layers: one for each of those who are on call together."""
    place = f"schedule {schedule.name}, shift {name_of(shift.name, shift.id)}"
    timezone = _zone(shift, schedule)
    if shift.type is ShiftType.OVERRIDE:
        return []
    if timezone is None:
        draft.report.missing.append(f"{place}: there is no time zone {shift.time_zone or schedule.time_zone!r}.")
        return []
    starts, ends = instant_of(shift.counts_from, timezone), shift.ends
    if shift.type is ShiftType.SINGLE_EVENT:
        starts = instant_of(shift.first, timezone)
        ends = starts + shift.length
    if ends is not None and (ends <= draft.now or ends <= starts):
        draft.report.missing.append(f"{place} is over.")
        return []
    people = [[draft.people.key_of(Person(user, user), place) for user in group] for group in shift.groups]
    width = max(map(len, people), default=0)
    name = name_of(shift.name, "Shift")
    found = []
    for place_in_group in range(width):
        members = [group[place_in_group] if place_in_group < len(group) else None for group in people]
        try:
            cycle, slots = _cycle(shift, members, timezone)
            bodies = layer_bodies(name, cycle, Span(starts, ends, slots), timezone, draft.now)
        except NoCounterpart as reason:
            draft.report.missing.append(f"{place}: {reason}.")
            return []
        if bodies:
            found.append(Candidate(name, tuple(bodies), shift.level or 0, timezone))
    if not found:
        draft.report.missing.append(f"{place} has nobody in it.")
    return found


def _cycle(shift: Shift, members: Sequence[str | None], timezone: str) -> tuple[Cycle, tuple[Body, ...]]:
    if shift.type is ShiftType.SINGLE_EVENT:
        return Cycle(tuple(members), RotationUnit.DAY, 1, instant_of(shift.first, timezone)), ()
    pattern = pattern_of(shift)
    turns = tuple(None if group is None else members[group] for group in pattern.turns)
    return Cycle(turns, pattern.unit, pattern.every, instant_of(pattern.anchor, timezone)), pattern.slots


def _zone(shift: Shift, schedule: Schedule) -> str | None:
    is_web = schedule.type is ScheduleType.WEB or shift.type is ShiftType.OVERRIDE
    return zone_of(shift.time_zone or ("UTC" if is_web else schedule.time_zone or "UTC"))


def _overrides(shifts: Iterable[Shift], schedule: Schedule, draft: Draft) -> list[tuple[str, datetime, datetime]]:
    found = []
    for shift in sorted(shifts, key=lambda shift: shift.first):
        timezone = _zone(shift, schedule)
        if shift.type is not ShiftType.OVERRIDE or timezone is None:
            continue
        starts = instant_of(shift.first, timezone)
        ends = starts + timedelta(seconds=shift.duration)
        place = f"schedule {schedule.name}, an override"
        users = [draft.people.key_of(Person(user, user), place) for user in shift.groups[0]]
        keys = [key for key in users if key is not None]
        if ends <= draft.now or not keys:
            continue
        if len(keys) > 1:
            draft.report.changed.append(f"{place} has {len(keys)} people; {draft.people.name_of_key(keys[0])} has it.")
        found.append((keys[0], starts, ends))
    return found
