"""The call log over the API: what it shows, recordings, contacts, incidents of a call, archiving and deleting."""

from datetime import timedelta

import httpx2
import pytest

from storage.call_recordings import RecordingState
from tests.api.house import House

FIELDS = {
    "id", "hotline", "provider", "provider_call_id", "verified", "test", "caller", "status", "outcome", "degraded",
    "started_at", "answered_at", "ended_at", "duration_seconds", "answered_by", "attempts", "voicemail", "recordings",
    "recording", "incidents", "incident", "warnings",
}  # fmt: skip
AUDIO = bytes(range(256)) * 4


async def test_call_has_every_field_of_the_contract(either_house: House) -> None:
    call = await either_house.log_call()

    shown = (await either_house.as_("manager").get(f"/api/v1/calls/{call}")).json()

    assert set(shown) >= FIELDS
    assert set(shown["caller"]) == {"name", "number", "withheld", "verification"}
    assert shown["answered_by"] == {"key": "ana", "name": "Ana Reyes", "schedule": "primary"}
    assert set(shown["attempts"][0]) == {
        "order", "responder", "number", "reason", "outcome", "started_at", "ended_at",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("role", "numbers"),
    [
        ("viewer", ["+1555…02", "+1555…01"]),
        ("responder", ["+1555…02", "+1555…01"]),
        ("ben", ["+15550100002", "+1555…01"]),
        ("manager", ["+15550100002", "+15550100001"]),
    ],
)
async def test_responders_phones_are_shown_to_managers_and_to_themselves(
    house: House, role: str, numbers: list[str]
) -> None:
    call = await house.log_call()

    shown = (await house.as_(role).get(f"/api/v1/calls/{call}")).json()

    assert [attempt["number"] for attempt in shown["attempts"]] == numbers


async def test_caller_is_found_by_the_name_of_a_contact_that_was_saved_later(house: House) -> None:
    await house.log_call("a", caller_number="+14156040099")
    await house.as_("manager").put("/api/v1/contacts/zoe", json={"name": "Zoë Ng", "number": "+14156040099"})

    found = (await house.as_("viewer").get("/api/v1/calls?caller=zoë")).json()["items"]

    assert [call["id"] for call in found] == ["call_a"]


async def test_contact_names_the_caller(house: House) -> None:
    call = await house.log_call()

    shown = (await house.as_("viewer").get(f"/api/v1/calls/{call}")).json()

    assert shown["caller"]["name"] == "Mitchell Starc"


async def test_list_is_filtered_and_leaves_out_archived_calls(either_house: House) -> None:
    api = either_house.as_("responder")
    await either_house.log_call("a")
    await either_house.log_call("b", status="missed", outcome="voicemail", caller_number="+14156040017")
    await either_house.log_call("c", started_at=either_house.clock() + timedelta(hours=1))
    await api.post("/api/v1/calls/call_c/archive")

    async def found(query: str) -> list[str]:
        return [each["id"] for each in (await api.get(f"/api/v1/calls{query}")).json()["items"]]

    assert await found("") == ["call_b", "call_a"]
    assert await found("?archived=true") == ["call_c"]
    assert await found("?outcome=voicemail") == ["call_b"]
    assert await found("?caller=%2B14156040017") == ["call_b"]
    assert await found("?caller=+14156040017") == ["call_b"], "a plus that nobody escaped"
    assert await found("?from=2026-01-05T12:00:00%2B01:00&to=2026-01-05T11:00:01Z") == ["call_b", "call_a"]
    assert await found("?from=2026-01-05T12:00:00+01:00&to=2026-01-05T11:00:00Z") == []


async def test_unarchived_call_is_back_in_the_list(house: House) -> None:
    await house.log_call()
    api = house.as_("responder")
    await api.post("/api/v1/calls/call_a/archive")

    answer = await api.post("/api/v1/calls/call_a/unarchive")

    assert answer.json()["archived"] is False


async def test_timeline_tells_the_steps_in_order(house: House) -> None:
    await house.log_call()

    items = (await house.as_("viewer").get("/api/v1/calls/call_a/timeline")).json()["items"]

    assert [step["kind"] for step in items] == ["call_started", "answered"]


async def _link(house: House) -> str:
    answer = await house.as_("viewer").get("/api/v1/calls/call_a/recording")
    assert answer.status_code == 302
    return str(answer.headers["location"])


async def test_recording_redirects_to_a_link_of_ours_that_needs_no_token(house: House) -> None:
    await house.store_recording(await house.log_call(), AUDIO)

    played = await house.client().get(await _link(house))

    assert (played.status_code, played.headers["content-type"], played.content) == (200, "audio/mpeg", AUDIO)


@pytest.mark.parametrize(
    ("wanted", "content_range", "body"),
    [
        ("bytes=0-9", "bytes 0-9/1024", AUDIO[:10]),
        ("bytes=1000-", "bytes 1000-1023/1024", AUDIO[1000:]),
        ("bytes=-4", "bytes 1020-1023/1024", AUDIO[-4:]),
        ("bytes=1000-5000", "bytes 1000-1023/1024", AUDIO[1000:]),
    ],
)
async def test_recording_is_played_in_byte_ranges(house: House, wanted: str, content_range: str, body: bytes) -> None:
    await house.store_recording(await house.log_call(), AUDIO)

    played = await house.client().get(await _link(house), headers={"Range": wanted})

    assert (played.status_code, played.headers["content-range"], played.content) == (206, content_range, body)


async def test_range_beyond_the_recording_is_416(house: House) -> None:
    await house.store_recording(await house.log_call(), AUDIO)

    played = await house.client().get(await _link(house), headers={"Range": "bytes=1024-"})

    assert (played.status_code, played.headers["content-range"]) == (416, "bytes */1024")


async def test_link_to_a_recording_runs_out_and_cannot_be_forged(house: House) -> None:
    await house.store_recording(await house.log_call(), AUDIO)
    link = await _link(house)

    forged = await house.client().get(link.replace("rec_a", "rec_b"))
    longer = await house.client().get(link.replace("expires=1", "expires=2"))
    house.clock.advance(minutes=16)
    late = await house.client().get(link)

    assert [answer.status_code for answer in (forged, longer, late)] == [403, 403, 403]


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [
        (RecordingState.PENDING, 409, "pending"),
        (RecordingState.NEEDS_CREDENTIALS, 409, "needs_credentials"),
        (RecordingState.GONE, 404, "gone"),
        (RecordingState.ABSENT, 404, "absent"),
        (RecordingState.DISCARDED, 404, "not_found"),
    ],
)
async def test_recording_that_cannot_be_played_says_why(
    house: House, state: RecordingState, status: int, code: str
) -> None:
    await house.store_recording(await house.log_call(), AUDIO, state=state)

    answer = await house.as_("viewer").get("/api/v1/calls/call_a/recording")

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_recordings_in_the_call_carry_our_address_only_when_stored(house: House) -> None:
    await house.store_recording(await house.log_call(), AUDIO, state=RecordingState.PENDING)
    api = house.as_("viewer")

    pending = (await api.get("/api/v1/calls/call_a")).json()["recording"]
    await house.store_recording("call_a", AUDIO)
    stored = (await api.get("/api/v1/calls/call_a")).json()["recording"]

    assert (pending["state"], pending["url"]) == ("pending", None)
    assert stored["url"] == "https://duty.example/api/v1/calls/call_a/recording?id=rec_a"


async def test_saved_contact_names_this_call_and_the_others_of_the_number(either_house: House) -> None:
    await either_house.log_call("a", caller_number="+14156040099")
    await either_house.log_call("b", caller_number="+14156040099")
    api = either_house.as_("responder")

    answer = await api.put("/api/v1/calls/call_a/contact", json={"name": "Zoë Ng"})

    assert (answer.status_code, answer.json()["caller"]["name"]) == (200, "Zoë Ng")
    assert (await api.get("/api/v1/contacts/zoe-ng")).json()["number"] == "+14156040099"
    assert len((await api.get("/api/v1/calls", params={"caller": "zoë"})).json()["items"]) == 2


async def test_contact_of_a_known_number_is_renamed(house: House) -> None:
    await house.log_call()
    api = house.as_("responder")

    await api.put("/api/v1/calls/call_a/contact", json={"name": "Mitch"})

    contacts = (await api.get("/api/v1/contacts")).json()["items"]
    assert [(each["key"], each["name"]) for each in contacts] == [("mitchell", "Mitch")]


async def test_withheld_number_cannot_be_saved(house: House) -> None:
    await house.log_call(caller_number=None, withheld=True)

    answer = await house.as_("responder").put("/api/v1/calls/call_a/contact", json={"name": "Who"})

    assert answer.status_code == 409


async def test_incident_is_opened_for_a_call_with_the_payload_of_a_call(either_house: House) -> None:
    await either_house.log_call()
    api = either_house.as_("responder")

    new = {"title": "Customer without service", "integration": "payments-webhook", "severity": "high"}
    answer = await api.post("/api/v1/calls/call_a/incident", json=new)

    incident = answer.json()
    assert (answer.status_code, incident["title"], incident["call"]) == (201, "Customer without service", "call_a")
    assert incident["payload"]["details"]["twilioCallId"] == "CAa"
    assert incident["payload"]["details"]["receiver"]["oncallName"] == "Primary on-call"
    assert (incident["severity"], incident["payload"]["severity"]) == ("sev1", "high")
    call = (await api.get("/api/v1/calls/call_a")).json()
    assert call["incident"]["id"] == incident["id"]


async def test_every_incident_opened_for_a_call_is_a_new_one(house: House) -> None:
    await house.log_call()
    api = house.as_("responder")
    new = {"title": "Same", "integration": "payments-webhook"}

    answers = [await api.post("/api/v1/calls/call_a/incident", json=new) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] != answers[1].json()["id"]


async def test_existing_incident_is_linked_once(house: House) -> None:
    await house.log_call("a")
    await house.log_call("b")
    await house.open_incident("x")
    api = house.as_("responder")

    linked = await api.post("/api/v1/calls/call_a/incident", json={"incident": 1})
    again = await api.post("/api/v1/calls/call_a/incident", json={"incident": "inc_x"})
    other = await api.post("/api/v1/calls/call_b/incident", json={"incident": "inc_x"})

    assert [answer.status_code for answer in (linked, again, other)] == [200, 200, 409]
    assert linked.json()["call"] == "call_a"


async def test_incident_of_a_call_needs_either_form(house: House) -> None:
    await house.log_call()
    api = house.as_("responder")

    for body in ({}, {"title": "x"}, {"title": "x", "integration": "payments-webhook", "incident": 1}):
        assert (await api.post("/api/v1/calls/call_a/incident", json=body)).status_code == 422


async def test_call_in_progress_opens_no_incident_yet(house: House) -> None:
    await house.log_call(status="in_progress", outcome=None, ended_at=None, duration_seconds=None)

    new = {"title": "x", "integration": "payments-webhook"}
    answer = await house.as_("responder").post("/api/v1/calls/call_a/incident", json=new)

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "in_progress")


async def test_deleted_call_is_gone_with_its_recording_and_its_names(either_house: House) -> None:
    await either_house.store_recording(await either_house.log_call(), AUDIO)
    link = await _link(either_house)
    manager = either_house.as_("manager")
    new = {"title": "Mitchell Starc called from +14156040016", "integration": "payments-webhook"}
    await manager.put("/api/v1/calls/call_a/contact", json={"name": "Mitchell Starc"})
    incident = (await manager.post("/api/v1/calls/call_a/incident", json=new)).json()["id"]

    deleted = await manager.delete("/api/v1/calls/call_a")

    assert deleted.status_code == 204
    assert (await manager.get("/api/v1/calls/call_a")).status_code == 404
    assert (await either_house.client().get(link)).status_code == 404
    assert not list(either_house.services.settings.data_dir.glob("recordings/**/*.mp3"))
    assert "14156040016" not in (await manager.get(f"/api/v1/incidents/{incident}")).text


async def test_audio_that_could_not_be_deleted_is_deleted_by_the_next_try(either_house: House) -> None:
    await either_house.store_recording(await either_house.log_call(), AUDIO)
    manager = either_house.as_("manager")
    (audio,) = either_house.services.settings.data_dir.glob("recordings/**/*.mp3")
    audio.rename(audio.with_suffix(".aside"))
    audio.mkdir()  # what the store cannot delete as it deletes an object

    failed = await manager.delete("/api/v1/calls/call_a")
    audio.rmdir()
    audio.with_suffix(".aside").rename(audio)
    again = await manager.delete("/api/v1/calls/call_a")

    assert (failed.status_code, again.status_code) == (500, 204)
    assert not audio.exists()


async def test_call_in_progress_is_not_deleted_yet(house: House) -> None:
    """Its workflow still knows the caller, and would write him down again."""
    await house.log_call(status="in_progress", outcome=None, ended_at=None, duration_seconds=None)
    manager = house.as_("manager")

    answer = await manager.delete("/api/v1/calls/call_a")

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "in_progress")
    assert (await manager.get("/api/v1/calls/call_a")).status_code == 200


async def _status(api: httpx2.AsyncClient, method: str, path: str) -> int:
    return (await api.request(method, path, json={"name": "x"})).status_code


async def test_responders_do_not_delete_calls_and_viewers_change_nothing(house: House) -> None:
    await house.log_call()

    assert await _status(house.as_("responder"), "DELETE", "/api/v1/calls/call_a") == 403
    viewer = house.as_("viewer")
    for method, path in (("POST", "archive"), ("PUT", "contact"), ("POST", "incident")):
        assert await _status(viewer, method, f"/api/v1/calls/call_a/{path}") == 403
