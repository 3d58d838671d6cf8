"""A change of the configuration leaves a command for each schedule that it concerns, in the same transaction."""

import pytest
from sqlalchemy import delete, select

from config.problems import InvalidResource
from config.resources import Kind
from config.service import ConfigService
from config.snapshot import OverrideSource
from storage.engine import Database
from storage.tables import CommandRow
from tests.config.example import EXAMPLE
from tests.config.files import document_of


async def _configured(service: ConfigService, database: Database) -> None:
    """The example with a second schedule, and no command waiting."""
    await service.apply(document_of(EXAMPLE))
    await service.put(Kind.SCHEDULES, "secondary", {"name": "Secondary"})
    await _forget_commands(database)


async def _forget_commands(database: Database) -> None:
    async with database.write() as session:
        await session.execute(delete(CommandRow))


async def _to_tend(database: Database) -> list[str]:
    async with database.read() as session:
        rows = await session.scalars(
            select(CommandRow).where(CommandRow.kind == "tend_schedule").order_by(CommandRow.target)
        )
        return [row.target for row in rows]


async def test_a_schedule_that_is_edited_is_looked_at(service: ConfigService, database: Database) -> None:
    await _configured(service, database)
    await service.put(Kind.SCHEDULES, "secondary", {"name": "Renamed"})
    assert await _to_tend(database) == ["secondary"]


async def test_a_schedule_that_is_deleted_is_looked_at(service: ConfigService, database: Database) -> None:
    await _configured(service, database)
    await service.delete(Kind.SCHEDULES, "secondary")
    assert await _to_tend(database) == ["secondary"]


async def test_a_schedule_with_a_new_override_is_looked_at(service: ConfigService, database: Database) -> None:
    await _configured(service, database)
    override = {"user": "ben", "starts": "2026-07-01T09:00", "ends": "2026-07-02T09:00"}
    await service.add_override("primary", override, OverrideSource.API)
    assert await _to_tend(database) == ["primary"]


async def test_a_change_of_a_person_concerns_the_schedules_they_are_in(
    service: ConfigService, database: Database
) -> None:
    await _configured(service, database)
    await service.put(Kind.USERS, "dora", {"name": "Dora Silva"})
    assert await _to_tend(database) == []
    await service.put(Kind.USERS, "ana", {"name": "Ana Reyes", "phone": "+15550100009"})
    assert await _to_tend(database) == ["primary"]


async def test_a_change_of_an_owner_concerns_their_schedule(service: ConfigService, database: Database) -> None:
    await service.apply(document_of(EXAMPLE))
    await service.put(Kind.USERS, "dora", {"name": "Dora Silva"})
    await service.put(Kind.SCHEDULES, "secondary", {"name": "Secondary", "owners": ["dora"]})
    await _forget_commands(database)
    await service.put(Kind.USERS, "dora", {"name": "Dora Silva", "email": "dora@acme.example"})
    assert await _to_tend(database) == ["secondary"]


async def test_an_absence_concerns_every_schedule(service: ConfigService, database: Database) -> None:
    """Whoever is away may be somebody's delegate anywhere."""
    await _configured(service, database)
    away = {"starts": "2026-07-01", "ends": "2026-07-08"}
    await service.put(Kind.USERS, "ana", {"name": "Ana Reyes", "out_of_office": [away]})
    assert await _to_tend(database) == ["primary", "secondary"]


async def test_a_webhook_concerns_the_schedules_it_names_now_or_named_before(
    service: ConfigService, database: Database
) -> None:
    await _configured(service, database)
    await service.put(Kind.SHIFT_WEBHOOKS, "status", {"url": "https://a.example", "schedules": ["primary"]})
    assert await _to_tend(database) == ["primary"]
    await _forget_commands(database)
    await service.put(Kind.SHIFT_WEBHOOKS, "status", {"url": "https://a.example", "schedules": ["secondary"]})
    assert await _to_tend(database) == ["primary", "secondary"]


async def test_a_room_concerns_the_schedules_that_are_told_there(service: ConfigService, database: Database) -> None:
    await service.apply(document_of(EXAMPLE))
    rooms = [{"channel": "slack", "to": "#ops"}]
    await service.put(Kind.SCHEDULES, "secondary", {"name": "Secondary", "rooms": rooms})
    await _forget_commands(database)
    await service.put(Kind.ROOMS, "ops", {"channel": "slack", "to": "#ops", "url": "https://hooks.slack.example/1"})
    assert await _to_tend(database) == ["secondary"]


async def test_a_change_that_concerns_no_schedule_leaves_no_command(service: ConfigService, database: Database) -> None:
    await _configured(service, database)
    await service.put(Kind.CONTACTS, "acme", {"name": "Acme", "number": "+14155550199"})
    assert await _to_tend(database) == []


async def test_a_change_that_is_refused_leaves_no_command(service: ConfigService, database: Database) -> None:
    await _configured(service, database)
    with pytest.raises(InvalidResource):
        await service.put(Kind.SCHEDULES, "secondary", {"name": "Renamed", "timezone": "Nowhere"})
    assert await _to_tend(database) == []
