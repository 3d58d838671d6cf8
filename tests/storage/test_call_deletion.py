"""Deleting a call takes its recording, notices, names and numbers along, from its incidents too."""

import json
from dataclasses import replace
from typing import Any

from domain.notices import Notice, NoticeKind, call_topic, schedule_topic
from storage import calls, incidents, notices
from storage.call_deletion import REDACTED, delete_call
from storage.call_recordings import RecordingState, recordings_of, upsert_recording
from storage.calls import CallFilter, CallStep
from storage.engine import Database
from storage.incidents import IncidentStep
from storage.tables import OccurrenceRow
from tests.storage.records import at, call, incident, recording

_CALL = call(
    "a",
    caller_number="+14156040016",
    caller_name="Al",
    body={"attempts": [{"order": 1, "responder": {"key": "ana", "name": "Ana Reyes"}, "number": "+15550100001"}]},
    timeline=(CallStep(at(0), "call_started", "Call from Al"),),
)
_TITLE = "Support: Call from Al (+14156040016) (33s)"
_PAYLOAD: dict[str, Any] = {
    "title": _TITLE,
    "details": {
        "liveCallRouting": {"name": "Support", "number": "+12245550123"},
        "call": {"duration": 33, "recording": "https://dutyline.example/recordings/rec_a"},
        "caller": {"name": "Al", "number": "+14156040016"},
        "receiver": {"id": "ana", "name": "Ana Reyes", "oncallId": "primary"},
        "attempts": [{"name": "Ana Reyes", "outcome": "answered"}],
    },
}


async def _call_with_incident(database: Database) -> None:
    stored = recording("a", _CALL.id, state=RecordingState.STORED, object_key="recordings/rec_a.mp3")
    async with database.write() as session:
        await calls.save_projection(session, _CALL)
        await upsert_recording(session, stored)
        await incidents.open_incident(session, incident("a", title=_TITLE, payload=_PAYLOAD, call_id=_CALL.id))
        step = IncidentStep(at(1), "opened", "Also opened by the call from Al", {"caller": "+14156040016"})
        await incidents.append_timeline(session, "inc_a", step)
        session.add(OccurrenceRow(incident_id="inc_a", event_id="e", at=at(1), kind="call", body=_PAYLOAD))


async def _delete(database: Database) -> tuple[str, ...] | None:
    async with database.write() as session:
        return await delete_call(session, _CALL.id, at(60))


async def test_deleted_call_is_gone_and_names_the_bytes_to_delete(database: Database) -> None:
    await _call_with_incident(database)

    assert await _delete(database) == ("recordings/rec_a.mp3",)

    async with database.read() as session:
        assert await calls.get(session, _CALL.id) is None
        assert list(await calls.timeline(session, _CALL.id)) == []
        assert list(await recordings_of(session, _CALL.id)) == []
        assert (await calls.list_calls(session, CallFilter(), limit=9)).items == ()


async def test_no_name_number_or_recording_stays_in_its_incident(database: Database) -> None:
    await _call_with_incident(database)

    await _delete(database)

    async with database.read() as session:
        row = await incidents.get(session, "inc_a")
        steps = (await incidents.timeline(session, "inc_a", limit=9)).items
        occurrences = (await incidents.occurrences(session, "inc_a", limit=9)).items
    assert row is not None
    left = json.dumps([row.title, row.payload, [[s.text, s.data] for s in steps], [o.body for o in occurrences]])
    for personal in ("+14156040016", '"Al"', "from Al", "Ana Reyes", "+15550100001", "rec_a"):
        assert personal not in left


async def test_incident_of_a_deleted_call_stays_readable(database: Database) -> None:
    """Only whole names go: a caller called "Al" does not blank out "Also". The hotline's own number stays."""
    await _call_with_incident(database)

    await _delete(database)

    async with database.read() as session:
        row = await incidents.get(session, "inc_a")
        (step,) = (await incidents.timeline(session, "inc_a", limit=9)).items
    assert row is not None
    assert row.title == f"Support: Call from {REDACTED} ({REDACTED}) (33s)"
    assert step.text == f"Also opened by the call from {REDACTED}"
    assert row.payload["details"]["liveCallRouting"] == {"name": "Support", "number": "+12245550123"}


async def test_incidents_of_other_calls_are_untouched(database: Database) -> None:
    await _call_with_incident(database)
    async with database.write() as session:
        await incidents.open_incident(session, incident("b", title=_TITLE, payload=_PAYLOAD, call_id="call_b"))

    await _delete(database)

    async with database.read() as session:
        row = await incidents.get(session, "inc_b")
    assert row is not None
    assert (row.title, row.payload) == (_TITLE, _PAYLOAD)


async def test_late_projection_does_not_bring_a_deleted_call_back(database: Database) -> None:
    await _call_with_incident(database)
    await _delete(database)

    async with database.write() as session:
        assert not await calls.save_projection(session, replace(_CALL, revision=99))

    async with database.read() as session:
        assert await calls.get(session, _CALL.id) is None


async def test_late_recording_of_a_deleted_call_is_not_kept(database: Database) -> None:
    await _call_with_incident(database)
    await _delete(database)

    async with database.write() as session:
        assert not await upsert_recording(session, recording("late", _CALL.id))

    async with database.read() as session:
        assert list(await recordings_of(session, _CALL.id)) == []


async def test_deleting_twice_finds_nothing_the_second_time(database: Database) -> None:
    await _call_with_incident(database)

    await _delete(database)

    assert await _delete(database) is None


_NOTICE = Notice(
    topic=call_topic(_CALL.id),
    kind=NoticeKind.CALL_MISSED,
    about="support",
    at=at(33),
    recipient="#hotline",
    channel="slack",
    subject="Support: missed call from Al (+14156040016), 33 s: nobody answered",
    text="Support: missed call from Al (+14156040016), 33 s: nobody answered",
)


async def test_its_notices_are_gone_and_no_others(database: Database) -> None:
    await _call_with_incident(database)
    others = [replace(_NOTICE, topic=topic) for topic in (call_topic("call_b"), schedule_topic(_CALL.id))]
    async with database.write() as session:
        (own, *kept) = await notices.add(session, [_NOTICE, *others], at(34))

    await _delete(database)

    async with database.read() as session:
        assert await notices.get(session, own) is None
        assert [row.id for notice_id in kept if (row := await notices.get(session, notice_id))] == kept


async def test_only_a_call_that_is_not_deleted_is_kept_for_what_is_written_about_it(database: Database) -> None:
    await _call_with_incident(database)
    async with database.write() as session:
        assert await calls.keep(session, _CALL.id)

    await _delete(database)

    async with database.write() as session:
        assert not await calls.keep(session, _CALL.id)
