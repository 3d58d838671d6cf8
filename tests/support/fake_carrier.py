"""A carrier's REST interface for tests: answers what it is told and remembers what it was asked."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx2

Answer = httpx2.Response | Exception | Callable[[httpx2.Request], httpx2.Response]


@dataclass
class FakeCarrier:
    """Gives its answers one after the other; the last one for ever."""

    answers: list[Answer]
    requests: list[httpx2.Request] = field(default_factory=list)

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer), trust_env=False)

    @property
    def request(self) -> httpx2.Request:
        (only,) = self.requests
        return only

    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.request.content.decode())

    def json(self) -> Any:
        return json.loads(self.request.content)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx2.Response) else answer(request)
