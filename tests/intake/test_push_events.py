"""``POST /{token}/push-events`` as a sender sees it."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from api.event_door import MAX_BODY_BYTES
from api.push_events import PushEvents
from domain.directory import Integration
from intake.processor import Processor
from intake.spool import Spool
from storage.engine import Database
from storage.journal import Entry, Journal, JournalUnavailable
from tests.intake.builders import SIGNED, WEBHOOK, incidents

OK = (200, b'{"Ok": true}')


class Book:
    """A route book with one integration in memory, one only in the database, and a database that may be away."""

    def __init__(self) -> None:
        self.in_memory = {WEBHOOK.token: WEBHOOK, SIGNED.token: SIGNED}
        self.in_database = {"demo-new": WEBHOOK}
        self.database_is_away = False

    def integration_by_token(self, token: str) -> Integration | None:
        return self.in_memory.get(token)

    async def find_integration(self, token: str) -> Integration | None:
        if self.database_is_away:
            raise ConnectionError("away")
        return self.in_database.get(token)


class AwayJournal:
    async def append(self, entry: Entry) -> None:
        raise JournalUnavailable("away")

    async def read(self, limit: int) -> list[Entry]:
        return []

    async def trim(self, seqs: Sequence[int]) -> None: ...

    async def set_aside(self, seq: int, reason: str) -> None: ...

    async def count_set_aside(self) -> int:
        return 0

    async def close(self) -> None: ...


class Answer:
    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = b""

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.body += message["body"]

    @property
    def error(self) -> str:
        (text,) = json.loads(self.body).values()
        assert set(json.loads(self.body)) == {"error"}
        return str(text)


async def ask(
    app: PushEvents,
    *chunks: bytes,
    token: str = WEBHOOK.token,
    method: str = "POST",
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> Answer:
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b""})

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    answer = Answer()
    scope = {"type": "http", "method": method, "path": f"/{token}/push-events", "headers": headers}
    await app(scope, receive, answer.send)
    return answer


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def app(book: Book, journal: Journal, spool: Spool) -> PushEvents:
    return PushEvents(book, journal, spool)


async def test_accepted_event_is_in_the_journal_byte_for_byte(app: PushEvents, journal: Journal) -> None:
    answer = await ask(app, b'{"title": ', b'"Disk full"}')
    assert (answer.status, answer.body) == OK
    assert answer.headers[b"content-type"] == b"application/json"
    (entry,) = await journal.read(10)
    assert (entry.kind, entry.integration, entry.body) == ("push", "web", b'{"title": "Disk full"}')
    assert entry.id.startswith("evt_")


async def test_body_decides_not_the_content_type(app: PushEvents) -> None:
    answer = await ask(app, b"{}", headers=[(b"content-type", b"application/x-www-form-urlencoded")])
    assert (answer.status, answer.body) == OK


@pytest.mark.parametrize(
    "body",
    [
        b'{"title": "\\u0000", "nul": "\\u0000"}',
        b'{"title": "\\ud83d"}',
        b'{"title": "a", "title": "b"}',
        b'\xef\xbb\xbf{"title": "bom"}',
        b'{"n": 1e999, "m": 123456789012345678901234567890}',
        b'{"body": ' + b"[" * 500 + b"]" * 500 + b"}",
        b" {}\n",
    ],
)
async def test_odd_json_is_still_an_event(app: PushEvents, body: bytes) -> None:
    answer = await ask(app, body)
    assert (answer.status, answer.body) == OK


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"title=Disk+full",
        b"[]",
        b'"text"',
        b"null",
        b"{",
        b'{"title": NaN}',
        b'{"title": "\xff"}',
        b"\x00",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"n": ' + b"9" * 10_000 + b"e",
    ],
)
async def test_what_is_no_json_object_is_refused_with_a_sentence(
    app: PushEvents, journal: Journal, body: bytes
) -> None:
    answer = await ask(app, body)
    assert answer.status == 400
    assert answer.error.endswith(".")
    assert await journal.read(10) == []


@pytest.mark.parametrize("token", ["nobody", "", "demo-payments/x", "démo", SIGNED.token])
async def test_unknown_token_is_404(app: PushEvents, token: str) -> None:
    answer = await ask(app, b"{}", token=token)
    assert answer.status == 404
    assert answer.error.startswith("No integration has this token.")


async def test_token_newer_than_the_memory_is_found_in_the_database(app: PushEvents) -> None:
    assert (await ask(app, b"{}", token="demo-new")).status == 200


async def test_unknown_token_with_the_database_away_asks_to_try_again(app: PushEvents, book: Book) -> None:
    book.database_is_away = True
    answer = await ask(app, b"{}", token="nobody")
    assert (answer.status, answer.body) == (500, b"{}")


async def test_known_token_needs_no_database(app: PushEvents, book: Book) -> None:
    book.database_is_away = True
    assert (await ask(app, b"{}")).status == 200


async def test_largest_body_is_taken(app: PushEvents) -> None:
    body = b'{"b": "' + b"x" * (MAX_BODY_BYTES - 9) + b'"}'
    assert (await ask(app, body[:500_000], body[500_000:])).status == 200


async def test_body_over_the_limit_is_413_although_no_length_was_declared(app: PushEvents, journal: Journal) -> None:
    body = b'{"b": "' + b"x" * (MAX_BODY_BYTES - 8) + b'"}'
    answer = await ask(app, body[:500_000], body[500_000:])
    assert answer.status == 413
    assert "1 MiB" in answer.error
    assert await journal.read(10) == []


async def test_declared_length_over_the_limit_is_refused_before_reading(app: PushEvents) -> None:
    answer = await ask(app, headers=[(b"content-length", b"1048577")])
    assert answer.status == 413


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_wrong_method_is_405_with_a_sentence(app: PushEvents, method: str) -> None:
    answer = await ask(app, b"{}", method=method)
    assert (answer.status, answer.headers[b"allow"]) == (405, b"POST")
    assert answer.error == "Send events with POST."


async def test_sender_that_hangs_up_in_the_middle_leaves_no_event(app: PushEvents, journal: Journal) -> None:
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": b'{"title":', "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    answer = Answer()
    scope = {"type": "http", "method": "POST", "path": "/demo-payments/push-events", "headers": []}
    await app(scope, receive, answer.send)
    assert answer.status == 0
    assert await journal.read(10) == []


async def test_no_limit_unless_the_operator_set_one(app: PushEvents) -> None:
    answers = await asyncio.gather(*(ask(app, b"{}") for _ in range(300)))
    assert {answer.status for answer in answers} == {200}


async def test_over_the_operators_limit_is_429_with_retry_after(book: Book, journal: Journal, spool: Spool) -> None:
    app = PushEvents(book, journal, spool, limit_per_minute=2)
    answers = [await ask(app, b"{}") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers[b"retry-after"]) <= 30
    assert answers[2].error.endswith("seconds.")


async def test_event_is_accepted_while_the_journal_is_away_and_arrives_afterwards(
    book: Book, journal: Journal, spool: Spool
) -> None:
    answer = await ask(PushEvents(book, AwayJournal(), spool), b'{"title": "a"}')
    assert (answer.status, answer.body) == OK
    await spool.replay(journal.append)
    assert [entry.body for entry in await journal.read(10)] == [b'{"title": "a"}']


async def test_500_when_neither_journal_nor_spool_takes_the_event(
    book: Book, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.write", full)
    answer = await ask(PushEvents(book, AwayJournal(), spool), b"{}")
    assert (answer.status, answer.body) == (500, b"{}")


async def test_many_senders_of_the_same_titles_open_exactly_one_incident_each(
    app: PushEvents, database: Database, journal: Journal, processor: Processor
) -> None:
    async def sender() -> None:
        for number in range(20):
            assert (await ask(app, json.dumps({"title": f"title {number}"}).encode())).status == 200

    async def process_until(expected: int) -> None:
        while expected:
            expected -= await processor.step()

    await asyncio.gather(process_until(400), *(sender() for _ in range(20)))
    found = await incidents(database)
    assert sorted(row.title for row in found) == sorted(f"title {number}" for number in range(20))
    assert {row.occurrences for row in found} == {20}
