"""Opening an incident for a call of the log, with the payload that the call itself would have given it."""

from typing import Any

from api.security import Principal
from api.services import Services
from api.v1 import views
from api.v1.errors import ApiError
from api.v1.incidents import NewIncident, SeverityWord, manual_event, open_by_hand
from domain.call_log import CallStatus
from domain.directory import Directory, Hotline, Provider
from domain.titles import CallAttempt, FinishedCall, Receiver, call_payload, call_title
from storage import call_recordings
from storage.tables import CallRow, IncidentRow


async def open_for_call(services: Services, principal: Principal, row: CallRow, new: NewIncident) -> IncidentRow:
    """A new incident, whatever else is open. Raises :class:`ApiError` while the call is going on."""
    finished = await _finished_call(services, row, new)
    payload = {**call_payload(finished), "message": new.title, "title": new.title}
    opened, _ = await open_by_hand(services, manual_event(new, principal, services, payload, None, row.id))
    return opened


async def open_as_the_hotline_would(
    services: Services, principal: Principal, row: CallRow, hotline: Hotline, integration: str
) -> IncidentRow:
    """The incident that the hotline opens for its calls; the same one when it is asked for again."""
    settings = hotline.incidents
    new = NewIncident(
        title=hotline.name,
        integration=integration,
        escalation_policy=settings.escalation_policy,
        priority=settings.priority,
        severity=SeverityWord(settings.severity) if settings.severity else None,
    )
    finished = await _finished_call(services, row, new)
    named = new.model_copy(update={"title": call_title(finished)})
    event = manual_event(named, principal, services, call_payload(finished), row.id, row.id)
    opened, _ = await open_by_hand(services, event)
    return opened


async def _finished_call(services: Services, row: CallRow, new: NewIncident) -> FinishedCall:
    if row.status == CallStatus.IN_PROGRESS or row.ended_at is None or row.duration_seconds is None:
        raise ApiError(409, "in_progress", "The call is still going on. Open the incident when it is over.")
    directory = await services.config.directory()
    hotline = directory.hotlines.get(row.hotline)
    body = row.body
    return FinishedCall(
        call_id=row.id,
        provider=Provider(row.provider),
        provider_call_id=row.provider_call_id,
        hotline_name=body.get("hotline_name") or row.hotline,
        hotline_number=hotline.number if hotline else "",
        recording_enabled=hotline.record_calls if hotline else False,
        caller_name=row.caller_name,
        caller_number=row.caller_number,
        withheld=row.withheld,
        started_at=row.started_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        duration_seconds=row.duration_seconds,
        recording_url=await _recording_url(services, row),
        receiver=_receiver(body.get("answered_by"), directory),
        attempts=tuple(_attempt(each, directory) for each in body.get("attempts", [])),
        priority=new.priority,
        severity=new.severity,
        teams=hotline.incidents.teams if hotline else (),
        caller_raw=(body.get("caller") or {}).get("raw", ""),
    )


async def _recording_url(services: Services, row: CallRow) -> str | None:
    async with services.database.read() as session:
        recordings = await call_recordings.recordings_of(session, row.id)
    if not any(views.is_shown(each) for each in recordings):
        return None
    return f"{services.settings.public_url}/api/v1/calls/{row.id}/recording"


def _receiver(answered_by: dict[str, Any] | None, directory: Directory) -> Receiver | None:
    if answered_by is None:
        return None
    schedule = answered_by["schedule"]
    return Receiver(answered_by["key"], answered_by["name"], schedule, _schedule_name(schedule, directory))


def _attempt(document: dict[str, Any], directory: Directory) -> CallAttempt:
    responder = document["responder"]
    return CallAttempt(responder["name"], _schedule_name(responder["schedule"], directory), str(document["outcome"]))


def _schedule_name(key: str | None, directory: Directory) -> str | None:
    schedule = directory.schedules.get(key) if key else None
    return schedule.name if schedule else key
