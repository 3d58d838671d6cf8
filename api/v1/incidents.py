"""Incidents: reading them, and opening one by hand."""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy.ext.asyncio import AsyncSession

from api.security import AnyService, Principal, Responder, Viewer
from api.services import Services
from api.v1 import shapes, views
from api.v1.errors import invalid, not_found
from api.v1.parameters import DEFAULT_LIMIT, Cursor, Limit
from domain.directory import OWN_INTEGRATION, Directory, Priority, Severity
from domain.incidents import IncidentStatus, dedup_key, read_severity
from intake.events import EventKind, new_event_id
from intake.manual import open_now
from intake.rules import Effect, Event
from storage import incidents, notifications
from storage.incidents import IncidentFilter
from storage.tables import IncidentRow

router = APIRouter(prefix="/incidents", tags=["Incidents"])

_MAX_TITLE = 10_000


class SeverityWord(StrEnum):
    SEV1 = "sev1"
    SEV2 = "sev2"
    SEV3 = "sev3"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def severity(self) -> Severity | None:
        return read_severity(self.value)


class NewIncident(BaseModel):
    """`escalation_policy` is the integration's when it is left out."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, Field(min_length=1, max_length=_MAX_TITLE)]
    integration: str
    escalation_policy: str | None = None
    priority: Priority | None = None
    severity: SeverityWord | None = None
    body: str | dict[str, Any] | None = None

    @field_validator("title")
    @classmethod
    def _not_blank(cls, title: str) -> str:
        if not title.strip():
            raise ValueError("A title says what is wrong; this one is blank.")
        return title


@router.get("")
async def list_incidents(
    services: AnyService,
    _principal: Viewer,
    status: IncidentStatus | None = None,
    integration: str | None = None,
    service: str | None = None,
    title: Annotated[str | None, Query(description="The whole title.")] = None,
    call: Annotated[str | None, Query(description="A call's id.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> shapes.Listed[shapes.Incident]:
    """The newest incidents first."""
    criteria = IncidentFilter(status, integration, service, title, call)
    directory = await services.config.directory()
    async with services.database.read() as session:
        page = await incidents.list_incidents(session, criteria, limit=limit, cursor=cursor)
    return shapes.Listed(items=[views.incident(row, directory) for row in page.items], next_cursor=page.next_cursor)


@router.post("", status_code=201, responses={200: {"description": "An open incident had this title already."}})
async def open_incident(
    new: NewIncident, services: AnyService, principal: Responder, response: Response
) -> shapes.Incident:
    """Open an incident by hand. It escalates as one that an event opened. When the integration has an open incident
    with exactly this title, that one is counted up and returned, with status 200."""
    payload = {"title": new.title, "body": new.body, "priority": new.priority, "severity": new.severity}
    event = manual_event(new, principal, services, payload, dedup_key(new.title))
    row, is_new = await open_by_hand(services, event)
    response.status_code = 201 if is_new else 200
    return views.incident(row, await services.config.directory())


@router.get("/{incident}")
async def get_incident(incident: str, services: AnyService, _principal: Viewer) -> shapes.Incident:
    """One incident, by id (`inc_…`) or by number."""
    async with services.database.read() as session:
        row = await found(session, incident)
    return views.incident(row, await services.config.directory())


@router.get("/{incident}/timeline")
async def incident_timeline(
    incident: str, services: AnyService, _principal: Viewer, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> shapes.Listed[shapes.Step]:
    """What happened, in order, each step with its reason."""
    async with services.database.read() as session:
        row = await found(session, incident)
        page = await incidents.timeline(session, row.id, limit=limit, cursor=cursor)
    return shapes.Listed(items=[views.step(each) for each in page.items], next_cursor=page.next_cursor)


@router.get("/{incident}/notifications")
async def incident_notifications(
    incident: str, services: AnyService, principal: Viewer, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> shapes.Listed[shapes.Notification]:
    """The alerts of the incident: to whom, why, and each receipt of the provider."""
    directory = await services.config.directory()
    async with services.database.read() as session:
        row = await found(session, incident)
        page = await notifications.of_incident(session, row.id, limit=limit, cursor=cursor)
        receipts = await notifications.receipts(session, *(each.id for each in page.items))
    items = [views.notification(each, receipts, directory, principal) for each in page.items]
    return shapes.Listed(items=items, next_cursor=page.next_cursor)


@router.get("/{incident}/occurrences")
async def incident_occurrences(
    incident: str, services: AnyService, _principal: Viewer, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> shapes.Listed[shapes.Occurrence]:
    """The events that were counted to the incident, the oldest first."""
    async with services.database.read() as session:
        row = await found(session, incident)
        page = await incidents.occurrences(session, row.id, limit=limit, cursor=cursor)
    return shapes.Listed(items=[views.occurrence(each) for each in page.items], next_cursor=page.next_cursor)


async def found(session: AsyncSession, reference: str) -> IncidentRow:
    """The incident by id or number. Raises :class:`ApiError` (404)."""
    row = await incidents.get(session, reference)
    if row is None:
        raise not_found(f"incident {reference}")
    return row


def manual_event(
    new: NewIncident,
    principal: Principal,
    services: Services,
    payload: dict[str, Any],
    key: str | None,
    call_id: str | None = None,
) -> Event:
    """The event that a person is. ``key`` is the dedup key; without one the incident is new whatever else is open."""
    return Event(
        id=new_event_id(),
        at=services.clock(),
        kind=EventKind.MANUAL,
        integration=new.integration,
        effect=Effect.TRIGGER,
        title=new.title,
        payload=payload,
        dedup_key=key,
        priority=new.priority,
        severity=new.severity.severity if new.severity else None,
        policy_key=new.escalation_policy,
        call_id=call_id,
        opened_by=principal.name,
    )


async def open_by_hand(services: Services, event: Event) -> tuple[IncidentRow, bool]:
    """Open the incident now; whether it is a new one. Raises :class:`ApiError` (422) for what does not exist."""
    directory = await services.config.directory()
    check_references(directory, event.integration, event.policy_key)
    incident_id, is_new = await open_now(services.database, directory, event, services.clock())
    async with services.database.read() as session:
        return await found(session, incident_id), is_new


def check_references(directory: Directory, integration: str, policy: str | None) -> None:
    if integration not in directory.integrations or integration == OWN_INTEGRATION:
        raise invalid("integration", f"There is no integration {integration!r}.")
    if policy is not None and policy not in directory.escalation_policies:
        raise invalid("escalation_policy", f"There is no escalation policy {policy!r}.")
