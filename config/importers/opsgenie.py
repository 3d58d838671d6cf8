"""Opsgenie: ``GET /v2/schedules?expand=rotation``, ``/v2/schedules/{id}/overrides``, ``/v2/users/{id}?expand=contact``,
``/v2/schedules/on-calls``, and the folder that its configuration backup tool writes.

Where the facts are from: docs.opsgenie.com (schedule API, schedule rotation API, schedule override API, contact API;
"On-call Schedules and Rotations": all on-call users of the different rotations are notified); the repository
opsgenie/opsgenie-configuration-backup (``ScheduleConfig``, ``UserConfig``, ``BackupUtils``: the layout of its files).

A rotation's turns are ``length`` hours, days or weeks, counted from ``startDate``. Rotations have no precedence:
whoever is on call in any of them is on call. So rotations that are ever on call together become schedules of their own.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from config.importers.cycles import Cycle, NoCounterpart, Span, layer_bodies
from config.importers.draft import Candidate, Draft, Imported
from config.importers.opsgenie_export import (
    Contact,
    Export,
    Named,
    OnCalls,
    Override,
    Participant,
    Rotation,
    Schedule,
    User,
    read,
)
from config.importers.people import Person, name_of
from config.importers.source import ExportFile, Tool
from config.importers.zones import is_renamed, zone_of
from config.resources import Body

_PHONES = {"voice", "sms"}


def convert(files: Sequence[ExportFile], now: datetime) -> Imported:
    """The export as a configuration file. Raises ``UnreadableExport`` for a file that is none of Opsgenie's."""
    export, passed_over = read(files)
    all_known = bool(export.users) and not export.misses_users
    draft = Draft(Tool.OPSGENIE, map(_person, export.users), now, all_users_known=all_known)
    draft.note_passed_over(passed_over)
    _note_the_rest(export, draft)
    for schedule in sorted(export.schedules.values(), key=lambda schedule: schedule.id):
        _add_schedule(schedule, export, draft)
    return draft.finish()


def _person(user: User) -> Person:
    contacts = [contact for contact in user.contacts if (contact.method or contact.contact_method) in _PHONES]
    return Person(user.id, user.full_name or user.username, user.username, tuple(map(_phone, contacts)), user.timezone)


def _phone(contact: Contact) -> str:
    """Opsgenie writes the country code, a hyphen and the number, ``1-5550100001``, without ``+``."""
    code, hyphen, _ = contact.to.strip().partition("-")
    return f"+{contact.to.strip()}" if hyphen and code.isdigit() and 1 <= len(code) <= 3 else contact.to.strip()


# -- what is not about one schedule


def _note_the_rest(export: Export, draft: Draft) -> None:
    report = draft.report
    if export.misses_users:
        report.missing.append(f"the export of users is not complete: {len(export.users)} of {export.user_total}.")
    for other in export.others:
        report.missing.append(f"{other}: only users and schedules are taken over.")
    for user in export.users:
        role = user.role.name if isinstance(user.role, Named) else user.role
        if (role or "").lower() in ("admin", "owner"):
            report.changed.append(f"user {name_of(user.full_name, user.username)} is {role} there, and responder here.")
        if not user.contacts:
            report.missing.append(
                f"user {name_of(user.full_name, user.username)}: the phones are not in the export; "
                f"ask for /v2/users/{user.id}?expand=contact."
            )


# -- schedules


def _add_schedule(schedule: Schedule, export: Export, draft: Draft) -> None:
    report, title = draft.report, f"schedule {schedule.name}"
    timezone = "Etc/UTC" if schedule.timezone is None else zone_of(schedule.timezone)
    if not schedule.enabled:
        report.missing.append(f"{title} is switched off there.")
        return
    if schedule.rotations is None:
        report.missing.append(f"{title}: its rotations are not in the export; ask for /v2/schedules?expand=rotation.")
        return
    if timezone is None:
        report.missing.append(
            f"{title}: there is no time zone {schedule.timezone!r}; write one like Europe/Madrid into the export."
        )
        return
    if is_renamed(schedule.timezone, timezone):
        report.changed.append(f"{title}: time zone {schedule.timezone!r} became {timezone}.")
    rotations: dict[str, Rotation] = {}
    candidates = []
    for rotation in schedule.rotations:
        place = f"{title}, rotation {name_of(rotation.name, rotation.id)}"
        layers = _layer_bodies(rotation, place, timezone, draft)
        if layers:
            rotations[rotation.id] = rotation
            candidates.append(Candidate(rotation.id, tuple(layers), timezone=timezone))
    keys = _add_lanes(schedule, draft.lanes(candidates), rotations, export, draft)
    on_calls = export.on_calls.get(schedule.id)
    draft.compare(schedule.name, keys, None if on_calls is None else _names(on_calls, draft), "as exported")


def _add_lanes(
    schedule: Schedule,
    lanes: Sequence[Sequence[Candidate]],
    rotations: dict[str, Rotation],
    export: Export,
    draft: Draft,
) -> list[str]:
    keys = []
    for number, lane in enumerate(lanes or [[]]):
        names = [name_of(rotations[candidate.name].name, candidate.name) for candidate in lane]
        name = schedule.name if number == 0 else f"{schedule.name}: {names[0]}"
        ids = {candidate.name for candidate in lane}
        timezone = lane[0].timezone if lane else zone_of(schedule.timezone or "") or "Etc/UTC"
        overrides = _overrides(schedule, ids, timezone, export, draft)
        layers = [body for candidate in lane for body in candidate.layers]
        keys.append(draft.add_schedule(name_of(name, schedule.id), timezone, layers, overrides))
    if len(keys) > 1:
        draft.report.changed.append(
            f"schedule {schedule.name}: several of its rotations are on call at the same time, and a schedule here has "
            f"one person at a time. It became {', '.join(keys)}: name all of them where all are to be reached."
        )
    return keys


def _layer_bodies(rotation: Rotation, place: str, timezone: str, draft: Draft) -> list[Body]:
    report = draft.report
    if not rotation.enabled:
        report.missing.append(f"{place} is switched off there.")
        return []
    if rotation.end is not None and (rotation.end <= draft.now or rotation.end <= rotation.start):
        report.missing.append(f"{place} ended on {rotation.end:%Y-%m-%d}.")
        return []
    members = tuple(_member(participant, place, draft) for participant in rotation.participants)
    cycle = Cycle(members, rotation.type.unit, rotation.length, rotation.start)
    restriction = rotation.time_restriction
    span = Span(rotation.start, rotation.end, () if restriction is None else restriction.slots)
    try:
        bodies = layer_bodies(name_of(rotation.name, "Rotation"), cycle, span, timezone, draft.now)
    except NoCounterpart as reason:
        report.missing.append(f"{place}: {reason}.")
        return []
    if not bodies:
        report.missing.append(f"{place} has nobody in it.")
    return bodies


def _member(participant: Participant, place: str, draft: Draft) -> str | None:
    match participant.type:
        case "user":
            return draft.people.key_of(participant.person, place)
        case "none" | "no-one" | "noone":
            return None
        case other:
            name = name_of(participant.name, participant.id or "without a name")
            draft.report.missing.append(
                f"{place}: {other} {name} takes a turn there, and only people can here; the turn is left empty (null)."
            )
            return None


def _overrides(schedule: Schedule, rotations: Iterable[str], timezone: str, export: Export, draft: Draft) -> list[Body]:
    """The overrides that concern these rotations; one that names none concerns all."""
    lane, bodies = set(rotations), []
    for override in sorted(_overrides_of(schedule, export), key=lambda override: override.start):
        named = {rotation.id for rotation in override.rotations}
        if override.end <= draft.now or override.end <= override.start or (named and not named & lane):
            continue
        key = _member(override.user, f"schedule {schedule.name}, an override", draft)
        if key is None:
            continue
        if named and not lane <= named:
            draft.report.changed.append(
                f"schedule {schedule.name}: the override from {override.start:%Y-%m-%d %H:%M} UTC is for some of its "
                "rotations there, and for the whole schedule here."
            )
        bodies.append(draft.override(key, override.start, override.end, timezone))
    return bodies


def _overrides_of(schedule: Schedule, export: Export) -> list[Override]:
    listed = [
        override
        for override in export.overrides
        if override.parent is not None and (override.parent.id or override.parent.name) in (schedule.id, schedule.name)
    ]
    return list(dict.fromkeys([*schedule.overrides, *listed]))


def _names(on_calls: OnCalls, draft: Draft) -> tuple[str, ...]:
    people = [participant.person for participant in on_calls.participants if participant.type == "user"]
    people += [Person(recipient, recipient, recipient) for recipient in on_calls.recipients]
    return tuple(map(draft.people.name, people))
