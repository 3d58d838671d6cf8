"""Only Twilio (or who knows the token) can sign a request."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from domain.directory import Provider
from telephony.dialect import Params, SignedRequest
from telephony.twilio import TwilioDialect
from tests.telephony.payloads import PAYLOADS, TWILIO_TOKEN, Payload, payload

TWILIO = TwilioDialect()
SAMPLES = [one for one in PAYLOADS if one.provider is Provider.TWILIO]
URL = "https://hotline.example.com/voice/demo"
FIELDS = [("CallSid", "CA1"), ("From", "+14155550116"), ("FromCity", "")]


class _Repeated(dict[str, list[str]]):
    """Repeated fields as web frameworks hand them to the SDK."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


def sdk_signature(url: str, params: Params, token: str = TWILIO_TOKEN, algorithm: str | None = None) -> str:
    repeated = _Repeated()
    for name, value in params:
        repeated.setdefault(name, []).append(value)
    return str(RequestValidator(token).compute_signature(url, repeated, algorithm))


def signed(
    url: str = URL,
    params: Params = FIELDS,
    *,
    signed_url: str = URL,
    signed_params: Params = FIELDS,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> SignedRequest:
    """A request for ``url`` whose signature was made for ``signed_url``."""
    signature = {"x-twilio-signature": sdk_signature(signed_url, signed_params)}
    return SignedRequest(method, url, {**signature, **(headers or {})}, params)


def is_valid(request: SignedRequest, *tokens: str) -> bool:
    return TWILIO.verify(request, tokens or [TWILIO_TOKEN])


@pytest.mark.parametrize("one", SAMPLES, ids=lambda one: one.name.replace(" ", "_"))
def test_a_carriers_request_verifies(one: Payload) -> None:
    assert is_valid(one.request)


@pytest.mark.parametrize("one", SAMPLES, ids=lambda one: one.name.replace(" ", "_"))
def test_any_changed_byte_of_the_body_is_refused(one: Payload) -> None:
    for place, byte in enumerate(one.body):
        body = one.body[:place] + ("y" if byte == "x" else "x") + one.body[place + 1 :]
        assert not is_valid(replace(one.request, params=parse_qsl(body, keep_blank_values=True))), place


def test_any_changed_byte_of_address_or_signature_is_refused() -> None:
    request = payload(Provider.TWILIO, "first request").request
    signature = request.headers["x-twilio-signature"]

    for place in range(len(request.url)):
        assert not is_valid(replace(request, url=request.url[:place] + "~" + request.url[place + 1 :]))
    for place in range(len(signature)):
        changed = signature[:place] + "~" + signature[place + 1 :]
        assert not is_valid(replace(request, headers={"x-twilio-signature": changed}))


@pytest.mark.parametrize("name", ["FromCity", "CallSid"])
def test_a_dropped_field_is_refused(name: str) -> None:
    assert not is_valid(signed(params=[field for field in FIELDS if field[0] != name]))


def test_the_documented_example_verifies() -> None:
    url = "https://example.com/myapp.php?foo=1&bar=2"
    fields = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675310"),
        ("Digits", "1234"),
        ("From", "+14158675310"),
        ("To", "+18005551212"),
    ]
    request = SignedRequest("POST", url, {"x-twilio-signature": "L/OH5YylLD5NRKLltdqwSvS0BnU="}, fields)

    assert is_valid(request, "12345")


def test_during_a_rotation_either_token_will_do() -> None:
    assert is_valid(signed(), "the-new-token", TWILIO_TOKEN)
    assert not is_valid(signed(), "the-new-token", "a-third-token")


@pytest.mark.parametrize("tokens", [[], [""], ["", ""]])
def test_no_token_verifies_nothing(tokens: list[str]) -> None:
    request = replace(signed(), headers={"x-twilio-signature": sdk_signature(URL, FIELDS, token="")})

    assert not TWILIO.verify(request, tokens)


@pytest.mark.parametrize("headers", [{}, {"x-twilio-signature": ""}, {"x-twilio-signature": "é\ud800"}])
def test_a_missing_or_odd_signature_is_refused(headers: dict[str, str]) -> None:
    assert not is_valid(SignedRequest("POST", URL, headers, FIELDS))


def test_a_get_is_signed_by_its_address_alone() -> None:
    url = f"{URL}?{urlencode(FIELDS)}"

    assert is_valid(signed(url, FIELDS, signed_url=url, signed_params=[], method="GET"))
    assert is_valid(signed(url, FIELDS, signed_url=url, signed_params=[], method="get"))
    assert not is_valid(signed(url + "x", FIELDS, signed_url=url, signed_params=[], method="GET"))


def test_a_signature_of_a_get_does_not_cover_a_post() -> None:
    assert not is_valid(signed(signed_params=[], method="POST"))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("https://a.example/x", "https://a.example:443/x"),
        ("https://a.example:443/x", "https://a.example/x"),
        ("https://a.example:8443/x", "https://a.example/x"),
        ("https://a.example:8443/x", "https://a.example:8443/x"),
        ("http://a.example/x", "http://a.example:80/x"),
        ("https://user:pass@a.example/x", "https://a.example/x"),
        ("https://user:p@ss@a.example:443/x?a=b", "https://a.example/x?a=b"),
        ("https://a.example/x#rc=2&rp=ct", "https://a.example/x"),
        ("https://a.example/x?q=1#rc=2", "https://a.example/x?q=1"),
        ("https://[2001:db8::1]/x", "https://[2001:db8::1]/x"),
        ("https://[2001:db8::1]:8443/x", "https://[2001:db8::1]/x"),
        ("https://a.example/x%2Fy/@z", "https://a.example/x%2Fy/@z"),
    ],
)
def test_port_user_and_fragment_may_differ_between_our_address_and_the_signed_one(ours: str, theirs: str) -> None:
    assert is_valid(signed(ours, signed_url=theirs))


@pytest.mark.parametrize(
    "url", ["", "nonsense", "https://", "https://a.example:notaport/x", "https://[::1/x", "//a.example/x", "\ud800"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    assert not is_valid(signed(url))


def test_of_a_repeated_name_each_different_value_counts_once() -> None:
    repeated = [*FIELDS, ("Digits", "2"), ("Digits", "1"), ("Digits", "2")]

    assert is_valid(signed(params=repeated, signed_params=[*FIELDS, ("Digits", "1"), ("Digits", "2")]))
    assert is_valid(signed(params=repeated, signed_params=repeated))


def test_fields_added_after_signing_are_forgiven_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    added = [*FIELDS, ("StirVerstat", "TN-Validation-Passed-A"), ("CallToken", "secret")]

    with caplog.at_level(logging.WARNING):
        assert is_valid(signed(params=added))

    assert "not proven" in caplog.text
    assert "secret" not in caplog.text


def test_no_other_field_added_after_signing_is_forgiven() -> None:
    assert not is_valid(signed(params=[*FIELDS, ("StirVerstat", "x"), ("Digits", "1")]))


def test_a_shared_key_signs_with_sha256() -> None:
    signature = sdk_signature(URL, FIELDS, token="shared", algorithm="HMAC_SHA256")
    settings = "key=webhooks_sharedkey_1, algorithm=hmac_sha256"
    headers = {"x-twilio-signature": signature, "x-twilio-webhooks-signature-settings": settings}

    assert is_valid(SignedRequest("POST", URL, headers, FIELDS), TWILIO_TOKEN, "shared")


def test_an_unknown_algorithm_is_refused() -> None:
    assert not is_valid(signed(headers={"x-twilio-webhooks-signature-settings": "key=k,algorithm=HMAC_MD5"}))


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5))), st.sampled_from(["", ":443", ":8443"]))
def test_we_agree_with_the_carriers_own_library(params: list[tuple[str, str]], port: str) -> None:
    url = f"https://a.example{port}/voice/x"

    assert is_valid(signed(url, params, signed_url=url, signed_params=params))


@given(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)), st.dictionaries(st.text(), st.text()))
def test_verifying_never_raises(url: str, text: str, headers: dict[str, str]) -> None:
    given_headers = {**headers, "x-twilio-signature": text, "x-twilio-webhooks-signature-settings": text}
    assert not TWILIO.verify(SignedRequest("POST", "https://a.example/" + url, given_headers, [(text, text)]), [text])
