"""Messages in chat rooms, through the incoming webhook of the room.

Slack takes ``{"text"}``. Teams takes an adaptive card, in the form that the workflow "When a Teams webhook request is
received" expects.
"""

import re
from collections.abc import Callable, Mapping, Set
from datetime import datetime
from typing import Any

import httpx2

from channels.outward import request
from domain.delivery import Refused, Sent
from domain.directory import Room
from domain.outgoing import Message

_SLACK_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_CARD_MARKUP = re.compile(r"([\\`*_\[\]#~])")


def _slack_body(text: str) -> dict[str, Any]:
    """Only these three characters mean something there; with them a title could call everybody in the room."""
    return {"text": text.translate(_SLACK_MARKUP)}


def _teams_body(text: str) -> dict[str, Any]:
    """A block per line; its text is read as Markdown, except in an address."""
    blocks = [{"type": "TextBlock", "text": _plain_in_card(line), "wrap": True} for line in text.splitlines()]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _plain_in_card(line: str) -> str:
    return line if line.startswith(("http://", "https://")) else _CARD_MARKUP.sub(r"\\\1", line)


_BODIES: Mapping[str, Callable[[str], dict[str, Any]]] = {"slack": _slack_body, "teams": _teams_body}


class RoomChannel:
    """The rooms of one chat system; ``client`` is a guarded one."""

    def __init__(self, client: httpx2.AsyncClient, name: str, rooms: Mapping[str, Room]) -> None:
        self._client = client
        self._name = name
        #: by what policies and schedules call them
        self._rooms = rooms

    async def send(self, message: Message) -> Sent:
        room = self._rooms.get(message.to)
        if room is None:
            raise Refused("unknown_room", f"There is no {self._name} room of that name; add it under rooms.")
        what = f"The {self._name.capitalize()} room"
        await request(self._client, what, "POST", room.url, json=_BODIES[self._name](message.chat))
        # An incoming webhook names nothing by which the message could be found again.
        return Sent(self._name, "")

    async def find_sent(self, message: Message, since: datetime, known_ids: Set[str]) -> Sent | None:
        raise Refused("cannot_be_told", f"It may have been posted: {self._name.capitalize()} cannot be asked.")
