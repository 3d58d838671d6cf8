"""Alerts of incidents to chat rooms."""

from pathlib import Path

import httpx2
import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.delivery import DeliveryActivities
from activities.links import Links
from channels.registry import Rooms, make_registry
from config.keys import Keyring, Purpose
from domain.directory import Directory
from domain.incident_messages import DeliverAlert
from storage import incidents, notifications
from storage.engine import Database
from storage.tables import NotificationRow
from tests.storage import records
from tests.support.fake_carrier import FakeCarrier
from tests.workflows.schedules import OPS


async def deliver(folder: Path, web: FakeCarrier, *, room: str, failures: int = 0) -> NotificationRow:
    """An alert of an incident to a room, tried once more than it fails."""
    database = Database(f"sqlite:///{folder / 'dutyline.db'}")
    await database.upgrade()
    async with database.write() as session:
        await incidents.open_incident(session, records.incident("1", title="Disk full"))
        alert = records.notification("1", "inc_1", user="", channel="slack", address=room)
        await notifications.create(session, alert)

    async def directory() -> Directory:
        return Directory(rooms={"ops": OPS})

    client = web.client()
    links = Links("https://duty.example", Keyring(["a-test-key"], Purpose.LINKS))
    activities = DeliveryActivities(
        database,
        directory,
        lambda found: make_registry(client, {}, None, "", Rooms(client, found.rooms.values())),
        links,
    )
    for _ in range(failures):
        with pytest.raises(ApplicationError):
            await ActivityEnvironment().run(activities.deliver_alert, DeliverAlert("ntf_1"))
    await ActivityEnvironment().run(activities.deliver_alert, DeliverAlert("ntf_1"))
    async with database.read() as session:
        row = await notifications.get(session, "ntf_1")
    await database.close()
    assert row is not None
    return row


async def test_an_alert_to_a_room_is_posted_there(tmp_path: Path) -> None:
    web = FakeCarrier([httpx2.Response(200, text="ok")])
    row = await deliver(tmp_path, web, room="#ops")
    assert (row.state, row.provider, row.provider_id) == ("sent", "slack", None)
    assert "Disk full" in web.json()["text"]


async def test_a_room_that_answers_with_an_error_is_posted_to_again(tmp_path: Path) -> None:
    """It may have been posted and nobody can be asked: an alert that comes twice is better than none."""
    web = FakeCarrier([httpx2.Response(503), httpx2.Response(200, text="ok")])
    row = await deliver(tmp_path, web, room="#ops", failures=1)
    assert (row.state, len(web.requests)) == ("sent", 2)


async def test_an_alert_to_a_room_that_is_not_set_up_fails_and_says_so(tmp_path: Path) -> None:
    row = await deliver(tmp_path, FakeCarrier([httpx2.Response(200)]), room="#other")
    assert (row.state, row.error) == ("failed", "There is no slack room of that name; add it under rooms.")
