"""Whether this process lives, whether it can do its job, and what it counts."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.security import AnyService
from api.services import Services
from temporal.door import Unavailable

router = APIRouter(include_in_schema=False)

_PATIENCE_SECONDS = 3.0

Check = Callable[[Services], Awaitable[None]]


class NotReady(Exception):
    """A part cannot do its job; the message is a sentence for the operator."""


@router.get("/healthz")
async def healthz() -> Response:
    return PlainTextResponse("ok\n")


@router.get("/readyz")
async def readyz(services: AnyService) -> Response:
    parts: dict[str, Check] = {"database": _database, "route_book": _route_book}
    if services.door is not None:
        parts["temporal"] = _temporal
    found = await asyncio.gather(*(_problem(check, services) for check in parts.values()))
    problems = {name: problem for name, problem in zip(parts, found, strict=True) if problem is not None}
    document = {"ready": not problems, "parts": dict.fromkeys(parts, "ok") | problems}
    return JSONResponse(document, 503 if problems else 200, {"Cache-Control": "no-store"})


@router.get("/metrics")
async def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _problem(check: Check, services: Services) -> str | None:
    """What is wrong with a part. Whatever the check raises, a probe gets an answer, and no details that are not its
    business."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await check(services)
    except NotReady as problem:
        return str(problem)
    except TimeoutError:
        return f"It did not answer within {_PATIENCE_SECONDS:.0f} s."
    except Exception as error:
        return f"It cannot be used ({type(error).__name__}); the log says more."
    return None


async def _database(services: Services) -> None:
    await services.database.ping()


async def _route_book(services: Services) -> None:
    if not services.route_book.is_loaded:
        raise NotReady("The configuration was never loaded, so calls cannot be routed.")


async def _temporal(services: Services) -> None:
    """The way of a call's first answer, through a worker, without a call; and whether calls take it."""
    assert services.door is not None
    try:
        await services.door.ping(f"ready-{socket.gethostname()}")
    except Unavailable:
        raise NotReady("Temporal, or a worker behind it, does not answer. Calls go on without it.") from None
    if not services.calls_use_temporal():
        raise NotReady(
            "Temporal answers, but did not answer calls in time. They are answered without Temporal for now."
        )
