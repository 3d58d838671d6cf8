"""What goes through Temporal comes back as it was, readable to nobody without a key, and also from older versions."""

import base64
import dataclasses
import json
import types
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import ApplicationError

from activities.calendars import CalendarActivities
from activities.calls import CallActivities
from activities.delivery import DeliveryActivities
from activities.incidents import IncidentActivities
from activities.notices import NoticeActivities
from activities.recordings import RecordingActivities
from activities.schedules import ScheduleActivities
from config.keys import Keyring, Purpose, Unreadable
from config.settings import Settings
from domain.call_messages import CallStart, CarrierSaid, FetchRecording
from domain.directory import Provider
from domain.events import CallIdentity
from temporal.client import connect
from temporal.converter import SealingCodec, data_converter
from tests.replay import histories
from tests.rules.calls import ANA, CALLER, HOTLINE, plan
from worker.parts import Parts
from worker.queues import CALL_WORKFLOWS, INCIDENT_WORKFLOWS

WORKFLOWS = [*CALL_WORKFLOWS, *INCIDENT_WORKFLOWS]
ACTIVITIES: list[Callable[..., Any]] = [
    CallActivities.save_call,
    CallActivities.hand_in_call,
    CallActivities.announce_call,
    RecordingActivities.note_recording,
    RecordingActivities.fetch_recording,
    RecordingActivities.give_up_recording,
    IncidentActivities.tend_incident,
    DeliveryActivities.deliver_alert,
    ScheduleActivities.tend_schedule,
    NoticeActivities.deliver_notice,
    CalendarActivities.list_calendars,
    CalendarActivities.refresh_calendar,
]
CONVERTER = data_converter(Keyring(["a key"], Purpose.PAYLOADS))
START = CallStart(plan(), CallIdentity(Provider.TWILIO, "CA1", "AC1", CALLER, HOTLINE.number), verified=True)


def _name(one: Callable[..., Any]) -> str | None:
    return activity._Definition.must_from_callable(one).name


#: an activity or a workflow; or a signal or an update together with its workflow, for two may call theirs the same
Called = str | tuple[str, str]


def handlers() -> Iterator[tuple[Called, list[Any], Any]]:
    """Name, types of the inputs and type of the result of everything that Temporal calls."""
    for one in ACTIVITIES:
        hints = get_type_hints(one)
        yield _name(one) or "", _inputs(hints), hints["return"]
    for workflow_class in WORKFLOWS:
        definition = workflow._Definition.must_from_class(workflow_class)
        owner = definition.name or ""
        hints = get_type_hints(definition.run_fn)
        yield owner, _inputs(hints), hints["return"]
        for update in definition.updates.values():
            hints = get_type_hints(update.fn)
            yield (owner, update.name or ""), _inputs(hints), hints["return"]
        for signal in definition.signals.values():
            yield (owner, signal.name or ""), _inputs(get_type_hints(signal.fn)), type(None)


def _inputs(hints: dict[str, Any]) -> list[Any]:
    return [hint for name, hint in hints.items() if name != "return"]


INPUTS = {name: inputs for name, inputs, _ in handlers()}
MESSAGES = list(dict.fromkeys(hint for _, inputs, result in handlers() for hint in (*inputs, result)))
MESSAGE_CLASSES = [hint for hint in MESSAGES if dataclasses.is_dataclass(hint)]


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type, every field of a dataclass filled, defaults or not."""
    arguments = get_args(hint)
    match get_origin(hint) or hint:
        case origin if origin in (Union, types.UnionType):
            return st.one_of(*map(values_of, arguments))
        case origin if origin is Literal:
            return st.sampled_from(arguments)
        case origin if origin is tuple:
            if arguments[-1] is ...:
                return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
            return st.tuples(*map(values_of, arguments))
        case origin if origin is list:
            return st.lists(values_of(arguments[0]), max_size=2)
        case origin if origin is frozenset:
            return st.frozensets(values_of(arguments[0]), max_size=2)
        case origin if origin is dict:
            return st.dictionaries(values_of(arguments[0]), values_of(arguments[1]), max_size=2)
        case kind if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            return st.builds(kind, **{name: values_of(field) for name, field in get_type_hints(kind).items()})
        case kind if isinstance(kind, type) and issubclass(kind, StrEnum):
            return st.sampled_from(kind)
        case kind if kind is datetime:
            return st.datetimes(timezones=st.just(UTC))
        case kind if kind is type(None):
            return st.none()
        case kind:
            return {str: st.text(max_size=5), int: st.integers(-(2**53), 2**53), bool: st.booleans()}[kind]


@pytest.mark.parametrize("hint", MESSAGES, ids=str)
async def test_every_input_and_result_comes_back_as_it_was(hint: Any) -> None:
    @given(values_of(hint))
    @settings(max_examples=25)
    def comes_back(value: Any) -> None:
        payload = CONVERTER.payload_converter.to_payload(value)
        assert CONVERTER.payload_converter.from_payload(payload, hint) == value

    comes_back()


async def test_a_sealed_payload_comes_back_as_it_was() -> None:
    assert await CONVERTER.decode(await CONVERTER.encode([START]), [CallStart]) == [START]


async def test_nothing_personal_can_be_read_in_a_payload() -> None:
    (payload,) = await CONVERTER.encode([START])
    raw = payload.SerializeToString()
    for personal in (CALLER.number, ANA.phones[0], ANA.name, HOTLINE.name):
        assert personal is not None
        assert personal.encode() not in raw


async def test_nothing_personal_can_be_read_in_a_failure() -> None:
    failure = Failure()
    error = ApplicationError(f"{ANA.name} cannot be reached", ANA.phones[0], type="Refused")
    error.__cause__ = ValueError(f"bad number {CALLER.number}")
    await CONVERTER.encode_failure(error, failure)
    raw = failure.SerializeToString()
    assert not [text for text in (ANA.name, ANA.phones[0], str(CALLER.number)) if text.encode() in raw]


async def test_whoever_has_a_key_reads_the_failure() -> None:
    failure = Failure()
    await CONVERTER.encode_failure(ApplicationError(f"{ANA.name} cannot be reached"), failure)
    assert ANA.name in str(await CONVERTER.decode_failure(failure))


def codec(*keys: str) -> SealingCodec:
    return SealingCodec(Keyring(keys, Purpose.PAYLOADS))


PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'"hello"')


async def test_after_a_rotation_old_payloads_are_read() -> None:
    sealed = await codec("old").encode([PLAIN])
    assert await codec("new", "old").decode(sealed) == [PLAIN]


async def test_after_a_rotation_the_new_key_writes() -> None:
    sealed = await codec("new", "old").encode([PLAIN])
    assert await codec("new").decode(sealed) == [PLAIN]


async def test_without_its_key_a_payload_is_refused_and_not_passed_on() -> None:
    sealed = await codec("old").encode([PLAIN])
    with pytest.raises(Unreadable):
        await codec("new").decode(sealed)


async def test_payloads_from_before_the_sealing_are_read() -> None:
    assert await codec("new").decode([PLAIN]) == [PLAIN]


# Other versions


def from_json(document: Any, hint: Any) -> Any:
    payload = Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(document).encode())
    return CONVERTER.payload_converter.from_payload(payload, hint)


@pytest.mark.parametrize("message", MESSAGE_CLASSES, ids=str)
def test_a_message_of_a_version_that_knew_fewer_or_more_fields_is_read(message: type) -> None:
    optional = {field.name for field in dataclasses.fields(message) if _has_default(field)}
    required = {name: hint for name, hint in get_type_hints(message).items() if name not in optional}

    @given(st.builds(message, **{name: values_of(hint) for name, hint in required.items()}))
    @settings(max_examples=10)
    def is_read(value: Any) -> None:
        document = json.loads(CONVERTER.payload_converter.to_payload(value).data)
        older = {name: field for name, field in document.items() if name not in optional}
        assert from_json(older, message) == value
        assert from_json(document | {"added_later": [1, 2]}, message) == value

    is_read()


def _has_default(field: "dataclasses.Field[Any]") -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


@pytest.mark.parametrize("name", histories.names())
def test_every_recorded_input_is_read(name: str) -> None:
    read = [
        CONVERTER.payload_converter.from_payload(payload, hint) for payload, hint in _recorded(histories.document(name))
    ]
    assert all(dataclasses.is_dataclass(value) or isinstance(value, str) for value in read)


def _recorded(document: Any) -> Iterator[tuple[Payload, Any]]:
    """The inputs in a history, each with its type."""
    owner = document["events"][0]["workflowExecutionStartedEventAttributes"]["workflowType"]["name"]
    for event in document["events"]:
        for attributes in event.values():
            match attributes:
                case {"workflowType": {"name": str(called)}, "input": {"payloads": payloads}} | {
                    "activityType": {"name": str(called)},
                    "input": {"payloads": payloads},
                }:
                    yield from zip(map(_payload, payloads), INPUTS[called], strict=True)
                case {"signalName": str(called), "input": {"payloads": payloads}}:
                    yield from zip(map(_payload, payloads), INPUTS[owner, called], strict=True)
                case {"acceptedRequest": {"input": {"name": str(called), "args": {"payloads": payloads}}}}:
                    yield from zip(map(_payload, payloads), INPUTS[owner, called], strict=True)


def _payload(document: Any) -> Payload:
    metadata = {key: base64.b64decode(value) for key, value in document["metadata"].items()}
    return Payload(metadata=metadata, data=base64.b64decode(document.get("data", "")))


def test_the_recorded_inputs_are_looked_at() -> None:
    hints = {hint for name in histories.names() for _, hint in _recorded(histories.document(name))}
    assert {CallStart, CarrierSaid, FetchRecording} <= hints


async def test_every_activity_of_the_worker_is_looked_at(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, secret_key=["a key"])
    parts = Parts(settings, await connect(settings, lazy=True))
    served = {_name(one) for one in (*parts.call_activities(), *parts.incident_activities())}
    await parts.close()
    assert served == {_name(one) for one in ACTIVITIES}
