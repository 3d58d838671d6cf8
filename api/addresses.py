"""The addresses that carriers call: made for our documents, read when they come back.

``/voice/{token}`` is the pasted address. Everything else is ``/voice/{token}/{leg}/{order}/{continuation}``: path only,
because one carrier has been seen to put a query into another order before signing it.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from config.keys import Keyring, Unreadable
from domain.call_state import Control
from domain.continuation import NoContinuation, pack, unpack
from domain.events import CallIdentity
from domain.instructions import Leg

#: an address may carry this many characters of continuation
MAX_CONTINUATION_CHARACTERS = 1500
_SEALING_BYTES = 32
_PACKED_LIMIT_BYTES = MAX_CONTINUATION_CHARACTERS * 3 // 4 - _SEALING_BYTES
_CARRIER_LEGS = {leg.value: leg for leg in Leg if not leg.value.startswith("alert")}


@dataclass(frozen=True, slots=True)
class VoicePath:
    """Where a webhook went. ``order`` is 0 when the address is about no attempt."""

    token: str
    leg: Leg = Leg.ENTRY
    order: int = 0
    continuation: str | None = None


def read_voice_path(path: str) -> VoicePath | None:
    """The parts of an address of ours, or ``None`` when it is not one."""
    parts = path.strip("/").split("/")
    if len(parts) == 2 and parts[0] == "voice" and parts[1]:
        return VoicePath(parts[1])
    if len(parts) != 5 or parts[0] != "voice" or parts[2] not in _CARRIER_LEGS or not parts[3].isdecimal():
        return None
    return VoicePath(parts[1], _CARRIER_LEGS[parts[2]], int(parts[3][:4]), parts[4])


def read_voice_url(url: str) -> VoicePath | None:
    """As :func:`read_voice_path`, from a whole address (a carrier's ``ErrorUrl``)."""
    try:
        return read_voice_path(urlsplit(url).path)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class CallAddresses:
    """Writes the addresses of one document."""

    public_url: str
    token: str
    continuation: str

    def __call__(self, leg: Leg, order: int = 0) -> str:
        if leg is Leg.ENTRY:
            return f"{self.public_url}/voice/{self.token}"
        return f"{self.public_url}/voice/{self.token}/{leg}/{order}/{self.continuation}"


class Continuations:
    """Seals a call's control into its addresses, bound to the call and the hotline."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def seal(self, control: Control, call: CallIdentity, hotline: str) -> str:
        return self._keyring.seal_text(pack(control, _PACKED_LIMIT_BYTES), _context(call, hotline))

    def open(self, sealed: str | None, call: CallIdentity, hotline: str) -> Control | None:
        """The control, or ``None``: an unreadable continuation counts as none."""
        if not sealed:
            return None
        try:
            return unpack(self._keyring.open_text(sealed, _context(call, hotline)))
        except (Unreadable, NoContinuation):
            return None


def _context(call: CallIdentity, hotline: str) -> str:
    return f"{call.provider}|{call.provider_call_id}|{hotline}"
