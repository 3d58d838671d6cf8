"""The one door to Temporal for starts, signals and updates: every id and policy is decided here."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from temporalio.client import Client, WithStartWorkflowOperation, WorkflowExecutionStatus, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, TemporalError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.call_messages import CALL_IS_OVER, CallStart, CarrierSaid, FetchRecording
from domain.call_state import Answer
from domain.foreign_calendars import CalendarsStart
from domain.ids import call_workflow_id, incident_workflow_id, recording_workflow_id, shift_watch_workflow_id
from domain.incident_messages import Changed, IncidentStart
from domain.schedule_messages import ScheduleStart
from workflows.calendars import CALENDARS_ID, CalendarsWorkflow
from workflows.call import CallWorkflow
from workflows.canary import CanaryWorkflow
from workflows.incident import IncidentWorkflow
from workflows.policies import CALL_TASK_TIMEOUT, CALLS_QUEUE, INCIDENTS_QUEUE
from workflows.recording import RecordingWorkflow
from workflows.shift_watch import ShiftWatchWorkflow


class Unavailable(Exception):
    """Temporal did not answer, or the workflow could not: the caller must be answered in another way."""


class CallIsOver(Exception):
    """The call's workflow is closed, or only tells people of the call any more: what came is late."""


class CallFlowFailed(Exception):
    """The workflow answers, but not this webhook: the call flow has a bug there. Asking again does not help."""


class Door:
    """Talks to Temporal for one process."""

    def __init__(self, client: Client) -> None:
        self._client = client
        #: set by whoever knows whether our search attributes are registered
        self.indexed = False

    async def carrier_said(self, start: CallStart, said: CarrierSaid, update_id: str) -> Answer:
        """Hand one webhook to the call's workflow, starting it when there is none, and return its answer.

        The same ``update_id`` gets the same answer without a second execution while the run is known. The caller bounds
        the time (``asyncio.timeout``): a time-out given to the client would be spent on retries inside it. Raises
        :class:`CallIsOver`, :class:`CallFlowFailed`, and :class:`Unavailable` for everything else.
        """
        identity = start.identity
        operation = WithStartWorkflowOperation(
            CallWorkflow.run,
            start,
            id=call_workflow_id(identity.provider, identity.provider_call_id),
            task_queue=CALLS_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            # A closed call is never begun anew: a late webhook would ring somebody.
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            task_timeout=CALL_TASK_TIMEOUT,
        )
        try:
            return await self._client.execute_update_with_start_workflow(
                CallWorkflow.carrier_said,
                said,
                start_workflow_operation=operation,
                id=update_id,
            )
        except WorkflowAlreadyStartedError:
            raise CallIsOver from None
        except WorkflowUpdateFailedError as error:
            if isinstance(error.cause, ApplicationError) and error.cause.type == CALL_IS_OVER:
                raise CallIsOver from None
            raise CallFlowFailed(str(error.cause)) from error
        except Exception as error:  # also an answer that this process has no key for
            # Without the details that the SDK looks for, the refusal to start anew stays a plain error of the server.
            if isinstance(error, RPCError) and error.status is RPCStatusCode.ALREADY_EXISTS:
                raise CallIsOver from None
            raise Unavailable(str(error)) from error
        finally:
            await _retrieve(operation)

    async def fetch_recording(self, request: FetchRecording) -> None:
        """Start the workflow that brings a recording under our roof; once, however often it is asked."""
        try:
            await self._client.start_workflow(
                RecordingWorkflow.run,
                request,
                id=recording_workflow_id(request.provider, request.reference),
                task_queue=INCIDENTS_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            )
        except WorkflowAlreadyStartedError:
            return
        except (TemporalError, RPCError, RuntimeError) as error:
            raise Unavailable(str(error)) from error

    async def start_incident(self, incident_id: str) -> None:
        """Have a run for the incident: start one unless there is one. Its first act is to read the incident's row, so
        another run after a lost one alerts nobody twice. Raises :class:`Unavailable`."""
        try:
            await self._client.start_workflow(
                IncidentWorkflow.run,
                IncidentStart(incident_id, indexed=self.indexed),
                id=incident_workflow_id(incident_id),
                task_queue=INCIDENTS_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                static_summary="Escalates one incident until it is resolved",
            )
        except (TemporalError, RPCError, RuntimeError) as error:
            raise Unavailable(str(error)) from error

    async def incident_changed(self, incident_id: str, news: Changed) -> bool:
        """Tell the incident's run that the row has changed. ``False`` when there is no run to tell. Raises
        :class:`Unavailable`."""
        handle = self._client.get_workflow_handle_for(IncidentWorkflow.run, incident_workflow_id(incident_id))
        try:
            await handle.signal(IncidentWorkflow.changed, news)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise Unavailable(str(error)) from error
        except (TemporalError, RuntimeError) as error:
            raise Unavailable(str(error)) from error
        return True

    async def incident_runs(self, incident_id: str) -> bool:
        """Whether the incident has a run that is open, asked by its id. Raises :class:`Unavailable`."""
        return await self._runs(incident_workflow_id(incident_id))

    async def tend_schedule(self, schedule: str) -> None:
        """Have a run for the schedule and let it look: start one unless there is one. What was told is in rows, so
        another run after a lost one tells nobody twice. Raises :class:`Unavailable`."""
        try:
            await self._client.start_workflow(
                ShiftWatchWorkflow.run,
                ScheduleStart(schedule, indexed=self.indexed),
                id=shift_watch_workflow_id(schedule),
                task_queue=INCIDENTS_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                start_signal="changed",
                static_summary="Tells people, rooms and webhooks of the shifts of one schedule",
            )
        except (TemporalError, RPCError, RuntimeError) as error:
            raise Unavailable(str(error)) from error

    async def schedule_runs(self, schedule: str) -> bool:
        """Whether the schedule has a run that is open, asked by its id. Raises :class:`Unavailable`."""
        return await self._runs(shift_watch_workflow_id(schedule))

    async def _runs(self, workflow_id: str) -> bool:
        try:
            found = await self._client.get_workflow_handle(workflow_id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise Unavailable(str(error)) from error
        except (TemporalError, RuntimeError) as error:
            raise Unavailable(str(error)) from error
        return found.status is WorkflowExecutionStatus.RUNNING

    async def tend_calendars(self) -> None:
        """Have the run that reads foreign calendars every night. Raises :class:`Unavailable`."""
        await self._start_calendars(None, ())

    async def refresh_calendar(self, calendar: str) -> None:
        """Have a foreign calendar read soon. Raises :class:`Unavailable`."""
        await self._start_calendars("refresh", (calendar,))

    async def _start_calendars(self, signal: str | None, arguments: Sequence[str]) -> None:
        try:
            await self._client.start_workflow(
                CalendarsWorkflow.run,
                CalendarsStart(),
                id=CALENDARS_ID,
                task_queue=INCIDENTS_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                start_signal=signal,
                start_signal_args=arguments,
                static_summary="Reads other people's calendars every night",
            )
        except (TemporalError, RPCError, RuntimeError) as error:
            raise Unavailable(str(error)) from error

    async def ping(self, name: str) -> None:
        """A canary: the way of a call's first answer, without a call. Raises :class:`Unavailable`."""
        operation = WithStartWorkflowOperation(
            CanaryWorkflow.run,
            id=f"canary-{name}",
            task_queue=CALLS_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            task_timeout=CALL_TASK_TIMEOUT,
        )
        try:
            await self._client.execute_update_with_start_workflow(
                CanaryWorkflow.ping, start_workflow_operation=operation
            )
        except Exception as error:
            raise Unavailable(str(error)) from error
        finally:
            await _retrieve(operation)


async def _retrieve(operation: WithStartWorkflowOperation[Any, Any]) -> None:
    """Take the operation's own result on every path: a failure that nobody looks at is reported by asyncio later."""
    with suppress(Exception):
        async with asyncio.timeout(0):
            await operation.workflow_handle()
