"""Plivo's requests; see :mod:`tests.telephony.payloads`."""

from domain.directory import Provider
from domain.instructions import Leg
from tests.telephony.payload import Payload


def _plivo(name: str, leg: Leg, order: int, path: str, signature: str, nonce: str, body: str) -> Payload:
    return Payload(name, Provider.PLIVO, leg, order, f"/hooks/plivo/lcr_7Qm2/{path}", signature, body, nonce)


_PLIVO_STANDARD = (
    "&From=14155550116&ParentAuthID=MAEXAMPLE00000000000&RouteType=&STIRVerification=Verified"
    "&SessionStart=2026-03-04+09%3A15%3A02.410233&To=12245550123"
)
_PLIVO_MEDIA = "https%3A%2F%2Fmedia.plivo.com%2Fv1%2FAccount%2FMAEXAMPLE00000000000%2FRecording%2F"


PLIVO_PAYLOADS = (
    _plivo(
        "first request",
        Leg.ENTRY,
        0,
        "answer",
        "nebRoSdkRuvG2AZQr5ko/0zb83+0LdLzggDmEm9pEs8=",
        "10000007919000000013",
        "BillRate=0.00850&CallStatus=ringing&CallUUID=000000a1-0000-4000-8000-0000000000a1"
        f"&CallerName=%2B14155550116&CountryCode=US&Direction=inbound&Event=StartApp{_PLIVO_STANDARD}",
    ),
    _plivo(
        "confirm sound is fetched",
        Leg.WHISPER,
        1,
        "confirm/1",
        "Y/gNq0TooVDvTSiSNXfG70pprJAJfFlNHyvAWIRnCVk=",
        "10000015838000000026",
        "CallUUID=000000a1-0000-4000-8000-0000000000a1&Event=DialRemoteSounds&From=14155550116&To=12245550123"
        "&CallStatus=in-progress&Direction=inbound",
    ),
    _plivo(
        "leg picked up",
        Leg.PROGRESS,
        1,
        "leg/1",
        "Y5rmyk5I5G1U31WvlwgFHfVTCz2pEhtFz/zrH8l0clw=",
        "10000023757000000039",
        "CallUUID=000000a1-0000-4000-8000-0000000000a1&DialAction=answer"
        "&DialALegUUID=000000a1-0000-4000-8000-0000000000a1&DialBLegFrom=12245550123&DialBLegPosition=1"
        "&DialBLegStatus=answer&DialBLegTo=12025550111&DialBLegUUID=000000b1-0000-4000-8000-0000000000b1"
        "&Event=DialAnswer&STIRVerification=Not+Applicable",
    ),
    _plivo(
        "leg connected by key",
        Leg.PROGRESS,
        1,
        "leg/1",
        "i+ylNe/ywQxA26zMM7tz+8dBbtPF+CVN00J0culVxh8=",
        "10000031676000000052",
        "CallUUID=000000a1-0000-4000-8000-0000000000a1&DialAction=connected"
        "&DialALegUUID=000000a1-0000-4000-8000-0000000000a1&DialBLegFrom=12245550123&DialBLegPosition=1"
        "&DialBLegStatus=connected&DialBLegTo=12025550111&DialBLegUUID=000000b1-0000-4000-8000-0000000000b1"
        "&Event=DialConnected&STIRVerification=Not+Applicable",
    ),
    _plivo(
        "leg ends after a talk",
        Leg.PROGRESS,
        1,
        "leg/1",
        "ES1MLve3bJNEmBvBELbTK4W9lS6ecgXqybRg4TC+fGI=",
        "10000039595000000065",
        "CallUUID=000000a1-0000-4000-8000-0000000000a1&DialAction=hangup"
        "&DialALegUUID=000000a1-0000-4000-8000-0000000000a1&DialBLegFrom=12245550123&DialBLegPosition=1"
        "&DialBLegStatus=hangup&DialBLegTo=12025550111&DialBLegUUID=000000b1-0000-4000-8000-0000000000b1"
        "&Event=DialHangup&STIRVerification=Not+Applicable&DialBLegDuration=41&DialBLegBillDuration=60"
        "&DialBLegHangupCause=NORMAL_CLEARING&DialBLegHangupCauseCode=4000"
        "&DialBLegHangupCauseName=Normal+Hangup&DialBLegHangupSource=Callee&DialBLegTotalCost=0.01000"
        "&StartTime=2026-03-04+04%3A15%3A08&AnswerTime=2026-03-04+04%3A15%3A19"
        "&EndTime=2026-03-04+04%3A16%3A00",
    ),
    _plivo(
        "first attempt answered",
        Leg.DIAL,
        1,
        "dial/1",
        "r1ubi/8y21MixunoPKLwUzcHDSyGMNZegKu76bIhCRE=",
        "10000047514000000078",
        "BillRate=0.00850&CallStatus=in-progress&CallUUID=000000a1-0000-4000-8000-0000000000a1"
        f"&CallerName=%2B14155550116&CountryCode=US&Direction=inbound&Event=Redirect{_PLIVO_STANDARD}"
        "&DialALegUUID=000000a1-0000-4000-8000-0000000000a1&DialBLegUUID=000000b1-0000-4000-8000-0000000000b1"
        "&DialHangupCause=NORMAL_CLEARING&DialRingStatus=true&DialStatus=completed",
    ),
    _plivo(
        "call ends after a talk",
        Leg.ENTRY,
        0,
        "hangup",
        "tPCPrzH4bPXK0AjhJ55kDt48KOTRm6yyu/8+Ut3aOnY=",
        "10000055433000000091",
        "BillRate=0.00850&CallStatus=completed&CallUUID=000000a1-0000-4000-8000-0000000000a1"
        f"&CallerName=%2B14155550116&CountryCode=US&Direction=inbound&Event=Hangup{_PLIVO_STANDARD}"
        "&AnswerTime=2026-03-04+04%3A15%3A03&BillDuration=120&Duration=67&EndTime=2026-03-04+04%3A16%3A10"
        "&HangupCause=NORMAL_CLEARING&HangupCauseCode=4010&HangupCauseName=End+Of+XML+Instructions"
        "&HangupSource=Plivo&StartTime=2026-03-04+04%3A15%3A02&STIRAttestation=Not+Applicable"
        "&TotalCost=0.01700",
    ),
    _plivo(
        "talk recording ready",
        Leg.RECORDING,
        1,
        "rec",
        "5pwnDdYHu0m8+JvaDj0qB7v+qMw16glizQ8Faznd2SM=",
        "10000063352000000104",
        "CallUUID=000000a1-0000-4000-8000-0000000000a1&Event=RecordStop&From=14155550116&To=12245550123"
        f"&RecordFile={_PLIVO_MEDIA}000000c1-0000-4000-8000-0000000000c1.mp3&RecordUrl={_PLIVO_MEDIA}"
        "000000c1-0000-4000-8000-0000000000c1.mp3&RecordingDuration=40&RecordingDurationMs=40160"
        "&RecordingEndMs=1772615760410&RecordingID=000000c1-0000-4000-8000-0000000000c1"
        "&RecordingStartMs=1772615720250",
    ),
    _plivo(
        "leg rings out",
        Leg.PROGRESS,
        1,
        "leg/1",
        "zg74IXk/mkhaQBYa2V+cLw0r4pd6MAv5txXGZXfzxuc=",
        "10000071271000000117",
        "CallUUID=000000a2-0000-4000-8000-0000000000a2&DialAction=hangup"
        "&DialALegUUID=000000a2-0000-4000-8000-0000000000a2&DialBLegFrom=12245550123&DialBLegPosition=1"
        "&DialBLegStatus=hangup&DialBLegTo=12025550111&DialBLegUUID=000000b2-0000-4000-8000-0000000000b2"
        "&Event=DialHangup&STIRVerification=Not+Applicable&DialBLegDuration=0&DialBLegBillDuration=0"
        "&DialBLegHangupCause=NO_ANSWER&DialBLegHangupCauseCode=6010"
        "&DialBLegHangupCauseName=Ring+Timeout+Reached&DialBLegHangupSource=Plivo&AnswerTime=",
    ),
    _plivo(
        "first attempt rings out",
        Leg.DIAL,
        1,
        "dial/1",
        "XTKZe3Ifl9sCS6OMsP2Odfrkp691SAr4kB/tL7QO2ZY=",
        "10000079190000000130",
        "BillRate=0.00850&CallStatus=in-progress&CallUUID=000000a2-0000-4000-8000-0000000000a2"
        f"&CallerName=%2B14155550116&CountryCode=US&Direction=inbound&Event=Redirect{_PLIVO_STANDARD}"
        "&DialALegUUID=000000a2-0000-4000-8000-0000000000a2&DialBLegUUID=&DialHangupCause=NO_ANSWER"
        "&DialRingStatus=true&DialStatus=no-answer",
    ),
    _plivo(
        "second attempt answered",
        Leg.DIAL,
        2,
        "dial/2",
        "r61Mw/t2YBPzTTJHgO3F36/5fCvWE3BT117f/3NH2bM=",
        "10000087109000000143",
        "BillRate=0.00850&CallStatus=in-progress&CallUUID=000000a2-0000-4000-8000-0000000000a2"
        f"&CallerName=%2B14155550116&CountryCode=US&Direction=inbound&Event=Redirect{_PLIVO_STANDARD}"
        "&DialALegUUID=000000a2-0000-4000-8000-0000000000a2&DialBLegUUID=000000b3-0000-4000-8000-0000000000b3"
        "&DialHangupCause=NORMAL_CLEARING&DialRingStatus=true&DialStatus=completed",
    ),
    _plivo(
        "call ends after the second responder",
        Leg.ENTRY,
        0,
        "hangup",
        "azLDCK7BxGfCWJDugLwscOE3eLoerRKEz+ald28rQZ4=",
        "10000095028000000156",
        "BillRate=0.00850&CallStatus=completed&CallUUID=000000a2-0000-4000-8000-0000000000a2"
        f"&CallerName=%2B14155550116&CountryCode=US&Direction=inbound&Event=Hangup{_PLIVO_STANDARD}"
        "&AnswerTime=2026-03-04+04%3A15%3A03&BillDuration=180&Duration=171&EndTime=2026-03-04+04%3A17%3A53"
        "&HangupCause=NORMAL_CLEARING&HangupCauseCode=4000&HangupCauseName=Normal+Hangup&HangupSource=Caller"
        "&StartTime=2026-03-04+04%3A15%3A02&STIRAttestation=Not+Applicable&TotalCost=0.02550",
    ),
    _plivo(
        "last attempt rings out",
        Leg.DIAL,
        3,
        "dial/3",
        "xT4SF0EVdDgjNyTKtBZG1jkBDWFCYEJkELBzT8himrg=",
        "10000102947000000169",
        "BillRate=0.00850&CallStatus=in-progress&CallUUID=000000a3-0000-4000-8000-0000000000a3"
        f"&CallerName=%2B14155550116&CountryCode=US&Direction=inbound&Event=Redirect{_PLIVO_STANDARD}"
        "&DialALegUUID=000000a3-0000-4000-8000-0000000000a3&DialBLegUUID=&DialHangupCause=NO_ANSWER"
        "&DialRingStatus=true&DialStatus=no-answer",
    ),
    _plivo(
        "voicemail ended by #",
        Leg.VOICEMAIL,
        0,
        "vm",
        "fELQvwhWiFYkPYareBGHCw8oKmZ+aFEHfUZ9m1eURi8=",
        "10000110866000000182",
        "BillRate=0.00850&CallStatus=in-progress&CallUUID=000000a3-0000-4000-8000-0000000000a3"
        f"&CallerName=%2B14155550116&CountryCode=US&Direction=inbound&Event=Redirect{_PLIVO_STANDARD}"
        f"&Digits=%23&RecordUrl={_PLIVO_MEDIA}000000c3-0000-4000-8000-0000000000c3.mp3"
        "&RecordingID=000000c3-0000-4000-8000-0000000000c3&RecordingDuration=19&RecordingDurationMs=19020"
        "&RecordingStartMs=1772615811000&RecordingEndMs=1772615830020",
    ),
    _plivo(
        "voicemail recording ready",
        Leg.RECORDING,
        0,
        "rec",
        "Ba6wXStqO7sw3676ijJsf32R62LRK5DJHAvddNua1JQ=",
        "10000118785000000195",
        "CallUUID=000000a3-0000-4000-8000-0000000000a3&Event=RecordStop&From=14155550116&To=12245550123"
        f"&RecordUrl={_PLIVO_MEDIA}000000c3-0000-4000-8000-0000000000c3.mp3&RecordFile={_PLIVO_MEDIA}"
        "000000c3-0000-4000-8000-0000000000c3.mp3&RecordingID=000000c3-0000-4000-8000-0000000000c3"
        "&RecordingDuration=19&RecordingDurationMs=19020&RecordingStartMs=1772615811000"
        "&RecordingEndMs=1772615830020",
    ),
    _plivo(
        "call ends after voicemail",
        Leg.ENTRY,
        0,
        "hangup",
        "6lFRjLlB57uYOLDAf/LDN/LGCZc6csQ01KvNeR7Bv60=",
        "10000126704000000208",
        "BillRate=0.00850&CallStatus=completed&CallUUID=000000a3-0000-4000-8000-0000000000a3"
        f"&CallerName=%2B14155550116&CountryCode=US&Direction=inbound&Event=Hangup{_PLIVO_STANDARD}"
        "&AnswerTime=2026-03-04+04%3A15%3A03&BillDuration=120&Duration=98&EndTime=2026-03-04+04%3A16%3A41"
        "&HangupCause=NORMAL_CLEARING&HangupCauseCode=4000&HangupCauseName=Normal+Hangup&HangupSource=Caller"
        "&StartTime=2026-03-04+04%3A15%3A02&STIRAttestation=Not+Applicable&TotalCost=0.01700",
    ),
    _plivo(
        "leg cancelled by the caller",
        Leg.PROGRESS,
        1,
        "leg/1",
        "BMl8yYsImQuRbHhWfLaxwbvBEAaQrw25rWCeCVizCuY=",
        "10000134623000000221",
        "CallUUID=000000a4-0000-4000-8000-0000000000a4&DialAction=hangup"
        "&DialALegUUID=000000a4-0000-4000-8000-0000000000a4&DialBLegFrom=12245550123&DialBLegPosition=1"
        "&DialBLegStatus=hangup&DialBLegTo=12025550111&DialBLegUUID=000000b7-0000-4000-8000-0000000000b7"
        "&Event=DialHangup&STIRVerification=Not+Applicable&DialBLegDuration=0&DialBLegBillDuration=0"
        "&DialBLegHangupCause=ORIGINATOR_CANCEL&DialBLegHangupCauseCode=1000&DialBLegHangupCauseName=Canceled"
        "&DialBLegHangupSource=Caller&AnswerTime=",
    ),
    _plivo(
        "caller leaves while it rings",
        Leg.DIAL,
        1,
        "dial/1",
        "u1WCXFPklbl8/gLN8fHfPqxpkFGLZm4VxpzBjzXo+uM=",
        "10000142542000000234",
        "BillRate=0.00850&CallStatus=completed&CallUUID=000000a4-0000-4000-8000-0000000000a4"
        f"&CallerName=%2B14155550116&CountryCode=US&Direction=inbound&Event=Redirect{_PLIVO_STANDARD}"
        "&DialALegUUID=000000a4-0000-4000-8000-0000000000a4&DialBLegUUID=&DialHangupCause=ORIGINATOR_CANCEL"
        "&DialRingStatus=true&DialStatus=cancel",
    ),
    _plivo(
        "call ends unanswered",
        Leg.ENTRY,
        0,
        "hangup",
        "o3pPaGulXY8GG6W00Kf6yLrWoOjJ9ltaZgwA7DvejyE=",
        "10000150461000000247",
        "BillRate=0.00850&CallStatus=completed&CallUUID=000000a4-0000-4000-8000-0000000000a4"
        f"&CallerName=%2B14155550116&CountryCode=US&Direction=inbound&Event=Hangup{_PLIVO_STANDARD}"
        "&AnswerTime=2026-03-04+04%3A15%3A03&BillDuration=60&Duration=9&EndTime=2026-03-04+04%3A15%3A11"
        "&HangupCause=NORMAL_CLEARING&HangupCauseCode=4000&HangupCauseName=Normal+Hangup&HangupSource=Caller"
        "&StartTime=2026-03-04+04%3A15%3A02&STIRAttestation=Not+Applicable&TotalCost=0.00850",
    ),
    _plivo(
        "leg is busy",
        Leg.PROGRESS,
        1,
        "leg/1",
        "w7FoFgOszEgo0GkIbK0vsu5t3wlqmdn1XACQk7PXizw=",
        "10000158380000000260",
        "CallUUID=000000a5-0000-4000-8000-0000000000a5&DialAction=hangup"
        "&DialALegUUID=000000a5-0000-4000-8000-0000000000a5&DialBLegFrom=12245550123&DialBLegPosition=1"
        "&DialBLegStatus=hangup&DialBLegTo=12025550111&DialBLegUUID=000000b8-0000-4000-8000-0000000000b8"
        "&Event=DialHangup&STIRVerification=Not+Applicable&DialBLegDuration=0&DialBLegBillDuration=0"
        "&DialBLegHangupCause=USER_BUSY&DialBLegHangupCauseCode=3010&DialBLegHangupCauseName=Busy+Line"
        "&DialBLegHangupSource=Carrier&AnswerTime=",
    ),
    _plivo(
        "attempt is busy",
        Leg.DIAL,
        1,
        "dial/1",
        "ERuDi46DKA8m08mUlZ0GcC8MxV9CgvdPtPru+hv6pNw=",
        "10000166299000000273",
        "BillRate=0.00850&CallStatus=in-progress&CallUUID=000000a5-0000-4000-8000-0000000000a5"
        f"&CallerName=%2B14155550116&CountryCode=US&Direction=inbound&Event=Redirect{_PLIVO_STANDARD}"
        "&DialALegUUID=000000a5-0000-4000-8000-0000000000a5&DialBLegUUID=&DialHangupCause=USER_BUSY"
        "&DialRingStatus=true&DialStatus=busy",
    ),
    _plivo(
        "leg fails",
        Leg.PROGRESS,
        1,
        "leg/1",
        "VTDVx8Twlg2IUl68X3xo4ulhYear8MiCvJIAaWbA+L4=",
        "10000174218000000286",
        "CallUUID=000000a6-0000-4000-8000-0000000000a6&DialAction=hangup"
        "&DialALegUUID=000000a6-0000-4000-8000-0000000000a6&DialBLegFrom=12245550123&DialBLegPosition=1"
        "&DialBLegStatus=hangup&DialBLegTo=12025550199&DialBLegUUID=000000b9-0000-4000-8000-0000000000b9"
        "&Event=DialHangup&STIRVerification=Not+Applicable&DialBLegDuration=0&DialBLegBillDuration=0"
        "&DialBLegHangupCause=UNALLOCATED_NUMBER&DialBLegHangupCauseCode=2000"
        "&DialBLegHangupCauseName=Invalid+Destination+Address&DialBLegHangupSource=Carrier&AnswerTime=",
    ),
    _plivo(
        "attempt fails",
        Leg.DIAL,
        1,
        "dial/1",
        "TYHF0cub7IYtNcNlqz26xpKeUcnlmXhwioOn3I77FXM=",
        "10000182137000000299",
        "BillRate=0.00850&CallStatus=in-progress&CallUUID=000000a6-0000-4000-8000-0000000000a6"
        f"&CallerName=%2B14155550116&CountryCode=US&Direction=inbound&Event=Redirect{_PLIVO_STANDARD}"
        "&DialALegUUID=000000a6-0000-4000-8000-0000000000a6&DialBLegUUID=&DialHangupCause=UNALLOCATED_NUMBER"
        "&DialRingStatus=false&DialStatus=failed",
    ),
    _plivo(
        "fallback for the first request",
        Leg.ENTRY,
        0,
        "fallback",
        "z2SRtS+rif6oukHR7rN3svhgZbpAMjlialjm2U9ZIqo=",
        "10000190056000000312",
        "BillRate=0.00850&CallStatus=ringing&CallUUID=000000af-0000-4000-8000-0000000000af"
        f"&CallerName=%2B14155550116&CountryCode=US&Direction=inbound&Event=StartApp{_PLIVO_STANDARD}",
    ),
    _plivo(
        "repeated recording notice",
        Leg.RECORDING,
        0,
        "rec",
        "w0Ac8JyGpZzgVvupaFyNO8pKn4p7cII2IaJVGK4bAgU=",
        "10000197975000000325",
        "CallUUID=000000a3-0000-4000-8000-0000000000a3&Event=RecordStop&From=14155550116&To=12245550123"
        f"&RecordUrl={_PLIVO_MEDIA}000000c3-0000-4000-8000-0000000000c3.mp3&RecordFile={_PLIVO_MEDIA}"
        "000000c3-0000-4000-8000-0000000000c3.mp3&RecordingID=000000c3-0000-4000-8000-0000000000c3"
        "&RecordingDuration=19&RecordingDurationMs=19020&RecordingStartMs=1772615811000"
        "&RecordingEndMs=1772615830020",
    ),
    _plivo(
        "first request with a name",
        Leg.ENTRY,
        0,
        "answer",
        "h49A9E0KiGSslyqQ7yLkUtgpyiJ3TZwYgKvOjb5is+I=",
        "10000205894000000338",
        "BillRate=0.00850&CallStatus=ringing&CallUUID=000000a8-0000-4000-8000-0000000000a8"
        "&CallerName=QA+Colleague&CountryCode=US&Direction=inbound&Event=StartApp&From=14155550177"
        "&ParentAuthID=MAEXAMPLE00000000000&RouteType=&STIRVerification=Not+Verified"
        "&SessionStart=2026-03-04+09%3A15%3A02.410233&To=12245550123",
    ),
    _plivo(
        "tester answers",
        Leg.DIAL,
        1,
        "dial/test",
        "s2/duLYPwEJSYjN/lMD7FrDoAbbX9GXZ9KL/wkYbT0k=",
        "10000213813000000351",
        "BillRate=0.00850&CallStatus=in-progress&CallUUID=000000a8-0000-4000-8000-0000000000a8"
        "&CallerName=QA+Colleague&CountryCode=US&Direction=inbound&Event=Redirect&From=14155550177"
        "&ParentAuthID=MAEXAMPLE00000000000&RouteType=&STIRVerification=Verified"
        "&SessionStart=2026-03-04+09%3A15%3A02.410233&To=12245550123"
        "&DialALegUUID=000000a8-0000-4000-8000-0000000000a8&DialBLegUUID=000000ba-0000-4000-8000-0000000000ba"
        "&DialHangupCause=NORMAL_CLEARING&DialRingStatus=true&DialStatus=completed",
    ),
    _plivo(
        "first request from a withheld number",
        Leg.ENTRY,
        0,
        "answer",
        "C7nfH2FvDLuYPUIFjaeDOCvlLY/j16f5eBZ2fyKDt8M=",
        "10000221732000000364",
        "BillRate=0.00850&CallStatus=ringing&CallUUID=000000a9-0000-4000-8000-0000000000a9"
        "&CallerName=Anonymous&CountryCode=US&Direction=inbound&Event=StartApp&From=anonymous"
        "&ParentAuthID=MAEXAMPLE00000000000&RouteType=&STIRVerification=Not+Applicable"
        "&SessionStart=2026-03-04+09%3A15%3A02.410233&To=12245550123",
    ),
)
