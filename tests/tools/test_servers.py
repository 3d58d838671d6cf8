"""The servers that the other rings test against do what those rings rely on."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from storage.engine import Database
from tests.support.temporal_server import TemporalServer


@workflow.defn(name="tools.patience")
class Patience:
    """Waits for five hours."""

    @workflow.run
    async def run(self) -> str:
        await workflow.sleep(timedelta(hours=5))
        return "five hours later"


@pytest.mark.parametrize("run", [1, 2])
async def test_hours_take_no_time_on_the_time_skipping_server(time_skipping_env: WorkflowEnvironment, run: int) -> None:
    client = time_skipping_env.client
    started_at = time.monotonic()
    async with Worker(client, task_queue="tools", workflows=[Patience], workflow_runner=UnsandboxedWorkflowRunner()):
        answer = await client.execute_workflow("tools.patience", id=f"patience-{run}", task_queue="tools")
    assert answer == "five hours later"
    assert time.monotonic() - started_at < 20


async def test_the_development_server_serves_the_default_namespace(temporal_server: TemporalServer) -> None:
    client = await Client.connect(temporal_server.address)
    assert await client.service_client.check_health()


async def test_a_killed_server_comes_back_at_the_same_address_with_its_workflows(tmp_path: Path) -> None:
    server = TemporalServer(tmp_path)
    server.start()
    try:
        client = await Client.connect(server.address)
        await client.start_workflow("anything", id="survivor", task_queue="nobody")
        server.kill()
        server.start()
        description = await (await Client.connect(server.address)).get_workflow_handle("survivor").describe()
        assert description.id == "survivor"
    finally:
        server.kill()


async def test_each_test_has_a_postgresql_database_of_its_own_with_the_schema(postgres_url: str) -> None:
    database = Database(postgres_url)
    await database.upgrade()
    await database.ping()
    await database.close()


async def test_an_empty_database_can_be_upgraded(empty_postgres_url: str) -> None:
    database = Database(empty_postgres_url)
    await database.upgrade()
    await database.close()
