"""How people say, in a short sentence that nobody can mistake, that they want no more texts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence


class Phrases:
    """The ways to say it in one language.

    They are written as they are spoken: (one|of|these), [perhaps|one|of|these], and_so_on for several words; capitals
    stand for a list. ``bare`` says it if all else is polite, a sentence says it beside anything. No word of ``NOW`` is
    polite, too: what can be read in two ways takes for ever to be read.
    """

    def __init__(self, lists: Mapping[str, str], polite: str, intro: str, bare: str, sentences: str) -> None:
        self._lists = lists
        around, say, stop = (self._any(f"({words})") for words in (polite, intro, bare))
        says_it = self._any(*sentences.strip().splitlines())
        self._aside = re.compile(f"(?:{around})*|(?:no|non|yes|si|oui) ")
        self._bare = re.compile(f"(?:{around})*(?:{stop})+(?:{around}|{self._any('(NOW)')})*")
        self._sentence = re.compile(f"(?:{around}|{say}|{stop})*(?:{says_it})(?:{around}|{stop})*")

    def say_stop(self, clauses: Sequence[str]) -> bool:
        """Whether a clause is such a sentence, or all that is more than polite is a bare word.

        A clause is made of words without capitals, accents and apostrophes, each followed by a space.
        """
        if any(self._sentence.fullmatch(clause) for clause in clauses):
            return True
        said = [clause for clause in clauses if not self._aside.fullmatch(clause)]
        return bool(said) and all(self._bare.fullmatch(clause) for clause in said)

    def _any(self, *phrases: str) -> str:
        return "|".join("".join(map(self._choice, re.findall(r"[\[(].*?[\])]|\S+", one))) for one in phrases)

    def _choice(self, token: str) -> str:
        words = self._spelled_out(token.strip("[]()"))
        choice = "|".join(map(_expression, words.split("|")))
        return f"(?:{choice}){'?' if token.startswith('[') else ''}"

    def _spelled_out(self, words: str) -> str:
        return re.sub(r"[A-Z]+", lambda name: self._spelled_out(self._lists[name[0]]), words)


def _expression(phrase: str) -> str:
    """Plain words; where there is an apostrophe, people write nothing, or a gap."""
    words = unicodedata.normalize("NFKD", phrase.replace("_", " ").replace("'", " ?"))
    return "".join(character for character in words if not unicodedata.combining(character)) + " "


PHRASES = {
    "en": Phrases(
        {
            "TEXTS": "texts|text|text_messages|text_message|messages|message|msgs|sms|txts|texting|messaging",
            "SEVERAL": "texts|text_messages|messages|msgs|sms|txts",
            "ME": "me|us|this_number|my_number|my_phone|my_cell",
            "ALL": "all|all_the|all_these|all_of_these|the|these|those|this|your|any|my",
            "KIND": "automated|automatic|auto|annoying|stupid|spam|damn|further|future|more|any_more|anymore"
            "|appointment|reminder|marketing",
            "NOW": "now|right_now|immediately|today|asap",
            "AGAIN": "anymore|any_more|again|ever|ever_again|at_all|at_this_number|on_this_number|on_my_phone",
            "LIST": "list|lists|text_list|texting_list|mailing_list|contact_list|contacts|call_list|sms_list|system",
        },
        polite="please|pls|plz|kindly|just|ok|okay|hi|hello|hey|sorry|thanks|thank_you|thx|ty|really|seriously|so|and"
        "|already|sir|wrong_number|wrong_person|you_have_the_wrong_number|you_have_the_wrong_person|not_interested"
        "|this_is_the_wrong_number|i'm_not_interested|i_am_not_interested|who_is_this|i_don't_know_you",
        intro="can_you|could_you|would_you|will_you|can_u|you_can|you_need_to|you_must|you_have_to|i_said|let_me"
        "|i_told_you_to|i_already_told_you_to|i_asked_you_to|i_already_asked_you_to|i_want_you_to|i_need_you_to"
        "|i_would_like_you_to|i'd_like_you_to|i_want_to|i_need_to|i_would_like_to|i'd_like_to|i_wish_to"
        "|how_do_i|how_can_i|how_to",
        bare="stop|stopall|stop_all|unsubscribe|unsub|optout|opt_out|opt_me_out",
        sentences="""
(stop|quit|cease) (texting|txting|messaging|msging|contacting|spamming|harassing|bothering) [ME] [NOW|AGAIN]
(stop|quit|cease) (texting_and_calling|calling_and_texting|texting_or_calling|calling_or_texting) [ME] [NOW|AGAIN]
(stop|quit) (sending|getting|receiving) [ME] [ALL] [KIND] (TEXTS) [to|from_you] [ME] [NOW|AGAIN]
(stop|quit) sending [ME] (these|this|those|anything|stuff) [to] [ME] [NOW|AGAIN]
stop [ALL] [KIND] (TEXTS) [to|from_you] [ME] [NOW|AGAIN]
(end|cancel) [all|all_the|all_these|the|these|those|your] (SEVERAL) [to|from_you] [ME] [NOW]
(do_not|don't|never) [ever] (text|txt|message|msg|sms|contact) (ME) [AGAIN]
(do_not|don't|never) [ever] send [ME] [ALL] [KIND] (SEVERAL) [to|from_you] [ME] [AGAIN]
no more [of_these|of_your|of_those] [KIND] (TEXTS) [to|from_you] [ME]
[i|we] (do_not|don't|no_longer) (want|wish) [to_receive|to_get] [ALL] [KIND] (TEXTS) [from_you] [AGAIN]
[i|we] (do_not|don't|no_longer) (want|wish) to be (texted|messaged|contacted) [by_you] [AGAIN]
(unsubscribe|unsub|opt) (ME) [out] [from|of|out_of] [ALL] [KIND] [TEXTS|LIST|everything]
(unsubscribe|unsub|opt_out) [from|of] [ALL] [KIND] [TEXTS|LIST|everything]
[i] (am_opting_out|opt_out|opted_out|already_opted_out|have_opted_out)
i'm opting out
(remove|take|delete|drop) (ME) (from|off|off_of) (your|this) (LIST)
(remove|delete|erase|lose|forget) (my|this) [phone|cell|mobile] number [from|off] [your|this] [LIST]
leave me alone
[i|i_hereby] (revoke|withdraw) [my|all] (consent|permission) [to_text_me|to_contact_me|to_be_texted|for_texts|to_texts]
""",
    ),
    "es": Phrases(
        {
            "TEXTS": "mensajes|mensaje|mensajitos|mensajes_de_texto|textos|texto|sms|msjs|msj",
            "SEVERAL": "mensajes|mensajes_de_texto|textos|sms|msjs",
            "ALL": "los|sus|tus|estos|esos|más|tantos|todos_los|ningún",
            "WRITE": "escribirme|escribir|textearme|textear|contactarme|mensajearme|molestarme|molestar|hostigarme",
            "SEND": "mandarme|mandar|enviarme|enviar",
            "STOP": "dejen|deje|deja|dejar|paren|pare|para|parar",
            "THEYSEND": "manden|mande|mandes|envíen|envíe|envíes",
            "WANT": "quiero|quisiera|deseo|me_gustaría|cómo_puedo|necesito",
            "REMOVE": "borren|borre|borra|quiten|quite|quita|eliminen|elimine|elimina",
            "NOW": "ahora|ahora_mismo|inmediatamente|de_una_vez",
            "AGAIN": "más|nunca|nunca_más|jamás|otra_vez|de_nuevo|a_este_número",
        },
        polite="por_favor|porfavor|porfa|porfis|favor|hola|ok|oiga|oigan|gracias|muchas_gracias|ya|disculpe|disculpen"
        "|perdón|número_equivocado|tienen_el_número_equivocado|tiene_el_número_equivocado|se_equivocó_de_número"
        "|no_me_interesa",
        intro="favor_de|pueden|puede|podrían|podría|les_pido_que|le_pido_que|les_dije_que|le_dije_que|quiero_que"
        "|necesito_que|quiero|quisiera|deseo|me_gustaría|cómo_puedo|cómo|necesito",
        bare="alto|pare|paren|basta|stop",
        sentences="""
no me (escriban|escriba|escribas|texteen|textee|textees|contacten|contacte|contactes|molesten|moleste) [AGAIN] [AGAIN]
no me (THEYSEND) [ALL] (TEXTS) [AGAIN]
no me (THEYSEND) (más|nunca_más|nada_más) [TEXTS]
no (escriban|escriba|escribas|texteen|textee) (más|nunca_más)
no (THEYSEND) [ALL] (SEVERAL)
no me (vuelvan|vuelva|vuelvas) a (escribir|textear|contactar|molestar|mandar_mensajes|enviar_mensajes) [AGAIN]
(STOP) de (WRITE) [AGAIN]
(STOP) de (SEND) [ALL] (TEXTS) [AGAIN]
(STOP) de recibir [ALL] (TEXTS)
(basta|basta_ya) de [ALL] (SEVERAL)
no más (TEXTS)
[yo] no (quiero|deseo|quisiera) [recibir|recivir|que_me_manden|que_me_envíen] [ALL] (TEXTS) [AGAIN] [de_ustedes]
[yo] no (quiero|deseo) que me (escriban|texteen|contacten|molesten) [AGAIN]
no recibir [ALL] (TEXTS)
(WANT) darme de baja [de] [ALL|su|la|esta] [TEXTS|lista]
(denme|deme|dame|dar|darme) de baja de (los|sus|estos|su|esta) (TEXTS|lista|lista_de_contactos)
(cancelar|cancelen|cancele|parar|paren|pare|detener|detengan|detenga|alto_a) [ALL] (SEVERAL)
(REMOVE) (mi|este) número [de] [su|esta] [lista]
(quítenme|quíteme|bórrenme|bórreme|sáquenme|sáqueme|elimínenme) de (su|sus|esta) (lista|listas|lista_de_contactos)
(déjenme|déjeme|déjame) en paz
""",
    ),
    "fr": Phrases(
        {
            "TEXTS": "messages|message|messages_textes|textos|texto|sms|msg|textes",
            "SEVERAL": "messages|messages_textes|textos|sms|textes",
            "ALL": "de|de_vos|des|les|vos|tes|ces|tous_les|tous_vos|tous_ces|aucun|d'autres",
            "WRITE": "m'écrire|me_texter|me_contacter|me_harceler|m'embêter|me_déranger|m'importuner",
            "NOMORE": "WRITE|m'envoyer_de_messages|m'envoyer_de_textos|m'envoyer_de_sms",
            "STOP": "arrêtez|arrête|arrêter|d'arrêter|cessez|cesse|cesser|de_cesser|stop",
            "WANT": "veux|souhaite|désire",
            "REMOVE": "retirez|enlevez|supprimez|effacez|ôtez",
            "NOW": "maintenant|immédiatement|tout_de_suite",
            "LIST": "liste|listes|liste_de_contacts|liste_d'envoi|liste_de_diffusion|fichier|fichiers",
        },
        polite="s'il_vous_plaît|s'il_te_plaît|svp|stp|merci|merci_beaucoup|bonjour|bonsoir|salut|ok|désolé"
        "|mauvais_numéro|erreur_de_numéro|vous_avez_le_mauvais_numéro|vous_vous_trompez_de_numéro|pas_intéressé"
        "|ça_ne_m'intéresse_pas",
        intro="veuillez|pouvez_vous|pourriez_vous|merci_de|je_vous_prie|je_vous_prie_de|je_vous_demande"
        "|je_vous_demande_de|je_vous_ai_demandé|je_vous_ai_dit|je_veux|je_voudrais|je_souhaite|je_désire"
        "|comment|comment_puis_je|comment_faire_pour",
        bare="stop|arrêt|arrêtez|arrête|arrêter|désabonnement|désabonnez_moi|désabonne_moi|désinscrivez_moi"
        "|plus_de_messages|plus_de_message|plus_de_sms|plus_de_textos|plus_aucun_message",
        sentences="""
(STOP) de (WRITE) [NOW]
(STOP) de [me] (m'envoyer|envoyer|recevoir) [ALL] (TEXTS) [NOW]
(STOP|stoppez|stopper) [avec|à|aux] [ALL] (SEVERAL) [NOW]
[ne] (m'écrivez|m'écris|me_textez|me_texte|me_contactez|me_contacte|m'embêtez|me_dérangez) plus [jamais]
[ne] (m'envoyez|m'envoie) plus (rien|de|aucun|vos|ces|tes|jamais_de) [TEXTS]
[de] ne plus (NOMORE)
[de] ne plus recevoir (ALL) (TEXTS)
je ne (WANT) (plus|pas) [recevoir|avoir] (ALL) (TEXTS) [de_votre_part|de_vous]
je (WANT) (plus|pas) recevoir (ALL) (TEXTS) [de_votre_part|de_vous]
je ne (WANT) plus (en_recevoir|être_contacté|être_contactée|être_texté|être_textée)
(me_désabonner|me_désinscrire|désabonnez_moi|désinscrivez_moi|désabonne_moi) [de|des] [ces|vos|votre|cette] [TEXTS|LIST]
(REMOVE) moi de (votre|vos|cette) (LIST)
(REMOVE) (mon|ce) numéro [de] [votre|vos|cette] [LIST]
(laissez|laisse) moi (tranquille|en_paix)
(fichez|foutez) moi la paix
""",
    ),
}
