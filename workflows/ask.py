"""The activities that workflows ask for, by name and with their types. ``activities/`` does them."""

from temporalio import workflow

from workflows.policies import FETCH_RETRY, FETCH_TIMEOUT, STORE_RETRY, STORE_TIMEOUT

with workflow.unsafe.imports_passed_through():
    from domain.call_messages import AnnounceCall, FetchRecording, HandInCall, SaveCall


async def save_call(request: SaveCall) -> None:
    """Write the call's log as it stands. Idempotent by call and revision."""
    await workflow.execute_activity(
        "save_call",
        request,
        start_to_close_timeout=STORE_TIMEOUT,
        retry_policy=STORE_RETRY,
        summary=f"write the call log, revision {request.revision}",
    )


async def hand_in_call(request: HandInCall) -> None:
    """Give the finished call to the intake, which opens its incident. Idempotent by call."""
    await workflow.execute_activity(
        "hand_in_call",
        request,
        start_to_close_timeout=STORE_TIMEOUT,
        retry_policy=STORE_RETRY,
        summary="hand the call in for its incident",
    )


async def announce_call(request: AnnounceCall) -> list[str]:
    """Write down whom to tell of the finished call; the ids of the notices to send. Idempotent by call and target."""
    notice_ids: list[str] = await workflow.execute_activity(
        "announce_call",
        request,
        result_type=list[str],
        start_to_close_timeout=STORE_TIMEOUT,
        retry_policy=STORE_RETRY,
        summary="write down whom to tell of the call",
    )
    return notice_ids


async def note_recording(request: FetchRecording) -> None:
    """Show in the log that there is a recording and that it is on its way. Idempotent by provider and reference."""
    await workflow.execute_activity(
        "note_recording",
        request,
        start_to_close_timeout=STORE_TIMEOUT,
        retry_policy=STORE_RETRY,
        summary="note that there is a recording",
    )


async def fetch_recording(request: FetchRecording) -> str:
    """Bring the audio under our roof and say what became of it. Idempotent by provider and reference."""
    state: str = await workflow.execute_activity(
        "fetch_recording",
        request,
        result_type=str,
        start_to_close_timeout=FETCH_TIMEOUT,
        retry_policy=FETCH_RETRY,
        summary="fetch the recording from the carrier",
    )
    return state


async def give_up_recording(request: FetchRecording) -> None:
    """Write down that the recording could not be had. Idempotent by provider and reference."""
    await workflow.execute_activity(
        "give_up_recording",
        request,
        start_to_close_timeout=STORE_TIMEOUT,
        retry_policy=STORE_RETRY,
        summary="write down that the recording could not be had",
    )
