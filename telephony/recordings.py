"""Fetching a recording from a carrier: from its own hosts only, bounded, never following a redirect."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2

from domain.delivery import DeliveryError, Refused, TryLater
from domain.directory import CarrierAccount
from telephony.rest_exchange import TIMEOUT, retry_after

#: four hours of two uncompressed channels at 8 kHz are 460 MB
MAX_BYTES = 1024**3
_BINARY_TYPES = frozenset({"application/octet-stream", "binary/octet-stream"})
_HTTPS_PORTS = (None, 443)


@dataclass(frozen=True, slots=True)
class RecordingStream:
    """A recording while it is being fetched. ``length`` is in bytes, ``None`` when the carrier does not say.

    Iterating ``chunks`` may raise :class:`TryLater` (broken off) and :class:`Refused` (too large).
    """

    content_type: str
    length: int | None
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class MediaRule:
    """Which addresses of a carrier hold recordings. Both patterns must match as a whole."""

    host: re.Pattern[str]
    path: re.Pattern[str]


@asynccontextmanager
async def open_recording(
    client: httpx2.AsyncClient, url: str, account: CarrierAccount | None, rule: MediaRule
) -> AsyncIterator[RecordingStream]:
    """See :meth:`telephony.rest.CarrierRest.fetch_recording`."""
    address = _permitted(url, account, rule)
    # No account must not fall back to credentials that the client may have been built with.
    auth = httpx2.BasicAuth(account.account_id, account.auth_token) if account else None
    request = client.build_request("GET", address, timeout=TIMEOUT, headers={"Accept-Encoding": "identity"})
    try:
        response = await client.send(request, auth=auth, stream=True, follow_redirects=False)
    except httpx2.HTTPError as error:
        raise TryLater(f"The recording could not be fetched ({type(error).__name__}).") from error
    try:
        if failure := _failure(response):
            raise failure
        yield RecordingStream(response.headers.get("content-type", ""), _length(response), _chunks(response))
    finally:
        await response.aclose()


def _permitted(url: str, account: CarrierAccount | None, rule: MediaRule) -> httpx2.URL:
    try:
        address = httpx2.URL(url)
        if not address.userinfo and (_is_media(address, rule) or _is_at_base(address, account)):
            return address
    except httpx2.InvalidURL:
        pass
    raise Refused("not_a_recording", "The address of the recording is not one of the carrier's; it was not fetched.")


def _is_media(address: httpx2.URL, rule: MediaRule) -> bool:
    return (
        address.scheme == "https"
        and address.port in _HTTPS_PORTS
        and rule.host.fullmatch(address.host) is not None
        and rule.path.fullmatch(address.path) is not None
    )


def _is_at_base(address: httpx2.URL, account: CarrierAccount | None) -> bool:
    if account is None or account.base_url is None:
        return False
    base = httpx2.URL(account.base_url)
    return (address.scheme, address.host, address.port) == (base.scheme, base.host, base.port)


def _failure(response: httpx2.Response) -> DeliveryError | None:
    status = response.status_code
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if status in (401, 403):
        return Refused(
            "needs_credentials",
            f"The carrier protects the recording (HTTP {status}): add the account's credentials under carriers.",
        )
    if status == 410:
        return Refused("gone", "The carrier has deleted the recording.")
    if status == 404:
        return TryLater("The recording is not ready at the carrier.", retry_after(response))
    # Fetching changes nothing, so unlike a send every other failure of theirs may be tried again.
    if status == 429 or status >= 500:
        return TryLater(f"The carrier cannot hand out the recording now (HTTP {status}).", retry_after(response))
    if status != 200:
        return Refused("not_a_recording", f"The carrier answered HTTP {status} instead of a recording.")
    if not media_type.startswith("audio/") and media_type not in _BINARY_TYPES:
        return Refused("not_a_recording", "The carrier's answer is not audio.")
    if (_length(response) or 0) > MAX_BYTES:
        return _too_large()
    return None


def _length(response: httpx2.Response) -> int | None:
    value = response.headers.get("content-length", "")
    return int(value) if re.fullmatch(r"[0-9]{1,18}", value) else None


async def _chunks(response: httpx2.Response) -> AsyncIterator[bytes]:
    expected, received = _length(response), 0
    try:
        async for chunk in response.aiter_raw():
            received += len(chunk)
            if received > MAX_BYTES:
                raise _too_large()
            yield chunk
    except httpx2.HTTPError as error:
        raise TryLater(f"The recording broke off ({type(error).__name__}).") from error
    if expected is not None and received != expected:
        raise TryLater("The recording is shorter than announced.")


def _too_large() -> Refused:
    return Refused("too_large", "The recording is larger than 1 GiB; it was not stored.")
