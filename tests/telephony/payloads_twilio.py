"""Twilio's requests; see :mod:`tests.telephony.payloads`."""

from domain.directory import Provider
from domain.instructions import Leg
from tests.telephony.payload import Payload


def _twilio(name: str, leg: Leg, order: int, path: str, signature: str, body: str) -> Payload:
    return Payload(name, Provider.TWILIO, leg, order, f"/hooks/twilio/lcr_7Qm2/{path}", signature, body)


_INBOUND = (
    "Called=%2B12245550123&CalledCity=CHICAGO&CalledCountry=US&CalledState=IL&CalledZip=60601"
    "&Caller=%2B14155550116&CallerCity=SAN+FRANCISCO&CallerCountry=US&CallerState=CA&CallerZip=94105"
    "&Direction=inbound&From=%2B14155550116&FromCity=SAN+FRANCISCO&FromCountry=US&FromState=CA"
    "&FromZip=94105&To=%2B12245550123&ToCity=CHICAGO&ToCountry=US&ToState=IL&ToZip=60601"
)
_INBOUND_0177 = (
    "Called=%2B12245550123&CalledCity=CHICAGO&CalledCountry=US&CalledState=IL&CalledZip=60601"
    "&Caller=%2B14155550177&CallerCity=SAN+FRANCISCO&CallerCountry=US&CallerState=CA&CallerZip=94105"
    "&Direction=inbound&From=%2B14155550177&FromCity=SAN+FRANCISCO&FromCountry=US&FromState=CA"
    "&FromZip=94105&To=%2B12245550123&ToCity=CHICAGO&ToCountry=US&ToState=IL&ToZip=60601"
)
_LEG_0111 = (
    "Called=%2B12025550111&CalledCity=&CalledCountry=US&CalledState=DC&CalledZip=&Caller=%2B12245550123"
    "&CallerCity=CHICAGO&CallerCountry=US&CallerState=IL&CallerZip=60601&Direction=outbound-dial"
    "&From=%2B12245550123&FromCity=CHICAGO&FromCountry=US&FromState=IL&FromZip=60601&To=%2B12025550111"
    "&ToCity=&ToCountry=US&ToState=DC&ToZip="
)
_LEG_0199 = (
    "Called=%2B12025550199&CalledCity=&CalledCountry=US&CalledState=DC&CalledZip=&Caller=%2B12245550123"
    "&CallerCity=CHICAGO&CallerCountry=US&CallerState=IL&CallerZip=60601&Direction=outbound-dial"
    "&From=%2B12245550123&FromCity=CHICAGO&FromCountry=US&FromState=IL&FromZip=60601&To=%2B12025550199"
    "&ToCity=&ToCountry=US&ToState=DC&ToZip="
)
_ACCOUNT = "AccountSid=AC00000000000000000000000000000a11&ApiVersion=2010-04-01"
_TWILIO_MEDIA = (
    "https%3A%2F%2Fapi.twilio.com%2F2010-04-01%2FAccounts%2FAC00000000000000000000000000000a11%2FRecordings%2F"
)

TWILIO_PAYLOADS = (
    _twilio(
        "first request",
        Leg.ENTRY,
        0,
        "voice",
        "xbhI5KWTDqRyX4hFa5zQy/SmJ9w=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000a1&CallStatus=ringing&{_INBOUND}"
        "&StirVerstat=TN-Validation-Passed-A"
        "&CallToken=%257B%2522parentCallInfoToken%2522%253A%2522eyJhbGciOiJFUzI1NiJ9.e30.c2ln%2522%252C%2522identityHeaderTokens%2522%253A%255B%255D%257D",
    ),
    _twilio(
        "leg rings",
        Leg.PROGRESS,
        1,
        "leg/1",
        "qhdjESQi13fcXsSgp2WOWaTdiug=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000b1"
        f"&ParentCallSid=CA000000000000000000000000000000a1&CallStatus=ringing&{_LEG_0111}"
        "&CallbackSource=call-progress-events&SequenceNumber=1"
        "&Timestamp=Wed%2C+04+Mar+2026+09%3A15%3A09+%2B0000",
    ),
    _twilio(
        "whisper is fetched",
        Leg.WHISPER,
        1,
        "whisper/1",
        "6H7ybNs7ZOei8UuXouigUVIDuTk=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000b1"
        f"&ParentCallSid=CA000000000000000000000000000000a1&CallStatus=in-progress&{_LEG_0111}",
    ),
    _twilio(
        "responder presses 1",
        Leg.KEY,
        1,
        "whisper/1/key",
        "Ze5Ye6gcdXsqGEpYsc9ysiwbdko=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000b1"
        f"&ParentCallSid=CA000000000000000000000000000000a1&CallStatus=in-progress&{_LEG_0111}&Digits=1"
        "&FinishedOnKey=&msg=Gather+End",
    ),
    _twilio(
        "leg ends after a talk",
        Leg.PROGRESS,
        1,
        "leg/1",
        "rOhupFozurtMQCxZESPuhTkXwg0=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000b1"
        f"&ParentCallSid=CA000000000000000000000000000000a1&CallStatus=completed&{_LEG_0111}"
        "&CallbackSource=call-progress-events&SequenceNumber=3"
        "&Timestamp=Wed%2C+04+Mar+2026+09%3A16%3A02+%2B0000&CallDuration=47&Duration=1&SipResponseCode=200",
    ),
    _twilio(
        "first attempt answered",
        Leg.DIAL,
        1,
        "dial/1",
        "LTr3SW78eT50Qo4P9oX3gfHbAQU=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000a1&CallStatus=in-progress&{_INBOUND}"
        "&DialCallStatus=completed&DialCallSid=CA000000000000000000000000000000b1&DialCallDuration=41"
        f"&DialBridged=true&RecordingUrl={_TWILIO_MEDIA}RE000000000000000000000000000000c1",
    ),
    _twilio(
        "call ends after a talk",
        Leg.ENTRY,
        0,
        "status",
        "JsOiNKfw4Fr/3FGCPAy3LyJ9XPQ=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000a1&CallStatus=completed&{_INBOUND}"
        "&CallDuration=63&Duration=2&CallbackSource=call-progress-events&SequenceNumber=0"
        "&Timestamp=Wed%2C+04+Mar+2026+09%3A16%3A04+%2B0000",
    ),
    _twilio(
        "talk recording ready",
        Leg.RECORDING,
        1,
        "rec",
        "0iCR5Glp3vCIZo7LMKwUcaqOb84=",
        "AccountSid=AC00000000000000000000000000000a11&CallSid=CA000000000000000000000000000000a1"
        f"&RecordingSid=RE000000000000000000000000000000c1&RecordingUrl={_TWILIO_MEDIA}"
        "RE000000000000000000000000000000c1&RecordingStatus=completed&RecordingDuration=40"
        "&RecordingChannels=2&RecordingStartTime=Wed%2C+04+Mar+2026+09%3A15%3A22+%2B0000"
        "&RecordingSource=DialVerb",
    ),
    _twilio(
        "first attempt rings out",
        Leg.DIAL,
        1,
        "dial/1",
        "HbLpyJYs4cxPEUr5KzAIDdPbB3I=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000a2&CallStatus=in-progress&{_INBOUND}"
        "&DialCallStatus=no-answer&DialCallSid=CA000000000000000000000000000000b2&DialBridged=false",
    ),
    _twilio(
        "second attempt answered",
        Leg.DIAL,
        2,
        "dial/2",
        "taasLZcRVdU0788lOsRLH8wnN8k=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000a2&CallStatus=in-progress&{_INBOUND}"
        "&DialCallStatus=completed&DialCallSid=CA000000000000000000000000000000b3&DialCallDuration=118"
        "&DialBridged=true",
    ),
    _twilio(
        "call ends after the second responder",
        Leg.ENTRY,
        0,
        "status",
        "ZKolZbR+UVjhRQ1hdTFowTZz/ZY=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000a2&CallStatus=completed&{_INBOUND}"
        "&CallDuration=171&Duration=3&CallbackSource=call-progress-events&SequenceNumber=0"
        "&Timestamp=Wed%2C+04+Mar+2026+09%3A18%3A02+%2B0000",
    ),
    _twilio(
        "last attempt rings out",
        Leg.DIAL,
        3,
        "dial/3",
        "1qKoOyLTXYHF/j9Dhuf+K7NCTzY=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000a3&CallStatus=in-progress&{_INBOUND}"
        "&DialCallStatus=no-answer&DialCallSid=CA000000000000000000000000000000b6&DialBridged=false",
    ),
    _twilio(
        "voicemail ended by #",
        Leg.VOICEMAIL,
        0,
        "vm",
        "VOz6mk7OF3y4UAfIzgIzDI+l9mg=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000a3&CallStatus=in-progress&{_INBOUND}"
        f"&RecordingUrl={_TWILIO_MEDIA}RE000000000000000000000000000000c3"
        "&RecordingSid=RE000000000000000000000000000000c3&RecordingDuration=19&Digits=%23",
    ),
    _twilio(
        "voicemail ended by hanging up",
        Leg.VOICEMAIL,
        0,
        "vm",
        "KdkV6iqBL6C761EvKjp5pcdJhZE=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000a3&CallStatus=completed&{_INBOUND}&RecordingUrl="
        f"{_TWILIO_MEDIA}RE000000000000000000000000000000c3&RecordingSid=RE000000000000000000000000000000c3"
        "&RecordingDuration=19&Digits=hangup",
    ),
    _twilio(
        "voicemail recording ready",
        Leg.RECORDING,
        0,
        "rec",
        "KSqnd3zMArOB/XZnjuFyUz9rHyE=",
        "AccountSid=AC00000000000000000000000000000a11&CallSid=CA000000000000000000000000000000a3"
        f"&RecordingSid=RE000000000000000000000000000000c3&RecordingUrl={_TWILIO_MEDIA}"
        "RE000000000000000000000000000000c3&RecordingStatus=completed&RecordingDuration=18"
        "&RecordingChannels=1&RecordingSource=RecordVerb"
        "&RecordingStartTime=Wed%2C+04+Mar+2026+09%3A16%3A20+%2B0000",
    ),
    _twilio(
        "voicemail recording absent",
        Leg.RECORDING,
        0,
        "rec",
        "Q24bBFbL9eUQ5XmSoHeAM8O4uRw=",
        "AccountSid=AC00000000000000000000000000000a11&CallSid=CA000000000000000000000000000000a3"
        f"&RecordingSid=RE000000000000000000000000000000c3&RecordingUrl={_TWILIO_MEDIA}"
        "RE000000000000000000000000000000c3&RecordingStatus=absent&RecordingDuration=-1&RecordingChannels=1"
        "&RecordingSource=RecordVerb&ErrorCode=16101",
    ),
    _twilio(
        "caller leaves while it rings",
        Leg.DIAL,
        1,
        "dial/1",
        "/It+dLvpfxOq3cuKI0GteJ2nwqk=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000a4&CallStatus=completed&{_INBOUND}"
        "&DialCallStatus=canceled&DialCallSid=CA000000000000000000000000000000b7&DialBridged=false",
    ),
    _twilio(
        "call ends unanswered",
        Leg.ENTRY,
        0,
        "status",
        "PQv1zKe9+JVtQTi99D3tC5T6GBw=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000a4&CallStatus=completed&{_INBOUND}&CallDuration=9"
        "&Duration=1&CallbackSource=call-progress-events&SequenceNumber=0"
        "&Timestamp=Wed%2C+04+Mar+2026+09%3A15%3A12+%2B0000",
    ),
    _twilio(
        "leg is busy",
        Leg.PROGRESS,
        1,
        "leg/1",
        "I/Y8+ms4bz/sm9yav5yWhzjYk8k=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000b8"
        f"&ParentCallSid=CA000000000000000000000000000000a5&CallStatus=busy&{_LEG_0111}"
        "&CallbackSource=call-progress-events&SequenceNumber=2"
        "&Timestamp=Wed%2C+04+Mar+2026+09%3A15%3A10+%2B0000&CallDuration=0&Duration=0&SipResponseCode=486",
    ),
    _twilio(
        "attempt is busy",
        Leg.DIAL,
        1,
        "dial/1",
        "zZnoLBdBK0XrRTIbPr83y590zD0=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000a5&CallStatus=in-progress&{_INBOUND}"
        "&DialCallStatus=busy&DialCallSid=CA000000000000000000000000000000b8&DialBridged=false",
    ),
    _twilio(
        "leg fails",
        Leg.PROGRESS,
        1,
        "leg/1",
        "oLMDJTjeBn6L3+XMR0Q4xVBiHHU=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000b9"
        f"&ParentCallSid=CA000000000000000000000000000000a6&CallStatus=failed&{_LEG_0199}"
        "&CallbackSource=call-progress-events&SequenceNumber=1"
        "&Timestamp=Wed%2C+04+Mar+2026+09%3A15%3A06+%2B0000&CallDuration=0&Duration=0&SipResponseCode=404",
    ),
    _twilio(
        "attempt fails",
        Leg.DIAL,
        1,
        "dial/1",
        "WEi4llHhlvyOQpW6X/sK3PjQU9U=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000a6&CallStatus=in-progress&{_INBOUND}"
        "&DialCallStatus=failed&DialCallSid=CA000000000000000000000000000000b9&DialBridged=false",
    ),
    _twilio(
        "fallback after a failed answer",
        Leg.ENTRY,
        0,
        "fallback",
        "ne2L2sv9GxQmsZtrEOM0AwUE8q8=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000a6&CallStatus=in-progress&{_INBOUND}"
        "&ErrorCode=11200&ErrorUrl=https%3A%2F%2Fhotline.example.com%2Fhooks%2Ftwilio%2Flcr_7Qm2%2Fdial%2F1",
    ),
    _twilio(
        "repeated attempt result",
        Leg.DIAL,
        1,
        "dial/1",
        "LTr3SW78eT50Qo4P9oX3gfHbAQU=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000a1&CallStatus=in-progress&{_INBOUND}"
        "&DialCallStatus=completed&DialCallSid=CA000000000000000000000000000000b1&DialCallDuration=41"
        f"&DialBridged=true&RecordingUrl={_TWILIO_MEDIA}RE000000000000000000000000000000c1",
    ),
    _twilio(
        "first request with a name",
        Leg.ENTRY,
        0,
        "voice",
        "SPDt7Wyt7FH5Hltt64H8uY0mSe0=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000a8&CallStatus=ringing&{_INBOUND_0177}"
        "&StirVerstat=TN-Validation-Passed-C&CallerName=QA+COLLEAGUE",
    ),
    _twilio(
        "tester answers",
        Leg.DIAL,
        1,
        "dial/test",
        "RgrU1f3lBXiM+ds0/mORwgkST1E=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000a8&CallStatus=in-progress&{_INBOUND_0177}"
        "&DialCallStatus=completed&DialCallSid=CA000000000000000000000000000000ba&DialCallDuration=12"
        "&DialBridged=true",
    ),
    _twilio(
        "first request from a withheld number",
        Leg.ENTRY,
        0,
        "voice",
        "MVYW2VxOSvIEK0GXY2tIPkT6Zjk=",
        f"{_ACCOUNT}&CallSid=CA000000000000000000000000000000a9&CallStatus=ringing&Called=%2B12245550123"
        "&CalledCity=CHICAGO&CalledCountry=US&CalledState=IL&CalledZip=60601&Caller=%2B266696687&CallerCity="
        "&CallerCountry=&CallerState=&CallerZip=&Direction=inbound&From=%2B266696687&FromCity=&FromCountry="
        "&FromState=&FromZip=&To=%2B12245550123&ToCity=CHICAGO&ToCountry=US&ToState=IL&ToZip=60601"
        "&StirVerstat=No-TN-Validation",
    ),
)
