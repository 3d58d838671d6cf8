"""The activity that sends a notice, whatever it tells of, by name and with its type. ``activities/`` does it."""

from temporalio import workflow

from workflows.policies import DELIVER_TIMEOUT, INCIDENTS_QUEUE, NOTICE_RETRY

with workflow.unsafe.imports_passed_through():
    from domain.notice_messages import DeliverNotice


async def deliver_notice(request: DeliverNotice) -> None:
    """Send one notice. Idempotent by the notice's row."""
    await workflow.execute_activity(
        "deliver_notice",
        request,
        # Also when a call asks: a chat that is slow must not take the slots of other callers' calls.
        task_queue=INCIDENTS_QUEUE,
        start_to_close_timeout=DELIVER_TIMEOUT,
        retry_policy=NOTICE_RETRY,
        summary="send one notice",
    )
