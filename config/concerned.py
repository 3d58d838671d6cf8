"""Which schedules a change of the configuration concerns: those where somebody may come or leave by it, or be told."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from domain.directory import Directory
from domain.on_call import people_of
from domain.schedule import Schedule

T = TypeVar("T")


def concerned_schedules(before: Directory, after: Directory) -> frozenset[str]:
    """The keys of all schedules to look at after the change, also of those that are gone."""
    users = set(_changed(before.users, after.users))
    rooms = {_address(each, key) for each in (before, after) for key in _changed(before.rooms, after.rooms)}
    touched = set(_changed(before.schedules, after.schedules))
    for schedule in after.schedules.values():
        if users & _people(schedule) or any((room.channel, room.to) in rooms for room in schedule.rooms):
            touched.add(schedule.key)
    for key in _changed(before.shift_webhooks, after.shift_webhooks):
        for each in (before, after):
            touched.update(each.shift_webhooks[key].schedules if key in each.shift_webhooks else ())
    return frozenset(touched)


def _changed(before: Mapping[str, T], after: Mapping[str, T]) -> Iterator[str]:
    return (key for key in before.keys() | after.keys() if before.get(key) != after.get(key))


def _people(schedule: Schedule) -> frozenset[str]:
    """Whoever is on call, stands in for somebody, or is told what is wrong."""
    delegates = {absence.delegate for absence in schedule.absences if absence.delegate is not None}
    return people_of(schedule) | delegates | set(schedule.owners)


def _address(directory: Directory, room: str) -> tuple[str, str] | None:
    found = directory.rooms.get(room)
    return (found.channel, found.to) if found is not None else None
