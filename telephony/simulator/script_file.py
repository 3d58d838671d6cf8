"""Reads a script of a simulated call from YAML. Durations are ``6s``, ``2m``; numbers are E.164 or ``withheld``.

.. code-block:: yaml

    title: The second responder answers
    caller: {number: +14155550116, voicemail: {length: 12s, then: hang_up}}
    rings:                      # in the order in which phones ring
      - rings_out
      - answers: {after: 6s, presses: "1", talks: 33s}
    responders:                 # by number, one behaviour per attempt
      "+15550100001": [busy]
    otherwise: rings_out
    carrier: {hangup_notice: false, faults: [{kind: progress, late: 5s}]}
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from telephony.simulator.scripts import (
    Answers,
    Behaviour,
    Busy,
    CallbackFault,
    CallerScript,
    CarrierScript,
    Declines,
    Fails,
    HangUp,
    Machine,
    Phase,
    RequestKind,
    RingsOut,
    Script,
    SpokenMessage,
)

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}
_T = TypeVar("_T")


class ScriptError(ValueError):
    """The script cannot be played. The text is a sentence for the one who wrote it."""


def load_script(path: Path) -> Script:
    """The script in a file. Raises :class:`ScriptError` with the file's name, also when it cannot be read."""
    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScriptError(f"{path}: cannot be read ({error.strerror}).") from None
    except YAMLError as error:
        raise ScriptError(f"{path}: is not YAML. {error}") from None
    try:
        return parse_script(content)
    except ScriptError as error:
        raise ScriptError(f"{path}: {error}") from None


def parse_script(content: object) -> Script:
    """The script in a parsed document."""
    fields = _Fields(content, "the script")
    otherwise: Behaviour = Answers()
    script = Script(
        title=fields.take("title", _text, ""),
        caller=fields.take("caller", _caller, CallerScript()),
        responders=fields.take("responders", _responders, {}),
        rings=fields.take("rings", _behaviours, ()),
        otherwise=fields.take("otherwise", _behaviour, otherwise),
        carrier=fields.take("carrier", _carrier, CarrierScript()),
    )
    fields.finish()
    return script


class _Fields:
    """A mapping whose keys are taken one by one; what is left over at the end is a mistake."""

    def __init__(self, content: object, where: str) -> None:
        if content is None:
            content = {}
        if not isinstance(content, Mapping):
            raise ScriptError(f"{where} must be a mapping, not {content!r}.")
        self._left = dict(content)
        self._where = where
        self._known: list[str] = []

    def take(self, name: str, read: Callable[[object, str], _T], default: _T) -> _T:
        self._known.append(name)
        return read(self._left.pop(name), f"{self._where}: {name}") if name in self._left else default

    def finish(self) -> None:
        for name in self._left:
            raise ScriptError(f"{self._where} has no {name!r}; it knows {', '.join(self._known)}.")


def _caller(content: object, where: str) -> CallerScript:
    fields = _Fields(content, where)
    default = CallerScript()
    caller = CallerScript(
        number=fields.take("number", _caller_number, default.number),
        name=fields.take("name", _text, None),
        hang_up=fields.take("hangs_up", _hang_up, None),
        message=fields.take("voicemail", _spoken_message, default.message),
        keys=fields.take("keys", _text, ""),
        forwarded_from=fields.take("forwarded_from", _phone_number, None),
    )
    fields.finish()
    return caller


def _hang_up(content: object, where: str) -> HangUp | None:
    if content in (None, "never"):
        return None
    fields = _Fields(content, where)
    hang_up = HangUp(
        phase=fields.take("while", _phase, Phase.CALL),
        after_seconds=fields.take("after", _seconds, 0.0),
        attempt=fields.take("attempt", _whole, 1),
    )
    fields.finish()
    return hang_up


def _spoken_message(content: object, where: str) -> SpokenMessage | None:
    if content in (None, False, "none"):
        return None
    fields = _Fields(content, where)
    message = SpokenMessage(
        seconds=round(fields.take("length", _seconds, 12.0)), then=fields.take("then", _ending, "hang_up")
    )
    fields.finish()
    return message


def _responders(content: object, where: str) -> dict[str, tuple[Behaviour, ...]]:
    if not isinstance(content, Mapping):
        raise ScriptError(f"{where} must map phone numbers to what they do.")
    return {_phone_number(number, where): _behaviours(done, f"{where} {number}") for number, done in content.items()}


def _behaviours(content: object, where: str) -> tuple[Behaviour, ...]:
    each = content if isinstance(content, list) else [content]
    return tuple(_behaviour(item, where) for item in each)


def _behaviour(content: object, where: str) -> Behaviour:
    if isinstance(content, Mapping) and len(content) == 1:
        [(word, details)] = content.items()
    else:
        word, details = content, None
    if not isinstance(word, str) or word not in _BEHAVIOURS:
        raise ScriptError(f"{where}: {word!r} is nothing that a phone does; it may be {', '.join(_BEHAVIOURS)}.")
    fields = _Fields(details, f"{where}: {word}")
    behaviour = _BEHAVIOURS[word](fields)
    fields.finish()
    return behaviour


def _answers(fields: _Fields) -> Behaviour:
    default = Answers()
    return Answers(
        after_seconds=fields.take("after", _seconds, default.after_seconds),
        presses=fields.take("presses", _keys, default.presses),
        press_after_seconds=fields.take("press_after", _seconds, default.press_after_seconds),
        talk_seconds=fields.take("talks", _seconds_or_never, default.talk_seconds),
        leaves_after_seconds=fields.take("leaves_after", _seconds_or_never, None),
    )


def _machine(fields: _Fields) -> Behaviour:
    default = Machine()
    return Machine(
        after_seconds=fields.take("after", _seconds, default.after_seconds),
        talk_seconds=fields.take("talks", _seconds, default.talk_seconds),
    )


_BEHAVIOURS: dict[str, Callable[[_Fields], Behaviour]] = {
    "rings_out": lambda fields: RingsOut(),
    "answers": _answers,
    "machine": _machine,
    "busy": lambda fields: Busy(fields.take("after", _seconds, Busy().after_seconds)),
    "declines": lambda fields: Declines(fields.take("after", _seconds, Declines().after_seconds)),
    "fails": lambda fields: Fails(fields.take("after", _seconds, Fails().after_seconds)),
}


def _carrier(content: object, where: str) -> CarrierScript:
    fields = _Fields(content, where)
    default = CarrierScript()
    carrier = CarrierScript(
        method=fields.take("method", _method, default.method),
        hangup_notice=fields.take("hangup_notice", _truth, default.hangup_notice),
        ring_buffer_seconds=fields.take("ring_buffer", _seconds, default.ring_buffer_seconds),
        recording_ready_after_seconds=fields.take(
            "recording_ready_after", _seconds, default.recording_ready_after_seconds
        ),
        faults=fields.take("faults", _faults, ()),
    )
    fields.finish()
    return carrier


def _faults(content: object, where: str) -> tuple[CallbackFault, ...]:
    if not isinstance(content, list):
        raise ScriptError(f"{where} must be a list.")
    return tuple(_fault(item, where) for item in content)


def _fault(content: object, where: str) -> CallbackFault:
    fields = _Fields(content, where)
    kind = fields.take("kind", _kind, None)
    if kind is None:
        raise ScriptError(f"{where}: every fault needs a kind, one of {', '.join(RequestKind)}.")
    fault = CallbackFault(
        kind=kind,
        late_seconds=fields.take("late", _seconds, 0.0),
        times=fields.take("times", _whole, 1),
        lost=fields.take("lost", _truth, False),
        swapped=fields.take("swapped", _truth, False),
    )
    fields.finish()
    return fault


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise ScriptError(f"{where} must be text, not {value!r}; put it in quotes.")
    return value


def _keys(value: object, where: str) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if text in (None, "nothing"):
        return ""
    if not isinstance(text, str) or not re.fullmatch(r"[0-9*#]*", text):
        raise ScriptError(f"{where} must be keys of a telephone or 'nothing', not {value!r}.")
    return text


def _phone_number(value: object, where: str) -> str:
    # YAML 1.2 reads an unquoted +1555... as a number and drops the plus.
    text = f"+{value}" if isinstance(value, int) else str(value)
    if not re.fullmatch(r"\+\d{5,15}", text):
        raise ScriptError(f"{where}: {value!r} is not a phone number; write it as +15550100001.")
    return text


def _caller_number(value: object, where: str) -> str | None:
    return None if value == "withheld" else _phone_number(value, where)


def _seconds(value: object, where: str) -> float:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ScriptError(f"{where} must be a duration such as 6s or 2m, not {value!r}.")
    return float(match[1]) * _UNIT_SECONDS[match[2]]


def _seconds_or_never(value: object, where: str) -> float | None:
    return None if value in (None, "never") else _seconds(value, where)


def _whole(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ScriptError(f"{where} must be a whole number from 1, not {value!r}.")
    return value


def _truth(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise ScriptError(f"{where} must be true or false, not {value!r}.")
    return value


def _phase(value: object, where: str) -> Phase:
    try:
        return Phase(str(value))
    except ValueError:
        raise ScriptError(f"{where}: {value!r} is none of {', '.join(Phase)}.") from None


def _kind(value: object, where: str) -> RequestKind | None:
    try:
        return RequestKind(str(value))
    except ValueError:
        raise ScriptError(f"{where}: {value!r} is none of {', '.join(RequestKind)}.") from None


def _ending(value: object, where: str) -> Literal["hang_up", "#", "silence"]:
    match value:
        case "hang_up" | "#" | "silence":
            return value
    raise ScriptError(f"{where}: {value!r} is none of hang_up, '#', silence.")


def _method(value: object, where: str) -> Literal["GET", "POST"]:
    match value:
        case "GET" | "POST":
            return value
    raise ScriptError(f"{where}: {value!r} is neither GET nor POST.")
