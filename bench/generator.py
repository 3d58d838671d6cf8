"""``python -m bench.generator PORT EVENTS_OR_0 SECONDS_OR_0 CONNECTIONS``: events as fast as they are accepted.

A process of its own and as little Python as possible for each event, so that the server is the limit. Closed loop: each
connection posts its next event when the last one was answered. Prints one JSON line. Every title is different.
"""

import itertools
import json
import os
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

_OK = b'{"Ok": true}'
_ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Load:
    """``cpu_share``: how much of its core the generator itself used; near 1.0 it would have been the limit."""

    accepted: int
    refused: int
    seconds: float
    cpu_share: float

    @property
    def per_second(self) -> float:
        return self.accepted / self.seconds


def generate(port: int, events: int, seconds: float, connections: int) -> Load:
    """``events`` in all, or, when that is 0, as many as are accepted in ``seconds``. What is on its way is awaited."""
    deadline = time.perf_counter() + seconds if events == 0 else float("inf")
    requests = _requests(events)
    selector = selectors.DefaultSelector()
    began, began_cpu = time.perf_counter(), time.process_time()
    for _ in range(connections):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ, bytearray())
        _post_next(selector, connection, requests, deadline)
    accepted = refused = 0
    while selector.get_map():
        ready = selector.select(_ANSWER_SECONDS)
        if not ready:
            raise SystemExit(f"no answer within {_ANSWER_SECONDS} s")
        for key, _ in ready:
            answered, received = key.fileobj, key.data
            assert isinstance(answered, socket.socket)
            chunk = answered.recv(65_536)
            received += chunk
            if received.endswith(_OK) and received.startswith(b"HTTP/1.1 200"):
                accepted += 1
                received.clear()
                _post_next(selector, answered, requests, deadline)
            elif not chunk or (b"\r\n\r\n" in received and not received.startswith(b"HTTP/1.1 200")):
                refused += 1
                _leave(selector, answered)
    taken = time.perf_counter() - began
    return Load(accepted, refused, taken, (time.process_time() - began_cpu) / taken)


def _requests(events: int) -> Iterator[bytes]:
    """About what a monitoring tool sends; all of the same length, so that the head is made once."""
    run = f"{os.getpid():08d}"
    body = b'{"title": "Bench %b-%09d: queue is growing", "body": {"host": "db-1", "value": 93}, "priority": "p2"}'
    length = len(body % (run.encode(), 0))
    head = f"POST /bench-events/push-events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n".encode()
    numbers = range(events) if events else itertools.count()
    return (head + body % (run.encode(), number) for number in numbers)


def _post_next(
    selector: selectors.BaseSelector, connection: socket.socket, requests: Iterator[bytes], deadline: float
) -> None:
    request = next(requests, None) if time.perf_counter() < deadline else None
    if request is None:
        _leave(selector, connection)
    else:
        connection.sendall(request)


def _leave(selector: selectors.BaseSelector, connection: socket.socket) -> None:
    selector.unregister(connection)
    connection.close()


if __name__ == "__main__":
    asked_port, asked_events, asked_seconds, asked_connections = (int(word) for word in sys.argv[1:5])
    print(json.dumps(asdict(generate(asked_port, asked_events, asked_seconds, asked_connections))))
