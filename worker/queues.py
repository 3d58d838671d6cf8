"""The two workers of a process: calls have slots of their own, everything else is kept small beside them."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import PollerBehaviorAutoscaling, Worker, WorkerDeploymentConfig, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from temporal.deployment import DEPLOYMENT
from workflows.calendars import CalendarsWorkflow
from workflows.call import CallWorkflow
from workflows.canary import CanaryWorkflow
from workflows.incident import IncidentWorkflow
from workflows.policies import CALLS_QUEUE, INCIDENTS_QUEUE
from workflows.recording import RecordingWorkflow
from workflows.shift_watch import ShiftWatchWorkflow

CALL_WORKFLOWS: Sequence[type] = (CallWorkflow, CanaryWorkflow)
INCIDENT_WORKFLOWS: Sequence[type] = (IncidentWorkflow, RecordingWorkflow, ShiftWatchWorkflow, CalendarsWorkflow)

_GRACE = timedelta(seconds=20)
#: live calls, and the last incidents that moved: the others wait for days, and are replayed when they move again
_CACHED_CALLS = 300
_CACHED_INCIDENTS = 100
#: pure code of ours and what it imports: importing it anew for every run would cost time and memory for nothing
_PURE = ("domain", "phonenumbers", "whenever", "tzdata", "pydantic", "pydantic_core", "sqlalchemy")

Activity = Callable[..., Any]


def guarding_runner() -> SandboxedWorkflowRunner:
    """The whole sandbox, which imports ``workflows/`` anew for every run and refuses what is not deterministic there.
    For tests of workflows, and for the replay of recorded histories."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*_PURE))


def serving_runner() -> SandboxedWorkflowRunner:
    """The sandbox of a worker that serves: ``workflows/`` are imported once for all runs, because a caller would wait
    for it (decision record 13). What is not deterministic there was refused by :func:`guarding_runner`."""
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules("workflows", *_PURE)
    )


def calls_worker(
    client: Client, activities: Sequence[Activity], build_id: str | None, runner: WorkflowRunner
) -> Worker:
    """Answers callers. A dead worker's tasks are taken over quickly, for somebody is waiting."""
    return Worker(
        client,
        task_queue=CALLS_QUEUE,
        workflows=CALL_WORKFLOWS,
        activities=activities,
        workflow_runner=runner,
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=2),
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(minimum=2, initial=5, maximum=20),
        max_concurrent_workflow_tasks=50,
        max_cached_workflows=_CACHED_CALLS,
        max_concurrent_activities=20,
        graceful_shutdown_timeout=_GRACE,
        deployment_config=_deployment(build_id, VersioningBehavior.PINNED),
    )


def incidents_worker(
    client: Client, activities: Sequence[Activity], build_id: str | None, runner: WorkflowRunner
) -> Worker:
    """Works for incidents, recordings and schedules, with few slots: a storm of incidents must not delay a call."""
    return Worker(
        client,
        task_queue=INCIDENTS_QUEUE,
        workflows=INCIDENT_WORKFLOWS,
        activities=activities,
        workflow_runner=runner,
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(minimum=1, initial=2, maximum=4),
        max_concurrent_workflow_tasks=4,
        max_cached_workflows=_CACHED_INCIDENTS,
        max_concurrent_activities=20,
        graceful_shutdown_timeout=_GRACE,
        deployment_config=_deployment(build_id, VersioningBehavior.AUTO_UPGRADE),
    )


def _deployment(build_id: str | None, behavior: VersioningBehavior) -> WorkerDeploymentConfig | None:
    """Worker versioning only when asked for: without a current version every first answer would time out."""
    if build_id is None:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(DEPLOYMENT, build_id),
        use_worker_versioning=True,
        default_versioning_behavior=behavior,
    )
