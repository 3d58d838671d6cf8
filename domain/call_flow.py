"""The state machine that decides everything a caller hears.

:func:`advance` takes where a call stands and what a carrier just said, and returns where it stands now and the
document to answer. The workflow runs it; the api runs the same function when Temporal does not answer in time. It knows
time only as ``event.at``, so both come to the same result.

Three kinds of events:

- *steps* (the call began, an attempt or the voicemail is over, the carrier fell back) ask for the next document on the
  caller's leg and raise the step;
- *questions* of the responder's leg (picked up, key pressed) get an answer, but never move the call;
- *facts* (ringing, connected, recorded, ended) are only remembered.
"""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from domain.call_documents import deadline, greeting, ring, say, voicemail, whisper
from domain.call_plan import CallPlan, Target
from domain.call_state import (
    Answer,
    AttemptFacts,
    CallFacts,
    CallState,
    Control,
    Finish,
    Rung,
    Stage,
    VoicemailFacts,
    merge,
)
from domain.directory import MessageKey
from domain.events import (
    AttemptFinished,
    CallEnded,
    Caller,
    CallStarted,
    DialStatus,
    Event,
    FallbackRequested,
    KeyPressed,
    LegConnected,
    LegEnded,
    LegPickedUp,
    LegRinging,
    RecordingKind,
    RecordingNotice,
    VoicemailFinished,
)
from domain.evidence import acceptance
from domain.instructions import Connect, Document, Hangup, Leg, Reject

#: with less time left than this before the deadline, ringing one more phone is pointless
_SHORTEST_RING_SECONDS = 5
_ACCEPT_KEY = "1"
_WRONG_KEYS_FORGIVEN = 1
#: the key of the first answer, which has no continuation behind it
_FIRST = "0"


def fresh(plan: CallPlan, caller: Caller, at: datetime) -> CallState:
    """A call that nobody has answered yet."""
    remaining = tuple(_rung(target) for target in plan.targets)
    control = Control(
        step=0,
        stage=Stage.FRESH,
        started_at=at,
        written_at=at,
        caller=caller.number,
        remaining=remaining,
        anyone=bool(remaining),
        test_entries=plan.chain_length if plan.tester else 0,
    )
    return CallState(control)


def advance(plan: CallPlan, state: CallState, event: Event, proof: Control | None = None) -> tuple[CallState, Answer]:
    """The next state, and what to answer (an empty document to a notification).

    ``proof`` is the continuation in the address that the carrier called: it has executed that document, so a newer
    step, or another branch of the same step, is adopted. Idempotent: a request that was answered gets the same answer.
    """
    state = _adopt(state, proof)
    match event:
        case LegPickedUp() | KeyPressed():
            state = _remember(state, event)
            return state, Answer(state.control, _answer_responder(plan, state, event))
        case CallStarted() | AttemptFinished() | VoicemailFinished():
            return _step(plan, state, event, proof)
        case FallbackRequested():
            return _fall_back(plan, state, event, proof)
        case LegRinging() | LegConnected() | LegEnded() | RecordingNotice() | CallEnded():
            return _remember(state, event), Answer(state.control, ())
        case _:
            assert_never(event)


def note_stateless(state: CallState, answered: Control) -> CallState:
    """A process answered without the workflow: what it answered is adopted like any newer branch."""
    facts = merge(state.facts, CallFacts(stateless_steps=frozenset({answered.step})))
    return replace(_adopt(state, answered), facts=facts)


def last_resort(plan: CallPlan, control: Control, at: datetime) -> Answer:
    """When :func:`advance` itself fails: the next number as plainly as possible, else voicemail, else the end. Each
    answer is a step further, so that a failure that stays cannot go round in circles."""
    plain = replace(control, step=control.step + 1, plain=True, written_at=at, ringing=None, remaining=())
    apology = say(plan, plain, MessageKey.APOLOGY)
    if control.stage not in (Stage.FRESH, Stage.RINGING):
        return Answer(replace(plain, stage=Stage.CLOSING), (*apology, Hangup()))
    if control.remaining and at < deadline(plan, control):
        rung = control.remaining[0]
        ringing = replace(plain, stage=Stage.RINGING, ringing=rung, remaining=control.remaining[1:])
        return Answer(ringing, (*apology, ring(plan, ringing, rung, rung.ring_seconds)))
    stage = Stage.VOICEMAIL if plan.voicemail is not None else Stage.CLOSING
    return Answer(replace(plain, stage=stage), (*apology, *voicemail(plan, plain)))


def _rung(target: Target) -> Rung:
    return Rung(target.order, target.number, target.ring_seconds, target.user, target.schedule)


def _adopt(state: CallState, proof: Control | None) -> CallState:
    ours = state.control
    if proof is None or proof.step < ours.step or proof.key == ours.key:
        return state
    return replace(state, control=proof)


# Steps


def _step(
    plan: CallPlan, state: CallState, event: CallStarted | AttemptFinished | VoicemailFinished, proof: Control | None
) -> tuple[CallState, Answer]:
    if proof is None and not isinstance(event, CallStarted):
        # The continuation was unreadable: the call goes on from where it is known to stand.
        proof = state.control
    key = proof.key if proof is not None else _FIRST
    state = _remember(state, event)
    if isinstance(event, AttemptFinished):
        rung_plainly = (proof or state.control).plain
        state = replace(state, facts=_decide_acceptance(plan, state.facts, event.order, rung_plainly))
    if key in state.answers:
        return state, state.answers[key]
    if proof is not None and proof.step < state.control.step:
        # The call has moved on without us answering this one: answer what was asked, leave the call where it is.
        return state, _next(plan, proof, state.facts, event)
    if proof is None and state.control.stage is not Stage.FRESH:
        # The call is known from a later document only; its beginning was answered elsewhere.
        return state, _write(plan, replace(state.control, stage=Stage.FRESH), event.at)
    return _answered(state, key, _next(plan, state.control, state.facts, event))


def _answered(state: CallState, key: str, answer: Answer) -> tuple[CallState, Answer]:
    facts = _written(state.facts, answer.control, state.control.stage)
    return CallState(answer.control, facts, {**state.answers, key: answer}), answer


def _next(
    plan: CallPlan, control: Control, facts: CallFacts, event: CallStarted | AttemptFinished | VoicemailFinished
) -> Answer:
    """Where the call goes from ``control``. Everything the event says is already among the facts."""
    match event:
        case CallStarted(at=at):
            return _start(plan, control, at)
        case AttemptFinished(at=at, order=order, caller_present=present):
            attempt = facts.attempts.get(order)
            if not present:
                return _close(plan, control, at)
            if attempt is not None and attempt.accepted_at is not None:
                return _close(plan, control, at, MessageKey.GOODBYE)
            return _write(plan, control, at)
        case VoicemailFinished(at=at, seconds=seconds):
            return _close(
                plan, control, at, MessageKey.NOTHING_RECORDED if seconds == 0 else MessageKey.VOICEMAIL_THANKS
            )
        case _:
            assert_never(event)


def _start(plan: CallPlan, control: Control, at: datetime) -> Answer:
    if plan.rejected is not None:
        rejected = replace(control, step=control.step + 1, stage=Stage.REJECTED, written_at=at, remaining=())
        return Answer(rejected, (Reject(),))
    return _write(plan, control, at)


def _write(plan: CallPlan, control: Control, at: datetime) -> Answer:
    """Ring the next entry while there is time; else the message and voicemail."""
    first = control.stage is Stage.FRESH
    left = int((deadline(plan, control) - at).total_seconds())
    rung = control.remaining[0] if control.remaining and left >= _SHORTEST_RING_SECONDS else None
    following = replace(
        control,
        step=control.step + 1,
        stage=Stage.RINGING if rung else Stage.VOICEMAIL if plan.voicemail else Stage.CLOSING,
        written_at=at,
        ringing=rung,
        remaining=control.remaining[1:] if rung else (),
    )
    spoken = greeting(plan, following) if first else say(plan, following, *((MessageKey.NEXT,) if rung else ()))
    if rung is None:
        return Answer(following, (*spoken, *voicemail(plan, following)))
    return Answer(following, (*spoken, ring(plan, following, rung, min(rung.ring_seconds, left))))


def _close(plan: CallPlan, control: Control, at: datetime, *last_words: MessageKey) -> Answer:
    closing = replace(control, step=control.step + 1, stage=Stage.CLOSING, written_at=at, ringing=None, remaining=())
    return Answer(closing, (*say(plan, closing, *last_words), Hangup()))


# Fallback


def _fall_back(
    plan: CallPlan, state: CallState, event: FallbackRequested, proof: Control | None
) -> tuple[CallState, Answer]:
    """The carrier could not fetch or run an answer. A document that is to blame is never sent again."""
    state = _remember(state, event)
    failed = proof.key if proof is not None else _FIRST
    key = f"{failed}:{event.error_code}"
    if key in state.answers:
        return state, state.answers[key]
    if not event.caller_present:
        return _answered(state, key, _close(plan, state.control, event.at))
    if failed not in state.answers and (proof is not None or state.control.stage is Stage.FRESH):
        plain = state.control.plain or event.blames_document
        state = replace(state, control=replace(state.control, plain=plain))
        state, answer = _step(plan, state, _lost_request(event, state.control), proof)
    elif event.blames_document:
        state, answer = _answered(state, key, _rewrite_plainly(plan, state.control, event.at))
    else:
        answer = list(state.answers.values())[-1] if state.answers else _write(plan, state.control, event.at)
    return replace(state, answers={**state.answers, key: answer}), answer


def _lost_request(event: FallbackRequested, control: Control) -> CallStarted | AttemptFinished | VoicemailFinished:
    """What the carrier would have told us at the address that failed, as far as it follows from the address."""
    match event.failed_leg:
        case Leg.DIAL if control.ringing is not None:
            return AttemptFinished(event.at, control.ringing.order, DialStatus.COMPLETED, None, caller_present=True)
        case Leg.VOICEMAIL:
            return VoicemailFinished(event.at, None, caller_present=True)
        case _:
            return CallStarted(event.at)


def _rewrite_plainly(plan: CallPlan, control: Control, at: datetime) -> Answer:
    """The document in force was at fault: the same responder as plainly as possible, then voicemail, then the end."""
    plain = replace(control, plain=True)
    match control.stage:
        case Stage.RINGING if control.ringing is not None and not control.plain:
            return _write(plan, replace(plain, remaining=(control.ringing, *control.remaining)), at)
        case Stage.RINGING:
            return _write(plan, replace(plain, remaining=()), at)
        case Stage.VOICEMAIL if not control.plain:
            return _write(plan, plain, at)
        case _:
            return _close(plan, plain, at, MessageKey.APOLOGY)


# The responder's leg


def _answer_responder(plan: CallPlan, state: CallState, event: LegPickedUp | KeyPressed) -> Document:
    """Only the right key on a live attempt bridges. An empty document would too, so no answer is ever empty."""
    control = state.control
    attempt = state.facts.attempts.get(event.order, AttemptFacts(event.order))
    is_live = (
        control.stage is Stage.RINGING
        and control.ringing is not None
        and control.ringing.order == event.order
        and attempt.finish is None
        and state.facts.ended_at is None
    )
    if isinstance(event, LegPickedUp) and not event.asks:
        return ()
    if not is_live:
        return (Hangup(),)
    if isinstance(event, LegPickedUp):
        return (whisper(plan, control, event.order),)
    if event.digits == _ACCEPT_KEY:
        return (Connect(),)
    if len(attempt.wrong_keys) <= _WRONG_KEYS_FORGIVEN and attempt.key_at is None:
        return (whisper(plan, control, event.order),)
    return (Hangup(),)


# Facts


def _remember(state: CallState, event: Event) -> CallState:
    return replace(state, facts=merge(state.facts, _facts_in(event)))


def _facts_in(event: Event) -> CallFacts:
    match event:
        case CallStarted(at=at):
            return CallFacts(started_at=at)
        case LegRinging(at=at, order=order):
            return _attempt(AttemptFacts(order, ringing_at=at))
        case LegPickedUp(at=at, order=order):
            return _attempt(AttemptFacts(order, picked_up_at=at))
        case KeyPressed(at=at, order=order, digits=digits):
            if digits == _ACCEPT_KEY:
                return _attempt(AttemptFacts(order, picked_up_at=at, key_at=at))
            return _attempt(AttemptFacts(order, picked_up_at=at, wrong_keys=frozenset({at})))
        case LegConnected(at=at, order=order):
            return _attempt(AttemptFacts(order, picked_up_at=at, connected_at=at))
        case LegEnded(at=at, order=order, status=status, leg_seconds=seconds):
            return _attempt(AttemptFacts(order, leg_end=Finish(at, status, None, True, seconds)))
        case AttemptFinished() as e:
            finish = Finish(e.at, e.status, e.bridged, e.caller_present, e.leg_seconds, e.leg_existed)
            return CallFacts(
                attempts={e.order: AttemptFacts(e.order, finish=finish)},
                ended_at=None if e.caller_present else e.at,
            )
        case VoicemailFinished(at=at, seconds=seconds, caller_present=present):
            facts = VoicemailFacts(finished_at=at, seconds=seconds)
            return CallFacts(voicemail=facts, ended_at=None if present else at)
        case RecordingNotice(at=at, recording=RecordingKind.VOICEMAIL, absent=True):
            return CallFacts(voicemail=VoicemailFacts(absent_at=at))
        case RecordingNotice(recording=RecordingKind.VOICEMAIL, seconds=seconds):
            return CallFacts(voicemail=VoicemailFacts(seconds=seconds or None))
        case RecordingNotice():
            return CallFacts()
        case CallEnded(at=at, seconds=seconds):
            return CallFacts(ended_at=at, carrier_seconds=seconds)
        case FallbackRequested(at=at, error_code=code, caller_present=present):
            return CallFacts(fallbacks=frozenset({(at, code)}), ended_at=None if present else at)
        case _:
            assert_never(event)


def _attempt(facts: AttemptFacts) -> CallFacts:
    return CallFacts(attempts={facts.order: facts})


def _decide_acceptance(plan: CallPlan, facts: CallFacts, order: int, rung_plainly: bool) -> CallFacts:
    attempt = facts.attempts[order]
    if attempt.accepted_at is not None:
        return facts
    decided = replace(attempt, accepted_at=acceptance(plan, attempt, rung_plainly))
    return replace(facts, attempts={**facts.attempts, order: decided})


def _written(facts: CallFacts, control: Control, before: Stage) -> CallFacts:
    """What answering a document adds to the facts."""
    at = control.written_at
    match control.stage:
        case Stage.RINGING if control.ringing is not None:
            added = _attempt(AttemptFacts(control.ringing.order, dialled_at=at, rung=control.ringing))
        case Stage.VOICEMAIL:
            added = CallFacts(rung_out_at=at, voicemail=VoicemailFacts(asked_at=at))
        case Stage.CLOSING if before in (Stage.FRESH, Stage.RINGING) and not _is_settled(facts):
            added = CallFacts(rung_out_at=at, closed_at=at)
        case _:
            added = CallFacts(closed_at=at)
    return merge(facts, added)


def _is_settled(facts: CallFacts) -> bool:
    """Somebody took the call, or the caller left: it was not rung out."""
    return facts.ended_at is not None or any(attempt.accepted_at for attempt in facts.attempts.values())
