"""Who is asking, and what they may do.

Two ways in: an API token (``Authorization: Bearer …``), or the cookie of a browser that has signed in. Roles include
each other: an admin may everything, a manager configures, a responder acts on incidents and calls, a viewer reads.
"""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from api.services import Services
from api.v1.errors import ApiError
from domain.directory import Role
from domain.phone import mask
from storage import tokens
from storage.incident_actions import Actor
from storage.tables import ApiTokenRow

SESSION_COOKIE = "dutyline_session"
_RANKS = {Role.VIEWER: 0, Role.RESPONDER: 1, Role.MANAGER: 2, Role.ADMIN: 3}
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever is asking. ``user`` is a key of the directory; a token may act for nobody in particular."""

    role: Role
    name: str
    user: str | None = None
    by_cookie: bool = False
    #: in which pages show times
    timezone: str = "Etc/UTC"

    @property
    def actor(self) -> Actor:
        """How incidents and their timelines name this principal."""
        return Actor(self.user or f"token:{self.name}", self.name, "" if self.by_cookie else "by the API")

    def may(self, role: Role) -> bool:
        """Whether the principal has at least this role."""
        return _RANKS[self.role] >= _RANKS[role]

    def sees_phone_of(self, user: str | None) -> bool:
        return self.may(Role.MANAGER) or (user is not None and user == self.user)

    def phone(self, number: str, user: str | None) -> str:
        """The user's number as this principal may see it."""
        return number if self.sees_phone_of(user) else mask(number)


def services_of(request: Request) -> Services:
    """What the application was made with."""
    services: Services = request.app.state.services
    return services


async def identify(request: Request) -> Principal | None:
    """The principal, or ``None`` for a request with neither a good token nor a session. Raises :class:`ApiError` (403)
    when a foreign page makes a signed-in browser change something."""
    principal = await signed_in(request)
    by_browser = principal is not None and principal.by_cookie
    if by_browser and request.method not in _SAFE_METHODS and not _is_from_our_pages(request):
        raise ApiError(403, "cross_site", "This request comes from a page of another site, so it was refused.")
    return principal


async def signed_in(request: Request) -> Principal | None:
    """As :func:`identify`, but whichever page sent it: for routes that change nothing, or look at the page themselves.
    A token that is sent decides alone."""
    services = services_of(request)
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme:
        return await _by_token(services, secret.strip()) if scheme.lower() == "bearer" else None
    return await _by_cookie(services, request.cookies.get(SESSION_COOKIE))


async def _by_token(services: Services, secret: str) -> Principal | None:
    bootstrap = services.settings.bootstrap_token
    if bootstrap and hmac.compare_digest(secret.encode(), bootstrap.encode()):
        return Principal(Role.ADMIN, "bootstrap")
    async with services.database.read() as session:
        row = await tokens.verify_api_token(session, secret)
    if row is None:
        return None
    if row.user is not None and row.user not in (await services.config.directory()).users:
        return None
    await _touch(services, row)
    return Principal(Role(row.role), row.name, row.user)


async def _touch(services: Services, row: ApiTokenRow) -> None:
    now = services.clock()
    if row.last_used_at is None or row.last_used_at < now - _TOUCH_EVERY:
        async with services.database.write() as session:
            await tokens.touch_api_token(session, row.id, now)


async def _by_cookie(services: Services, secret: str | None) -> Principal | None:
    if not secret:
        return None
    async with services.database.read() as session:
        key = await tokens.session_user(session, secret, services.clock())
    user = (await services.config.directory()).users.get(key) if key else None
    return Principal(user.role, user.name, user.key, True, user.timezone) if user else None


def _is_from_our_pages(request: Request) -> bool:
    """Every browser of the last years says where a request comes from; what says nothing is no browser."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    if origin is None:
        return True
    public = urlsplit(services_of(request).settings.public_url).netloc
    return urlsplit(origin).netloc in {request.headers.get("host"), public}


def requires(role: Role) -> Callable[[Request], Awaitable[Principal]]:
    """A dependency that lets in whoever has at least the role: 401 without a principal, 403 with a lesser one."""

    async def check(request: Request) -> Principal:
        principal = await identify(request)
        if principal is None:
            raise ApiError(
                401,
                "unauthorized",
                "Send an API token (Authorization: Bearer …), or sign in.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if not principal.may(role):
            raise ApiError(403, "forbidden", f"This needs the role {role}; yours is {principal.role}.")
        return principal

    return check


AnyService = Annotated[Services, Depends(services_of)]
Viewer = Annotated[Principal, Depends(requires(Role.VIEWER))]
Responder = Annotated[Principal, Depends(requires(Role.RESPONDER))]
Manager = Annotated[Principal, Depends(requires(Role.MANAGER))]
Admin = Annotated[Principal, Depends(requires(Role.ADMIN))]
