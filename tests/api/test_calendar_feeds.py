"""Links that show shifts in calendar programs: made, read without signing in, revoked."""

from typing import Any

import httpx2
import pytest
from icalendar import Calendar

from api.calendar_feed import feed_path
from config.keys import Keyring, Purpose
from config.resources import Kind
from tests.api.house import House

KEY = "a test's key"


async def make(client: httpx2.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/calendar-feeds", json={"scope": "mine", **fields})
    assert answer.status_code == 201, answer.text
    feed: dict[str, Any] = answer.json()
    return feed


async def read(house: House, feed: dict[str, Any], **headers: str) -> httpx2.Response:
    return await house.client().get(feed["url"], headers=headers)


def shifts_in(answer: httpx2.Response) -> list[tuple[str, str]]:
    """Start and title of each event, as a calendar program reads them."""
    assert answer.status_code == 200, answer.text
    events = Calendar.from_ical(answer.content).walk("VEVENT")
    return [(event.decoded("dtstart").isoformat(), str(event["summary"])) for event in events]


async def test_link_shows_my_shifts_without_signing_in(either_house: House) -> None:
    feed = await make(either_house.as_("ben"), horizon="21d")
    assert feed["webcal"] == feed["url"].replace("https://", "webcal://")
    answer = await read(either_house, feed)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert shifts_in(answer) == [
        ("2026-01-12T08:00:00+00:00", "On call: Primary on-call"),
        ("2026-01-26T08:00:00+00:00", "On call: Primary on-call"),
    ]


async def test_everybodys_link_shows_a_year_across_both_clock_changes(house: House) -> None:
    feed = await make(house.as_("ben"), scope="everybody", schedule="primary", horizon="366d")
    found = shifts_in(await read(house, feed))
    assert len(found) == 53 + 2  # a shift a week, and Ben for two days of one of Ana's
    assert found[0] == ("2026-01-05T08:00:00+00:00", "Ana Reyes: Primary on-call")
    assert ("2026-03-30T07:00:00+00:00", "Ana Reyes: Primary on-call") in found
    assert ("2026-10-26T08:00:00+00:00", "Ana Reyes: Primary on-call") in found
    assert ("2026-12-24T08:00:00+00:00", "Ben Okafor: Primary on-call") in found


async def test_calendar_says_how_often_to_come_by(house: House) -> None:
    answer = await read(house, await make(house.as_("ben")))
    calendar = Calendar.from_ical(answer.content)
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT1H" in answer.text
    assert "X-PUBLISHED-TTL:PT1H" in answer.text
    assert calendar["x-wr-calname"] == "On call: Ben Okafor"
    assert answer.headers["cache-control"] == "private, no-cache"


async def test_calendar_holds_no_phone_numbers(house: House) -> None:
    answer = await read(house, await make(house.as_("ben"), scope="everybody", schedule="primary"))
    assert "+1555" not in answer.text


async def test_event_has_the_reason(house: House) -> None:
    answer = await read(house, await make(house.as_("ben")))
    event = Calendar.from_ical(answer.content).walk("VEVENT")[0]
    assert event["description"] == "On call in Primary on-call, layer Weekly, until 2026-01-19 09:00 (Europe/Madrid)"
    assert str(event["uid"]).endswith("@duty.example")


async def test_reader_who_has_it_already_gets_304(house: House) -> None:
    feed = await make(house.as_("ben"))
    tag = (await read(house, feed)).headers["etag"]
    house.clock.advance(hours=2)
    again = await read(house, feed, **{"If-None-Match": f'"x", {tag}'})
    assert (again.status_code, again.content) == (304, b"")


async def test_tag_changes_with_an_override(house: House) -> None:
    feed = await make(house.as_("ben"))
    tag = (await read(house, feed)).headers["etag"]
    added = {"user": "ben", "starts": "2026-01-07T09:00", "ends": "2026-01-08T09:00"}
    assert (await house.as_("ben").post("/api/v1/schedules/primary/overrides", json=added)).status_code == 201
    again = await read(house, feed, **{"If-None-Match": tag})
    assert ("2026-01-07T08:00:00+00:00", "On call: Primary on-call") in shifts_in(again)


async def test_head_answers_with_the_same_headers_and_no_body(house: House) -> None:
    feed = await make(house.as_("ben"))
    full, head = await read(house, feed), await house.client().head(feed["url"])
    assert head.status_code == 200
    assert head.content == b""
    for name in ("etag", "content-type", "content-length"):
        assert head.headers[name] == full.headers[name]


async def test_revoked_link_is_404(either_house: House) -> None:
    feed = await make(either_house.as_("ben"))
    assert (await either_house.as_("ben").delete(f"/api/v1/calendar-feeds/{feed['id']}")).status_code == 204
    assert (await read(either_house, feed)).status_code == 404
    (listed,) = (await either_house.as_("ben").get("/api/v1/calendar-feeds")).json()["items"]
    assert (listed["url"], listed["revoked_at"]) == (None, "2026-01-05T11:00:00.000Z")


async def test_link_that_was_not_signed_by_us_is_404(house: House) -> None:
    feed = await make(house.as_("ben"))
    forged = [
        feed["url"].replace(".ics", "x.ics"),
        feed["url"].replace(feed["id"], "feed_00000000000000000000000000"),
        f"/calendar/{feed['id']}.ics",
        f"/calendar/{feed['id']}..ics",
        f"/calendar/.{'a' * 20}.ics",
        "/calendar/%F0%9F%98%80.ics",
        feed_path(Keyring(["another key"], Purpose.CALENDAR_FEEDS), feed["id"]),
        feed_path(Keyring([KEY], Purpose.LINKS), feed["id"]),
        feed_path(Keyring([KEY], Purpose.CALENDAR_FEEDS), "feed_00000000000000000000000000"),
    ]
    answers = [await house.client().get(each) for each in forged]
    assert {(answer.status_code, answer.text) for answer in answers} == {
        (404, "There is no calendar at this address. Make a new link in Dutyline.\n")
    }


async def test_link_of_a_user_who_is_gone_is_404(house: House) -> None:
    await house.services.config.put(Kind.USERS, "carol", {"name": "Carol"})
    token = await token_of(house, "carol")
    feed = await make(house.client(token))
    await house.services.config.delete(Kind.USERS, "carol")
    assert (await read(house, feed)).status_code == 404


async def test_link_of_a_schedule_that_is_gone_is_404(house: House) -> None:
    second = (await house.as_("ana").get("/api/v1/schedules/primary")).json() | {"overrides": []}
    assert (await house.as_("ana").put("/api/v1/schedules/second", json=second)).status_code == 201
    feed = await make(house.as_("ben"), scope="everybody", schedule="second")
    assert (await house.as_("ana").delete("/api/v1/schedules/second")).status_code == 204
    assert (await read(house, feed)).status_code == 404


async def test_reading_is_noted_once_an_hour(either_house: House) -> None:
    feed = await make(either_house.as_("ben"))
    noted = []
    for minutes in (0, 59, 1):
        either_house.clock.advance(minutes=minutes)
        await read(either_house, feed)
        (listed,) = (await either_house.as_("ben").get("/api/v1/calendar-feeds")).json()["items"]
        noted.append(listed["last_read_at"])
    assert noted == ["2026-01-05T11:00:00.000Z", "2026-01-05T11:00:00.000Z", "2026-01-05T12:00:00.000Z"]


async def test_looking_at_the_headers_is_not_reading(house: House) -> None:
    feed = await make(house.as_("ben"))
    await house.client().head(feed["url"])
    (listed,) = (await house.as_("ben").get("/api/v1/calendar-feeds")).json()["items"]
    assert listed["last_read_at"] is None


async def test_list_is_ones_own_and_an_admin_sees_all_without_the_links_of_others(house: House) -> None:
    mine, theirs = await make(house.as_("ana")), await make(house.as_("ben"))
    seen_by_ben = (await house.as_("ben").get("/api/v1/calendar-feeds")).json()["items"]
    seen_by_ana = (await house.as_("ana").get("/api/v1/calendar-feeds")).json()["items"]
    assert [(each["id"], each["url"]) for each in seen_by_ben] == [(theirs["id"], theirs["url"])]
    assert {(each["id"], each["url"]) for each in seen_by_ana} == {(mine["id"], mine["url"]), (theirs["id"], None)}


async def test_only_admins_revoke_what_is_not_theirs(house: House) -> None:
    of_ana, of_ben = await make(house.as_("ana")), await make(house.as_("ben"))
    assert (await house.as_("ben").delete(f"/api/v1/calendar-feeds/{of_ana['id']}")).status_code == 404
    assert (await house.as_("ana").delete(f"/api/v1/calendar-feeds/{of_ben['id']}")).status_code == 204


async def test_token_of_nobody_in_particular_gets_no_link(house: House) -> None:
    answer = await house.as_("responder").post("/api/v1/calendar-feeds", json={"scope": "mine"})
    assert answer.status_code == 403
    assert (await house.client().post("/api/v1/calendar-feeds", json={"scope": "mine"})).status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "scope"),
        ({"scope": "yours"}, "scope"),
        ({"scope": "mine", "schedule": "primary"}, "schedule"),
        ({"scope": "mine_in_schedule"}, "schedule"),
        ({"scope": "everybody"}, "schedule"),
        ({"scope": "everybody", "schedule": "third"}, "schedule"),
        ({"scope": "mine", "horizon": "367d"}, "horizon"),
        ({"scope": "mine", "horizon": "0d"}, "horizon"),
        ({"scope": "mine", "horizon": "36h"}, "horizon"),
        ({"scope": "mine", "horizon": 180}, "horizon"),
        ({"scope": "mine", "user": "ana"}, "user"),
    ],
)
async def test_feed_that_cannot_be_is_refused_under_its_field(house: House, body: dict[str, Any], field: str) -> None:
    answer = await house.as_("ben").post("/api/v1/calendar-feeds", json=body)
    assert answer.status_code == 422
    assert list(answer.json()["error"]["fields"]) == [field]


async def test_comment_of_an_override_cannot_add_lines_to_the_file(house: House) -> None:
    comment = "swap\r\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:Forged; , \\n"
    added = {"user": "ben", "starts": "2026-01-07T09:00", "ends": "2026-01-08T09:00", "comment": comment}
    await house.as_("ben").post("/api/v1/schedules/primary/overrides", json=added)
    answer = await read(house, await make(house.as_("ben"), horizon="3d"))
    (event,) = Calendar.from_ical(answer.content).walk("VEVENT")
    assert event["summary"] == "On call: Primary on-call"
    assert "Forged" in str(event["description"])


async def token_of(house: House, user: str) -> str:
    answer = await house.as_("ana").post("/api/v1/tokens", json={"name": "calendar", "role": "viewer", "user": user})
    secret: str = answer.json()["secret"]
    return secret
