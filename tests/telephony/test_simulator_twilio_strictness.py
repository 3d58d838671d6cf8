"""The simulated Twilio refuses what the real one would, and turns to the fallback address."""

import pytest
from twilio.request_validator import RequestValidator

from telephony.simulator.scripts import (
    CallbackFault,
    CallerScript,
    CarrierScript,
    HangUp,
    Phase,
    RequestKind,
    RingsOut,
    Script,
)
from telephony.simulator.transcript import Ending, LegOutcome
from tests.telephony.simulator_server import ANA, BASE, HOTLINE, FakeDutyline, Reply, dutyline, ring

DIAL = f'<Dial action="/dial" timeout="20" callerId="{HOTLINE}"><Number url="/whisper">{ANA}</Number></Dial>'


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("<Response><Shout>Hello</Shout></Response>", "12200"),
        ('<Response><Say volume="11">Hello</Say></Response>', "12200"),
        ("<Response><Say/></Response>", "12200"),
        ("<Response><Say><Pause/></Say></Response>", "12200"),
        ("<Response><Gather><Record/></Gather></Response>", "12200"),
        ("<Response>Hello</Response>", "12200"),
        ("<Answer/>", "12200"),
        ("<Response><Say>Hello</Response>", "12100"),
        ("<!DOCTYPE x []><Response/>", "12100"),
        ("", "12100"),
        ('<Response><Dial timeout="4"><Number>+15550100001</Number></Dial></Response>', "13212"),
        ('<Response><Dial answerOnBridge="yes"><Number>+15550100001</Number></Dial></Response>', "12200"),
        ('<Response><Dial><Number statusCallbackEvent="picked">+15550100001</Number></Dial></Response>', "12200"),
        ('<Response><Record maxLength="1"/></Response>', "12200"),
        ("<Response><Say>Hello</Say><Reject/></Response>", "12200"),
        ("<Response><Redirect>ftp://example.com</Redirect></Response>", "11100"),
        (f"<Response><Say>{'x' * 66_000}</Say></Response>", "11750"),
    ],
)
async def test_a_faulty_document_sends_the_call_to_the_fallback_address(document: str, code: str) -> None:
    server = dutyline(voice=[Reply(document), "<Say>Sorry</Say>"])
    call = await ring(server)

    assert [error.code for error in call.document_errors] == [code]
    assert server.received[1].params["ErrorCode"] == code
    assert server.received[1].params["ErrorUrl"] == f"{BASE}/voice"
    assert call.heard_by_caller[-1] == "Sorry"


@pytest.mark.parametrize("content_type", [None, "application/json", "text/plain"])
async def test_a_document_needs_a_content_type_of_xml(content_type: str | None) -> None:
    server = dutyline(voice=[Reply("<Response/>", content_type=content_type), "<Hangup/>"])
    call = await ring(server)

    assert call.document_errors[0].code == "12300"


async def test_an_error_status_of_an_action_names_the_action_to_the_fallback() -> None:
    server = dutyline(voice=[DIAL, "<Say>Sorry</Say>"], dial=Reply(status=500))
    call = await ring(server, Script(otherwise=RingsOut()))

    [fallback] = call.requests_of(RequestKind.FALLBACK)
    assert fallback.params["ErrorCode"] == "11200"
    assert fallback.params["ErrorUrl"] == f"{BASE}/dial"
    assert fallback.params["CallStatus"] == "in-progress"
    assert call.document_errors == ()


async def test_a_fallback_that_fails_too_ends_the_call_with_twilios_own_words() -> None:
    call = await ring(dutyline(voice=Reply(status=500)))

    assert call.ending is Ending.CARRIER_ERROR
    assert "application error" in call.heard_by_caller[0]


async def test_an_answer_that_comes_too_late_is_no_answer() -> None:
    server = dutyline(
        voice=["<Redirect>/slow#rt=100&amp;tt=200</Redirect>", "<Hangup/>"],
        slow=Reply("<Response/>", delay_seconds=5),
    )
    call = await ring(server)

    [slow] = call.requests_of(RequestKind.REDIRECT)
    assert slow.status is None
    assert call.requests_of(RequestKind.FALLBACK)[0].params["ErrorCode"] == "11200"


async def test_an_address_says_itself_when_it_is_tried_again() -> None:
    server = dutyline(voice="<Redirect>/next#rc=2&amp;rp=5xx</Redirect>", next=[*[Reply(status=503)] * 2, "<Hangup/>"])
    call = await ring(server)

    assert [request.status for request in call.requests_of(RequestKind.REDIRECT)] == [503, 503, 200]
    assert call.ending is Ending.DUTYLINE_HUNG_UP


async def test_an_error_status_is_not_tried_again_by_itself() -> None:
    server = dutyline(voice=[Reply(status=503), "<Hangup/>"])
    call = await ring(server)

    assert [request.kind for request in call.requests[:2]] == [RequestKind.ANSWER, RequestKind.FALLBACK]


@pytest.mark.parametrize("verb", ["<Dial>+15550100002</Dial>", "<Record/>", "<Redirect>/x</Redirect>", "<Reject/>"])
async def test_a_whisper_with_a_forbidden_verb_costs_the_leg(verb: str) -> None:
    server = dutyline(voice=DIAL, whisper=verb, dial="<Hangup/>")
    call = await ring(server)

    assert call.document_errors[0].code == "12200"
    assert call.legs[0].outcome is LegOutcome.NOT_ACCEPTED
    assert server.of("/dial")[0].params["DialBridged"] == "false"


async def test_a_foreign_caller_id_fails_the_attempt() -> None:
    server = dutyline(voice=DIAL.replace(HOTLINE, "+13335550000"), dial="<Hangup/>")
    call = await ring(server)

    assert call.document_errors[0].code == "13214"
    assert server.of("/dial")[0].params["DialCallStatus"] == "failed"


async def test_a_number_that_is_none_fails_the_attempt() -> None:
    server = dutyline(voice=DIAL.replace(ANA, "5550100001"), dial="<Hangup/>")
    call = await ring(server)

    assert call.document_errors[0].code == "13224"


async def test_endless_redirects_are_an_error() -> None:
    server = dutyline(voice="<Redirect>/voice</Redirect>")
    call = await ring(server)

    assert call.document_errors[0].code == "11215"
    assert call.ending is Ending.CARRIER_ERROR


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_requests_carry_a_signature_that_the_providers_own_validator_accepts(method: str) -> None:
    server = dutyline(voice=[DIAL, Reply(status=204)], dial="<Hangup/>")
    script = Script(otherwise=RingsOut(), carrier=CarrierScript(method="GET" if method == "GET" else "POST"))
    await ring(server, script, auth_token="12345")

    for request in server.received:
        url = f"{BASE}{request.path}{'?' + request.query if request.query else ''}"
        form = dict(request.params) if request.method == "POST" else {}
        assert RequestValidator("12345").validate(url, form, request.headers["x-twilio-signature"])
    assert server.received[0].method == method


def two_requests_after_ringing() -> FakeDutyline:
    return dutyline(voice=[DIAL, Reply(status=204)], dial="<Hangup/>")


async def test_a_callback_can_come_twice() -> None:
    server = two_requests_after_ringing()
    faults = (CallbackFault(RequestKind.ENDED, times=2),)
    await ring(server, Script(otherwise=RingsOut(), carrier=CarrierScript(faults=faults)))

    assert server.paths() == ["/voice", "/dial", "/voice", "/voice"]


async def test_a_document_request_that_comes_twice_is_answered_twice_and_run_once() -> None:
    server = dutyline(voice=[DIAL, Reply(status=204)], dial=["<Say>once</Say>", "<Say>twice</Say>"])
    faults = (CallbackFault(RequestKind.DIAL, times=2),)
    call = await ring(server, Script(otherwise=RingsOut(), carrier=CarrierScript(faults=faults)))

    assert len(server.of("/dial")) == 2
    assert call.heard_by_caller == ("once",)


async def test_a_callback_can_be_lost() -> None:
    server = two_requests_after_ringing()
    faults = (CallbackFault(RequestKind.ENDED, lost=True),)
    await ring(server, Script(otherwise=RingsOut(), carrier=CarrierScript(faults=faults)))

    assert server.paths() == ["/voice", "/dial"]


async def test_a_lost_document_request_leads_to_the_fallback() -> None:
    server = two_requests_after_ringing()
    faults = (CallbackFault(RequestKind.DIAL, lost=True),)
    await ring(server, Script(otherwise=RingsOut(), carrier=CarrierScript(faults=faults)))

    assert server.received[1].params["ErrorCode"] == "11205"


async def test_the_end_notice_can_overtake_the_action_of_a_caller_who_left() -> None:
    server = two_requests_after_ringing()
    script = Script(
        caller=CallerScript(hang_up=HangUp(Phase.RINGING, 5)),
        otherwise=RingsOut(),
        carrier=CarrierScript(faults=(CallbackFault(RequestKind.DIAL, swapped=True),)),
    )
    await ring(server, script)

    assert server.paths() == ["/voice", "/voice", "/dial"]


async def test_a_recordings_notice_can_come_before_the_end_notice() -> None:
    server = dutyline(
        voice=['<Record action="/vm" recordingStatusCallback="/rec"/>', Reply(status=204)], vm="<Hangup/>"
    )
    faults = (CallbackFault(RequestKind.ENDED, swapped=True),)
    await ring(server, Script(carrier=CarrierScript(faults=faults)))

    assert server.paths() == ["/voice", "/vm", "/rec", "/voice"]


async def test_a_late_callback_comes_at_its_time() -> None:
    server = two_requests_after_ringing()
    faults = (CallbackFault(RequestKind.ENDED, late_seconds=90),)
    call = await ring(server, Script(otherwise=RingsOut(), carrier=CarrierScript(faults=faults)))

    assert call.requests_of(RequestKind.ENDED)[0].at_offset_seconds == call.duration_seconds + 90


async def test_a_number_without_a_status_callback_reports_no_end() -> None:
    server = two_requests_after_ringing()
    await ring(server, Script(otherwise=RingsOut(), carrier=CarrierScript(hangup_notice=False)))

    assert server.paths() == ["/voice", "/dial"]


async def test_the_simulated_time_is_stamped_for_the_call_on_every_leg() -> None:
    server = dutyline(voice=DIAL, whisper="<Hangup/>", dial="<Hangup/>")
    signed: list[str] = []

    def stamp(message: str) -> str:
        signed.append(message)
        return "signature"

    call = await ring(server, stamp=stamp)

    headers = [request.headers["x-dutyline-simulated"] for request in server.received]
    assert headers[0] == "2026-03-04T09:15:02.000Z;signature"
    assert headers[1] == "2026-03-04T09:15:06.000Z;signature"
    assert signed[1] == f"2026-03-04T09:15:06.000Z\n{call.provider_call_id}"
