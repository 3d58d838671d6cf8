"""From the body of a resource to its model, with pydantic's findings put into sentences."""

import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.hotlines import Hotline
from config.problems import Path, Problem, did_you_mean
from config.resources import (
    SECRET_FIELDS,
    Calendar,
    Carrier,
    Contact,
    EscalationPolicy,
    Integration,
    Kind,
    Model,
    Organization,
    OwnIncidents,
    Room,
    Service,
    ShiftWebhook,
    User,
)
from config.schedules import Schedule

MODELS: dict[Kind, type[Model]] = {
    Kind.ORGANIZATION: Organization,
    Kind.USERS: User,
    Kind.SCHEDULES: Schedule,
    Kind.ESCALATION_POLICIES: EscalationPolicy,
    Kind.SERVICES: Service,
    Kind.INTEGRATIONS: Integration,
    Kind.CARRIERS: Carrier,
    Kind.HOTLINES: Hotline,
    Kind.CONTACTS: Contact,
    Kind.ROOMS: Room,
    Kind.SHIFT_WEBHOOKS: ShiftWebhook,
    Kind.CALENDARS: Calendar,
    Kind.OWN_INCIDENTS: OwnIncidents,
}

_LONGEST_SHOWN = 60


def parse(kind: Kind, key: str, body: object) -> tuple[Model | None, list[Problem]]:
    """The model, or ``None`` with what is wrong. Never raises, whatever the body is."""
    model = MODELS[kind]
    if not isinstance(body, dict):
        return None, [Problem((kind, key), f"must be a mapping like {_example(model)}, not {shown(body)}")]
    try:
        return model.model_validate(body), []
    except ValidationError as invalid:
        return None, [_problem((kind, key), model, body, error) for error in invalid.errors(include_url=False)]


def _problem(prefix: Path, model: type[Model], body: object, error: ErrorDetails) -> Problem:
    return Problem(prefix + _path_in(body, error["loc"]), _sentence(model, error))


def _path_in(body: object, loc: Path) -> Path:
    """The steps of ``loc`` that are in the body; pydantic puts names of its own between them."""
    path: list[str | int] = []
    for step in loc:
        match body, step:
            case dict(), str() if step in body:
                body = body[step]
            case list(), int() if step < len(body):
                body = body[step]
            case _:
                continue
        path.append(step)
    return tuple(path)


def _sentence(model: type[Model], error: ErrorDetails) -> str:
    last = error["loc"][-1] if error["loc"] else ""
    value = "(hidden)" if SECRET_FIELDS.intersection(map(str, error["loc"])) else error["input"]
    context: dict[str, Any] = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return f"{last} is missing"
        case "extra_forbidden":
            return f"unknown key {last!r}{did_you_mean(str(last), _known_keys(model, error['loc'][:-1]))}"
        case "value_error":
            return str(context["error"])
        case "enum" | "literal_error":
            words = [word.strip("' ") for word in str(context["expected"]).replace(" or ", ",").split(",")]
            return f"must be one of {', '.join(words)}; found {shown(value)}{_near(value, words)}"
        case "string_type":
            hint = "; put it in quotes" if isinstance(value, int | float) else ""
            return f"must be a text; found {shown(value)}{hint}"
        case "bool_type":
            return f"must be true or false; found {shown(value)}"
        case "int_type":
            return f"must be a whole number; found {shown(value)}"
        case "list_type" | "tuple_type":
            return f"must be a list; found {shown(value)}"
        case "model_type" | "dict_type":
            return f"must be a mapping; found {shown(value)}"
        case "too_short":
            return "must not be empty"
        case "too_long":
            return f"has more than {context['max_length']} entries"
        case "string_too_short":
            return "must not be empty"
        case "string_too_long":
            return f"is longer than {context['max_length']} characters"
        case "greater_than_equal":
            return f"must be at least {context['ge']}; found {shown(value)}"
        case "less_than_equal":
            return f"must be at most {context['le']}; found {shown(value)}"
        case _:
            return error["msg"]


def _near(value: object, words: list[str]) -> str:
    hint = did_you_mean(value, words) if isinstance(value, str) else ""
    return "" if hint.startswith("; known") else hint


def _known_keys(model: type[BaseModel], loc: Path) -> list[str]:
    for step in loc:
        for name, field in model.model_fields.items():
            if (field.alias or name) == step:
                model = next(_models_in(field.annotation), model)
    return [field.alias or name for name, field in model.model_fields.items()]


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _models_in(part)


def _example(model: type[BaseModel]) -> str:
    needed = [field.alias or name for name, field in model.model_fields.items() if field.is_required()]
    return "{" + ", ".join(f"{name}: …" for name in needed or list(model.model_fields)[:1]) + "}"


def shown(value: object) -> str:
    """A value as it may stand in a sentence: short, and without what could be a secret in it."""
    match value:
        case None:
            return "nothing (null)"
        case bool():
            return "true" if value else "false"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case int() | float():
            return str(value)
        case _:
            text = str(value)
            return repr(text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…")
