"""PagerDuty: ``GET /schedules/{id}``, ``/schedules/{id}/overrides``, ``/users`` and ``/escalation_policies``.

Where the facts are from: the REST API reference on developer.pagerduty.com (schedules, overrides, users with
``include[]=contact_methods``); support.pagerduty.com/docs/schedules (the last layer wins); the repositories
PagerDuty/terraform-provider-pagerduty (``flattenScheduleLayers``) and PagerDuty/public-support-scripts (pull request
60): the API lists the layers from the winning one down.

A layer's turns are ``rotation_turn_length_seconds`` long and are counted from ``rotation_virtual_start``; the layer
counts from ``start`` to ``end``, inside its restrictions, which are in the schedule's time zone.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from config.importers.cycles import NoCounterpart, Span, all_slots, cycle_of, daily_slot, layer_bodies, weekly_slot
from config.importers.draft import Draft, Imported
from config.importers.pagerduty_export import (
    Entry,
    Export,
    Layer,
    Member,
    Restriction,
    Schedule,
    User,
    UserReference,
    read,
)
from config.importers.people import Person, name_of
from config.importers.source import ExportFile, Tool
from config.importers.zones import is_renamed, zone_of
from config.resources import Body
from domain.local_time import wall_clock

_DAY = timedelta(days=1)
_PHONES = {"phone_contact_method", "sms_contact_method"}


def convert(files: Sequence[ExportFile], now: datetime) -> Imported:
    """The export as a configuration file. Raises ``UnreadableExport`` for a file that is none of PagerDuty's."""
    export, passed_over = read(files)
    all_known = bool(export.users) and "users" not in export.incomplete
    draft = Draft(Tool.PAGERDUTY, map(_person, export.users), now, all_users_known=all_known)
    draft.note_passed_over(passed_over)
    _note_the_rest(export, draft)
    for schedule in sorted(export.schedules.values(), key=lambda schedule: schedule.id):
        _add_schedule(schedule, export, draft)
    return draft.finish()


def _person(user: User) -> Person:
    return Person(user.id, user.name, user.email, tuple(_phones(user)), user.time_zone)


def _phones(user: User) -> Iterator[str]:
    for method in user.contact_methods:
        if method.type in _PHONES and method.address:
            number = method.address.strip()
            has_code = number.startswith("+") or method.country_code is None
            yield number if has_code else f"+{method.country_code}{number}"


# -- what is not about one schedule


def _note_the_rest(export: Export, draft: Draft) -> None:
    report = draft.report
    for section in sorted(export.incomplete):
        report.missing.append(f"the export of {section} is not complete: its last page is missing (more: true).")
    _note_owners(export, draft)
    for user in export.users:
        if user.role in ("admin", "owner"):
            report.changed.append(f"user {name_of(user.name, user.id)} is {user.role} there, and responder here.")
        if any(method.type.endswith("_reference") and not method.address for method in user.contact_methods):
            report.missing.append(
                f"user {name_of(user.name, user.id)}: the phones are not in the export; "
                "ask for /users?include[]=contact_methods."
            )
    for policy in export.policies:
        report.missing.append(
            f"escalation policy {name_of(policy.name or policy.summary, policy.id)}: the channels of an alert are each "
            "person's own there and the level's here, so a person has to choose them."
        )


def _note_owners(export: Export, draft: Draft) -> None:
    remedy = "put the schedule's id into the file's name, like overrides-PABC123.json."
    for file in dict.fromkeys(file for file, _ in export.overrides):
        unsaid = f"{file}: its overrides do not say of which schedule they are"
        if not _owners(file, export):
            draft.report.missing.append(f"{unsaid}; {remedy}")
        elif not _named_in(file, export):
            (only,) = export.schedules.values()
            draft.report.changed.append(f"{unsaid}: they were taken for those of {only.title}. If not, {remedy}")


# -- schedules


def _add_schedule(schedule: Schedule, export: Export, draft: Draft) -> None:
    report, title = draft.report, f"schedule {schedule.title}"
    timezone = "Etc/UTC" if schedule.time_zone is None else zone_of(schedule.time_zone)
    if schedule.schedule_layers is None:
        report.missing.append(f"{title}: its layers are not in the export; ask for /schedules/{schedule.id}.")
        return
    if timezone is None:
        report.missing.append(
            f"{title}: there is no time zone {schedule.time_zone!r}; write one like Europe/Madrid into the export."
        )
        return
    if is_renamed(schedule.time_zone, timezone):
        report.changed.append(f"{title}: time zone {schedule.time_zone!r} became {timezone}.")
    layers = [
        body
        # From the lowest up, as ours are.
        for layer in reversed(schedule.schedule_layers)
        for body in _layer_bodies(layer, f"{title}, layer {name_of(layer.name, 'without a name')}", timezone, draft)
    ]
    overrides = _overrides(schedule, export, draft)
    key = draft.add_schedule(schedule.title, timezone, layers, _override_bodies(overrides, title, timezone, draft))
    _note_clock_changes(schedule, timezone, title, draft)
    there, source = _names_there(schedule, overrides, timezone, draft)
    draft.compare(schedule.title, [key], there, source)


def _layer_bodies(layer: Layer, place: str, timezone: str, draft: Draft) -> list[Body]:
    ends = layer.end
    if ends is not None and (ends <= draft.now or ends <= layer.start):
        draft.report.missing.append(f"{place} ended on {ends:%Y-%m-%d}.")
        return []
    members = tuple(_member_key(member, place, draft) for member in layer.users)
    span = Span(layer.start, ends, all_slots(map(_slot, layer.restrictions)))
    turn_length = timedelta(seconds=layer.rotation_turn_length_seconds)
    try:
        cycle = cycle_of(members, turn_length, layer.rotation_virtual_start)
        bodies = layer_bodies(name_of(layer.name, "Layer"), cycle, span, timezone, draft.now)
    except NoCounterpart as reason:
        draft.report.missing.append(f"{place}: {reason}.")
        return []
    if not bodies:
        draft.report.missing.append(f"{place} has nobody in it.")
    return bodies


def _member_key(member: Member, place: str, draft: Draft) -> str | None:
    if member.user is None or member.user.deleted_at is not None:
        name = "somebody" if member.user is None else member.user.person.name
        draft.report.missing.append(f"{place}: {name} was deleted there; the turn is left empty (null).")
        return None
    return draft.people.key_of(member.user.person, place)


def _slot(restriction: Restriction) -> Body | None:
    start = restriction.start_time_of_day.replace(tzinfo=None)
    if restriction.weekday is None:
        return daily_slot(start, restriction.length)
    return weekly_slot(restriction.weekday, start, restriction.length)


def _note_clock_changes(schedule: Schedule, timezone: str, title: str, draft: Draft) -> None:
    lengths = [timedelta(seconds=layer.rotation_turn_length_seconds) for layer in schedule.schedule_layers or ()]
    restricted = any(layer.restrictions for layer in schedule.schedule_layers or ())
    if draft.has_clock_changes(timezone) and (restricted or any(not length % _DAY for length in lengths)):
        draft.report.changed.append(
            f"{title}: days and weeks are seconds in the export, and local time here: handoffs and restrictions keep "
            f"their time on the clocks of {timezone}. Where they are counted in seconds, they differ by the change of "
            "the clocks, mostly one hour."
        )


# -- overrides


def _overrides(schedule: Schedule, export: Export, draft: Draft) -> list[Entry]:
    """The overrides from wherever the export has them, each once, that are not over yet."""
    rendered = schedule.overrides_subschedule.rendered_schedule_entries or ()
    listed = [entry for file, entry in export.overrides if schedule.id in _owners(file, export)]
    found: dict[tuple[object, ...], Entry] = {}
    for entry in [*schedule.overrides, *listed, *rendered]:
        if entry.end > draft.now and entry.start < entry.end and entry.user is not None:
            found.setdefault((entry.start, entry.end, entry.user.id), entry)
    return sorted(found.values(), key=lambda entry: entry.start)


def _owners(file: str, export: Export) -> list[str]:
    """The list of overrides does not say of which schedule they are: of that in the file's name, or of the only one."""
    return _named_in(file, export) or (list(export.schedules) if len(export.schedules) == 1 else [])


def _named_in(file: str, export: Export) -> list[str]:
    return [schedule for schedule in export.schedules if schedule in file]


def _override_bodies(overrides: Iterable[Entry], title: str, timezone: str, draft: Draft) -> list[Body]:
    bodies = []
    for entry in overrides:
        key = None if entry.user is None else draft.people.key_of(entry.user.person, f"{title}, an override")
        if key is not None:
            bodies.append(draft.override(key, entry.start, entry.end, timezone))
    return bodies


# -- who is on call there


def _names_there(
    schedule: Schedule, overrides: Sequence[Entry], timezone: str, draft: Draft
) -> tuple[tuple[str, ...], str]:
    """The people on call now: by the schedule as PagerDuty rendered it, else counted in seconds from its layers."""
    entries = schedule.final_schedule.rendered_schedule_entries
    if entries and min(entry.start for entry in entries) <= draft.now < max(entry.end for entry in entries):
        return _names(_at(entries, draft.now), draft), "as rendered in the export"
    return _names(_at(overrides, draft.now) or _by_layers(schedule, timezone, draft.now), draft), "counted in seconds"


def _at(entries: Iterable[Entry], at: datetime) -> list[UserReference]:
    return [entry.user for entry in entries if entry.start <= at < entry.end and entry.user is not None]


def _by_layers(schedule: Schedule, timezone: str, at: datetime) -> list[UserReference]:
    for layer in schedule.schedule_layers or ():
        user = _on_layer(layer, timezone, at)
        if user is not None:
            return [user]
    return []


def _on_layer(layer: Layer, timezone: str, at: datetime) -> UserReference | None:
    active = layer.start <= at and (layer.end is None or at < layer.end)
    local = wall_clock(at, timezone)
    if not active or not layer.users:
        return None
    if layer.restrictions and not any(_holds(restriction, local) for restriction in layer.restrictions):
        return None
    number = (at - layer.rotation_virtual_start) // timedelta(seconds=layer.rotation_turn_length_seconds)
    return layer.users[number % len(layer.users)].user


def _holds(restriction: Restriction, local: datetime) -> bool:
    days = 0 if restriction.weekday is None else (local.weekday() - restriction.weekday) % 7
    period = _DAY if restriction.weekday is None else 7 * _DAY
    start = datetime.combine(local.date(), restriction.start_time_of_day.replace(tzinfo=None)) - days * _DAY
    return (local - start) % period < restriction.length


def _names(users: Iterable[UserReference], draft: Draft) -> tuple[str, ...]:
    return tuple(draft.people.name(user.person) for user in users)
