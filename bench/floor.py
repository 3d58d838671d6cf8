"""The floor: what one bare update-with-start costs on the same Temporal server, with nothing of Dutyline around it.

``python -m bench.floor ADDRESS`` is its worker, a process of its own as Dutyline's worker is.
"""

import asyncio
import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio import workflow
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from bench.system import Installation, environment_for, process
from cli.exit import end_with_parent, run_and_leave

_QUEUE = "bench-floor"


@workflow.defn(name="BenchFloorWorkflow")
class FloorWorkflow:
    """Answers one update, and ends with a timer as a call does when nothing more is heard of it."""

    def __init__(self) -> None:
        self._answered = False

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: self._answered)
        await workflow.sleep(timedelta(minutes=5))

    @workflow.update(name="answer")
    def answer(self, word: str) -> str:
        self._answered = True
        return word


class Floor:
    def __init__(self, client: Client) -> None:
        self._client = client

    async def ask(self) -> None:
        """A new workflow and its first answer."""
        start = WithStartWorkflowOperation(
            FloorWorkflow.run,
            id=f"bench-floor-{secrets.token_hex(16)}",
            task_queue=_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        await self._client.execute_update_with_start_workflow(
            FloorWorkflow.answer, "hello", start_workflow_operation=start
        )


@contextmanager
def floor_worker(installation: Installation) -> Iterator[None]:
    command = [sys.executable, "-m", "bench.floor", installation.temporal_address()]
    with process(command, installation.folder / "floor.log", environment_for({})):
        yield


async def _work(address: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    client = await Client.connect(address)
    runner = UnsandboxedWorkflowRunner()
    async with Worker(client, task_queue=_QUEUE, workflows=[FloorWorkflow], workflow_runner=runner):
        await stop.wait()


if __name__ == "__main__":
    end_with_parent()
    run_and_leave(lambda: asyncio.run(_work(sys.argv[1])))
