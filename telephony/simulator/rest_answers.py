"""What the carrier's REST interface answers: resources and errors in the words of each carrier."""

import uuid
from collections.abc import Mapping
from email.utils import format_datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from domain.phone import to_e164
from telephony.simulator.sent import PlacedCall, SentMessage


def twilio_problem(given: Mapping[str, str], needs: tuple[str, ...]) -> Response | None:
    if to_e164(given.get("To", "")) is None:
        return twilio_error(400, 21211, "The 'To' number is not a valid phone number.")
    if to_e164(given.get("From", "")) is None:
        return twilio_error(400, 21212, "The 'From' number is not a valid phone number.")
    if not any(given.get(name) for name in needs):
        return twilio_error(400, 21602 if needs == ("Body",) else 21205, f"{' or '.join(needs)} is required.")
    return None


def plivo_problem(given: Mapping[str, str], needs: tuple[str, ...]) -> Response | None:
    missing = [name for name in needs if not given.get(name)]
    if not missing:
        return None
    return JSONResponse({"api_id": str(uuid.uuid4()), "error": f"missing: {', '.join(missing)}"}, 400)


def twilio_error(status: int, code: int, message: str) -> JSONResponse:
    return JSONResponse(
        {"code": code, "message": message, "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": status},
        status,
    )


def twilio_call_json(call: PlacedCall) -> dict[str, Any]:
    account = call.parameters["AccountSid"]
    return {
        "sid": call.call_id,
        "account_sid": account,
        "to": call.to,
        "from": call.sender,
        "status": call.status,
        "direction": "outbound-api",
        "date_created": format_datetime(call.accepted_at),
        "start_time": format_datetime(call.accepted_at),
        "uri": f"/2010-04-01/Accounts/{account}/Calls/{call.call_id}.json",
    }


def twilio_message_json(message: SentMessage, account: str) -> dict[str, Any]:
    return {
        "sid": message.message_id,
        "account_sid": account,
        "to": message.to,
        "from": message.sender,
        "body": message.text,
        "status": message.status,
        "direction": "outbound-api",
        "error_code": None,
        "date_created": format_datetime(message.accepted_at),
        "uri": f"/2010-04-01/Accounts/{account}/Messages/{message.message_id}.json",
    }


def plivo_phase(call: PlacedCall) -> str:
    """In which of Plivo's lists the call stands: ``queued``, ``live``, or ``ended``."""
    match call.status:
        case "queued":
            return "queued"
        case "ringing" | "in-progress":
            return "live"
        case _:
            return "ended"


def plivo_list(objects: list[dict[str, Any]]) -> JSONResponse:
    return JSONResponse({"api_id": str(uuid.uuid4()), "meta": {"total_count": len(objects)}, "objects": objects})


def plivo_running_call_json(call: PlacedCall) -> dict[str, Any]:
    return {
        "call_uuid": call.call_id,
        "request_uuid": call.request_id,
        "from": call.sender,
        "to": call.to,
        "direction": "outbound",
        "call_status": call.status,
        "session_start": call.accepted_at.strftime("%Y-%m-%d %H:%M:%S"),
    }


def plivo_ended_call_json(call: PlacedCall) -> dict[str, Any]:
    return {
        "call_uuid": call.call_id,
        "from_number": call.sender,
        "to_number": call.to,
        "call_direction": "outbound",
        "call_state": "ANSWER" if call.status == "completed" else "NO_ANSWER",
        "initiation_time": call.accepted_at.isoformat(sep=" ", timespec="seconds"),
    }


def plivo_message_json(message: SentMessage) -> dict[str, Any]:
    return {
        "message_uuid": message.message_id,
        "from_number": message.sender,
        "to_number": message.to,
        "message_direction": "outbound",
        "message_state": message.status,
    }
