"""Signing in with a link that works once.

Opening the link changes nothing: mail scanners and previews open links too. The button on the page uses it up.
"""

from typing import Annotated

from fastapi import APIRouter, Cookie, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.pages import SEE_OTHER, page
from api.security import SESSION_COOKIE, AnyService
from api.services import Services, utc_now
from config.settings import Settings
from storage import tokens
from storage.engine import Database

router = APIRouter(include_in_schema=False)


async def sign_in_link(database: Database, settings: Settings, user: str) -> str:
    """The address of a sign-in page for the user with this key, good once within the hour."""
    async with database.write() as session:
        secret = await tokens.create_sign_in(session, user, utc_now())
    return f"{settings.public_url}/sign-in/{secret}"


@router.get("/sign-in")
async def how_to_sign_in(request: Request) -> HTMLResponse:
    return page(request, "sign_in_how.html")


@router.get("/sign-in/{token}")
async def sign_in_page(request: Request, token: str) -> HTMLResponse:
    return page(request, "sign_in.html", token=token)


@router.post("/sign-in/{token}")
async def sign_in(request: Request, token: str, services: AnyService) -> Response:
    now = services.clock()
    users = (await services.config.directory()).users
    async with services.database.write() as session:
        user = await tokens.use_sign_in(session, token, now)
        secret = await tokens.create_session(session, user, now) if user in users and user else None
    if secret is None:
        return page(request, "sign_in_failed.html", status=403)
    response = RedirectResponse("/", SEE_OTHER)
    _set_cookie(response, services, secret, int(tokens.SESSION_LIFETIME.total_seconds()))
    return response


@router.post("/sign-out")
async def sign_out(
    services: AnyService, secret: Annotated[str | None, Cookie(alias=SESSION_COOKIE)] = None
) -> Response:
    if secret:
        async with services.database.write() as session:
            await tokens.end_session(session, secret)
    response = RedirectResponse("/sign-in", SEE_OTHER)
    _set_cookie(response, services, "", 0)
    return response


def _set_cookie(response: Response, services: Services, secret: str, seconds: int) -> None:
    response.set_cookie(
        SESSION_COOKIE,
        secret,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=services.settings.public_url.startswith("https://"),
    )
