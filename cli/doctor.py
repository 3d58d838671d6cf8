"""``dutyline check``: what keeps calls or alerts from getting through, and what to do about it."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from urllib.parse import urlsplit

import httpx2
import typer
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from cli.inspection import installed_settings
from config.keys import Purpose
from config.service import ConfigService
from config.settings import MissingSecretKey, Settings
from domain.coverage import HORIZON, ConcernKind, concerns
from domain.delivery import DeliveryError
from domain.directory import CarrierAccount, Directory
from storage import hotline_state
from storage.engine import Database
from storage.journal import JournalUnavailable, open_journal
from storage.tables import HotlineStateRow
from storage.verified_phones import all_verified
from telephony.rest import carrier_rest
from telephony.rest_exchange import make_client

_PATIENCE_SECONDS = 10.0
#: signed webhooks are refused when they are five minutes off
_TOLERATED_OFFSET = timedelta(seconds=30)


class Grade(StrEnum):
    GOOD = "ok"
    #: worth knowing, and not in the way
    NOTE = "note"
    PROBLEM = "PROBLEM"


_HOLES = frozenset({ConcernKind.GAP, ConcernKind.AWAY})
#: the same whichever schedule shows it
_ABOUT_PEOPLE = frozenset({ConcernKind.NO_PHONE, ConcernKind.UNVERIFIED_PHONE, ConcernKind.CIRCLE})
#: what keeps a call from reaching anybody; the rest is worth a note
_GRADES = dict.fromkeys((*_HOLES, ConcernKind.NO_USER, ConcernKind.NO_PHONE), Grade.PROBLEM)


@dataclass(frozen=True, slots=True)
class Finding:
    grade: Grade
    part: str
    sentence: str


def print_check() -> None:
    """Ends in ``typer.Exit(1)`` when there is a problem."""
    findings = asyncio.run(_collect(installed_settings()))
    for finding in findings:
        typer.echo(f"{finding.grade:<8} {finding.part}: {finding.sentence}")
    problems = sum(finding.grade is Grade.PROBLEM for finding in findings)
    if problems:
        typer.echo(f"{problems} {'problem' if problems == 1 else 'problems'}.")
        raise typer.Exit(1)
    typer.echo("Nothing is in the way.")


async def _collect(settings: Settings) -> list[Finding]:
    return [finding async for finding in examine(settings, datetime.now(UTC))]


async def examine(settings: Settings, now: datetime) -> AsyncIterator[Finding]:
    """Everything that can be looked at; what a missing part hides is left out."""
    yield check_address(settings)
    async for finding in _check_temporal(settings):
        yield finding
    database = Database(settings.database)
    try:
        directory = await ConfigService(database, settings.keyring(Purpose.SECRETS)).directory()
        async with database.read() as session:
            states = {state.hotline: state for state in await hotline_state.all_states(session)}
            verified = await all_verified(session)
        yield Finding(Grade.GOOD, "database", "answers, and its schema is there.")
        async for finding in _check_clock(database):
            yield finding
        yield await _check_journal(database)
    except MissingSecretKey as error:
        yield Finding(Grade.PROBLEM, "secret key", str(error))
        return
    except (SQLAlchemyError, OSError) as error:
        sentence = (
            f"cannot be used ({_first_line(error)}). Start it, check DUTYLINE_DATABASE_URL, or run: dutyline db upgrade"
        )
        yield Finding(Grade.PROBLEM, "database", sentence)
        return
    finally:
        await database.close()
    for finding in [*check_coverage(directory, verified, now), *check_hotlines(directory, states)]:
        yield finding
    async for finding in _check_carriers(directory):
        yield finding


def check_address(settings: Settings) -> Finding:
    """Whether carriers can reach us."""
    address = urlsplit(settings.public_url)
    if _is_private(address.hostname or ""):
        # The simulated carrier is on this machine.
        grade = Grade.NOTE if settings.embedded else Grade.PROBLEM
        sentence = (
            f"{settings.public_url} cannot be reached by a carrier. Set DUTYLINE_PUBLIC_URL to the https address."
        )
        return Finding(grade, "public address", sentence)
    if address.scheme != "https":
        sentence = f"{settings.public_url} is not encrypted: names and numbers can be read on the way. Use https."
        return Finding(Grade.PROBLEM, "public address", sentence)
    return Finding(Grade.GOOD, "public address", f"{settings.public_url} is https, with a public name.")


def check_coverage(directory: Directory, verified: Collection[tuple[str, str]], now: datetime) -> Iterator[Finding]:
    """What is wrong with the schedules in the next 30 days. Who is out of reach is told once, for their next shift."""
    told: set[str] = set()
    for schedule in directory.schedules.values():
        found = concerns(schedule, directory, verified, now)
        if not any(concern.kind in _HOLES for concern in found):
            days = HORIZON.days
            yield Finding(Grade.GOOD, "coverage", f"{schedule.name} has somebody on call for the next {days} days.")
        for concern in found:
            if concern.kind not in _ABOUT_PEOPLE or concern.key not in told:
                told.add(concern.key)
                yield Finding(_GRADES.get(concern.kind, Grade.NOTE), "coverage", concern.text)


def check_hotlines(directory: Directory, states: dict[str, HotlineStateRow]) -> Iterator[Finding]:
    """Whether the carrier tells us when a caller hangs up."""
    for hotline in directory.hotlines.values():
        state = states.get(hotline.key)
        if state is None or state.last_call_at is None:
            yield Finding(Grade.NOTE, "hotline", f"{hotline.name} ({hotline.number}) was never called. Try it once.")
        elif state.pinned_account is None and not state.hangup_seen:
            sentence = f"{hotline.name} ({hotline.number}) was rung by the simulated carrier only. Try it for real."
            yield Finding(Grade.NOTE, "hotline", sentence)
        elif not state.hangup_seen:
            sentence = (
                f"{hotline.name} ({hotline.number}) never sent a hang-up notice. At the carrier, paste its webhook "
                "address for call status changes (Twilio) or as the hangup URL (Plivo) too."
            )
            yield Finding(Grade.PROBLEM, "hotline", sentence)
        else:
            yield Finding(Grade.GOOD, "hotline", f"{hotline.name} ({hotline.number}) sends hang-up notices.")


async def _check_temporal(settings: Settings) -> AsyncIterator[Finding]:
    from temporal.client import connect
    from temporal.door import Door, Unavailable

    where = settings.temporal_address
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            client = await connect(settings)
    except MissingSecretKey:
        return
    except (RuntimeError, TimeoutError):
        yield Finding(
            Grade.PROBLEM, "Temporal", f"does not answer at {where}. Start it, or set DUTYLINE_TEMPORAL_ADDRESS."
        )
        return
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await Door(client).ping("check")
    except (Unavailable, TimeoutError):
        sentence = f"answers at {where}, but no worker does. Start one with: dutyline worker"
        yield Finding(Grade.PROBLEM, "Temporal", sentence)
        return
    yield Finding(Grade.GOOD, "Temporal", f"answers at {where}, and a worker does.")


async def _check_journal(database: Database) -> Finding:
    journal = open_journal(database)
    try:
        return journal_finding(await journal.count_set_aside())
    except JournalUnavailable as error:
        return Finding(Grade.PROBLEM, "journal", f"cannot be read ({_first_line(error)}).")
    finally:
        await journal.close()


def journal_finding(set_aside: int) -> Finding:
    """Whether all events that were accepted could be processed."""
    if set_aside == 0:
        return Finding(Grade.GOOD, "journal", "no event was set aside.")
    sentence = (
        f"{set_aside} {'event' if set_aside == 1 else 'events'} could not be processed, and nobody was alerted. "
        "The table journal has them, with the reason in the column failed; delete the rows when they are dealt with."
    )
    return Finding(Grade.PROBLEM, "journal", sentence)


async def _check_clock(database: Database) -> AsyncIterator[Finding]:
    """By the database's clock, where that is another machine's."""
    if database.is_sqlite:
        return
    async with database.read() as session:
        theirs = (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()
    yield clock_finding("the database's", theirs, datetime.now(UTC))


def clock_finding(whose: str, theirs: datetime, ours: datetime) -> Finding:
    offset = abs(theirs - ours)
    if offset > _TOLERATED_OFFSET:
        sentence = (
            f"this machine's and {whose} differ by {offset.total_seconds():.0f} s. Switch on time synchronisation."
        )
        return Finding(Grade.PROBLEM, "clock", sentence)
    return Finding(Grade.GOOD, "clock", f"this machine's and {whose} agree.")


async def _check_carriers(directory: Directory) -> AsyncIterator[Finding]:
    if not directory.carriers:
        yield Finding(
            Grade.NOTE, "carriers", "no account is configured: no alerts by phone and SMS, and no recordings."
        )
    async with make_client() as client:
        for account in directory.carriers.values():
            async for finding in _check_carrier(client, account):
                yield finding


async def _check_carrier(client: httpx2.AsyncClient, account: CarrierAccount) -> AsyncIterator[Finding]:
    """The credentials, and on the way the carrier's clock."""
    dates: list[str] = []

    async def note_date(response: httpx2.Response) -> None:
        dates.append(response.headers.get("date", ""))

    client.event_hooks = {"request": [], "response": [note_date]}
    try:
        await carrier_rest(account.provider, client).ping(account)
    except DeliveryError as error:
        yield Finding(Grade.PROBLEM, "carriers", f"{account.key}: {error.sentence} Check the account in carriers.")
    else:
        yield Finding(Grade.GOOD, "carriers", f"{account.key} accepts its credentials.")
    theirs = _moment(dates[0]) if dates else None
    if theirs is not None:
        yield clock_finding(f"{account.key}'s", theirs, datetime.now(UTC))


def _moment(header: str) -> datetime | None:
    try:
        return parsedate_to_datetime(header).astimezone(UTC)
    except ValueError:
        return None


def _is_private(host: str) -> bool:
    if host in {"", "localhost"} or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
