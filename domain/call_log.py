"""A call as the log shows it, derived from the facts alone: whatever the order of the news, the log is the same."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from domain.call_plan import CallPlan, Target
from domain.call_state import AttemptFacts, CallFacts, CallState, Stage
from domain.events import Caller, CallIdentity, DialStatus
from domain.evidence import AttemptOutcome, attempt_outcome, taken_at
from domain.ids import call_id


class CallStatus(StrEnum):
    IN_PROGRESS = "in_progress"
    ANSWERED = "answered"
    MISSED = "missed"


class CallOutcome(StrEnum):
    """How a call ended. Everything but ``ANSWERED`` is a missed call."""

    ANSWERED = "answered"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    NO_ONE_ON_CALL = "no_one_on_call"
    CALLER_GONE = "caller_gone"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class LoggedAttempt:
    """One phone that was rung, with measured times. ``key_pressed``: somebody there, and no machine, pressed the key
    that takes the call."""

    target: Target
    outcome: AttemptOutcome | None
    started_at: datetime
    ended_at: datetime | None
    key_pressed: bool = False


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    at: datetime
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One call, as far as it is known; ``outcome`` is ``None`` while it is in progress."""

    id: str
    identity: CallIdentity
    hotline: str
    hotline_name: str
    caller: Caller
    verified: bool
    tester: str | None
    degraded: bool
    status: CallStatus
    outcome: CallOutcome | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    duration_seconds: int | None
    answered_by: Target | None
    attempts: tuple[LoggedAttempt, ...] = ()
    voicemail_seconds: int | None = None
    warnings: tuple[str, ...] = ()
    timeline: tuple[TimelineEntry, ...] = field(default=())


def log_call(
    plan: CallPlan,
    identity: CallIdentity,
    state: CallState,
    verified: bool,
    warnings: tuple[str, ...] = (),
    finished_at: datetime | None = None,
) -> LoggedCall:
    """The call as it stands; with ``finished_at`` as it is written down for good."""
    if finished_at is not None:
        state = _ended(state, finished_at)
    facts = state.facts
    attempts = _attempts(plan, facts)
    answered = next((a for a in attempts if a.outcome is AttemptOutcome.ANSWERED), None)
    taken = _taken(plan, facts)
    ended_at = facts.ended_at if finished_at is not None else None
    outcome = _outcome(plan, state, answered is not None) if finished_at is not None else None
    answered_at = taken[1] if taken is not None else None
    talk_ended_at = _talk_ended_at(facts, taken[0]) if taken is not None else None
    started_at = facts.started_at or state.control.started_at
    return LoggedCall(
        id=call_id(identity.provider, identity.provider_call_id),
        identity=identity,
        hotline=plan.hotline,
        hotline_name=plan.hotline_name,
        caller=Caller(
            number=identity.caller.number or state.control.caller,
            raw=identity.caller.raw,
            name=plan.caller_name,
            withheld=identity.caller.withheld,
            verification=identity.caller.verification,
        ),
        verified=verified,
        tester=plan.tester,
        degraded=bool(facts.stateless_steps) or bool(facts.fallbacks),
        status=_status(outcome),
        outcome=outcome,
        started_at=started_at,
        answered_at=answered_at,
        ended_at=ended_at,
        duration_seconds=_duration_seconds(started_at, answered_at, talk_ended_at, ended_at),
        answered_by=answered.target if answered is not None else None,
        attempts=attempts,
        voicemail_seconds=_voicemail_seconds(facts),
        warnings=warnings,
        timeline=tuple(sorted(_timeline(plan, state, outcome, ended_at), key=lambda entry: entry.at)),
    )


def _ended(state: CallState, finished_at: datetime) -> CallState:
    """A finished call has an end, told by the carrier or not: an attempt that is still open ended with it."""
    facts = state.facts
    return replace(state, facts=replace(facts, ended_at=facts.ended_at or facts.closed_at or finished_at))


def _status(outcome: CallOutcome | None) -> CallStatus:
    if outcome is None:
        return CallStatus.IN_PROGRESS
    return CallStatus.ANSWERED if outcome is CallOutcome.ANSWERED else CallStatus.MISSED


def _outcome(plan: CallPlan, state: CallState, answered: bool) -> CallOutcome:
    if answered:
        return CallOutcome.ANSWERED
    if state.control.stage is Stage.REJECTED:
        return CallOutcome.REJECTED
    if not plan.targets and not state.facts.attempts:
        return CallOutcome.NO_ONE_ON_CALL
    if state.facts.rung_out_at is None:
        return CallOutcome.CALLER_GONE
    return CallOutcome.VOICEMAIL if _voicemail_seconds(state.facts) is not None else CallOutcome.NO_ANSWER


def _voicemail_seconds(facts: CallFacts) -> int | None:
    voicemail = facts.voicemail
    return voicemail.seconds or None if voicemail.absent_at is None else None


def _duration_seconds(
    started_at: datetime, answered_at: datetime | None, talk_ended_at: datetime | None, ended_at: datetime | None
) -> int | None:
    """Seconds of the talk when answered (from acceptance to its end, by our clock), else of the whole call."""
    if ended_at is None:
        return None
    if answered_at is not None:
        return max(round(((talk_ended_at or ended_at) - answered_at).total_seconds()), 0)
    return max(round((ended_at - started_at).total_seconds()), 0)


def _taken(plan: CallPlan, facts: CallFacts) -> tuple[AttemptFacts, datetime] | None:
    for _, attempt in sorted(facts.attempts.items()):
        accepted_at = taken_at(plan, attempt, facts)
        if accepted_at is not None:
            return attempt, accepted_at
    return None


def _talk_ended_at(facts: CallFacts, attempt: AttemptFacts) -> datetime | None:
    ends = [attempt.finish.at if attempt.finish else None, facts.ended_at]
    ends.append(attempt.leg_end.at if attempt.leg_end else None)
    return min((end for end in ends if end is not None), default=None)


def _attempts(plan: CallPlan, facts: CallFacts) -> tuple[LoggedAttempt, ...]:
    logged = []
    for _, attempt in sorted(facts.attempts.items()):
        target = target_of(plan, attempt)
        # Measured where the carrier tells of the ring; else from the document that asked for it.
        started_at = attempt.ringing_at or attempt.dialled_at or attempt.picked_up_at
        if target is None or started_at is None:
            continue
        finish = attempt.finish
        ended_at = finish.at if finish is not None else facts.ended_at
        outcome = attempt_outcome(plan, attempt, facts)
        logged.append(LoggedAttempt(target, outcome, started_at, ended_at, attempt.key_at is not None))
    return tuple(logged)


def target_of(plan: CallPlan, attempt: AttemptFacts) -> Target | None:
    """Who was rung: from the plan, or, when the call was begun by a process with another plan, from the attempt."""
    rung = attempt.rung
    planned = next((target for target in plan.targets if target.order == attempt.order), None)
    if planned is not None and (rung is None or planned.number == rung.number):
        return planned
    if rung is None:
        return None
    return Target(
        rung.order,
        rung.user,
        rung.user,
        rung.number,
        rung.ring_seconds,
        "as decided when the call began",
        rung.schedule,
    )


# The timeline: one sentence for each step, with its reason


ATTEMPT_WORDS = {
    AttemptOutcome.ANSWERED: "took the call",
    AttemptOutcome.NOT_ACCEPTED: "picked up, but nobody pressed 1",
    AttemptOutcome.NO_ANSWER: "no answer",
    AttemptOutcome.BUSY: "busy or declined",
    AttemptOutcome.FAILED: "could not be reached",
    AttemptOutcome.CALLER_GONE: "the caller left",
}

_END_WORDS = {
    CallOutcome.ANSWERED: "Call ended",
    CallOutcome.VOICEMAIL: "Call ended: nobody answered, a message was left",
    CallOutcome.NO_ANSWER: "Call ended: nobody answered",
    CallOutcome.NO_ONE_ON_CALL: "Call ended: nobody was on call",
    CallOutcome.CALLER_GONE: "Call ended: the caller left before somebody took the call",
    CallOutcome.REJECTED: "Call rejected",
}


def _timeline(
    plan: CallPlan, state: CallState, outcome: CallOutcome | None, ended_at: datetime | None
) -> list[TimelineEntry]:
    facts = state.facts
    started_at = facts.started_at or state.control.started_at
    entries = [TimelineEntry(started_at, "call_started", _start_words(plan))]
    entries += [
        TimelineEntry(started_at, "entry_passed", f"Entry {entry.order} passed: {entry.reason}")
        for entry in plan.passed
    ]
    if facts.stateless_steps:
        steps = ", ".join(str(step) for step in sorted(facts.stateless_steps))
        entries.append(TimelineEntry(started_at, "degraded", f"Answered without Temporal (step {steps})"))
    entries += [
        TimelineEntry(at, "fallback", f"The carrier could not use an answer (error {code or 'unknown'}); it fell back")
        for at, code in sorted(facts.fallbacks)
    ]
    for _, attempt in sorted(facts.attempts.items()):
        entries += _attempt_entries(plan, facts, attempt)
    entries += _voicemail_entries(plan, facts)
    if outcome is not None and ended_at is not None:
        entries.append(TimelineEntry(ended_at, "call_ended", _END_WORDS[outcome]))
    return entries


def _start_words(plan: CallPlan) -> str:
    if plan.rejected is not None:
        return f"Call to {plan.hotline_name} refused before answering: {plan.rejected}"
    if plan.tester is not None:
        return f"Test call to {plan.hotline_name}: everybody's phone is replaced by {plan.tester}'s"
    return f"Call to {plan.hotline_name}"


def _attempt_entries(plan: CallPlan, facts: CallFacts, attempt: AttemptFacts) -> list[TimelineEntry]:
    target = target_of(plan, attempt)
    if target is None:
        return []
    entries = []
    rung_at = attempt.ringing_at or attempt.dialled_at
    if rung_at is not None:
        text = f"Ringing {target.name}: {target.reason}"
        entries.append(TimelineEntry(rung_at, "ringing", text))
    if attempt.picked_up_at is not None:
        entries.append(TimelineEntry(attempt.picked_up_at, "picked_up", f"{target.name}'s phone was picked up"))
    entries += [
        TimelineEntry(at, "wrong_key", f"{target.name} pressed a key other than 1") for at in sorted(attempt.wrong_keys)
    ]
    accepted_at = taken_at(plan, attempt, facts)
    if accepted_at is not None:
        entries.append(TimelineEntry(accepted_at, "answered", f"{target.name} took the call"))
    return [*entries, *_finish_entries(plan, facts, attempt, target)]


def _finish_entries(plan: CallPlan, facts: CallFacts, attempt: AttemptFacts, target: Target) -> list[TimelineEntry]:
    outcome = attempt_outcome(plan, attempt, facts)
    ended_at = attempt.finish.at if attempt.finish is not None else facts.ended_at
    if outcome is None or ended_at is None:
        return []
    if outcome is AttemptOutcome.ANSWERED:
        return [TimelineEntry(ended_at, "talk_ended", f"The talk with {target.name} ended")]
    if attempt.finish is None:
        return [TimelineEntry(ended_at, outcome.value, f"{target.name}: result unknown, the call ended")]
    words = ATTEMPT_WORDS[outcome]
    if attempt.finish is not None and attempt.finish.status is DialStatus.UNKNOWN:
        words += " (the carrier used a word that is not known)"
    # Measured, not configured: from the first ring, or from our document where the carrier tells of no ring.
    since = attempt.ringing_at or attempt.dialled_at
    if outcome is AttemptOutcome.NOT_ACCEPTED and attempt.picked_up_at is not None:
        since = attempt.picked_up_at
    after = f" after {round((ended_at - since).total_seconds())} s" if since is not None else ""
    goes_on = "" if outcome is AttemptOutcome.CALLER_GONE else ", next entry"
    return [TimelineEntry(ended_at, outcome.value, f"{target.name}: {words}{after}{goes_on}")]


def _voicemail_entries(plan: CallPlan, facts: CallFacts) -> list[TimelineEntry]:
    entries = []
    voicemail = facts.voicemail
    if voicemail.asked_at is not None:
        why = "everybody was tried" if facts.attempts else "there was nobody to ring"
        entries.append(TimelineEntry(voicemail.asked_at, "voicemail", f"Asked for a message: {why}"))
    elif facts.rung_out_at is not None:
        entries.append(TimelineEntry(facts.rung_out_at, "rung_out", "Everybody was tried; there is no voicemail"))
    if voicemail.finished_at is not None:
        seconds = _voicemail_seconds(facts)
        text = f"A message of {seconds} s was left" if seconds else "No message was left"
        entries.append(TimelineEntry(voicemail.finished_at, "voicemail_left" if seconds else "no_message", text))
    return entries
