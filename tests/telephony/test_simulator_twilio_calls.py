"""The simulated Twilio runs a hotline's documents as the real one would."""

import pytest

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
from telephony.simulator.transcript import Ending, LegOutcome
from tests.telephony.simulator_server import ANA, BASE, BEN, FakeDutyline, Reply, dutyline, ring

WHISPER = '<Gather action="/key" numDigits="1" timeout="8" finishOnKey=""><Say>Press 1</Say></Gather><Hangup/>'


def dial(number: str, **attributes: str) -> str:
    given = {"action": "/dial", "timeout": "20", "answerOnBridge": "true"} | attributes
    written = " ".join(f'{name}="{value}"' for name, value in given.items())
    return f"<Dial {written}><Number>{number}</Number></Dial>"


def asking_dial(number: str, action: str = "/dial", events: str = "initiated ringing answered completed") -> str:
    return (
        f'<Dial action="{action}" timeout="20" answerOnBridge="true" record="record-from-answer-dual" '
        'recordingStatusCallback="/rec" recordingStatusCallbackEvent="completed absent">'
        f'<Number url="/whisper" statusCallback="/leg" statusCallbackEvent="{events}">{number}</Number></Dial>'
    )


def asking_hotline(key_answer: str = "") -> FakeDutyline:
    return dutyline(
        voice=f"<Say>Welcome</Say>{asking_dial(ANA)}",
        whisper=WHISPER,
        key=key_answer,
        dial="<Say>Goodbye</Say><Hangup/>",
    )


async def test_a_responder_who_presses_the_key_talks_to_the_caller() -> None:
    call = await ring(asking_hotline(), Script(otherwise=Answers(after_seconds=4, talk_seconds=33)))

    assert [(leg.number, leg.outcome, leg.ring_seconds, leg.talk_seconds) for leg in call.legs] == [
        (ANA, LegOutcome.ANSWERED, 4, 33)
    ]
    assert call.heard_by_caller == ("Welcome", "Goodbye")
    assert call.heard_by_responders == {ANA: ("Press 1",)}
    assert call.ending is Ending.DUTYLINE_HUNG_UP


async def test_the_action_of_a_dial_tells_that_the_two_were_joined() -> None:
    server = asking_hotline()
    await ring(server, Script(otherwise=Answers(after_seconds=4, press_after_seconds=3, talk_seconds=33)))

    [action] = server.of("/dial")
    assert action.params["DialCallStatus"] == "completed"
    assert action.params["DialBridged"] == "true"
    assert action.params["DialCallDuration"] == "36"
    assert action.params["CallStatus"] == "in-progress"


async def test_a_whisper_that_hangs_up_is_completed_but_not_bridged() -> None:
    server = asking_hotline("<Hangup/>")
    call = await ring(server, Script(otherwise=Answers(presses="9")))

    [action] = server.of("/dial")
    assert (action.params["DialCallStatus"], action.params["DialBridged"]) == ("completed", "false")
    assert call.legs[0].outcome is LegOutcome.NOT_ACCEPTED


async def test_a_whisper_without_a_hangup_at_its_end_joins_a_voicemail_machine() -> None:
    server = dutyline(voice=asking_dial(ANA), whisper="<Say>Press 1</Say>", dial="<Hangup/>")
    call = await ring(server, Script(otherwise=Machine(after_seconds=5, talk_seconds=30)))

    assert call.legs[0].outcome is LegOutcome.ANSWERED


async def test_a_machine_that_presses_nothing_falls_through_to_the_hangup() -> None:
    server = asking_hotline()
    call = await ring(server, Script(otherwise=Machine(after_seconds=5)))

    assert not server.of("/key")
    assert call.legs[0].outcome is LegOutcome.NOT_ACCEPTED


async def test_a_second_prompt_takes_the_second_key() -> None:
    server = dutyline(voice=asking_dial(ANA), whisper=WHISPER, key=[WHISPER, ""], dial="<Hangup/>")
    call = await ring(server, Script(otherwise=Answers(presses="91")))

    assert [request.params["Digits"] for request in server.of("/key")] == ["9", "1"]
    assert call.legs[0].outcome is LegOutcome.ANSWERED


async def test_the_whisper_asks_for_the_child_leg_and_names_its_parent() -> None:
    server = asking_hotline()
    call = await ring(server)

    [whisper] = server.of("/whisper")
    assert whisper.params["ParentCallSid"] == call.provider_call_id
    assert whisper.params["CallSid"] != call.provider_call_id
    assert whisper.params["Direction"] == "outbound-dial"


@pytest.mark.parametrize(
    ("behaviour", "status", "outcome"),
    [
        (RingsOut(), "no-answer", LegOutcome.NO_ANSWER),
        (Answers(after_seconds=21), "no-answer", LegOutcome.NO_ANSWER),
        (Busy(), "busy", LegOutcome.BUSY),
        (Declines(), "busy", LegOutcome.DECLINED),
        (Fails(), "failed", LegOutcome.FAILED),
    ],
)
async def test_an_attempt_that_nobody_picks_up_is_reported(
    behaviour: Behaviour, status: str, outcome: LegOutcome
) -> None:
    server = dutyline(voice=dial(ANA), dial="<Hangup/>")
    call = await ring(server, Script(otherwise=behaviour))

    [action] = server.of("/dial")
    assert (action.params["DialCallStatus"], action.params["DialBridged"]) == (status, "false")
    assert "DialCallDuration" not in action.params
    assert call.legs[0].outcome is outcome


async def test_the_second_phone_rings_when_the_first_action_says_so() -> None:
    server = dutyline(
        voice=dial(ANA, action="/dial/1"), dial_1=dial(BEN, action="/dial/2"), dial_2="<Say>Goodbye</Say>"
    )
    call = await ring(server, Script(rings=(RingsOut(), Answers(after_seconds=6, talk_seconds=33))))

    assert [(leg.number, leg.order, leg.ring_seconds) for leg in call.legs] == [(ANA, 1, 20), (BEN, 2, 6)]
    assert call.talk_seconds == 33


async def test_a_number_behaves_by_its_own_list_attempt_by_attempt() -> None:
    server = dutyline(
        voice=dial(ANA, action="/dial/1"), dial_1=dial(ANA, action="/dial/2"), dial_2=dial(BEN), dial="<Hangup/>"
    )
    script = Script(responders={ANA: (Busy(), RingsOut())}, otherwise=Fails())
    call = await ring(server, script)

    assert [leg.outcome for leg in call.legs] == [LegOutcome.BUSY, LegOutcome.NO_ANSWER, LegOutcome.FAILED]


async def test_the_carriers_buffer_is_added_to_the_ring_time() -> None:
    server = dutyline(voice=dial(ANA), dial="<Hangup/>")
    call = await ring(server, Script(otherwise=RingsOut(), carrier=CarrierScript(ring_buffer_seconds=5)))

    assert call.legs[0].ring_seconds == 25


async def test_a_caller_who_leaves_while_it_rings_cancels_the_dial() -> None:
    server = dutyline(voice=dial(ANA), dial="<Say>never heard</Say>")
    call = await ring(server, Script(caller=CallerScript(hang_up=HangUp(Phase.RINGING, 7)), otherwise=RingsOut()))

    [action] = server.of("/dial")
    assert (action.params["DialCallStatus"], action.params["CallStatus"]) == ("canceled", "completed")
    assert call.ending is Ending.CALLER_HUNG_UP
    assert call.heard_by_caller == ()
    assert (call.legs[0].outcome, call.legs[0].ring_seconds) == (LegOutcome.CALLER_GONE, 7)


async def test_a_caller_may_leave_in_the_second_ringing_only() -> None:
    server = dutyline(voice=dial(ANA), dial=dial(BEN))
    script = Script(caller=CallerScript(hang_up=HangUp(Phase.RINGING, 3, attempt=2)), otherwise=RingsOut())
    call = await ring(server, script)

    assert [(leg.number, leg.ring_seconds) for leg in call.legs] == [(ANA, 20), (BEN, 3)]


async def test_a_caller_who_leaves_during_the_whisper_ends_the_responders_leg() -> None:
    server = asking_hotline()
    caller = CallerScript(hang_up=HangUp(Phase.RINGING, 5))
    call = await ring(server, Script(caller=caller, otherwise=Answers(after_seconds=4, press_after_seconds=6)))

    [action] = server.of("/dial")
    assert action.params["DialCallStatus"] == "canceled"
    assert not server.of("/key")
    assert call.legs[0].outcome is LegOutcome.CALLER_GONE


async def test_a_caller_who_leaves_in_the_greeting_is_known_by_the_end_notice_alone() -> None:
    server = dutyline(voice=["<Say>A welcome of quite some length</Say><Hangup/>", Reply(status=204)])
    call = await ring(server, Script(caller=CallerScript(hang_up=HangUp(Phase.GREETING, 1))))

    assert [request.kind for request in call.requests] == [RequestKind.ANSWER, RequestKind.ENDED]
    assert server.received[-1].params["CallStatus"] == "completed"
    assert call.duration_seconds == 1


async def test_a_caller_who_ends_the_talk_is_gone_when_the_action_comes() -> None:
    server = asking_hotline()
    caller = CallerScript(hang_up=HangUp(Phase.TALK, 12))
    call = await ring(server, Script(caller=caller, otherwise=Answers(talk_seconds=None)))

    [action] = server.of("/dial")
    assert (action.params["CallStatus"], action.params["DialBridged"]) == ("completed", "true")
    assert call.talk_seconds == 12


async def test_the_talk_is_ended_by_the_time_limit() -> None:
    server = dutyline(voice=dial(ANA, timeLimit="60"), dial="<Hangup/>")
    call = await ring(server, Script(otherwise=Answers(talk_seconds=None)))

    assert call.talk_seconds == 60


async def test_leg_callbacks_come_for_the_events_asked_for_and_carry_a_sequence() -> None:
    server = dutyline(voice=asking_dial(ANA, events="ringing completed"), whisper=WHISPER, dial="<Hangup/>")
    await ring(server)

    assert [(leg.params["CallStatus"], leg.params["SequenceNumber"]) for leg in server.of("/leg")] == [
        ("ringing", "1"),
        ("completed", "3"),
    ]


async def test_the_recording_of_a_talk_is_announced_later_for_the_parent_call() -> None:
    server = asking_hotline()
    call = await ring(server, Script(otherwise=Answers(talk_seconds=33)))

    [notice] = server.of("/rec")
    assert notice.params["CallSid"] == call.provider_call_id
    assert notice.params["RecordingStatus"] == "completed"
    assert notice.params["RecordingDuration"] == "33"
    assert notice.params["RecordingUrl"] == server.of("/dial")[0].params["RecordingUrl"]
    assert server.paths()[-1] == "/rec"


async def test_a_recording_of_a_leg_that_was_never_joined_is_absent() -> None:
    server = asking_hotline("<Hangup/>")
    await ring(server)

    assert [notice.params["RecordingStatus"] for notice in server.of("/rec")] == ["absent"]


async def test_a_voicemail_is_reported_with_the_key_that_ended_it() -> None:
    server = dutyline(
        voice='<Record action="/vm" maxLength="180" timeout="8" finishOnKey="#" recordingStatusCallback="/rec"/>',
        vm="<Say>Thank you</Say><Hangup/>",
    )
    call = await ring(server, Script(caller=CallerScript(message=SpokenMessage(19, then="#"))))

    [action] = server.of("/vm")
    assert (action.params["RecordingDuration"], action.params["Digits"]) == ("19", "#")
    assert server.of("/rec")[0].params["RecordingSource"] == "RecordVerb"
    assert call.voicemail_seconds == 19
    assert call.heard_by_caller == ("Thank you",)


async def test_a_voicemail_ended_by_hanging_up_is_reported_and_its_answer_is_not_run() -> None:
    server = dutyline(voice='<Record action="/vm" maxLength="180"/>', vm="<Say>never heard</Say>")
    call = await ring(server, Script(caller=CallerScript(message=SpokenMessage(12))))

    [action] = server.of("/vm")
    assert (action.params["Digits"], action.params["CallStatus"]) == ("hangup", "completed")
    assert call.heard_by_caller == ()
    assert call.ending is Ending.CALLER_HUNG_UP


async def test_an_empty_voicemail_falls_through_to_the_next_verb() -> None:
    server = dutyline(voice='<Record action="/vm" timeout="8"/><Say>We got no message</Say><Hangup/>')
    call = await ring(server, Script(caller=CallerScript(message=None)))

    assert not server.of("/vm")
    assert call.heard_by_caller == ("We got no message",)
    assert call.voicemail_seconds is None


async def test_a_message_is_cut_at_the_greatest_length() -> None:
    server = dutyline(voice='<Record action="/vm" maxLength="10"/>', vm="<Hangup/>")
    call = await ring(server, Script(caller=CallerScript(message=SpokenMessage(40))))

    assert server.of("/vm")[0].params["CallStatus"] == "in-progress"
    assert call.voicemail_seconds == 10


async def test_a_record_without_an_action_asks_the_current_address_again() -> None:
    server = dutyline(voice=['<Record maxLength="10"/>', "<Hangup/>"])
    await ring(server, Script(caller=CallerScript(message=SpokenMessage(3, then="silence"))))

    assert server.received[1].params["RecordingDuration"] == "3"


async def test_a_rejected_call_is_busy_and_never_answered() -> None:
    server = dutyline(voice=['<Reject reason="busy"/>', Reply(status=204)])
    call = await ring(server)

    assert call.ending is Ending.REJECTED
    assert server.received[-1].params["CallStatus"] == "busy"
    assert server.received[-1].params["CallDuration"] == "0"


async def test_a_withheld_number_is_spelled_as_twilio_spells_it() -> None:
    server = dutyline(voice="<Hangup/>")
    await ring(server, Script(caller=CallerScript(number=None)))

    assert server.received[0].params["From"] == "+266696687"


async def test_keys_of_the_caller_are_sent_to_the_gather() -> None:
    server = dutyline(
        voice='<Gather action="/menu" numDigits="1" timeout="5"><Say>Press a key</Say></Gather>', menu="<Hangup/>"
    )
    await ring(server, Script(caller=CallerScript(keys="7")))

    assert server.of("/menu")[0].params["Digits"] == "7"


async def test_a_pause_and_a_redirect_lead_to_the_same_address_again() -> None:
    server = dutyline(voice=['<Pause length="3"/><Redirect>/voice</Redirect>', "<Say>Hello</Say>"])
    call = await ring(server)

    assert call.heard_by_caller == ("Hello",)
    assert call.caller_heard_silence_longer_than(2.9)


async def test_a_caller_hears_silence_when_the_whisper_runs_without_answer_on_bridge() -> None:
    silent = dial(ANA, answerOnBridge="false").replace("<Number>", '<Number url="/whisper">')
    server = dutyline(voice=f"<Say>Welcome</Say>{silent}", whisper=WHISPER, dial="<Hangup/>")
    call = await ring(server, Script(otherwise=Answers(press_after_seconds=6)))

    assert call.caller_heard_silence_longer_than(5.9)


async def test_a_caller_hears_ringing_during_the_whisper_with_answer_on_bridge() -> None:
    call = await ring(asking_hotline(), Script(otherwise=Answers(press_after_seconds=6)))

    assert not call.caller_heard_silence_longer_than(1)


async def test_the_recordings_address_is_at_the_media_server_that_was_named() -> None:
    call = await ring(asking_hotline(), media_base_url="http://127.0.0.1:9")

    assert call.recordings[0].url.startswith("http://127.0.0.1:9/2010-04-01/Accounts/AC")


async def test_addresses_relative_to_the_document_are_resolved() -> None:
    server = dutyline(voice=dial(ANA, action="dial"), dial="<Hangup/>")
    call = await ring(server, Script(otherwise=RingsOut()))

    assert call.requests_of(RequestKind.DIAL)[0].url == f"{BASE}/dial"
