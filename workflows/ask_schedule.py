"""The activities that schedules ask for, by name and with their types. ``activities/`` does them."""

from temporalio import workflow

from workflows.policies import STORE_RETRY, STORE_TIMEOUT

with workflow.unsafe.imports_passed_through():
    from domain.schedule_messages import TendedSchedule, TendSchedule


async def tend_schedule(request: TendSchedule) -> TendedSchedule:
    """Write down who came and who left since the last look, and what is wrong ahead. Idempotent by the watch's row."""
    tended: TendedSchedule = await workflow.execute_activity(
        "tend_schedule",
        request,
        result_type=TendedSchedule,
        start_to_close_timeout=STORE_TIMEOUT,
        retry_policy=STORE_RETRY,
        summary="look at the schedule and write down what is to be told",
    )
    return tended
