"""Every word of an alert: text message, alert call with its keys, e-mail, chat room. All texts are in this one place.

Titles come from outside, so each text is cleaned and bounded here, before any channel sees it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from typing import assert_never

from domain import gsm
from domain.directory import Priority, Severity
from domain.instructions import Document, Hangup, Menu, Say
from domain.outgoing import Message
from domain.phone import clean_text

MAX_SPOKEN_CHARACTERS = 420
MAX_SUBJECT_CHARACTERS = 200
_MAX_SEGMENTS = 2
_MAX_TITLE = 500
_MAX_SPOKEN_SERVICE = 60
#: a link so long that it fills two messages still leaves this much of the title; a third message is the lesser evil
_LEAST_TITLE = 20
_NO_TITLE = "(no title)"
_LANGUAGE = "en-US"
_MENU_SECONDS = 8
#: how often an alert call says its prompt, before it gives up
MENU_TIMES = 2


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert to one person over one channel.

    ``to`` is a number in E.164 or an e-mail address. ``answer_url`` gives the document of an alert call,
    ``status_url`` takes receipts; both are absolute and carry their own signature. ``link`` opens the incident.
    """

    notification_id: str
    incident_id: str
    number: int
    title: str
    to: str
    link: str
    answer_url: str
    status_url: str
    priority: Priority | None = None
    severity: Severity | None = None
    #: name of the service, or of the hotline when a call opened the incident
    service: str | None = None
    user_name: str | None = None


class AlertAction(StrEnum):
    """What a responder can do by key."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    ESCALATE = "escalate"


class ActionResult(StrEnum):
    """How the action of a key ended, for the sentence that the responder hears."""

    DONE = "done"
    #: the incident was already acknowledged or resolved, by whomever
    ALREADY = "already"
    #: it could not be stored; the responder must not believe that it was
    FAILED = "failed"


_KEYS = {"4": AlertAction.ACKNOWLEDGE, "6": AlertAction.RESOLVE, "9": AlertAction.ESCALATE}
_KEYS_SENTENCE = "Press 4 to acknowledge, 6 to resolve, 9 to escalate."
_WRONG_KEY = "That key has no meaning here."


def action_for_key(digits: str) -> AlertAction | None:
    """The action behind the key pressed; ``None`` for every other key. A ``#`` (finish key) after it is forgiven."""
    return _KEYS.get(digits.strip().removesuffix("#"))


def sms_text(alert: Alert) -> str:
    """Number, priority, severity, title and link, in at most two segments as long as the link leaves room for a title.

    Only the title is ever shortened.
    """
    head = " ".join([f"#{alert.number}", *_labels(alert)])
    return _shorten(
        gsm.plain(_title(alert)),
        lambda title: f"{head}: {title}\n{alert.link}",
        lambda text: gsm.segments(text) <= _MAX_SEGMENTS,
    )


def chat_text(alert: Alert) -> str:
    """What is posted in a room: as a text message says it, with the whole title."""
    head = " ".join([f"#{alert.number}", *_labels(alert)])
    return f"{head}: {_title(alert)}\n{alert.link}"


def message_of(alert: Alert) -> Message:
    """The alert as channels send it; alerts of one incident are one thread."""
    return Message(
        id=alert.notification_id,
        thread=alert.incident_id,
        to=alert.to,
        subject=email_subject(alert),
        text=email_text(alert),
        html=email_html(alert),
        sms=sms_text(alert),
        chat=chat_text(alert),
        answer_url=alert.answer_url,
        status_url=alert.status_url,
    )


def spoken_text(alert: Alert) -> str:
    """What an alert call says, at most :data:`MAX_SPOKEN_CHARACTERS` characters."""
    service = clean_text(alert.service or "", _MAX_SPOKEN_SERVICE)
    return _spoken(alert, f"Dutyline alert for {service}." if service else "Dutyline alert.")


def _spoken(alert: Alert, opening: str) -> str:
    incident = ", ".join([f"Incident {alert.number}", *_spoken_labels(alert)])
    return _shorten(
        _title(alert),
        lambda title: f"{opening} {incident}. {title.rstrip('.')}. {_KEYS_SENTENCE}",
        lambda text: len(text) <= MAX_SPOKEN_CHARACTERS,
    )


def alert_document(alert: Alert) -> Document:
    """What a responder hears after picking up an alert call. Never a voicemail, and silence ends it."""
    return (Menu((_say(spoken_text(alert)),), _MENU_SECONDS, MENU_TIMES),)


def wrong_key_document(alert: Alert, prompts_said: int) -> Document:
    """After a key without a meaning: the menu again, until it was said :data:`MENU_TIMES` times in all, then the end.

    ``prompts_said`` counts how often this call has said it; the address of the key carries that number.
    """
    if prompts_said >= MENU_TIMES:
        return (_say(f"{_WRONG_KEY} The alert stays open. Goodbye."), Hangup())
    return (Menu((_say(_spoken(alert, _WRONG_KEY)),), _MENU_SECONDS, MENU_TIMES - prompts_said),)


def confirmation_document(action: AlertAction, result: ActionResult, number: int) -> Document:
    """What a responder hears after 4, 6 or 9."""
    return (_say(confirmation_sentence(action, result, number)), Hangup())


def stale_document() -> Document:
    """What an alert call says when its incident is resolved or gone by now."""
    return (_say("This incident no longer needs you. Goodbye."), Hangup())


def confirmation_sentence(action: AlertAction, result: ActionResult, number: int) -> str:
    match result:
        case ActionResult.DONE:
            return f"Incident {number} {_past(action)}. Goodbye."
        case ActionResult.ALREADY:
            return f"Incident {number} was already {_past(action)}. Goodbye."
        case ActionResult.FAILED:
            return f"Sorry, incident {number} could not be {_past(action)}. Please use the dashboard. Goodbye."
        case _:
            assert_never(result)


def email_subject(alert: Alert) -> str:
    head = " ".join([f"[#{alert.number}]", *_labels(alert)])
    return _shorten(_title(alert), lambda title: f"{head} {title}", lambda text: len(text) <= MAX_SUBJECT_CHARACTERS)


def email_text(alert: Alert) -> str:
    greeting = f"Hello {clean_text(alert.user_name)},\n\n" if alert.user_name else ""
    facts = "\n".join(f"{name}: {value}" for name, value in _facts(alert))
    return f"{greeting}{_title(alert)}\n\n{facts}\n\nOpen the incident: {alert.link}\n\nDutyline\n"


def email_html(alert: Alert) -> str:
    greeting = f"<p>Hello {escape(clean_text(alert.user_name))},</p>" if alert.user_name else ""
    facts = "".join(f"<tr><th align='left'>{name}</th><td>{escape(value)}</td></tr>" for name, value in _facts(alert))
    return (
        f"<!doctype html><html lang='en'><body>{greeting}<h2>{escape(_title(alert))}</h2><table>{facts}</table>"
        f"<p><a href='{escape(alert.link)}'>Open the incident</a></p><p>Dutyline</p></body></html>"
    )


def _facts(alert: Alert) -> list[tuple[str, str]]:
    facts = [
        ("Incident", f"#{alert.number}"),
        ("Priority", alert.priority.upper() if alert.priority else None),
        ("Severity", alert.severity.upper() if alert.severity else None),
        ("Service", clean_text(alert.service) if alert.service else None),
    ]
    return [(name, value) for name, value in facts if value]


def _labels(alert: Alert) -> list[str]:
    return [label.upper() for label in (alert.priority, alert.severity) if label]


def _spoken_labels(alert: Alert) -> list[str]:
    priority = f"priority {alert.priority.removeprefix('p')}" if alert.priority else None
    severity = f"severity {alert.severity.removeprefix('sev')}" if alert.severity else None
    return [label for label in (priority, severity) if label]


def _title(alert: Alert) -> str:
    return clean_text(alert.title, _MAX_TITLE) or _NO_TITLE


def _shorten(title: str, compose: Callable[[str], str], fits: Callable[[str], bool]) -> str:
    """The text with as much of the title as fits, but at least :data:`_LEAST_TITLE` characters of it."""
    text = compose(title)
    if fits(text):
        return text
    for length in range(len(title) - 1, _LEAST_TITLE, -1):
        text = compose(_cut(title, length))
        if fits(text):
            return text
    return compose(_cut(title, _LEAST_TITLE) if len(title) > _LEAST_TITLE else title)


def _cut(title: str, length: int) -> str:
    return title[:length].rstrip() + "..."


def _past(action: AlertAction) -> str:
    match action:
        case AlertAction.ACKNOWLEDGE:
            return "acknowledged"
        case AlertAction.RESOLVE:
            return "resolved"
        case AlertAction.ESCALATE:
            return "escalated"
        case _:
            assert_never(action)


def _say(text: str) -> Say:
    return Say(text, _LANGUAGE)
