"""How the sending of one alert ends: sent, or one of three failures that tell whoever sent it what may be done next.

The set is closed on purpose. An activity retries :class:`TryLater` freely, asks :class:`Unknown` back at the provider
before anything else, and leaves :class:`Refused` to the next channel.
"""

from dataclasses import dataclass
from enum import StrEnum


class MessageKind(StrEnum):
    """What a carrier was asked to send to a number."""

    SMS = "sms"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took the message. ``provider_id`` is what its receipts will name; empty where it names nothing."""

    provider: str
    provider_id: str


class DeliveryError(Exception):
    """The alert was not (or not surely) taken. ``sentence`` is for people and holds no secret and no phone number."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Refused(DeliveryError):
    """Sending the same again cannot help. ``code`` is the provider's, or a word of ours such as ``not_set_up``."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class TryLater(DeliveryError):
    """Surely not processed, so a retry cannot reach anybody twice. ``retry_after_seconds`` is the provider's wish."""

    def __init__(self, sentence: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after_seconds = retry_after_seconds


class Unknown(DeliveryError):
    """It may have been processed: look at the provider before sending again."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider reports later about something sent.

    ``delivered`` is ``None`` while it cannot be told. For an alert call it means that somebody *or a machine* picked
    up, never that the alert was acknowledged. No status follows a ``final`` one.
    """

    provider_id: str
    status: str
    final: bool
    delivered: bool | None
    error: str | None = None
