"""The work of ``dutyline ring``: finds the hotline, plays the call, prints transcript and summary."""

import asyncio
import re
import shutil
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
from sqlalchemy.exc import SQLAlchemyError

from config.keys import Purpose
from config.service import ConfigService
from config.settings import MissingSecretKey, Settings
from domain.directory import Directory, Hotline, Provider
from domain.ids import call_id
from storage.engine import Database
from telephony.simulator.carrier import SimulatedCarrier, SimulatedNumber
from telephony.simulator.clock import at_speed
from telephony.simulator.script_file import ScriptError, load_script
from telephony.simulator.scripts import RequestKind, Script
from telephony.simulator.transcript import Ending, LegOutcome, LegReport, SimulatedCall, TranscriptLine

_SCRIPTS = Path(__file__).parent / "demo" / "scripts"
_PREFIX_WIDTH = 21
_OUTCOMES = {
    LegOutcome.ANSWERED: "answered",
    LegOutcome.NOT_ACCEPTED: "picked up, but did not accept",
    LegOutcome.NO_ANSWER: "no answer",
    LegOutcome.BUSY: "busy",
    LegOutcome.DECLINED: "declined",
    LegOutcome.FAILED: "could not be reached",
    LegOutcome.CALLER_GONE: "the caller left",
}


class CannotRing(Exception):
    """The call cannot be made. The text is a sentence for the one who typed the command."""


@dataclass(frozen=True, slots=True)
class RingOptions:
    hotline: str
    caller: str | None = None
    script: Path | None = None
    carrier: str | None = None
    #: ``None`` does not wait at all
    speed: float | None = 1.0
    url: str | None = None


def ring_hotline(options: RingOptions) -> None:
    """Raises :class:`CannotRing` for an unknown hotline, an unusable script and a server that is not there."""
    script = _script(options)
    asyncio.run(_ring(options, script, _settings()))


async def _ring(options: RingOptions, script: Script, settings: Settings) -> None:
    directory = await _directory(settings)
    hotline = _hotline(directory, options.hotline)
    base_url = (options.url or settings.public_url).rstrip("/")
    number = _number(directory, hotline, Provider(options.carrier or hotline.provider), base_url)
    names = _names(directory)
    print(_heading(hotline, number, script), end="\n\n")
    async with httpx2.AsyncClient(trust_env=False) as http:
        await _must_be_there(http, base_url)
        carrier = SimulatedCarrier(
            http, stamp=settings.keyring(Purpose.SIMULATOR).sign, pace=at_speed(options.speed), names=names
        )
        call = await carrier.ring(number, script, on_line=_print_line)
    print("\n" + summary(call, settings.public_url))
    _must_have_been_answered(call, hotline, base_url)


def _script(options: RingOptions) -> Script:
    script = Script()
    if options.script is not None:
        ours = _SCRIPTS / f"{options.script}.yaml"
        try:
            script = load_script(ours if ours.is_file() and not options.script.exists() else options.script)
        except ScriptError as error:
            known = ", ".join(sorted(file.stem for file in _SCRIPTS.glob("*.yaml")))
            raise CannotRing(f"{error} These scripts come along: {known}.") from None
    if options.caller is None:
        return script
    if options.caller == "withheld":
        return replace(script, caller=replace(script.caller, number=None))
    if re.fullmatch(r"\+\d{5,15}", options.caller) is None:
        raise CannotRing(f"{options.caller} is not a phone number; write it as +14155550116, or 'withheld'.")
    return replace(script, caller=replace(script.caller, number=options.caller))


def _settings() -> Settings:
    settings = Settings()
    # The database in the data folder is the embedded set-up's, and so is its key.
    return settings if settings.database_url is not None else settings.model_copy(update={"embedded": True})


async def _directory(settings: Settings) -> Directory:
    if settings.database_url is None and not (settings.data_dir / "dutyline.db").exists():
        raise CannotRing(
            f"There is no installation in {settings.data_dir}. Start one with 'dutyline up', or set DUTYLINE_DATA_DIR."
        )
    database = Database(settings.database)
    try:
        return await ConfigService(database, settings.keyring(Purpose.SECRETS)).directory()
    except MissingSecretKey as error:
        raise CannotRing(str(error)) from None
    except (SQLAlchemyError, OSError) as error:
        raise CannotRing(f"The database cannot be read: {error}. Is DUTYLINE_DATABASE_URL right?") from None
    finally:
        await database.close()


def _hotline(directory: Directory, key: str) -> Hotline:
    if key in directory.hotlines:
        return directory.hotlines[key]
    known = ", ".join(directory.hotlines) or "none is configured yet"
    raise CannotRing(f"There is no hotline {key!r}. Known hotlines: {known}.")


def _number(directory: Directory, hotline: Hotline, provider: Provider, base_url: str) -> SimulatedNumber:
    account = directory.carriers.get(hotline.carrier or "")
    if account is None or account.provider is not provider:
        account = next((each for each in directory.carriers.values() if each.provider is provider), None)
    return SimulatedNumber(
        provider=provider,
        number=hotline.number,
        url=f"{base_url}/voice/{hotline.token}",
        auth_token=hotline.auth_tokens[0] if hotline.auth_tokens else None,
        account_id=None if account is None else account.account_id,
        media_base_url=None if account is None else account.base_url,
    )


def _names(directory: Directory) -> dict[str, str]:
    contacts = {contact.number: contact.name for contact in directory.contacts.values()}
    return contacts | {phone: user.name for user in directory.users.values() for phone in user.phones}


async def _must_be_there(http: httpx2.AsyncClient, base_url: str) -> None:
    try:
        await http.get(f"{base_url}/healthz", timeout=10)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise CannotRing(
            f"Dutyline does not answer at {base_url} ({error or type(error).__name__}). "
            "Is 'dutyline up' running? --url takes another address."
        ) from None


def _must_have_been_answered(call: SimulatedCall, hotline: Hotline, base_url: str) -> None:
    if call.ending is not Ending.CARRIER_ERROR:
        return
    statuses = {request.status for request in call.requests_of(RequestKind.ANSWER)}
    if statuses == {404}:
        raise CannotRing(f"The server at {base_url} does not know the hotline {hotline.key!r}; is it another one?")
    if statuses == {403}:
        raise CannotRing(f"The server at {base_url} refused the signature; is the hotline's auth_token the same there?")
    raise CannotRing("The carrier could not go on with Dutyline's answers; the caller was cut off.")


def _heading(hotline: Hotline, number: SimulatedNumber, script: Script) -> str:
    title = f"{hotline.name} ({hotline.number}), simulated {number.provider.capitalize()}"
    return f"{title}\n{script.title}" if script.title else title


def _print_line(line: TranscriptLine) -> None:
    print(format_line(line, shutil.get_terminal_size((110, 24)).columns), flush=True)


def format_line(line: TranscriptLine, width: int) -> str:
    """``0:04.0  responder  Ben picks up``, wrapped so that the text stays in its column."""
    minutes, seconds = divmod(line.at_offset_seconds, 60)
    prefix = f"{int(minutes)}:{seconds:04.1f}".rjust(8) + "  " + line.who.ljust(_PREFIX_WIDTH - 10)
    text = textwrap.wrap(line.text, max(30, width - _PREFIX_WIDTH)) or [""]
    return prefix + f"\n{' ' * _PREFIX_WIDTH}".join(text)


def summary(call: SimulatedCall, public_url: str) -> str:
    """What came out of it, who was rung, and where the call is in the dashboard."""
    rows = [("Outcome", outcome(call)), ("Length", _length(call.duration_seconds))]
    rows += [("Phones" if number == 0 else "", _leg(leg)) for number, leg in enumerate(call.legs)]
    rows += [("Refused", f"{error.message} (error {error.code})") for error in call.document_errors]
    rows.append(("Call", f"{public_url}/calls/{call_id(call.provider, call.provider_call_id)}"))
    return "\n".join(f"  {label:<10}{text}" for label, text in rows)


def outcome(call: SimulatedCall) -> str:
    answered = [leg for leg in call.legs if leg.outcome is LegOutcome.ANSWERED]
    if answered:
        return f"{answered[-1].name} answered, they talked for {call.talk_seconds:.0f} s"
    if call.voicemail_seconds is not None:
        return f"nobody answered, the caller left a message of {call.voicemail_seconds} s"
    match call.ending:
        case Ending.CALLER_HUNG_UP:
            return "the caller hung up before anybody answered"
        case Ending.REJECTED:
            return "the call was rejected"
        case Ending.CARRIER_ERROR:
            return "the carrier gave up and cut the caller off"
        case Ending.DUTYLINE_HUNG_UP:
            return "nobody answered"


def _leg(leg: LegReport) -> str:
    number = "" if leg.name == leg.number else f" ({leg.number})"
    return f"{leg.name}{number}: {_OUTCOMES[leg.outcome]} after {leg.ring_seconds:.0f} s"


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
