"""Recordings on the time-skipping server, from the carrier's notice until they lie under our roof, or cannot be had."""

from pathlib import Path

import httpx2
import pytest
from temporalio.testing import WorkflowEnvironment

from tests.workflows.recordings import AUDIO, LOCKED, NOT_READY, archive, audio, talk, voicemail


async def test_a_recording_that_is_not_ready_for_a_while_is_stored(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with archive(time_skipping_env, tmp_path, NOT_READY, NOT_READY, NOT_READY, audio) as house:
        assert await house.fetch(voicemail()) == "stored"
        row = await house.row()
        assert (row.state, row.length) == ("stored", len(AUDIO))
        assert row.object_key is not None
        assert (tmp_path / "recordings" / row.object_key).read_bytes() == AUDIO


async def test_a_refusal_for_want_of_credentials_is_not_repeated(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with archive(time_skipping_env, tmp_path, LOCKED) as house:
        assert await house.fetch(voicemail()) == "needs_credentials"
        assert (await house.row()).state == "needs_credentials"
        assert len(house.carrier.requests) == 1


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
