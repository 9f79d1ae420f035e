"""Which column of a table holds what, by the names that other software has for it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Without spaces, signs, accents and capitals. Of several numbers the first counts: one that can be texted.
_NAMES = {
    "number": "mobile mobilephone mobilenumber mobilephonenumber cell cellphone cellnumber cellular movil celular"
    " portable handy sms smsnumber number phone phonenumber phoneno telephone telephonenumber telefono telefone"
    " numerodetelefono tel numero primaryphone mainphone callerid homephone workphone",
    "first_name": "firstname first givenname given forename fname prenom nombre nombres vorname",
    "last_name": "lastname last surname familyname family lname apellido apellidos nomdefamille nachname",
    "name": "name fullname displayname contactname patientname contact patient nombrecompleto",
    "kind": "kind type contacttype category tipo",
    "language": "language lang preferredlanguage languagecode idioma langue sprache",
    "verified": "verified isverified verificado verifie",
    "external_id": "externalid id patientid contactid recordid chartnumber mrn accountnumber clientid",
    "practice": "practice",
}
_ORDER = {name: at for at, name in enumerate(_NAMES["number"].split())}
_FIELDS = {name: field for field, names in _NAMES.items() for name in names.split()}
_SIGNS = re.compile(r"[\W_]+")
#: Characters of a heading, and headings, that are told where none of them is known.
_LONGEST_HEADING, _MOST_HEADINGS = 30, 20


class ContactsError(Exception):
    """The table cannot be taken in; the message says why."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where in a row each of the fields stands; the numbers in the order in which they count."""

    numbers: tuple[int, ...]
    fields: Mapping[str, int]

    def numbers_of(self, cells: Sequence[str]) -> list[str]:
        """What stands in the columns for numbers."""
        return [cells[at].strip() for at in self.numbers if at < len(cells) and cells[at].strip()]

    def of(self, cells: Sequence[str], field: str) -> str:
        """What stands in the column of another field, in one line; "" if there is nothing."""
        at = self.fields.get(field)
        return one_line(cells[at]) if at is not None and at < len(cells) else ""


def one_line(text: str) -> str:
    """The text without what cannot be seen, and with one space where there are several."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())


def is_heading(text: str) -> bool:
    """Whether something known may stand below it."""
    return _plain(text) in _FIELDS


def columns_of(headings: Sequence[str]) -> Columns:
    """Find the columns by their headings; raises ``ContactsError`` where none of them holds numbers.

    Of two with the same meaning, the first counts.
    """
    numbers: list[tuple[int, int]] = []
    fields: dict[str, int] = {}
    for at, heading in enumerate(headings):
        plain = _plain(heading)
        field = _FIELDS.get(plain)
        if field == "number":
            numbers.append((_ORDER[plain], at))
        elif field is not None:
            fields.setdefault(field, at)
    if not numbers:
        raise ContactsError(
            f"there is no column for the telephone number: the columns are {_told(headings)}; expected one called"
            ' "number", "phone" or "mobile"'
        )
    return Columns(tuple(at for _, at in sorted(numbers)), fields)


def _plain(heading: str) -> str:
    letters = unicodedata.normalize("NFKD", heading).casefold()
    return _SIGNS.sub("", "".join(c for c in letters if not unicodedata.combining(c)))


def _told(headings: Sequence[str]) -> str:
    """The headings as found: but where digits are, the first row may well be somebody's number."""
    shown = [one_line(heading)[:_LONGEST_HEADING] for heading in headings[:_MOST_HEADINGS]]
    safe = ["•••" if sum(c.isdigit() for c in one) > 4 else f'"{one}"' for one in shown]
    return ", ".join(safe) + (", …" if len(headings) > _MOST_HEADINGS else "")
