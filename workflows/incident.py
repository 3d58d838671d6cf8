"""An incident, from its first alert until somebody has resolved it.

The row says what is; this run only waits, and looks at the row whenever it was told of a change or a time has come. So
the order and the repetition of signals do not matter, and a run that was lost is rebuilt by starting another one.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ActivityError

from workflows import ask_incident

with workflow.unsafe.imports_passed_through():
    from domain.incident_messages import Changed, DeliverAlert, IncidentStart, Tended, TendIncident
    from domain.incidents import IncidentStatus

INCIDENT_KEY = SearchAttributeKey.for_int("DutylineIncident")
STATUS_KEY = SearchAttributeKey.for_keyword("DutylineStatus")

#: a timer may fire a little before the moment that it was set for
_SHORTEST_WAIT = timedelta(milliseconds=1)


@workflow.defn(name="IncidentWorkflow")
class IncidentWorkflow:
    """One run an incident, id ``incident-<id>``. It ends when the incident is resolved, and not before."""

    @workflow.init
    def __init__(self, start: IncidentStart) -> None:
        self._start = start
        #: the newest version that somebody told us of, and the newest that we have looked at
        self._told = 0
        self._seen = 0
        self._indexed_status: IncidentStatus | None = None
        self._deliveries: dict[str, asyncio.Task[None]] = {}

    @workflow.run
    async def run(self, start: IncidentStart) -> str:
        while True:
            incident = await self._tend()
            self._index(incident)
            self._deliver(incident.deliver)
            if incident.status is None or incident.status is IncidentStatus.RESOLVED:
                break
            if workflow.info().is_continue_as_new_suggested():
                await self._settle()
                workflow.continue_as_new(start)
            await self._wait(incident.wake_at, incident.waits_for)
        await self._settle()
        return str(incident.status or "deleted")

    @workflow.signal(name="changed", description="The incident's row has changed; look at it")
    def changed(self, news: Changed) -> None:
        self._told = max(self._told, news.version)

    async def _tend(self) -> Tended:
        told = self._told
        incident = await ask_incident.tend_incident(TendIncident(self._start.incident_id, workflow.now()))
        self._seen = max(told, incident.version)
        return incident

    def _index(self, incident: Tended) -> None:
        if not self._start.indexed or incident.status is None or incident.status is self._indexed_status:
            return
        self._indexed_status = incident.status
        workflow.upsert_search_attributes(
            [INCIDENT_KEY.value_set(incident.number), STATUS_KEY.value_set(str(incident.status))]
        )

    def _deliver(self, notification_ids: Sequence[str]) -> None:
        """Alerts go out beside the waiting: a provider that is slow delays no escalation."""
        for notification_id in notification_ids:
            if notification_id not in self._deliveries:
                self._deliveries[notification_id] = asyncio.create_task(self._deliver_one(notification_id))

    async def _deliver_one(self, notification_id: str) -> None:
        """Deliver the alert, or else the ones over other channels that take its place."""
        try:
            while following := (await ask_incident.deliver_alert(DeliverAlert(notification_id))).next_notification_id:
                if following in self._deliveries:
                    # A look at the incident was faster than our result, and has handed it out already.
                    return
                # Every look from now on hands the following alert out too; by its id we know that it is on its way.
                self._deliveries[following] = self._deliveries.pop(notification_id)
                notification_id = following
        except ActivityError:
            # The alert's row tells what is known; the next look at the incident hands it out again.
            workflow.logger.exception("an alert could not be delivered")
        finally:
            del self._deliveries[notification_id]

    async def _wait(self, wake_at: datetime | None, waits_for: str) -> None:
        timeout = None if wake_at is None else max(wake_at - workflow.now(), _SHORTEST_WAIT)
        try:
            await workflow.wait_condition(
                lambda: self._told > self._seen, timeout=timeout, timeout_summary=waits_for or None
            )
        except TimeoutError:
            return

    async def _settle(self) -> None:
        """Wait for the alerts on their way: they find in the row that nobody wants them any more, and end."""
        await workflow.wait_condition(lambda: not self._deliveries)
        await workflow.wait_condition(workflow.all_handlers_finished)
