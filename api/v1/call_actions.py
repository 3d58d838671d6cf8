"""What people do with calls of the log."""

import re
import secrets
import unicodedata
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.security import AnyService, Manager, Principal, Responder
from api.services import Services
from api.v1 import shapes, views
from api.v1.call_incident import open_for_call
from api.v1.calls import found, shown
from api.v1.errors import ApiError, invalid
from api.v1.incidents import NewIncident, SeverityWord
from api.v1.incidents import found as found_incident
from config.resources import Kind
from domain.call_log import CallStatus
from domain.directory import Directory, Priority
from storage import call_recordings, calls, incidents
from storage.call_deletion import delete_call
from storage.incidents import IncidentStep
from storage.tables import CallRow, IncidentRow

router = APIRouter(prefix="/calls", tags=["Calls"])


class NewContact(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]


class CallIncident(BaseModel):
    """Either `incident`, an id or a number, to link; or `title` and `integration`, to open a new one."""

    model_config = ConfigDict(extra="forbid")

    incident: str | int | None = None
    title: str | None = None
    integration: str | None = None
    escalation_policy: str | None = None
    priority: Priority | None = None
    severity: SeverityWord | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "CallIncident":
        opens = [name for name in ("title", "integration") if getattr(self, name) is not None]
        if self.incident is not None and opens:
            raise ValueError("Send either incident, to link, or title and integration, to open a new one.")
        if self.incident is None and len(opens) < 2:
            raise ValueError("Send title and integration to open a new incident, or incident to link one.")
        return self


@router.post("/{call}/incident", status_code=201, responses={200: {"description": "An incident was linked."}})
async def incident_of_call(
    call: str, wanted: CallIncident, services: AnyService, principal: Responder, response: Response
) -> shapes.Incident:
    """Open an incident for the call (201), or link an existing one (200)."""
    async with services.database.read() as session:
        row = await found(session, call)
    if wanted.incident is not None:
        response.status_code = 200
        incident = await _link(services, principal, row, str(wanted.incident))
    else:
        incident = await open_for_call(services, principal, row, _new_incident(wanted))
    return views.incident(incident, await services.config.directory())


@router.put("/{call}/contact")
async def save_contact(call: str, contact: NewContact, services: AnyService, principal: Responder) -> shapes.Call:
    """Save the caller's number under a name; later callers with this number are named, and the calls that are in the
    log already. 409 when the number was withheld."""
    async with services.database.read() as session:
        row = await found(session, call)
    number = row.caller_number
    if number is None:
        raise ApiError(409, "no_number", "The caller's number is not known, so there is nothing to save.")
    directory = await services.config.directory()
    key = next((each.key for each in directory.contacts.values() if each.number == number), None)
    saved = await services.config.put(
        Kind.CONTACTS, key or _new_key(contact.name, directory), {"name": contact.name, "number": number}
    )
    async with services.database.write() as session:
        await calls.name_caller(session, number, saved.body["name"])
    return await _shown(services, principal, call)


@router.post("/{call}/archive")
async def archive(call: str, services: AnyService, principal: Responder) -> shapes.Call:
    """Take the call out of the everyday list."""
    async with services.database.write() as session:
        await found(session, call)
        await calls.archive(session, call)
    return await _shown(services, principal, call)


@router.post("/{call}/unarchive")
async def unarchive(call: str, services: AnyService, principal: Responder) -> shapes.Call:
    """Put the call back into the everyday list."""
    async with services.database.write() as session:
        await found(session, call)
        await calls.unarchive(session, call)
    return await _shown(services, principal, call)


@router.delete("/{call}", status_code=204)
async def delete(call: str, services: AnyService, _principal: Manager) -> None:
    """Delete the call: recordings, names and numbers too, and in its incidents. 409 while the call is going on."""
    async with services.database.read() as session:
        row = await found(session, call)
        recordings = await call_recordings.recordings_of(session, call)
    if row.status == CallStatus.IN_PROGRESS:
        raise ApiError(409, "in_progress", "The call is still going on. Delete it when it is over.")
    # The audio goes first: once the rows are gone nobody knows its keys, and a failed try could not be repeated.
    keys = {each.object_key for each in recordings if each.object_key}
    for key in keys:
        await services.recordings.delete(key)
    async with services.database.write() as session:
        stored_meanwhile = set(await delete_call(session, call, services.clock()) or ()) - keys
        for key in stored_meanwhile:
            await services.recordings.delete(key)


async def _shown(services: Services, principal: Principal, call: str) -> shapes.Call:
    async with services.database.read() as session:
        return (await shown(session, services, principal, await found(session, call)))[0]


def _new_incident(wanted: CallIncident) -> NewIncident:
    try:
        return NewIncident.model_validate(wanted.model_dump(exclude={"incident"}))
    except ValueError:
        raise invalid("title", "The title has 1 to 10,000 characters.") from None


async def _link(services: Services, principal: Principal, row: CallRow, reference: str) -> IncidentRow:
    now = services.clock()
    async with services.database.write() as session:
        await found_incident(session, reference)
        incident = await incidents.lock(session, reference)
        assert incident is not None
        if incident.call_id == row.id:
            return incident
        if incident.call_id is not None:
            raise ApiError(
                409, "conflict", f"Incident #{incident.number} belongs to another call.", {"call": incident.call_id}
            )
        linked = await incidents.change(session, incident.id, incident.version, call_id=row.id)
        assert linked is not None, "the row is locked"
        text = f"Linked to a call by {principal.actor.words}."
        step = IncidentStep(now, "call_linked", text, {"call": row.id, "by": principal.actor.key})
        await incidents.append_timeline(session, incident.id, step)
        return linked


def _new_key(name: str, directory: Directory) -> str:
    """A key that people recognise, from the letters of the name that a key may have."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    key = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "contact"
    return f"{key}-{secrets.token_hex(3)}" if key in directory.contacts else key
