"""A text message provider on the loopback address that answers as Twilio's ``Messages.json`` and notes each arrival."""

import asyncio
import json
import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

_LENGTH = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)


class Provider:
    """``messages``: the text of each message with the time (``perf_counter``) at which its request was complete."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.messages: list[tuple[float, str]] = []

    def note(self, form: bytes) -> None:
        fields = parse_qs(form.decode(errors="replace"))
        self.messages.append((time.perf_counter(), fields.get("Body", [""])[0]))


@asynccontextmanager
async def provider() -> AsyncIterator[Provider]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await _exchange(noted, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            return  # the system closed the connection, or the measurement is over
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    noted = Provider(server.sockets[0].getsockname()[1])
    try:
        yield noted
    finally:
        server.close()


async def _exchange(noted: Provider, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    form = await reader.readexactly(int(length[1])) if length else b""
    answer: dict[str, object]
    if head.startswith(b"POST"):
        noted.note(form)
        status, answer = "201 Created", {"sid": f"SM{secrets.token_hex(16)}", "status": "queued", "error_code": None}
    else:
        status, answer = "200 OK", {"messages": []}
    body = json.dumps(answer).encode()
    fields = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(f"HTTP/1.1 {status}\r\n{fields}".encode() + body)
    await writer.drain()
