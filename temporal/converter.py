"""How values become payloads: JSON by the types' own annotations, sealed with our keys.

One data converter for client, worker and replayer alike (:func:`data_converter`). Everything that is a payload is
encrypted, failure messages and stack traces too. Not encrypted, by Temporal's design: ids, queue names, type names and
search attributes, so nothing personal may stand there.
"""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, cast

from pydantic import TypeAdapter
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    BinaryNullPayloadConverter,
    BinaryPlainPayloadConverter,
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    EncodingPayloadConverter,
    JSONProtoPayloadConverter,
    PayloadCodec,
)

from config.keys import Keyring

_SEALED = b"binary/dutyline-sealed"


@lru_cache(maxsize=256)
def _adapter(type_hint: Any) -> TypeAdapter[Any]:
    # Building an adapter costs milliseconds, using it microseconds: a caller waits for every one of them.
    return TypeAdapter(type_hint)


def prepare(*type_hints: Any) -> None:
    """Build what these types need now, rather than while the first caller waits."""
    for type_hint in type_hints:
        _adapter(cast(Hashable, type_hint))


class _TypedJsonConverter(EncodingPayloadConverter):
    """JSON for dataclasses with datetimes, enums and unions."""

    @property
    def encoding(self) -> str:
        return "json/plain"

    def to_payload(self, value: Any) -> Payload | None:
        data = _adapter(cast(Hashable, type(value))).dump_json(value)
        return Payload(metadata={"encoding": self.encoding.encode()}, data=data)

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        return _adapter(cast(Hashable, Any if type_hint is None else type_hint)).validate_json(payload.data)


class TypedPayloadConverter(CompositePayloadConverter):
    def __init__(self) -> None:
        super().__init__(
            BinaryNullPayloadConverter(),
            BinaryPlainPayloadConverter(),
            JSONProtoPayloadConverter(),
            _TypedJsonConverter(),
        )


class SealingCodec(PayloadCodec):
    """Encrypts every payload; reads what any key of the ring wrote, and plain payloads from before."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [
            Payload(metadata={"encoding": _SEALED}, data=self._keyring.seal(payload.SerializeToString()))
            for payload in payloads
        ]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._open(payload) for payload in payloads]

    def _open(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != _SEALED:
            return payload
        return Payload.FromString(self._keyring.open(payload.data))


def data_converter(keyring: Keyring | None) -> DataConverter:
    """The converter of every client, worker and replayer. Without a keyring nothing is sealed (replayed files)."""
    return replace(
        DataConverter.default,
        payload_converter_class=TypedPayloadConverter,
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
        payload_codec=SealingCodec(keyring) if keyring is not None else None,
    )
