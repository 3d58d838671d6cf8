"""From rows to what a principal may see of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.security import Principal
from api.v1 import shapes
from domain.call_plan import saved_name
from domain.directory import Directory, Role
from domain.phone import mask, to_e164
from storage.call_recordings import RecordingState
from storage.tables import (
    CallRow,
    CallTimelineRow,
    IncidentRow,
    IncidentTimelineRow,
    NotificationRow,
    OccurrenceRow,
    ReceiptRow,
    RecordingRow,
)


def incident(row: IncidentRow, directory: Directory) -> shapes.Incident:
    return shapes.Incident(
        id=row.id,
        number=row.number,
        title=row.title,
        status=row.status,
        priority=row.priority,
        severity=row.severity,
        service=row.service,
        integration=row.integration,
        escalation_policy=row.policy_key,
        level=row.level,
        responders=[named(directory, key) for key in row.responders],
        suppressed_events=row.suppressed_events,
        occurrences=row.occurrences,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        created_at=row.created_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
        muted=row.muted,
        parsing_failed=row.parsing_failed,
        call=row.call_id,
        payload=row.payload,
    )


def named(directory: Directory, key: str) -> shapes.Named:
    """A user, also one who is no longer there."""
    user = directory.users.get(key)
    return shapes.Named(key=key, name=user.name if user else key)


def step(row: IncidentTimelineRow | CallTimelineRow) -> shapes.Step:
    return shapes.Step(at=row.at, kind=row.kind, text=row.text, data=row.data)


def occurrence(row: OccurrenceRow) -> shapes.Occurrence:
    return shapes.Occurrence(event=row.event_id, at=row.at, kind=row.kind, payload=row.body)


def notification(
    row: NotificationRow, receipts: Iterable[ReceiptRow], directory: Directory, principal: Principal
) -> shapes.Notification:
    """What a provider says beside its status holds numbers too, so only those who see them all get it."""
    sees_all = principal.sees_phone_of(row.user)
    return shapes.Notification(
        id=row.id,
        level=row.level,
        round=row.round,
        channel=row.channel,
        user=named(directory, row.user) if row.user else None,
        address=row.address if sees_all else masked_number(row.address),
        reason=row.reason,
        rule=row.rule,
        state=row.state,
        provider=row.provider,
        provider_id=row.provider_id,
        attempts=row.attempts,
        error=row.error if sees_all else None,
        created_at=row.created_at,
        sent_at=row.sent_at,
        finished_at=row.finished_at,
        receipts=[
            shapes.Receipt(at=receipt.at, status=receipt.status, data=receipt.data if sees_all else {})
            for receipt in receipts
            if receipt.notification_id == row.id
        ],
    )


def call(
    row: CallRow,
    recordings: Sequence[RecordingRow],
    incidents: Sequence[IncidentRow],
    directory: Directory,
    principal: Principal,
    public_url: str,
) -> shapes.Call:
    """``recordings`` and ``incidents`` may be those of other calls too."""
    body = row.body
    shown = [recording(each, public_url) for each in recordings if each.call_id == row.id and is_shown(each)]
    references = [incident_reference(each) for each in incidents if each.call_id == row.id]
    return shapes.Call(
        id=row.id,
        hotline=row.hotline,
        provider=row.provider,
        provider_call_id=row.provider_call_id,
        verified=row.verified,
        test=row.test,
        caller=shapes.Caller(
            name=saved_name(directory, row.caller_number) or row.caller_name,
            number=row.caller_number,
            withheld=row.withheld,
            verification=body.get("verification"),
        ),
        status=row.status,
        outcome=row.outcome,
        degraded=row.degraded,
        archived=row.archived,
        started_at=row.started_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        duration_seconds=row.duration_seconds,
        answered_by=_on_schedule(body.get("answered_by")),
        attempts=[_attempt(each, principal) for each in body.get("attempts", [])],
        voicemail=_voicemail(body.get("voicemail")),
        recordings=shown,
        recording=shown[0] if shown else None,
        incidents=references,
        incident=references[0] if references else None,
        warnings=body.get("warnings", []),
    )


def is_shown(row: RecordingRow) -> bool:
    """A recording that was not kept, because nobody accepted the call, is none."""
    return row.state != RecordingState.DISCARDED


def recording(row: RecordingRow, public_url: str) -> shapes.Recording:
    stored = row.state == RecordingState.STORED
    return shapes.Recording(
        id=row.id,
        kind=row.kind,
        seconds=row.seconds,
        state=row.state,
        url=f"{public_url}/api/v1/calls/{row.call_id}/recording?id={row.id}" if stored else None,
    )


def incident_reference(row: IncidentRow) -> shapes.IncidentReference:
    return shapes.IncidentReference(id=row.id, number=row.number, title=row.title, status=row.status)


def _on_schedule(document: Mapping[str, Any] | None) -> shapes.OnSchedule | None:
    return shapes.OnSchedule.model_validate(document) if document else None


def _voicemail(document: Mapping[str, Any] | None) -> shapes.Voicemail | None:
    return shapes.Voicemail.model_validate(document) if document else None


def _attempt(document: Mapping[str, Any], principal: Principal) -> shapes.Attempt:
    attempt = shapes.Attempt.model_validate(document)
    return attempt.model_copy(update={"number": principal.phone(attempt.number, attempt.responder.key)})


def masked_number(address: str) -> str:
    """The address, masked when it is a phone number."""
    return mask(address) if to_e164(address) else address


def sees_secrets(principal: Principal) -> bool:
    """Webhook tokens are as good as a password for sending events and calls."""
    return principal.may(Role.MANAGER)
