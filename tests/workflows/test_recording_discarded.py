"""An attempt that nobody accepted leaves no recording behind, not even one that is absent."""

from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from domain.events import RecordingKind
from tests.workflows.recordings import archive, audio, voicemail


async def test_the_absent_recording_of_an_attempt_that_nobody_accepted_is_discarded(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    """Shown as absent, it would be the call's first recording and hide the talk with the next responder."""
    async with archive(time_skipping_env, tmp_path, audio) as house:
        attempts = [{"order": 1, "outcome": "not_accepted"}, {"order": 2, "outcome": "answered"}]
        await house.log_call(status="answered", outcome="answered", body={"attempts": attempts})
        assert await house.fetch(voicemail(recording=RecordingKind.TALK, order=1, absent=True)) == "discarded"
        assert (await house.row()).state == "discarded"
