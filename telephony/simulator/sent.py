"""What was sent through the carrier's REST interface, and how that interface is told to misbehave."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from domain.directory import Provider
from telephony.simulator.transcript import DocumentError, RequestLog


@dataclass(slots=True)
class SentMessage:
    """A text message that was accepted. ``status`` follows the carrier's own words."""

    provider: Provider
    message_id: str
    sender: str
    to: str
    text: str
    callback_url: str | None
    callback_method: str
    accepted_at: datetime
    status: str = "queued"


@dataclass(slots=True)
class PlacedCall:
    """An alert call that was accepted. ``parameters`` are the request's, ``heard`` and ``pressed`` fill as it runs."""

    provider: Provider
    call_id: str
    request_id: str
    sender: str
    to: str
    parameters: dict[str, str]
    progress_events: tuple[str, ...]
    accepted_at: datetime
    status: str = "queued"
    heard: list[str] = field(default_factory=list)
    pressed: str = ""
    requests: list[RequestLog] = field(default_factory=list)
    document_errors: list[DocumentError] = field(default_factory=list)


@dataclass(slots=True)
class Refusal:
    """The next ``times`` requests of a kind, to one number or to all, are answered with an error.

    ``hang_seconds``: the answer takes so long in real time, for clients that give up. ``processed``: the message or
    call goes out although the answer says otherwise, as after a lost connection.
    """

    what: Literal["message", "call"]
    status: int = 500
    to: str | None = None
    code: int | None = None
    retry_after_seconds: int | None = None
    hang_seconds: float = 0.0
    processed: bool = False
    times: int = 1


@dataclass(slots=True)
class MediaRules:
    """``needs_credentials``: recordings want Basic authentication. ``not_ready_times``: 404 to the first requests."""

    needs_credentials: bool = False
    not_ready_times: int = 0
    asked: dict[str, int] = field(default_factory=dict)

    def is_ready(self, reference: str) -> bool:
        self.asked[reference] = self.asked.get(reference, 0) + 1
        return self.asked[reference] > self.not_ready_times
