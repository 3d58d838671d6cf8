"""The work behind ``dutyline who``, ``token create`` and ``sign-in``. Each ends in ``typer.Exit`` when it fails."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import typer
from sqlalchemy.exc import DBAPIError

from config.keys import Purpose
from config.service import ConfigService
from config.settings import MissingSecretKey, Settings
from domain.alert_targets import PlannedAlert
from domain.call_plan import PassedEntry, Target, resolve_chain, tester_of
from domain.directory import Directory, EscalationPolicy, Hotline, Role
from domain.policy_preview import PreviewedLevel, preview
from storage import hotline_state, tokens
from storage.engine import Database

T = TypeVar("T")

Work = Callable[[Database, Directory], Awaitable[T]]


class Unanswerable(Exception):
    """A sentence for whoever typed the command."""


def installed_settings() -> Settings:
    """The settings of the installation; without a database address, the embedded one in the data folder."""
    settings = Settings()
    return settings if settings.database_url is not None else settings.model_copy(update={"embedded": True})


def print_who(hotline: str, at: str | None) -> None:
    async def work(database: Database, directory: Directory) -> str:
        now = datetime.now(UTC)
        found = _hotline(directory, hotline)
        tester = tester_of(directory, await _test_mode(database, hotline, now)) if at is None else None
        moment = _moment(at) if at is not None else now
        return who_text(found, moment, resolve_chain(directory, found, moment, tester=tester))

    typer.echo(_with_installation(work))


def print_who_is_paged(policy: str, at: str | None) -> None:
    async def work(_database: Database, directory: Directory) -> str:
        found = _policy(directory, policy)
        moment = _moment(at) if at is not None else datetime.now(UTC)
        try:
            return paged_text(found, moment, preview(found, directory, moment))
        except OverflowError:
            raise Unanswerable("The later levels would be beyond the end of the calendar.") from None

    typer.echo(_with_installation(work))


def print_new_token(name: str, role: Role, user: str | None) -> None:
    async def work(database: Database, directory: Directory) -> str:
        if user is not None:
            _require_user(directory, user)
        async with database.write() as session:
            token = await tokens.create_api_token(session, name=name, role=role, user=user, now=datetime.now(UTC))
        return token.secret

    typer.echo(_with_installation(work))
    typer.echo("Keep it: it is not shown again.", err=True)


def print_sign_in_link(user: str) -> None:
    from api.sign_in import sign_in_link

    async def work(database: Database, directory: Directory) -> str:
        _require_user(directory, user)
        return await sign_in_link(database, installed_settings(), user)

    typer.echo(_with_installation(work))


def who_text(hotline: Hotline, at: datetime, chain: tuple[Target | PassedEntry, ...]) -> str:
    """One line for each entry of the chain."""
    lines = [f"{hotline.name} ({hotline.number}), {_shown(at)}:"]
    for entry in chain:
        match entry:
            case Target():
                lines.append(f"  {entry.order}. {entry.name}, {entry.number}, {entry.ring_seconds} s: {entry.reason}")
            case PassedEntry():
                lines.append(f"  {entry.order}. passed: {entry.reason}")
    if not any(isinstance(entry, Target) for entry in chain):
        lines.append("  Nobody would ring.")
    return "\n".join(lines)


def paged_text(policy: EscalationPolicy, at: datetime, levels: tuple[PreviewedLevel, ...]) -> str:
    """A line for each level and, under it, one for each alert."""
    lines = [f"{policy.name}, for an incident at {_shown(at)} that nobody acknowledges:"]
    for level in levels:
        lines.append(f"  Level {level.number}, {_shown(level.at)}:")
        lines += [f"    {_alert_words(alert)}: {alert.reason}" for alert in level.targets.alerts]
        lines += [f"    passed: {reason}" for reason in level.targets.empty]
    if not any(level.targets.alerts for level in levels):
        lines.append("  Nobody would be paged.")
    return "\n".join(lines)


def _alert_words(alert: PlannedAlert) -> str:
    if not alert.user:
        return f"{alert.channel} to {alert.address}"
    return f"{alert.channel} to {alert.name}, {alert.address or 'who has no address for it'}"


def _shown(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _with_installation(work: Work[T]) -> T:
    settings = installed_settings()
    if settings.database_url is None and not (settings.data_dir / "dutyline.db").exists():
        raise _failed(f"There is no installation in {settings.data_dir}. Start one with: dutyline up")
    try:
        return asyncio.run(_on_database(settings, work))
    except (Unanswerable, MissingSecretKey) as error:
        raise _failed(str(error)) from None
    except (DBAPIError, OSError) as error:
        raise _failed(f"The database cannot be used: {error}. Is DUTYLINE_DATABASE_URL right?") from None


async def _on_database(settings: Settings, work: Work[T]) -> T:
    database = Database(settings.database)
    try:
        directory = await ConfigService(database, settings.keyring(Purpose.SECRETS)).directory()
        return await work(database, directory)
    finally:
        await database.close()


async def _test_mode(database: Database, hotline: str, now: datetime) -> str | None:
    async with database.read() as session:
        modes = await hotline_state.active_test_modes(session, now)
    return next((mode.user for mode in modes if mode.hotline == hotline), None)


def _hotline(directory: Directory, key: str) -> Hotline:
    hotline = directory.hotlines.get(key)
    if hotline is None:
        known = ", ".join(sorted(directory.hotlines)) or "none yet"
        raise Unanswerable(f"There is no hotline {key!r}. These are configured: {known}.")
    return hotline


def _policy(directory: Directory, key: str) -> EscalationPolicy:
    policy = directory.escalation_policies.get(key)
    if policy is None:
        known = ", ".join(sorted(directory.escalation_policies)) or "none yet"
        raise Unanswerable(f"There is no escalation policy {key!r}. These are configured: {known}.")
    return policy


def _require_user(directory: Directory, key: str) -> None:
    if key not in directory.users:
        known = ", ".join(sorted(directory.users)) or "none yet"
        raise Unanswerable(f"There is no user {key!r}. These are configured: {known}.")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        # An offset can carry the first or last day of the calendar beyond its end.
        return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Unanswerable(f"{text!r} is no moment; write it as 2026-12-24T18:00+01:00.") from None


def _failed(sentence: str) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(1)
