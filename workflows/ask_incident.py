"""The activities that incidents ask for, by name and with their types. ``activities/`` does them."""

from temporalio import workflow

from workflows.policies import DELIVER_RETRY, DELIVER_TIMEOUT, STORE_RETRY, STORE_TIMEOUT

with workflow.unsafe.imports_passed_through():
    from domain.incident_messages import DeliverAlert, Delivered, Tended, TendIncident


async def tend_incident(request: TendIncident) -> Tended:
    """Read the row and do what is due: open a level, trigger again, resolve. Idempotent: once done, it is not due."""
    tended: Tended = await workflow.execute_activity(
        "tend_incident",
        request,
        result_type=Tended,
        start_to_close_timeout=STORE_TIMEOUT,
        retry_policy=STORE_RETRY,
        summary="read the incident and do what is due",
    )
    return tended


async def deliver_alert(request: DeliverAlert) -> Delivered:
    """Send one alert, unless somebody acknowledged first. Idempotent by the alert's row."""
    delivered: Delivered = await workflow.execute_activity(
        "deliver_alert",
        request,
        result_type=Delivered,
        start_to_close_timeout=DELIVER_TIMEOUT,
        retry_policy=DELIVER_RETRY,
        summary="send one alert",
    )
    return delivered
