"""Who wants no more texts, and who only writes of a bus stop."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.keywords import LONGEST, Keyword, Kind, keyword_of
from textback.phrases import PHRASES

WORDS = {
    "": "STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT UNSUB",
    "es": "ALTO PARAR PARE PAREN BASTA DETENER BAJA CANCELAR TERMINAR SALIR",
    "fr": "ARRET ARRÊT ARRETE ARRÊTEZ ARRÊTER ARRETT DÉSABONNER DÉSINSCRIPTION ANNULER QUITTER",
}

ENGLISH = """
opt out
OPT-OUT
Stop all
stop please
Please stop.
pls stop
Ok stop
just STOP already
No, stop
No. Stop. Thanks
STOP!!! wrong number
Wrong number, please STOP
STOP texting me
stop texting
Stop texting me!!!
Please stop texting me, thank you
Can you please stop texting me?
I told you to stop texting me
I already asked you to stop texting me!
You can stop texting me now
Stop txting my phone
STOP TEXTING THIS NUMBER
stop messaging me
Stop contacting me
stop calling and texting me
quit texting me
Stop sending me texts
stop sending me messages
please stop sending these messages to me
stop sending text messages to this number
Stop sending me these annoying texts
stop the texts
Stop all texts
stop these automated messages
STOP SMS
end texts
Cancel all messages
Don't text me
Dont text me anymore
Please do not text this number again.
Never text me again
don’t ever contact me again
do not message me
Don't send me any more messages
do not send texts to this number
No more texts
no more text messages please
I don't want texts
I don't want to receive any more messages from you
I no longer wish to receive texts
I do not want to be contacted
unsubscribe please
Unsubscribe me
please unsubscribe me from your list
I want to unsubscribe
how do I unsubscribe?
How do I stop these texts
I'd like to opt out
I opt out
opt me out
I want to opt out of these messages
I already opted out
remove me from your list
Take me off this list
please remove my number
Delete my number from your system
lose my number
Leave me alone
I revoke my consent
I revoke consent to text me
Who is this? Stop texting me.
I'm not Maria. Stop texting me
Hi, this is Bob, I changed dentists last year, so please stop texting me. Thanks!
STOP - wrong number
stop stop please
Don't text me, call me instead
"""

SPANISH = """
no más
ya no más mensajes
no mas mensajes
No más mensajes por favor
no más textos
alto por favor
Por favor, pare
stop por favor
Ya basta
ya no me escriban
Ya no me escriba más
no me escriban mas
NO ME ESCRIBAN
no me manden mensajes
No me mande más mensajes, gracias
Ya no me envíen mensajes
no me envie mas textos por favor
no me vuelvan a escribir
no me molesten
no me contacten más
no me textee
Dejen de escribirme
deje de mandarme mensajes
Dejen de molestar
por favor paren de enviar mensajes
Pueden dejar de escribirme?
Les pido que dejen de mandar mensajes
basta de mensajes
No quiero mensajes
ya no quiero recibir mensajes
No deseo recibir más mensajes de texto
no quiero que me escriban más
Quiero darme de baja
¿Cómo puedo darme de baja de estos mensajes?
Borren mi número
Número equivocado, ya no me escriban
quítenme de su lista
Déjenme en paz
cancelen los mensajes
"""

FRENCH = """
stop svp
Stop s'il vous plaît
Arrêtez svp
arrêtez, merci
Arrêtez de m'écrire
arretez de m’ecrire
arrete de m ecrire
Arrêtez de m'envoyer des messages
Arrêtez de m'envoyer vos SMS s'il vous plait
arrêtez de me texter
arrêtez les messages
Arrêtez vos textos
stop aux sms
Plus de messages
plus de sms svp
Ne m'écrivez plus
ne m'ecrivez plus jamais
m'écris plus
Ne m'envoyez plus de messages
ne m’envoyez plus rien
ne me contactez plus
Cessez de m'écrire
Merci d'arrêter de m'écrire
Merci de ne plus m'écrire
Je vous demande de ne plus m'écrire
Je ne veux plus recevoir de messages
je ne veux plus de vos messages
je veux plus recevoir de sms
Je ne souhaite plus recevoir vos messages
je ne veux pas de textos
désabonnez-moi
Je veux me désabonner
Désinscrivez moi de votre liste
retirez-moi de votre liste
Supprimez mon numéro svp
Mauvais numéro, arrêtez de m'écrire
Laissez-moi tranquille
"""

NOT = """
cancel my appointment
I need to cancel
Please cancel
cancel please
I want to cancel
Can I cancel tomorrow?
Cancel my 3pm and end the plan
don't stop
Don't stop texting me
please don't stop sending me messages
never stop texting me
stop by at 5
I'll stop by tomorrow
Can I stop in today?
is there a bus stop
Is there a bus stop near you?
Which bus stop?
the bus stop is closed
non-stop
non stop
last stop
It won't stop
the bleeding won't stop
The pain does not stop
Should I stop?
should I stop taking the antibiotics
When can I stop?
I want to stop
I want to stop smoking
How do I stop the bleeding?
How do I stop my nose bleed
I quit smoking
I quit
the end
End of the month works
at the end
My son can't stop texting
he won't stop texting me
why did you stop texting me
When did you stop texting me?
can we stop texting and talk on the phone?
don't call me
Please don't call me, text me instead
stop calling me, just text
Don't text me right now, I'm driving
don't text me before 9
Do not text and drive
I don't want to text
no texts came
I have no more questions
no more
No more pain!
No thanks
not interested
wrong number
Who is this?
remove me from the waiting list
Take me off the schedule
take me off your waiting list
remove my stitches
remove me
I opt for Tuesday
I revoke my signature on the form from March
Reply STOP to unsubscribe
Text STOP to opt out
Reply STOP to end, HELP for help. Msg & data rates may apply.
You have been unsubscribed
Did you say stop?
stopped
The stop sign
full stop
STOP 5
unstoppable
Stop. The pain is worse than yesterday
cancel all my appointments
help me
I need help
Help please
more info
start now
yes please
Yes, cancel my appointment
ok
cita
cancelar mi cita
Quiero cancelar
Quiero cancelar mi cita de mañana
no dejen de escribirme
No paren
no me llamen
No me llamen, escríbanme
¿Dónde para el autobús?
para mañana
no puedo parar de toser
no más dolor
ya no me duele
no me escriban hoy
no quiero cancelar
estoy de baja
necesito la baja
¿Me puede dar de baja?
dar de baja
nada más
alto en azúcar
tengo el azúcar alto
basta con una cita
fin de semana
El fin de semana
sí, gracias
quiero mensajes
necesito ayuda
No arrêtez
n'arrêtez pas
N'arrêtez pas de m'écrire
arrêt de bus
Où est l'arrêt de bus ?
annuler mon rendez-vous
Je veux annuler
dois-je arrêter le traitement ?
Je voudrais arrêter de fumer
arrêt maladie
ne m'appelez plus
plus de douleur
Contactez-moi plus tard
me contactez plus tard
je veux plus de messages
Je veux recevoir vos messages
fin de mois
oui merci
aidez-moi
"""


def lines(table: str) -> list[str]:
    return [line for line in table.splitlines() if line]


def stop(language: str) -> Keyword:
    return Keyword(Kind.STOP, language)


@pytest.mark.parametrize(("word", "language"), [(word, one) for one, words in WORDS.items() for word in words.split()])
def test_one_word_that_ends_texts_is_an_opt_out(word: str, language: str) -> None:
    assert keyword_of(word) == keyword_of(word.lower()) == keyword_of(f" {word.title()}.\n") == stop(language)


@pytest.mark.parametrize("text", lines(ENGLISH))
def test_what_only_ends_texts_is_an_opt_out(text: str) -> None:
    found = keyword_of(text)
    assert found in (stop("en"), stop(""))


@pytest.mark.parametrize("text", lines(SPANISH))
def test_the_same_in_spanish(text: str) -> None:
    assert keyword_of(text) == stop("es")


@pytest.mark.parametrize("text", lines(FRENCH))
def test_the_same_in_french(text: str) -> None:
    assert keyword_of(text) == stop("fr")


@pytest.mark.parametrize("text", lines(NOT))
def test_what_may_mean_something_else_is_none(text: str) -> None:
    assert keyword_of(text) is None


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("START", Keyword(Kind.START, "")), ("Unstop!", Keyword(Kind.START, "")), ("opt in", Keyword(Kind.START, "")),
        ("yes", Keyword(Kind.START, "en")), ("Sí", Keyword(Kind.START, "es")), ("OUI !", Keyword(Kind.START, "fr")),
        ("HELP", Keyword(Kind.HELP, "")), ("help?", Keyword(Kind.HELP, "")), ("Info", Keyword(Kind.HELP, "")),
        ("Ayuda", Keyword(Kind.HELP, "es")), ("AIDE", Keyword(Kind.HELP, "fr")),
    ],
)  # fmt: skip
def test_words_that_begin_texts_again_or_ask_for_help_count_alone(text: str, keyword: Keyword) -> None:
    assert keyword_of(text) == keyword


@pytest.mark.parametrize(
    "text",
    [
        "S.T.O.P.", "s t o p", "Stooop!!", "STOPP", "stop stop STOP", "stpo", "“Stop”", "'stop'", "*STOP*", "_stop_",
        "🛑 STOP 🛑", "stop✋🏽", "STOP 👨‍👩‍👧", "S\u200bT\u200dO\ufeffP", "ST\u00adOP", "\u202eSTOP\u202c", "ＳＴＯＰ",
        "𝐒𝐓𝐎𝐏", "Ⓢⓣⓞⓟ", "s̶t̶o̶p̶", "\n\nSTOP\r\n", "STOP\0", "\ud83dSTOP", "ST\u3164OP", "stop…", "¡STOP!",
        "STOP\u2028", "\u00a0stop ",
    ],
)  # fmt: skip
def test_what_stands_around_or_in_the_letters_makes_no_difference(text: str) -> None:
    assert keyword_of(text) == stop("")


@pytest.mark.parametrize("text", ["", " ", "\0", "🛑", "?!", "\u200b", "1", "שלום", "تو", "\ud800", "👍🏽"])
def test_what_says_nothing_is_none(text: str) -> None:
    assert keyword_of(text) is None


def test_a_letter_is_for_a_person_to_read() -> None:
    short = "so " * (LONGEST - 3) + "stop texting me"
    assert keyword_of(short) == stop("en")
    assert keyword_of("so " + short) is None
    assert keyword_of("stop texting me. " * 2000) is None


ALL = [*lines(ENGLISH), *lines(SPANISH), *lines(FRENCH), *lines(NOT), "STOP", "Sí", "AYUDA"]
PICTURES = ["🛑", "✋🏽", "👨‍👩‍👧", "❤️", "😡", "\u200b", "\u2060", "\ufe0f", "\u202e", "!", "…", " ", "\n", ".", "*"]


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else "\u3000" if c == " " else c for c in text)


@given(st.sampled_from(ALL), st.lists(st.sampled_from(PICTURES)), st.lists(st.sampled_from(PICTURES)))
def test_case_width_accents_and_surroundings_make_no_difference(text: str, before: list[str], after: list[str]) -> None:
    found = keyword_of(text)
    for changed in (text.upper(), text.lower(), text.title(), wide(text), "".join(f"{c}\u200b" for c in text)):
        assert keyword_of(changed) == found
        assert keyword_of("".join(before) + changed + "".join(after)) == found


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_whatever_is_written_is_read(text: str) -> None:
    found = keyword_of(text)
    assert found is None or found.language in ("", "en", "es", "fr")


VOCABULARY = sorted({word for text in (ENGLISH, SPANISH, FRENCH) for word in text.split()})


@given(st.lists(st.sampled_from(VOCABULARY), max_size=LONGEST))
def test_no_row_of_such_words_takes_long_to_be_read(words: list[str]) -> None:
    begun = time.process_time()
    keyword_of(" ".join(words))
    assert time.process_time() - begun < 1.0


@pytest.mark.parametrize("language", list(PHRASES))
@pytest.mark.parametrize("words", ["stop now", "please stop", "ya basta", "ok merci", "stop texting me now", "ya"])
def test_words_repeated_without_end_are_read_at_once(words: str, language: str) -> None:
    begun = time.process_time()
    assert not PHRASES[language].say_stop([f"{words} " * 100 + "but "])
    assert time.process_time() - begun < 1.0


def test_twenty_thousand_characters_are_read_at_once() -> None:
    begun = time.process_time()
    assert keyword_of("stop " * 4_000) is None
    assert keyword_of("\u200b" * 20_000 + "STOP") == stop("")
    assert time.process_time() - begun < 2.0
