"""The activities that keep foreign calendars up to date, by name and with their types. ``activities/`` does them."""

from temporalio import workflow

from workflows.policies import READ_CALENDAR_RETRY, READ_CALENDAR_TIMEOUT, STORE_RETRY, STORE_TIMEOUT

with workflow.unsafe.imports_passed_through():
    from domain.foreign_calendars import RefreshCalendar


async def list_calendars() -> list[str]:
    """The keys of all calendars that there are or were. Idempotent: it only reads."""
    keys: list[str] = await workflow.execute_activity(
        "list_calendars",
        result_type=list[str],
        start_to_close_timeout=STORE_TIMEOUT,
        retry_policy=STORE_RETRY,
        summary="which calendars there are",
    )
    return keys


async def refresh_calendar(request: RefreshCalendar) -> str:
    """Read one calendar and show its events instead of those of before. Idempotent by the calendar."""
    outcome: str = await workflow.execute_activity(
        "refresh_calendar",
        request,
        result_type=str,
        start_to_close_timeout=READ_CALENDAR_TIMEOUT,
        retry_policy=READ_CALENDAR_RETRY,
        summary=f"read the calendar {request.calendar}",
    )
    return outcome
