"""The codec endpoint: shows sealed payloads to signed-in people in Temporal's UI and in its command.

Temporal's remote codec protocol: ``POST …/decode`` and ``POST …/encode`` take and return ``{"payloads": […]}``. The UI
is a page of another origin, so that one origin may read the answers; it has to be told to send the cookie ("include
cross-origin credentials"). The command sends an API token: ``temporal --codec-endpoint … --codec-auth "Bearer …"``.
"""

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import Response
from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads

from api.body_limit import BodyLimit
from api.security import signed_in
from api.services import Services
from api.v1.errors import ApiError, handle_errors
from config.keys import Purpose, Unreadable
from temporal.converter import SealingCodec

Convert = Callable[[Sequence[Payload]], Awaitable[list[Payload]]]


def codec_application(services: Services) -> FastAPI:
    """To be mounted at ``/codec``. Everybody who is signed in may use it, with any role."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.services = services
    codec = SealingCodec(services.settings.keyring(Purpose.PAYLOADS))
    ui_origin = _origin(services.settings.temporal_ui_url)

    @app.post("/decode")
    async def decode(request: Request) -> Response:
        return await _convert(request, ui_origin, codec.decode)

    @app.post("/encode")
    async def encode(request: Request) -> Response:
        return await _convert(request, ui_origin, codec.encode)

    handle_errors(app)
    app.add_middleware(BodyLimit)
    # Outermost, so that the UI may read refusals as well.
    app.add_middleware(
        CORSMiddleware,
        allow_origins=[ui_origin] if ui_origin else [],
        allow_credentials=True,
        allow_methods=["POST"],
        allow_headers=["*"],
    )
    return app


async def _convert(request: Request, ui_origin: str | None, convert: Convert) -> Response:
    await _require_somebody(request, ui_origin)
    payloads = _parsed(await request.body())
    try:
        converted = await convert(payloads.payloads)
    except Unreadable as error:
        message = f"A payload cannot be read ({error}). Is the key it was sealed with still in DUTYLINE_SECRET_KEY?"
        raise ApiError(422, "unreadable", message) from None
    document = json_format.MessageToJson(Payloads(payloads=converted), indent=None)
    return Response(document, media_type="application/json", headers={"Cache-Control": "no-store"})


async def _require_somebody(request: Request, ui_origin: str | None) -> None:
    principal = await signed_in(request)
    if principal is None:
        raise ApiError(
            401,
            "unauthorized",
            "Sign in to Dutyline in this browser and let Temporal's UI send its cookie, or send an API token.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    if principal.by_cookie and request.headers.get("origin") != ui_origin:
        raise ApiError(
            403, "cross_site", "This request does not come from the Temporal UI in DUTYLINE_TEMPORAL_UI_URL."
        )


def _parsed(body: bytes) -> Payloads:
    try:
        return json_format.Parse(body, Payloads(), ignore_unknown_fields=True)
    except (json_format.ParseError, ValueError):
        raise ApiError(400, "bad_json", 'The body is not {"payloads": […]} as Temporal sends it.') from None


def _origin(url: str | None) -> str | None:
    """``https://host:port`` as browsers send it: nothing behind the host, no default port."""
    if not url:
        return None
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    port = f":{parts.port}" if parts.port not in (None, default) else ""
    return f"{parts.scheme}://{parts.hostname}{port}"
