"""What is answered by itself to the words that end texts, begin them again, or ask for help."""

from __future__ import annotations

from collections.abc import Sequence

from textback.languages import primary
from textback.model import Answer

# Without the accents that the SMS alphabet lacks (á, í, ó, ú, ç, ê): one of them makes two segments of one. What
# confirms an opt-out may say nothing else: 47 CFR 64.1200(a)(12).
_SENTENCES = {
    "en": {
        Answer.OPT_OUT: "{practice}: you will get no more texts from us. Reply START to get them again.",
        Answer.OPT_IN: "{practice}: you will get texts from us again. Reply STOP to end them.",
        Answer.HELP: "{practice}: reply here{call}, and we will help you. Reply STOP to get no more texts.",
    },
    "es": {
        Answer.OPT_OUT: "{practice}: no le escribiremos de nuevo. Responda START para volver a recibir mensajes.",
        Answer.OPT_IN: "{practice}: le volveremos a escribir. Responda STOP para no recibir mensajes.",
        Answer.HELP: "{practice}: conteste este mensaje{call} y le ayudaremos. Responda STOP para no recibir mensajes.",
    },
    "fr": {
        Answer.OPT_OUT: "{practice} : vous ne recevrez plus de messages. Répondez START pour en recevoir de nouveau.",
        Answer.OPT_IN: "{practice} : vous recevrez de nouveau nos messages. Répondez STOP pour ne plus en recevoir.",
        Answer.HELP: "{practice} : répondez à ce message{call}. Répondez STOP pour ne plus recevoir de messages.",
    },
}
_CALL = {"en": " or call {number}", "es": " o llame al {number}", "fr": " ou appelez le {number}"}


def answer_text(answer: Answer, language: str, practice: str, main_number: str | None) -> str:
    """The sentence in a language, or in English where there is none in it ("es" serves for "es-MX").

    ``main_number``: where people answer, if there is such a number. Raises ``KeyError`` for the answers that a
    practice words itself.
    """
    spoken = primary(language)
    known = spoken if spoken in _SENTENCES else "en"
    call = _CALL[known].format(number=main_number) if main_number else ""
    return _SENTENCES[known][answer].format(practice=practice, call=call)


_ASK = {
    "en": ("{practice}: who is writing? Please reply with a number only:", "somebody else"),
    "es": ("{practice}: ¿quién escribe? Responda solo con un número:", "otra persona"),
    "fr": ("{practice} : qui écrit ? Répondez par un numéro seulement :", "quelqu'un d'autre"),
}


def ask_text(language: str, practice: str, names: Sequence[str]) -> str:
    """Which of several people who share a number it is: first names to choose from by number, and somebody else."""
    spoken = primary(language)
    question, other = _ASK.get(spoken, _ASK["en"])
    listed = [f"{at} {name}" for at, name in enumerate([*names, other], start=1)]
    return "\n".join([question.format(practice=practice), *listed])
