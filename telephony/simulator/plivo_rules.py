"""The Plivo XML that an on-call hotline can need, as documented. Elements of other products are unknown here."""

from telephony.simulator.xml_rules import (
    DocumentRules,
    ElementRule,
    absolute_url,
    anything,
    keys,
    method,
    one_of,
    truth,
    whole,
)

_PROMPTS = frozenset({"Speak", "Play"})

PLIVO_XML = DocumentRules(
    elements={
        "Response": ElementRule(
            children=_PROMPTS | {"Wait", "GetDigits", "GetInput", "Redirect", "Hangup", "PreAnswer", "Record", "Dial"},
        ),
        "Speak": ElementRule({"voice": anything, "language": anything, "loop": whole(0, 1000)}, text="required"),
        "Play": ElementRule({"loop": whole(0, 1000)}, text="required"),
        "Wait": ElementRule(
            {"length": whole(1, 3600), "silence": truth, "minSilence": whole(1, 60_000), "beep": truth}
        ),
        "GetDigits": ElementRule(
            {
                "action": absolute_url,
                "method": method,
                "timeout": whole(1, 600),
                "digitTimeout": whole(1, 600),
                "numDigits": whole(1, 99),
                "finishOnKey": anything,
                "retries": whole(1, 100),
                "redirect": truth,
                "playBeep": truth,
                "validDigits": keys,
                "invalidDigitsSound": absolute_url,
                "log": truth,
            },
            children=_PROMPTS,
        ),
        "GetInput": ElementRule(
            {
                "action": absolute_url,
                "method": method,
                "inputType": one_of("dtmf", "speech", "dtmf speech"),
                "executionTimeout": whole(5, 60),
                "digitEndTimeout": anything,
                "speechEndTimeout": anything,
                "numDigits": whole(1, 32),
                "finishOnKey": anything,
                "redirect": truth,
                "language": anything,
                "log": truth,
            },
            children=_PROMPTS,
        ),
        "Redirect": ElementRule({"method": method}, text="required"),
        "Hangup": ElementRule({"reason": one_of("rejected", "busy"), "schedule": whole(1, 86_400)}),
        "PreAnswer": ElementRule(children=_PROMPTS | {"Wait"}),
        "Record": ElementRule(
            {
                "action": absolute_url,
                "method": method,
                "redirect": truth,
                "timeout": whole(1, 600),
                "maxLength": whole(1, 86_400),
                "finishOnKey": anything,
                "playBeep": truth,
                "fileFormat": one_of("mp3", "wav"),
                "recordSession": truth,
                "startOnDialAnswer": truth,
                "recordChannelType": one_of("stereo", "mono"),
                "callbackUrl": absolute_url,
                "callbackMethod": method,
            }
        ),
        "Dial": ElementRule(
            {
                "action": absolute_url,
                "method": method,
                "redirect": truth,
                "timeout": whole(1, 600),
                "timeLimit": whole(1, 86_400),
                "callerId": anything,
                "callerName": lambda value: None if len(value) <= 50 else "must be at most 50 characters",
                "hangupOnStar": truth,
                "dialMusic": lambda value: None if value == "real" else absolute_url(value),
                "confirmSound": absolute_url,
                "confirmKey": lambda value: keys(value) if len(value) == 1 else "must be one key",
                "confirmTimeout": whole(1, 600),
                "callbackUrl": absolute_url,
                "callbackMethod": method,
                "digitsMatch": anything,
                "digitsMatchBLeg": anything,
                "sipHeaders": anything,
            },
            children=frozenset({"Number"}),
        ),
        "Number": ElementRule(
            {"sendDigits": anything, "sendOnPreanswer": truth, "sendDigitsMode": anything}, text="required"
        ),
    },
    content_types=frozenset({"text/xml", "application/xml"}),
    max_bytes=100 * 1024,
    parse_code="8011",
    schema_code="8011",
    content_type_code="8011",
    size_code="8011",
)

#: what a confirm sound may hold
CONFIRM_SOUND_ELEMENTS = frozenset({"Speak", "Play", "Wait"})
