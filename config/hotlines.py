"""The shape of a hotline in the configuration file."""

import string
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StrictBool, field_validator, model_validator
from pydantic.functional_serializers import PlainSerializer, model_serializer

from config.problems import did_you_mean
from config.resources import Model, SecretList, check_address, check_channel
from config.values import AudioUrl, Duration, Language, Name, Phone, Token, between
from domain.directory import Accept, AnsweredAs, CallerIdPolicy, IncidentWhen, MessageKey, Priority, Provider
from domain.messages import WHISPER_PLACEHOLDERS, has_built_in_texts

RingDuration = Annotated[Duration, between("5s", "120s")]

#: longer texts are read for minutes, and a carrier refuses them
_LONGEST_TEXT = 1000


class ChainEntry(Model):
    schedule: str | None = None
    user: str | None = None
    ring: RingDuration | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.schedule is None) == (self.user is None):
            raise ValueError("needs exactly one of schedule and user")
        return self


class Message(Model):
    """A text, or ``{play: <https address>}``."""

    text: Annotated[str, Field(max_length=_LONGEST_TEXT)] = ""
    play: AudioUrl | None = None

    @model_validator(mode="after")
    def _text_or_audio(self) -> Self:
        if self.play is not None and self.text:
            raise ValueError("is a text or audio to play, not both")
        return self

    @model_serializer
    def _as_in_file(self) -> Any:
        return self.text if self.play is None else {"play": self.play}


def _message(value: Any) -> Any:
    if isinstance(value, str):
        return {"text": value}
    if value is None or isinstance(value, dict | Message):
        return value
    raise ValueError("must be a text in quotes, or {play: <https address>}")


OwnMessage = Annotated[Message, BeforeValidator(_message)] | None


class Messages(Model):
    """The ten texts; what is left out is built in, an empty text is silence."""

    welcome: OwnMessage = None
    recording: OwnMessage = None
    next: OwnMessage = None
    no_answer: OwnMessage = None
    no_one_on_call: OwnMessage = None
    voicemail_thanks: OwnMessage = None
    nothing_recorded: OwnMessage = None
    goodbye: OwnMessage = None
    apology: OwnMessage = None
    whisper: OwnMessage = None

    @field_validator("whisper")
    @classmethod
    def _whisper_can_be_spoken(cls, whisper: Message | None) -> Message | None:
        if whisper is None or whisper.play is not None:
            return whisper
        if not whisper.text.strip():
            raise ValueError("must not be empty: nobody would know which key to press")
        try:
            names = {name for _, name, _, _ in string.Formatter().parse(whisper.text) if name is not None}
        except ValueError:
            raise ValueError("has a single brace; the placeholders are {caller} and {hotline}") from None
        for name in sorted(names - set(WHISPER_PLACEHOLDERS)):
            raise ValueError(f"there is no placeholder {{{name}}}{did_you_mean(name, WHISPER_PLACEHOLDERS)}")
        return whisper

    def own(self) -> dict[MessageKey, Message]:
        return {key: message for key in MessageKey if (message := getattr(self, key.value)) is not None}


class Voice(Model):
    language: Language = "en-US"
    voice: Name | None = None


class Voicemail(Model):
    max: Annotated[Duration, between("5s", "1h")] = "3m"
    silence: Annotated[Duration, between("5s", "60s")] = "8s"


def _voicemail(value: Any) -> Any:
    if value is True:
        return {}
    if value is False:
        return None
    if isinstance(value, dict | Voicemail):
        return value
    raise ValueError("must be true, false or {max: 3m, silence: 8s}")


def _voicemail_as_in_file(value: Voicemail | None) -> Any:
    if value is None:
        return False
    return True if value == Voicemail() else value.body()


class Notify(Model):
    channel: str
    to: Name

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        check_channel(self.channel)
        if self.channel == "phone":
            raise ValueError("a message about a call cannot be sent by phone; write sms, email, slack or teams")
        check_address(self.channel, self.to)
        return self


class Incidents(Model):
    when: IncidentWhen = IncidentWhen.ALL
    answered: AnsweredAs = AnsweredAs.TRIGGERED
    integration: str | None = None
    escalation_policy: str | None = None
    priority: Priority | None = None
    severity: Literal["sev1", "sev2", "sev3", "high", "medium", "low"] | None = None
    teams: tuple[Name, ...] = ()


class Hotline(Model):
    name: Name
    number: Phone
    provider: Provider
    token: Token | None = None
    carrier: str | None = None
    auth_token: SecretList = ()
    chain: Annotated[tuple[ChainEntry, ...], Field(max_length=100)]
    ring: RingDuration = "20s"
    accept: Accept = Accept.PRESS_KEY
    accept_within: Annotated[Duration, between("5s", "60s")] = "15s"
    caller_id: CallerIdPolicy = CallerIdPolicy.HOTLINE
    max_call_wait: Annotated[Duration, between("5s", "1h")] = "5m"
    max_talk: Annotated[Duration, between("10s", "24h")] = "4h"
    messages: Messages = Messages()
    voice: Voice = Voice()
    voicemail: Annotated[Voicemail | None, BeforeValidator(_voicemail), PlainSerializer(_voicemail_as_in_file)] = (
        Voicemail()
    )
    record_calls: StrictBool = True
    notify: tuple[Notify, ...] = ()
    incidents: Incidents | None = None

    @model_validator(mode="after")
    def _texts_exist(self) -> Self:
        if not has_built_in_texts(self.voice.language):
            missing = sorted(set(MessageKey) - set(self.messages.own()))
            if missing:
                raise ValueError(
                    f"there are no built-in texts in {self.voice.language!r} (only en, es, fr, de, pt); "
                    f"write these messages too: {', '.join(missing)}"
                )
        return self
