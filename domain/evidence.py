"""Did a responder really take the call? The one rule, used while the call lives and again when it is written down.

Evidence counts in this order: our own key press, or the carrier's word that it joined the legs after its own
confirmation; the carrier's word that the legs were bridged; our own clock, when the leg was up for longer than any
confirmation can take. With ``accept: none`` picking up is taking.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from domain.call_plan import CallPlan
from domain.call_state import AttemptFacts, CallFacts
from domain.directory import Accept
from domain.events import DialStatus

#: Twilio rings up to this much longer than told
CARRIER_RING_BUFFER_SECONDS = 5
_CLOCK_MARGIN = timedelta(seconds=5)
#: a key and a hang-up closer together than this are a race that nobody won
_RACE = timedelta(seconds=2)


class AttemptOutcome(StrEnum):
    """How an attempt ended. A carrier's word that we do not know is ``FAILED``."""

    ANSWERED = "answered"
    NOT_ACCEPTED = "not_accepted"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"
    CALLER_GONE = "caller_gone"


def acceptance(plan: CallPlan, attempt: AttemptFacts, plain: bool) -> datetime | None:
    """When the responder took the call, or ``None``. ``plain``: the attempt was rung without our confirmation."""
    finish = attempt.finish
    if finish is not None and _left_before_the_bridge(attempt):
        return None
    if attempt.connected_at is not None:
        return min(attempt.connected_at, attempt.key_at or attempt.connected_at)
    if attempt.key_at is not None:
        return attempt.key_at
    if plan.accept is Accept.NONE or plain:
        return _picked_up(attempt)
    if finish is None or finish.status is not DialStatus.COMPLETED:
        return None
    if finish.bridged is not None:
        return attempt.picked_up_at or _leg_start(attempt) if finish.bridged else None
    return _accepted_by_the_clock(plan, attempt)


def _left_before_the_bridge(attempt: AttemptFacts) -> bool:
    """A key was pressed, the legs were not joined: in the race the caller's leaving (or the leg's end) came first."""
    finish = attempt.finish
    if finish is None or attempt.connected_at is not None:
        return False
    return finish.bridged is False or finish.status is DialStatus.CANCELED


def _picked_up(attempt: AttemptFacts) -> datetime | None:
    if attempt.picked_up_at is not None:
        return attempt.picked_up_at
    finish = attempt.finish
    if finish is not None and finish.status is DialStatus.COMPLETED and finish.leg_existed:
        return _leg_start(attempt)
    return None


def _leg_start(attempt: AttemptFacts) -> datetime | None:
    finish = attempt.finish
    if finish is None:
        return None
    if finish.leg_seconds is not None:
        return max(finish.at - timedelta(seconds=finish.leg_seconds), attempt.dialled_at or finish.at)
    return attempt.dialled_at or finish.at


def _accepted_by_the_clock(plan: CallPlan, attempt: AttemptFacts) -> datetime | None:
    finish, picked_up_at = attempt.finish, attempt.picked_up_at
    if finish is None or picked_up_at is None:
        return None
    longest_confirmation = timedelta(seconds=plan.accept_within_seconds)
    return picked_up_at if finish.at - picked_up_at > longest_confirmation + _CLOCK_MARGIN else None


def taken_at(plan: CallPlan, attempt: AttemptFacts, facts: CallFacts) -> datetime | None:
    """When the responder took the call, also while they talk and when the end of the attempt was never reported."""
    if attempt.accepted_at is not None:
        return attempt.accepted_at
    if attempt.finish is not None:
        return None
    accepted_at = acceptance(plan, attempt, plain=False)
    if accepted_at is None or facts.ended_at is None or attempt.connected_at is not None:
        return accepted_at
    return accepted_at if facts.ended_at - accepted_at >= _RACE else None


def attempt_outcome(plan: CallPlan, attempt: AttemptFacts, facts: CallFacts) -> AttemptOutcome | None:
    """The one word for an attempt, or ``None`` while it is open (ringing, being asked, or talking)."""
    finish = attempt.finish
    if taken_at(plan, attempt, facts) is not None:
        return AttemptOutcome.ANSWERED if finish is not None or facts.ended_at is not None else None
    if finish is None:
        return AttemptOutcome.CALLER_GONE if facts.ended_at is not None else None
    if not finish.caller_present or finish.status is DialStatus.CANCELED:
        return AttemptOutcome.CALLER_GONE
    if attempt.picked_up_at is not None:
        # Plivo calls an attempt that was picked up but not confirmed "no answer".
        return AttemptOutcome.NOT_ACCEPTED
    match _word_of_an_unreached_leg(attempt) or finish.status:
        case DialStatus.COMPLETED:
            return AttemptOutcome.NOT_ACCEPTED
        case DialStatus.NO_ANSWER:
            return AttemptOutcome.NO_ANSWER
        case DialStatus.BUSY:
            return AttemptOutcome.BUSY
        case _:
            return AttemptOutcome.FAILED


def _word_of_an_unreached_leg(attempt: AttemptFacts) -> DialStatus | None:
    """What the leg's own notice says when nobody picked up. After a fallback the dial's word is only our guess."""
    status = attempt.leg_end.status if attempt.leg_end is not None else None
    return status if status in (DialStatus.NO_ANSWER, DialStatus.BUSY, DialStatus.FAILED) else None
