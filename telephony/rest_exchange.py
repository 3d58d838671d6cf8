"""What both carriers' REST implementations share: one exchange over HTTP, and the meaning of every way it can end.

REST goes over our own HTTP client although the carriers' SDKs are installed (the simulated carrier signs with them, and
tests hold our signatures and documents against them). Their REST clients are synchronous, one has no time-out by
default, the other repeats a failed POST by itself, which can ring a responder three times. Neither carrier takes an
idempotency key, so knowing what surely was *not* processed is the whole safety of a retry, and that needs the
connection's own errors.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from domain.delivery import DeliveryError, Refused, TryLater, Unknown
from domain.directory import CarrierAccount, Provider
from domain.phone import clean_text

TIMEOUT = httpx2.Timeout(connect=5.0, read=15.0, write=10.0, pool=5.0)
#: carriers stamp whole seconds by a clock of their own
CLOCK_MARGIN = timedelta(seconds=5)
_MAX_RETRY_AFTER_SECONDS = 3600.0
_E164 = re.compile(r"\+[1-9]\d{4,14}")


def make_client() -> httpx2.AsyncClient:
    """The client for carriers. Proxies and credentials from the environment are not used."""
    return httpx2.AsyncClient(timeout=TIMEOUT, trust_env=False, follow_redirects=False)


def require_number(to: str) -> str:
    """The number, if it is one: Plivo would read ``<`` in it as a list of further numbers to ring."""
    if not _E164.fullmatch(to):
        raise Refused("invalid_number", "The phone number is not in international form, such as +15550100001.")
    return to


def require_sender(from_: str | None) -> str:
    if not from_:
        raise Refused("no_from_number", "The carrier account has no from_number, so it cannot send alerts.")
    return from_


async def exchange(
    client: httpx2.AsyncClient,
    method: str,
    url: str,
    account: CarrierAccount,
    *,
    sentences: Mapping[str, str],
    params: Mapping[str, str] | None = None,
    data: Mapping[str, str | list[str]] | None = None,
    json: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """One request to the carrier and its JSON object. ``sentences`` explain the carrier's error codes."""
    try:
        response = await client.request(
            method,
            url,
            params=params,
            data=data,
            json=json,
            auth=(account.account_id, account.auth_token),
            timeout=TIMEOUT,
            follow_redirects=False,
        )
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise classify_failure(error) from error
    if not response.is_success:
        raise classify_answer(response, account.provider, sentences)
    return read_object(response)


def classify_failure(error: Exception) -> DeliveryError:
    """The meaning of a request without an answer."""
    match error:
        # Name lookup, refused connections and the TLS handshake all end before the request is written.
        case httpx2.ConnectError() | httpx2.ConnectTimeout() | httpx2.PoolTimeout():
            return TryLater("The carrier could not be reached.")
        case httpx2.InvalidURL() | httpx2.UnsupportedProtocol() | httpx2.LocalProtocolError():
            return Refused("bad_base_url", "The carrier's base_url is not a usable address.")
        case _:
            return Unknown(f"The connection to the carrier broke before it answered ({type(error).__name__}).")


def classify_answer(response: httpx2.Response, provider: Provider, sentences: Mapping[str, str]) -> DeliveryError:
    """The meaning of an answer that is no success.

    The HTTP status decides alone; the carrier's code only chooses the sentence, for carriers split and add codes
    without notice.
    """
    status = response.status_code
    name = provider.value.capitalize()
    if status == 429:
        return TryLater(f"{name} asks to slow down (HTTP 429).", retry_after(response))
    if status >= 500:
        return Unknown(f"{name} answered with an error of its own (HTTP {status}).")
    if status == 401:
        return Refused("401", f"{name} refused the credentials (HTTP 401): check account id and auth token.")
    code, message = _carrier_error(response)
    if known := sentences.get(code):
        return Refused(code, f"{name}: {known}")
    reason = ", ".join(filter(None, [f"HTTP {status}", code]))
    return Refused(code or str(status), f"{name} refused the request ({reason}). {message}".strip())


def retry_after(response: httpx2.Response) -> float | None:
    """Seconds from a Retry-After header in either of its forms, within an hour; ``None`` when absent or odd."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), _MAX_RETRY_AFTER_SECONDS)
    moment = parse_mail_date(value)
    if moment is None:
        return None
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), _MAX_RETRY_AFTER_SECONDS)


def parse_mail_date(value: str) -> datetime | None:
    """A time as in mail and HTTP headers (``Wed, 04 Mar 2026 09:15:22 +0000``), aware; ``None`` when it is none."""
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_object(response: httpx2.Response) -> dict[str, Any]:
    content = _json_object(response)
    if content is None:
        raise Unknown(f"The carrier's answer (HTTP {response.status_code}) cannot be read.")
    return content


def _json_object(response: httpx2.Response) -> dict[str, Any] | None:
    try:
        content = response.json()
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def read_id(content: Mapping[str, Any], key: str) -> str:
    """The id in a carrier's answer. It accepted the request, but without an id we cannot know what became of it."""
    value = content.get(key)
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, str) or not value:
        raise Unknown(f"The carrier's answer has no {key}.")
    return value


def objects(content: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects of a list answer. Something else will be no list the next time either, hence ``Refused``."""
    value = content.get(key)
    if not isinstance(value, list):
        raise Refused("no_list", f"The carrier's answer has no list of {key}.")
    return [item for item in value if isinstance(item, dict)]


def same_number(one: object, other: str) -> bool:
    """Whether both are the same number, with or without ``+``."""
    return isinstance(one, str) and one.lstrip("+") == other.lstrip("+")


def _carrier_error(response: httpx2.Response) -> tuple[str, str]:
    """Code and message: Twilio ``{code, message}``, Plivo ``{error, error_code?}``; empty when unreadable."""
    content = _json_object(response) or {}
    code = content.get("code") or content.get("error_code") or ""
    message = content.get("message") or content.get("error") or ""
    # Carriers quote the number that they refuse; sentences end up in logs and on pages that mask numbers.
    readable = re.sub(r"\+?\d{7,}", "…", clean_text(str(message), 200))
    return clean_text(str(code), 20), readable
