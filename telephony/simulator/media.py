"""Recordings of the simulated carrier. The length is part of a recording's name, so that any process can serve it."""

import array
import io
import math
import re
import secrets
import uuid
import wave

_RATE = 8000
_TONE_HERTZ = 440
_TWILIO_NAME = re.compile(r"RE[0-9a-f]{28}([0-9a-f]{4})")
_PLIVO_NAME = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{8}([0-9a-f]{4})")


def twilio_recording_sid(seconds: int) -> str:
    return f"RE{secrets.token_hex(14)}{seconds:04x}"


def plivo_recording_id(seconds: int) -> str:
    return f"{str(uuid.uuid4())[:-4]}{seconds:04x}"


def seconds_of(reference: str) -> int | None:
    """The length that a reference of ours names, ``None`` for any other reference."""
    match = _TWILIO_NAME.fullmatch(reference) or _PLIVO_NAME.fullmatch(reference)
    return int(match[1], 16) if match else None


def tone(seconds: int) -> bytes:
    """A WAV file of a soft tone, 8 kHz mono, 16 bit."""
    period = [round(3000 * math.sin(2 * math.pi * _TONE_HERTZ * i / _RATE)) for i in range(_RATE)]
    second = array.array("h", period).tobytes()
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(_RATE)
        sound.writeframes(second * seconds)
    return file.getvalue()
