"""Absences, notices, rooms, shift webhooks and calendars through storage, export and the references between them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from config.problems import InvalidResource
from config.resources import Kind
from config.sealing import SECRET_MASK, masked_body
from config.service import ConfigService
from domain.calendar_feeds import Feed, FeedScope
from storage import calendar_feeds, verified_phones
from storage import resources as store
from storage.engine import Database
from storage.tables import ResourceRow
from storage.verified_phones import Proof
from tests.config.files import document_of
from tests.config.rosters import ROSTERS

#: as an earlier version stored them
OLD_USER = {"name": "Ana Reyes", "email": None, "phone": "+15550100001", "timezone": "Etc/UTC", "role": "responder"}
OLD_SCHEDULE = {"name": "Primary on-call", "timezone": "Etc/UTC", "layers": []}


async def stored_by_an_earlier_version(database: Database, kind: Kind, key: str, body: dict[str, Any]) -> None:
    async with database.write() as session:
        version = await store.lock_directory_version(session)
        await store.write_resource(session, kind, key, body, version + 1, datetime(2026, 1, 1, tzinfo=UTC))
        await store.set_directory_version(session, version + 1)


async def test_export_and_apply_again_changes_nothing(service: ConfigService) -> None:
    await service.apply(document_of(ROSTERS))
    exported = await service.export()
    document = document_of(exported.text, environment=exported.variables)
    assert (await service.plan(document, prune=True)).changes == ()


async def test_an_export_names_the_secret_addresses_and_does_not_hold_them(service: ConfigService) -> None:
    await service.apply(document_of(ROSTERS))
    exported = await service.export()
    assert set(exported.variables) == {"ROOM_OPS_URL", "SHIFT_WEBHOOK_STATUS_URL", "CALENDAR_HOLIDAYS_URL"}
    assert "-secret" not in exported.text


async def test_addresses_are_sealed_in_the_database_and_masked_when_shown(
    service: ConfigService, database: Database
) -> None:
    await service.apply(document_of(ROSTERS))
    async with database.read() as session:
        assert "-secret" not in str([row.body for row in await session.scalars(select(ResourceRow))])
    shown = [masked_body((await service.get(*place)).body)["url"] for place in ADDRESSES]
    assert shown == [SECRET_MASK] * 3


ADDRESSES = [(Kind.ROOMS, "ops"), (Kind.SHIFT_WEBHOOKS, "status"), (Kind.CALENDARS, "holidays")]


async def test_what_was_read_can_be_put_back_without_a_change(service: ConfigService) -> None:
    await service.apply(document_of(ROSTERS))
    version = await service.version()
    for kind in Kind:
        for resource in await service.list(kind):
            await service.put(kind, resource.key, masked_body(resource.body))
    assert await service.version() == version


@pytest.mark.parametrize(
    ("kind", "key", "body", "file"),
    [
        (Kind.USERS, "ana", OLD_USER, "users: {ana: {name: Ana Reyes, phone: +15550100001}}"),
        (Kind.SCHEDULES, "primary", OLD_SCHEDULE, "schedules: {primary: {name: Primary on-call}}"),
    ],
)
async def test_what_an_earlier_version_stored_is_no_change(
    service: ConfigService, database: Database, kind: Kind, key: str, body: dict[str, Any], file: str
) -> None:
    await stored_by_an_earlier_version(database, kind, key, body)
    assert (await service.plan(document_of(file))).changes == ()


async def test_a_user_whom_an_earlier_version_stored_can_go_on_leave(
    service: ConfigService, database: Database
) -> None:
    await stored_by_an_earlier_version(database, Kind.USERS, "ana", OLD_USER)
    leave = {"starts": "2026-08-01", "ends": "2026-08-15"}
    await service.put(Kind.USERS, "ana", {**OLD_USER, "out_of_office": [leave]})
    (found,) = (await service.directory()).absences
    assert (found.user, found.delegate) == ("ana", None)


@pytest.mark.parametrize(
    ("kind", "key", "place"),
    [
        (Kind.USERS, "ben", r"users\.ana\.out_of_office\[0\]\.delegate: still refers to users\.ben"),
        (Kind.USERS, "ben", r"schedules\.primary\.owners\[0\]: still refers to users\.ben"),
        (Kind.SCHEDULES, "primary", r"users\.ana\.shift_notices\.schedules\.primary: still refers to schedules\.prim"),
        (Kind.SCHEDULES, "primary", r"shift_webhooks\.status\.schedules\[0\]: still refers to schedules\.primary"),
        (Kind.SCHEDULES, "primary", r"calendars\.holidays\.schedules\[0\]: still refers to schedules\.primary"),
    ],
)
async def test_what_is_still_named_is_not_deleted_and_the_sentence_says_where(
    service: ConfigService, kind: Kind, key: str, place: str
) -> None:
    await service.apply(document_of(ROSTERS))
    with pytest.raises(InvalidResource, match=place):
        await service.delete(kind, key)


async def test_pruning_everything_deletes_what_names_each_other(service: ConfigService) -> None:
    await service.apply(document_of(ROSTERS))
    empty = "\n".join(f"{kind}: {{}}" for kind in ("users", "schedules", "rooms", "shift_webhooks", "calendars"))
    await service.apply(document_of(empty), prune=True)
    assert not any([await service.list(kind) for kind in Kind])


async def test_a_phone_that_was_given_up_is_proved_anew_when_it_comes_back(
    database: Database, service: ConfigService
) -> None:
    await service.put(Kind.USERS, "eva", {"name": "Eva", "phone": ["+15550100003", "+15550100004"]})
    async with database.write() as session:
        for number in ("+15550100003", "+15550100004"):
            await verified_phones.verify(session, "eva", number, Proof.CODE, datetime.now(UTC))

    await service.put(Kind.USERS, "eva", {"name": "Eva", "phone": "+15550100004"})
    await service.put(Kind.USERS, "eva", {"name": "Eva", "phone": ["+15550100003", "+15550100004"]})

    async with database.read() as session:
        assert await verified_phones.all_verified(session) == {("eva", "+15550100004")}


async def test_a_user_who_is_deleted_leaves_no_proof_and_no_calendar_link(
    database: Database, service: ConfigService
) -> None:
    await service.put(Kind.USERS, "eva", {"name": "Eva", "phone": "+15550100003"})
    async with database.write() as session:
        await verified_phones.verify(session, "eva", "+15550100003", Proof.CODE, datetime.now(UTC))
        feed = await calendar_feeds.create(session, Feed("eva", FeedScope.MINE, None, 30), datetime.now(UTC))

    await service.delete(Kind.USERS, "eva")

    async with database.read() as session:
        assert await verified_phones.all_verified(session) == frozenset()
        assert await calendar_feeds.in_force(session, feed.id) is None
