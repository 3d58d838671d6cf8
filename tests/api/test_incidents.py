"""Incidents over the API: the shapes of the contract, the actions, and their conflicts."""

import asyncio

from tests.api.house import House

FIELDS = {
    "id", "number", "title", "status", "priority", "severity", "service", "integration", "escalation_policy", "level",
    "responders", "suppressed_events", "occurrences", "first_seen", "last_seen", "created_at", "acknowledged_at",
    "acknowledged_by", "resolved_at", "resolved_by", "call", "payload",
}  # fmt: skip


async def test_incident_has_every_field_of_the_contract_and_is_found_by_id_and_by_number(either_house: House) -> None:
    api = either_house.as_("viewer")
    await either_house.open_incident("a")

    by_id = (await api.get("/api/v1/incidents/inc_a")).json()
    by_number = (await api.get("/api/v1/incidents/1")).json()

    assert by_id == by_number
    assert set(by_id) >= FIELDS
    assert by_id["created_at"] == "2026-01-05T11:00:00.000Z"


async def test_unknown_incident_is_404(house: House) -> None:
    for reference in ("inc_nobody", "999", "99999999999999999999999", "inc_%00", "²"):
        answer = await house.as_("viewer").get(f"/api/v1/incidents/{reference}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


async def test_list_pages_through_all_incidents_newest_first(either_house: House) -> None:
    for name in "abc":
        await either_house.open_incident(name)
    api = either_house.as_("viewer")

    first = (await api.get("/api/v1/incidents?limit=2")).json()
    second = (await api.get("/api/v1/incidents", params={"limit": 2, "cursor": first["next_cursor"]})).json()

    assert [each["id"] for each in first["items"] + second["items"]] == ["inc_c", "inc_b", "inc_a"]
    assert second["next_cursor"] is None


async def test_list_is_filtered_by_status_and_title(house: House) -> None:
    await house.open_incident("a")
    await house.open_incident("b")
    api = house.as_("responder")
    await api.post("/api/v1/incidents/inc_a/resolve")

    resolved = (await api.get("/api/v1/incidents?status=resolved")).json()["items"]
    titled = (await api.get("/api/v1/incidents", params={"title": "Disk full on b"})).json()["items"]

    assert ([each["id"] for each in resolved], [each["id"] for each in titled]) == (["inc_a"], ["inc_b"])


async def test_acknowledging_answers_with_the_incident_and_names_the_one_who_did(either_house: House) -> None:
    await either_house.open_incident("a")

    answer = await either_house.as_("ben").post("/api/v1/incidents/inc_a/acknowledge")

    incident = answer.json()
    assert answer.status_code == 200
    assert (incident["status"], incident["acknowledged_by"]) == ("acknowledged", "ben")


async def test_what_cannot_be_done_is_409_with_the_current_state(house: House) -> None:
    await house.open_incident("a")
    api = house.as_("responder")
    await api.post("/api/v1/incidents/inc_a/resolve")

    answer = await api.post("/api/v1/incidents/1/acknowledge")

    assert answer.status_code == 409
    assert answer.json()["error"]["fields"] == {"status": "resolved"}
    assert answer.json()["incident"]["status"] == "resolved"


async def test_bulk_action_changes_what_it_can_and_reports_the_rest(either_house: House) -> None:
    await either_house.open_incident("a")
    await either_house.open_incident("b")
    api = either_house.as_("responder")
    await api.post("/api/v1/incidents/inc_b/acknowledge")

    answer = await api.post("/api/v1/incidents/actions/acknowledge", json={"ids": ["inc_a", 2, "inc_nobody"]})

    assert answer.json() == {"changed": ["inc_a"], "refused": ["inc_b"], "unknown": ["inc_nobody"]}


async def test_priority_severity_and_responders_are_set_and_shown(house: House) -> None:
    await house.open_incident("a")
    api = house.as_("responder")

    await api.put("/api/v1/incidents/1/priority", json={"priority": "p2"})
    await api.put("/api/v1/incidents/1/severity", json={"severity": "high"})
    incident = (await api.put("/api/v1/incidents/1/responders", json={"responders": ["ben"]})).json()

    assert (incident["priority"], incident["severity"]) == ("p2", "sev1")
    assert incident["responders"] == [{"key": "ben", "name": "Ben Okafor"}]


async def test_unknown_responder_and_unknown_priority_are_422_with_the_field(house: House) -> None:
    await house.open_incident("a")
    api = house.as_("responder")

    responder = await api.put("/api/v1/incidents/1/responders", json={"responders": ["zoe"]})
    priority = await api.put("/api/v1/incidents/1/priority", json={"priority": "p9"})

    assert (responder.status_code, set(responder.json()["error"]["fields"])) == (422, {"responders"})
    assert (priority.status_code, set(priority.json()["error"]["fields"])) == (422, {"priority"})


async def test_note_is_a_line_of_the_timeline(house: House) -> None:
    await house.open_incident("a")
    api = house.as_("ben")

    await api.post("/api/v1/incidents/1/notes", json={"text": "Rebooting it"})

    steps = (await api.get("/api/v1/incidents/1/timeline")).json()["items"]
    assert [(step["kind"], step["text"], step["data"]) for step in steps] == [("note", "Rebooting it", {"by": "ben"})]


async def test_incident_opened_by_hand_is_in_the_answer_and_queued_for_its_workflow(either_house: House) -> None:
    from storage import outbox

    new = {"title": "Smoke in the server room", "integration": "payments-webhook", "priority": "p1", "severity": "low"}
    answer = await either_house.as_("ben").post("/api/v1/incidents", json=new)

    incident = answer.json()
    assert answer.status_code == 201
    assert (incident["status"], incident["escalation_policy"], incident["service"]) == (
        "triggered",
        "default",
        "payments",
    )
    assert (incident["priority"], incident["severity"]) == ("p1", "sev3")
    async with either_house.services.database.read() as session:
        command, *_ = await outbox.next_batch(session, either_house.clock(), limit=10)
    assert (command.kind, command.target) == ("start_incident", incident["id"])


async def test_incident_opened_by_hand_again_is_counted_to_the_open_one(house: House) -> None:
    api = house.as_("responder")
    new = {"title": "Smoke", "integration": "payments-webhook"}
    first = (await api.post("/api/v1/incidents", json=new)).json()

    again = await api.post("/api/v1/incidents", json=new)

    assert again.status_code == 200
    assert (again.json()["id"], again.json()["suppressed_events"]) == (first["id"], 1)


async def test_same_title_from_several_people_at_once_is_one_incident(either_house: House) -> None:
    new = {"title": "Smoke", "integration": "payments-webhook"}
    api = either_house.as_("responder")

    answers = await asyncio.gather(*(api.post("/api/v1/incidents", json=new) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_incident_by_hand_needs_what_exists(house: House) -> None:
    api = house.as_("responder")
    wrong = [
        {"title": "Smoke", "integration": "nothing"},
        {"title": "Smoke", "integration": "dutyline"},
        {"title": " ", "integration": "payments-webhook"},
        {"title": "Smoke", "integration": "payments-webhook", "escalation_policy": "nothing"},
        {"title": "Smoke", "integration": "payments-webhook", "colour": "red"},
        {"integration": "payments-webhook"},
    ]
    fields = [set((await api.post("/api/v1/incidents", json=each)).json()["error"]["fields"]) for each in wrong]

    assert fields == [{"integration"}, {"integration"}, {"title"}, {"escalation_policy"}, {"colour"}, {"title"}]


async def test_notifications_show_receipts_and_mask_numbers_of_others(house: House) -> None:
    from storage import notifications
    from storage.notifications import NotificationState
    from tests.storage.records import notification

    await house.open_incident("a")
    async with house.services.database.write() as session:
        await notifications.create(session, notification("a", "inc_a", user="ben", address="+15550100002"))
        await notifications.add_receipt(
            session, "ntf_a", at=house.clock(), status="delivered", data={"To": "+15550100002"},
            state=NotificationState.DELIVERED,
        )  # fmt: skip

    async def seen(role: str) -> tuple[str, object]:
        (item,) = (await house.as_(role).get("/api/v1/incidents/1/notifications")).json()["items"]
        return item["address"], item["receipts"]

    at = "2026-01-05T11:00:00.000Z"
    whole = ("+15550100002", [{"at": at, "status": "delivered", "data": {"To": "+15550100002"}}])
    assert await seen("ben") == whole
    assert await seen("manager") == whole
    assert await seen("responder") == ("+1555…02", [{"at": at, "status": "delivered", "data": {}}])


async def test_occurrences_are_the_events_that_were_counted(house: House) -> None:
    api = house.as_("responder")
    for _ in range(2):
        await api.post("/api/v1/incidents", json={"title": "Smoke", "integration": "payments-webhook"})

    items = (await api.get("/api/v1/incidents/1/occurrences")).json()["items"]

    assert [each["kind"] for each in items] == ["manual", "manual"]
