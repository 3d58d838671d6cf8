"""Schedules over the API: single layers, gaps with their reason, what is wrong ahead, and previews."""

import json
from copy import deepcopy
from typing import Any

import httpx2
import pytest

from storage import verified_phones
from storage.verified_phones import Proof
from tests.api.house import House

SCHEDULE: dict[str, Any] = {
    "name": "Night watch",
    "timezone": "Europe/Madrid",
    "layers": [
        {
            "name": "Nights",
            "members": ["ana", "ben"],
            "rotation": {"every": 1, "unit": "day"},
            "handoff": {"time": "09:00"},
            "starts": "2026-01-05",
            "slots": [{"from": "18:00", "to": "09:00"}],
        },
        {
            "name": "Mondays",
            "members": ["ben"],
            "starts": "2026-01-05",
            "slots": [{"from": "monday 09:00", "to": "monday 12:00"}],
        },
    ],
}


async def _save(house: House, body: dict[str, Any] = SCHEDULE) -> None:
    assert (await house.as_("manager").put("/api/v1/schedules/nights", json=body)).status_code == 201


async def _away(house: House, user: str, delegate: str | None) -> None:
    manager = house.as_("admin")
    body = (await manager.get(f"/api/v1/users/{user}")).json()
    absence = {"starts": "2026-01-05", "ends": "2026-01-08", "delegate": delegate}
    answer = await manager.put(f"/api/v1/users/{user}", json={**body, "out_of_office": [absence]})
    assert answer.status_code == 200, answer.text


async def _verify(house: House, *pairs: tuple[str, str]) -> None:
    async with house.services.database.write() as session:
        for user, number in pairs:
            await verified_phones.verify(session, user, number, Proof.CODE, house.clock())


async def _preview(house: House, body: Any, role: str = "responder", query: str = "") -> httpx2.Response:
    return await house.as_(role).post(f"/api/v1/schedules/preview{query}", json=body)


def _line(shifts: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(shift["user"]["key"], shift["starts"]) for shift in shifts]


DAY = "?from=2026-01-05T08:00:00Z&to=2026-01-06T08:00:00Z"


async def test_one_layers_shifts_and_gaps_ignore_the_others(house: House) -> None:
    await _save(house)
    viewer = house.as_("viewer")

    shifts = (await viewer.get(f"/api/v1/schedules/nights/shifts{DAY}&layer=Nights")).json()["items"]
    gaps = (await viewer.get(f"/api/v1/schedules/nights/gaps{DAY}&layer=Nights")).json()["items"]

    assert _line(shifts) == [("ana", "2026-01-05T17:00:00.000Z")]
    assert gaps == [{"starts": "2026-01-05T08:00:00.000Z", "ends": "2026-01-05T17:00:00.000Z", "reason": None}]


@pytest.mark.parametrize("what", ["shifts", "gaps"])
async def test_unknown_layer_is_404_and_names_those_there_are(house: House, what: str) -> None:
    await _save(house)

    answer = await house.as_("viewer").get(f"/api/v1/schedules/nights/{what}?layer=Days")

    assert answer.status_code == 404
    assert "Nights, Mondays" in answer.json()["error"]["message"]


async def test_gap_of_somebody_who_is_away_has_a_reason_but_no_user(house: House) -> None:
    await _away(house, "ana", None)
    viewer = house.as_("viewer")

    now = (await viewer.get("/api/v1/schedules/primary/on-call")).json()
    gaps = (await viewer.get(f"/api/v1/schedules/primary/gaps{DAY}")).json()["items"]

    assert (now["user"], now["reason"]["kind"], now["reason"]["delegated_by"]) == (None, "delegate", "ana")
    assert [gap["reason"]["delegated_by"] for gap in gaps] == ["ana"]


async def test_warnings_of_a_schedule_that_nobody_uses_tell_its_holes_and_phones(either_house: House) -> None:
    await _save(either_house)

    found = (await either_house.as_("viewer").get("/api/v1/schedules/nights/warnings")).json()

    assert found["warnings"] == ["Layer Mondays rotates by weeks without a handoff weekday: it is the weekday on which the layer starts."]  # fmt: skip # noqa: E501
    assert {each["kind"] for each in found["concerns"]} == {"gap", "unverified_phone"}


async def test_proved_phone_is_no_concern(either_house: House) -> None:
    await _verify(either_house, ("ana", "+15550100001"), ("ben", "+15550100002"))

    found = (await either_house.as_("viewer").get("/api/v1/schedules/primary/warnings")).json()

    assert found == {"warnings": [], "concerns": []}


async def test_preview_shows_shifts_layers_gaps_and_what_is_wrong(either_house: House) -> None:
    answer = await _preview(either_house, SCHEDULE, query=DAY)

    found = answer.json()
    assert answer.status_code == 200, answer.text
    assert _line(found["shifts"]) == [("ben", "2026-01-05T08:00:00.000Z"), ("ana", "2026-01-05T17:00:00.000Z")]
    assert [(each["name"], _line(each["shifts"])) for each in found["layers"]] == [
        ("Nights", [("ana", "2026-01-05T17:00:00.000Z")]),
        ("Mondays", [("ben", "2026-01-05T08:00:00.000Z")]),
    ]
    assert [gap["starts"] for gap in found["gaps"]] == ["2026-01-05T11:00:00.000Z"]
    assert "rotates by weeks" in found["warnings"][0]
    assert "gap" in {each["kind"] for each in found["concerns"]}


async def test_preview_stores_nothing(house: House) -> None:
    before = await house.services.config.version()

    await _preview(house, {**SCHEDULE, "key": "nights"})

    assert await house.services.config.version() == before
    assert (await house.as_("viewer").get("/api/v1/schedules/nights")).status_code == 404


async def test_preview_of_a_stored_schedule_keeps_its_overrides(house: House) -> None:
    await _save(house)
    override = {"user": "ben", "starts": "2026-01-05T18:00", "ends": "2026-01-05T20:00"}
    assert (await house.as_("ben").post("/api/v1/schedules/nights/overrides", json=override)).status_code == 201

    kept = (await _preview(house, {**SCHEDULE, "key": "nights"}, query=DAY)).json()
    alone = (await _preview(house, SCHEDULE, query=DAY)).json()

    assert ("ben", "2026-01-05T17:00:00.000Z") in _line(kept["shifts"])
    assert ("ben", "2026-01-05T17:00:00.000Z") not in _line(alone["shifts"])


async def test_preview_is_what_saving_gives(house: House) -> None:
    body = {
        **deepcopy(SCHEDULE),
        "overrides": [{"user": "ben", "starts": "2026-01-05T19:00", "ends": "2026-01-05T20:00"}],
    }
    previewed = (await _preview(house, body, query=DAY)).json()

    await _save(house, body)

    saved = (await house.as_("viewer").get(f"/api/v1/schedules/nights/shifts{DAY}")).json()["items"]
    assert _line(previewed["shifts"]) == _line(saved)


async def test_preview_refuses_what_put_refuses_field_by_field(house: House) -> None:
    body = {**SCHEDULE, "timezone": "Europe/Atlantis", "layers": [{**SCHEDULE["layers"][0], "members": ["zoe"]}]}

    previewed = await _preview(house, body)
    put = await house.as_("manager").put("/api/v1/schedules/nights", json=body)

    assert (previewed.status_code, put.status_code) == (422, 422)
    assert previewed.json()["error"]["fields"] == put.json()["error"]["fields"]


@pytest.mark.parametrize("body", [None, [], 3, "text", {}, {"key": 7}, {"key": "../x", "name": "X"}])
async def test_body_that_is_no_schedule_is_422(house: House, body: Any) -> None:
    assert (await _preview(house, body)).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {"name": "half a character \ud800"},
        {"name": "X", "overrides": [{"id": ["no id"], "user": "ana", "starts": "2026-01-12", "ends": "2026-01-13"}]},
    ],
)
async def test_odd_values_are_422_for_preview_and_put(house: House, body: Any) -> None:
    raw = json.dumps(body)
    manager = house.as_("manager")

    previewed = await manager.post("/api/v1/schedules/preview", content=raw)
    put = await manager.put("/api/v1/schedules/odd", content=raw)

    assert (previewed.status_code, put.status_code) == (422, 422)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/schedules/primary/overrides", {"user": "ana", "starts": "2026-01-05T09:00\ud800", "ends": "x"}),
        ("POST", "/schedules/primary/overrides", {"user": "\ud800", "starts": "2026-01-05", "ends": "2026-01-06"}),
        ("POST", "/schedules/preview", {"key": "\ud800", "name": "X"}),
        ("PUT", "/users/ana/shift-notices", {"schedules": {"\ud800": {}}}),
    ],
)
async def test_half_a_character_is_refused(house: House, method: str, path: str, body: Any) -> None:
    answer = await house.as_("manager").request(method, f"/api/v1{path}", content=json.dumps(body))
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
@pytest.mark.parametrize(
    "path",
    [
        "/schedules/primary/on-call",
        "/on-call",
        "/hotlines/support/who-would-ring",
        "/escalation-policies/default/who-would-be-paged",
    ],
)
async def test_moment_beyond_the_calendar_is_422(house: House, path: str, at: str) -> None:
    answer = await house.as_("viewer").get(f"/api/v1{path}", params={"at": at})

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, ["at"])


async def test_viewer_may_not_preview(house: House) -> None:
    assert (await _preview(house, SCHEDULE, "viewer")).status_code == 403
