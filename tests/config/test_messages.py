"""The built-in texts and the whisper."""

import pytest

from domain.directory import Message, MessageKey
from domain.messages import has_built_in_texts, text_for, whisper_for

LANGUAGES = ["en-US", "es-ES", "fr-FR", "de-DE", "pt-BR"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", list(MessageKey))
def test_every_text_is_built_in_for_every_language(language: str, key: MessageKey) -> None:
    assert has_built_in_texts(language)
    assert text_for({}, key, language).text


@pytest.mark.parametrize("key", list(MessageKey))
def test_every_language_has_its_own_wording(key: MessageKey) -> None:
    assert len({text_for({}, key, language).text for language in LANGUAGES}) == len(LANGUAGES)


def test_an_own_text_wins_and_an_empty_one_stays_silent() -> None:
    own = {MessageKey.WELCOME: Message("Hi."), MessageKey.RECORDING: Message("")}
    assert text_for(own, MessageKey.WELCOME, "en-US") == Message("Hi.")
    assert text_for(own, MessageKey.RECORDING, "en-US") == Message("")


@pytest.mark.parametrize("key", [MessageKey.NO_ANSWER, MessageKey.NO_ONE_ON_CALL])
def test_a_message_is_asked_for_only_when_one_can_be_left(key: MessageKey) -> None:
    assert "leave a message" in text_for({}, key, "en-US").text
    assert "leave a message" not in text_for({}, key, "en-US", voicemail=False).text


def _whisper(template: str | None = None, **given: object) -> str:
    own = {} if template is None else {MessageKey.WHISPER: Message(template)}
    about: dict[str, object] = {"language": "en-US", "hotline": "Support", "caller_name": None, "caller_number": None}
    return whisper_for(text_for(own, MessageKey.WHISPER, "en-US"), **(about | given)).text  # type: ignore[arg-type]


def test_the_whisper_names_hotline_and_caller_and_asks_for_the_key_last() -> None:
    assert _whisper(caller_name="Mitchell Starc", recorded=True) == (
        "The call is recorded. Call for Support from Mitchell Starc. Press 1 to accept."
    )


def test_an_unknown_caller_is_spoken_digit_by_digit() -> None:
    assert "from 1 5 5 5." in _whisper(caller_number="+1555")


def test_a_withheld_caller_is_called_that() -> None:
    assert "from a withheld number." in _whisper()


def test_a_test_call_says_which_entry_it_is() -> None:
    assert "test call, entry 2 of 3." in _whisper(test_entry=(2, 3))


def test_a_caller_named_like_a_placeholder_is_spoken_as_is() -> None:
    assert _whisper("{caller} for {hotline}", caller_name="{hotline}") == "{hotline} for Support"


def test_a_whisper_that_is_played_is_played_as_it_is() -> None:
    played = Message(play="https://acme.example/whisper.mp3")
    assert whisper_for(played, language="en-US", hotline="S", caller_name=None, caller_number=None) == played
