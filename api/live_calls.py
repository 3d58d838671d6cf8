"""What this process knows of the calls that it has answered: used when Temporal is away, and by the loop guard.

Memory only, bounded in number and time. Losing it loses no call: the continuation in each address goes on without it.
"""

import time
from collections import OrderedDict, defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from domain.call_flow import advance, fresh
from domain.call_messages import CallStart
from domain.call_state import Answer, CallState, Control, Stage
from domain.events import CallIdentity, Event
from domain.evidence import CARRIER_RING_BUFFER_SECONDS

_MOST_CALLS = 10_000
_KEPT_SECONDS = 5 * 3600
_KEPT_AFTER_END_SECONDS = 120
_SILENT_SECONDS = 300
#: greeting and confirmation together are never longer; after that an attempt is not taken for ringing any more
_SPEECH_SECONDS = 60


@dataclass(slots=True)
class LiveCall:
    start: CallStart
    state: CallState
    touched: float = field(default_factory=time.monotonic)

    def advance(self, event: Event, proof: Control | None) -> Answer:
        """Run the call flow here. The state is only replaced when it went well."""
        self.state, answer = advance(self.start.plan, self.state, event, proof)
        self.touched = time.monotonic()
        return answer

    def follow(self, answer: Answer) -> None:
        """The workflow answered: where it stands is where the call stands."""
        if answer.control.step > self.state.control.step:
            self.state = replace(self.state, control=answer.control)


class LiveCalls:
    def __init__(self) -> None:
        self._calls: OrderedDict[tuple[str, str], LiveCall] = OrderedDict()
        #: the calls of one caller to one hotline, for the loop guard
        self._by_caller: defaultdict[tuple[str, str | None], dict[str, LiveCall]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._calls)

    def get(self, call: CallIdentity) -> LiveCall | None:
        return self._calls.get((call.provider, call.provider_call_id))

    def open(self, start: CallStart, at: datetime) -> LiveCall:
        """The live call of this start; the first start of a call is kept."""
        identity = start.identity
        known = self.get(identity)
        if known is not None:
            return known
        live = LiveCall(start, fresh(start.plan, identity.caller, at))
        self._calls[identity.provider, identity.provider_call_id] = live
        self._by_caller[_caller_key(live)][identity.provider_call_id] = live
        self._forget()
        return live

    def rings_for(self, hotline: str, caller: str, other_than: CallIdentity, at: datetime) -> bool:
        """Whether a call of this caller to this hotline has a phone ringing right now (a forwarding loop)."""
        calls = self._by_caller.get((hotline, caller), {})
        return any(call_id != other_than.provider_call_id and _is_ringing(live, at) for call_id, live in calls.items())

    def in_progress(self) -> int:
        """Calls that still need this process's answers."""
        return sum(1 for live in self._calls.values() if _is_on_the_line(live))

    def _forget(self) -> None:
        now = time.monotonic()
        while self._calls:
            key, oldest = next(iter(self._calls.items()))
            over = oldest.state.facts.ended_at is not None or oldest.state.control.stage is Stage.CLOSING
            kept = _KEPT_AFTER_END_SECONDS if over else _KEPT_SECONDS
            if len(self._calls) <= _MOST_CALLS and now - oldest.touched < kept:
                return
            del self._calls[key]
            calls = self._by_caller[_caller_key(oldest)]
            calls.pop(key[1], None)
            if not calls:
                del self._by_caller[_caller_key(oldest)]


def _caller_key(live: LiveCall) -> tuple[str, str | None]:
    return live.start.plan.hotline, live.start.identity.caller.number


def _is_ringing(live: LiveCall, at: datetime) -> bool:
    control, facts = live.state.control, live.state.facts
    if control.stage is not Stage.RINGING or control.ringing is None or facts.ended_at is not None:
        return False
    attempt = facts.attempts.get(control.ringing.order)
    if attempt is not None and (attempt.finish is not None or attempt.key_at is not None):
        return False
    longest = control.ringing.ring_seconds + CARRIER_RING_BUFFER_SECONDS + _SPEECH_SECONDS
    return at < control.written_at + timedelta(seconds=longest)


def _is_on_the_line(live: LiveCall) -> bool:
    # A call whose end the carrier never reported is not waited for.
    if time.monotonic() - live.touched > _SILENT_SECONDS:
        return False
    return live.state.facts.ended_at is None and live.state.control.stage in (Stage.RINGING, Stage.VOICEMAIL)
