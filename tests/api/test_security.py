"""Who gets in, what each role may do, and what a foreign page cannot make a browser do."""

import httpx2
import pytest

from domain.directory import Role
from storage import tokens
from tests.api.house import House

READ = [
    "/incidents", "/incidents/1", "/incidents/1/timeline", "/incidents/1/notifications", "/incidents/1/occurrences",
    "/calls", "/calls/call_a", "/calls/call_a/timeline", "/hotlines", "/hotlines/support", "/schedules",
    "/schedules/primary", "/escalation-policies", "/services", "/integrations", "/users", "/contacts",
    "/hotlines/support/who-would-ring", "/schedules/primary/on-call", "/schedules/primary/shifts",
    "/schedules/primary/gaps",
]  # fmt: skip
ACT = [
    ("POST", "/incidents/1/acknowledge"), ("POST", "/incidents/1/resolve"), ("POST", "/incidents/1/escalate"),
    ("POST", "/incidents/1/unacknowledge"), ("POST", "/incidents/1/mute"), ("POST", "/incidents/1/unmute"),
    ("PUT", "/incidents/1/priority"), ("PUT", "/incidents/1/severity"), ("PUT", "/incidents/1/responders"),
    ("POST", "/incidents/1/notes"), ("POST", "/incidents/actions/resolve"), ("POST", "/incidents"),
    ("POST", "/calls/call_a/archive"), ("PUT", "/calls/call_a/contact"), ("POST", "/schedules/primary/overrides"),
    ("DELETE", "/schedules/primary/overrides/ovr_x"), ("POST", "/hotlines/support/test-mode"),
]  # fmt: skip
CONFIGURE = [
    *((method, f"/{kind}/x") for method in ("PUT", "DELETE") for kind in (
        "users", "schedules", "escalation-policies", "services", "integrations", "hotlines", "contacts",
    )),
    ("POST", "/hotlines/support/unpin"), ("DELETE", "/calls/call_a"),
]  # fmt: skip
ADMINISTER = [("GET", "/tokens"), ("POST", "/tokens"), ("DELETE", "/tokens/tok_x")]


async def test_nothing_is_answered_without_a_token(house: House) -> None:
    stranger = house.client()
    for method, path in [*(("GET", path) for path in READ), *ACT, *CONFIGURE, *ADMINISTER]:
        answer = await stranger.request(method, f"/api/v1{path}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized"), path


@pytest.mark.parametrize("secret", ["", "nonsense", "dly_nonsense", "let-me-in-not", "\u00e9"])
async def test_bad_token_is_401(house: House, secret: str) -> None:
    headers = [(b"authorization", f"Bearer {secret}".encode())]
    assert (await house.client().get("/api/v1/calls", headers=headers)).status_code == 401


async def test_bootstrap_token_is_an_admin(house: House) -> None:
    assert (await house.client("let-me-in").get("/api/v1/tokens")).status_code == 200


async def test_revoked_token_is_refused(house: House) -> None:
    admin = house.as_("admin")
    created = (await admin.post("/api/v1/tokens", json={"name": "ci", "role": "viewer"})).json()
    client = house.client(created["secret"])
    assert (await client.get("/api/v1/calls")).status_code == 200

    await admin.delete(f"/api/v1/tokens/{created['id']}")

    assert (await client.get("/api/v1/calls")).status_code == 401


async def test_token_of_a_user_who_is_gone_is_refused(house: House) -> None:
    async with house.services.database.write() as session:
        token = await tokens.create_api_token(session, name="zoe's", role=Role.ADMIN, user="zoe", now=house.clock())
    assert (await house.client(token.secret).get("/api/v1/calls")).status_code == 401


async def test_viewers_read_everything_and_change_nothing(house: House) -> None:
    await house.open_incident()
    await house.log_call()
    viewer = house.as_("viewer")

    assert {path: (await viewer.get(f"/api/v1{path}")).status_code for path in READ} == dict.fromkeys(READ, 200)
    for method, path in [*ACT, *CONFIGURE, *ADMINISTER]:
        assert (await viewer.request(method, f"/api/v1{path}", json={})).status_code == 403, path


async def test_responders_act_and_do_not_configure(house: House) -> None:
    responder = house.as_("responder")
    for method, path in ACT:
        assert (await responder.request(method, f"/api/v1{path}", json={})).status_code not in (401, 403), path
    for method, path in [*CONFIGURE, *ADMINISTER]:
        assert (await responder.request(method, f"/api/v1{path}", json={})).status_code == 403, path


async def test_managers_configure_and_do_not_make_tokens(house: House) -> None:
    manager = house.as_("manager")
    for method, path in CONFIGURE:
        assert (await manager.request(method, f"/api/v1{path}", json={})).status_code not in (401, 403), path
    for method, path in ADMINISTER:
        assert (await manager.request(method, f"/api/v1{path}", json={})).status_code == 403, path


async def test_manager_makes_changes_and_deletes_no_admin(house: House) -> None:
    manager = house.as_("manager")

    made = await manager.put("/api/v1/users/zoe", json={"name": "Zoe", "role": "admin"})
    demoted = await manager.put("/api/v1/users/ana", json={"name": "Ana", "role": "viewer"})
    deleted = await manager.delete("/api/v1/users/ana")

    assert [answer.status_code for answer in (made, demoted, deleted)] == [403, 403, 403]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "https://duty.example"}, 200),
        ({}, 200),
    ],
)
async def test_foreign_page_cannot_use_a_browsers_session(house: House, headers: dict[str, str], status: int) -> None:
    await house.open_incident()
    browser = await house.sign_in("ben")

    answer = await browser.post("/api/v1/incidents/1/acknowledge", headers=headers)

    assert answer.status_code == status


async def test_foreign_page_cannot_press_a_button_of_the_dashboard(house: House) -> None:
    await house.open_incident()
    browser = await house.sign_in("ben")

    answer = await browser.post("/incidents/inc_a/resolve", headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert (await browser.get("/api/v1/incidents/1")).json()["status"] == "triggered"


async def test_session_ends_when_its_user_is_deleted(house: House) -> None:
    admin = house.as_("admin")
    await admin.put("/api/v1/users/zoe", json={"name": "Zoe"})
    browser = await house.sign_in("zoe")
    assert (await browser.get("/api/v1/calls")).status_code == 200

    await admin.delete("/api/v1/users/zoe")

    assert (await browser.get("/api/v1/calls")).status_code == 401


async def test_last_use_of_a_token_is_noted_and_not_more_than_once_a_minute(house: House) -> None:
    viewer = house.as_("viewer")

    async def last_used() -> object:
        async with house.services.database.read() as session:
            return next(row.last_used_at for row in await tokens.api_tokens(session) if row.name == "a viewer")

    await viewer.get("/api/v1/calls")
    first = await last_used()
    house.clock.advance(seconds=30)
    await viewer.get("/api/v1/calls")
    assert await last_used() == first
    house.clock.advance(minutes=1)
    await viewer.get("/api/v1/calls")
    assert await last_used() != first


async def _code(client: httpx2.AsyncClient, method: str, path: str, **arguments: object) -> tuple[int, str]:
    answer = await client.request(method, path, **arguments)  # type: ignore[arg-type]
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "fields"}
    return answer.status_code, error["code"]


async def test_every_error_has_the_same_shape(house: House) -> None:
    client = house.as_("manager")
    json_headers = {"Content-Type": "application/json"}

    assert await _code(client, "GET", "/api/v1/nothing") == (404, "not_found")
    assert await _code(client, "GET", "/api/v1/") == (404, "not_found")
    assert await _code(client, "PATCH", "/api/v1/calls") == (405, "method_not_allowed")
    assert await _code(client, "POST", "/api/v1/incidents", content=b"{", headers=json_headers) == (400, "bad_json")
    assert await _code(client, "POST", "/api/v1/incidents", content=b"\xff\xfe", headers=json_headers) == (
        400,
        "bad_json",
    )
    assert await _code(client, "POST", "/api/v1/incidents", content=b"[]", headers=json_headers) == (422, "invalid")
    assert await _code(client, "GET", "/api/v1/calls?limit=0") == (422, "invalid")
    assert await _code(client, "GET", "/api/v1/calls?limit=201") == (422, "invalid")
    assert await _code(client, "GET", "/api/v1/calls?from=yesterday") == (422, "invalid")
    assert await _code(client, "GET", "/api/v1/calls?from=2026-01-05T09:00:00") == (422, "invalid")
    assert await _code(client, "GET", "/api/v1/incidents?cursor=nonsense") == (400, "bad_cursor")
    assert await _code(client, "GET", "/api/v1/incidents?status=open") == (422, "invalid")
    assert await _code(client, "PUT", "/api/v1/services/x", content=b" " * 1_100_000) == (413, "too_large")


async def test_openapi_describes_every_route(house: House) -> None:
    document = (await house.client().get("/api/v1/openapi.json")).json()

    assert {"/incidents", "/calls/{call}/recording", "/hotlines/{key}/who-would-ring"} <= set(document["paths"])
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert all(operation.get("description") for operation in operations)
    assert len({operation["operationId"] for operation in operations}) == len(operations)


async def test_database_that_is_away_is_503_and_no_stack_trace(house: House) -> None:
    viewer = house.as_("viewer")
    await house.services.database.close()
    house.services.settings.data_dir.joinpath("dutyline.db").write_bytes(b"no database")

    answer = await viewer.get("/api/v1/calls")

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
