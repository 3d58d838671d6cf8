"""Notices: messages that tell somebody of something, once, without asking anything. A row stands for each.

What is told about schedules is in ``domain.schedule_notices``, about overrides in ``domain.override_notices``, about
calls in ``domain.call_notices``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from html import escape
from typing import Any

from domain import gsm
from domain.instructions import Document, Hangup, Say
from domain.outgoing import Message
from domain.phone import clean_text

#: the channel of a notice whose recipient is somebody else's webhook
WEBHOOK = "webhook"
_MAX_SUBJECT = 200
_MAX_SPOKEN = 600


class NoticeKind(StrEnum):
    SHIFT_START = "shift_start"
    SHIFT_END = "shift_end"
    OVERRIDE_ADDED = "override_added"
    OVERRIDE_REMOVED = "override_removed"
    WARNING_WEEK = "warning_week"
    WARNING_DAY = "warning_day"
    CALL_ANSWERED = "call_answered"
    CALL_MISSED = "call_missed"


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one recipient over one channel. The first six fields together are told once, whatever follows.

    ``topic`` is the schedule or the call that it belongs to, see :func:`schedule_topic` and :func:`call_topic`.
    ``about`` is the user, the override, the concern or the hotline that it speaks of, ``at`` the moment at which it
    became so. ``recipient`` is a user's key, a room's address, a number in E.164, an e-mail address or a webhook's key.
    ``document`` is what a webhook gets. After ``stale_at`` it is no news any more and is not sent; ``None``: it is sent
    however late.
    """

    topic: str
    kind: NoticeKind
    about: str
    at: datetime
    recipient: str
    channel: str
    subject: str
    text: str
    document: Mapping[str, Any] | None = None
    stale_at: datetime | None = None


def schedule_topic(schedule: str) -> str:
    return f"schedules/{schedule}"


def call_topic(call_id: str) -> str:
    return f"calls/{call_id}"


def message_of(
    notice_id: str, topic: str, subject: str, text: str, *, to: str, answer_url: str, status_url: str
) -> Message:
    """The notice as channels send it; notices of one topic are one thread. Each line of the text is a paragraph of an
    e-mail."""
    subject = clean_text(subject, _MAX_SUBJECT)
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in text.splitlines())
    return Message(
        id=notice_id,
        thread=topic,
        to=to,
        subject=subject,
        text=f"{text}\n\nDutyline\n",
        html=(
            f"<!doctype html><html lang='en'><body><h2>{escape(subject)}</h2>{paragraphs}<p>Dutyline</p></body></html>"
        ),
        sms=gsm.plain(text),
        chat=text,
        answer_url=answer_url,
        status_url=status_url,
    )


def spoken_notice(text: str) -> Document:
    """What a phone notice says; nothing is asked, so the call ends."""
    return (Say(f"Dutyline notice. {clean_text(text, _MAX_SPOKEN)}", "en-US"), Hangup())
