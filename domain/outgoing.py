"""What a channel sends: an alert or a notice, put into words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one address over one channel, in every form that some channel needs.

    ``id`` is the message's own and the same at every try; messages of one ``thread`` belong together. ``to`` is a
    number in E.164, an e-mail address or a room. ``subject``, ``text`` and ``html`` are an e-mail's, ``sms`` a text
    message's, ``chat`` a room's. ``answer_url`` gives the document of a phone call, ``status_url`` takes receipts; both
    are absolute and carry their own signature.
    """

    id: str
    thread: str
    to: str
    subject: str
    text: str
    html: str
    sms: str
    chat: str
    answer_url: str
    status_url: str
