"""Notices about calls: whom a hotline tells how each of its calls ended, and in which words.

Callers choose their names and, with some carriers, their numbers, so both are cleaned here. What means something in a
chat room or an e-mail is escaped by its channel.
"""

from collections.abc import Iterable
from datetime import timedelta

from domain.call_log import ATTEMPT_WORDS, CallOutcome, LoggedAttempt, LoggedCall
from domain.directory import NotifyTarget
from domain.events import Caller
from domain.notices import Notice, NoticeKind, call_topic
from domain.phone import clean_text
from domain.titles import odd_caller

#: after its end; later it is no news any more
_NEWS_FOR = timedelta(hours=1)

#: why nobody took the call; of what is not here nobody is told, or somebody took it
_WHY_MISSED = {
    CallOutcome.VOICEMAIL: "nobody answered",
    CallOutcome.NO_ANSWER: "nobody answered",
    CallOutcome.NO_ONE_ON_CALL: "nobody was on call",
    CallOutcome.CALLER_GONE: "the caller left before somebody took the call",
}


def call_notices(call: LoggedCall, targets: Iterable[NotifyTarget], call_url: str) -> list[Notice]:
    """A notice of the finished call to each target; of a rejected call none. ``call_url`` leads to the call's page."""
    if call.outcome is CallOutcome.REJECTED:
        return []
    assert call.ended_at is not None, "nobody is told of a call that goes on"
    headline = _headline(call)
    whole = "\n".join([headline, *map(_attempt_line, call.attempts), call_url])
    return [
        Notice(
            topic=call_topic(call.id),
            kind=NoticeKind.CALL_MISSED if call.answered_by is None else NoticeKind.CALL_ANSWERED,
            about=call.hotline,
            at=call.ended_at,
            recipient=target.to,
            channel=target.channel,
            subject=headline,
            text=f"{headline}\n{call_url}" if target.channel == "sms" else whole,
            stale_at=call.ended_at + _NEWS_FOR,
        )
        for target in targets
    ]


def _headline(call: LoggedCall) -> str:
    hotline = clean_text(call.hotline_name)
    where = hotline if call.tester is None else f"Test call to {hotline}"
    caller = f"{_caller_words(call.caller)}, {call.duration_seconds} s"
    if call.answered_by is not None:
        return f"{where}: answered by {clean_text(call.answered_by.name)} - call from {caller}"
    return f"{where}: missed call from {caller}: {_missed_words(call)}"


def _caller_words(caller: Caller) -> str:
    number = caller.number or odd_caller(caller.raw)
    if caller.withheld or not number:
        return "withheld number"
    name = clean_text(caller.name or "")
    return f"{name} ({number})" if name else number


def _missed_words(call: LoggedCall) -> str:
    assert call.outcome is not None, "the call is over"
    voicemail = f"; voicemail of {call.voicemail_seconds} s" if call.voicemail_seconds is not None else ""
    return f"{_WHY_MISSED[call.outcome]}{voicemail}"


def _attempt_line(attempt: LoggedAttempt) -> str:
    target = attempt.target
    schedule = f" ({clean_text(target.schedule_name)})" if target.schedule_name else ""
    outcome = "result unknown" if attempt.outcome is None else ATTEMPT_WORDS[attempt.outcome]
    return f"{target.order}. {clean_text(target.name)}{schedule}: {outcome}"
