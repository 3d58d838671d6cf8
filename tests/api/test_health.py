"""Probes: alive, ready, and what is counted."""

from dataclasses import replace

from temporalio.client import Client
from temporalio.worker import Worker

from temporal.converter import data_converter
from temporal.door import Door
from tests.api.house import House
from tests.support.temporal_server import TemporalServer
from worker.queues import guarding_runner
from workflows.canary import CanaryWorkflow
from workflows.policies import CALLS_QUEUE


async def test_living_process_is_healthy(house: House) -> None:
    assert (await house.client().get("/healthz")).status_code == 200


async def test_process_is_ready_once_it_knows_the_configuration(house: House) -> None:
    probe = house.client()

    before = await probe.get("/readyz")
    await house.services.route_book.refresh()
    after = await probe.get("/readyz")

    assert (before.status_code, before.json()["ready"]) == (503, False)
    assert "route_book" in before.json()["parts"]
    assert (after.status_code, after.json()) == (200, {"ready": True, "parts": {"database": "ok", "route_book": "ok"}})


async def test_readiness_names_the_part_that_cannot(house: House) -> None:
    await house.services.route_book.refresh()
    await house.services.database.close()
    house.services.settings.data_dir.joinpath("dutyline.db").write_bytes(b"no database")

    answer = await house.client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["parts"]["route_book"] == "ok"
    assert answer.json()["parts"]["database"].startswith("It cannot be used")


async def test_metrics_are_in_the_format_of_prometheus(house: House) -> None:
    answer = await house.client().get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain")
    assert "dutyline_live_calls" in answer.text or "python_info" in answer.text


async def test_process_is_ready_when_a_worker_answers_and_calls_go_through_temporal(
    house: House, quiet_temporal_server: TemporalServer
) -> None:
    await house.services.route_book.refresh()
    client = await Client.connect(quiet_temporal_server.address, data_converter=data_converter(None))
    probe, ways = house.client(), {"through_temporal": False}
    house.app.state.services = replace(
        house.services, door=Door(client), calls_use_temporal=lambda: ways["through_temporal"]
    )

    async with Worker(client, task_queue=CALLS_QUEUE, workflows=[CanaryWorkflow], workflow_runner=guarding_runner()):
        open_circuit = await probe.get("/readyz")
        ways["through_temporal"] = True
        closed_circuit = await probe.get("/readyz")

    assert (open_circuit.status_code, closed_circuit.status_code) == (503, 200)
    assert "without Temporal" in open_circuit.json()["parts"]["temporal"]
    assert closed_circuit.json()["parts"]["temporal"] == "ok"
