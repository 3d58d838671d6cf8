"""Recordings are fetched from the carrier's own hosts, whole or not at all."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from domain.delivery import Refused, TryLater
from domain.directory import CarrierAccount, Provider
from telephony import recordings
from telephony.rest import carrier_rest
from tests.support.fake_carrier import Answer, FakeCarrier

TWILIO_URL = "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1"
PLIVO_URL = "https://media.plivo.com/v1/Account/MA1/Recording/r-1.mp3"
TWILIO = CarrierAccount("twilio", Provider.TWILIO, "AC1", "secret")
SIMULATED = CarrierAccount("twilio", Provider.TWILIO, "AC1", "secret", base_url="http://127.0.0.1:9000/sim")


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def audio(*parts: bytes, **headers: str) -> httpx2.Response:
    return httpx2.Response(200, headers={"Content-Type": "audio/mpeg"} | headers, content=pieces(*parts))


async def fetch(
    url: str, *answers: Answer, account: CarrierAccount | None = None, provider: Provider = Provider.TWILIO
) -> tuple[bytes, str, int | None, FakeCarrier]:
    fake = FakeCarrier(list(answers))
    async with carrier_rest(provider, fake.client()).fetch_recording(url, account) as stream:
        content = b"".join([chunk async for chunk in stream.chunks])
        return content, stream.content_type, stream.length, fake


async def test_a_recording_is_streamed_with_type_length_and_credentials() -> None:
    content, kind, length, fake = await fetch(TWILIO_URL, audio(b"ab", b"c", **{"Content-Length": "3"}), account=TWILIO)
    assert (content, kind, length) == (b"abc", "audio/mpeg", 3)
    assert fake.request.headers["authorization"].startswith("Basic ")


async def test_without_an_account_no_credentials_are_sent() -> None:
    *_, fake = await fetch(TWILIO_URL, audio(b"x"))
    assert "authorization" not in fake.request.headers


@pytest.mark.parametrize(
    ("provider", "url"),
    [
        (Provider.TWILIO, TWILIO_URL + ".mp3"),
        (Provider.TWILIO, TWILIO_URL.replace("api.", "api.dublin.ie1.") + ".wav?RequestedChannels=2"),
        (Provider.TWILIO, TWILIO_URL.replace(".com/", ".com:443/")),
        (Provider.PLIVO, PLIVO_URL),
        (Provider.PLIVO, PLIVO_URL.replace("media", "aps1.media")),
    ],
)
async def test_the_carriers_own_media_hosts_are_asked(provider: Provider, url: str) -> None:
    content, *_ = await fetch(url, audio(b"x"), provider=provider)
    assert content == b"x"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "http://[::1",
        "file:///etc/passwd",
        "http://169.254.169.254/2010-04-01/Accounts/AC1/Recordings/RE1",
        TWILIO_URL.replace("https", "http"),
        TWILIO_URL.replace("api.twilio.com", "api.twilio.com.evil.example"),
        TWILIO_URL.replace("api.twilio.com", "evilapi.twilio.com"),
        TWILIO_URL.replace("api.twilio.com", "api.twilio.com@evil.example"),
        TWILIO_URL.replace("api.twilio.com", "eve:x@api.twilio.com"),
        TWILIO_URL.replace("api.twilio.com", "api.twilio.com:8443"),
        TWILIO_URL.replace("api.twilio.com", "evil.example\\@api.twilio.com"),
        TWILIO_URL.replace("api.twilio.com", "evil.example#api.twilio.com"),
        "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json",
        "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/../Messages.json",
        "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/%2e%2e/Messages.json",
        "http://127.0.0.1:9000/sim/RE1",
        PLIVO_URL,
    ],
)
async def test_any_other_address_is_refused_without_asking_it(url: str) -> None:
    fake = FakeCarrier([audio(b"secret")])
    with pytest.raises(Refused) as refusal:
        async with carrier_rest(Provider.TWILIO, fake.client()).fetch_recording(url, TWILIO):
            pass
    assert refusal.value.code == "not_a_recording"
    assert fake.requests == []


async def test_the_accounts_base_url_is_asked_and_nothing_else_on_that_host() -> None:
    content, *_ = await fetch("http://127.0.0.1:9000/sim/media/RE1", audio(b"x"), account=SIMULATED)
    assert content == b"x"
    for url in (
        "http://127.0.0.1:9001/sim/media/RE1",
        "https://127.0.0.1:9000/sim/RE1",
        "http://localhost:9000/sim/RE1",
    ):
        with pytest.raises(Refused):
            await fetch(url, audio(b"x"), account=SIMULATED)


async def test_a_redirect_is_refused_and_not_followed() -> None:
    fake = FakeCarrier([httpx2.Response(302, headers={"Location": "http://169.254.169.254/"})])
    with pytest.raises(Refused):
        async with carrier_rest(Provider.TWILIO, fake.client()).fetch_recording(TWILIO_URL, TWILIO):
            pass
    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "needs_credentials"), (403, "needs_credentials"), (410, "gone"), (400, "not_a_recording")],
)
async def test_permanent_failures_say_what_to_do(status: int, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        await fetch(TWILIO_URL, httpx2.Response(status))
    assert refusal.value.code == code


@pytest.mark.parametrize(
    "answer",
    [httpx2.Response(status) for status in (404, 429, 500, 503)]
    + [httpx2.ConnectError("x"), httpx2.ReadTimeout("x"), httpx2.RemoteProtocolError("x")],
)
async def test_what_is_not_ready_or_not_reachable_may_be_tried_again(answer: Answer) -> None:
    with pytest.raises(TryLater):
        await fetch(TWILIO_URL, answer)


async def test_a_page_instead_of_audio_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        await fetch(TWILIO_URL, httpx2.Response(200, html="<h1>sign in</h1>"))
    assert refusal.value.code == "not_a_recording"


async def test_a_recording_that_breaks_off_is_tried_again_not_stored_short() -> None:
    with pytest.raises(TryLater):
        await fetch(TWILIO_URL, audio(b"ab", **{"Content-Length": "3"}))


async def test_a_recording_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "MAX_BYTES", 5)
    for endless in (audio(b"abc", b"def"), audio(b"abcdef", **{"Content-Length": "6"})):
        with pytest.raises(Refused) as refusal:
            await fetch(TWILIO_URL, endless)
        assert refusal.value.code == "too_large"
