"""A workflow that does nothing but answer, quickly: what its answers cost is what a caller would have to wait."""

from contextlib import suppress
from datetime import timedelta

from temporalio import workflow

_LIFE = timedelta(minutes=10)
_MOST_PINGS = 500


@workflow.defn(name="CanaryWorkflow")
class CanaryWorkflow:
    """Lives for ten minutes or 500 pings; the next ping starts another run."""

    @workflow.init
    def __init__(self) -> None:
        self._pings = 0

    @workflow.run
    async def run(self) -> None:
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._pings >= _MOST_PINGS, timeout=_LIFE, timeout_summary="the end of this canary"
            )
        await workflow.wait_condition(workflow.all_handlers_finished)

    @workflow.update(name="ping", description="Answers at once")
    def ping(self) -> None:
        self._pings += 1
