"""``POST /hooks/incident-io/{token}`` as incident.io and forgers see it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from api.event_door import MAX_BODY_BYTES
from api.incident_io import IncidentIoWebhooks
from config.keys import Keyring, Purpose
from config.resources import Kind
from intake.processor import Processor
from intake.spool import Spool
from storage.journal import Entry, Journal, open_journal
from tests.api.house import PUBLIC_URL, House
from tests.intake.builders import event_ids, only_incident, timeline
from tests.support.incident_io import (
    CREATED,
    OTHER_SECRET,
    SECRET,
    STATUS_UPDATED,
    UPDATED,
    as_bytes,
    by_svix,
    signed,
    status,
    webhook,
)

ADDRESS = "/hooks/incident-io/demo-incident-io"
INTEGRATION = {"name": "incident.io", "type": "incident-io", "token": "demo-incident-io", "signing_secret": SECRET}


@dataclass(frozen=True, slots=True)
class Door:
    house: House
    journal: Journal
    spool: Spool
    app: IncidentIoWebhooks

    @classmethod
    def at(cls, house: House, journal: Journal, spool: Spool, limit_per_minute: int | None = None) -> "Door":
        services = house.services
        app = IncidentIoWebhooks(services.route_book, journal, spool, limit_per_minute, services.clock)
        return cls(house, journal, spool, app)

    def limited(self, per_minute: int) -> "Door":
        return Door.at(self.house, self.journal, self.spool, per_minute)

    async def configure(self, key: str = "incident-io", **fields: Any) -> None:
        await self.house.services.config.put(Kind.INTEGRATIONS, key, INTEGRATION | fields)
        await self.house.services.route_book.refresh()

    async def post(
        self,
        body: bytes,
        headers: dict[str, str] | None = None,
        *,
        webhook_id: str = "msg_1",
        path: str = ADDRESS,
        method: str = "POST",
    ) -> httpx2.Response:
        """Signed with the integration's secret unless ``headers`` say otherwise."""
        headers = signed(body, self.house.clock(), webhook_id=webhook_id) if headers is None else headers
        transport = httpx2.ASGITransport(app=self.app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url=PUBLIC_URL) as http:
            return await http.request(method, path, content=body, headers=headers)

    async def accepted(self) -> list[Entry]:
        return await self.journal.read(10)

    async def process(self) -> None:
        directory = await self.house.services.config.directory()
        processor = Processor(self.house.services.database, self.journal, lambda: directory, now=self.house.clock)
        while await processor.step():
            pass


@asynccontextmanager
async def open_door(house: House, folder: Path) -> AsyncIterator[Door]:
    journal = open_journal(house.services.database)
    spool = Spool(folder / "spool", Keyring(["a test's key"], Purpose.SPOOL))
    door = Door.at(house, journal, spool)
    await door.configure()
    yield door
    await spool.close()
    await journal.close()


@pytest_asyncio.fixture
async def door(house: House, tmp_path: Path) -> AsyncIterator[Door]:
    async with open_door(house, tmp_path) as door:
        yield door


@pytest_asyncio.fixture
async def either_door(either_house: House, tmp_path: Path) -> AsyncIterator[Door]:
    """On each database."""
    async with open_door(either_house, tmp_path) as door:
        yield door


def refused(answer: httpx2.Response, status_code: int, words: str) -> None:
    assert answer.status_code == status_code
    assert set(answer.json()) == {"error"}
    assert words in answer.json()["error"]


async def test_a_signed_event_is_in_the_journal_byte_for_byte(either_door: Door) -> None:
    body = as_bytes(webhook()) + b"\n"

    answer = await either_door.post(body)

    assert (answer.status_code, answer.json()) == (200, {"Ok": True})
    (entry,) = await either_door.accepted()
    assert (entry.kind, entry.integration, entry.body) == ("incident-io", "incident-io", body)
    assert entry.received_at == either_door.house.clock()


@pytest.mark.parametrize("names", ["webhook", "svix", "both"])
async def test_headers_by_either_names_are_accepted(door: Door, names: str) -> None:
    body = as_bytes(webhook())
    headers = signed(body, door.house.clock())
    by_names = {"webhook": headers, "svix": by_svix(headers), "both": headers | by_svix(headers)}

    assert (await door.post(body, by_names[names])).status_code == 200
    assert len(await door.accepted()) == 1


async def test_a_webhook_has_one_effect_however_often_it_comes(either_door: Door) -> None:
    body = as_bytes(webhook())
    await either_door.post(body)
    await either_door.post(body)
    await either_door.process()
    either_door.house.clock.advance(hours=3)
    assert (await either_door.post(body)).status_code == 200
    await either_door.process()

    incident = await only_incident(either_door.house.services.database)
    assert (incident.occurrences, incident.suppressed_events) == (1, 0)
    assert len(await event_ids(either_door.house.services.database)) == 1


async def test_the_same_webhook_id_at_another_integration_is_another_event(either_door: Door) -> None:
    await either_door.configure("other", token="demo-other")
    body = as_bytes(webhook())
    await either_door.post(body)
    await either_door.post(body, path="/hooks/incident-io/demo-other")

    first, second = await either_door.accepted()
    assert first.id != second.id


async def test_an_incident_opens_with_the_severity_and_the_whole_document(either_door: Door) -> None:
    document = {"data": webhook(), "timestamp": "2026-01-05T11:00:00Z", "type": "incident.incident.created"}
    await either_door.post(as_bytes(document))
    await either_door.process()

    incident = await only_incident(either_door.house.services.database)
    assert (incident.title, incident.severity, incident.status) == ("Payments are down", "sev3", "triggered")
    assert incident.payload == document
    assert ("triggered", "Opened by an event of incident.io.") in await timeline(either_door.house.services.database)


async def test_without_a_valid_signature_nothing_is_accepted(door: Door) -> None:
    body, now = as_bytes(webhook()), door.house.clock()
    for headers in (
        {},
        signed(body, now, secret=OTHER_SECRET),
        signed(body + b" ", now),
        signed(body, now) | {"webhook-signature": "v1"},
        signed(body, now) | {"webhook-timestamp": "soon"},
    ):
        refused(await door.post(body, headers), 403, "The signature is missing, wrong, or more than five minutes off.")
    assert await door.accepted() == []


@pytest.mark.parametrize("seconds", [-301, 301])
async def test_an_old_or_a_future_delivery_is_403(door: Door, seconds: int) -> None:
    body = as_bytes(webhook())
    headers = signed(body, door.house.clock())
    door.house.clock.advance(seconds=-seconds)

    refused(await door.post(body, headers), 403, "five minutes")


async def test_without_a_stored_secret_everything_is_403(door: Door) -> None:
    await door.configure("new", token="demo-new", signing_secret=None)

    answer = await door.post(as_bytes(webhook()), path="/hooks/incident-io/demo-new")

    refused(answer, 403, "no signing_secret yet")
    assert await door.accepted() == []


async def test_a_forged_body_that_is_no_text_is_403(door: Door) -> None:
    refused(await door.post(b"\xff\xfe", signed(b"{}", door.house.clock())), 403, "signature")


@pytest.mark.parametrize(
    "path",
    ["/hooks/incident-io/nobody", "/hooks/incident-io/", "/hooks/incident-io/demo-incident-io/x", "/hooks/other/x"],
)
async def test_an_unknown_address_is_404(door: Door, path: str) -> None:
    refused(await door.post(as_bytes(webhook()), path=path), 404, "No integration has this token.")


async def test_an_integration_of_another_type_is_404(door: Door) -> None:
    answer = await door.post(as_bytes(webhook()), path="/hooks/incident-io/demo-payments")

    refused(answer, 404, "No integration has this token.")


async def test_another_method_is_405_before_anything_else(door: Door) -> None:
    answer = await door.post(b"", {}, path="/hooks/incident-io/nobody", method="GET")

    refused(answer, 405, "Send events with POST.")
    assert answer.headers["allow"] == "POST"


async def test_a_body_over_the_limit_is_413_before_its_signature_is_looked_at(door: Door) -> None:
    refused(await door.post(b" " * (MAX_BODY_BYTES + 1), {}), 413, "1 MiB")


@pytest.mark.parametrize("body", [b"", b"{"])
async def test_signed_but_no_json_is_400(door: Door, body: bytes) -> None:
    refused(await door.post(body), 400, "JSON")
    assert await door.accepted() == []


async def test_a_signed_list_is_400(door: Door) -> None:
    refused(await door.post(as_bytes([webhook()])), 400, "not an object")


async def test_whether_the_body_is_json_is_not_told_without_a_signature(door: Door) -> None:
    refused(await door.post(b"{", {}), 403, "signature")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"event_type": ["public_incident.incident_created_v2"]},
        {"event_type": "private_incident.incident_created_v2", "private_incident.incident_created_v2": {"id": "01J"}},
        webhook("public_incident.follow_up_created_v1"),
        {"data": {"id": "01J", "name": "No event"}, "type": "incident.incident"},
    ],
)
async def test_what_cannot_be_selected_is_200_and_nothing_else(door: Door, document: dict[str, Any]) -> None:
    answer = await door.post(as_bytes(document))

    assert (answer.status_code, answer.json()) == (200, {"Ok": True})
    assert await door.accepted() == []


@pytest.mark.parametrize(("selected", "taken"), [("created", [CREATED]), ("updated", [UPDATED, STATUS_UPDATED])])
async def test_only_the_selected_events_are_taken(door: Door, selected: str, taken: list[str]) -> None:
    await door.configure(events=[selected])
    for event_type in (CREATED, UPDATED, STATUS_UPDATED):
        assert (await door.post(as_bytes(webhook(event_type)), webhook_id=event_type)).status_code == 200

    assert [json.loads(entry.body)["event_type"] for entry in await door.accepted()] == taken


async def test_over_the_operators_limit_is_429_with_retry_after(door: Door) -> None:
    limited = door.limited(2)

    answers = [await limited.post(as_bytes(webhook()), webhook_id=f"msg_{number}") for number in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 30
    assert len(await door.accepted()) == 2


async def test_what_is_forged_or_not_selected_does_not_use_up_the_limit(door: Door) -> None:
    limited = door.limited(1)
    body = as_bytes(webhook())

    await limited.post(body, {})
    await limited.post(as_bytes(webhook("public_incident.follow_up_created_v1")))

    assert (await limited.post(body)).status_code == 200


async def test_a_closed_incident_resolves_ours_whatever_it_is_called_by_then(either_door: Door) -> None:
    closed = webhook(UPDATED, name="Renamed meanwhile", incident_status=status("Closed", "closed"))
    await either_door.post(as_bytes(webhook()))
    await either_door.post(as_bytes(closed), webhook_id="msg_2")
    await either_door.process()

    incident = await only_incident(either_door.house.services.database)
    assert (incident.status, incident.resolved_by) == ("resolved", "integration:incident-io")
