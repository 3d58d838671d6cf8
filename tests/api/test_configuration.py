"""Resources over the API: the shapes of the file, versions, masking, and what hotlines and schedules tell besides."""

from datetime import timedelta

import pytest

from storage import hotline_state
from tests.api.house import House

CHAIN = "/api/v1/hotlines/support/who-would-ring"


async def test_resource_that_is_read_and_written_back_changes_nothing(either_house: House) -> None:
    admin = either_house.as_("admin")
    for path in (
        "users/ana", "schedules/primary", "escalation-policies/default", "services/payments",
        "integrations/payments-webhook", "hotlines/support", "contacts/mitchell",
    ):  # fmt: skip
        read = await admin.get(f"/api/v1/{path}")
        written = await admin.put(f"/api/v1/{path}", json=read.json(), headers={"If-Match": read.headers["etag"]})
        assert (written.status_code, written.json()) == (200, read.json()), path
        assert written.headers["etag"] == read.headers["etag"], path


async def test_new_resource_is_201_and_changed_one_200(house: House) -> None:
    manager = house.as_("manager")

    made = await manager.put("/api/v1/services/search", json={"name": "Search"})
    changed = await manager.put("/api/v1/services/search", json={"name": "Find"})

    assert (made.status_code, changed.status_code) == (201, 200)
    assert changed.json() == {"key": "search", "name": "Find"}
    assert made.headers["etag"] != changed.headers["etag"]


async def test_change_based_on_an_old_version_is_409(house: House) -> None:
    manager = house.as_("manager")
    old = (await manager.get("/api/v1/services/payments")).headers["etag"]
    await manager.put("/api/v1/services/payments", json={"name": "Pay"})

    for if_match in (old, '"nonsense"'):
        answer = await manager.put("/api/v1/services/payments", json={"name": "P"}, headers={"If-Match": if_match})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "version_conflict")
    assert (await manager.delete("/api/v1/services/payments", headers={"If-Match": old})).status_code == 409


async def test_if_match_of_a_star_asks_only_that_it_exists(house: House) -> None:
    manager, star = house.as_("manager"), {"If-Match": "*"}

    there = await manager.put("/api/v1/services/payments", json={"name": "Pay"}, headers=star)
    missing = await manager.put("/api/v1/services/nothing", json={"name": "Pay"}, headers=star)

    assert (there.status_code, missing.status_code) == (200, 409)


@pytest.mark.parametrize("path", ["/calls", "/incidents", "/services"])
async def test_an_empty_cursor_is_the_first_page(house: House, path: str) -> None:
    assert (await house.as_("viewer").get(f"/api/v1{path}?cursor=")).status_code == 200


async def test_invalid_resource_is_422_with_each_field(house: House) -> None:
    body = {"name": "H", "number": "12", "provider": "twilio", "chain": [{"schedule": "nowhere"}], "rnig": "20s"}

    error = (await house.as_("manager").put("/api/v1/hotlines/new", json=body)).json()["error"]

    assert error["code"] == "invalid"
    assert {"number", "rnig"} <= set(error["fields"])


@pytest.mark.parametrize("body", ["[]", "3", "null", '"text"', ""])
async def test_body_that_is_no_object_is_422(house: House, body: str) -> None:
    answer = await house.as_("manager").put(
        "/api/v1/services/x", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422


async def test_deleting_what_is_referred_to_is_409_and_says_by_what(house: House) -> None:
    answer = await house.as_("manager").delete("/api/v1/schedules/primary")

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "in_use")
    assert "support" in answer.json()["error"]["message"]


async def test_deleted_resource_is_404(house: House) -> None:
    manager = house.as_("manager")

    assert (await manager.delete("/api/v1/contacts/mitchell")).status_code == 204
    assert (await manager.get("/api/v1/contacts/mitchell")).status_code == 404
    assert (await manager.delete("/api/v1/contacts/mitchell")).status_code == 404


async def test_list_of_resources_has_pages(house: House) -> None:
    viewer = house.as_("viewer")

    first = (await viewer.get("/api/v1/users?limit=1")).json()
    second = (await viewer.get("/api/v1/users", params={"cursor": first["next_cursor"]})).json()

    assert [each["key"] for each in first["items"] + second["items"]] == ["ana", "ben"]
    assert second["next_cursor"] is None


async def test_secrets_are_never_shown_and_survive_being_sent_back_masked(house: House) -> None:
    admin = house.as_("admin")
    hotline = (await admin.get("/api/v1/hotlines/support")).json()

    await admin.put("/api/v1/hotlines/support", json=hotline)

    assert "twilio-secret" not in str(hotline)
    directory = await house.services.config.directory()
    assert directory.hotlines["support"].auth_tokens == ("twilio-secret",)


async def test_webhook_tokens_are_masked_below_manager(house: House) -> None:
    body = {"name": "incident.io", "type": "incident-io", "token": "demo-signed", "signing_secret": "whsec_MDEy"}
    await house.as_("manager").put("/api/v1/integrations/incident-io", json=body)

    for path, token, address in (
        ("hotlines/support", "demo-support", "https://duty.example/voice/demo-support"),
        ("integrations/payments-webhook", "demo-payments", "https://duty.example/demo-payments/push-events"),
        ("integrations/incident-io", "demo-signed", "https://duty.example/hooks/incident-io/demo-signed"),
    ):
        seen = (await house.as_("manager").get(f"/api/v1/{path}")).json()
        assert (seen["token"], seen["webhook_url"]) == (token, address)
        assert token not in (await house.as_("responder").get(f"/api/v1/{path}")).text
        assert token not in (await house.as_("viewer").get(f"/api/v1/{path.split('/')[0]}")).text


async def test_phones_of_users_are_masked_below_manager_except_ones_own(house: House) -> None:
    async def phones(role: str) -> list[object]:
        items = (await house.as_(role).get("/api/v1/users")).json()["items"]
        return [each["phone"] for each in items]

    both = ["+15550100002", "+15550100012"]
    assert await phones("manager") == ["+15550100001", both]
    assert await phones("ben") == ["+1555…01", both]
    assert await phones("viewer") == ["+1555…01", ["+1555…02", "+1555…12"]]


async def test_numbers_in_policies_are_masked_below_manager(house: House) -> None:
    policy = {"name": "P", "levels": [{"alerts": [{"channel": "sms", "to": "+15550100003"}]}]}
    await house.as_("manager").put("/api/v1/escalation-policies/p", json=policy)

    assert "+15550100003" in (await house.as_("manager").get("/api/v1/escalation-policies/p")).text
    assert "+15550100003" not in (await house.as_("responder").get("/api/v1/escalation-policies/p")).text


async def test_hotline_tells_what_its_calls_have_shown(house: House) -> None:
    async with house.services.database.write() as session:
        await hotline_state.note_call(session, "support", house.clock(), verified=True)
        await hotline_state.note_hangup(session, "support")

    hotline = (await house.as_("viewer").get("/api/v1/hotlines/support")).json()

    assert (hotline["verified"], hotline["last_call_at"], hotline["hangup_seen"]) == (
        True, "2026-01-05T11:00:00.000Z", True,
    )  # fmt: skip


async def test_unpinned_hotline_takes_the_next_account(house: House) -> None:
    async with house.services.database.write() as session:
        await hotline_state.pin(session, "support", "AC123", "+12245550123")

    answer = await house.as_("manager").post("/api/v1/hotlines/support/unpin")

    assert (answer.status_code, answer.json()["pinned"]) == (200, False)


async def test_who_would_ring_names_everybody_in_order_with_the_reason(house: House) -> None:
    answer = (await house.as_("manager").get(CHAIN, params={"at": "2026-01-12T09:30:00Z"})).json()

    first, second = answer["chain"]
    assert answer["at"] == "2026-01-12T09:30:00.000Z"
    assert first["responder"] == {"key": "ben", "name": "Ben Okafor", "schedule": "primary"}
    assert (first["number"], first["ring_seconds"]) == ("+15550100002", 20)
    assert first["reason"] == "on call in Primary on-call, layer Weekly, until 2026-01-19 09:00 (Europe/Madrid)"
    assert (second["order"], second["responder"]["key"], second["ring_seconds"]) == (2, "ben", 25)


async def test_entry_with_nobody_behind_it_says_why_it_is_skipped(house: House) -> None:
    answer = (await house.as_("viewer").get(CHAIN, params={"at": "2025-01-01T00:00:00Z"})).json()

    assert answer["chain"][0] == {"order": 1, "skipped": "nobody on call in Primary on-call"}
    assert answer["chain"][1]["number"] == "+1555…02"


async def test_test_mode_rings_the_one_who_switched_it_on_for_five_minutes(house: House) -> None:
    ben = house.as_("ben")

    started = (await ben.post("/api/v1/hotlines/support/test-mode")).json()
    during = (await ben.get(CHAIN)).json()["chain"][0]
    house.clock.advance(minutes=5)
    after = (await ben.get(CHAIN)).json()["chain"][0]

    assert (started["user"]["key"], started["until"]) == ("ben", "2026-01-05T11:05:00.000Z")
    assert (during["responder"]["key"], after["responder"]["key"]) == ("ben", "ana")


async def test_last_one_to_switch_on_test_mode_wins_and_is_told(house: House) -> None:
    await house.as_("ana").post("/api/v1/hotlines/support/test-mode")

    answer = (await house.as_("ben").post("/api/v1/hotlines/support/test-mode", json={"user": "ben"})).json()

    assert answer["instead_of"] == {"key": "ana", "name": "Ana Reyes"}


async def test_tester_without_a_phone_is_422(house: House) -> None:
    manager = house.as_("manager")
    await manager.put("/api/v1/users/zoe", json={"name": "Zoe"})
    for body in ({"user": "zoe"}, {"user": "nobody"}, {}):
        answer = await manager.post("/api/v1/hotlines/support/test-mode", json=body)
        assert (answer.status_code, set(answer.json()["error"]["fields"])) == (422, {"user"})


async def test_tester_who_lost_their_phone_rings_nobody_and_breaks_nothing(house: House) -> None:
    await house.as_("ben").post("/api/v1/hotlines/support/test-mode")
    ben = (await house.as_("manager").get("/api/v1/users/ben")).json()
    await house.as_("manager").put("/api/v1/users/ben", json={**ben, "phone": []})

    answer = await house.as_("viewer").get(CHAIN)

    assert answer.json()["chain"][0]["responder"]["key"] == "ana"


async def test_responder_switches_on_test_mode_for_nobody_else_and_ends_only_their_own(house: House) -> None:
    ben, ana = house.as_("ben"), house.as_("ana")
    await ana.post("/api/v1/hotlines/support/test-mode")

    assert (await ben.post("/api/v1/hotlines/support/test-mode", json={"user": "ana"})).status_code == 403
    assert (await ben.delete("/api/v1/hotlines/support/test-mode")).status_code == 403
    assert (await ana.delete("/api/v1/hotlines/support/test-mode")).status_code == 204
    assert (await ben.get("/api/v1/hotlines/support")).json()["test_mode"] is None


async def test_on_call_says_who_since_when_until_when_why_and_who_is_next(house: House) -> None:
    answer = (await house.as_("viewer").get("/api/v1/schedules/primary/on-call")).json()

    assert answer["user"] == {"key": "ana", "name": "Ana Reyes"}
    assert (answer["since"], answer["until"]) == ("2026-01-05T08:00:00.000Z", "2026-01-12T08:00:00.000Z")
    assert (answer["reason"]["kind"], answer["reason"]["layer"]) == ("layer", "Weekly")
    assert answer["next"] == {"user": {"key": "ben", "name": "Ben Okafor"}, "at": "2026-01-12T08:00:00.000Z"}


async def test_nobody_on_call_is_null(house: House) -> None:
    answer = (await house.as_("viewer").get("/api/v1/schedules/primary/on-call?at=2025-01-01T00:00:00Z")).json()

    assert (answer["user"], answer["reason"]) == (None, None)


async def test_shifts_and_gaps_cover_the_window(house: House) -> None:
    viewer = house.as_("viewer")
    window = {"from": "2026-01-04T08:00:00Z", "to": "2026-01-19T08:00:00Z"}

    shifts = (await viewer.get("/api/v1/schedules/primary/shifts", params=window)).json()["items"]
    gaps = (await viewer.get("/api/v1/schedules/primary/gaps", params=window)).json()["items"]

    assert [(each["user"]["key"], each["starts"]) for each in shifts] == [
        ("ana", "2026-01-05T08:00:00.000Z"), ("ben", "2026-01-12T08:00:00.000Z"),
    ]  # fmt: skip
    assert gaps == [{"starts": "2026-01-04T08:00:00.000Z", "ends": "2026-01-05T08:00:00.000Z", "reason": None}]


@pytest.mark.parametrize(
    ("window", "sentence"),
    [
        ("from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "“to” must be later than “from”, "),
        ("to=9999-12-31T00:00:00Z", "“to” must be at most 366 days after “from”."),
        ("from=9999-12-31T00:00:00Z", "30 days after “from” is beyond the end of the calendar."),
    ],
)
async def test_impossible_window_is_422_and_says_why(house: House, window: str, sentence: str) -> None:
    answer = await house.as_("viewer").get(f"/api/v1/schedules/primary/shifts?{window}")
    assert answer.status_code == 422
    assert sentence in answer.json()["error"]["fields"]["to"]


async def test_override_by_a_responder_applies_at_once_until_it_is_deleted(either_house: House) -> None:
    ben = either_house.as_("ben")
    now = either_house.clock()
    override = {
        "user": "ben",
        "replaces": "ana",
        "starts": now.isoformat(),
        "ends": (now + timedelta(hours=2)).isoformat(),
        "comment": "dentist",
    }

    made = await ben.post("/api/v1/schedules/primary/overrides", json=override)
    during = (await ben.get("/api/v1/schedules/primary/on-call")).json()
    gone = await ben.delete(f"/api/v1/schedules/primary/overrides/{made.json()['id']}")
    after = (await ben.get("/api/v1/schedules/primary/on-call")).json()

    assert (made.status_code, gone.status_code) == (201, 204)
    assert (during["user"]["key"], during["reason"]["kind"], during["reason"]["replaces"]) == ("ben", "override", "ana")
    assert after["user"]["key"] == "ana"


async def test_impossible_override_is_422_and_unknown_ones_are_404(house: House) -> None:
    ben = house.as_("ben")
    wrong = {"user": "zoe", "starts": "2026-01-05T10:00", "ends": "2026-01-05T09:00"}

    assert (await ben.post("/api/v1/schedules/primary/overrides", json=wrong)).status_code == 422
    assert (await ben.post("/api/v1/schedules/nothing/overrides", json=wrong)).status_code == 404
    assert (await ben.delete("/api/v1/schedules/primary/overrides/ovr_x")).status_code == 404
