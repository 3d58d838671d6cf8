"""The simulated Plivo runs a hotline's documents as the real one would, and refuses what that one refuses."""

import pytest
from plivo.utils import validate_v3_signature

from domain.directory import Provider
from telephony.simulator.scripts import (
    Answers,
    Behaviour,
    Busy,
    CallerScript,
    CarrierScript,
    Declines,
    Fails,
    HangUp,
    Machine,
    Phase,
    RequestKind,
    RingsOut,
    Script,
    SpokenMessage,
)
from telephony.simulator.transcript import Ending, LegOutcome, SimulatedCall
from tests.telephony.simulator_server import ANA, BASE, BEN, HOTLINE, FakeDutyline, Reply, dutyline
from tests.telephony.simulator_server import ring as ring_either

END = Reply("", content_type=None)


async def ring(server: FakeDutyline, script: Script | None = None, auth_token: str | None = None) -> SimulatedCall:
    return await ring_either(server, script, provider=Provider.PLIVO, auth_token=auth_token)


def dial(number: str, action: str = "/dial", confirm: bool = True, **attributes: str) -> str:
    given = {"action": f"{BASE}{action}", "timeout": "20", "callerId": HOTLINE, "callbackUrl": f"{BASE}/leg"}
    if confirm:
        given |= {"confirmSound": f"{BASE}/confirm", "confirmKey": "1", "confirmTimeout": "15"}
    written = " ".join(f'{name}="{value}"' for name, value in (given | attributes).items())
    return f"<Dial {written}><Number>{number}</Number></Dial>"


def asking_hotline() -> FakeDutyline:
    return dutyline(
        voice=[f"<Speak>Welcome</Speak>{dial(ANA)}", END],
        confirm="<Speak>Press 1</Speak>",
        dial="<Speak>Goodbye</Speak>",
    )


def leg_events(server: FakeDutyline) -> list[str]:
    return [request.params["Event"] for request in server.of("/leg")]


async def test_a_responder_who_presses_the_confirm_key_is_connected() -> None:
    server = asking_hotline()
    call = await ring(server, Script(otherwise=Answers(after_seconds=4, talk_seconds=33)))

    assert leg_events(server) == ["DialAnswer", "DialConnected", "DialHangup"]
    assert server.of("/leg")[-1].params["DialBLegDuration"] == "36"
    assert [(leg.outcome, leg.ring_seconds, leg.talk_seconds) for leg in call.legs] == [(LegOutcome.ANSWERED, 4, 33)]
    assert call.heard_by_responders == {ANA: ("Press 1",)}
    assert call.heard_by_caller == ("Welcome", "Goodbye")


async def test_the_action_of_a_connected_dial_names_the_responders_leg() -> None:
    server = asking_hotline()
    await ring(server)

    [action] = server.of("/dial")
    assert (action.params["DialStatus"], action.params["Event"]) == ("completed", "Redirect")
    assert action.params["DialBLegUUID"] == server.of("/leg")[0].params["DialBLegUUID"]


@pytest.mark.parametrize("behaviour", [Machine(after_seconds=3), Answers(presses=""), Answers(presses="9")])
async def test_without_the_confirm_key_nobody_is_connected(behaviour: Behaviour) -> None:
    server = asking_hotline()
    call = await ring(server, Script(otherwise=behaviour))

    assert leg_events(server) == ["DialAnswer", "DialHangup"]
    assert server.of("/dial")[0].params["DialBLegUUID"] == ""
    assert call.legs[0].outcome is LegOutcome.NOT_ACCEPTED


async def test_the_confirm_window_counts_from_picking_up() -> None:
    server = asking_hotline()
    call = await ring(server, Script(otherwise=Machine(after_seconds=3)))

    [action] = call.requests_of(RequestKind.DIAL)
    greeting_seconds = 1.0
    assert action.at_offset_seconds == greeting_seconds + 3 + 15


async def test_the_right_key_after_a_wrong_one_connects() -> None:
    server = asking_hotline()
    call = await ring(server, Script(otherwise=Answers(presses="91")))

    assert call.legs[0].outcome is LegOutcome.ANSWERED


async def test_without_a_confirm_key_picking_up_connects() -> None:
    server = dutyline(voice=[dial(ANA, confirm=False), END], dial="<Hangup/>")
    call = await ring(server, Script(otherwise=Machine(after_seconds=3)))

    assert leg_events(server)[:2] == ["DialAnswer", "DialConnected"]
    assert call.legs[0].outcome is LegOutcome.ANSWERED


@pytest.mark.parametrize(
    ("behaviour", "status", "cause", "rang"),
    [
        (RingsOut(), "no-answer", "NO_ANSWER", "true"),
        (Busy(), "busy", "USER_BUSY", "true"),
        (Declines(), "busy", "CALL_REJECTED", "true"),
        (Fails(), "failed", "UNALLOCATED_NUMBER", "false"),
    ],
)
async def test_an_attempt_that_nobody_picks_up_is_reported(
    behaviour: Behaviour, status: str, cause: str, rang: str
) -> None:
    server = dutyline(voice=[dial(ANA), END], dial="<Hangup/>")
    await ring(server, Script(otherwise=behaviour))

    [action] = server.of("/dial")
    assert (action.params["DialStatus"], action.params["DialHangupCause"]) == (status, cause)
    assert (action.params["DialRingStatus"], action.params["DialBLegUUID"]) == (rang, "")


async def test_the_second_phone_rings_when_the_first_action_says_so() -> None:
    server = dutyline(
        voice=[dial(ANA, "/dial/1"), END], dial_1=dial(BEN, "/dial/2"), dial_2="<Hangup/>", confirm="<Speak>1?</Speak>"
    )
    call = await ring(server, Script(rings=(RingsOut(), Answers(after_seconds=6, talk_seconds=33))))

    assert [(leg.number, leg.ring_seconds) for leg in call.legs] == [(ANA, 20), (BEN, 6)]
    assert call.talk_seconds == 33


async def test_a_caller_who_leaves_while_it_rings_cancels_the_leg() -> None:
    server = dutyline(voice=[dial(ANA), END], dial="<Speak>never heard</Speak>")
    call = await ring(server, Script(caller=CallerScript(hang_up=HangUp(Phase.RINGING, 7)), otherwise=RingsOut()))

    assert server.of("/leg")[0].params["DialBLegHangupCause"] == "ORIGINATOR_CANCEL"
    assert server.of("/dial")[0].params["DialStatus"] == "cancel"
    assert call.heard_by_caller == ()


async def test_the_hang_up_address_is_told_why_the_call_ended() -> None:
    server = asking_hotline()
    await ring(server)

    last = server.received[-1]
    assert (last.path, last.params["Event"], last.params["HangupCauseCode"]) == ("/voice", "Hangup", "4010")


async def test_a_caller_who_leaves_in_the_greeting_is_known_by_the_hang_up_address() -> None:
    server = dutyline(voice=["<Speak>A welcome of quite some length</Speak>", END])
    await ring(server, Script(caller=CallerScript(hang_up=HangUp(Phase.GREETING, 1))))

    assert server.received[-1].params["HangupSource"] == "Caller"
    assert server.received[-1].params["Duration"] == "1"


async def test_a_number_without_a_hang_up_address_reports_no_end() -> None:
    server = dutyline(voice="<Hangup/>")
    await ring(server, Script(carrier=CarrierScript(hangup_notice=False)))

    assert len(server.received) == 1


async def test_the_recording_of_a_talk_is_announced_after_the_hang_up() -> None:
    record = (
        f'<Record action="{BASE}/rec-start" redirect="false" startOnDialAnswer="true" recordSession="true" '
        f'maxLength="14400" callbackUrl="{BASE}/rec"/>'
    )
    server = dutyline(voice=[record + dial(ANA), END], confirm="<Speak>1?</Speak>", dial="<Hangup/>")
    await ring(server, Script(otherwise=Answers(talk_seconds=33)))

    assert server.of("/rec-start")[0].params["RecordingDuration"] == "-1"
    assert server.of("/rec")[0].params["RecordingDurationMs"] == "33000"
    assert server.paths()[-2:] == ["/voice", "/rec"]


async def test_a_background_recording_is_cut_at_its_greatest_length() -> None:
    record = f'<Record startOnDialAnswer="true" redirect="false" callbackUrl="{BASE}/rec"/>'
    server = dutyline(voice=[record + dial(ANA, confirm=False), END], dial="<Hangup/>")
    await ring(server, Script(otherwise=Answers(talk_seconds=90)))

    assert server.of("/rec")[0].params["RecordingDuration"] == "60"


async def test_a_voicemail_is_reported_with_the_key_that_ended_it() -> None:
    record = f'<Record action="{BASE}/vm" timeout="8" maxLength="180" finishOnKey="#" callbackUrl="{BASE}/rec"/>'
    server = dutyline(voice=[record, END], vm="<Speak>Thank you</Speak>")
    call = await ring(server, Script(caller=CallerScript(message=SpokenMessage(19, then="#"))))

    [action] = server.of("/vm")
    assert (action.params["RecordingDuration"], action.params["Digits"]) == ("19", "#")
    assert server.of("/rec")[0].params["RecordingID"] == action.params["RecordingID"]
    assert call.heard_by_caller == ("Thank you",)


async def test_a_voicemail_ended_by_hanging_up_is_reported() -> None:
    record = f'<Record action="{BASE}/vm" timeout="8" maxLength="180" callbackUrl="{BASE}/rec"/>'
    server = dutyline(voice=[record, END], vm="<Speak>never heard</Speak>")
    call = await ring(server, Script(caller=CallerScript(message=SpokenMessage(12))))

    assert server.of("/vm")[0].params["Digits"] == "hangup"
    assert call.ending is Ending.CALLER_HUNG_UP
    assert call.heard_by_caller == ()


async def test_a_voicemail_without_limits_gets_plivos_sixty_seconds() -> None:
    server = dutyline(voice=[f'<Record action="{BASE}/vm"/>', END], vm="<Hangup/>")
    call = await ring(server, Script(caller=CallerScript(message=SpokenMessage(200))))

    assert call.voicemail_seconds == 60


async def test_a_hangup_with_a_reason_first_rejects_the_call() -> None:
    server = dutyline(voice=['<Hangup reason="busy"/>', END])
    call = await ring(server)

    assert call.ending is Ending.REJECTED
    assert server.received[-1].params["HangupCause"] == "USER_BUSY"


async def test_numbers_are_written_without_a_plus_and_withheld_ones_as_a_word() -> None:
    server = dutyline(voice="<Hangup/>")
    await ring(server, Script(caller=CallerScript(number=None)))

    assert server.received[0].params["From"] == "anonymous"
    assert server.received[0].params["To"] == HOTLINE[1:]


async def test_keys_of_the_caller_are_sent_to_the_prompt() -> None:
    prompt = f'<GetDigits action="{BASE}/menu" numDigits="1" timeout="5"><Speak>Press</Speak></GetDigits>'
    server = dutyline(voice=[prompt, END], menu="<Hangup/>")
    await ring(server, Script(caller=CallerScript(keys="7")))

    assert server.of("/menu")[0].params["Digits"] == "7"


@pytest.mark.parametrize(
    "document",
    [
        "<Response><Say>Hello</Say></Response>",
        "<Response><Reject/></Response>",
        "<Response><Redirect>/relative</Redirect></Response>",
        '<Response><Dial action="/dial"><Number>15550100001</Number></Dial></Response>',
        "<Response><Dial/></Response>",
        '<Response><Dial record="true"><Number>15550100001</Number></Dial></Response>',
        '<Response><Dial confirmKey="12"><Number>15550100001</Number></Dial></Response>',
        "<Response><Speak>Hello</Response>",
        "<Response><Speak/></Response>",
        f'<Response><Record startOnDialAnswer="true" action="{BASE}/x"/></Response>',
        f"<Response><Speak>{'x' * 103_000}</Speak></Response>",
    ],
)
async def test_a_faulty_document_ends_the_call(document: str) -> None:
    server = dutyline(voice=[Reply(document), END])
    call = await ring(server)

    assert call.ending is Ending.CARRIER_ERROR
    assert len(call.document_errors) == 1
    assert [request.kind for request in call.requests] == [RequestKind.ANSWER, RequestKind.ENDED]


async def test_a_document_needs_a_content_type_of_xml() -> None:
    call = await ring(dutyline(voice=[Reply("<Response/>", content_type="text/html"), END]))

    assert call.ending is Ending.CARRIER_ERROR


async def test_an_unreachable_answer_address_is_tried_three_times_and_then_the_fallback() -> None:
    server = dutyline(voice=[*[Reply(status=500)] * 3, "<Speak>Sorry</Speak>", END])
    call = await ring(server)

    kinds = [request.kind for request in call.requests]
    assert kinds[:4] == [RequestKind.ANSWER] * 3 + [RequestKind.FALLBACK]
    assert "ErrorCode" not in server.received[3].params
    assert call.heard_by_caller == ("Sorry",)


async def test_an_action_address_has_no_fallback() -> None:
    server = dutyline(voice=[dial(ANA), END], dial=Reply(status=500))
    call = await ring(server, Script(otherwise=RingsOut()))

    assert call.ending is Ending.CARRIER_ERROR
    assert server.received[-1].params["HangupCauseCode"] == "7012"


async def test_an_action_address_that_is_slow_is_asked_again() -> None:
    slow = Reply("<Response/>", delay_seconds=5)
    server = dutyline(voice=[dial(ANA, "/dial#rt=100&amp;ct=100"), END], dial=[slow, "<Speak>Goodbye</Speak>"])
    call = await ring(server, Script(otherwise=RingsOut()))

    assert [request.status for request in call.requests_of(RequestKind.DIAL)] == [None, 200]
    assert call.heard_by_caller == ("Goodbye",)


@pytest.mark.parametrize("element", ["<Hangup/>", "<GetDigits/>", f"<Redirect>{BASE}/x</Redirect>"])
async def test_a_confirm_sound_with_a_forbidden_element_costs_the_leg(element: str) -> None:
    server = dutyline(voice=[dial(ANA), END], confirm=f"<Speak>1?</Speak>{element}", dial="<Hangup/>")
    call = await ring(server)

    assert len(call.document_errors) == 1
    assert call.legs[0].outcome is LegOutcome.NOT_ACCEPTED


async def test_a_foreign_caller_id_fails_the_attempt() -> None:
    server = dutyline(voice=[dial(ANA, callerId="13335550000"), END], dial="<Hangup/>")
    call = await ring(server)

    assert len(call.document_errors) == 1
    assert server.of("/dial")[0].params["DialStatus"] == "failed"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_requests_carry_a_signature_that_the_providers_own_validator_accepts(method: str) -> None:
    server = dutyline(voice=[dial(ANA), END], dial="<Hangup/>")
    script = Script(otherwise=RingsOut(), carrier=CarrierScript(method="GET" if method == "GET" else "POST"))
    await ring(server, script, auth_token="secret")

    for request in server.received:
        query = f"?{request.query}" if request.query else ""
        nonce, signature = request.headers["x-plivo-signature-v3-nonce"], request.headers["x-plivo-signature-v3"]
        form = dict(request.params) if request.method == "POST" else {}
        assert validate_v3_signature(request.method, f"{BASE}{request.path}{query}", nonce, "secret", signature, form)
    assert server.received[0].method == method
