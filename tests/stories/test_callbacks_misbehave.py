"""Callbacks come late, twice, out of order or not at all: the call still ends, with the same log and one incident."""

from collections.abc import Iterator
from typing import Any

import pytest

from domain.directory import Provider
from telephony.simulator.scripts import Answers, CallbackFault, CarrierScript, RequestKind, RingsOut, Script
from telephony.simulator.transcript import SimulatedCall
from tests.stories.house import House, Line

LATE, TWICE = {"late_seconds": 2.0}, {"times": 2}

DOCUMENTS = (RequestKind.ANSWER, RequestKind.DIAL, RequestKind.WHISPER, RequestKind.KEY)
NOTICES = (RequestKind.PROGRESS, RequestKind.RECORDING, RequestKind.ENDED)


def faults() -> Iterator[Any]:
    for kind in (*DOCUMENTS, *NOTICES):
        for name, fault in (("late", LATE), ("twice", TWICE)):
            yield pytest.param(CallbackFault(kind, **fault), id=f"{kind}-{name}")
    for kind in NOTICES:
        yield pytest.param(CallbackFault(kind, swapped=True), id=f"{kind}-out-of-order")
    yield pytest.param(CallbackFault(RequestKind.RECORDING, lost=True), id="recording-lost")


def second_answers(line: Line, carrier: CarrierScript) -> Script:
    return Script(
        responders={line.ana: (RingsOut(),), line.ben: (Answers(after_seconds=6, talk_seconds=33),)}, carrier=carrier
    )


#: how far the talk's length may be off, in seconds
EXACTLY, NEARLY = 0, 7


def precision(provider: Provider, *faults: CallbackFault) -> int:
    """Plivo tells of the acceptance in a progress notice alone: when that is late, its moment is near, not exact."""
    tells_late = any((fault.kind is RequestKind.PROGRESS and fault.times == 1) or fault.swapped for fault in faults)
    return NEARLY if provider is Provider.PLIVO and tells_late else EXACTLY


async def assert_same_log_and_one_incident(
    house: House, call: SimulatedCall, precision_seconds: int = EXACTLY, patience_seconds: float = 30
) -> None:
    log = await house.logged(call, patience_seconds)
    assert [attempt["outcome"] for attempt in log["attempts"]] == ["no_answer", "answered"]
    assert (log["outcome"], log["answered_by"]["name"]) == ("answered", "Ben Okafor")
    assert abs(log["duration_seconds"] - 33) <= precision_seconds
    incident = await house.incident_of(call)
    assert (incident["occurrences"], incident["suppressed_events"]) == (1, 0)


@pytest.mark.parametrize("provider", list(Provider))
@pytest.mark.parametrize("fault", list(faults()))
async def test_the_log_is_the_same_whatever_happens_to_a_callback(
    house: House, provider: Provider, fault: CallbackFault
) -> None:
    line = await house.open_line(provider)
    call = await house.ring(line, second_answers(line, CarrierScript(faults=(fault,))))
    await assert_same_log_and_one_incident(house, call, precision(provider, fault))


@pytest.mark.parametrize("provider", list(Provider))
async def test_everything_at_once(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    faults = (
        CallbackFault(RequestKind.PROGRESS, times=2, swapped=True),
        CallbackFault(RequestKind.DIAL, times=3),
        CallbackFault(RequestKind.WHISPER, times=2),
        CallbackFault(RequestKind.ENDED, times=2, late_seconds=3),
    )
    call = await house.ring(line, second_answers(line, CarrierScript(faults=faults)))
    await assert_same_log_and_one_incident(house, call, precision(provider, *faults))


@pytest.mark.parametrize("provider", list(Provider))
async def test_without_progress_the_talk_still_counts_as_answered(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    lost = CallbackFault(RequestKind.PROGRESS, lost=True)
    call = await house.ring(line, second_answers(line, CarrierScript(faults=(lost,))))
    log = await house.logged(call)
    assert [attempt["outcome"] for attempt in log["attempts"]] == ["no_answer", "answered"]
    assert abs(log["duration_seconds"] - 33) <= NEARLY


@pytest.mark.parametrize("provider", list(Provider))
@pytest.mark.parametrize("fault", [LATE, TWICE], ids=["late", "twice"])
async def test_a_voicemail_is_one_voicemail(house: House, provider: Provider, fault: dict[str, Any]) -> None:
    line = await house.open_line(provider)
    carrier = CarrierScript(faults=(CallbackFault(RequestKind.RECORD, **fault),))
    call = await house.ring(line, Script(otherwise=RingsOut(), carrier=carrier))
    log = await house.logged(call)
    assert (log["outcome"], log["voicemail"]) == ("voicemail", {"seconds": 12})
    assert len(log["recordings"]) <= 1


@pytest.mark.parametrize("provider", list(Provider))
async def test_a_lost_whisper_lets_the_next_responder_ring(house: House, provider: Provider) -> None:
    """The carrier drops a leg whose prompt it cannot fetch; the caller goes on to the next entry."""
    line = await house.open_line(provider)
    lost = CallbackFault(RequestKind.WHISPER, lost=True)
    call = await house.ring(line, Script(otherwise=Answers(), carrier=CarrierScript(faults=(lost,))))
    log = await house.logged(call)
    assert [attempt["outcome"] for attempt in log["attempts"]] == ["not_accepted", "not_accepted"]
    assert log["outcome"] == "voicemail"


@pytest.mark.parametrize("provider", list(Provider))
async def test_get_instead_of_post(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    call = await house.ring(line, second_answers(line, CarrierScript(method="GET")))
    await assert_same_log_and_one_incident(house, call)


@pytest.mark.parametrize("provider", list(Provider))
async def test_without_a_hang_up_notice_the_call_ends_all_the_same(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    call = await house.ring(line, second_answers(line, CarrierScript(hangup_notice=False)))
    await assert_same_log_and_one_incident(house, call, patience_seconds=100)
    assert (await house.get(f"/hotlines/{line.key}"))["hangup_seen"] is False


async def test_a_lost_dial_action_falls_back_at_twilio(house: House) -> None:
    """Twilio takes the silence for a dead server and asks the fallback address, which goes on from the same place."""
    line = await house.open_line(Provider.TWILIO)
    lost = CallbackFault(RequestKind.DIAL, lost=True)
    call = await house.ring(line, second_answers(line, CarrierScript(faults=(lost,))))
    await assert_same_log_and_one_incident(house, call)
