"""The state of a call in two halves.

*Control* is where the call stands: small, part of every address that we hand to the carrier (the continuation), so
that a process that knows nothing else can go on. *Facts* are what happened: order-free, merged by union, so that late,
repeated and reordered notices can do no harm.
"""

import hashlib
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from domain.events import DialStatus
from domain.instructions import Document


def milliseconds(moment: datetime) -> int:
    """A moment as the continuation carries it."""
    return round(moment.timestamp() * 1000)


class Stage(StrEnum):
    """What the last document on the caller's leg did."""

    FRESH = "fresh"
    RINGING = "ringing"
    VOICEMAIL = "voicemail"
    CLOSING = "closing"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Rung:
    """One entry to ring, as small as it can be: the rest is in the plan."""

    order: int
    number: str
    ring_seconds: int
    user: str
    schedule: str | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """Where a call stands after its ``step``-th document on the caller's leg.

    ``written_at`` is the arrival time of the event that the document answered, so two processes that answer the same
    event agree. ``anyone`` says whether there was anybody to ring at all. ``plain`` is set once the carrier blamed a
    document of ours: nothing optional is written from then on.
    """

    step: int
    stage: Stage
    started_at: datetime
    written_at: datetime
    caller: str | None = None
    ringing: Rung | None = None
    remaining: tuple[Rung, ...] = ()
    anyone: bool = False
    plain: bool = False
    #: entries of the chain in a test call, 0 in a real one
    test_entries: int = 0

    @property
    def digest(self) -> str:
        """Tells two documents of the same step apart. The entries still to ring are left out: they may be cut."""
        ringing = f"{self.ringing.order}:{self.ringing.number}" if self.ringing else ""
        text = f"{self.step}|{self.stage}|{milliseconds(self.written_at)}|{ringing}|{self.plain}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def key(self) -> str:
        return f"{self.step}:{self.digest}"


@dataclass(frozen=True, slots=True)
class Finish:
    """The carrier's word at the end of an attempt."""

    at: datetime
    status: DialStatus
    bridged: bool | None
    caller_present: bool
    leg_seconds: int | None = None
    leg_existed: bool = True


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """What is known of one attempt. Every field only ever goes from unknown to known."""

    order: int
    dialled_at: datetime | None = None
    rung: Rung | None = None
    ringing_at: datetime | None = None
    picked_up_at: datetime | None = None
    key_at: datetime | None = None
    wrong_keys: frozenset[datetime] = frozenset()
    connected_at: datetime | None = None
    finish: Finish | None = None
    leg_end: Finish | None = None
    #: decided by the evidence rule when the attempt finished
    accepted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class VoicemailFacts:
    asked_at: datetime | None = None
    finished_at: datetime | None = None
    seconds: int | None = None
    absent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What happened in a call, as far as it is known."""

    started_at: datetime | None = None
    attempts: dict[int, AttemptFacts] = field(default_factory=dict)
    voicemail: VoicemailFacts = field(default_factory=VoicemailFacts)
    #: the carrier says the call is over, or a callback says that the caller has left
    ended_at: datetime | None = None
    carrier_seconds: int | None = None
    rung_out_at: datetime | None = None
    closed_at: datetime | None = None
    fallbacks: frozenset[tuple[datetime, str]] = frozenset()
    #: documents that were answered without Temporal
    stateless_steps: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """A document and the control that its addresses carry."""

    control: Control
    document: Document


@dataclass(frozen=True, slots=True)
class CallState:
    """Control, facts, and the answers given so far, in order, by step key: a repeated request gets the same answer."""

    control: Control
    facts: CallFacts = field(default_factory=CallFacts)
    answers: dict[str, Answer] = field(default_factory=dict)


_Facts = TypeVar("_Facts", AttemptFacts, VoicemailFacts, CallFacts)


def merge(ours: CallFacts, theirs: CallFacts) -> CallFacts:
    """The union of two sets of facts: commutative, associative, idempotent."""
    attempts = {
        order: _merge_fields(ours.attempts.get(order), theirs.attempts.get(order), skip=())
        for order in sorted({*ours.attempts, *theirs.attempts})
    }
    merged = _merge_fields(ours, theirs, skip=("attempts", "voicemail"))
    assert merged is not None
    voicemail = _merge_fields(ours.voicemail, theirs.voicemail, skip=())
    assert voicemail is not None
    return replace(
        merged, attempts={order: facts for order, facts in attempts.items() if facts is not None}, voicemail=voicemail
    )


def _merge_fields(ours: _Facts | None, theirs: _Facts | None, skip: tuple[str, ...]) -> _Facts | None:
    if ours is None or theirs is None:
        return ours if theirs is None else theirs
    changes: dict[str, Any] = {
        one.name: _merge_values(getattr(ours, one.name), getattr(theirs, one.name))
        for one in fields(ours)
        if one.name not in skip
    }
    return replace(ours, **changes)


def _merge_values(ours: Any, theirs: Any) -> Any:
    """The earlier of two times, the union of two sets, else the one that is known; ties by a fixed order."""
    if ours is None or theirs is None:
        return ours if theirs is None else theirs
    if isinstance(ours, frozenset):
        return ours | theirs
    if isinstance(ours, Finish):
        return min(ours, theirs, key=lambda finish: (finish.at, finish.status, repr(finish)))
    if isinstance(ours, Rung):
        return min(ours, theirs, key=repr)
    return min(ours, theirs)
