"""Requests to addresses that people typed in: rooms, webhooks, calendars. They must not reach what only we can reach.

Every connection is checked where it is made, after the name was resolved and with the very address that is dialled, so
that neither the spelling of an address nor a name that changes its mind gets past.
"""

import asyncio
import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpcore2
import httpx2

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
SocketOptions = Iterable[tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int],]

#: where routers translate an IPv6 address into the IPv4 address at its end
_NAT64 = IPv6Network("64:ff9b::/96")
#: all that is handed out to be reached from everywhere; the rest of IPv6 is local, special or not in use
_GLOBAL_UNICAST = IPv6Network("2000::/3")


class AddressNotAllowed(httpx2.ConnectError):
    """The host is at no address that Dutyline may reach. The message names neither host nor address."""


def guarded_client(allowed: tuple[Network, ...], *, timeout_seconds: float) -> httpx2.AsyncClient:
    """A client that reaches public addresses and those in ``allowed``; anything else raises
    :class:`AddressNotAllowed`.

    It follows no redirects and reads neither proxies nor passwords from the environment. ``timeout_seconds`` bounds
    each step of an exchange: how long the whole may take, and how much is read, is for the caller to bound. An address
    that cannot be read raises ``httpx2.InvalidURL``, which is no ``httpx2.HTTPError``.
    """
    return httpx2.AsyncClient(
        transport=_GuardedTransport(allowed),
        timeout=timeout_seconds,
        trust_env=False,
        follow_redirects=False,
        headers={"User-Agent": "Dutyline"},
    )


class _GuardedTransport(httpx2.AsyncHTTPTransport):
    """The usual transport; only the connections are made by ``_GuardedNetwork``."""

    def __init__(self, allowed: Sequence[Network]) -> None:
        super().__init__(trust_env=False)
        # httpx2 has no door for this yet, which is why its minor version is pinned.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=httpx2.create_ssl_context(trust_env=False),
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=5.0,
            network_backend=_GuardedNetwork(allowed),
        )


class _GuardedNetwork(httpcore2.AsyncNetworkBackend):
    """Resolves names itself, and dials only what is allowed. TLS above it still checks the name."""

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = allowed
        self._dialler = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._permitted(host, port)
                return await self._first(addresses, port, local_address, socket_options)
        except TimeoutError:
            raise httpcore2.ConnectTimeout("The host did not answer in time.") from None

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: SocketOptions | None = None
    ) -> httpcore2.AsyncNetworkStream:
        raise AddressNotAllowed("Dutyline reaches no local sockets.")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _permitted(self, host: str, port: int) -> list[Address]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise httpcore2.ConnectError("The host's name is not known.") from None
        addresses = [ip_address(str(entry[4][0])) for entry in found]
        permitted = [address for address in addresses if is_permitted(address, self._allowed)]
        if not permitted:
            raise AddressNotAllowed(
                "The host is at a private address. Use a public one, or allow its network with DUTYLINE_EGRESS_ALLOW."
            )
        return permitted

    async def _first(
        self, addresses: list[Address], port: int, local_address: str | None, socket_options: SocketOptions | None
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to the first of the addresses that takes one."""
        for address in addresses[:-1]:
            try:
                return await self._dialler.connect_tcp(str(address), port, None, local_address, socket_options)
            except httpcore2.ConnectError:
                continue
        return await self._dialler.connect_tcp(str(addresses[-1]), port, None, local_address, socket_options)


def is_permitted(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether an address is public, or in one of the allowed networks. An IPv6 address that stands for an IPv4 address
    is judged as that one."""
    target = _embedded(address) or address
    return _is_public(target) or any(target in network for network in allowed)


def _embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address at which a packet for this IPv6 address would arrive."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast
