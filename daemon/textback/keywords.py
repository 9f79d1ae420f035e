"""Words that end the texts to a number, begin them again, or ask for help, in English, Spanish and French."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from textback.phrases import PHRASES


class Kind(StrEnum):
    """What the words ask for; YES and its like mean ``START`` only from somebody who opted out."""

    STOP = "stop"
    START = "start"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Keyword:
    """``language``: the one that the words are in; "" for those that carriers teach everybody, such as STOP."""

    kind: Kind
    language: str


#: A text of more words is a letter, for a person to read.
LONGEST = 30

# What counts only as the whole message. The first row is what the FCC and carriers list, and how people misspell it:
# 47 CFR 64.1200(a)(10), https://help.twilio.com/articles/223134027
_ALONE = {
    (Kind.STOP, ""): "stop stopall unsubscribe cancel end quit revoke optout unsub stpo sotp unsuscribe unsubcribe",
    (Kind.STOP, "es"): "alto parar pare paren basta detener detenga detengan baja cancelar terminar salir anular"
    " revocar desuscribir desuscribirme nomas",
    (Kind.STOP, "fr"): "arret arrete arretez arreter arrett desabonner desabonnement desabonnez desinscrire"
    " desinscription annuler fin quitter resilier revoquer",
    (Kind.START, ""): "start unstop optin",
    (Kind.START, "en"): "yes",
    (Kind.START, "es"): "si iniciar reanudar",
    (Kind.START, "fr"): "oui reprendre",
    (Kind.HELP, ""): "help info",
    (Kind.HELP, "es"): "ayuda",
    (Kind.HELP, "fr"): "aide",
}
_WORDS = {word: Keyword(kind, language) for (kind, language), words in _ALONE.items() for word in words.split()}
_STRETCHED = re.compile(r"(?:s+t+o+p+)+")


def keyword_of(body: str) -> Keyword | None:
    """What a text asks for, if it is nothing but one of the words, or says so in a short sentence; never raises.

    Case, accents, punctuation, emoji, invisible characters and the width of letters make no difference.
    """
    clauses = _clauses(body)
    words = "".join(clauses).split()
    if not 0 < len(words) <= LONGEST:
        return None
    alone = "".join(words)
    if _STRETCHED.fullmatch(alone):
        return _WORDS["stop"]
    if alone in _WORDS:
        return _WORDS[alone]
    language = next((one for one, phrases in PHRASES.items() if phrases.say_stop(clauses)), None)
    return None if language is None else Keyword(Kind.STOP, language)


_APOSTROPHES = dict.fromkeys(map(ord, "'‘’‛ʼ`´′"))
_INVISIBLE = {"\u115f", "\u1160"}  # letters to Unicode, and yet nothing is to be seen
_DASH = re.compile(r"\s[-‐‑]+\s|--+|[–—―]")
_ENDS = re.compile(r"[^\w\s*#&@/\\%$+<=>|^~-]|[\r\n\v\f\x85\u2028\u2029]")


def _clauses(body: str) -> list[str]:
    """The text as plain small words, each followed by a space, cut where punctuation cuts it."""
    text = unicodedata.normalize("NFKD", _DASH.sub(". ", body.translate(_APOSTROPHES)))
    text = unicodedata.normalize("NFKD", text.casefold()).translate(_APOSTROPHES)
    seen = "".join(map(_shown, text))
    spoken = (re.findall(r"[^\W_]+", part) for part in seen.split("\n"))
    return [" ".join(words) + " " for words in spoken if words]


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Mn", "Me", "Cf") or character in _INVISIBLE:
        return ""
    if category in ("So", "Sk", "Cs", "Cn", "Co"):  # pictures, and what nobody knows
        return " "
    return "\n" if _ENDS.match(character) else character
