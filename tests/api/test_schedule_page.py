"""The page of a schedule: the same answers as routing, holes marked, and nothing that needs a script."""

import re
from html.parser import HTMLParser
from typing import Any

from domain.foreign_calendars import all_day
from storage import calendars
from tests.api.house import House

MORNINGS: dict[str, Any] = {
    "name": "Mornings",
    "timezone": "Europe/Madrid",
    "layers": [
        {
            "name": "Early",
            "members": ["ana", "ben"],
            "rotation": {"every": 1, "unit": "day"},
            "handoff": {"time": "09:00"},
            "starts": "2026-01-05",
            "slots": [{"from": "06:00", "to": "14:00"}],
        }
    ],
}


class _Bars(HTMLParser):
    """The spoken words of each row of the timeline."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "svg" and ("role", "img") in attrs:
            self.rows.append(dict(attrs)["aria-label"] or "")


async def _page(house: House, key: str = "primary") -> str:
    answer = await (await house.sign_in("ben")).get(f"/schedules/{key}")
    assert answer.status_code == 200, answer.text
    return answer.text


async def _save(house: House, body: dict[str, Any], key: str = "mornings") -> None:
    assert (await house.as_("manager").put(f"/api/v1/schedules/{key}", json=body)).status_code in (200, 201)


async def test_home_links_to_each_schedule(house: House) -> None:
    assert '<a href="/schedules/primary">Primary on-call</a>' in (await (await house.sign_in("ben")).get("/")).text


async def test_stranger_sees_no_schedule(house: House) -> None:
    answer = await house.client().get("/schedules/primary")

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


async def test_unknown_schedule_has_no_page(house: House) -> None:
    assert (await (await house.sign_in("ben")).get("/schedules/nowhere")).status_code == 404


async def test_page_says_who_is_on_call_why_and_who_is_next(house: House) -> None:
    text = await _page(house)

    assert '<p class="person">Ana Reyes</p>' in text
    assert "On call in Primary on-call, layer Weekly, until 2026-01-12 09:00 (Europe/Madrid)." in text
    assert re.search(r"<dt>Next</dt><dd>Ben Okafor, <time[^>]*>2026-01-12 09:00:00 CET</time>", text)


async def test_each_week_has_a_row_for_the_result_and_for_each_layer(house: House) -> None:
    await _save(house, MORNINGS)

    rows = _Bars(await _page(house, "mornings")).rows

    assert len(rows) == 4 * 2
    assert rows[0].startswith("Nobody, Mon 05 Jan 00:00 to Mon 05 Jan 09:00; Ana Reyes, Mon 05 Jan 09:00 to")
    assert "Nobody" not in rows[1]


async def test_override_is_shown_where_routing_puts_it_and_with_its_times(house: House) -> None:
    override = {"user": "ben", "starts": "2026-01-05T10:00", "ends": "2026-01-05T13:00", "comment": "dentist"}
    assert (await house.as_("ben").post("/api/v1/schedules/primary/overrides", json=override)).status_code == 201

    text = await _page(house)

    on_call = (await house.as_("viewer").get("/api/v1/schedules/primary/on-call")).json()
    assert f'<p class="person">{on_call["user"]["name"]}</p>' in text
    assert "Ben Okafor, Mon 05 Jan 10:00 to Mon 05 Jan 13:00" in _Bars(text).rows[0]
    assert "<td>Ben Okafor</td><td>everybody</td><td>2026-01-05 10:00:00 CET</td>" in text
    assert "dentist" in text


async def test_override_that_is_over_is_not_listed(house: House) -> None:
    house.clock.advance(days=360)

    assert "None that goes on or is to come." in await _page(house)


async def test_warnings_and_holes_are_marked(house: House) -> None:
    await _save(house, MORNINGS)

    text = await _page(house, "mornings")

    assert 'class="hole"' in text
    assert '<li class="gap"><span class="mark">gap</span> Nobody is on call in Mornings from 14:00 to 06:00' in text


async def test_hole_that_is_over_is_not_marked(house: House) -> None:
    await _save(house, {**MORNINGS, "layers": [{**MORNINGS["layers"][0], "slots": []}]})

    text = await _page(house, "mornings")

    assert _Bars(text).rows[0].startswith("Nobody, Mon 05 Jan 00:00 to Mon 05 Jan 09:00;")
    assert 'class="over"' in text
    assert 'class="hole"' not in text


async def test_foreign_calendar_is_a_row_of_its_own_and_changes_nobody(house: House) -> None:
    plain = _Bars(await _page(house)).rows
    body = {"name": "Holidays", "schedules": ["primary"]}
    assert (await house.as_("manager").put("/api/v1/calendars/holidays", json=body)).status_code == 201
    day = house.clock().date().replace(day=6)
    epiphany = all_day("1", "Epiphany", day, day.replace(day=7))
    await calendars.replace_events(house.services.database, "holidays", calendars.FILE, [epiphany], house.clock())

    rows = _Bars(await _page(house)).rows

    assert rows[:2] == plain[:2]
    assert rows[2] == "Epiphany, Tue 06 Jan 00:00 to Wed 07 Jan 00:00"


async def test_hostile_names_stay_text(house: House) -> None:
    await _save(house, {**MORNINGS, "name": "<script>alert(1)</script>"})

    assert "<script>alert" not in await _page(house, "mornings")


async def test_page_has_no_inline_style_or_script_that_the_policy_would_refuse(house: House) -> None:
    await _save(house, MORNINGS)

    text = await _page(house, "mornings")

    assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=\"/static/)", text)


async def test_schedule_without_layers_says_nobody(house: House) -> None:
    await _save(house, {"name": "Empty"}, "empty")

    text = await _page(house, "empty")

    assert '<p class="person warning">Nobody</p>' in text
    assert "Nobody is on call in Empty at any time." in text
