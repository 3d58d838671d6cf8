"""Only Plivo (or who knows the token) can sign a request."""

import base64
import hmac
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plivo.utils import validate_signature
from plivo.utils.signature_v3 import construct_get_url, construct_post_url, get_signature_v3

from domain.directory import Provider
from telephony.dialect import Params, SignedRequest
from telephony.plivo import PlivoDialect
from tests.telephony.payloads import PAYLOADS, PLIVO_TOKEN, Payload, payload

PLIVO = PlivoDialect()
SAMPLES = [one for one in PAYLOADS if one.provider is Provider.PLIVO]
URL = "https://hotline.example.com/voice/demo"
FIELDS = [("CallUUID", "a-leg"), ("From", "14155550116"), ("RouteType", "")]
NONCE = "12345"


def sdk_signature(method: str, url: str, params: Params, token: str = PLIVO_TOKEN, nonce: str = NONCE) -> str:
    repeated: dict[str, list[str]] = {}
    for name, value in params:
        repeated.setdefault(name, []).append(value)
    text = construct_get_url(url, repeated) if method == "GET" else construct_post_url(url, repeated)
    signature: bytes = get_signature_v3(token.encode(), text.decode(), nonce.encode())
    return signature.decode()


def request_with(signature: str, url: str = URL, params: Params = FIELDS, method: str = "POST") -> SignedRequest:
    headers = {"x-plivo-signature-v3": signature, "x-plivo-signature-v3-nonce": NONCE}
    return SignedRequest(method, url, headers, params)


def is_valid(request: SignedRequest, *tokens: str) -> bool:
    return PLIVO.verify(request, tokens or [PLIVO_TOKEN])


@pytest.mark.parametrize("one", SAMPLES, ids=lambda one: one.name.replace(" ", "_"))
def test_a_carriers_request_verifies(one: Payload) -> None:
    assert is_valid(one.request)


@pytest.mark.parametrize("one", SAMPLES, ids=lambda one: one.name.replace(" ", "_"))
def test_any_changed_byte_of_the_body_is_refused(one: Payload) -> None:
    for place, byte in enumerate(one.body):
        body = one.body[:place] + ("y" if byte == "x" else "x") + one.body[place + 1 :]
        assert not is_valid(replace(one.request, params=parse_qsl(body, keep_blank_values=True))), place


@pytest.mark.parametrize("header", ["x-plivo-signature-v3", "x-plivo-signature-v3-nonce"])
def test_any_changed_byte_of_signature_or_nonce_is_refused(header: str) -> None:
    request = payload(Provider.PLIVO, "first request").request
    value = request.headers[header]

    for place in range(len(value)):
        changed = {**request.headers, header: value[:place] + "~" + value[place + 1 :]}
        assert not is_valid(replace(request, headers=changed))


def test_any_changed_byte_of_the_address_is_refused() -> None:
    request = payload(Provider.PLIVO, "first request").request

    for place in range(len(request.url)):
        assert not is_valid(replace(request, url=request.url[:place] + "~" + request.url[place + 1 :]))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("query", ["", "?b=2&a=1", "?a=2&a=1&blank=", "?name=A%20B+C"])
@pytest.mark.parametrize("port", ["", ":8443"])
def test_we_agree_with_the_carriers_own_library_on_every_form_of_address(method: str, query: str, port: str) -> None:
    url = f"https://hotline.example.com{port}/voice/demo{query}"
    params = FIELDS if method == "POST" else parse_qsl(query.removeprefix("?"), keep_blank_values=True)

    assert is_valid(request_with(sdk_signature(method, url, params), url, params, method))


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5))), st.sampled_from(["", "?x=1"]))
def test_we_agree_with_the_carriers_own_library_on_any_fields(params: list[tuple[str, str]], query: str) -> None:
    url = URL + query

    assert is_valid(request_with(sdk_signature("POST", url, params), url, params))


def test_a_get_is_signed_by_its_query() -> None:
    url = f"{URL}?{urlencode(FIELDS)}"
    signature = sdk_signature("GET", url, [])

    assert is_valid(request_with(signature, url, FIELDS, "GET"))
    assert not is_valid(request_with(signature, url + "&Digits=1", FIELDS, "GET"))


def test_the_fragment_is_not_signed() -> None:
    assert is_valid(request_with(sdk_signature("POST", URL, FIELDS), URL + "#rc=3"))


def test_one_signature_of_a_list_is_enough() -> None:
    assert is_valid(request_with(f"someone-elses, {sdk_signature('POST', URL, FIELDS)} ,another"))


def test_the_main_accounts_signature_verifies_a_subaccounts_request() -> None:
    headers = {
        "x-plivo-signature-v3": sdk_signature("POST", URL, FIELDS, token="the-subaccounts"),
        "x-plivo-signature-ma-v3": sdk_signature("POST", URL, FIELDS),
        "x-plivo-signature-v3-nonce": NONCE,
    }

    assert is_valid(SignedRequest("POST", URL, headers, FIELDS))


def test_during_a_rotation_either_token_will_do() -> None:
    request = request_with(sdk_signature("POST", URL, FIELDS))

    assert is_valid(request, "the-new-token", PLIVO_TOKEN)
    assert not is_valid(request, "the-new-token")


@pytest.mark.parametrize("tokens", [[], [""]])
def test_no_token_verifies_nothing(tokens: list[str]) -> None:
    assert not PLIVO.verify(request_with(sdk_signature("POST", URL, FIELDS, token="")), tokens)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-plivo-signature-v3-nonce": NONCE},
        {"x-plivo-signature-v3": " , ", "x-plivo-signature-v3-nonce": NONCE},
        {"x-plivo-signature-v3": "é\ud800", "x-plivo-signature-v3-nonce": NONCE},
        {"x-plivo-signature-v3": sdk_signature("POST", URL, FIELDS, nonce=""), "x-plivo-signature-v3-nonce": ""},
    ],
)
def test_a_missing_or_odd_signature_is_refused(headers: dict[str, str]) -> None:
    assert not is_valid(SignedRequest("POST", URL, headers, FIELDS))


def test_version_2_alone_is_refused() -> None:
    signature = base64.b64encode(hmac.digest(PLIVO_TOKEN.encode(), (URL + NONCE).encode(), "sha256")).decode()
    assert validate_signature(URL, NONCE, signature, PLIVO_TOKEN)
    headers = {"x-plivo-signature-v2": signature, "x-plivo-signature-v2-nonce": NONCE}

    assert not is_valid(SignedRequest("POST", URL, headers, FIELDS))


def test_another_method_is_refused() -> None:
    assert not is_valid(request_with(sdk_signature("POST", URL, FIELDS), method="PUT"))


@given(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)), st.sampled_from(["GET", "POST", ""]))
def test_verifying_never_raises(url: str, text: str, method: str) -> None:
    assert not PLIVO.verify(request_with(text, url, [(text, text)], method), [text])
