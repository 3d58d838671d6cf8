"""A recording, from the carrier's notice until it lies under our roof. It needs nothing of its call's workflow."""

from temporalio import workflow
from temporalio.exceptions import ActivityError

from workflows import ask
from workflows.policies import CREDENTIALS_FIRST_WAIT, CREDENTIALS_LONGEST_WAIT, CREDENTIALS_PATIENCE

with workflow.unsafe.imports_passed_through():
    from domain.call_messages import FetchRecording

#: what fetching comes to while the carrier asks for a password that the configuration does not have
_NEEDS_CREDENTIALS = "needs_credentials"


@workflow.defn(name="RecordingWorkflow")
class RecordingWorkflow:
    """One run a recording, id ``recording-<provider>-<reference>``. Ends with what became of it."""

    @workflow.run
    async def run(self, request: FetchRecording) -> str:
        await ask.note_recording(request)
        try:
            return await self._fetch(request)
        except ActivityError:
            await ask.give_up_recording(request)
            return "gone"

    async def _fetch(self, request: FetchRecording) -> str:
        """Fetch it, again and again while only the credentials are missing: whoever adds them gets the recording."""
        give_up_at = workflow.now() + CREDENTIALS_PATIENCE
        wait = CREDENTIALS_FIRST_WAIT
        while True:
            state = await ask.fetch_recording(request)
            if state != _NEEDS_CREDENTIALS or workflow.now() >= give_up_at:
                return state
            await workflow.sleep(wait, summary="the carrier's account may be added meanwhile")
            wait = min(wait * 2, CREDENTIALS_LONGEST_WAIT)
