"""When a call is over, and when it must be over although the carrier never said so."""

from datetime import datetime, timedelta

from domain.call_documents import speech_seconds
from domain.call_plan import CallPlan
from domain.call_state import CallState, Stage
from domain.evidence import CARRIER_RING_BUFFER_SECONDS, taken_at
from domain.instructions import Document

#: after the hang-up, late news of an open attempt is awaited for this long
HANGUP_GRACE_SECONDS = 20
#: when a call is known by its end only, its beginning is still on its way to us
UNKNOWN_BEGINNING_GRACE_SECONDS = 60
#: after our last words the line is cut; the carrier's notice usually comes within this time
CLOSING_GRACE_SECONDS = 5
#: a carrier's request may take this long to reach us
_WEBHOOK_SECONDS = 15
_WATCHDOG_MARGIN_SECONDS = 30


def over_at(plan: CallPlan, state: CallState, document: Document) -> datetime:
    """The moment from which the call can be written down for good, given what is known now.

    Over at once when the carrier said so and no attempt is open; a little later when it said so and an attempt is
    open, or when our last words were spoken; else when the longest possible duration of the pending step has passed.
    """
    facts, control = state.facts, state.control
    if facts.ended_at is not None and control.stage is Stage.FRESH:
        return facts.ended_at + timedelta(seconds=UNKNOWN_BEGINNING_GRACE_SECONDS)
    if facts.ended_at is not None:
        grace_seconds = HANGUP_GRACE_SECONDS if _news_is_due(state) else 0
        return facts.ended_at + timedelta(seconds=grace_seconds)
    if control.stage is Stage.REJECTED:
        return control.written_at
    spoken = speech_seconds(document)
    if control.stage is Stage.CLOSING:
        return control.written_at + timedelta(seconds=spoken + CLOSING_GRACE_SECONDS)
    return control.written_at + timedelta(
        seconds=spoken + _longest_step_seconds(plan, state) + _WEBHOOK_SECONDS + _WATCHDOG_MARGIN_SECONDS
    )


def _news_is_due(state: CallState) -> bool:
    """The carrier's notice of the end may overtake its word on the attempt or the voicemail that was going on."""
    facts = state.facts
    if any(attempt.dialled_at is not None and attempt.finish is None for attempt in facts.attempts.values()):
        return True
    return facts.voicemail.asked_at is not None and facts.voicemail.finished_at is None


def _longest_step_seconds(plan: CallPlan, state: CallState) -> int:
    control = state.control
    if control.stage is Stage.VOICEMAIL:
        voicemail = plan.voicemail
        return voicemail.max_seconds + voicemail.silence_seconds if voicemail is not None else 0
    if control.ringing is None:
        return 0
    seconds = control.ringing.ring_seconds + CARRIER_RING_BUFFER_SECONDS + plan.accept_within_seconds
    attempt = state.facts.attempts.get(control.ringing.order)
    # A plain document asks for no progress, so nothing tells a talk from ringing until it is over.
    if control.plain:
        return seconds + plan.max_talk_seconds
    if attempt is not None and taken_at(plan, attempt, state.facts) is not None:
        seconds += plan.max_talk_seconds
    return seconds
