"""Requests to addresses that people typed in reach public addresses only, however a private one is spelled."""

import asyncio
import socket
from collections.abc import AsyncIterator
from ipaddress import ip_address, ip_network
from typing import Any

import httpcore2
import httpx2
import pytest
import pytest_asyncio

from channels.egress import AddressNotAllowed, guarded_client, is_permitted

LOOPBACK = (ip_network("127.0.0.0/8"),)


class Server:
    """A web server on the loopback address that counts who came."""

    def __init__(self) -> None:
        self.visits = 0
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(self.answer)
        await writer.drain()
        writer.close()


@pytest_asyncio.fixture
async def server() -> AsyncIterator[tuple[Server, int]]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    yield server, listening.sockets[0].getsockname()[1]
    listening.close()
    await listening.wait_closed()


class Names:
    """A resolver whose answers are given; each question is kept, and a name may answer differently every time."""

    def __init__(self, **answers: list[str]) -> None:
        self._answers = {name.replace("_", "."): answer for name, answer in answers.items()}
        self.asked: list[str] = []

    async def getaddrinfo(self, host: str, port: int, **_: Any) -> list[Any]:
        self.asked.append(host)
        family = socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port)) for address in self._answers[host]]

    def instead_of_dns(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", self.getaddrinfo)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "127.1",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "[fd00::1]",
        "[fe80::1]",
        "224.0.0.1",
        "255.255.255.255",
    ],
)
async def test_private_address_is_refused_however_it_is_spelled(host: str, server: tuple[Server, int]) -> None:
    async with guarded_client((), timeout_seconds=5) as client:
        with pytest.raises(AddressNotAllowed):
            await client.get(f"http://{host}:{server[1]}/")
    assert server[0].visits == 0


@pytest.mark.parametrize("host", ["0177.0.0.1", "127.0.0.1.1", "0x7f.0.0.1:"])
async def test_odd_spelling_reaches_nobody(host: str, server: tuple[Server, int]) -> None:
    async with guarded_client((), timeout_seconds=5) as client:
        with pytest.raises((AddressNotAllowed, httpx2.InvalidURL, httpx2.ConnectError)):
            await client.get(f"http://{host}:{server[1]}/")
    assert server[0].visits == 0


@pytest.mark.parametrize(
    "address",
    [
        "198.18.0.1",
        "192.0.2.1",
        "240.0.0.1",
        "224.0.1.1",
        "239.1.1.1",
        "ff02::1",
        "ff0e::1",
        "fec0::1",
        "fc00::1",
        "fe80::1%1",
        "::10.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:224.0.1.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::1",
        "2002:a00:1::1",
        "2002:a9fe:a9fe::",
        "2001::1",
        "2001:db8::1",
        "100::1",
    ],
)
def test_special_address_is_not_permitted(address: str) -> None:
    assert not is_permitted(ip_address(address), ())


@pytest.mark.parametrize(
    "address",
    ["93.184.215.14", "1.1.1.1", "2606:4700::1111", "64:ff9b::1.1.1.1", "::ffff:1.1.1.1", "2002:101:101::"],
)
def test_public_address_is_permitted(address: str) -> None:
    assert is_permitted(ip_address(address), ())


@pytest.mark.parametrize("address", ["10.20.3.4", "::ffff:10.20.3.4", "64:ff9b::10.20.3.4"])
def test_allowed_network_is_permitted_and_its_neighbour_is_not(address: str) -> None:
    assert is_permitted(ip_address(address), (ip_network("10.20.0.0/16"),))
    assert not is_permitted(ip_address(address), (ip_network("10.21.0.0/16"), ip_network("fd00::/8")))


async def test_allowed_address_is_reached(server: tuple[Server, int]) -> None:
    async with guarded_client(LOOPBACK, timeout_seconds=5) as client:
        answer = await client.get(f"http://127.0.0.1:{server[1]}/")
    assert (answer.text, server[0].visits) == ("hi", 1)


async def test_name_that_resolves_to_a_private_address_is_refused(
    server: tuple[Server, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    Names(calendar_example_com=["127.0.0.1"]).instead_of_dns(monkeypatch)
    async with guarded_client((), timeout_seconds=5) as client:
        with pytest.raises(AddressNotAllowed):
            await client.get(f"http://calendar.example.com:{server[1]}/")
    assert server[0].visits == 0


async def test_address_that_was_checked_is_the_one_that_is_dialled(
    server: tuple[Server, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is looked up twice could answer with a public address first and a private one then."""
    names = Names(calendar_example_com=["10.0.0.9", "127.0.0.1"])
    names.instead_of_dns(monkeypatch)
    dialled = []
    dial = httpcore2.AnyIOBackend.connect_tcp

    async def watched(self: httpcore2.AnyIOBackend, host: str, *args: Any) -> httpcore2.AsyncNetworkStream:
        dialled.append(host)
        return await dial(self, host, *args)

    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", watched)
    async with guarded_client(LOOPBACK, timeout_seconds=5) as client:
        await client.get(f"http://calendar.example.com:{server[1]}/")
    assert names.asked == ["calendar.example.com"]
    assert dialled == ["127.0.0.1"]


async def test_next_address_is_tried_when_the_first_does_not_answer(
    server: tuple[Server, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    Names(calendar_example_com=["127.0.0.2", "127.0.0.1"]).instead_of_dns(monkeypatch)
    async with guarded_client(LOOPBACK, timeout_seconds=5) as client:
        answer = await client.get(f"http://calendar.example.com:{server[1]}/")
    assert answer.text == "hi"


async def test_redirect_is_handed_back_and_not_followed(server: tuple[Server, int]) -> None:
    server[0].answer = b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n"
    async with guarded_client(LOOPBACK, timeout_seconds=5) as client:
        answer = await client.get(f"http://127.0.0.1:{server[1]}/")
    assert answer.status_code == 302


async def test_redirect_that_a_caller_follows_is_checked_again(server: tuple[Server, int]) -> None:
    server[0].answer = b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n"
    async with guarded_client(LOOPBACK, timeout_seconds=5) as client:
        with pytest.raises(AddressNotAllowed):
            await client.get(f"http://127.0.0.1:{server[1]}/", follow_redirects=True)


async def test_proxy_of_the_environment_is_not_used(
    server: tuple[Server, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{server[1]}")
    Names(calendar_example_com=["10.0.0.1"]).instead_of_dns(monkeypatch)
    async with guarded_client(LOOPBACK, timeout_seconds=5) as client:
        with pytest.raises(AddressNotAllowed):
            await client.get("http://calendar.example.com/")
    assert server[0].visits == 0


async def test_error_of_an_unknown_name_does_not_repeat_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror("Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    async with guarded_client((), timeout_seconds=5) as client:
        with pytest.raises(httpx2.ConnectError) as error:
            await client.get("http://hush.example.com/")
    assert "hush" not in str(error.value)
