"""``dutyline who``, ``token create``, ``sign-in`` and ``check`` on an installation in a data folder."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
import typer
from typer.testing import CliRunner, Result

from cli import inspect
from cli.doctor import Grade, check_address, check_coverage, check_hotlines, clock_finding, examine
from config.keys import Purpose
from config.loader import load_files
from config.service import ConfigService
from config.settings import Settings
from domain.directory import Directory, Role
from storage import tokens
from storage.engine import Database
from storage.journal import Entry, open_journal
from storage.tables import HotlineStateRow
from tests.config.example import ENVIRONMENT, EXAMPLE

NOW = datetime(2026, 1, 5, 11, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with the contract's example, known to the commands by the environment."""
    monkeypatch.setenv("DUTYLINE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DUTYLINE_TEMPORAL_ADDRESS", "127.0.0.1:9")
    file = tmp_path / "example.yaml"
    file.write_text(EXAMPLE)

    async def set_up() -> None:
        database = Database(_settings().database)
        await database.upgrade()
        await ConfigService(database, _settings().keyring(Purpose.SECRETS)).apply(load_files([file], ENVIRONMENT))
        await database.close()

    asyncio.run(set_up())
    return tmp_path


def _settings() -> Settings:
    return Settings(embedded=True)


def _directory() -> Directory:
    async def read() -> Directory:
        database = Database(_settings().database)
        directory = await ConfigService(database, _settings().keyring(Purpose.SECRETS)).directory()
        await database.close()
        return directory

    return asyncio.run(read())


def _run(*arguments: str) -> Result:
    app = typer.Typer()
    inspect.register(app)
    return CliRunner().invoke(app, arguments)


@pytest.mark.usefixtures("folder")
def test_who_names_everybody_who_would_ring_with_the_reason() -> None:
    result = _run("who", "support", "--at", "2026-01-12T10:30:00+01:00")

    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "On-call hotline (+12245550123), 2026-01-12 09:30 UTC:",
        "  1. Ben Okafor, +15550100002, 20 s: "
        "on call in Primary on-call, layer Weekly, until 2026-01-19 09:00 (Europe/Madrid)",
        "  2. Ben Okafor, +15550100002, 25 s: named in the chain",
    ]


@pytest.mark.usefixtures("folder")
def test_who_with_a_policy_names_everybody_who_would_be_paged_and_when() -> None:
    result = _run("who", "--policy", "default", "--at", "2026-01-12T09:57:00+02:00")

    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "Default, for an incident at 2026-01-12 07:57 UTC that nobody acknowledges:",
        "  Level 1, 2026-01-12 07:57 UTC:",
        "    phone to Ana Reyes, +15550100001: "
        "on call in Primary on-call, layer Weekly, until 2026-01-12 09:00 (Europe/Madrid)",
        "    email to Ben Okafor, ben@acme.example: named by the policy",
        "  Level 2, 2026-01-12 08:02 UTC:",
        "    sms to Ben Okafor, +15550100002: named by the policy",
    ]


@pytest.mark.usefixtures("folder")
def test_time_without_an_offset_is_utc_and_the_answer_says_so() -> None:
    result = _run("who", "--policy", "default", "--at", "2026-01-12T07:57")

    assert "2026-01-12 07:57 UTC" in result.output


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("who",), "Name a hotline, or an escalation policy with --policy: one of the two."),
        (("who", "support", "--policy", "x"), "Name a hotline, or an escalation policy with --policy: one of the two."),
        (("who", "--policy", "x"), "There is no escalation policy 'x'. These are configured: default."),
        (("who", "nothing"), "There is no hotline 'nothing'. These are configured: support."),
        (("who", "support", "--at", "noon"), "'noon' is no moment; write it as 2026-12-24T18:00+01:00."),
        (
            ("who", "support", "--at", "0001-01-01T00:00+14:00"),
            "'0001-01-01T00:00+14:00' is no moment; write it as 2026-12-24T18:00+01:00.",
        ),
        (("token", "create", "ci", "--user", "zoe"), "There is no user 'zoe'. These are configured: ana, ben."),
        (("sign-in", "zoe"), "There is no user 'zoe'. These are configured: ana, ben."),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_exit_code_1(arguments: tuple[str, ...], sentence: str) -> None:
    result = _run(*arguments)

    assert (result.exit_code, result.output.strip()) == (1, sentence)


def test_folder_without_an_installation_says_how_to_start_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUTYLINE_DATA_DIR", str(tmp_path))

    assert "dutyline up" in _run("who", "support").output


@pytest.mark.usefixtures("folder")
def test_created_token_is_printed_once_and_has_its_role() -> None:
    secret = _run("token", "create", "ci", "--role", "manager").stdout.strip()

    async def role() -> str | None:
        database = Database(_settings().database)
        async with database.read() as session:
            row = await tokens.verify_api_token(session, secret)
        await database.close()
        return row.role if row else None

    assert asyncio.run(role()) == Role.MANAGER


@pytest.mark.usefixtures("folder")
def test_sign_in_prints_a_link_to_the_sign_in_page() -> None:
    assert _run("sign-in", "ana").stdout.startswith("http://127.0.0.1:8080/sign-in/")


def test_local_address_is_a_problem_except_for_trying_out() -> None:
    local = Settings(public_url="http://127.0.0.1:8080")

    assert check_address(local).grade is Grade.PROBLEM
    assert check_address(local.model_copy(update={"embedded": True})).grade is Grade.NOTE
    assert check_address(Settings(public_url="http://duty.example")).grade is Grade.PROBLEM
    assert check_address(Settings(public_url="https://10.0.0.1")).grade is Grade.PROBLEM
    assert check_address(Settings(public_url="https://duty.example")).grade is Grade.GOOD


def _proved(directory: Directory) -> set[tuple[str, str]]:
    return {(user.key, user.phones[0]) for user in directory.users.values()}


@pytest.mark.usefixtures("folder")
def test_hole_ahead_is_a_problem_with_its_times() -> None:
    directory = _directory()

    (hole,) = check_coverage(directory, _proved(directory), datetime(2026, 1, 1, tzinfo=UTC))
    (covered,) = check_coverage(directory, _proved(directory), NOW)

    assert (hole.grade, covered.grade) == (Grade.PROBLEM, Grade.GOOD)
    assert "until Mon 2026-01-05 09:00 (Europe/Madrid)" in hole.sentence


@pytest.mark.usefixtures("folder")
def test_unproved_phone_is_a_note_and_told_once_although_two_schedules_have_it() -> None:
    directory = _directory()
    again = replace(directory.schedules["primary"], key="again", name="Again")
    both = replace(directory, schedules={**directory.schedules, "again": again})

    notes = [finding for finding in check_coverage(both, set(), NOW) if finding.grade is not Grade.GOOD]

    assert [finding.grade for finding in notes] == [Grade.NOTE] * 2
    assert len({finding.sentence for finding in notes}) == 2


@pytest.mark.usefixtures("folder")
def test_person_on_call_without_a_phone_is_a_problem() -> None:
    directory = _directory()
    without = replace(directory, users={**directory.users, "ana": replace(directory.users["ana"], phones=())})

    problems = [each for each in check_coverage(without, _proved(directory), NOW) if each.grade is Grade.PROBLEM]

    assert ["has no phone" in problem.sentence for problem in problems] == [True]


@pytest.mark.usefixtures("folder")
def test_hotline_that_was_called_and_never_sent_a_hang_up_notice_is_a_problem() -> None:
    directory = _directory()

    def grade(**state: object) -> Grade:
        rows = {"support": HotlineStateRow(hotline="support", **state)} if state else {}
        (finding,) = check_hotlines(directory, rows)
        return finding.grade

    assert grade() is Grade.NOTE
    assert grade(last_call_at=NOW, hangup_seen=False) is Grade.NOTE  # by the simulated carrier, which never pins
    assert grade(last_call_at=NOW, hangup_seen=False, pinned_account="AC1") is Grade.PROBLEM
    assert grade(last_call_at=NOW, hangup_seen=True, pinned_account="AC1") is Grade.GOOD


def test_clock_that_is_off_is_a_problem() -> None:
    assert clock_finding("the database's", NOW, NOW + timedelta(seconds=20)).grade is Grade.GOOD
    assert clock_finding("the database's", NOW, NOW - timedelta(seconds=45)).grade is Grade.PROBLEM


@pytest.mark.usefixtures("folder")
def test_check_tells_of_events_that_were_set_aside() -> None:
    async def set_one_aside() -> None:
        journal = open_journal(Database(_settings().database))
        await journal.append(Entry("evt_1", "push", "payments-webhook", NOW, b"{}"))
        (entry,) = await journal.read(1)
        await journal.set_aside(entry.seq, "it fails every time")
        await journal.close()

    asyncio.run(set_one_aside())

    assert "PROBLEM  journal: 1 event could not be processed, and nobody was alerted." in _run("check").output


async def test_database_without_a_schema_is_a_problem_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data_dir=tmp_path, embedded=True, temporal_address="127.0.0.1:9")

    found = {finding.part: finding async for finding in examine(settings, NOW)}

    assert found["database"].grade is Grade.PROBLEM
    assert "dutyline db upgrade" in found["database"].sentence
    assert found["Temporal"].grade is Grade.PROBLEM


def test_check_asks_the_carriers_and_ends_with_1_when_they_refuse(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(401, json={"code": 20003, "message": "Authenticate"})

    monkeypatch.setattr("cli.doctor.make_client", lambda: httpx2.AsyncClient(transport=httpx2.MockTransport(refuse)))

    result = _run("check")

    assert result.exit_code == 1
    assert sum("Check the account in carriers." in line for line in result.output.splitlines()) == 3
