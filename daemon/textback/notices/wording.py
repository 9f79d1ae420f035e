"""What an e-mail to staff says, in the languages that this program speaks to people in."""

from __future__ import annotations

from typing import NamedTuple

from textback.notices.errand import Errand


class Wording(NamedTuple):
    """The sentences of one language."""

    subject: str
    came: str
    came_on: str
    read: str
    find: str
    one: str
    several: str
    rule: str


_WORDINGS = {
    "en": Wording(
        subject="New reply: {where}",
        came="Somebody replied to {practice}.",
        came_on="Somebody replied to {practice}, on the line {line}.",
        read="Read and answer it here: {url}",
        find="Read and answer it in the inbox of textback.",
        one="It is the only conversation that nobody has read.",
        several="{unread} conversations wait to be read.",
        rule="There is one e-mail for a conversation until somebody has read it. Managers say in the settings who"
        " gets it.",
    ),
    "es": Wording(
        subject="Respuesta nueva: {where}",
        came="Alguien ha respondido a {practice}.",
        came_on="Alguien ha respondido a {practice}, en la línea {line}.",
        read="Léalo y conteste aquí: {url}",
        find="Léalo y conteste en la bandeja de textback.",
        one="Es la única conversación sin leer.",
        several="Hay {unread} conversaciones sin leer.",
        rule="Hay un correo por conversación hasta que alguien la haya leído. Quién lo recibe se decide en los"
        " ajustes.",
    ),
    "fr": Wording(
        subject="Nouvelle réponse : {where}",
        came="Quelqu'un a répondu à {practice}.",
        came_on="Quelqu'un a répondu à {practice}, sur la ligne {line}.",
        read="Lisez et répondez ici : {url}",
        find="Lisez et répondez dans la boîte de textback.",
        one="C'est la seule conversation non lue.",
        several="{unread} conversations ne sont pas lues.",
        rule="Il y a un message par conversation jusqu'à ce que quelqu'un l'ait lue. Qui le reçoit se décide dans les"
        " réglages.",
    ),
}


def subject_and_body(errand: Errand) -> tuple[str, str]:
    """Both in the errand's language, or in English ("es" serves for "es-MX"); the subject on one line."""
    said = _WORDINGS.get(errand.language.partition("-")[0].lower(), _WORDINGS["en"])
    practice, line = plain(errand.practice), plain(errand.line)
    where = ", ".join(filter(None, (practice, line)))
    came = (said.came_on if line else said.came).format(practice=practice, line=line)
    read = said.read.format(url=errand.url) if errand.url else said.find
    count = said.one if errand.unread <= 1 else said.several.format(unread=errand.unread)
    return said.subject.format(where=where), f"{came}\n\n{read}\n\n{count}\n\n{said.rule}\n"


def plain(text: str) -> str:
    """On one line, whatever a manager has put into a name."""
    return "".join(character if character.isprintable() else " " for character in text)
