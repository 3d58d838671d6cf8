"""What comes when a call is over, or is about no call of ours, rings nobody and logs nothing new."""

from dataclasses import replace

import pytest

from domain.directory import Provider
from telephony.simulator.scripts import Answers, RequestKind, RingsOut, Script
from tests.stories.carrier_posts import CarrierPost
from tests.stories.house import House

pytestmark = pytest.mark.parametrize("provider", list(Provider))

DIALS = ("<Dial", "<Number")


async def test_a_request_for_the_callers_leg_after_the_end_gets_a_hangup(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    call = await house.ring(line, Script(responders={line.ana: (RingsOut(),), line.ben: (Answers(talk_seconds=5),)}))
    await house.logged(call)
    late = replace(CarrierPost.of(line), call_id=call.provider_call_id)
    for request in (call.requests_of(RequestKind.ANSWER)[0], call.requests_of(RequestKind.DIAL)[0]):
        answer = await late.send(dict(request.params), request.url.split("#")[0])
        assert answer.status_code == 200
        assert "<Hangup" in answer.text
        assert not any(verb in answer.text for verb in DIALS)


async def test_another_calls_address_starts_no_call(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    call = await house.ring(line, Script(responders={line.ana: (Answers(talk_seconds=5),)}))
    whisper = call.requests_of(RequestKind.WHISPER)[0]
    ghost = CarrierPost.of(line)
    names = {"ParentCallSid", "CallUUID", "DialALegUUID"}
    fields = {name: ghost.call_id if name in names else value for name, value in whisper.params.items()}
    answer = await ghost.send(fields, whisper.url.split("#")[0])
    assert answer.status_code in (200, 204)
    assert not any(verb in answer.text for verb in DIALS)
    calls = (await house.get(f"/calls?hotline={line.key}"))["items"]
    assert [found["provider_call_id"] for found in calls] == [call.provider_call_id]
