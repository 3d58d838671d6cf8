"""One request to an address that somebody typed in, and the meaning of every way it can end."""

from collections.abc import Mapping
from typing import Any

import httpx2

from channels.egress import AddressNotAllowed
from domain.delivery import DeliveryError, Refused, TryLater, Unknown
from telephony.rest_exchange import retry_after

#: each step of an exchange; the whole is bounded by whoever sends
TIMEOUT_SECONDS = 10.0


async def request(
    client: httpx2.AsyncClient,
    what: str,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    json: Mapping[str, Any] | None = None,
) -> None:
    """Ask, and return when the answer is a success. ``what`` names the other side in sentences (``The Slack room``);
    its address is a secret and is in none. ``query`` comes beside what the address has of its own. Raises the errors
    of :mod:`domain.delivery`."""
    try:
        address = httpx2.URL(url).copy_merge_params(query) if query else httpx2.URL(url)
        # The answer's text means nothing to us and may be endless: only its head is read.
        async with client.stream(method, address, headers=headers, json=json) as response:
            if not response.is_success:
                raise _classify_answer(response, what)
    except AddressNotAllowed as error:
        raise Refused("address_not_allowed", f"{what} is at a private address that is not allowed.") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise _classify_failure(error, what) from error


def _classify_failure(error: Exception, what: str) -> DeliveryError:
    match error:
        # Name lookup, refused connections and the TLS handshake all end before the request is written.
        case httpx2.ConnectError() | httpx2.ConnectTimeout() | httpx2.PoolTimeout():
            return TryLater(f"{what} could not be reached.")
        case httpx2.InvalidURL() | httpx2.UnsupportedProtocol() | httpx2.LocalProtocolError():
            return Refused("bad_address", f"{what} has an address that cannot be used.")
        case _:
            return Unknown(f"The connection to {what[0].lower()}{what[1:]} broke ({type(error).__name__}).")


def _classify_answer(response: httpx2.Response, what: str) -> DeliveryError:
    status = response.status_code
    if status == 429:
        return TryLater(f"{what} asks to slow down (HTTP 429).", retry_after(response))
    if status == 503:  # whoever says that it cannot serve has not served
        return TryLater(f"{what} cannot serve at the moment (HTTP 503).", retry_after(response))
    if status >= 500:
        return Unknown(f"{what} answered with an error of its own (HTTP {status}).")
    return Refused(str(status), f"{what} refused the message (HTTP {status}).")
