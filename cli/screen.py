"""What ``dutyline up`` shows when everything runs: where to look, and what to try, ready to be pasted."""

import asyncio
import json
import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cli import installation
from config.keys import Purpose
from config.service import ConfigService
from config.settings import Settings
from domain.directory import Directory, Hotline, Integration, IntegrationType, Role, User
from storage.engine import Database
from storage.tokens import create_sign_in

#: the keys of the example data, shown first where they exist
_DEMO_HOTLINE = "support"
_DEMO_INTEGRATION = "payments-webhook"


@dataclass(frozen=True, slots=True)
class Screen:
    """``None`` where nothing is configured yet."""

    public_url: str
    sign_in_url: str | None
    temporal_ui_url: str | None
    hotline: Hotline | None
    integration: Integration | None
    #: how the command is typed in this folder, with the setting that it needs
    command: str
    logs: Path


def render(screen: Screen) -> str:
    """The text for the terminal."""
    parts = [_addresses(screen)]
    if screen.hotline is not None:
        parts.append(f"Ring the hotline with a simulated caller, in another terminal:\n\n{_rings(screen)}")
    if screen.integration is not None:
        parts.append(f"Open an incident:\n\n  {_curl(screen.public_url, screen.integration)}")
    if screen.hotline is None and screen.integration is None:
        parts.append(f"Nothing is configured yet. Describe your hotline in a file and: {screen.command} apply FILE")
    parts.append(f"Logs are in {screen.logs}. Stop with Ctrl-C.")
    return "\n\n".join(parts)


def _addresses(screen: Screen) -> str:
    rows = [("Dashboard", f"{screen.public_url}/")]
    if screen.sign_in_url is not None:
        rows.append(("Sign in", screen.sign_in_url))
        rows.append(("", f"once, within the hour; another one: {screen.command} sign-in USER"))
    if screen.temporal_ui_url is not None:
        rows.append(("Temporal UI", screen.temporal_ui_url))
    if screen.hotline is not None:
        hotline = screen.hotline
        webhook = f"{screen.public_url}/voice/{hotline.token}"
        rows.append(("Hotline webhook", f"{webhook}  ({hotline.name}, {hotline.number})"))
    lines = [f"  {label:<16} {value}" for label, value in rows]
    return "\n".join(["", "Dutyline is running.", "", *lines])


def _rings(screen: Screen) -> str:
    """The calls worth trying first, each with what happens on it."""
    assert screen.hotline is not None
    ring = f"{screen.command} ring {shlex.quote(screen.hotline.key)}"
    who = f"{screen.command} who {shlex.quote(screen.hotline.key)}"
    return "\n".join(
        (
            f"  {ring}",
            f"  {ring} --script second-answers     # the first responder lets it ring",
            f"  {ring} --script voicemail --speed 5   # nobody answers; five times as fast",
            f"  {ring} --carrier plivo             # the same in the other dialect",
            f"  {who}                              # who would ring, and why, without calling",
        )
    )


def _curl(public_url: str, integration: Integration) -> str:
    event = {"title": "Payments are failing", "body": "5xx above 2 %", "severity": "sev1", "priority": "p1"}
    return f"curl -X POST {public_url}/{integration.token}/push-events -d {shlex.quote(json.dumps(event))}"


def print_screen() -> None:
    """For the installation that the environment describes."""
    settings = Settings()
    print(render(asyncio.run(_collect(settings))), flush=True)


async def _collect(settings: Settings) -> Screen:
    database = Database(settings.database)
    try:
        directory = await ConfigService(database, settings.keyring(Purpose.SECRETS)).directory()
        sign_in_url = await _sign_in_url(settings, database, directory)
    finally:
        await database.close()
    webhooks = {
        key: integration
        for key, integration in directory.integrations.items()
        if integration.type is IntegrationType.WEBHOOK
    }
    return Screen(
        public_url=settings.public_url,
        sign_in_url=sign_in_url,
        temporal_ui_url=settings.temporal_ui_url,
        hotline=directory.hotlines.get(_DEMO_HOTLINE) or next(iter(directory.hotlines.values()), None),
        integration=webhooks.get(_DEMO_INTEGRATION) or next(iter(webhooks.values()), None),
        command=_typed_command(settings.data_dir),
        logs=settings.data_dir / "logs",
    )


async def _sign_in_url(settings: Settings, database: Database, directory: Directory) -> str | None:
    """A link for the first administrator, good for one sign-in."""
    admin = next((user for user in directory.users.values() if user.role is Role.ADMIN), None)
    if admin is None:
        return None
    return f"{settings.public_url}/sign-in/{await _sign_in_token(database, admin)}"


async def _sign_in_token(database: Database, user: User) -> str:
    async with database.write() as session:
        return await create_sign_in(session, user.key, datetime.now(UTC))


def _typed_command(data_dir: Path) -> str:
    """``dutyline`` if the PATH leads to it, else its path from here; with the data folder unless it is the usual."""
    ours = Path(sys.executable).parent / "dutyline"
    on_path = shutil.which("dutyline")
    here = Path.cwd()
    if on_path is not None and Path(on_path) == ours:
        command = "dutyline"
    else:
        command = str(ours.relative_to(here) if ours.is_relative_to(here) else ours)
    if data_dir == here / "data":
        return shlex.quote(command)
    folder = os.path.relpath(data_dir) if data_dir.is_relative_to(here) else str(data_dir)
    return f"{installation.DATA_DIR_VARIABLE}={shlex.quote(folder)} {shlex.quote(command)}"
