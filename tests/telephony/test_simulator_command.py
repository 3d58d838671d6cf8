"""``dutyline ring`` as a person types it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer
import uvicorn
from typer.testing import CliRunner, Result

from cli.ring import register
from config.keys import Keyring, Purpose, make_or_read_secret_key
from config.loader import load_files
from config.service import ConfigService
from storage.engine import Database
from tests.telephony.simulator_server import ANA, FakeDutyline, Reply, dutyline

CONFIGURATION = """
users:
  ana: {name: Ana Reyes, phone: +15550100001}
  ben: {name: Ben Okafor, phone: +15550100002}
hotlines:
  support:
    name: On-call hotline
    number: "+12245550123"
    provider: twilio
    token: demo-support
    chain: [{user: ana}, {user: ben}]
    voice: {language: en-US}
"""
DIAL = f'<Dial action="/dial" timeout="20" answerOnBridge="true"><Number>{ANA}</Number></Dial>'


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DUTYLINE_DATABASE_URL", "DUTYLINE_SECRET_KEY", "DUTYLINE_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DUTYLINE_DATA_DIR", str(tmp_path))
    (tmp_path / "acme.yaml").write_text(CONFIGURATION)
    asyncio.run(_apply(tmp_path))
    return tmp_path


async def _apply(folder: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{folder / 'dutyline.db'}")
    await database.upgrade()
    keyring = Keyring([make_or_read_secret_key(folder / "secret.key")], Purpose.SECRETS)
    await ConfigService(database, keyring).apply(load_files([folder / "acme.yaml"], {}))
    await database.close()


@contextmanager
def serving(application: FakeDutyline) -> Iterator[str]:
    """The application on a free port of this machine."""
    server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    listening = threading.Event()
    startup = server.startup

    async def announced(*arguments: object, **options: object) -> None:
        await startup(*arguments, **options)  # type: ignore[arg-type]
        listening.set()

    server.startup = announced  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run)
    thread.start()
    assert listening.wait(10)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def command(*arguments: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return CliRunner().invoke(app, ["ring", *arguments])


def hotline(dial_answer: str = "<Say>Goodbye</Say><Hangup/>") -> FakeDutyline:
    replies = dutyline(voice=[f"<Say>Welcome</Say>{DIAL}", Reply(status=204)], dial=dial_answer).replies
    return FakeDutyline({"/voice/demo-support": replies["/voice"], "/dial": replies["/dial"]})


def test_a_call_is_printed_as_a_transcript_with_a_summary(installation: Path) -> None:
    with serving(hotline()) as url:
        result = command("support", "--url", url, "--speed", "0")

    assert result.exit_code == 0, result.output
    assert "On-call hotline (+12245550123), simulated Twilio" in result.stdout
    assert "  0:01.0  carrier    the phone of Ana Reyes rings (+15550100001)\n" in result.stdout
    assert "dutyline   to the caller: “Welcome”" in result.stdout
    assert "Outcome   Ana Reyes answered, they talked for 20 s" in result.stdout
    assert "http://127.0.0.1:8080/calls/call_" in result.stdout


def test_a_script_that_comes_along_is_found_by_its_name(installation: Path) -> None:
    server = hotline('<Record action="/vm"/>')
    with serving(server) as url:
        result = command("support", "--url", url, "--speed", "0", "--script", "voicemail", "--from", "+14155550199")

    assert result.exit_code == 0, result.output
    assert "nobody answered, the caller left a message of 12 s" in result.stdout
    assert server.of("/voice/demo-support")[0].params["From"] == "+14155550199"


def test_the_simulated_time_is_signed_with_the_installations_key(installation: Path) -> None:
    server = hotline()
    with serving(server) as url:
        command("support", "--url", url, "--speed", "0")

    first = server.of("/voice/demo-support")[0]
    time, _, signature = first.headers["x-dutyline-simulated"].partition(";")
    keyring = Keyring([make_or_read_secret_key(installation / "secret.key")], Purpose.SIMULATOR)
    assert keyring.verify(f"{time}\n{first.params['CallSid']}", signature)


def test_another_carrier_can_be_spoken(installation: Path) -> None:
    server = hotline()
    with serving(server) as url:
        command("support", "--url", url, "--speed", "0", "--carrier", "plivo")

    assert server.of("/voice/demo-support")[0].params["Event"] == "StartApp"


def test_an_unknown_hotline_exits_1_and_names_the_known_ones(installation: Path) -> None:
    result = command("sales")

    assert result.exit_code == 1
    assert "There is no hotline 'sales'. Known hotlines: support." in result.stderr


def test_a_server_that_is_not_there_exits_1_and_says_so(installation: Path) -> None:
    result = command("support", "--url", "http://127.0.0.1:9")

    assert result.exit_code == 1
    assert "Dutyline does not answer at http://127.0.0.1:9" in result.stderr


def test_a_server_that_does_not_know_the_hotline_exits_1_and_says_so(installation: Path) -> None:
    with serving(FakeDutyline({"/voice/demo-support": [Reply(status=404)]})) as url:
        result = command("support", "--url", url, "--speed", "0")

    assert result.exit_code == 1
    assert "does not know the hotline 'support'" in result.stderr


def test_a_script_that_is_not_there_exits_1_and_names_those_that_come_along(installation: Path) -> None:
    result = command("support", "--script", "nonsense")

    assert result.exit_code == 1
    assert "second-answers" in result.stderr


def test_a_caller_that_is_no_number_exits_1(installation: Path) -> None:
    result = command("support", "--from", "ana")

    assert result.exit_code == 1
    assert "ana is not a phone number" in result.stderr


def test_a_folder_without_an_installation_exits_1_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUTYLINE_DATA_DIR", str(tmp_path / "nowhere"))
    monkeypatch.delenv("DUTYLINE_DATABASE_URL", raising=False)
    result = command("support")

    assert result.exit_code == 1
    assert "There is no installation in" in result.stderr
