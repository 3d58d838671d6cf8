"""Rendering pages: templates, words for times, and the headers that keep a page to itself."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

SEE_OTHER = 303
FOLDER = Path(__file__).parent

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@pass_context
def _moment(context: Context, value: datetime | None) -> str:
    """In the time zone of the one who looks."""
    if value is None:
        return ""
    principal = context["principal"]
    zone = ZoneInfo(principal.timezone) if principal else UTC
    return value.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def _seconds(value: int | None) -> str:
    """``33 s``, ``2 min 05 s``."""
    if value is None:
        return ""
    minutes, seconds = divmod(value, 60)
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


def _words(value: str | None) -> str:
    return (value or "").replace("_", " ")


def _capitalized(value: str) -> str:
    return value[:1].upper() + value[1:]


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


_templates = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(moment=_moment, seconds=_seconds, words=_words, capitalize_first=_capitalized, pretty=_pretty)


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page from a template; ``principal`` among the values makes it one of somebody who is signed in."""
    content = _templates.get_template(template).render({"principal": None, "path": request.url.path, **values})
    return HTMLResponse(content, status, {"Cache-Control": "no-store"})


async def with_safe_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Nothing from elsewhere runs or loads in our pages, and nobody frames them."""
    response = await call_next(request)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response
