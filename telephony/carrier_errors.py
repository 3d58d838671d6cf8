"""Sentences for carriers' error codes. They choose words only, never what happens next."""

from collections.abc import Mapping

TWILIO_SENTENCES: Mapping[str, str] = {
    "20003": "the credentials are wrong; check account_sid and auth_token.",
    "21210": "from_number is not a number of this account; buy or verify it there.",
    "21211": "the number is not a phone number; correct it in the user's profile.",
    "21212": "from_number is not a valid phone number.",
    "21215": "calls to this country are switched off; allow it under Voice geographic permissions.",
    "21217": "the number is not a phone number; correct it in the user's profile.",
    "21219": "a trial account only calls verified numbers; verify this one or upgrade.",
    "21408": "text messages to this country are switched off; allow it under Messaging geographic permissions.",
    "21606": "from_number cannot send text messages to this country.",
    "21608": "a trial account only texts verified numbers; verify this one or upgrade.",
    "21609": "the callback address is not public; set DUTYLINE_PUBLIC_URL to an address that the internet reaches.",
    "21610": "the recipient has answered STOP and gets no more text messages from this number.",
    "21612": "there is no route from from_number to this number.",
    "21614": "the number is a landline or cannot receive text messages.",
    "21617": "the text message is too long.",
    "30003": "the phone was switched off or out of reach.",
    "30005": "the number does not exist.",
    "30006": "the number is a landline or its carrier is out of reach.",
    "30007": "the recipient's carrier filtered the message out.",
    "30008": "the message was lost for an unknown reason.",
    "30034": "from_number is not registered for business messages to US numbers (10DLC).",
    "30036": "the message expired before it could be delivered.",
}

PLIVO_SENTENCES: Mapping[str, str] = {
    "10": "the message is invalid.",
    "20": "the recipient's network had a failure.",
    "30": "the recipient's carrier took the message for spam.",
    "40": "from_number cannot send text messages.",
    "50": "the number is not a phone number that takes text messages.",
    "70": "the number is out of service.",
    "80": "the phone was switched off or out of reach.",
    "90": "there is no route to this number.",
    "100": "the recipient's carrier refuses such messages.",
    "110": "the text message is too long.",
    "200": "the recipient has answered STOP and gets no more text messages from this number.",
    "300": "Plivo failed to hand the message on.",
    "420": "the message expired before it could be delivered.",
    "450": "text messages to this country are switched off for the account.",
    "900": "the account has no credit left.",
    "910": "the account is disabled.",
    "1000": "the message was lost for an unknown reason.",
}
