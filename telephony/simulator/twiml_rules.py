"""The TwiML that an on-call hotline can need, as Twilio documents it. Verbs of other products are unknown here."""

from telephony.simulator.xml_rules import (
    DocumentRules,
    ElementRule,
    any_url,
    anything,
    each_of,
    keys,
    method,
    one_of,
    truth,
    whole,
)

_PROMPTS = frozenset({"Say", "Play", "Pause"})
_RECORDING_EVENTS = each_of("in-progress", "completed", "absent")
_TRIM = one_of("trim-silence", "do-not-trim")

TWIML = DocumentRules(
    elements={
        "Response": ElementRule(
            children=_PROMPTS | {"Gather", "Dial", "Record", "Redirect", "Hangup", "Reject"},
        ),
        "Say": ElementRule({"voice": anything, "language": anything, "loop": whole(0, 1000)}, text="required"),
        "Play": ElementRule({"loop": whole(0, 1000), "digits": anything}, text="optional"),
        "Pause": ElementRule({"length": whole(0, 600)}),
        "Gather": ElementRule(
            {
                "action": any_url,
                "method": method,
                "timeout": whole(0, 600),
                "input": each_of("dtmf", "speech"),
                "finishOnKey": keys,
                "numDigits": whole(1, 100),
                "speechTimeout": anything,
                "language": anything,
                "hints": anything,
                "actionOnEmptyResult": truth,
                "bargeIn": truth,
            },
            children=_PROMPTS,
        ),
        "Dial": ElementRule(
            {
                "action": any_url,
                "method": method,
                "timeout": whole(5, 600),
                "timeLimit": whole(1, 14_400),
                "callerId": anything,
                "answerOnBridge": truth,
                "hangupOnStar": truth,
                "record": one_of(
                    "do-not-record",
                    "record-from-answer",
                    "record-from-ringing",
                    "record-from-answer-dual",
                    "record-from-ringing-dual",
                    "true",
                    "false",
                ),
                "recordingStatusCallback": any_url,
                "recordingStatusCallbackMethod": method,
                "recordingStatusCallbackEvent": _RECORDING_EVENTS,
                "recordingTrack": one_of("both", "inbound", "outbound"),
                "trim": _TRIM,
                "ringTone": anything,
                "sequential": truth,
                "callReason": anything,
            },
            children=frozenset({"Number"}),
            text="optional",
        ),
        "Number": ElementRule(
            {
                "url": any_url,
                "method": method,
                "sendDigits": anything,
                "statusCallback": any_url,
                "statusCallbackMethod": method,
                "statusCallbackEvent": each_of("initiated", "ringing", "answered", "completed"),
            },
            text="required",
        ),
        "Record": ElementRule(
            {
                "action": any_url,
                "method": method,
                "timeout": whole(0, 600),
                "finishOnKey": keys,
                "maxLength": whole(2, 14_400),
                "playBeep": truth,
                "trim": _TRIM,
                "recordingStatusCallback": any_url,
                "recordingStatusCallbackMethod": method,
                "recordingStatusCallbackEvent": _RECORDING_EVENTS,
            }
        ),
        "Redirect": ElementRule({"method": method}, text="required"),
        "Reject": ElementRule({"reason": one_of("rejected", "busy")}),
        "Hangup": ElementRule(),
    },
    content_types=frozenset({"text/xml", "application/xml", "text/html"}),
    max_bytes=64 * 1024,
    parse_code="12100",
    schema_code="12200",
    content_type_code="12300",
    size_code="11750",
    value_codes={("Dial", "timeout"): "13212"},
)

#: what may be run on a responder's leg before the two are joined
WHISPER_VERBS = frozenset({"Say", "Play", "Pause", "Gather", "Hangup"})
