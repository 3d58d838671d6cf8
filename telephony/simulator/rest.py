"""The carrier's REST interface: takes text messages and alert calls, plays them, and serves recordings.

An ASGI application (``SimulatedRest.app``) that both carriers' paths lead to. What was sent can be read by tests as
objects and by anybody as JSON at ``GET /_sent``. ``Script.otherwise`` or ``Script.responders`` say what a called phone
does; the default is that it rings out.
"""

import asyncio
import base64
import binascii
import secrets
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.directory import Provider
from telephony.simulator import plivo_leg, twilio_leg
from telephony.simulator.alert_calls import play_alert_call
from telephony.simulator.clock import Clock, Pace, at_speed
from telephony.simulator.media import seconds_of, tone
from telephony.simulator.messages import deliver
from telephony.simulator.rest_answers import (
    plivo_ended_call_json,
    plivo_list,
    plivo_message_json,
    plivo_phase,
    plivo_problem,
    plivo_running_call_json,
    twilio_call_json,
    twilio_error,
    twilio_message_json,
    twilio_problem,
)
from telephony.simulator.scripts import CallerScript, RingsOut, Script
from telephony.simulator.sent import MediaRules, PlacedCall, Refusal, SentMessage
from telephony.simulator.stage import Person, Stage
from telephony.simulator.transcript import Notebook, OnLine, Who
from telephony.simulator.twilio_side import new_call_sid
from telephony.simulator.wire import Stamp, Wire

_MOST_SMS_CHARACTERS = 1600


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SimulatedRest:
    """``accounts`` maps account ids to tokens; ``undeliverable`` numbers to the error code of the delivery receipt."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        accounts: Mapping[str, str],
        *,
        script: Script | None = None,
        refusals: Sequence[Refusal] = (),
        undeliverable: Mapping[str, str] | None = None,
        media: MediaRules | None = None,
        names: Mapping[str, str] | None = None,
        pace: Pace | None = None,
        stamp: Stamp | None = None,
        on_line: OnLine | None = None,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._http = http
        self._accounts = dict(accounts)
        self.script = script or Script(otherwise=RingsOut())
        self.refusals = list(refusals)
        self.undeliverable = dict(undeliverable or {})
        self.media = media or MediaRules()
        self.sent_messages: list[SentMessage] = []
        self.placed_calls: list[PlacedCall] = []
        self._names = names or {}
        self._pace = pace or at_speed(None)
        self._stamp = stamp
        self._on_line = on_line
        self._now = now
        self._attempts: dict[str, int] = {}
        self._running: set[asyncio.Task[None]] = set()
        self.app = Starlette(routes=self._routes())

    async def settle(self) -> None:
        """Waits until every message is delivered and every call is over, callbacks included."""
        while self._running:
            await asyncio.gather(*self._running)

    def _routes(self) -> list[Route]:
        twilio, plivo = "/2010-04-01/Accounts/{account}", "/v1/Account/{account}"
        return [
            Route(f"{twilio}.json", self._twilio_account, methods=["GET"]),
            Route(f"{twilio}/Calls.json", self._twilio_call, methods=["POST"]),
            Route(f"{twilio}/Calls.json", self._twilio_calls, methods=["GET"]),
            Route(f"{twilio}/Messages.json", self._twilio_message, methods=["POST"]),
            Route(f"{twilio}/Messages.json", self._twilio_messages, methods=["GET"]),
            Route(f"{twilio}/Recordings/{{name}}", self._recording, methods=["GET"]),
            Route(f"{plivo}/", self._plivo_account, methods=["GET"]),
            Route(f"{plivo}/Call/", self._plivo_call, methods=["POST"]),
            Route(f"{plivo}/Call/", self._plivo_calls, methods=["GET"]),
            Route(f"{plivo}/Call/{{call}}/", self._plivo_running_call, methods=["GET"]),
            Route(f"{plivo}/Message/", self._plivo_message, methods=["POST"]),
            Route(f"{plivo}/Message/", self._plivo_messages, methods=["GET"]),
            Route(f"{plivo}/Recording/{{name}}", self._recording, methods=["GET"]),
            Route("/_sent", self._sent, methods=["GET"]),
        ]

    async def _twilio_account(self, request: Request) -> Response:
        account = self._account_of(request)
        if account is None:
            return twilio_error(401, 20003, "Authenticate")
        return JSONResponse({"sid": account, "status": "active"})

    async def _twilio_call(self, request: Request) -> Response:
        account = self._account_of(request)
        if account is None:
            return twilio_error(401, 20003, "Authenticate")
        pairs = await _form(request)
        given = dict(pairs)
        if problem := twilio_problem(given, needs=("Url", "Twiml")):
            return problem
        call = PlacedCall(
            provider=Provider.TWILIO,
            call_id=new_call_sid(),
            request_id="",
            sender=given["From"],
            to=given["To"],
            parameters=given | {"AccountSid": account},
            progress_events=tuple(value for name, value in pairs if name == "StatusCallbackEvent"),
            accepted_at=self._now(),
        )
        return await self._answer("call", call.to, lambda: self._place(call, account), twilio_call_json(call), 201)

    async def _twilio_message(self, request: Request) -> Response:
        account = self._account_of(request)
        if account is None:
            return twilio_error(401, 20003, "Authenticate")
        given = dict(await _form(request))
        if problem := twilio_problem(given, needs=("Body",)):
            return problem
        if len(given["Body"]) > _MOST_SMS_CHARACTERS:
            return twilio_error(400, 21617, "The concatenated message body exceeds the 1600 character limit")
        message = SentMessage(
            provider=Provider.TWILIO,
            message_id=f"SM{secrets.token_hex(16)}",
            sender=given["From"],
            to=given["To"],
            text=given["Body"],
            callback_url=given.get("StatusCallback"),
            callback_method="POST",
            accepted_at=self._now(),
        )
        body = twilio_message_json(message, account)
        return await self._answer("message", message.to, lambda: self._send(message, account), body, 201)

    async def _twilio_calls(self, request: Request) -> Response:
        if self._account_of(request) is None:
            return twilio_error(401, 20003, "Authenticate")
        query, since = request.query_params, _since(request.query_params.get("StartTime>"))
        found = [
            twilio_call_json(call)
            for call in self.placed_calls
            if call.provider is Provider.TWILIO
            and call.to == query.get("To", call.to)
            and call.sender == query.get("From", call.sender)
            and call.status == query.get("Status", call.status)
            and (since is None or call.accepted_at >= since)
        ]
        return JSONResponse({"calls": found, "page": 0, "page_size": 50, "next_page_uri": None})

    async def _twilio_messages(self, request: Request) -> Response:
        account = self._account_of(request)
        if account is None:
            return twilio_error(401, 20003, "Authenticate")
        query, since = request.query_params, _since(request.query_params.get("DateSent>"))
        found = [
            twilio_message_json(message, account)
            for message in self.sent_messages
            if message.provider is Provider.TWILIO
            and message.to == query.get("To", message.to)
            and message.sender == query.get("From", message.sender)
            and (since is None or message.accepted_at >= since)
        ]
        return JSONResponse({"messages": found, "page": 0, "page_size": 50, "next_page_uri": None})

    async def _plivo_account(self, request: Request) -> Response:
        account = self._account_of(request)
        return Response(status_code=401) if account is None else JSONResponse({"auth_id": account})

    async def _plivo_call(self, request: Request) -> Response:
        account = self._account_of(request)
        if account is None:
            return Response("Could not verify your access level for that URL.", 401)
        given = await _json(request)
        if problem := plivo_problem(given, ("from", "to", "answer_url")):
            return problem
        call = PlacedCall(
            provider=Provider.PLIVO,
            call_id=str(uuid.uuid4()),
            request_id=str(uuid.uuid4()),
            sender=given["from"],
            to=given["to"],
            parameters=given | {"auth_id": account},
            progress_events=(),
            accepted_at=self._now(),
        )
        body = {"api_id": str(uuid.uuid4()), "message": "call fired", "request_uuid": call.request_id}
        return await self._answer("call", call.to, lambda: self._place(call, account), body, 201)

    async def _plivo_message(self, request: Request) -> Response:
        account = self._account_of(request)
        if account is None:
            return Response("Could not verify your access level for that URL.", 401)
        given = await _json(request)
        if problem := plivo_problem(given, ("src", "dst", "text")):
            return problem
        message = SentMessage(
            provider=Provider.PLIVO,
            message_id=str(uuid.uuid4()),
            sender=given["src"],
            to=given["dst"],
            text=given["text"],
            callback_url=given.get("url"),
            callback_method=given.get("method", "POST"),
            accepted_at=self._now(),
        )
        body = {"api_id": str(uuid.uuid4()), "message": "message(s) queued", "message_uuid": [message.message_id]}
        return await self._answer("message", message.to, lambda: self._send(message, account), body, 202)

    async def _plivo_calls(self, request: Request) -> Response:
        """Ended calls, or with ``status`` the ids of those that wait or run."""
        if self._account_of(request) is None:
            return Response(status_code=401)
        calls = [call for call in self.placed_calls if call.provider is Provider.PLIVO]
        status = request.query_params.get("status")
        if status is not None:
            return JSONResponse({"calls": [call.call_id for call in calls if plivo_phase(call) == status]})
        ended = [call for call in calls if plivo_phase(call) == "ended" and _is_to(request, call.to)]
        return plivo_list([plivo_ended_call_json(call) for call in ended])

    async def _plivo_running_call(self, request: Request) -> Response:
        if self._account_of(request) is None:
            return Response(status_code=401)
        wanted = (request.path_params["call"], request.query_params.get("status"))
        for call in self.placed_calls:
            if (call.call_id, plivo_phase(call)) == wanted:
                return JSONResponse(plivo_running_call_json(call))
        return Response(status_code=404)

    async def _plivo_messages(self, request: Request) -> Response:
        if self._account_of(request) is None:
            return Response(status_code=401)
        sent = [message for message in self.sent_messages if message.provider is Provider.PLIVO]
        return plivo_list([plivo_message_json(message) for message in sent if _is_to(request, message.to)])

    async def _recording(self, request: Request) -> Response:
        if self.media.needs_credentials and self._account_of(request) is None:
            return Response(status_code=401, headers={"WWW-Authenticate": 'Basic realm="media"'})
        reference = request.path_params["name"].removesuffix(".wav").removesuffix(".mp3")
        seconds = seconds_of(reference)
        if seconds is None or not self.media.is_ready(reference):
            return Response(status_code=404)
        return Response(tone(seconds), media_type="audio/wav")

    async def _sent(self, request: Request) -> Response:
        return JSONResponse(
            {
                "messages": [
                    {"provider": m.provider, "id": m.message_id, "from": m.sender, "to": m.to, "text": m.text}
                    | {"status": m.status}
                    for m in self.sent_messages
                ],
                "calls": [
                    {"provider": c.provider, "id": c.call_id, "from": c.sender, "to": c.to, "status": c.status}
                    | {"heard": c.heard, "pressed": c.pressed}
                    for c in self.placed_calls
                ],
            }
        )

    def _account_of(self, request: Request) -> str | None:
        """The account of the path when the Basic credentials are that account's."""
        account: str = request.path_params["account"]
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        known = self._accounts.get(account)
        is_right = scheme.lower() == "basic" and user == account and known is not None and password == known
        return account if is_right else None

    async def _answer(
        self, what: str, to: str, accept: Callable[[], None], body: dict[str, Any], status: int
    ) -> Response:
        """The scripted refusal, else the acceptance."""
        numbers = (None, to, f"+{to}")  # a carrier that writes numbers without the plus is told of them with it
        refusal = next((r for r in self.refusals if r.what == what and r.times > 0 and r.to in numbers), None)
        if refusal is None:
            accept()
            return JSONResponse(body, status)
        refusal.times -= 1
        if refusal.processed:
            accept()
        await asyncio.sleep(refusal.hang_seconds)
        response = twilio_error(refusal.status, refusal.code or 20500, "scripted refusal")
        if refusal.retry_after_seconds is not None:
            response.headers["Retry-After"] = str(refusal.retry_after_seconds)
        return response

    def _place(self, call: PlacedCall, account: str) -> None:
        self.placed_calls.append(call)
        clock, notebook, wire = self._line(call.provider, account, call.call_id)
        callee = Person(notebook.name(call.to), Who.RESPONDER)
        script = replace(self.script, caller=CallerScript(), rings=())
        stage = Stage(script, clock, notebook, wire, callee, attempts=self._attempts)
        self._run(play_alert_call(stage, call))

    def _send(self, message: SentMessage, account: str) -> None:
        self.sent_messages.append(message)
        clock, notebook, wire = self._line(message.provider, account, message.message_id)
        notebook.note(Who.DUTYLINE, f"text to {notebook.name(message.to)}: “{message.text}”")
        self._run(deliver(message, account, clock, wire, self.undeliverable.get(message.to)))

    def _line(self, provider: Provider, account: str, call_id: str) -> tuple[Clock, Notebook, Wire]:
        clock = Clock(self._now(), self._pace)
        notebook = Notebook(clock, self._names, self._on_line)
        is_twilio = provider is Provider.TWILIO
        signer = twilio_leg.signer if is_twilio else plivo_leg.signer
        wire = Wire(
            self._http,
            clock,
            notebook,
            call_id=call_id,
            rules=twilio_leg.RULES if is_twilio else plivo_leg.RULES,
            user_agent=twilio_leg.USER_AGENT if is_twilio else plivo_leg.USER_AGENT,
            sign=signer(self._accounts[account]),
            stamp=self._stamp,
            faults=self.script.carrier.faults,
        )
        return clock, notebook, wire

    def _run(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)


async def _form(request: Request) -> list[tuple[str, str]]:
    return parse_qsl((await request.body()).decode(), keep_blank_values=True)


async def _json(request: Request) -> dict[str, str]:
    try:
        given = await request.json()
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in given.items()} if isinstance(given, dict) else {}


def _is_to(request: Request, number: str) -> bool:
    """Whether a list filter lets the number through; Plivo's numbers come with and without a plus."""
    wanted = request.query_params.get("to_number")
    return wanted is None or wanted.lstrip("+ ") == number.lstrip("+")


def _since(text: str | None) -> datetime | None:
    """The moment of a list filter; a date alone is its midnight in UTC."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
