"""What older versions recorded, today's workflows still understand: no open run is wedged by an upgrade."""

import json
import re
from typing import Any

import pytest
from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, WorkflowRunner
from temporalio.workflow import NondeterminismError

from domain.call_messages import FetchRecording
from temporal.converter import data_converter
from tests.replay import histories
from tests.rules.calls import ANA, BEN, CALLER, HOTLINE
from worker.queues import CALL_WORKFLOWS, INCIDENT_WORKFLOWS, guarding_runner, serving_runner
from workflows.call import HOTLINE_KEY, OUTCOME_KEY
from workflows.incident import INCIDENT_KEY
from workflows.shift_watch import SCHEDULE_KEY

WORKFLOWS = [*CALL_WORKFLOWS, *INCIDENT_WORKFLOWS]
SYNTHETIC_NUMBERS = {CALLER.number, HOTLINE.number, *ANA.phones, *BEN.phones}


@workflow.defn(name="RecordingWorkflow")
class ChangedRecordingWorkflow:
    """Somebody forgot a patch: it waits where the recorded runs asked for an activity."""

    @workflow.run
    async def run(self, _request: FetchRecording) -> str:
        await workflow.sleep(10)
        return "stored"


@pytest.mark.parametrize("runner", [guarding_runner(), serving_runner()], ids=["guarding", "serving"])
@pytest.mark.parametrize("name", histories.names())
async def test_a_recorded_history_replays(name: str, runner: WorkflowRunner) -> None:
    replayer = Replayer(workflows=WORKFLOWS, data_converter=data_converter(None), workflow_runner=runner)
    await replayer.replay_workflow(histories.read(name))


async def test_a_change_that_breaks_open_runs_is_found() -> None:
    replayer = Replayer(
        workflows=[ChangedRecordingWorkflow],
        data_converter=data_converter(None),
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    with pytest.raises(NondeterminismError):
        await replayer.replay_workflow(histories.read("recording-stored"))


def test_each_workflow_has_a_recorded_history() -> None:
    recorded = {histories.workflow_type(name) for name in histories.names()}
    assert recorded == {definition.__name__ for definition in WORKFLOWS}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("call-answered", HOTLINE_KEY),
        ("call-announced", OUTCOME_KEY),
        ("incident-escalated", INCIDENT_KEY),
        ("shift-watch-until-deleted", SCHEDULE_KEY),
    ],
)
def test_runs_were_recorded_with_their_search_attributes(name: str, key: SearchAttributeKey[Any]) -> None:
    assert key.name in json.dumps(histories.document(name))


@pytest.mark.parametrize("name", histories.names())
def test_a_recorded_history_names_no_machine_and_no_real_number(name: str) -> None:
    texts = list(histories.texts(histories.document(name)))
    assert '"identity": "' not in json.dumps(histories.document(name))
    assert not [text for text in texts if re.search(r"\d+@[\w-]+|site-packages|File \"|/tmp/|127\.0\.0\.1", text)]
    assert set().union(*(histories.phone_numbers(text) for text in texts)) <= SYNTHETIC_NUMBERS
