"""Somebody else's webhooks: body or query parameters, and the header by which a repetition is known."""

from ipaddress import IPv4Network
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from channels.egress import guarded_client
from channels.shift_webhook import NOTICE_HEADER, send_to_webhook
from domain.delivery import Refused, Sent, TryLater, Unknown
from domain.directory import ShiftWebhook, WebhookMethod
from tests.stories.alerting import serving
from tests.stories.house import free_port
from tests.support.fake_carrier import FakeCarrier

DOCUMENT: dict[str, Any] = {
    "event_type": "oncall_shift_start",
    "user": {"id": "ana", "firstName": "Ana", "email": None},
    "oncall": {"id": "primary", "shift": {"start": "2026-01-05T08:00:00.000Z"}},
}


def webhook(method: WebhookMethod, url: str = "https://status.example/hook?team=a") -> ShiftWebhook:
    return ShiftWebhook("status", url, ("primary",), method)


@pytest.mark.parametrize("method", [WebhookMethod.POST, WebhookMethod.PUT])
async def test_post_and_put_carry_the_document(method: WebhookMethod) -> None:
    fake = FakeCarrier([httpx2.Response(200)])
    assert await send_to_webhook(fake.client(), webhook(method), "ntc_1", DOCUMENT) == Sent("webhook", "ntc_1")
    assert (fake.request.method, fake.request.headers[NOTICE_HEADER]) == (method, "ntc_1")
    assert fake.json() == DOCUMENT


async def test_get_carries_the_same_fields_as_parameters_beside_its_own() -> None:
    fake = FakeCarrier([httpx2.Response(200)])
    await send_to_webhook(fake.client(), webhook(WebhookMethod.GET), "ntc_1", DOCUMENT)
    assert (fake.request.content, fake.request.headers[NOTICE_HEADER]) == (b"", "ntc_1")
    assert dict(fake.request.url.params) == {
        "team": "a",
        "event_type": "oncall_shift_start",
        "user.id": "ana",
        "user.firstName": "Ana",
        "oncall.id": "primary",
        "oncall.shift.start": "2026-01-05T08:00:00.000Z",
    }


@pytest.mark.parametrize(("status", "error"), [(429, TryLater), (500, Unknown), (410, Refused)])
async def test_an_answer_that_is_no_success_has_its_meaning(status: int, error: type[Exception]) -> None:
    fake = FakeCarrier([httpx2.Response(status)])
    with pytest.raises(error) as failure:
        await send_to_webhook(fake.client(), webhook(WebhookMethod.POST), "ntc_1", DOCUMENT)
    assert "status.example" not in str(failure.value)


@pytest.mark.parametrize("method", WebhookMethod)
async def test_an_address_that_cannot_be_used_is_refused_whatever_the_method(method: WebhookMethod) -> None:
    unusable = webhook(method, "https://\N{SOFT HYPHEN}/hook")
    with pytest.raises(Refused) as refusal:
        await send_to_webhook(FakeCarrier([httpx2.Response(200)]).client(), unusable, "ntc_1", DOCUMENT)
    assert refusal.value.code == "bad_address"


async def test_it_arrives_over_a_real_connection_where_its_network_is_allowed() -> None:
    arrived: list[Any] = []

    async def take(request: Request) -> Response:
        arrived.append(await request.json())
        return Response(status_code=204)

    port = free_port()
    here = webhook(WebhookMethod.POST, f"http://127.0.0.1:{port}/hook")
    receiver = serving(Starlette(routes=[Route("/hook", take, methods=["POST"])]), port)
    async with receiver, guarded_client((IPv4Network("127.0.0.0/8"),), timeout_seconds=5) as client:
        await send_to_webhook(client, here, "ntc_1", DOCUMENT)
    assert arrived == [DOCUMENT]
