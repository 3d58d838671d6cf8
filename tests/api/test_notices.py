"""What was told about a schedule or a call, in the API; and what carriers call about notices by phone and text."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import httpx2
import pytest
import pytest_asyncio

from activities.links import CallbackOf, Links
from api.notices import NoticeWebhooks
from config.keys import Keyring, Purpose
from domain.notices import Notice, NoticeKind, call_topic, schedule_topic
from storage import notices
from storage.engine import Database
from storage.notices import NoticeState
from tests.api.house import NOON, House

START = Notice(
    topic=schedule_topic("primary"),
    kind=NoticeKind.SHIFT_START,
    about="ana",
    at=NOON,
    recipient="ana",
    channel="phone",
    subject="You are on call in Primary on-call",
    text="You are on call in Primary on-call until Monday.",
)


async def test_notices_are_listed_newest_first_with_keys_and_states(either_house: House) -> None:
    house = either_house
    for kind in (NoticeKind.SHIFT_START, NoticeKind.SHIFT_END):
        house.clock.advance(hours=1)
        async with house.services.database.write() as session:
            await notices.add(session, [replace(START, kind=kind)], house.clock())
    viewer = house.as_("viewer")
    first = (await viewer.get("/api/v1/schedules/primary/notices?limit=1")).json()
    (end,) = first["items"]
    assert (end["kind"], end["recipient"], end["state"], end["attempts"]) == ("shift_end", "ana", "pending", 0)
    rest = (await viewer.get(f"/api/v1/schedules/primary/notices?cursor={first['next_cursor']}")).json()
    # Before them come the notices of the overrides that the example makes.
    assert [item["kind"] for item in rest["items"] if item["kind"].startswith("shift")] == ["shift_start"]
    assert rest["items"][0]["kind"] == "shift_start"


async def test_what_a_provider_said_is_for_managers_and_the_recipient(house: House) -> None:
    async with house.services.database.write() as session:
        (notice,) = await notices.add(session, [START], house.clock())
        await notices.claim(session, notice, house.clock())
        await notices.set_finished(
            session, notice, NoticeState.FAILED, error="ana@acme.example is full", at=house.clock()
        )

    seen = {}
    for role in ("viewer", "manager"):
        listed = (await house.as_(role).get("/api/v1/schedules/primary/notices")).json()["items"]
        (seen[role],) = (item["error"] for item in listed if item["id"] == notice)

    assert seen == {"viewer": None, "manager": "ana@acme.example is full"}


async def test_notices_of_an_unknown_schedule_are_not_found(house: House) -> None:
    assert (await house.as_("viewer").get("/api/v1/schedules/gone/notices")).status_code == 404


@pytest.mark.parametrize("path", ["schedules/primary", "calls/call_a"])
async def test_notices_need_a_token(house: House, path: str) -> None:
    assert (await house.client().get(f"/api/v1/{path}/notices")).status_code == 401


OF_CALL = Notice(
    topic=call_topic("call_a"),
    kind=NoticeKind.CALL_ANSWERED,
    about="support",
    at=NOON,
    recipient="#hotline",
    channel="slack",
    subject="On-call hotline: answered by Ana Reyes - call from +14156040016, 33 s",
    text="On-call hotline: answered by Ana Reyes - call from +14156040016, 33 s\nhttps://duty.example/calls/call_a",
)


async def test_notices_of_a_call_are_listed_in_the_shape_of_a_schedules(either_house: House) -> None:
    house = either_house
    await house.log_call()
    await house.log_call("b")
    others = (START, replace(OF_CALL, topic=call_topic("call_b")))
    async with house.services.database.write() as session:
        await notices.add(session, [*others, OF_CALL], house.clock())

    (shown,) = (await house.as_("viewer").get("/api/v1/calls/call_a/notices")).json()["items"]

    (of_schedule, *_) = (await house.as_("viewer").get("/api/v1/schedules/primary/notices")).json()["items"]
    assert shown.keys() == of_schedule.keys()
    wanted = ("call_answered", "support", "#hotline", "pending", OF_CALL.subject)
    assert tuple(shown[field] for field in ("kind", "about", "recipient", "state", "subject")) == wanted


async def test_a_number_that_was_told_is_masked_below_manager(house: House) -> None:
    await house.log_call()
    async with house.services.database.write() as session:
        await notices.add(session, [replace(OF_CALL, channel="sms", recipient="+15550100002")], house.clock())

    seen = {}
    for role in ("responder", "manager"):
        (shown,) = (await house.as_(role).get("/api/v1/calls/call_a/notices")).json()["items"]
        seen[role] = shown["recipient"]

    assert seen == {"responder": "+1555…02", "manager": "+15550100002"}


async def test_notices_of_an_unknown_or_a_deleted_call_are_not_found(house: House) -> None:
    await house.log_call()
    await house.as_("manager").delete("/api/v1/calls/call_a")
    for call in ("call_a", "call_gone"):
        assert (await house.as_("viewer").get(f"/api/v1/calls/{call}/notices")).status_code == 404


@dataclass(slots=True)
class Desk:
    database: Database
    links: Links
    http: httpx2.AsyncClient
    notice: str

    async def post(self, what: str, **form: str) -> httpx2.Response:
        return await self.http.post(
            self.links.callback(CallbackOf.NOTICE, self.notice, what), data={"CallSid": "CA1", **form}
        )

    async def state(self) -> str:
        async with self.database.read() as session:
            row = await notices.get(session, self.notice)
        assert row is not None
        return row.state


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    database = Database(f"sqlite:///{tmp_path / 'dutyline.db'}")
    await database.upgrade()
    async with database.write() as session:
        (notice,) = await notices.add(session, [START], NOON)
        await notices.claim(session, notice, NOON)
        await notices.set_sent(session, notice, provider="twilio", provider_id="CA1", at=NOON)
    links = Links("https://duty.example", Keyring(["a-test-key"], Purpose.LINKS))
    app = NoticeWebhooks(database, links, lambda: NOON)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app)) as http:
        yield Desk(database, links, http, notice)
    await database.close()


def _document(answer: httpx2.Response) -> Element:
    assert answer.status_code == 200
    return fromstring(answer.content)


async def test_a_notice_call_says_its_text_and_hangs_up(desk: Desk) -> None:
    said, end = _document(await desk.post("answer"))
    assert (said.tag, said.text) == (
        "Say",
        "Dutyline notice. You are on call in Primary on-call until Monday.",
    )
    assert end.tag == "Hangup"


async def test_a_notice_call_over_plivo_gets_its_own_document(desk: Desk) -> None:
    answer = await desk.http.post(
        desk.links.callback(CallbackOf.NOTICE, desk.notice, "answer"), data={"CallUUID": "u1"}
    )
    assert [element.tag for element in _document(answer)] == ["Speak", "Hangup"]


async def test_a_notice_that_is_gone_ends_the_call(desk: Desk) -> None:
    answer = await desk.http.post(desk.links.callback(CallbackOf.NOTICE, "ntc_gone", "answer"), data={"CallSid": "CA1"})
    assert [element.tag for element in _document(answer)] == ["Hangup"]


@pytest.mark.parametrize(("status", "state"), [("completed", "delivered"), ("busy", "failed"), ("ringing", "sent")])
async def test_the_receipt_says_what_became_of_the_notice(desk: Desk, status: str, state: str) -> None:
    answer = await desk.post("status", CallStatus=status)
    assert answer.status_code in {200, 204}
    assert await desk.state() == state


async def test_an_address_without_our_signature_is_refused(desk: Desk) -> None:
    assert (await desk.http.post(f"https://duty.example/notices/{desk.notice}/answer/forged")).status_code == 403


async def test_the_signature_of_one_purpose_is_none_for_another(desk: Desk) -> None:
    address = desk.links.callback(CallbackOf.NOTICE, desk.notice, "status").replace("/status/", "/answer/")
    assert (await desk.http.post(address)).status_code == 403


@pytest.mark.parametrize("path", ["/notices/x/key-1/s", "/notices/x", "/alerts/x/answer/s"])
async def test_any_other_path_is_not_found(desk: Desk, path: str) -> None:
    assert (await desk.http.post(f"https://duty.example{path}")).status_code == 404
