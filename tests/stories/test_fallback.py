"""Our server failed, or the carrier could not run our document: the caller still reaches the next responder."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import httpx2

from domain.directory import Provider
from telephony.simulator.scripts import Answers, RequestKind, RingsOut, Script
from telephony.simulator.transcript import Ending
from tests.stories.carrier_posts import CarrierPost
from tests.stories.house import House, Line

TALKS_33_SECONDS = Answers(after_seconds=6, talk_seconds=33)


class FailsAt(httpx2.AsyncHTTPTransport):
    """The first ``tries`` requests whose path contains the words are answered with status 500 and go no further."""

    def __init__(self, path_part: str, tries: int) -> None:
        super().__init__()
        self._path_part = path_part
        self._left = tries

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._path_part in request.url.path and self._left:
            self._left -= 1
            return httpx2.Response(500, request=request)
        return await super().handle_async_request(request)


#: a carrier tries an action address this often, by the retry parameters in it
ALL_TRIES = 3


def second_answers(line: Line) -> Script:
    return Script(responders={line.ana: (RingsOut(),), line.ben: (TALKS_33_SECONDS,)})


async def test_a_failed_dial_action_falls_back_and_the_next_responder_rings(house: House) -> None:
    line = await house.open_line(Provider.TWILIO)
    call = await house.ring(line, second_answers(line), through=FailsAt("/dial/", ALL_TRIES))
    assert len(call.requests_of(RequestKind.FALLBACK)) == 1
    log = await house.logged(call)
    assert [leg.number for leg in call.legs] == [line.ana, line.ben]
    assert (log["outcome"], log["answered_by"]["name"], log["degraded"]) == ("answered", "Ben Okafor", True)


async def test_a_failed_dial_action_after_a_talk_ends_the_call(house: House) -> None:
    """The evidence decides: somebody had taken the call, so nobody else is rung and no message is asked for."""
    line = await house.open_line(Provider.TWILIO)
    script = Script(responders={line.ana: (TALKS_33_SECONDS,)}, otherwise=RingsOut())
    call = await house.ring(line, script, through=FailsAt("/dial/", ALL_TRIES))
    log = await house.logged(call)
    assert [leg.number for leg in call.legs] == [line.ana]
    assert (log["outcome"], log["duration_seconds"], log["voicemail"]) == ("answered", 33, None)


async def test_a_failed_first_answer_falls_back_and_the_call_begins(house: House) -> None:
    line = await house.open_line(Provider.TWILIO)
    call = await house.ring(line, second_answers(line), through=FailsAt("/voice/", 1))
    assert [leg.number for leg in call.legs] == [line.ana, line.ben]
    assert (await house.logged(call))["outcome"] == "answered"


async def test_plivo_asks_the_fallback_address_when_the_answer_address_is_dead(house: House) -> None:
    line = await house.open_line(Provider.PLIVO)
    call = await house.ring(line, second_answers(line), through=_Unreachable(1))
    assert call.ending is not Ending.CARRIER_ERROR
    assert (await house.logged(call))["outcome"] == "answered"


class _Unreachable(httpx2.AsyncHTTPTransport):
    """Nobody answers the first requests."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self._left = times

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._left:
            self._left -= 1
            raise httpx2.ConnectError("nobody is there", request=request)
        return await super().handle_async_request(request)


async def test_plivo_tries_a_dial_action_again_by_its_retry_parameters(house: House) -> None:
    line = await house.open_line(Provider.PLIVO)
    call = await house.ring(line, second_answers(line), through=FailsAt("/dial/", 1))
    assert call.ending is not Ending.CARRIER_ERROR
    assert [leg.number for leg in call.legs] == [line.ana, line.ben]


async def test_a_document_that_the_carrier_blames_is_not_sent_again(house: House) -> None:
    line = await house.open_line(Provider.TWILIO, voice={"language": "en-US", "voice": "Polly.Joanna"})
    carrier = CarrierPost.of(line)
    refused = await carrier.send(carrier.fields())
    blamed = carrier.fields(ErrorCode="12100", ErrorUrl=line.number.url)
    plain = await carrier.send(blamed)
    assert plain.status_code == 200
    assert plain.text != refused.text
    document = ET.fromstring(plain.text)
    assert line.ana in "".join(document.itertext())
    assert not re.search(r"voice=|record=|<Number[^>]* url=", plain.text)


async def test_a_plain_document_that_is_blamed_as_well_rings_nobody_again_and_ends_in_voicemail(house: House) -> None:
    line = await house.open_line(Provider.TWILIO)
    carrier = CarrierPost.of(line)
    await carrier.send(carrier.fields())
    await carrier.send(carrier.fields(ErrorCode="12100", ErrorUrl=line.number.url))
    third = await carrier.send(carrier.fields(ErrorCode="12200", ErrorUrl=line.number.url))
    assert "<Record" in third.text
    assert "<Dial" not in third.text


async def test_a_blamed_document_after_an_attempt_goes_on_plainly_with_the_next_responder(house: House) -> None:
    line = await house.open_line(Provider.TWILIO)
    carrier = CarrierPost.of(line)
    first = ET.fromstring((await carrier.send(carrier.fields())).text)
    dial = first.find("Dial")
    assert dial is not None
    action = dial.attrib["action"]
    done = {"DialCallStatus": "no-answer", "DialBridged": "false", "CallStatus": "in-progress"}
    await carrier.send(carrier.fields(**done), action)
    answer = await carrier.send(carrier.fields(CallStatus="in-progress", ErrorCode="13227", ErrorUrl=action))
    assert line.ben in answer.text
    assert not re.search(r"<Number[^>]* url=|record=", answer.text)


async def test_a_fallback_for_an_address_of_another_call_starts_from_the_beginning(house: House) -> None:
    """A continuation is bound to its call: what somebody replays from another one counts as none."""
    line = await house.open_line(Provider.TWILIO)
    other, carrier = CarrierPost.of(line), CarrierPost.of(line)
    dial = ET.fromstring((await other.send(other.fields())).text).find("Dial")
    assert dial is not None
    answer = await carrier.send(carrier.fields(ErrorCode="11200", ErrorUrl=dial.attrib["action"]))
    assert line.ana in answer.text


async def test_a_fallback_is_signed_like_everything_else(house: House) -> None:
    line = await house.open_line(Provider.TWILIO)
    carrier = replace(CarrierPost.of(line), auth_token="somebody-else")
    answer = await carrier.send(carrier.fields(ErrorCode="11200", ErrorUrl=line.number.url))
    assert answer.status_code == 403
