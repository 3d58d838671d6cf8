"""Writing calls down; handing finished ones in for their incidents, and writing down whom to tell of them."""

from datetime import UTC, datetime
from typing import Any

from temporalio import activity

from domain.call_log import CallOutcome, LoggedAttempt, LoggedCall
from domain.call_messages import AnnounceCall, HandInCall, SaveCall
from domain.call_notices import call_notices
from domain.call_plan import CallPlan, Target
from domain.directory import AnsweredAs, IncidentWhen
from domain.events import Caller
from domain.notices import call_topic
from domain.titles import CallAttempt, FinishedCall, Receiver, call_payload, call_title, odd_caller, rfc3339
from intake.events import CallEvent
from storage import calls, hotline_state, notices, verified_phones
from storage.calls import CallRecord, CallStep, save_projection
from storage.engine import Database
from storage.journal import Journal
from storage.verified_phones import Proof


class CallActivities:
    def __init__(self, database: Database, journal: Journal, public_url: str) -> None:
        self._database = database
        self._journal = journal
        self._public_url = public_url

    @activity.defn(name="save_call")
    async def save_call(self, request: SaveCall) -> None:
        """Write the call's log, what the call teaches about its hotline, and which phones it proved.

        Idempotency: (call, revision); a lower revision than the stored one changes nothing. Time-out 10 s; retried
        until the database takes it.
        """
        call = request.call
        async with self._database.write() as session:
            await save_projection(session, _record(request))
            await hotline_state.note_call(session, call.hotline, call.started_at, verified=call.verified)
            identity = call.identity
            if request.hangup_seen and not identity.simulated:
                await hotline_state.note_hangup(session, call.hotline)
            if identity.account is not None and identity.dialled and not identity.simulated:
                await hotline_state.pin(session, call.hotline, identity.account, identity.dialled)
            for attempt in proving_attempts(call):
                target, at = attempt.target, attempt.started_at
                await verified_phones.verify(session, target.user, target.number, Proof.HOTLINE_CALL, at)

    @activity.defn(name="hand_in_call")
    async def hand_in_call(self, request: HandInCall) -> None:
        """Append the finished call to the journal, from which its incident opens; nothing of a call that was deleted.

        Idempotency: the event's id follows from the call, so a repetition is absorbed. Time-out 10 s; retried until the
        journal takes it.
        """
        event = incident_event(request.call, request.plan, self._public_url)
        if event is None or await self._is_deleted(request.call.id):
            return
        await self._journal.append(event.entry(datetime.now(UTC)))

    @activity.defn(name="announce_call")
    async def announce_call(self, request: AnnounceCall) -> list[str]:
        """Write down whom to tell of the finished call, and return the notices that are still to be sent; none of a
        call that was deleted.

        Idempotency: a notice's id follows from what it tells and whom, so a repetition writes nothing new. Time-out
        10 s; retried until the database takes it.
        """
        call = request.call
        told = call_notices(call, request.targets, f"{self._public_url}/calls/{call.id}")
        async with self._database.write() as session:
            if not await calls.keep(session, call.id):
                return []
            await notices.add(session, told, max(request.now, datetime.now(UTC)))
            return list(await notices.unfinished(session, call_topic(call.id)))

    async def _is_deleted(self, call_id: str) -> bool:
        async with self._database.read() as session:
            return await calls.is_deleted(session, call_id)


def proving_attempts(call: LoggedCall) -> list[LoggedAttempt]:
    """Whose user was at the phone. A simulated call rings nobody's phone, in the demo neither, so it proves nothing."""
    if call.identity.simulated:
        return []
    return [attempt for attempt in call.attempts if attempt.key_pressed]


def incident_event(call: LoggedCall, plan: CallPlan, public_url: str) -> CallEvent | None:
    """The event that opens the call's incident, or ``None`` when the hotline wants none for such a call."""
    settings = plan.incidents
    if call.tester is not None or call.outcome is CallOutcome.REJECTED or settings.integration is None:
        return None
    answered = call.outcome is CallOutcome.ANSWERED
    if settings.when is IncidentWhen.NEVER or (settings.when is IncidentWhen.MISSED and answered):
        return None
    finished = finished_call(call, plan, public_url)
    taken_by = call.answered_by.user if call.answered_by and settings.answered is AnsweredAs.ACKNOWLEDGED else None
    return CallEvent(
        call_id=call.id,
        integration=settings.integration,
        title=call_title(finished),
        payload=call_payload(finished),
        escalation_policy=settings.escalation_policy,
        priority=settings.priority,
        severity=settings.severity,
        acknowledged_by=taken_by,
    )


def finished_call(call: LoggedCall, plan: CallPlan, public_url: str) -> FinishedCall:
    """What title and payload need of the call."""
    assert call.ended_at is not None
    assert call.duration_seconds is not None
    receiver = call.answered_by
    is_recorded = (receiver is not None and plan.record_calls) or call.voicemail_seconds is not None
    return FinishedCall(
        call_id=call.id,
        provider=call.identity.provider,
        provider_call_id=call.identity.provider_call_id,
        hotline_name=plan.hotline_name,
        hotline_number=plan.hotline_number,
        recording_enabled=plan.record_calls,
        caller_name=call.caller.name,
        caller_number=call.caller.number,
        withheld=call.caller.withheld,
        started_at=call.started_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        duration_seconds=call.duration_seconds,
        recording_url=f"{public_url}/api/v1/calls/{call.id}/recording" if is_recorded else None,
        receiver=_receiver(receiver) if receiver is not None else None,
        attempts=tuple(
            CallAttempt(attempt.target.name, attempt.target.schedule_name, str(attempt.outcome))
            for attempt in call.attempts
        ),
        priority=plan.incidents.priority,
        severity=plan.incidents.severity,
        teams=plan.incidents.teams,
        caller_raw=call.caller.raw,
    )


def _receiver(target: Target) -> Receiver:
    return Receiver(target.user, target.name, target.schedule, target.schedule_name)


def _record(request: SaveCall) -> CallRecord:
    call = request.call
    return CallRecord(
        id=call.id,
        hotline=call.hotline,
        provider=call.identity.provider,
        provider_call_id=call.identity.provider_call_id,
        status=call.status,
        started_at=call.started_at,
        revision=request.revision,
        outcome=call.outcome,
        test=call.tester is not None,
        verified=call.verified,
        degraded=call.degraded,
        caller_number=call.caller.number,
        caller_name=call.caller.name,
        withheld=call.caller.withheld,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        duration_seconds=call.duration_seconds,
        body=_body(call),
        timeline=tuple(CallStep(entry.at, entry.kind, entry.text) for entry in call.timeline),
    )


def _body(call: LoggedCall) -> dict[str, Any]:
    """The parts of a call that the API shows as they are stored."""
    return {
        "hotline_name": call.hotline_name,
        "verification": call.caller.verification,
        "caller": {"raw": odd_caller(call.caller.raw)} if _is_odd(call.caller) else None,
        "tester": call.tester,
        "simulated": call.identity.simulated,
        "answered_by": _responder(call.answered_by) if call.answered_by else None,
        "attempts": [_attempt(attempt) for attempt in call.attempts],
        "voicemail": {"seconds": call.voicemail_seconds} if call.voicemail_seconds is not None else None,
        "warnings": list(call.warnings),
    }


def _is_odd(caller: Caller) -> bool:
    return caller.number is None and not caller.withheld and bool(caller.raw)


def _attempt(attempt: LoggedAttempt) -> dict[str, Any]:
    target = attempt.target
    return {
        "order": target.order,
        "responder": _responder(target),
        "number": target.number,
        "reason": target.reason,
        "outcome": attempt.outcome,
        "started_at": rfc3339(attempt.started_at),
        "ended_at": rfc3339(attempt.ended_at) if attempt.ended_at else None,
    }


def _responder(target: Target) -> dict[str, Any]:
    return {"key": target.user, "name": target.name, "schedule": target.schedule}
