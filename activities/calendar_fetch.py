"""Fetching a foreign calendar: bounded in size and time, and silent about its address, which may be a secret."""

import asyncio

import httpx2

from activities.calendar_file import MOST_BYTES
from channels.egress import AddressNotAllowed

FETCH_SECONDS = 20.0
_TYPES = frozenset({"text/calendar", "application/ics", "text/plain", "application/octet-stream", ""})


class NotFetched(Exception):
    """The calendar could not be had; the message is a sentence for people. ``may_pass``: trying again may help."""

    def __init__(self, message: str, *, may_pass: bool) -> None:
        super().__init__(message)
        self.may_pass = may_pass


async def fetch_calendar(client: httpx2.AsyncClient, url: str) -> bytes:
    """The file behind the address, at most 5 MiB within 20 seconds. ``client`` guards where it goes. Raises
    :class:`NotFetched`."""
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            return await _fetch(client, url)
    # The errors of the client know the address: none may become the cause of one that is shown.
    except (TimeoutError, httpx2.TimeoutException):
        raise NotFetched("The calendar did not arrive within 20 seconds.", may_pass=True) from None
    except AddressNotAllowed as error:
        raise NotFetched(str(error), may_pass=False) from None
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, UnicodeError):
        raise NotFetched("The address of the calendar cannot be read.", may_pass=False) from None
    except httpx2.HTTPError as error:
        raise NotFetched(f"The calendar could not be reached ({type(error).__name__}).", may_pass=True) from None


async def _fetch(client: httpx2.AsyncClient, url: str) -> bytes:
    # Without compression a small answer cannot grow on our side.
    headers = {"Accept": "text/calendar, */*;q=0.1", "Accept-Encoding": "identity"}
    async with client.stream("GET", url, headers=headers, follow_redirects=False) as response:
        if failure := _failure(response):
            raise failure
        file = bytearray()
        async for chunk in response.aiter_raw():
            file += chunk
            if len(file) > MOST_BYTES:
                raise _too_large()
        return bytes(file)


def _failure(response: httpx2.Response) -> NotFetched | None:
    status, headers = response.status_code, response.headers
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    length = headers.get("content-length", "")
    if response.is_redirect:
        return NotFetched(
            f"The address answers with a redirect (HTTP {status}). Use the address that it leads to.", may_pass=False
        )
    if status != 200:
        may_pass = status >= 500 or status in (408, 429)
        return NotFetched(f"The address answers HTTP {status} instead of a calendar.", may_pass=may_pass)
    if media_type not in _TYPES:
        return NotFetched("The address answers with something else than a calendar (text/calendar).", may_pass=False)
    if headers.get("content-encoding", "identity").lower() != "identity":
        return NotFetched("The calendar is compressed, although we ask for it as it is.", may_pass=False)
    if length.isascii() and length.isdigit() and int(length[:12]) > MOST_BYTES:
        return _too_large()
    return None


def _too_large() -> NotFetched:
    return NotFetched("The calendar is larger than 5 MiB. Export fewer years or fewer calendars.", may_pass=False)
