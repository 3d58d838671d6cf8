"""The work behind ``dutyline plan``, ``apply`` and ``export``. Each ends in ``typer.Exit`` when it did not succeed."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import typer
from sqlalchemy.exc import DBAPIError

from config.keys import Purpose
from config.loader import Document, load_files
from config.plan import Action, Change, FieldChange, Plan
from config.problems import FileProblem, InvalidFiles, InvalidResource, Severity
from config.resources import SINGLETONS
from config.service import ConfigService, VersionConflict
from config.settings import MissingSecretKey, Settings
from storage.engine import Database

#: the exit code of ``plan`` when something would change
WOULD_CHANGE = 2

_MARKS = {Action.CREATE: "+", Action.UPDATE: "~", Action.DELETE: "-"}
_LONGEST_VALUE = 200

T = TypeVar("T")


def plan(files: Sequence[Path], *, prune: bool) -> None:
    document = _loaded(files)
    found = _with_service(lambda service: service.plan(document, prune=prune), document)
    _print_plan(found, document, "would change")
    if found.changes:
        raise typer.Exit(WOULD_CHANGE)


def apply(files: Sequence[Path], *, prune: bool) -> None:
    document = _loaded(files)
    done = _with_service(lambda service: service.apply(document, prune=prune), document)
    _print_plan(done, document, "changed")


def export(output: Path | None) -> None:
    exported = _with_service(lambda service: service.export(), Document())
    if output is None:
        typer.echo(exported.text, nl=False)
    else:
        output.write_text(exported.text, encoding="utf-8")


def _loaded(files: Sequence[Path]) -> Document:
    try:
        return load_files(files, os.environ)
    except InvalidFiles as invalid:
        raise _refused(invalid.problems) from None


def _with_service(work: Callable[[ConfigService], Awaitable[T]], document: Document) -> T:
    """Run one piece of work on the configuration; what can go wrong ends the command with sentences."""
    try:
        return asyncio.run(_on_database(_settings(), work))
    except InvalidResource as invalid:
        raise _refused(document.locate(problem) for problem in invalid.problems) from None
    except (VersionConflict, MissingSecretKey) as error:
        raise _failed(str(error)) from None
    except (DBAPIError, OSError) as error:
        raise _failed(f"The database cannot be used: {error}. Is DUTYLINE_DATABASE_URL right?") from None


def _settings() -> Settings:
    settings = Settings()
    if settings.database_url is None:
        # The database in the data folder is the embedded set-up's, and so is its key, also before the first start.
        settings = settings.model_copy(update={"embedded": True})
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    return settings


async def _on_database(settings: Settings, work: Callable[[ConfigService], Awaitable[T]]) -> T:
    keyring = settings.keyring(Purpose.SECRETS)
    database = Database(settings.database)
    try:
        await database.upgrade()
        return await work(ConfigService(database, keyring))
    finally:
        await database.close()


def _refused(problems: Iterable[FileProblem]) -> typer.Exit:
    count = 0
    for problem in problems:
        typer.echo(str(problem), err=True)
        count += problem.problem.severity is Severity.ERROR
    typer.echo(f"{count} {'error' if count == 1 else 'errors'}; nothing was changed.", err=True)
    return typer.Exit(1)


def _failed(sentence: str) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(1)


def _print_plan(found: Plan, document: Document, verb: str) -> None:
    for warning in found.warnings:
        typer.echo(str(document.locate(warning)), err=True)
    for change in found.changes:
        for line in _lines(change):
            typer.echo(line)
    typer.echo(_summary(found, verb) if found.changes else "Nothing to change.")


def _lines(change: Change) -> Iterable[str]:
    name = change.key if change.kind in SINGLETONS else f"{change.kind}.{change.key}"
    yield f"{_MARKS[change.action]} {name}"
    if change.action is Action.UPDATE:
        for field in change.fields:
            yield f"    {_field_line(field)}"


def _field_line(field: FieldChange) -> str:
    return f"{field.field}: {_shown(field.before)} → {_shown(field.after)}"


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def _summary(found: Plan, verb: str) -> str:
    counts = [(action, sum(change.action is action for change in found.changes)) for action in Action]
    return (
        f"{len(found.changes)} {verb}: " + ", ".join(f"{count} to {action}" for action, count in counts if count) + "."
    )
