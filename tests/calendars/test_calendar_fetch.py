"""Fetching other people's calendars: what is refused, within which bounds, and that addresses are never repeated."""

import asyncio
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network

import pytest

from activities import calendar_fetch
from activities.calendar_fetch import NotFetched, fetch_calendar
from channels.egress import guarded_client
from tests.calendars.files import calendar, event

LOOPBACK = (ip_network("127.0.0.0/8"),)
FILE = calendar(event("DTSTART:20260106T090000Z"))


def answer(status: str, *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "Connection: close", "", ""]).encode() + body


@asynccontextmanager
async def server(*answers: bytes) -> AsyncIterator[str]:
    """An address that answers with these pieces, and then says nothing more until it is left."""
    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        try:
            for piece in answers:
                writer.write(piece)
                await writer.drain()
            if not answers:
                await left.wait()
        except ConnectionError:
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/hush-hush/basic.ics"
    finally:
        left.set()
        listening.close()
        await listening.wait_closed()


async def failure(*answers: bytes) -> NotFetched:
    async with server(*answers) as url, guarded_client(LOOPBACK, timeout_seconds=20) as client:
        with pytest.raises(NotFetched) as raised:
            await fetch_calendar(client, url)
    return raised.value


@pytest.mark.parametrize("media_type", ["text/calendar; charset=utf-8", "text/plain", "application/octet-stream"])
async def test_calendar_is_fetched(media_type: str) -> None:
    whole = answer("200 OK", f"Content-Type: {media_type}", body=FILE)
    async with server(whole) as url, guarded_client(LOOPBACK, timeout_seconds=20) as client:
        assert await fetch_calendar(client, url) == FILE


@pytest.mark.parametrize(
    ("whole", "problem", "may_pass"),
    [
        (answer("404 Not Found"), "HTTP 404 instead of a calendar", False),
        (answer("401 Unauthorized"), "HTTP 401 instead of a calendar", False),
        (answer("503 Service Unavailable"), "HTTP 503 instead of a calendar", True),
        (answer("429 Too Many Requests"), "HTTP 429 instead of a calendar", True),
        (answer("302 Found", "Location: http://10.0.0.1/"), "answers with a redirect", False),
        (answer("200 OK", "Content-Type: text/html", body=b"<html>"), "something else than a calendar", False),
        (answer("200 OK", "Content-Type: application/xml", body=b"<x/>"), "something else than a calendar", False),
        (answer("200 OK", "Content-Type: text/calendar", "Content-Encoding: gzip", body=b"x"), "compressed", False),
        (answer("200 OK", "Content-Type: text/calendar", "Content-Length: 10485760"), "larger than 5 MiB", False),
        (b"no HTTP at all\r\n\r\n", "could not be reached", True),
    ],
)
async def test_answer_that_is_no_calendar_is_refused_in_words(whole: bytes, problem: str, may_pass: bool) -> None:
    error = await failure(whole)
    assert problem in str(error)
    assert error.may_pass is may_pass


async def test_ten_megabytes_are_not_read_to_their_end() -> None:
    error = await failure(answer("200 OK", "Content-Type: text/calendar"), *[b"X" * 65_536] * 160)
    assert "larger than 5 MiB" in str(error)


async def test_slow_calendar_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar_fetch, "FETCH_SECONDS", 0.2)
    error = await failure()
    assert "did not arrive within 20 seconds" in str(error)
    assert error.may_pass


async def test_private_address_is_refused() -> None:
    async with server(answer("200 OK", body=FILE)) as url, guarded_client((), timeout_seconds=20) as client:
        with pytest.raises(NotFetched, match="private address"):
            await fetch_calendar(client, url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/hush-hush", "ftp://hush.example/x", "http://0177.0.0.1/hush", "http://hush..example/"]
)
async def test_error_never_repeats_the_address(url: str) -> None:
    async with guarded_client(LOOPBACK, timeout_seconds=20) as client:
        with pytest.raises(NotFetched) as raised:
            await fetch_calendar(client, url)
    shown = "".join(traceback.format_exception_only(raised.value))
    assert "hush" not in shown
    assert raised.value.__suppress_context__
