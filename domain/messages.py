"""The ten texts of a hotline in five languages, and how the responder's whisper is put together.

A hotline may replace each text; what it leaves out is spoken from here. Only the whisper has placeholders:
``{caller}`` and ``{hotline}``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from domain.directory import Message, MessageKey

#: placeholders of the whisper; a text of the caller's side has none
WHISPER_PLACEHOLDERS = ("caller", "hotline")


@dataclass(frozen=True, slots=True)
class _Language:
    texts: dict[MessageKey, str]
    #: said after ``no_answer`` and ``no_one_on_call`` when the caller can leave a message
    leave_message: str
    #: opens the whisper during test mode; ``{entry}`` of ``{total}``
    test_call: str
    #: in the whisper of a recorded call
    recorded: str
    withheld: str


_ENGLISH = _Language(
    texts={
        MessageKey.WELCOME: "Thank you for calling. Please hold while we connect you to the person on call.",
        MessageKey.RECORDING: "This call is recorded.",
        MessageKey.NEXT: "Please stay on the line. We are trying the next person.",
        MessageKey.NO_ANSWER: "We are sorry, nobody could take your call right now.",
        MessageKey.NO_ONE_ON_CALL: "We are sorry, nobody is on call at the moment.",
        MessageKey.VOICEMAIL_THANKS: "Thank you. Your message has been recorded.",
        MessageKey.NOTHING_RECORDED: "We did not hear a message.",
        MessageKey.GOODBYE: "Goodbye.",
        MessageKey.APOLOGY: "We are sorry, we could not connect your call.",
        MessageKey.WHISPER: "Call for {hotline} from {caller}. Press 1 to accept.",
    },
    leave_message="Please leave a message after the tone, then hang up.",
    test_call="This is a test call, entry {entry} of {total}.",
    recorded="The call is recorded.",
    withheld="a withheld number",
)

_SPANISH = _Language(
    texts={
        MessageKey.WELCOME: "Gracias por llamar. Espere, por favor, mientras le comunicamos con la persona de guardia.",
        MessageKey.RECORDING: "Esta llamada se está grabando.",
        MessageKey.NEXT: "No cuelgue, por favor. Estamos llamando a la siguiente persona.",
        MessageKey.NO_ANSWER: "Lo sentimos, nadie puede atender su llamada en este momento.",
        MessageKey.NO_ONE_ON_CALL: "Lo sentimos, ahora mismo no hay nadie de guardia.",
        MessageKey.VOICEMAIL_THANKS: "Gracias. Su mensaje ha quedado grabado.",
        MessageKey.NOTHING_RECORDED: "No hemos oído ningún mensaje.",
        MessageKey.GOODBYE: "Adiós.",
        MessageKey.APOLOGY: "Lo sentimos, no hemos podido conectar su llamada.",
        MessageKey.WHISPER: "Llamada para {hotline} de {caller}. Pulse 1 para aceptar.",
    },
    leave_message="Por favor, deje su mensaje después de la señal y luego cuelgue.",
    test_call="Esta es una llamada de prueba, entrada {entry} de {total}.",
    recorded="La llamada se graba.",
    withheld="un número oculto",
)

_FRENCH = _Language(
    texts={
        MessageKey.WELCOME: "Merci de votre appel. Veuillez patienter, nous vous mettons en relation avec l'astreinte.",
        MessageKey.RECORDING: "Cet appel est enregistré.",
        MessageKey.NEXT: "Merci de rester en ligne. Nous appelons la personne suivante.",
        MessageKey.NO_ANSWER: "Nous sommes désolés, personne ne peut prendre votre appel pour le moment.",
        MessageKey.NO_ONE_ON_CALL: "Nous sommes désolés, personne n'est d'astreinte en ce moment.",
        MessageKey.VOICEMAIL_THANKS: "Merci. Votre message a bien été enregistré.",
        MessageKey.NOTHING_RECORDED: "Nous n'avons pas entendu de message.",
        MessageKey.GOODBYE: "Au revoir.",
        MessageKey.APOLOGY: "Nous sommes désolés, votre appel n'a pas pu aboutir.",
        MessageKey.WHISPER: "Appel pour {hotline} de {caller}. Appuyez sur 1 pour accepter.",
    },
    leave_message="Veuillez laisser un message après le signal sonore, puis raccrocher.",
    test_call="Ceci est un appel de test, entrée {entry} sur {total}.",
    recorded="L'appel est enregistré.",
    withheld="un numéro masqué",
)

_GERMAN = _Language(
    texts={
        MessageKey.WELCOME: "Danke für Ihren Anruf. Bitte warten Sie, wir verbinden Sie mit der Bereitschaft.",
        MessageKey.RECORDING: "Dieses Gespräch wird aufgezeichnet.",
        MessageKey.NEXT: "Bitte bleiben Sie in der Leitung. Wir versuchen die nächste Person zu erreichen.",
        MessageKey.NO_ANSWER: "Leider kann Ihren Anruf gerade niemand annehmen.",
        MessageKey.NO_ONE_ON_CALL: "Leider hat im Moment niemand Bereitschaft.",
        MessageKey.VOICEMAIL_THANKS: "Danke. Ihre Nachricht wurde aufgezeichnet.",
        MessageKey.NOTHING_RECORDED: "Wir haben keine Nachricht gehört.",
        MessageKey.GOODBYE: "Auf Wiederhören.",
        MessageKey.APOLOGY: "Leider konnten wir Sie nicht verbinden.",
        MessageKey.WHISPER: "Anruf für {hotline} von {caller}. Drücken Sie die 1, um anzunehmen.",
    },
    leave_message="Bitte hinterlassen Sie nach dem Signalton eine Nachricht und legen Sie dann auf.",
    test_call="Dies ist ein Testanruf, Eintrag {entry} von {total}.",
    recorded="Das Gespräch wird aufgezeichnet.",
    withheld="einer unterdrückten Nummer",
)

_PORTUGUESE = _Language(
    texts={
        MessageKey.WELCOME: "Obrigado por ligar. Aguarde, por favor, vamos transferir para a pessoa de plantão.",
        MessageKey.RECORDING: "Esta chamada está sendo gravada.",
        MessageKey.NEXT: "Continue na linha, por favor. Estamos chamando a próxima pessoa.",
        MessageKey.NO_ANSWER: "Lamentamos, ninguém pode atender a sua chamada neste momento.",
        MessageKey.NO_ONE_ON_CALL: "Lamentamos, não há ninguém de plantão neste momento.",
        MessageKey.VOICEMAIL_THANKS: "Obrigado. A sua mensagem foi gravada.",
        MessageKey.NOTHING_RECORDED: "Não ouvimos nenhuma mensagem.",
        MessageKey.GOODBYE: "Até logo.",
        MessageKey.APOLOGY: "Lamentamos, não foi possível completar a sua chamada.",
        MessageKey.WHISPER: "Chamada para {hotline} de {caller}. Pressione 1 para aceitar.",
    },
    leave_message="Por favor, deixe a sua mensagem após o sinal e depois desligue.",
    test_call="Esta é uma chamada de teste, entrada {entry} de {total}.",
    recorded="A chamada é gravada.",
    withheld="um número oculto",
)

_LANGUAGES = {"en": _ENGLISH, "es": _SPANISH, "fr": _FRENCH, "de": _GERMAN, "pt": _PORTUGUESE}

#: a voicemail follows these, and the built-in texts then invite to it
_BEFORE_VOICEMAIL = frozenset({MessageKey.NO_ANSWER, MessageKey.NO_ONE_ON_CALL})


def base_language(language: str) -> str:
    """``en`` of ``en-US``."""
    return language.split("-", 1)[0].lower()


def has_built_in_texts(language: str) -> bool:
    return base_language(language) in _LANGUAGES


def _built_in(language: str) -> _Language:
    # A language without built-in texts has all ten of its own (the validator sees to it); English is for the rest.
    return _LANGUAGES.get(base_language(language), _ENGLISH)


def text_for(
    messages: Mapping[MessageKey, Message], key: MessageKey, language: str, *, voicemail: bool = True
) -> Message:
    """The hotline's own message, else the built-in one. An own empty text is silence and stays so.

    ``voicemail`` says whether a message can be left afterwards: only then do the built-in texts ask for one. For
    ``WHISPER`` the text is a template; see :func:`whisper_for`.
    """
    own = messages.get(key)
    if own is not None:
        return own
    words = _built_in(language)
    if voicemail and key in _BEFORE_VOICEMAIL:
        return Message(f"{words.texts[key]} {words.leave_message}")
    return Message(words.texts[key])


def whisper_for(
    template: Message,
    *,
    language: str,
    hotline: str,
    caller_name: str | None,
    caller_number: str | None,
    recorded: bool = False,
    test_entry: tuple[int, int] | None = None,
) -> Message:
    """What the responder hears after picking up.

    ``recorded`` adds the notice that the call is recorded, ``test_entry`` (entry, total) that it is a test; both come
    first, because the request for a key must be the last thing heard. A whisper that is played is played as it is.
    """
    if template.play is not None:
        return template
    words = _built_in(language)
    caller = caller_name or _spoken_number(caller_number) or words.withheld
    notices = [words.test_call.format(entry=test_entry[0], total=test_entry[1])] if test_entry else []
    notices += [words.recorded] if recorded else []
    return Message(" ".join([*notices, _fill(template.text, {"{caller}": caller, "{hotline}": hotline})]).strip())


def _spoken_number(number: str | None) -> str | None:
    """The digits one by one: a voice would read a whole number as billions."""
    return " ".join(number.removeprefix("+")) if number else None


def _fill(template: str, values: Mapping[str, str]) -> str:
    # In one pass, so that a caller who calls himself "{hotline}" is spoken as such.
    return re.sub("|".join(map(re.escape, values)), lambda mark: values[mark.group()], template)
