"""Messages in chat rooms: the forms that Slack and Teams take, and what each way to fail means."""

from datetime import UTC, datetime

import httpx2
import pytest

from channels.egress import guarded_client
from channels.room import RoomChannel
from domain.delivery import Refused, Sent, TryLater, Unknown
from domain.directory import Room
from tests.channels.builders import message
from tests.support.fake_carrier import Answer, FakeCarrier

SLACK = Room("ops", "slack", "#ops", "https://hooks.slack.example/services/1")
TEAMS = Room("ops-teams", "teams", "Operations", "https://flows.example/invoke?sig=1")


def channel(fake: FakeCarrier, room: Room = SLACK) -> RoomChannel:
    return RoomChannel(fake.client(), room.channel, {room.to: room})


async def test_slack_gets_the_text_with_the_whole_title_and_the_link() -> None:
    fake = FakeCarrier([httpx2.Response(200, text="ok")])
    title = "Payment API is down in every region " * 8
    assert await channel(fake).send(message(to="#ops", title=title)) == Sent("slack", "")
    assert str(fake.request.url) == SLACK.url
    assert fake.json() == {"text": f"#42 P1 SEV2: {title.strip()}\nhttps://duty.example/incidents/42"}


async def test_a_title_cannot_call_everybody_in_a_slack_room() -> None:
    fake = FakeCarrier([httpx2.Response(200)])
    await channel(fake).send(message(to="#ops", title="<!channel> & more"))
    assert fake.json()["text"].startswith("#42 P1 SEV2: &lt;!channel&gt; &amp; more\n")


async def test_teams_gets_an_adaptive_card_with_a_block_for_each_line() -> None:
    fake = FakeCarrier([httpx2.Response(202)])
    await channel(fake, TEAMS).send(message(to="Operations", title="a [link](x) *bold*"))
    body = fake.json()
    (attachment,) = body["attachments"]
    card = attachment["content"]
    assert (body["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    assert (card["type"], [block["type"] for block in card["body"]]) == ("AdaptiveCard", ["TextBlock", "TextBlock"])
    assert [block["text"] for block in card["body"]] == [
        "\\#42 P1 SEV2: a \\[link\\](x) \\*bold\\*",
        "https://duty.example/incidents/42",
    ]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx2.Response(429, headers={"retry-after": "3"}), TryLater),
        (httpx2.ConnectError("no"), TryLater),
        (httpx2.Response(500), Unknown),
        (httpx2.ReadTimeout("slow"), Unknown),
        (httpx2.Response(404, text="no_service"), Refused),
        (httpx2.Response(302, headers={"location": "https://elsewhere.example"}), Refused),
        (httpx2.InvalidURL("bad"), Refused),
    ],
)
async def test_each_way_to_fail_has_its_meaning_and_names_no_address(answer: Answer, error: type[Exception]) -> None:
    with pytest.raises(error) as failure:
        await channel(FakeCarrier([answer])).send(message(to="#ops"))
    assert "slack.example" not in str(failure.value)


async def test_a_room_that_is_not_set_up_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        await channel(FakeCarrier([httpx2.Response(200)])).send(message(to="#other"))
    assert refusal.value.code == "unknown_room"


async def test_whether_something_was_posted_cannot_be_asked() -> None:
    with pytest.raises(Refused):
        await channel(FakeCarrier([httpx2.Response(200)])).find_sent(
            message(to="#ops"), datetime(2026, 1, 5, tzinfo=UTC), frozenset()
        )


async def test_a_room_at_a_private_address_is_refused() -> None:
    async with guarded_client((), timeout_seconds=2) as client:
        private = RoomChannel(client, "slack", {"#ops": Room("ops", "slack", "#ops", "http://127.0.0.1:9/hook")})
        with pytest.raises(Refused) as refusal:
            await private.send(message(to="#ops"))
    assert refusal.value.code == "address_not_allowed"
