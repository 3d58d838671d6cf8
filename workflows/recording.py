"""A recording, from the carrier's notice until it lies under our roof. It needs nothing of its call's workflow."""

from temporalio import workflow
from temporalio.exceptions import ActivityError

from workflows import ask

with workflow.unsafe.imports_passed_through():
    from domain.call_messages import FetchRecording


@workflow.defn(name="RecordingWorkflow")
class RecordingWorkflow:
    """One run a recording, id ``recording-<provider>-<reference>``. Ends with what became of it."""

    @workflow.run
    async def run(self, request: FetchRecording) -> str:
        await ask.note_recording(request)
        try:
            return await ask.fetch_recording(request)
        except ActivityError:
            await ask.give_up_recording(request)
            return "gone"
