"""``domain/`` and ``workflows/`` cannot do I/O: not by what they import, nor by what that imports in turn."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from temporalio.worker import WorkflowRunner
from temporalio.workflow import _Definition

from tools.check.sources import our_sources, pure_folders_do_no_io
from worker.queues import CALL_WORKFLOWS, INCIDENT_WORKFLOWS, guarding_runner, serving_runner

_ROOT = Path(__file__).parents[2]
#: whoever has one of these loaded can reach the network, a database, another process or an event loop
_CAN_DO_IO = frozenset(
    {
        "asyncio", "asyncpg", "aiosmtplib", "aiosqlite", "concurrent.futures", "fastapi", "ftplib", "grpc", "http",
        "httpx2", "logging.handlers", "multiprocessing", "obstore", "plivo", "pydantic", "requests", "select",
        "selectors", "smtplib", "socket", "socketserver", "sqlalchemy", "sqlite3", "ssl", "structlog", "subprocess",
        "temporalio", "tempfile", "twilio", "urllib.request", "urllib3", "uvicorn",
        "activities", "api", "channels", "cli", "config", "intake", "storage", "telephony", "temporal", "worker",
    }
)  # fmt: skip


def loaded_by(folder: str, given: str = "sys") -> set[str]:
    """The modules that a fresh interpreter loads for the whole folder, beyond those that ``given`` brings."""
    program = (
        f"import sys, {given}\n"
        "import importlib, pkgutil\n"
        "before = set(sys.modules)\n"
        f"import {folder}\n"
        f"for module in pkgutil.walk_packages({folder}.__path__, '{folder}.'):\n"
        "    importlib.import_module(module.name)\n"
        "print(*(set(sys.modules) - before))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=_ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def able_to_do_io(modules: set[str]) -> set[str]:
    return {module for module in modules if any(f"{module}.".startswith(f"{root}.") for root in _CAN_DO_IO)}


def test_domain_loads_nothing_that_can_do_io() -> None:
    loaded = loaded_by("domain")
    assert "domain.call_flow" in loaded
    assert able_to_do_io(loaded) == set()


def test_workflows_load_nothing_that_can_do_io_beyond_the_sdk() -> None:
    loaded = loaded_by("workflows", given="temporalio.workflow, temporalio.exceptions, temporalio.common")
    assert "workflows.call" in loaded
    assert able_to_do_io(loaded) == set()


def test_no_line_of_either_imports_or_calls_what_does_io() -> None:
    problems = [problem for source in our_sources(_ROOT) for problem in pure_folders_do_no_io(source)]
    assert problems == []


def test_the_look_at_loaded_modules_finds_what_it_is_for() -> None:
    assert {"channels.email", "aiosmtplib", "asyncio", "socket"} <= able_to_do_io(loaded_by("channels"))


@pytest.mark.parametrize("runner", [guarding_runner(), serving_runner()], ids=["guarding", "serving"])
@pytest.mark.parametrize("workflow", [*CALL_WORKFLOWS, *INCIDENT_WORKFLOWS])
async def test_a_workflow_loads_in_the_sandbox(workflow: type, runner: WorkflowRunner) -> None:
    runner.prepare_workflow(_Definition.must_from_class(workflow))


def test_workflows_pass_the_sandbox_of_serving_workers_only() -> None:
    """What guards them in tests must not be what is quick in production."""
    assert "workflows" in serving_runner().restrictions.passthrough_modules
    assert "workflows" not in guarding_runner().restrictions.passthrough_modules


def test_the_process_that_stays_as_long_as_the_installation_loads_the_standard_library_only() -> None:
    program = "import sys, cli.up; print(*{name.partition('.')[0] for name in sys.modules})"
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=_ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert {"typer", "pydantic", "sqlalchemy", "temporalio"}.isdisjoint(done.stdout.split())
