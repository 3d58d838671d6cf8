"""The continuation: a call's control as few bytes, to be sealed into every address that a carrier will call.

Only the entries still to ring are in it, no texts and no names. Written so that the previous version of Dutyline can
read it: fields are only ever added at the end. What does not fit is cut from the end of the chain.
"""

import json
import zlib
from datetime import UTC, datetime
from typing import Any

from domain.call_state import Control, Rung, Stage, milliseconds

_VERSION = 1
_STAGES = {Stage.FRESH: "f", Stage.RINGING: "r", Stage.VOICEMAIL: "v", Stage.CLOSING: "c", Stage.REJECTED: "x"}
_STAGE_OF = {letter: stage for stage, letter in _STAGES.items()}


class NoContinuation(Exception):
    """The bytes are not a continuation that this version can read."""


def pack(control: Control, limit_bytes: int) -> bytes:
    """The control in at most ``limit_bytes``."""
    for kept in range(len(control.remaining), -1, -1):
        packed = zlib.compress(_encode(control, control.remaining[:kept]), 9)
        if len(packed) <= limit_bytes:
            return packed
    raise ValueError(f"A continuation without any entries does not fit into {limit_bytes} bytes.")


def unpack(packed: bytes) -> Control:
    """The control. Raises :class:`NoContinuation`, never anything else."""
    try:
        fields = json.loads(zlib.decompressobj().decompress(packed, 65_536))
        version, step, stage, started, written, caller, anyone, plain, test_entries, ringing, remaining = fields[:11]
        if version != _VERSION:
            raise NoContinuation(f"version {version}")
        return Control(
            step=step,
            stage=_STAGE_OF[stage],
            started_at=_moment(started),
            written_at=_moment(written),
            caller=caller or None,
            ringing=Rung(*ringing) if ringing else None,
            remaining=tuple(Rung(*entry) for entry in remaining),
            anyone=bool(anyone),
            plain=bool(plain),
            test_entries=test_entries,
        )
    except (ValueError, TypeError, KeyError, zlib.error, OverflowError) as error:
        raise NoContinuation(str(error)) from None


def _encode(control: Control, remaining: tuple[Rung, ...]) -> bytes:
    fields: list[Any] = [
        _VERSION,
        control.step,
        _STAGES[control.stage],
        milliseconds(control.started_at),
        milliseconds(control.written_at),
        control.caller or "",
        int(control.anyone),
        int(control.plain),
        control.test_entries,
        _entry(control.ringing) if control.ringing else 0,
        [_entry(rung) for rung in remaining],
    ]
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()


def _entry(rung: Rung) -> list[Any]:
    return [rung.order, rung.number, rung.ring_seconds, rung.user, rung.schedule]


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
