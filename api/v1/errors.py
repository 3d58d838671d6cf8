"""Errors in one shape: ``{"error": {"code", "message", "fields"}}``, whatever went wrong."""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from config.problems import InvalidResource, Problem, errors
from config.service import UnknownResource, VersionConflict
from storage.incident_actions import NoSuchIncident
from storage.paging import BadCursor

_log = logging.getLogger(__name__)

_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
_MESSAGES = {404: "There is nothing at this address.", 405: "This address does not take this method."}


class ApiError(Exception):
    """``code`` is for programs, ``message`` a sentence for people, ``fields`` what is wrong where. ``state`` is the
    resource as it is now, where that explains a conflict."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.fields = dict(fields or {})
        self.headers = dict(headers or {})
        self.state = dict(state or {})


def not_found(what: str) -> ApiError:
    return ApiError(404, "not_found", f"There is no {what}.")


def invalid(field: str, message: str) -> ApiError:
    """One field that cannot be taken."""
    return ApiError(422, "invalid", message, {field: message})


class _ErrorResponse(JSONResponse):
    """JSON text may hold half a surrogate pair, which UTF-8 cannot: quoted back, it stays an escape."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def error_response(error: ApiError) -> JSONResponse:
    document = {"error": {"code": error.code, "message": str(error), "fields": error.fields}, **error.state}
    return _ErrorResponse(document, error.status, error.headers)


def handle_errors(app: FastAPI) -> None:
    """Register the handlers."""

    @app.exception_handler(ApiError)
    async def api_error(_request: Request, error: ApiError) -> JSONResponse:
        return error_response(error)

    @app.exception_handler(RequestValidationError)
    async def invalid_request(_request: Request, error: RequestValidationError) -> JSONResponse:
        return error_response(_from_validation(error.errors()))

    @app.exception_handler(HTTPException)
    async def http_error(_request: Request, error: HTTPException) -> JSONResponse:
        code = _CODES.get(error.status_code, "bad_request")
        message = _MESSAGES.get(error.status_code, "The request cannot be read.")
        return error_response(ApiError(error.status_code, code, message, headers=error.headers))

    @app.exception_handler(NoSuchIncident)
    async def no_such_incident(_request: Request, error: NoSuchIncident) -> JSONResponse:
        return error_response(not_found(f"incident {error}"))

    @app.exception_handler(BadCursor)
    async def bad_cursor(_request: Request, error: BadCursor) -> JSONResponse:
        return error_response(ApiError(400, "bad_cursor", str(error), {"cursor": str(error)}))

    @app.exception_handler(InvalidResource)
    async def invalid_resource(_request: Request, error: InvalidResource) -> JSONResponse:
        return error_response(refused(error))

    @app.exception_handler(UnknownResource)
    async def unknown_resource(_request: Request, error: UnknownResource) -> JSONResponse:
        return error_response(ApiError(404, "not_found", f"{_sentence(str(error))}."))

    @app.exception_handler(VersionConflict)
    async def version_conflict(_request: Request, error: VersionConflict) -> JSONResponse:
        headers = {} if error.current is None else {"ETag": f'"{error.current}"'}
        return error_response(ApiError(409, "version_conflict", f"{_sentence(str(error))}.", headers=headers))

    @app.exception_handler(UnicodeEncodeError)
    async def half_a_character(_request: Request, _error: UnicodeEncodeError) -> JSONResponse:
        # Raised wherever such a text is first used: by the validator, or by the database.
        return error_response(ApiError(400, "bad_text", "A text of the request has half a surrogate pair in it."))

    @app.exception_handler(DBAPIError)
    @app.exception_handler(OSError)
    async def database_away(_request: Request, error: Exception) -> JSONResponse:
        _log.warning("A request could not be served: %r", error)
        message = "The database does not answer. Calls go on; try again in a moment."
        return error_response(ApiError(503, "unavailable", message, headers={"Retry-After": "2"}))

    @app.exception_handler(Exception)
    async def unexpected(_request: Request, error: Exception) -> JSONResponse:
        _log.error("A request failed.", exc_info=error)
        return error_response(ApiError(500, "internal", "Something went wrong on our side; the log says what."))


def refused(error: InvalidResource, code: str = "invalid", status: int = 422) -> ApiError:
    """What the validator says, each finding under its field."""
    found = errors(error.problems)
    return ApiError(status, code, "; ".join(map(str, found)), _fields(found))


def _fields(problems: Iterable[Problem]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for problem in problems:
        name = problem.field or "body"
        fields[name] = f"{fields[name]}; {problem.message}" if name in fields else problem.message
    return fields


def _from_validation(found: Sequence[Any]) -> ApiError:
    if any(error["type"] == "json_invalid" for error in found):
        return ApiError(400, "bad_json", "The body is not JSON.")
    fields = {_field(error["loc"]): str(error["msg"]).removeprefix("Value error, ") for error in found}
    message = "; ".join(f"{field}: {text}" for field, text in fields.items())
    return ApiError(422, "invalid", message, fields)


def _field(location: Sequence[str | int]) -> str:
    """``("body", "chain", 0, "ring")`` is ``chain[0].ring``."""
    text = ""
    for step in location[1:]:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text or str(location[0])


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
