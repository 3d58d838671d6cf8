"""One HTTP exchange on a connection of its own: as cheap as it can be, so that it adds little to what is measured."""

import asyncio
from collections.abc import Mapping

from bench.loop import WrongAnswer

_TIMEOUT_SECONDS = 30.0


async def post(port: int, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """The body of the answer. Raises :class:`WrongAnswer` when the status is not one of success."""
    async with asyncio.timeout(_TIMEOUT_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(_request(path, body, headers))
            answer = await reader.read(-1)
        finally:
            writer.close()
    head, _, content = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 2"):
        raise WrongAnswer(head.decode(errors="replace"))
    return content


def _request(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    fields = {"Host": "127.0.0.1", "Connection": "close", "Content-Length": str(len(body)), **headers}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
