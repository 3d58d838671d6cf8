"""Whether a carrier signed a request. Any malformed input is an unsigned request, never an error."""

import base64
import hmac
import logging
import re
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qsl

from telephony.dialect import Params, SignedRequest

_log = logging.getLogger(__name__)

_ABSOLUTE = re.compile(
    r"(https?)://(?:[^/?#]*@)?(\[[^\]/?#]*\]|[^:/?#]*)(?::([0-9]*))?([^?#]*)(\?[^#]*)?", re.IGNORECASE
)
_STANDARD_PORTS = {"http": "80", "https": "443"}
_TWILIO_DIGESTS = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
#: One implementation was seen to add these after signing; Twilio's documentation says that everything is signed.
_TWILIO_ADDED_LATER = frozenset({"CallToken", "StirVerstat"})


def verify_twilio(request: SignedRequest, secrets: Sequence[str]) -> bool:
    """``X-Twilio-Signature``: by an auth token, or by a shared key where the settings header names its algorithm.

    The address is tried with and without its port, because Twilio is not consistent in what it signs.
    """
    signature = request.headers.get("x-twilio-signature", "")
    digest = _TWILIO_DIGESTS.get(_twilio_algorithm(request.headers.get("x-twilio-webhooks-signature-settings", "")))
    if not signature or digest is None:
        return False

    def signed(params: Params) -> bool:
        texts = [url + _twilio_params(params) for url in _twilio_urls(request.url)]
        return _any_signed(texts, secrets, [signature], digest)

    if request.method.upper() == "GET":
        return signed(())
    if signed(request.params):
        return True
    fewer = [(name, value) for name, value in request.params if name not in _TWILIO_ADDED_LATER]
    if len(fewer) == len(request.params) or not signed(fewer):
        return False
    _log.warning("Twilio's signature leaves out CallToken or StirVerstat: the caller's verification is not proven.")
    return True


def _twilio_algorithm(settings: str) -> str:
    for part in settings.split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm" and value.strip():
            return value.strip().upper()
    return "HMAC_SHA1"


def _twilio_urls(url: str) -> list[str]:
    match = _ABSOLUTE.match(url)
    if match is None:
        return []
    scheme, host, port, path, query = match.groups(default="")
    rest = path + query
    return [f"{scheme}://{host}{rest}", f"{scheme}://{host}:{port or _STANDARD_PORTS[scheme.lower()]}{rest}"]


def _twilio_params(params: Params) -> str:
    """Names in order, each followed by its value. Blanks count; of a repeated name each different value once."""
    return "".join(name + value for name, value in sorted(set(params)))


def verify_plivo(request: SignedRequest, secrets: Sequence[str]) -> bool:
    """``X-Plivo-Signature-V3``, by the account's own token or (``Ma``) its main account's.

    Version 2 covers no parameters and is refused, as is anything that came without a nonce.
    """
    nonce = request.headers.get("x-plivo-signature-v3-nonce", "")
    lists = (request.headers.get(f"x-plivo-signature-{kind}", "") for kind in ("v3", "ma-v3"))
    signatures = [one for text in lists for part in text.split(",") if (one := part.strip())]
    if not nonce or not signatures:
        return False
    text = _plivo_text(request)
    return text is not None and _any_signed([f"{text}.{nonce}"], secrets, signatures, "sha256")


def _plivo_text(request: SignedRequest) -> str | None:
    address, _, query = request.url.partition("#")[0].partition("?")
    fields = "&".join(f"{name}={value}" for name, value in sorted(parse_qsl(query, keep_blank_values=True)))
    match request.method.upper():
        case "GET":
            return f"{address}?{fields}" if fields else address
        case "POST" if not request.params:
            return f"{address}?{fields}" if fields else address
        case "POST":
            # Without a query there still is a question mark, but no dot.
            params = "".join(name + value for name, value in sorted(request.params))
            return f"{address}?{fields}{'.' if fields else ''}{params}"
        case _:
            return None


def _any_signed(texts: Iterable[str], secrets: Sequence[str], signatures: Sequence[str], digest: str) -> bool:
    matches = [
        hmac.compare_digest(_signature(text, secret, digest), signature.encode("utf-8", "surrogatepass"))
        for text in texts
        for secret in secrets
        if secret
        for signature in signatures
    ]
    return any(matches)


def _signature(text: str, secret: str, digest: str) -> bytes:
    key = secret.encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.new(key, text.encode("utf-8", "surrogatepass"), digest).digest())
