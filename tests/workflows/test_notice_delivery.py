"""What becomes of a notice when it is not simply taken, and when the worker that sends it dies."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.links import Links
from activities.notices import NoticeActivities
from channels.registry import ChannelRegistry, Rooms, make_registry
from config.keys import Keyring, Purpose
from domain.directory import Directory
from domain.notice_messages import DeliverNotice
from domain.notices import Notice, NoticeKind, schedule_topic
from storage import notices
from storage.engine import Database
from storage.notice_tables import NoticeRow
from tests.support.fake_carrier import FakeCarrier
from tests.support.smtp import smtp_sink
from tests.workflows.schedules import OPS, PEOPLE, TWILIO, WEBHOOK, accepting

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
TO_ANA = Notice(
    topic=schedule_topic("primary"),
    kind=NoticeKind.SHIFT_START,
    about="ana",
    at=NOW,
    recipient="ana",
    channel="sms",
    subject="You are on call in Primary on-call",
    text="You are on call in Primary on-call from 09:00.",
    stale_at=NOW + timedelta(hours=1),
)
BY_MAIL = replace(TO_ANA, channel="email")
TO_ROOM = replace(TO_ANA, recipient="#ops", channel="slack")
TO_WEBHOOK = replace(TO_ANA, recipient="status", channel="webhook", document={"event_type": "x"}, stale_at=None)


@dataclass
class Sender:
    """The activity with its database. ``claim`` is a worker that dies after taking a notice."""

    database: Database
    directory: Directory
    carrier: FakeCarrier = field(default_factory=accepting)
    web: FakeCarrier = field(default_factory=lambda: accepting(200))
    smtp_url: str | None = None
    #: what the wall's clock reads
    wall: datetime = NOW

    async def add(self, notice: Notice) -> str:
        async with self.database.write() as session:
            (created,) = await notices.add(session, [notice], NOW)
        return created

    async def claim(self, notice_id: str) -> None:
        async with self.database.write() as session:
            await notices.claim(session, notice_id, NOW)

    async def deliver(self, notice_id: str, after: timedelta = timedelta(minutes=1)) -> None:
        async def directory() -> Directory:
            return self.directory

        web = self.web.client()

        def channels(found: Directory) -> ChannelRegistry:
            rooms = Rooms(web, found.rooms.values())
            return make_registry(self.carrier.client(), found.carriers, self.smtp_url, "duty@duty.example", rooms)

        links = Links("https://duty.example", Keyring(["a-test-key"], Purpose.LINKS))
        activities = NoticeActivities(self.database, directory, channels, web, links, lambda: self.wall)
        await ActivityEnvironment().run(activities.deliver_notice, DeliverNotice(notice_id, NOW + after))

    async def row(self, notice_id: str) -> NoticeRow:
        async with self.database.read() as session:
            row = await notices.get(session, notice_id)
        assert row is not None
        return row

    async def state(self, notice_id: str) -> tuple[str, str | None]:
        row = await self.row(notice_id)
        return row.state, row.error

    def posts(self) -> int:
        return len([request for request in self.carrier.requests if request.method == "POST"])


@pytest_asyncio.fixture
async def sender(tmp_path: Path) -> AsyncIterator[Sender]:
    database = Database(f"sqlite:///{tmp_path / 'dutyline.db'}")
    await database.upgrade()
    yield Sender(
        database,
        Directory(users=PEOPLE, carriers={"twilio": TWILIO}, rooms={"ops": OPS}, shift_webhooks={"status": WEBHOOK}),
    )
    await database.close()


def listing(*sids: str) -> FakeCarrier:
    """A carrier that lists these messages and takes further ones."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            return httpx2.Response(201, json={"sid": "NEW"})
        made = {"to": request.url.params["To"], "direction": "outbound-api", "date_created": "in a while"}
        return httpx2.Response(200, json={"messages": [{"sid": sid, **made} for sid in sids]})

    return FakeCarrier([answer])


async def test_a_sent_notice_is_not_sent_again(sender: Sender) -> None:
    notice = await sender.add(TO_ANA)
    await sender.deliver(notice)
    await sender.deliver(notice)
    assert ((await sender.row(notice)).state, sender.posts()) == ("sent", 1)


async def test_a_text_message_that_a_dead_worker_sent_is_found_at_the_carrier(sender: Sender) -> None:
    notice = await sender.add(TO_ANA)
    await sender.claim(notice)
    sender.carrier = listing("SM1")
    await sender.deliver(notice)
    row = await sender.row(notice)
    assert (row.state, row.provider_id, sender.posts()) == ("sent", "SM1", 0)


async def test_a_text_message_that_a_dead_worker_did_not_send_is_sent(sender: Sender) -> None:
    notice = await sender.add(TO_ANA)
    await sender.claim(notice)
    sender.carrier = listing()
    await sender.deliver(notice)
    assert ((await sender.row(notice)).provider_id, sender.posts()) == ("NEW", 1)


async def test_the_message_of_another_notice_is_not_taken_for_this_one(sender: Sender) -> None:
    other, notice = await sender.add(replace(TO_ANA, kind=NoticeKind.SHIFT_END)), await sender.add(TO_ANA)
    await sender.deliver(other)
    await sender.claim(notice)
    sender.carrier = listing("X1")
    await sender.deliver(notice)
    assert ((await sender.row(notice)).provider_id, sender.posts()) == ("NEW", 1)


async def test_a_carrier_that_cannot_be_asked_now_is_asked_again_later(sender: Sender) -> None:
    notice = await sender.add(TO_ANA)
    await sender.claim(notice)
    sender.carrier = FakeCarrier([httpx2.ConnectError("away")])
    with pytest.raises(ApplicationError):
        await sender.deliver(notice)
    assert ((await sender.row(notice)).state, sender.posts()) == ("claimed", 0)


async def test_an_e_mail_in_doubt_is_sent_again_with_the_same_message_id(sender: Sender) -> None:
    notice = await sender.add(BY_MAIL)
    await sender.claim(notice)
    async with smtp_sink() as sink:
        sender.smtp_url = f"smtp://127.0.0.1:{sink.port}"
        await sender.deliver(notice)
    (mail,) = sink.messages
    assert (mail["Message-ID"], mail["To"]) == (f"<{notice}@duty.example>", "ana@acme.example")
    assert mail["Subject"] == "You are on call in Primary on-call"
    assert (await sender.row(notice)).state == "sent"


async def test_a_webhook_in_doubt_is_called_again_with_the_same_header(sender: Sender) -> None:
    notice = await sender.add(TO_WEBHOOK)
    sender.web = FakeCarrier([httpx2.Response(503), httpx2.Response(204)])
    with pytest.raises(ApplicationError):
        await sender.deliver(notice)
    await sender.deliver(notice)
    assert [request.headers["dutyline-notice"] for request in sender.web.requests] == [notice, notice]
    assert json.loads(sender.web.requests[1].content) == {"event_type": "x"}
    assert (await sender.row(notice)).state == "sent"


async def test_a_room_in_doubt_is_not_told_twice_and_says_so(sender: Sender) -> None:
    notice = await sender.add(TO_ROOM)
    await sender.claim(notice)
    await sender.deliver(notice)
    assert sender.web.requests == []
    assert await sender.state(notice) == ("unknown", "It may have been posted: Slack cannot be asked.")


async def test_a_room_is_told(sender: Sender) -> None:
    notice = await sender.add(TO_ROOM)
    await sender.deliver(notice)
    assert sender.web.json() == {"text": "You are on call in Primary on-call from 09:00."}
    assert str(sender.web.request.url) == OPS.url


async def test_a_refusal_is_the_end_with_its_sentence(sender: Sender) -> None:
    notice = await sender.add(TO_ANA)
    sender.carrier = FakeCarrier([httpx2.Response(400, json={"code": 21610, "message": "unsubscribed"})])
    await sender.deliver(notice)
    state, error = await sender.state(notice)
    assert state == "failed"
    assert error is not None
    assert error.startswith("Twilio: ")


@pytest.mark.parametrize(
    ("notice", "sentence"),
    [
        (replace(TO_ANA, recipient="gone"), "There is no address for sms."),
        (replace(TO_WEBHOOK, recipient="gone"), "There is no such shift webhook any more."),
        (replace(TO_ROOM, recipient="#gone"), "There is no slack room of that name; add it under rooms."),
        (
            replace(TO_ROOM, channel="teams"),
            "The channel teams is not set up: add the room and its incoming webhook under rooms.",
        ),
    ],
)
async def test_a_recipient_that_is_gone_is_a_failure_that_says_so(
    sender: Sender, notice: Notice, sentence: str
) -> None:
    created = await sender.add(notice)
    await sender.deliver(created)
    assert await sender.state(created) == ("failed", sentence)


async def test_a_provider_that_asks_to_wait_gets_the_notice_later(sender: Sender) -> None:
    notice = await sender.add(TO_ANA)
    sender.carrier = FakeCarrier([httpx2.Response(429, headers={"retry-after": "7"})])
    with pytest.raises(ApplicationError) as failure:
        await sender.deliver(notice)
    assert failure.value.next_retry_delay == timedelta(seconds=7)
    assert (await sender.row(notice)).state == "pending"


@pytest.mark.parametrize(
    ("answer", "state"), [(httpx2.ConnectError("away"), "failed"), (httpx2.Response(500), "unknown")]
)
async def test_a_receiver_that_is_away_for_a_day_is_given_up(sender: Sender, answer: Any, state: str) -> None:
    notice = await sender.add(TO_WEBHOOK)
    sender.web = FakeCarrier([answer])
    with pytest.raises(ApplicationError):
        await sender.deliver(notice, after=timedelta(hours=23))
    await sender.deliver(notice, after=timedelta(days=1))
    assert (await sender.row(notice)).state == state


async def test_a_notice_that_is_no_news_any_more_is_not_sent(sender: Sender) -> None:
    notice = await sender.add(TO_ANA)
    await sender.deliver(notice, after=timedelta(hours=2))
    assert ((await sender.row(notice)).state, sender.posts()) == ("too_late", 0)


async def test_a_notice_that_waited_too_long_for_a_worker_is_not_sent(sender: Sender) -> None:
    notice = await sender.add(TO_ANA)
    sender.wall = NOW + timedelta(hours=2)
    await sender.deliver(notice)
    assert ((await sender.row(notice)).state, sender.posts()) == ("too_late", 0)


async def test_a_mailing_list_is_its_own_address(sender: Sender) -> None:
    notice = await sender.add(replace(BY_MAIL, recipient="ops@acme.example"))
    async with smtp_sink() as sink:
        sender.smtp_url = f"smtp://127.0.0.1:{sink.port}"
        await sender.deliver(notice)
    assert sink.messages[0]["To"] == "ops@acme.example"


async def test_a_phone_notice_is_a_call_with_signed_addresses_of_its_own(sender: Sender) -> None:
    notice = await sender.add(replace(TO_ANA, channel="phone"))
    await sender.deliver(notice)
    form = sender.carrier.form()
    assert form["To"] == ["+15550100001"]
    assert form["Url"][0].startswith(f"https://duty.example/notices/{notice}/answer/")
