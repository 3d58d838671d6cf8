"""What carriers call about alert calls and text messages."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import text

from activities.links import CallbackOf, Links
from api.alerts import AlertWebhooks
from config.keys import Keyring, Purpose
from domain.directory import AlertTarget, Directory, EscalationPolicy, Level, User
from domain.incidents import IncidentStatus, PolicySnapshot
from storage import incidents, notifications, outbox, verified_phones
from storage.engine import Database
from storage.incident_actions import Actor, IncidentActions
from storage.tables import IncidentRow
from tests.storage import records

NOW = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)
POLICY = PolicySnapshot(EscalationPolicy("default", "Default", (Level((AlertTarget("phone", user="ana"),), 300),)))
BEN = Actor("ben", "Ben Okafor")
CALL = "CA0123"


@dataclass
class Desk:
    """One open incident with an alert call to Ana, and the application behind ``/alerts``."""

    database: Database
    actions: IncidentActions
    links: Links
    http: httpx2.AsyncClient

    def path(self, what: str, notification_id: str = "ntf_1") -> str:
        return self.links.callback(CallbackOf.ALERT, notification_id, what)

    async def post(self, what: str, **form: str) -> httpx2.Response:
        return await self.http.post(self.path(what), data={"CallSid": CALL, "CallStatus": "in-progress", **form})

    async def press(self, digits: str, times_said: int = 1) -> str:
        """What a responder hears after a key."""
        return spoken(await self.post(f"key-{times_said}", Digits=digits))

    async def incident(self) -> IncidentRow:
        async with self.database.read() as session:
            found = await incidents.get(session, "inc_1")
        assert found is not None
        return found

    async def alert_state(self) -> str:
        async with self.database.read() as session:
            found = await notifications.get(session, "ntf_1")
        assert found is not None
        return found.state

    async def receipts(self) -> list[str]:
        async with self.database.read() as session:
            return [receipt.status for receipt in await notifications.receipts(session, "ntf_1")]


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    database = Database(f"sqlite:///{tmp_path / 'dutyline.db'}")
    await database.upgrade()
    async with database.write() as session:
        await incidents.open_incident(
            session, records.incident("1", policy=POLICY.to_json(), policy_key="default", title="Disk full")
        )
        await incidents.change(session, "inc_1", 1, level=1, next_due_at=NOW)
        alert = records.notification("1", "inc_1", level=1, position=1, channel="phone")
        await notifications.create(session, alert)
        await notifications.claim(session, "ntf_1", NOW)
        await notifications.set_sent(session, "ntf_1", provider="twilio", provider_id=CALL, at=NOW)
    actions = IncidentActions(database)
    links = Links("https://duty.example", Keyring(["a-test-key"], Purpose.LINKS))
    directory = Directory(users={"ana": User("ana", "Ana Reyes", phones=("+15550100001",))})
    app = AlertWebhooks(database, actions, links, lambda: directory, lambda: NOW)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app)) as http:
        yield Desk(database, actions, links, http)
    await database.close()


def document(answer: httpx2.Response) -> Element:
    assert answer.status_code == 200
    return fromstring(answer.content)


def spoken(answer: httpx2.Response) -> str:
    return " ".join(element.text or "" for element in document(answer).iter() if element.tag in {"Say", "Speak"})


def key_addresses(answer: httpx2.Response) -> list[str]:
    """What follows the alert's id in the addresses for keys."""
    actions = [element.get("action", "") for element in document(answer).iter()]
    return [address.split("/")[5] for address in actions if address]


async def test_an_alert_call_says_the_title_and_takes_keys_at_an_address_for_each_repetition(desk: Desk) -> None:
    answer = await desk.post("answer")
    assert "Disk full" in spoken(answer)
    assert key_addresses(answer) == ["key-1", "key-2"]


async def test_plivo_gets_its_own_document(desk: Desk) -> None:
    answer = await desk.http.post(desk.path("answer"), data={"CallUUID": "u1", "CallStatus": "in-progress"})
    assert [element.tag for element in document(answer)] == ["GetDigits", "GetDigits", "Hangup"]


async def test_4_acknowledges_and_says_so(desk: Desk) -> None:
    assert await desk.press("4") == "Incident 1 acknowledged. Goodbye."
    row = await desk.incident()
    assert (row.status, row.acknowledged_by) == (IncidentStatus.ACKNOWLEDGED, "ana")


async def test_key_that_acts_proves_the_phone(desk: Desk) -> None:
    await desk.press("4")
    async with desk.database.read() as session:
        assert await verified_phones.all_verified(session) == {("ana", "+15550100001")}


async def test_wrong_key_and_picking_up_prove_no_phone(desk: Desk) -> None:
    await desk.post("answer")
    await desk.press("7")
    async with desk.database.read() as session:
        assert await verified_phones.all_verified(session) == frozenset()


async def test_6_resolves_and_says_so(desk: Desk) -> None:
    assert await desk.press("6") == "Incident 1 resolved. Goodbye."
    assert (await desk.incident()).resolved_by == "ana"


async def test_9_makes_the_next_level_due_and_says_so(desk: Desk) -> None:
    assert await desk.press("9") == "Incident 1 escalated. Goodbye."
    row = await desk.incident()
    assert (row.status, row.next_due_at) == (IncidentStatus.TRIGGERED, NOW)


async def test_a_key_leaves_a_command_and_a_line_with_the_name(desk: Desk) -> None:
    await desk.press("4")
    async with desk.database.read() as session:
        (command,) = await outbox.next_batch(session, NOW, limit=10)
        (line,) = (await incidents.timeline(session, "inc_1", limit=10)).items
    assert command.payload == {"version": 3, "what": "acknowledged", "by": "ana"}
    assert line.text == "Acknowledged by Ana Reyes by phone."


async def test_a_key_that_the_carrier_delivers_twice_is_confirmed_twice_and_counts_once(desk: Desk) -> None:
    await desk.press("4")
    assert await desk.press("4") == "Incident 1 acknowledged. Goodbye."
    assert (await desk.incident()).version == 3


async def test_whoever_comes_second_hears_that_it_was_done_already(desk: Desk) -> None:
    await desk.actions.acknowledge("inc_1", BEN, NOW)
    assert await desk.press("4") == "Incident 1 was already acknowledged. Goodbye."
    assert (await desk.incident()).acknowledged_by == "ben"


async def test_9_on_the_alert_of_an_earlier_level_does_not_escalate_again(desk: Desk) -> None:
    async with desk.database.write() as session:
        await incidents.change(session, "inc_1", 2, level=2, next_due_at=None)
    assert await desk.press("9") == "Incident 1 was already escalated. Goodbye."
    assert (await desk.incident()).next_due_at is None


@pytest.mark.parametrize("digits", ["5", "", "44", "*"])
async def test_a_key_without_a_meaning_gets_the_prompt_once_more(desk: Desk, digits: str) -> None:
    answer = await desk.post("key-1", Digits=digits)
    assert "That key has no meaning here." in spoken(answer)
    assert key_addresses(answer) == ["key-2"]


async def test_the_prompt_is_said_twice_in_all(desk: Desk) -> None:
    answer = await desk.post("key-2", Digits="5")
    assert [element.tag for element in document(answer)] == ["Say", "Hangup"]


@pytest.mark.parametrize("status", [IncidentStatus.ACKNOWLEDGED, IncidentStatus.RESOLVED])
async def test_an_alert_that_nobody_needs_any_more_says_so_and_ends(desk: Desk, status: IncidentStatus) -> None:
    async with desk.database.write() as session:
        await incidents.change(session, "inc_1", 2, **incidents.status_values(status, "ben", NOW))
    answer = await desk.post("answer")
    assert spoken(answer) == "This incident no longer needs you. Goodbye."
    assert document(answer)[-1].tag == "Hangup"


async def test_an_alert_that_does_not_exist_says_that_nobody_is_needed(desk: Desk) -> None:
    answer = await desk.http.post(desk.path("answer", "ntf_gone"), data={"CallSid": CALL})
    assert spoken(answer) == "This incident no longer needs you. Goodbye."


@pytest.mark.parametrize("what", ["answer", "key-1", "status"])
async def test_an_address_that_we_did_not_sign_is_refused(desk: Desk, what: str) -> None:
    path = desk.path(what).rsplit("/", 1)[0]
    assert (await desk.http.post(f"{path}/forged", data={"CallSid": CALL, "Digits": "6"})).status_code == 403
    assert (await desk.incident()).status == IncidentStatus.TRIGGERED


async def test_a_signature_is_good_for_its_own_purpose_only(desk: Desk) -> None:
    forged = desk.path("status").replace("/status/", "/key-1/")
    assert (await desk.http.post(forged, data={"CallSid": CALL, "Digits": "6"})).status_code == 403


@pytest.mark.parametrize("path", ["/alerts", "/alerts/ntf_1/answer", "/alerts/ntf_1/key-0/s", "/alerts/ntf_1/else/s"])
async def test_an_address_that_is_not_ours_is_unknown(desk: Desk, path: str) -> None:
    assert (await desk.http.post(f"https://duty.example{path}")).status_code == 404


async def test_a_completed_call_is_delivered_but_acknowledges_nothing(desk: Desk) -> None:
    answer = await desk.post("status", CallStatus="completed")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await desk.incident()).status == IncidentStatus.TRIGGERED
    assert await desk.alert_state() == "delivered"


async def test_every_receipt_is_kept_in_the_order_of_arrival(desk: Desk) -> None:
    for status in ("ringing", "in-progress", "completed", "initiated"):
        await desk.post("status", CallStatus=status)
    assert await desk.receipts() == ["ringing", "in-progress", "completed", "initiated"]
    assert await desk.alert_state() == "delivered"


async def test_a_phone_that_is_not_answered_fails_the_alert_and_says_so_in_the_timeline(desk: Desk) -> None:
    await desk.post("status", CallStatus="no-answer")
    async with desk.database.read() as session:
        (line,) = (await incidents.timeline(session, "inc_1", limit=10)).items
    assert (await desk.alert_state(), line.text) == ("failed", "Alert call to Ana Reyes: no-answer.")


async def test_a_receipt_of_plivo_is_answered_as_plivo_expects(desk: Desk) -> None:
    form = {"RequestUUID": "r1", "CallUUID": "u1", "CallStatus": "busy"}
    assert (await desk.http.post(desk.path("status"), data=form)).status_code == 200
    assert await desk.receipts() == ["busy"]


async def test_without_a_database_the_leg_ends_and_nothing_is_said_that_is_not_true(desk: Desk) -> None:
    async with desk.database.write() as session:
        await session.execute(text("ALTER TABLE notifications RENAME TO gone"))
    assert [element.tag for element in document(await desk.post("answer"))] == ["Hangup"]
    assert [element.tag for element in document(await desk.post("key-1", Digits="4"))] == ["Hangup"]
    assert (await desk.post("status", CallStatus="completed")).status_code == 204


async def test_a_key_that_cannot_be_stored_is_not_confirmed(desk: Desk) -> None:
    async with desk.database.write() as session:
        await session.execute(text("ALTER TABLE commands RENAME TO gone"))
    assert "could not be acknowledged" in await desk.press("4")
    assert (await desk.incident()).status == IncidentStatus.TRIGGERED
