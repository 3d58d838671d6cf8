"""Swaps, taking shifts, changes of rotation, and who would be paged, over HTTP. It is Monday noon in Ana's week."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from config.resources import Kind
from storage.notice_tables import NoticeRow
from tests.api.house import House

PRIMARY = "/api/v1/schedules/primary"
SWAP = {
    "first": {"user": "ana", "starts": "2026-01-06T09:00", "ends": "2026-01-07T09:00"},
    "second": {"user": "ben", "starts": "2026-01-13T09:00", "ends": "2026-01-14T09:00"},
    "comment": "concert",
}
PAGED = "/api/v1/escalation-policies/default/who-would-be-paged"


async def who(client: httpx2.AsyncClient, at: str) -> str:
    answer = (await client.get(f"{PRIMARY}/on-call", params={"at": at})).json()
    return str(answer["user"]["key"])


async def told(house: House) -> list[str]:
    """Who was told of what was done here, beside the example's own override."""
    async with house.services.database.read() as session:
        rows = (await session.scalars(select(NoticeRow))).all()
    return sorted(row.recipient for row in rows if "holidays" not in row.body["text"])


def message(answer: httpx2.Response) -> str:
    return str(answer.json()["error"]["message"])


async def test_swap_changes_who_is_on_call_in_both_windows(either_house: House) -> None:
    client = either_house.as_("responder")

    answer = await client.post(f"{PRIMARY}/swaps", json=SWAP)

    assert answer.status_code == 201
    assert await who(client, "2026-01-06T12:00:00Z") == "ben"
    assert await who(client, "2026-01-13T12:00:00Z") == "ana"
    assert await told(either_house) == ["ana", "ben"]


async def test_swap_answers_with_its_overrides_in_the_schedules_time(house: House) -> None:
    answer = (await house.as_("responder").post(f"{PRIMARY}/swaps", json=SWAP)).json()

    first, second = answer["overrides"]
    assert (first["user"], first["replaces"], second["user"], second["replaces"]) == ("ben", "ana", "ana", "ben")
    assert (first["starts"], first["ends"]) == ("2026-01-06T09:00:00+01:00", "2026-01-07T09:00:00+01:00")
    assert (first["comment"], second["comment"]) == ("concert", "concert")


async def test_whoever_swaps_is_not_told(house: House) -> None:
    await house.as_("ben").post(f"{PRIMARY}/swaps", json=SWAP)

    assert await told(house) == ["ana"]


async def test_override_of_a_swap_can_be_deleted_by_a_responder(house: House) -> None:
    client = house.as_("responder")
    first, _ = (await client.post(f"{PRIMARY}/swaps", json=SWAP)).json()["overrides"]

    answer = await client.delete(f"{PRIMARY}/overrides/{first['id']}")

    assert answer.status_code == 204
    assert await who(client, "2026-01-06T12:00:00Z") == "ana"
    assert await told(house) == ["ana", "ana", "ben", "ben"]


async def test_swap_that_cannot_be_is_409_says_who_is_on_call_and_makes_nothing(house: House) -> None:
    client = house.as_("responder")
    wrong = {**SWAP, "second": {"user": "ben", "starts": "2026-01-08T09:00", "ends": "2026-01-09T09:00"}}

    answer = await client.post(f"{PRIMARY}/swaps", json=wrong)

    assert answer.status_code == 409
    assert "Ben Okafor is not on call" in message(answer)
    assert message(answer).endswith("On call there: Ana Reyes.")
    assert await who(client, "2026-01-06T12:00:00Z") == "ana"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"first": {**SWAP["first"], "user": "zoe"}}, "first.user"),  # type: ignore[dict-item]
        ({"second": {**SWAP["second"], "ends": "2026-01-13T08:00"}}, "second.ends"),  # type: ignore[dict-item]
        ({"second": {**SWAP["second"], "starts": "2026-02-30"}}, "second.starts"),  # type: ignore[dict-item]
        ({"third": {}}, "third"),
    ],
)
async def test_swap_that_makes_no_sense_is_422_by_field(house: House, change: dict[str, Any], field: str) -> None:
    answer = await house.as_("responder").post(f"{PRIMARY}/swaps", json={**SWAP, **change})

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, [field])


async def test_shift_is_taken_by_the_caller_from_now_to_its_end(house: House) -> None:
    client = house.as_("ben")

    answer = await client.post(f"{PRIMARY}/take")

    made = answer.json()
    assert answer.status_code == 201
    assert (made["user"], made["replaces"]) == ("ben", "ana")
    assert (made["starts"], made["ends"]) == ("2026-01-05T12:00:00+01:00", "2026-01-12T09:00:00+01:00")
    assert await who(client, "2026-01-05T11:00:00Z") == "ben"
    assert await told(house) == ["ana"]


async def test_later_shift_is_taken_for_somebody_by_a_token_of_nobody(house: House) -> None:
    answer = await house.as_("responder").post(
        f"{PRIMARY}/take", json={"at": "2026-01-14T12:00:00Z", "user": "ana", "comment": "thanks"}
    )

    assert (answer.json()["user"], answer.json()["starts"]) == ("ana", "2026-01-12T09:00:00+01:00")
    assert await told(house) == ["ana", "ben"]


async def test_taking_ones_own_shift_is_409(house: House) -> None:
    answer = await house.as_("ana").post(f"{PRIMARY}/take", json={})

    assert (answer.status_code, message(answer)) == (409, "Ana Reyes is on call in Primary on-call then anyway.")


async def test_token_of_nobody_must_say_who_takes(house: House) -> None:
    answer = await house.as_("responder").post(f"{PRIMARY}/take")

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, ["user"])


async def test_rotation_changes_at_a_date_and_both_layers_are_shown(either_house: House) -> None:
    client = either_house.as_("manager")

    answer = await client.post(
        f"{PRIMARY}/layers/Weekly/change", json={"starts": "2026-01-07T12:00", "members": ["ben", "ana"]}
    )

    changed = answer.json()
    assert answer.status_code == 201
    (begun,) = changed["begun"]
    assert changed["ended"]["ends"] == begun["starts"] == "2026-01-07T12:00:00+01:00"
    assert answer.headers["etag"] == (await client.get(PRIMARY)).headers["etag"]
    assert await who(client, "2026-01-07T10:59:00Z") == "ana"
    assert await who(client, "2026-01-07T11:00:00Z") == "ben"


async def test_layer_whose_name_has_a_slash_can_be_changed(house: House) -> None:
    layer = {"name": "Day / night", "members": ["ben"], "starts": "2026-01-05"}
    await house.services.config.put(Kind.SCHEDULES, "second", {"name": "Second", "layers": [layer]})

    answer = await house.as_("manager").post(
        "/api/v1/schedules/second/layers/Day%20%2F%20night/change", json={"starts": "2026-02-02", "members": ["ana"]}
    )

    assert [layer["name"] for layer in answer.json()["begun"]] == ["Day / night from 2026-02-02"]


async def test_change_in_the_middle_of_a_turn_shows_the_rest_of_it_and_what_follows(house: House) -> None:
    answer = await house.as_("manager").post(
        f"{PRIMARY}/layers/Weekly/change",
        json={"starts": "2026-01-14", "slots": [{"from": "18:00", "to": "09:00"}]},
    )

    rest, further = answer.json()["begun"]
    assert (rest["members"], rest["ends"]) == (["ben"], further["starts"])
    assert further["members"] == ["ana", "ben"]


async def test_change_of_rotation_honours_if_match(house: House) -> None:
    answer = await house.as_("manager").post(
        f"{PRIMARY}/layers/Weekly/change",
        json={"starts": "2026-02-02", "members": ["ben"]},
        headers={"If-Match": '"0"'},
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "version_conflict")


@pytest.mark.parametrize(
    ("layer", "body", "status", "words"),
    [
        ("Nightly", {"starts": "2026-02-02", "members": ["ben"]}, 404, "There is no layer Nightly in schedule primary"),
        ("Weekly", {"starts": "2026-01-05", "members": ["ben"]}, 409, "Layer Weekly begins on 2026-01-05 09:00"),
        ("Weekly", {"starts": "2026-02-02"}, 422, "say what changes: members, rotation, handoff or slots"),
        ("Weekly", {"starts": "2026-02-02", "members": ["bne"]}, 422, "there is no user 'bne'; did you mean 'ben'?"),
        ("Weekly", {"starts": "2026-02-02", "handoff": {"time": "25:00"}}, 422, "25:00 does not exist on a clock"),
        ("Weekly", {"starts": "2026-02-02", "membres": ["ben"]}, 422, "membres"),
    ],
)
async def test_change_of_rotation_that_cannot_be_says_why(
    house: House, layer: str, body: dict[str, Any], status: int, words: str
) -> None:
    answer = await house.as_("manager").post(f"{PRIMARY}/layers/{layer}/change", json=body)

    assert answer.status_code == status
    assert words in message(answer)


async def test_viewer_edits_nothing_and_responder_no_rotation(house: House) -> None:
    viewer = house.as_("viewer")
    asked = [
        await viewer.post(f"{PRIMARY}/swaps", json=SWAP),
        await viewer.post(f"{PRIMARY}/take", json={"user": "ben"}),
        await viewer.delete(f"{PRIMARY}/overrides/ovr_1"),
        await house.as_("responder").post(
            f"{PRIMARY}/layers/Weekly/change", json={"starts": "2026-02-02", "members": ["ben"]}
        ),
    ]

    assert [answer.status_code for answer in asked] == [403, 403, 403, 403]


@pytest.mark.parametrize("path", ["swaps", "take", "layers/Weekly/change"])
async def test_unknown_schedule_is_404(house: House, path: str) -> None:
    body = {"swaps": SWAP, "take": {"user": "ben"}}.get(path, {"starts": "2026-02-02", "members": ["ben"]})

    answer = await house.as_("manager").post(f"/api/v1/schedules/nothing/{path}", json=body)

    assert (answer.status_code, message(answer)) == (404, "There is no schedule nothing.")


async def test_who_would_be_paged_level_by_level_with_the_reasons(house: House) -> None:
    answer = (await house.as_("manager").get(PAGED, params={"at": "2026-01-12T07:57:00Z"})).json()

    assert answer == {
        "at": "2026-01-12T07:57:00.000Z",
        "levels": [
            {
                "level": 1,
                "at": "2026-01-12T07:57:00.000Z",
                "after_seconds": 0,
                "alerts": [
                    {
                        "channel": "phone",
                        "user": {"key": "ana", "name": "Ana Reyes"},
                        "to": "+15550100001",
                        "reason": "on call in Primary on-call, layer Weekly, until 2026-01-12 09:00 (Europe/Madrid)",
                    },
                    {
                        "channel": "email",
                        "user": {"key": "ben", "name": "Ben Okafor"},
                        "to": "ben@acme.example",
                        "reason": "named by the policy",
                    },
                ],
            },
            {
                "level": 2,
                "at": "2026-01-12T08:02:00.000Z",
                "after_seconds": 300,
                "alerts": [
                    {
                        "channel": "sms",
                        "user": {"key": "ben", "name": "Ben Okafor"},
                        "to": "+15550100002",
                        "reason": "named by the policy",
                    }
                ],
            },
        ],
    }


async def test_address_that_a_person_does_not_have_is_null(house: House) -> None:
    policy = {"name": "Mail", "levels": [{"alerts": [{"channel": "email", "user": "eva"}]}]}
    await house.services.config.put(Kind.USERS, "eva", {"name": "Eva"})
    await house.services.config.put(Kind.ESCALATION_POLICIES, "mail", policy)

    answer = (await house.as_("viewer").get("/api/v1/escalation-policies/mail/who-would-be-paged")).json()

    assert answer["levels"][0]["alerts"][0]["to"] is None


async def test_alert_with_nobody_behind_it_says_why_it_is_skipped(house: House) -> None:
    answer = (await house.as_("viewer").get(PAGED, params={"at": "2025-01-01T00:00:00Z"})).json()

    skipped = answer["levels"][0]["alerts"][-1]["skipped"]
    assert skipped.startswith("nobody")
    assert skipped.endswith("on call in Primary on-call")


async def test_phones_of_others_are_masked_for_whoever_may_not_see_them(house: House) -> None:
    answer = (await house.as_("ben").get(PAGED)).json()

    assert answer["levels"][0]["alerts"][0]["to"] == "+1555…01"
    assert answer["levels"][1]["alerts"][0]["to"] == "+15550100002"


async def test_unknown_policy_and_a_time_at_the_end_of_the_calendar_are_said(house: House) -> None:
    client = house.as_("viewer")

    unknown = await client.get("/api/v1/escalation-policies/nothing/who-would-be-paged")
    late = await client.get(PAGED, params={"at": "9999-12-31T23:59:00Z"})

    assert (unknown.status_code, message(unknown)) == (404, "There is no escalation policy nothing.")
    assert (late.status_code, list(late.json()["error"]["fields"])) == (422, ["at"])


async def test_on_call_everywhere_names_each_schedule(house: House) -> None:
    await house.services.config.put(Kind.SCHEDULES, "empty", {"name": "Empty"})

    items = (await house.as_("viewer").get("/api/v1/on-call")).json()["items"]

    assert [(item["schedule"]["key"], item["user"]) for item in items] == [
        ("empty", None),
        ("primary", {"key": "ana", "name": "Ana Reyes"}),
    ]


async def test_shifts_of_a_user_are_over_all_schedules_and_in_order(house: House) -> None:
    layer = {"name": "All", "members": ["ben"], "starts": "2026-01-07", "ends": "2026-01-09"}
    await house.services.config.put(Kind.SCHEDULES, "second", {"name": "Second", "layers": [layer]})

    answer = await house.as_("viewer").get("/api/v1/users/ben/shifts", params={"to": "2026-02-05T00:00:00Z"})

    assert [(item["schedule"]["key"], item["starts"]) for item in answer.json()["items"]] == [
        ("second", "2026-01-07T09:00:00.000Z"),
        ("primary", "2026-01-12T08:00:00.000Z"),
        ("primary", "2026-01-26T08:00:00.000Z"),
    ]


async def test_shifts_of_an_unknown_user_are_404(house: House) -> None:
    assert (await house.as_("viewer").get("/api/v1/users/zoe/shifts")).status_code == 404
