"""What a simulated call leaves behind: a transcript line by line while it runs, and a report at the end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.directory import Provider
from telephony.simulator.clock import Clock
from telephony.simulator.scripts import RequestKind


class Who(StrEnum):
    CALLER = "caller"
    RESPONDER = "responder"
    CARRIER = "carrier"
    DUTYLINE = "dutyline"


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """One thing that happened. ``text`` is for people; tests look at :class:`SimulatedCall` instead."""

    at_offset_seconds: float
    who: Who
    text: str


OnLine = Callable[[TranscriptLine], None]


@dataclass(frozen=True, slots=True)
class RequestLog:
    """One request of the carrier. ``status`` is ``None`` when no answer came; ``error`` then says why."""

    kind: RequestKind
    method: str
    url: str
    params: Mapping[str, str]
    at_offset_seconds: float
    status: int | None
    body: str
    elapsed_ms: float
    error: str | None = None


class LegOutcome(StrEnum):
    ANSWERED = "answered"
    NOT_ACCEPTED = "not_accepted"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    DECLINED = "declined"
    FAILED = "failed"
    CALLER_GONE = "caller_gone"


@dataclass(frozen=True, slots=True)
class LegReport:
    """One phone that was rung. ``caller_id`` is the number it showed, ``limit_seconds`` the ring time asked for."""

    order: int
    number: str
    name: str
    caller_id: str
    limit_seconds: float
    outcome: LegOutcome
    ring_seconds: float
    talk_seconds: float


@dataclass(frozen=True, slots=True)
class DocumentError:
    """A document of ours that the carrier refused, with the carrier's error code."""

    code: str
    url: str
    message: str


class Ending(StrEnum):
    CALLER_HUNG_UP = "caller_hung_up"
    #: our document hung up or came to its end
    DUTYLINE_HUNG_UP = "dutyline_hung_up"
    REJECTED = "rejected"
    #: the carrier could not go on; the caller heard its error message
    CARRIER_ERROR = "carrier_error"


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that the carrier made. ``source`` is ``talk`` or ``voicemail``."""

    reference: str
    url: str
    seconds: int
    source: str


@dataclass(frozen=True, slots=True)
class SimulatedCall:
    """A finished call as seen from outside Dutyline."""

    provider: Provider
    provider_call_id: str
    started_at: datetime
    ending: Ending
    duration_seconds: float
    talk_seconds: float
    legs: tuple[LegReport, ...]
    heard_by_caller: tuple[str, ...]
    heard_by_responders: Mapping[str, tuple[str, ...]]
    recordings: tuple[Recording, ...]
    voicemail_seconds: int | None
    longest_silence_seconds: float
    requests: tuple[RequestLog, ...]
    document_errors: tuple[DocumentError, ...]
    lines: tuple[TranscriptLine, ...]

    def caller_heard_silence_longer_than(self, seconds: float) -> bool:
        return self.longest_silence_seconds > seconds

    def requests_of(self, kind: RequestKind) -> tuple[RequestLog, ...]:
        return tuple(request for request in self.requests if request.kind is kind)


@dataclass(slots=True)
class Notebook:
    """Collects what happens during a call."""

    clock: Clock
    names: Mapping[str, str] = field(default_factory=dict)
    on_line: OnLine | None = None
    lines: list[TranscriptLine] = field(default_factory=list)
    requests: list[RequestLog] = field(default_factory=list)
    legs: list[LegReport] = field(default_factory=list)
    recordings: list[Recording] = field(default_factory=list)
    document_errors: list[DocumentError] = field(default_factory=list)
    longest_silence_seconds: float = 0.0
    _silence_seconds: float = 0.0

    def note(self, who: Who, text: str) -> None:
        line = TranscriptLine(round(self.clock.offset, 3), who, text)
        self.lines.append(line)
        if self.on_line is not None:
            self.on_line(line)

    def name(self, number: str) -> str:
        return self.names.get(number, number)

    def refuse(self, code: str, url: str, message: str) -> None:
        self.document_errors.append(DocumentError(code, url, message))
        self.note(Who.CARRIER, f"refuses Dutyline's document: {message} (error {code})")

    def caller_hears_nothing(self, seconds: float) -> None:
        self._silence_seconds += seconds
        self.longest_silence_seconds = max(self.longest_silence_seconds, self._silence_seconds)

    def caller_hears_something(self) -> None:
        self._silence_seconds = 0.0
