"""The addresses in what we send: pages for the reader, and callbacks for the carrier."""

from enum import StrEnum

from config.keys import Keyring


class CallbackOf(StrEnum):
    """What a callback is about: the first part of its path."""

    ALERT = "alerts"
    NOTICE = "notices"


class Links:
    """Callbacks are signed for one thing that was sent and one purpose, with its id in the open. Pages ask for a
    sign-in themselves."""

    def __init__(self, public_url: str, keyring: Keyring) -> None:
        self._public_url = public_url
        self._keyring = keyring

    def callback(self, of: CallbackOf, sent_id: str, what: str) -> str:
        """What a carrier calls: ``/alerts/{id}/{what}/{signature}``, or the same under ``/notices``."""
        return f"{self._public_url}/{of}/{sent_id}/{what}/{self._keyring.sign(_signed(of, sent_id, what))}"

    def is_ours(self, of: CallbackOf, sent_id: str, what: str, signature: str) -> bool:
        return self._keyring.verify(_signed(of, sent_id, what), signature)

    def incident(self, number: int) -> str:
        return f"{self._public_url}/incidents/{number}"

    def schedule(self, key: str) -> str:
        return f"{self._public_url}/schedules/{key}"


def _signed(of: CallbackOf, sent_id: str, what: str) -> str:
    return f"{of} callback\n{sent_id}\n{what}"
