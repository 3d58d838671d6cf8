"""Recordings on the time-skipping server, from the carrier's notice until they lie under our roof, or cannot be had."""

from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from temporalio.testing import WorkflowEnvironment

from domain.directory import Directory
from storage.call_deletion import delete_call
from tests.workflows.recordings import (
    AUDIO,
    CALL,
    LOCKED,
    NOT_READY,
    archive,
    audio,
    locked_audio,
    one_account,
    talk,
    voicemail,
)


async def test_a_recording_that_is_not_ready_for_a_while_is_stored(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with archive(time_skipping_env, tmp_path, NOT_READY, NOT_READY, NOT_READY, audio) as house:
        assert await house.fetch(voicemail()) == "stored"
        row = await house.row()
        assert (row.state, row.length) == ("stored", len(AUDIO))
        assert row.object_key is not None
        assert (tmp_path / "recordings" / row.object_key).read_bytes() == AUDIO


async def test_an_account_that_is_added_later_brings_the_recording(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    directory = Directory()

    async def current() -> Directory:
        return directory

    async with archive(time_skipping_env, tmp_path, locked_audio, directory=current) as house:
        run = await house.start(voicemail())
        await time_skipping_env.sleep(timedelta(days=2))
        assert (await house.row()).state == "needs_credentials"
        directory = await one_account()
        await time_skipping_env.sleep(timedelta(hours=6))
        assert (await house.row()).state == "stored"
        assert await run.result() == "stored"


async def test_want_of_credentials_is_looked_at_again_ever_more_slowly_and_for_a_month(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with archive(time_skipping_env, tmp_path, LOCKED) as house:
        run = await house.start(voicemail())
        await time_skipping_env.sleep(timedelta(minutes=35))
        assert len(house.carrier.requests) == 3
        await time_skipping_env.sleep(timedelta(days=31))
        assert await run.result() == "needs_credentials"
        assert (await house.row()).state == "needs_credentials"
        assert 120 < len(house.carrier.requests) < 130


async def test_nobody_waits_for_the_credentials_of_a_call_that_was_deleted(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with archive(time_skipping_env, tmp_path, LOCKED) as house:
        await house.log_call(status="answered", outcome="answered")
        run = await house.start(voicemail())
        await time_skipping_env.sleep(timedelta(minutes=5))
        async with house.database.write() as session:
            await delete_call(session, CALL, await time_skipping_env.get_current_time())
        await time_skipping_env.sleep(timedelta(minutes=15))
        assert await run.result() == "gone"


async def test_a_recording_that_never_becomes_ready_is_given_up(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with archive(time_skipping_env, tmp_path, NOT_READY) as house:
        assert await house.fetch(voicemail()) == "gone"
        assert (await house.row()).state == "gone"
        assert len(house.carrier.requests) == 18


async def test_a_recording_that_the_carrier_deleted_is_gone_at_once(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with archive(time_skipping_env, tmp_path, httpx2.Response(410)) as house:
        assert await house.fetch(voicemail()) == "gone"
        assert len(house.carrier.requests) == 1


@pytest.mark.parametrize(("order", "state"), [(1, "discarded"), (2, "stored")])
async def test_only_the_recording_of_an_accepted_attempt_is_kept(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path, order: int, state: str
) -> None:
    async with archive(time_skipping_env, tmp_path, audio) as house:
        attempts = [{"order": 1, "outcome": "not_accepted"}, {"order": 2, "outcome": "answered"}]
        await house.log_call(status="answered", outcome="answered", body={"attempts": attempts})
        assert await house.fetch(talk(order)) == state
        assert len(house.carrier.requests) == (1 if state == "stored" else 0)


async def test_whether_a_recording_is_kept_waits_for_the_finished_log(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with archive(time_skipping_env, tmp_path, audio) as house:
        announced = talk(1)
        await house.start(announced)
        await time_skipping_env.sleep(30)
        assert (await house.row()).state == "pending"
        answered = [{"order": 1, "outcome": "answered"}]
        await house.log_call(status="answered", outcome="answered", body={"attempts": answered})
        assert await house.fetch(announced) == "stored"


async def test_the_same_recording_announced_twice_is_fetched_once(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with archive(time_skipping_env, tmp_path, audio) as house:
        announced = voicemail()
        assert await house.fetch(announced) == "stored"
        assert await house.fetch(announced) == "stored"
        assert len(house.carrier.requests) == 1


async def test_what_the_carrier_says_is_absent_is_not_fetched(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with archive(time_skipping_env, tmp_path, audio) as house:
        assert await house.fetch(voicemail(absent=True)) == "absent"
        assert (await house.row()).state == "absent"
        assert house.carrier.requests == []
