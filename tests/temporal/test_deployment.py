"""Worker versioning: a build answers once it is the current one."""

import asyncio
from pathlib import Path

import pytest
from temporalio import activity
from temporalio.client import Client

from temporal.converter import data_converter
from temporal.deployment import VersionUnknown, set_current_version
from temporal.door import Door
from tests.support.temporal_server import TemporalServer
from worker.queues import calls_worker, guarding_runner


@activity.defn(name="unused")
async def _unused() -> None:
    """A worker has activities; this test's workflow asks for none."""


async def test_a_worker_with_a_build_id_answers_once_its_version_is_current(tmp_path: Path) -> None:
    server = TemporalServer(tmp_path)  # of its own: a current version holds for all workers of the others
    server.start()
    try:
        client = await Client.connect(server.address, data_converter=data_converter(None))
        async with calls_worker(client, [_unused], "build-1", guarding_runner()):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(3):
                    await Door(client).ping("before")
            await set_current_version(client, "build-1", patience_seconds=30)
            async with asyncio.timeout(10):
                await Door(client).ping("after")
    finally:
        server.kill()


async def test_a_version_that_no_worker_has_is_said_to_be_unknown(temporal_server: TemporalServer) -> None:
    client = await Client.connect(temporal_server.address)
    with pytest.raises(VersionUnknown):
        await set_current_version(client, "nobody-has-this", patience_seconds=2)
