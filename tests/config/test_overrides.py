"""Overrides, swaps and changes of rotation through the service, with the notices they leave, on both databases."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from config.keys import Keyring, Purpose
from config.problems import InvalidResource
from config.resources import Kind
from config.rotation_changes import RotationChange
from config.service import ConfigService, UnknownResource, VersionConflict
from config.snapshot import OverrideSource
from domain.directory import Directory
from domain.on_call import gaps
from domain.schedule_edits import EditRefused
from storage.engine import Database
from storage.notice_tables import NoticeRow
from tests.config.example import EXAMPLE
from tests.config.files import document_of

#: a Monday noon in Madrid, in the first week of Ana
NOON = datetime(2026, 1, 5, 11, 0, tzinfo=UTC)
TUESDAY = {"user": "ben", "replaces": "ana", "starts": "2026-01-06T09:00", "ends": "2026-01-07T09:00"}
NEXT_TUESDAY = {"user": "ana", "replaces": "ben", "starts": "2026-01-13T09:00", "ends": "2026-01-14T09:00"}
ADDED, REMOVED = "override_added", "override_removed"


@pytest.fixture
def service(database: Database) -> ConfigService:
    """On the contract's example, in which Ana and Ben take weeks in turns."""
    return ConfigService(database, Keyring(["test key"], Purpose.SECRETS), clock=lambda: NOON)


async def told(database: Database) -> list[tuple[str, str]]:
    """Recipients and kinds of all notices, but for that of the example's own override."""
    async with database.read() as session:
        rows = (await session.scalars(select(NoticeRow))).all()
    return sorted((row.recipient, row.kind) for row in rows if "holidays" not in row.body["text"])


async def test_adding_and_removing_tells_both_people_once(service: ConfigService, database: Database) -> None:
    await service.apply(document_of(EXAMPLE))

    made = await service.add_override("primary", TUESDAY, OverrideSource.API)
    await service.delete_override("primary", made.id)

    assert await told(database) == [("ana", ADDED), ("ana", REMOVED), ("ben", ADDED), ("ben", REMOVED)]


async def test_whoever_adds_or_removes_is_not_told(service: ConfigService, database: Database) -> None:
    await service.apply(document_of(EXAMPLE))

    made = await service.add_override("primary", TUESDAY, OverrideSource.API, "ben")
    await service.delete_override("primary", made.id, "ana")

    assert await told(database) == [("ana", ADDED), ("ben", REMOVED)]


async def test_override_of_a_file_tells_people_when_it_is_applied_and_when_it_is_gone(
    service: ConfigService, database: Database
) -> None:
    added = f"      - {TUESDAY}\nescalation_policies:"
    await service.apply(document_of(EXAMPLE))
    await service.apply(document_of(EXAMPLE.replace("escalation_policies:", added, 1)))
    await service.apply(document_of(EXAMPLE.replace("escalation_policies:", added, 1)))
    await service.apply(document_of(EXAMPLE))

    assert await told(database) == [("ana", ADDED), ("ana", REMOVED), ("ben", ADDED), ("ben", REMOVED)]


@pytest.mark.parametrize("source", list(OverrideSource))
async def test_override_of_each_source_can_be_removed(service: ConfigService, source: OverrideSource) -> None:
    await service.apply(document_of(EXAMPLE))
    made = await service.add_override("primary", TUESDAY, source)

    await service.delete_override("primary", made.id)

    overrides = (await service.directory()).schedules["primary"].overrides
    assert [override.comment for override in overrides] == ["holidays"]


async def _comments(service: ConfigService) -> list[str]:
    return [override.comment for override in (await service.directory()).schedules["primary"].overrides]


async def test_override_that_is_sent_back_changed_replaces_the_old_one(
    service: ConfigService, database: Database
) -> None:
    await service.apply(document_of(EXAMPLE))
    made = await service.add_override("primary", {**TUESDAY, "comment": "one day"}, OverrideSource.API)
    body = (await service.get(Kind.SCHEDULES, "primary")).body
    changed = [
        each if each["id"] != made.id else {**each, "ends": "2026-01-08T09:00", "comment": "two days"}
        for each in body["overrides"]
    ]

    await service.put(Kind.SCHEDULES, "primary", {**body, "overrides": changed})

    assert sorted(await _comments(service)) == ["holidays", "two days"]
    assert ("ben", REMOVED) in await told(database)


async def test_override_that_is_put_survives_the_applying_of_a_file(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    body = (await service.get(Kind.SCHEDULES, "primary")).body
    await service.put(
        Kind.SCHEDULES, "primary", {**body, "overrides": [*body["overrides"], {**TUESDAY, "comment": "mine"}]}
    )

    await service.apply(document_of(EXAMPLE))

    assert sorted(await _comments(service)) == ["holidays", "mine"]


async def test_schedule_that_is_put_twice_has_its_override_once(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    body = (await service.get(Kind.SCHEDULES, "primary")).body
    wanted = {**body, "overrides": [{**TUESDAY, "comment": "mine"}]}

    await service.put(Kind.SCHEDULES, "primary", wanted)
    await service.put(Kind.SCHEDULES, "primary", wanted)

    assert await _comments(service) == ["mine"]


async def test_schedule_that_is_put_without_a_word_on_overrides_keeps_them(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    body = (await service.get(Kind.SCHEDULES, "primary")).body
    del body["overrides"]

    await service.put(Kind.SCHEDULES, "primary", {**body, "name": "Renamed"})

    assert await _comments(service) == ["holidays"]


@pytest.mark.parametrize("kind", [Kind.SERVICES, Kind.CONTACTS])
async def test_another_resource_of_the_schedules_key_leaves_its_overrides_alone(
    service: ConfigService, database: Database, kind: Kind
) -> None:
    await service.apply(document_of(EXAMPLE))

    await service.put(
        kind, "primary", {"name": "Primary"} | ({"number": "+14155550199"} if kind is Kind.CONTACTS else {})
    )

    assert await _comments(service) == ["holidays"]
    assert await told(database) == []


async def test_refused_override_tells_nobody(service: ConfigService, database: Database) -> None:
    await service.apply(document_of(EXAMPLE))

    with pytest.raises(InvalidResource):
        await service.add_override("primary", {**TUESDAY, "user": "nobody"}, OverrideSource.API)

    assert await told(database) == []


async def test_several_overrides_are_made_together_or_not_at_all(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    wrong = {**NEXT_TUESDAY, "user": "nobody"}

    with pytest.raises(InvalidResource):
        await service.add_overrides("primary", lambda _directory: [TUESDAY, wrong], OverrideSource.API)

    assert len((await service.directory()).schedules["primary"].overrides) == 1


async def test_several_overrides_are_one_message_to_each(service: ConfigService, database: Database) -> None:
    await service.apply(document_of(EXAMPLE))

    await service.add_overrides("primary", lambda _directory: [TUESDAY, NEXT_TUESDAY], OverrideSource.API)

    assert await told(database) == [("ana", ADDED), ("ben", ADDED)]


async def test_overrides_are_decided_on_the_configuration_that_they_are_written_to(database: Database) -> None:
    one = ConfigService(database, Keyring(["test key"], Purpose.SECRETS))
    other = ConfigService(database, Keyring(["test key"], Purpose.SECRETS))
    await one.apply(document_of(EXAMPLE))
    await one.snapshot()
    await other.put(Kind.USERS, "eva", {"name": "Eva"})
    seen: list[set[str]] = []

    def bodies(directory: Directory) -> Sequence[object]:
        seen.append(set(directory.users))
        return [TUESDAY]

    await one.add_overrides("primary", bodies, OverrideSource.API)

    assert seen[-1] == {"ana", "ben", "eva"}


async def test_user_whom_an_override_names_is_deleted_after_the_override_only(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    await service.put(Kind.USERS, "eva", {"name": "Eva"})
    made = await service.add_override("primary", {**TUESDAY, "user": "eva"}, OverrideSource.API)

    with pytest.raises(InvalidResource, match=r"refers to users\.eva; delete this override first, or keep eva"):
        await service.delete(Kind.USERS, "eva")
    await service.delete_override("primary", made.id)
    await service.delete(Kind.USERS, "eva")

    assert "eva" not in (await service.directory()).users


async def test_change_of_rotation_leaves_no_gap_and_keeps_the_rest(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    before = (await service.get(Kind.SCHEDULES, "primary")).body

    stored, layers = await service.change_rotation(
        "primary", "Weekly", RotationChange.model_validate({"starts": "2026-03-29T02:30", "members": ["ben", "ana"]})
    )

    assert layers == stored.body["layers"]
    assert layers == [
        {**before["layers"][0], "ends": "2026-03-29T03:00:00+02:00"},
        {
            **before["layers"][0],
            "name": "Weekly from 2026-03-29",
            "members": ["ben", "ana"],
            "starts": "2026-03-29T03:00:00+02:00",
        },
    ]
    assert stored.body["overrides"] == before["overrides"]
    assert gaps((await service.directory()).schedules["primary"], NOON, NOON.replace(year=2027)) == ()


async def test_other_slots_in_the_middle_of_a_turn_are_two_layers(service: ConfigService) -> None:
    text = EXAMPLE.replace("every: 1, unit: week", "every: 24, unit: hour")
    await service.apply(document_of(text))
    change = {"starts": "2026-07-01T12:00", "slots": [{"from": "08:00", "to": "20:00"}]}

    _, (_, rest, begun) = await service.change_rotation("primary", "Weekly", RotationChange.model_validate(change))

    assert (rest["members"], rest["starts"], rest["ends"]) == (
        [begun["members"][-1]],
        "2026-07-01T12:00:00+02:00",
        "2026-07-02T10:00:00+02:00",
    )
    assert (begun["handoff"]["time"], begun["starts"]) == ("10:00", rest["ends"])


async def test_what_is_left_out_of_rotation_and_handoff_is_as_before(service: ConfigService) -> None:
    text = EXAMPLE.replace("every: 1, unit: week", "every: 1, unit: day").replace(
        '"09:00", weekday', '"17:00", weekday'
    )
    await service.apply(document_of(text))
    change = {"starts": "2026-02-02", "rotation": {"every": 2}, "handoff": {"weekday": "friday"}}

    stored, _ = await service.change_rotation("primary", "Weekly", RotationChange.model_validate(change))

    begun = stored.body["layers"][1]
    assert begun["rotation"] == {"every": 2, "unit": "day"}
    assert begun["handoff"] == {"time": "17:00", "weekday": "friday"}
    assert begun["starts"] == "2026-02-02T17:00:00+01:00"


async def test_change_of_rotation_on_an_old_version_is_a_conflict(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    change = RotationChange.model_validate({"starts": "2026-02-02", "members": ["ben"]})
    version = (await service.get(Kind.SCHEDULES, "primary")).version
    await service.change_rotation("primary", "Weekly", change, version)

    with pytest.raises(VersionConflict):
        await service.change_rotation("primary", "Weekly from 2026-02-02", change, version)


async def test_change_of_rotation_says_what_is_wrong_by_field(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    change = RotationChange.model_validate({"starts": "2026-02-02", "members": ["ben", "bne"]})

    with pytest.raises(InvalidResource) as invalid:
        await service.change_rotation("primary", "Weekly", change)

    assert [problem.field for problem in invalid.value.problems] == ["members[1]"]


async def test_refused_change_of_rotation_changes_nothing(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    version = await service.version()

    with pytest.raises(EditRefused):
        await service.change_rotation(
            "primary", "Weekly", RotationChange.model_validate({"starts": "2026-01-05", "members": ["ben"]})
        )

    assert await service.version() == version


async def test_unknown_schedule_is_said(service: ConfigService) -> None:
    with pytest.raises(UnknownResource):
        await service.change_rotation(
            "primary", "Weekly", RotationChange.model_validate({"starts": "2026-01-06", "members": ["ben"]})
        )
