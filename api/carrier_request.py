"""Reading a carrier's HTTP request and answering it, as plain ASGI: bounded and tolerant."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from telephony.dialect import Params

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

#: carriers send a few kilobytes
MAX_BODY_BYTES = 64 * 1024
_MAX_FIELDS = 500


@dataclass(frozen=True, slots=True)
class CarrierRequest:
    """``target`` is the raw path with query, as it was signed. ``params``: the form of a POST, the query of a GET."""

    method: str
    path: str
    target: str
    headers: Mapping[str, str]
    params: Params


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes = b""
    content_type: str | None = None


async def read_request(scope: Scope, receive: Receive) -> CarrierRequest | None:
    """The request, or ``None`` when its body is too large for anything that a carrier sends."""
    body = await _read_body(receive)
    if body is None:
        return None
    query: bytes = scope["query_string"]
    raw_path = (scope.get("raw_path") or scope["path"].encode()).split(b"?", 1)[0].decode("latin-1")
    form = body if scope["method"] == "POST" else query
    return CarrierRequest(
        method=scope["method"],
        path=scope["path"],
        target=f"{raw_path}?{query.decode('latin-1')}" if query else raw_path,
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        params=_parse(form),
    )


async def _read_body(receive: Receive) -> bytes | None:
    chunks, size = [], 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            return None
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)


def _parse(form: bytes) -> Params:
    try:
        # Blank fields are part of the signature.
        return parse_qsl(form.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        return []


async def send_reply(send: Send, reply: Reply) -> None:
    headers = [(b"content-length", str(len(reply.body)).encode()), (b"cache-control", b"no-store")]
    if reply.content_type is not None:
        headers.append((b"content-type", reply.content_type.encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
