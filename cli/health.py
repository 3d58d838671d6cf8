"""Whether the parts of a running installation answer. No threads and no libraries: the supervisor stays small."""

import asyncio
import json
import os
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

from cli.supervisor import exit_code

_ANSWER_SECONDS = 5.0


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def first_free(port: int) -> int:
    """``port`` or the next free one after it."""
    return next(candidate for candidate in range(port, 65_536) if is_free(candidate))


async def http_get(port: int, path: str) -> tuple[int, str]:
    """Status and body from our own api on this machine; status 0 when nothing answers."""
    with suppress(OSError, TimeoutError, ValueError, IndexError):
        async with asyncio.timeout(_ANSWER_SECONDS):
            return await _http_get(port, path)
    return 0, ""


async def _http_get(port: int, path: str) -> tuple[int, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await reader.read(-1)).decode(errors="replace").partition("\r\n\r\n")
        return int(head.split()[1]), body
    finally:
        writer.close()


def unready_parts(body: str) -> str:
    """What ``/readyz`` says is missing, as one line."""
    try:
        return json.dumps(json.loads(body))
    except ValueError:
        return body.strip()[:200] or "no answer"


async def temporal_serves(cli: Path, address: str, namespace: str) -> bool:
    """Whether the server at ``address`` knows the namespace: its port opens before it can do anything."""
    process = _describe_namespace(cli, address, namespace)
    try:
        return await asyncio.wait_for(exit_code(process), _ANSWER_SECONDS) == 0
    except TimeoutError:
        return False
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _describe_namespace(cli: Path, address: str, namespace: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [cli, "operator", "namespace", "describe", "--namespace", namespace, "--address", address],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")},
        start_new_session=True,
    )
