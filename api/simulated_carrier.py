"""``/simulated-carrier/…`` in the demo: where alerts are sent to and recordings are fetched from, without an account.

Which accounts there are follows from the configuration: those whose ``base_url`` points here.
"""

from typing import TYPE_CHECKING

import httpx2
from starlette.types import Receive, Scope, Send

from config.keys import Keyring
from config.route_book import RouteBook

if TYPE_CHECKING:
    from telephony.simulator.rest import SimulatedRest

PREFIX = "/simulated-carrier"


class SimulatedCarrierRoutes:
    """The ASGI application. Its phones ring out: an alert call is taken by nobody unless a person acknowledges."""

    def __init__(self, route_book: RouteBook, keyring: Keyring, public_url: str) -> None:
        self._book = route_book
        self._keyring = keyring
        self._base_url = f"{public_url}{PREFIX}"
        self._http = httpx2.AsyncClient(trust_env=False)
        self._rest: SimulatedRest | None = None
        self._accounts: dict[str, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(PREFIX)
        inner = {**scope, "path": path, "raw_path": path.encode(), "root_path": ""}
        await self._carrier().app(inner, receive, send)

    async def close(self) -> None:
        await self._http.aclose()

    def _carrier(self) -> "SimulatedRest":
        # Imported here: outside the demo the carriers' SDKs that it signs with would only cost memory.
        from telephony.simulator.clock import at_speed
        from telephony.simulator.rest import SimulatedRest

        accounts = {
            account.account_id: account.auth_token
            for account in self._book.directory.carriers.values()
            if account.base_url == self._base_url
        }
        if self._rest is None or accounts != self._accounts:
            self._accounts = accounts
            self._rest = SimulatedRest(self._http, accounts, pace=at_speed(1), stamp=self._keyring.sign)
        return self._rest
