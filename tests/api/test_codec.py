"""The codec endpoint shows sealed payloads to whoever is signed in, and lets only Temporal's UI read across origins."""

import asyncio
import base64
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio
import uvicorn
from temporalio.client import Client

from api.codec import codec_application
from config.keys import Keyring, Purpose
from domain.directory import Role
from temporal.converter import data_converter
from tests.api.house import House
from tests.support.temporal_server import TemporalServer

#: as :func:`tests.api.house.open_house` sets it
UI = "http://127.0.0.1:8233"
SECRET = "Ana Reyes, +15550100001"


@pytest_asyncio.fixture
async def codec(house: House) -> AsyncIterator[House]:
    """The house with the codec endpoint at its place."""
    house.app.mount("/codec", codec_application(house.services))
    # Mounts are tried in order, and the dashboard takes everything.
    house.app.router.routes.insert(0, house.app.router.routes.pop())
    yield house


def as_json(payload: Any) -> dict[str, Any]:
    metadata = {key: base64.b64encode(value).decode() for key, value in payload.metadata.items()}
    return {"metadata": metadata, "data": base64.b64encode(payload.data).decode()}


async def sealed(value: object = SECRET, key: str = "a test's key") -> dict[str, Any]:
    """The body of a request to decode, as Temporal's UI sends it."""
    payloads = await data_converter(Keyring([key], Purpose.PAYLOADS)).encode([value])
    return {"payloads": [as_json(payload) for payload in payloads]}


def read(response: httpx2.Response) -> str:
    (payload,) = response.json()["payloads"]
    return base64.b64decode(payload["data"]).decode()


@pytest.mark.parametrize("role", list(Role))
async def test_a_token_of_any_role_may_decode(codec: House, role: Role) -> None:
    response = await codec.as_(role).post("/codec/decode", json=await sealed())
    assert response.status_code == 200
    assert read(response) == f'"{SECRET}"'


async def test_the_temporal_ui_of_somebody_who_is_signed_in_may_decode(codec: House) -> None:
    browser = await codec.sign_in("ben")
    response = await browser.post(
        "/codec/decode", json=await sealed(), headers={"Origin": UI, "X-Namespace": "default"}
    )
    assert read(response) == f'"{SECRET}"'
    assert response.headers["access-control-allow-origin"] == UI
    assert response.headers["access-control-allow-credentials"] == "true"
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("way", ["decode", "encode"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer dly_unknown"}, {"Cookie": "dutyline_session=x"}])
async def test_nobody_else_may(codec: House, way: str, headers: dict[str, str]) -> None:
    response = await codec.client().post(f"/codec/{way}", json=await sealed(), headers={"Origin": UI} | headers)
    assert response.status_code == 401
    assert SECRET not in response.text
    # The UI is shown why.
    assert response.headers["access-control-allow-origin"] == UI


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:8234", "null", None])
async def test_the_cookie_counts_for_no_other_page(codec: House, origin: str | None) -> None:
    browser = await codec.sign_in("ben")
    headers = {"Origin": origin} if origin else {}
    response = await browser.post("/codec/decode", json=await sealed(), headers=headers)
    assert response.status_code == 403
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(("origin", "status"), [(UI, 200), ("https://evil.example", 400)])
async def test_a_browser_asks_first_and_without_the_cookie(codec: House, origin: str, status: int) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-namespace"}
    response = await codec.client().options("/codec/decode", headers={"Origin": origin} | asked)
    assert response.status_code == status
    assert response.headers.get("access-control-allow-origin") == (UI if origin == UI else None)
    if origin == UI:
        assert response.headers["access-control-allow-headers"] == "content-type,x-namespace"


async def test_what_was_encoded_is_sealed_and_decodes(codec: House) -> None:
    admin = codec.as_("admin")
    plain = {"metadata": {"encoding": base64.b64encode(b"json/plain").decode()}, "data": "ImhlbGxvIg=="}
    encoded = (await admin.post("/codec/encode", json={"payloads": [plain]})).json()
    assert encoded["payloads"][0]["data"] != plain["data"]
    assert (await admin.post("/codec/decode", json=encoded)).json() == {"payloads": [plain]}


async def test_a_payload_of_an_unknown_key_is_a_sentence(codec: House) -> None:
    response = await codec.as_("admin").post("/codec/decode", json=await sealed(key="another key"))
    assert response.status_code == 422
    assert "DUTYLINE_SECRET_KEY" in response.json()["error"]["message"]


@pytest.mark.parametrize("body", [b"", b"\xff", b'{"payloads": 3}', b"[" * 9999])
async def test_a_malformed_body_is_refused(codec: House, body: bytes) -> None:
    response = await codec.as_("admin").post("/codec/decode", content=body)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "bad_json"


async def test_a_body_that_is_too_large_is_refused(codec: House) -> None:
    response = await codec.as_("admin").post("/codec/decode", content=b" " * (1024 * 1024 + 1))
    assert response.status_code == 413


async def test_temporals_own_command_reads_a_payload_with_a_token(
    codec: House, quiet_temporal_server: TemporalServer
) -> None:
    client = await Client.connect(
        quiet_temporal_server.address, data_converter=data_converter(Keyring(["a test's key"], Purpose.PAYLOADS))
    )
    run = await client.start_workflow("Unknown", SECRET, id=f"sealed-{uuid4().hex}", task_queue="nobody")
    async with served(codec) as address:
        shown = [
            await shown_by_the_command(quiet_temporal_server, run.id, *options)
            for options in (
                [],
                ["--codec-endpoint", f"{address}/codec", "--codec-auth", f"Bearer {codec.tokens['viewer']}"],
            )
        ]
    await run.terminate()
    in_the_clear = base64.b64encode(f'"{SECRET}"'.encode()).decode()
    assert [in_the_clear in text for text in shown] == [False, True]


@asynccontextmanager
async def served(house: House) -> AsyncIterator[str]:
    """The house on a port of this machine."""
    server = uvicorn.Server(uvicorn.Config(house.app, port=0, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 (the server sets no event)
        await asyncio.sleep(0.02)
    host, port = server.servers[0].sockets[0].getsockname()
    yield f"http://{host}:{port}"
    server.should_exit = True
    await serving


async def shown_by_the_command(server: TemporalServer, workflow_id: str, *options: str) -> str:
    command = [str(server.cli), "workflow", "show", "--address", server.address, "-w", workflow_id, "-o", "json"]
    process = await asyncio.create_subprocess_exec(*command, *options, stdout=PIPE)
    output, _ = await process.communicate()
    return output.decode()
