"""The port between Dutyline and a carrier's webhooks.

A dialect reads a webhook into a neutral event, renders a neutral document as the carrier's XML, and checks signatures.
It never raises on what a carrier sends: an unknown word becomes ``UNKNOWN``, an odd caller id becomes a withheld one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.directory import Provider
from domain.events import CallIdentity, Event
from domain.instructions import Document, Leg

#: form fields (POST) or query fields (GET) in the order received, blanks and repetitions kept
Params = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What a signature covers. ``url`` is the public address as the carrier knows it, with query, without fragment."""

    method: str
    url: str
    #: lower-case names
    headers: Mapping[str, str]
    params: Params


@dataclass(frozen=True, slots=True)
class Webhook:
    call: CallIdentity
    event: Event


class Addresses(Protocol):
    """Gives the absolute address of ours for a leg. ``order`` is the place in the chain, 0 for none (voicemail)."""

    def __call__(self, leg: Leg, order: int = 0) -> str: ...


class Dialect(Protocol):
    provider: Provider
    #: how a pure notification is answered (Twilio 204, Plivo 200), always with an empty body
    notification_status: int
    #: whether the document that a responder hears before the key may end their leg (Plivo's confirm sound may not)
    whisper_may_hang_up: bool

    def read(self, leg: Leg, order: int, params: Params, at: datetime) -> Webhook | None:
        """The event in a webhook, or ``None`` when it does not even name a call."""
        ...

    def render(self, document: Document, addresses: Addresses) -> str:
        """The document as XML. An empty document is an empty response element."""
        ...

    def verify(self, request: SignedRequest, secrets: Sequence[str]) -> bool:
        """Whether one of the secrets signed the request. Malformed or missing signatures are ``False``."""
        ...
