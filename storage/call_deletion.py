"""Deleting a call: its recordings, notices, names and numbers disappear, from its incidents too.

An empty row stays behind, so that a projection or a recording that arrives late finds the call deleted.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.ids import call_event_id
from domain.notices import call_topic
from storage import event_ids, notices
from storage.tables import CallRow, CallTimelineRow, IncidentRow, IncidentTimelineRow, OccurrenceRow, RecordingRow

#: stands where a name or a number was
REDACTED = "[deleted]"
#: parts of a call's payload whose names and numbers are personal
_PERSONAL_PARTS = frozenset({"caller", "receiver", "responder", "answered_by", "attempts"})
_PERSONAL_FIELDS = frozenset({"name", "number", "raw", "phone"})


async def delete_call(session: AsyncSession, call_id: str, at: datetime) -> tuple[str, ...] | None:
    """Delete the call and return the object keys of its recordings. The caller has deleted their bytes, or deletes them
    before this is committed: afterwards nobody knows the keys. ``None`` when there is no such call."""
    call = await session.get(CallRow, call_id, with_for_update=True)
    if call is None or call.deleted_at is not None:
        return None
    # An event that was handed in and not processed yet must open no incident with the names and numbers in it. Whoever
    # processes it right now is waited for here, so that the incident is found below.
    await event_ids.claim(session, call_event_id(call_id), at)
    personal = {text for text in (call.caller_number, call.caller_name, *_personal_texts(call.body)) if text}
    for incident in (await session.scalars(select(IncidentRow).where(IncidentRow.call_id == call_id))).all():
        await _redact_incident(session, incident, personal | set(_personal_texts(incident.payload)))
    _empty(call, at)
    await session.execute(delete(CallTimelineRow).where(CallTimelineRow.call_id == call_id))
    await notices.forget(session, call_topic(call_id))
    keys = await session.scalars(
        delete(RecordingRow).where(RecordingRow.call_id == call_id).returning(RecordingRow.object_key)
    )
    return tuple(key for key in keys if key)


def _empty(call: CallRow, at: datetime) -> None:
    call.deleted_at = at
    call.caller_number = call.caller_name = None
    call.body = {}


async def _redact_incident(session: AsyncSession, incident: IncidentRow, personal: set[str]) -> None:
    pattern = _pattern(personal)
    incident.title = pattern.sub(REDACTED, incident.title)
    incident.payload = _redact(incident.payload, pattern)
    for occurrence in await session.scalars(select(OccurrenceRow).where(OccurrenceRow.incident_id == incident.id)):
        occurrence.body = _redact(occurrence.body, pattern)
    steps = await session.scalars(select(IncidentTimelineRow).where(IncidentTimelineRow.incident_id == incident.id))
    for step in steps:
        step.text = pattern.sub(REDACTED, step.text)
        step.data = _redact(step.data, pattern)
    incident.version += 1


def _personal_texts(document: Any, *, inside: bool = False) -> Iterator[str]:
    """Names and numbers in the parts of a call's document that are about people."""
    match document:
        case dict():
            for key, value in document.items():
                if inside and key in _PERSONAL_FIELDS and isinstance(value, str) and value:
                    yield value
                else:
                    yield from _personal_texts(value, inside=inside or key in _PERSONAL_PARTS)
        case list():
            for item in document:
                yield from _personal_texts(item, inside=inside)


def _pattern(personal: set[str]) -> re.Pattern[str]:
    """Whole words only, the longest first: a caller named "Al" must not blank out every "Also"."""
    if not personal:
        return re.compile(r"(?!)")
    words = sorted(personal, key=len, reverse=True)
    return re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in words))


def _redact(document: Any, pattern: re.Pattern[str]) -> Any:
    match document:
        case str():
            return pattern.sub(REDACTED, document)
        case dict():
            return {
                pattern.sub(REDACTED, key): None if key == "recording" else _redact(value, pattern)
                for key, value in document.items()
            }
        case list():
            return [_redact(item, pattern) for item in document]
        case _:
            return document
