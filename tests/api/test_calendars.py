"""Other people's calendars over the API: handing in files, how readings went, and what schedules show of them."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from config.resources import Kind
from domain.foreign_calendars import ForeignEvent
from storage import calendars
from tests.api.house import NOON, House
from tests.calendars.files import calendar, event

SECRET_URL = "https://calendar.example/hush-hush/basic.ics"


async def add(house: House, key: str = "holidays", **fields: Any) -> None:
    body = {"name": "Public holidays", "schedules": ["primary"], **fields}
    await house.services.config.put(Kind.CALENDARS, key, body)


async def hand_in(house: House, *events: list[str], role: str = "manager") -> httpx2.Response:
    headers = {"Content-Type": "text/calendar"}
    path = "/api/v1/calendars/holidays/file"
    return await house.as_(role).put(path, content=calendar(*events), headers=headers)


async def overlay(house: House, **window: str) -> list[dict[str, Any]]:
    answer = await house.as_("viewer").get("/api/v1/schedules/primary/overlay", params=window)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_file_that_is_handed_in_is_shown_beside_the_schedule(either_house: House) -> None:
    await add(either_house)
    answer = await hand_in(either_house, event("DTSTART:20260106T090000Z", "DTEND:20260106T100000Z"))
    assert (answer.status_code, answer.json()["events"], answer.json()["error"]) == (200, 1, None)
    assert await overlay(either_house) == [
        {
            "calendar": {"key": "holidays", "name": "Public holidays"},
            "title": "Offsite",
            "starts": "2026-01-06T09:00:00.000Z",
            "ends": "2026-01-06T10:00:00.000Z",
            "first_day": None,
            "last_day": None,
        }
    ]


async def test_all_day_event_begins_at_midnight_in_the_zone_of_the_schedule(either_house: House) -> None:
    await add(either_house)
    await hand_in(either_house, event("DTSTART;VALUE=DATE:20260106", "DTEND;VALUE=DATE:20260108"))
    (item,) = await overlay(either_house)
    assert (item["starts"], item["ends"]) == ("2026-01-05T23:00:00.000Z", "2026-01-07T23:00:00.000Z")
    assert (item["first_day"], item["last_day"]) == ("2026-01-06", "2026-01-07")


@pytest.mark.parametrize(
    ("start", "shown"), [("2026-01-06T22:59:59Z", 1), ("2026-01-06T23:00:00Z", 0)], ids=["last second", "next day"]
)
async def test_all_day_event_is_over_at_the_schedules_midnight(house: House, start: str, shown: int) -> None:
    await add(house)
    await hand_in(house, event("DTSTART;VALUE=DATE:20260106"))
    assert len(await overlay(house, **{"from": start})) == shown


async def test_overlay_has_the_calendars_of_this_schedule_only(house: House) -> None:
    await add(house, schedules=[])
    await hand_in(house, event("DTSTART:20260106T090000Z"))
    assert await overlay(house) == []


async def test_calendar_never_changes_who_is_on_call(house: House) -> None:
    before = (await house.as_("viewer").get("/api/v1/schedules/primary/shifts")).json()
    await add(house)
    await hand_in(house, event("DTSTART;VALUE=DATE:20260106", "DTEND;VALUE=DATE:20260120"))
    assert (await house.as_("viewer").get("/api/v1/schedules/primary/shifts")).json() == before


async def test_file_that_cannot_be_read_is_refused_and_the_events_of_before_stay(house: House) -> None:
    await add(house)
    await hand_in(house, event("DTSTART:20260106T090000Z"))
    answer = await hand_in(house, event("DTSTART:20260106T090000Z", "RRULE:FREQ=MINUTELY"))
    assert answer.status_code == 422
    assert "repeats every minute or second" in answer.json()["error"]["fields"]["body"]
    assert len(await overlay(house)) == 1


async def test_file_of_more_than_a_megabyte_is_refused(house: House) -> None:
    await add(house)
    answer = await hand_in(house, event("DTSTART:20260106T090000Z", title="x" * 10_000_000))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


async def test_calendar_with_a_url_takes_no_file(house: House) -> None:
    await add(house, url=SECRET_URL)
    answer = await hand_in(house, event("DTSTART:20260106T090000Z"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "has_url")
    assert "hush" not in answer.text


async def test_state_says_how_the_last_reading_went(either_house: House) -> None:
    await add(either_house, url=SECRET_URL)
    services, source = either_house.services, calendars.source_of(SECRET_URL)
    ask = "/api/v1/calendars/holidays/state"
    assert (await either_house.as_("viewer").get(ask)).json() == {
        "calendar": "holidays",
        "tried_at": None,
        "refreshed_at": None,
        "error": None,
        "events": 0,
    }
    found = ForeignEvent("1", "Offsite", NOON, NOON + timedelta(hours=1))
    await calendars.replace_events(services.database, "holidays", source, [found], NOON)
    async with services.database.write() as session:
        await calendars.note_failure(session, "holidays", source, "HTTP 404.", NOON + timedelta(days=1))
    assert (await either_house.as_("viewer").get(ask)).json() == {
        "calendar": "holidays",
        "tried_at": "2026-01-06T11:00:00.000Z",
        "refreshed_at": "2026-01-05T11:00:00.000Z",
        "error": "HTTP 404.",
        "events": 1,
    }


async def test_refreshing_without_temporal_is_refused_for_now(house: House) -> None:
    await add(house, url=SECRET_URL)
    answer = await house.as_("responder").post("/api/v1/calendars/holidays/refresh")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/calendars/third/state"),
        ("POST", "/calendars/third/refresh"),
        ("PUT", "/calendars/third/file"),
        ("GET", "/schedules/third/overlay"),
    ],
)
async def test_what_is_not_there_is_404(house: House, method: str, path: str) -> None:
    assert (await house.as_("admin").request(method, f"/api/v1{path}")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [("POST", "/calendars/holidays/refresh", "viewer"), ("PUT", "/calendars/holidays/file", "responder")],
)
async def test_role_that_is_too_low_is_refused(house: House, method: str, path: str, role: str) -> None:
    await add(house)
    assert (await house.as_(role).request(method, f"/api/v1{path}")).status_code == 403


@pytest.mark.parametrize("to", ["2026-01-05T11:00:00Z", "2027-06-01T00:00:00Z", "2026-01-05"])
async def test_window_that_cannot_be_is_refused(house: House, to: str) -> None:
    window = {"from": "2026-01-05T11:00:00Z", "to": to}
    answer = await house.as_("viewer").get("/api/v1/schedules/primary/overlay", params=window)
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, ["to"])


async def test_window_at_the_end_of_the_calendar_is_refused(house: House) -> None:
    window = {"from": "9999-12-31T00:00:00Z", "to": "9999-12-31T20:00:00Z"}
    answer = await house.as_("viewer").get("/api/v1/schedules/primary/overlay", params=window)
    assert answer.status_code == 422
