"""What people do to incidents."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.security import AnyService, Principal, Responder
from api.services import Services
from api.v1 import shapes, views
from api.v1.errors import ApiError, invalid
from api.v1.incidents import SeverityWord
from domain.directory import Priority
from storage.incident_actions import Conflict, IncidentAction
from storage.tables import IncidentRow

router = APIRouter(prefix="/incidents", tags=["Incident actions"])

_MOST_AT_ONCE = 10_000


class Bulk(BaseModel):
    """Ids or numbers."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[str | int], Field(min_length=1, max_length=_MOST_AT_ONCE)]


class BulkAnswer(BaseModel):
    """`changed`: ids of the incidents that changed. `refused`: ids of those whose state does not allow the action.
    `unknown`: what names no incident."""

    changed: list[str]
    refused: list[str]
    unknown: list[str]


class NewPriority(BaseModel):
    model_config = ConfigDict(extra="forbid")

    priority: Priority | None


class NewSeverity(BaseModel):
    model_config = ConfigDict(extra="forbid")

    severity: SeverityWord | None


class NewResponders(BaseModel):
    """Keys of users: all that are added by hand; an empty list removes them."""

    model_config = ConfigDict(extra="forbid")

    responders: Annotated[list[str], Field(max_length=100)]


class NewNote(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=10_000)]


@router.post("/actions/{action}")
async def act_on_many(action: IncidentAction, bulk: Bulk, services: AnyService, principal: Responder) -> BulkAnswer:
    """The same action on up to 10,000 incidents. What cannot be changed is reported and stops nothing."""
    references = [str(reference) for reference in bulk.ids]
    result = await services.actions.act_on_many(action, references, principal.actor, services.clock())
    return BulkAnswer(changed=list(result.changed), refused=list(result.refused), unknown=list(result.unknown))


@router.post("/{incident}/acknowledge")
async def acknowledge(incident: str, services: AnyService, principal: Responder) -> shapes.Incident:
    """Somebody has it: escalation stops until the integration's acknowledge time-out."""
    return await _act(IncidentAction.ACKNOWLEDGE, incident, services, principal)


@router.post("/{incident}/resolve")
async def resolve(incident: str, services: AnyService, principal: Responder) -> shapes.Incident:
    """It is over. The same title after this opens a new incident."""
    return await _act(IncidentAction.RESOLVE, incident, services, principal)


@router.post("/{incident}/escalate")
async def escalate(incident: str, services: AnyService, principal: Responder) -> shapes.Incident:
    """The next level at once; after the last one, the first."""
    return await _act(IncidentAction.ESCALATE, incident, services, principal)


@router.post("/{incident}/unacknowledge")
async def unacknowledge(incident: str, services: AnyService, principal: Responder) -> shapes.Incident:
    """Nobody has it after all: triggered again, and escalation goes on at the next level."""
    return await _act(IncidentAction.UNACKNOWLEDGE, incident, services, principal)


@router.post("/{incident}/mute")
async def mute(incident: str, services: AnyService, principal: Responder) -> shapes.Incident:
    """No alerts and no escalation until it is unmuted."""
    return await _act(IncidentAction.MUTE, incident, services, principal)


@router.post("/{incident}/unmute")
async def unmute(incident: str, services: AnyService, principal: Responder) -> shapes.Incident:
    """Alerts and escalation go on."""
    return await _act(IncidentAction.UNMUTE, incident, services, principal)


@router.put("/{incident}/priority")
async def set_priority(
    incident: str, wanted: NewPriority, services: AnyService, principal: Responder
) -> shapes.Incident:
    """`p1` to `p5`, or null for none."""
    row = await services.actions.set_priority(incident, wanted.priority, principal.actor, services.clock())
    return await _shown(row, services)


@router.put("/{incident}/severity")
async def set_severity(
    incident: str, wanted: NewSeverity, services: AnyService, principal: Responder
) -> shapes.Incident:
    """`sev1` to `sev3` (or `high`, `medium`, `low`), or null for none."""
    severity = wanted.severity.severity if wanted.severity else None
    return await _shown(
        await services.actions.set_severity(incident, severity, principal.actor, services.clock()), services
    )


@router.put("/{incident}/responders")
async def set_responders(
    incident: str, wanted: NewResponders, services: AnyService, principal: Responder
) -> shapes.Incident:
    """The users who were added by hand, as a whole. The escalation goes on as it was."""
    users = (await services.config.directory()).users
    for key in wanted.responders:
        if key not in users:
            raise invalid("responders", f"There is no user {key!r}.")
    row = await services.actions.set_responders(incident, wanted.responders, principal.actor, services.clock())
    return await _shown(row, services)


@router.post("/{incident}/notes", status_code=201)
async def add_note(incident: str, note: NewNote, services: AnyService, principal: Responder) -> shapes.Incident:
    """A line for the timeline."""
    row = await services.actions.add_note(incident, note.text, principal.actor, services.clock())
    return await _shown(row, services)


async def _act(action: IncidentAction, incident: str, services: Services, principal: Principal) -> shapes.Incident:
    result = await services.actions.act(action, incident, principal.actor, services.clock())
    if isinstance(result, Conflict):
        current = await _shown(result.current, services)
        raise ApiError(
            409,
            "conflict",
            result.reason,
            {"status": result.current.status},
            state={"incident": current.model_dump(mode="json")},
        )
    return await _shown(result, services)


async def _shown(row: IncidentRow, services: Services) -> shapes.Incident:
    return views.incident(row, await services.config.directory())
