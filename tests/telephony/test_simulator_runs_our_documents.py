"""Dutyline's own documents, answered from memory, are accepted and run by both simulated carriers."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest

from domain.call_flow import advance, fresh
from domain.call_plan import CallPlan, plan_call
from domain.call_state import CallState, Control
from domain.directory import Accept, CallerIdPolicy, ChainEntry, Directory, Hotline, Provider, User
from domain.events import CallEnded
from domain.instructions import Leg
from telephony.dialect import Dialect
from telephony.plivo import PlivoDialect
from telephony.simulator.carrier import SimulatedCarrier, SimulatedNumber
from telephony.simulator.scripts import (
    Answers,
    CallerScript,
    HangUp,
    Machine,
    Phase,
    RequestKind,
    RingsOut,
    Script,
    SpokenMessage,
)
from telephony.simulator.transcript import Ending, LegOutcome, SimulatedCall
from telephony.twilio import TwilioDialect
from tests.telephony.simulator_server import ANA, BASE, BEN, HOTLINE

_NOTIFICATIONS = (Leg.PROGRESS, Leg.RECORDING)
_USERS = {"ana": User("ana", "Ana Reyes", phones=(ANA,)), "ben": User("ben", "Ben Okafor", phones=(BEN,))}


@dataclass
class Remembering:
    """Our webhooks without a workflow: the state of the one call is kept here."""

    hotline: Hotline
    dialect: Dialect
    plan: CallPlan | None = None
    state: CallState | None = None
    controls: list[Control] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"].decode()
        headers = dict(scope["headers"])
        at = datetime.fromisoformat(headers[b"x-dutyline-simulated"].decode().split(";")[0])
        status, text = self._answer(scope["path"], parse_qsl(body, keep_blank_values=True), at)
        sent = [(b"content-type", b"application/xml")] if text else []
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": text.encode()})

    def _answer(self, path: str, params: list[tuple[str, str]], at: datetime) -> tuple[int, str]:
        leg, order, proof = Leg.ENTRY, 0, None
        if path != "/voice":
            _, word, number, control = path.strip("/").split("/")
            leg, order, proof = Leg(word), int(number), self.controls[int(control)]
        webhook = self.dialect.read(leg, order, params, at)
        assert webhook is not None
        if self.plan is None or self.state is None:
            directory = Directory(users=_USERS, hotlines={self.hotline.key: self.hotline})
            self.plan = plan_call(directory, self.hotline, webhook.call.caller, at)
            self.state = fresh(self.plan, webhook.call.caller, at)
        self.state, answer = advance(self.plan, self.state, webhook.event, proof)
        if leg in _NOTIFICATIONS or isinstance(webhook.event, CallEnded):
            return self.dialect.notification_status, ""
        self.controls.append(answer.control)
        here = len(self.controls) - 1
        return 200, self.dialect.render(answer.document, lambda leg, order=0: f"{BASE}/call/{leg}/{order}/{here}")


@pytest.fixture(params=list(Provider))
def provider(request: pytest.FixtureRequest) -> Provider:
    return Provider(request.param)


async def ring(provider: Provider, script: Script, **settings: Any) -> SimulatedCall:
    hotline = replace(
        Hotline(
            key="support",
            name="On-call hotline",
            number=HOTLINE,
            provider=provider,
            token="demo-support",
            chain=(ChainEntry(user="ana"), ChainEntry(user="ben", ring_seconds=25)),
        ),
        **settings,
    )
    server = Remembering(hotline, TwilioDialect() if provider is Provider.TWILIO else PlivoDialect())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=server)) as http:
        carrier = SimulatedCarrier(http, stamp=lambda _: "unsigned")
        call = await carrier.ring(SimulatedNumber(provider, HOTLINE, f"{BASE}/voice"), script)
    assert call.document_errors == ()
    assert not call.requests_of(RequestKind.FALLBACK)
    return call


async def test_the_second_responder_answers_and_they_talk(provider: Provider) -> None:
    call = await ring(provider, Script(rings=(RingsOut(), Answers(after_seconds=6, talk_seconds=33))))

    assert [(leg.number, leg.outcome, leg.ring_seconds) for leg in call.legs] == [
        (ANA, LegOutcome.NO_ANSWER, 20),
        (BEN, LegOutcome.ANSWERED, 6),
    ]
    assert call.talk_seconds == 33
    assert call.ending is Ending.DUTYLINE_HUNG_UP
    assert [recording.source for recording in call.recordings] == ["talk"]


async def test_a_machine_is_passed_and_the_next_phone_rings(provider: Provider) -> None:
    call = await ring(provider, Script(rings=(Machine(after_seconds=5), Answers())))

    assert [leg.outcome for leg in call.legs] == [LegOutcome.NOT_ACCEPTED, LegOutcome.ANSWERED]


async def test_a_wrong_key_is_forgiven_once(provider: Provider) -> None:
    call = await ring(provider, Script(rings=(Answers(presses="91"),)))

    assert call.legs[0].outcome is LegOutcome.ANSWERED


async def test_nobody_answers_and_a_message_is_left(provider: Provider) -> None:
    call = await ring(provider, Script(otherwise=RingsOut()))

    assert call.voicemail_seconds == 12
    assert call.ending is Ending.CALLER_HUNG_UP


async def test_a_message_ended_with_a_key_is_thanked_for(provider: Provider) -> None:
    caller = CallerScript(message=SpokenMessage(12, then="#"))
    call = await ring(provider, Script(caller=caller, otherwise=RingsOut()))

    assert call.ending is Ending.DUTYLINE_HUNG_UP
    assert call.voicemail_seconds == 12


async def test_a_silent_caller_leaves_no_message(provider: Provider) -> None:
    call = await ring(provider, Script(caller=CallerScript(message=None), otherwise=RingsOut()))

    assert call.voicemail_seconds is None
    assert call.ending is Ending.DUTYLINE_HUNG_UP


async def test_a_caller_who_leaves_ends_everything(provider: Provider) -> None:
    call = await ring(provider, Script(caller=CallerScript(hang_up=HangUp(Phase.RINGING, 5)), otherwise=RingsOut()))

    assert [leg.outcome for leg in call.legs] == [LegOutcome.CALLER_GONE]


async def test_a_plain_connect_showing_the_callers_number_needs_no_key(provider: Provider) -> None:
    call = await ring(
        provider, Script(otherwise=Answers(presses="")), accept=Accept.NONE, caller_id=CallerIdPolicy.CALLER
    )

    assert call.legs[0].outcome is LegOutcome.ANSWERED
    assert call.legs[0].caller_id == "+14155550116"


async def test_a_withheld_caller_reaches_a_responder(provider: Provider) -> None:
    call = await ring(
        provider, Script(caller=CallerScript(number=None)), caller_id=CallerIdPolicy.CALLER, record_calls=False
    )

    assert call.legs[0].outcome is LegOutcome.ANSWERED
    assert call.legs[0].caller_id == HOTLINE


async def test_the_caller_never_hears_more_than_a_few_seconds_of_silence(provider: Provider) -> None:
    call = await ring(provider, Script(rings=(RingsOut(), Answers(press_after_seconds=8))))

    assert not call.caller_heard_silence_longer_than(3)
