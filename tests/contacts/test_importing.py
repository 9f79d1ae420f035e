"""Contacts from tables of other software: everybody once, however often, and nobody under another's name."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select, update

from tests.practices import document, practice
from textback import contacts as room
from textback import sheet
from textback.contacts import ContactsError, Import, Outcome
from textback.directory import Directory
from textback.model import ContactKind
from textback.store import audit, people, practices
from textback.store.engine import open_engine
from textback.store.tables import contacts, conversations

NOW = 1_800_014_400.0
LINE, ANN, BOB = "+12025550100", "+12025550111", "+12025550122"
GROVE: dict[str, Any] = {
    "practice__name": "Grove",
    "practice__default": False,
    "practice__region": "GB",
    "line": [{"name": "Desk", "number": "+12025550180"}],
}
COLUMNS = ("number", "first_name", "last_name", "kind", "language", "verified", "external_id")


@dataclass
class House:
    conn: Connection
    directory: Directory = field(default_factory=lambda: Directory([practice(), practice(**GROVE)]))
    clock: Iterator[int] = field(default_factory=itertools.count)

    def take(self, text: str, name: str | None = "Riverside", kind: str = "patient", write: bool = True) -> Outcome:
        """Import a table."""
        found = sheet.read(io.BytesIO(text.encode()), room.is_heading)
        columns, now = room.columns_of(found.headings), NOW + next(self.clock)
        importing = Import(self.directory, columns, name, ContactKind(kind), now)
        return importing.take(self.conn, list(found.rows), write)

    def export(self, *names: str) -> str:
        return b"".join(room.exported(self.conn, names or ("Riverside", "Grove"), bom=False)).decode()

    def all(self, *columns: str, name: str = "Riverside") -> list[tuple[Any, ...]]:
        query = select(*(contacts.c[one] for one in columns or COLUMNS)).where(contacts.c.practice == name)
        return [tuple(row) for row in self.conn.execute(query.order_by(contacts.c.id))]

    def talk(self, number: str = ANN) -> int:
        return people.conversation_for(self.conn, "Riverside", LINE, number, NOW)

    def filed(self, talk: int) -> str | None:
        """The first name under which a conversation stands; "-" for a contact without one, None for no contact."""
        query = select(contacts.c.first_name, contacts.c.id).join(conversations).where(conversations.c.id == talk)
        row = self.conn.execute(query).first()
        return None if row is None else row.first_name or "-"


@pytest.fixture
def house(engine: Engine) -> Iterator[House]:
    with engine.begin() as connection:
        for one in (document(), document(**GROVE)):
            practices.put(connection, one["practice"]["name"], one, "test", NOW)
        yield House(connection)


def counts(outcome: Outcome) -> tuple[int, int, int, int]:
    return outcome.new, outcome.changed, outcome.same, len(outcome.bad)


FULL = """Patient ID;First Name;Last Name;Mobile Phone;Preferred Language;Type
P1;Ann;Doe;(202) 555-0111;Spanish;Patient
P2;Bob;Doe;1-202-555-0122;en_US;Referral Partner
"""


def test_everything_that_is_told_is_kept(house: House) -> None:
    assert counts(house.take(FULL)) == (2, 0, 0, 0)
    assert house.all() == [
        (ANN, "Ann", "Doe", "patient", "es", True, "P1"),
        (BOB, "Bob", "Doe", "referral", "en-US", True, "P2"),
    ]
    assert set(house.all("created_at", "updated_at")) == {(NOW, NOW)}


def test_once_more_changes_nothing(house: House) -> None:
    house.take(FULL)
    before = house.all("id", "updated_at")
    assert counts(house.take(FULL)) == (0, 0, 2, 0)
    assert house.all("id", "updated_at") == before


@pytest.mark.parametrize(
    ("heading", "row", "names"),
    [
        ("Number,Given Name,Surname", "2025550111,Ann,Doe", ("Ann", "Doe")),
        ("TELEPHONE;Vorname;Nachname", "2025550111;Ann;Doe", ("Ann", "Doe")),
        ("móvil\tNombre\tApellidos", "2025550111\tAnn\tDoe", ("Ann", "Doe")),
        ("cell phone|full name", "2025550111|Ann van Doe", ("Ann", "van Doe")),
        ("cell_phone|NAME", "2025550111|Doe, Ann", ("Ann", "Doe")),
        ("Name,Phone #,Notes", "Ann,2025550111,x", ("Ann", None)),
    ],
)
def test_columns_are_known_by_what_others_call_them(
    house: House, heading: str, row: str, names: tuple[str, str | None]
) -> None:
    assert counts(house.take(f"{heading}\n{row}\n"))[0] == 1
    assert house.all("number", "first_name", "last_name") == [(ANN, *names)]


def test_without_a_column_for_the_number_the_columns_that_there_are_are_told() -> None:
    with pytest.raises(ContactsError) as error:
        room.columns_of(["First", "Fax", "+12025550111"])
    assert '"First", "Fax", •••' in str(error.value) and "0111" not in str(error.value)


def test_of_several_numbers_one_that_can_be_texted_counts(house: House) -> None:
    house.take(f"Home Phone,Mobile,Name\n2025550122,2025550111,Ann\n{BOB},,Bob\n2025550122,none,Cid\n")
    assert house.all("number", "first_name") == [(ANN, "Ann"), (BOB, "Bob"), (BOB, "Cid")]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (",Ann,,", "there is no telephone number"), ("12,Ann,,", "an extension"), ("911,Ann,,", "an emergency number"),
        ("call me,Ann,,", "no possible telephone number"), ("1.2025550111E+10,Ann,,", "a spreadsheet rounded"),
        ("2025550111,Ann,friend,", "the kind is none of patient, contact, referral"),
        ("2025550111,Ann,,maybe", "neither yes nor no"), (f"2025550111,{'x' * 101},,", "more than 100 characters"),
        ('2025550111,"Ann"x,,', "quotes"),
    ],
)  # fmt: skip
def test_a_bad_row_is_told_with_its_line_and_the_others_are_taken_in(house: House, row: str, why: str) -> None:
    outcome = house.take(f"number,name,kind,verified\n2025550133,Cid,,\n{row}\n2025550144,Dan,,\n")
    assert counts(outcome) == (2, 0, 0, 1)
    (line, told), = outcome.bad
    assert line == 3 and why in told and "0111" not in told
    assert house.all("first_name") == [("Cid",), ("Dan",)]


@pytest.mark.parametrize(
    "written", ["2025550111", "2025550111.0", "'+12025550111", "+1 (202) 555.0111", "00 1 2025550111"]
)
def test_numbers_are_read_however_they_are_written(house: House, written: str) -> None:
    house.take(f"number;name\n{written};Ann\n")
    assert house.all("number") == [(ANN,)]


def test_numbers_are_read_as_in_the_practices_own_country(house: House) -> None:
    house.take("number,name\n07400 123456,Ann\n", "Grove")
    assert house.all("number", name="Grove") == [("+447400123456",)]


def test_a_language_that_is_none_is_as_good_as_none(house: House) -> None:
    outcome = house.take("number,name,language\n2025550111,Ann,Declined to specify\n2025550122,Bob,Français\n")
    assert (counts(outcome), outcome.odd_languages) == ((2, 0, 0, 0), 1)
    assert house.all("language") == [(None,), ("fr",)]


def test_what_a_table_does_not_tell_stays_as_it_is(house: House) -> None:
    house.take(FULL)
    assert counts(house.take("id,phone,first,last\nP1,2025550111,Ann,Doe\nP2,,Bob,\n")) == (0, 0, 1, 1)
    assert counts(house.take("phone,first,last\n2025550111,ANN,doe\n")) == (0, 1, 0, 0)
    assert house.all()[0] == (ANN, "ANN", "doe", "patient", "es", True, "P1")


def test_who_has_an_id_keeps_it_through_a_new_name_and_number(house: House) -> None:
    house.take(FULL)
    assert counts(house.take("id,phone,first,last\nP1,2025550133,Anna,Roe\n")) == (0, 1, 0, 0)
    assert house.all()[0] == ("+12025550133", "Anna", "Roe", "patient", "es", True, "P1")
    assert len(house.all()) == 2


def test_several_share_a_number(house: House) -> None:
    text = "phone,first,last\n2025550111,Ann,Doe\n2025550111,Bob,Doe\n2025550111,Ann,Roe\n"
    assert counts(house.take(text)) == (3, 0, 0, 0)
    assert counts(house.take(text)) == (0, 0, 3, 0)


def test_two_of_one_name_are_two_where_their_ids_say_so(house: House) -> None:
    text = "id,phone,name\nP1,2025550111,Ann Doe\nP2,2025550111,Ann Doe\n"
    assert counts(house.take(text)) == (2, 0, 0, 0) and counts(house.take(text)) == (0, 0, 2, 0)


def test_who_is_there_twice_is_told_unless_it_is_the_same(house: House) -> None:
    head = "id,phone,name,kind\n"
    assert counts(house.take(f"{head}P1,2025550111,Ann,patient\nP1,2025550111,Ann,patient\n")) == (1, 0, 1, 0)
    outcome = house.take(f"{head}P1,2025550111,Ann,patient\nP1,2025550111,Ann,contact\n")
    assert counts(outcome) == (0, 0, 1, 1) and outcome.bad[0][0] == 3
    assert house.all("kind") == [("patient",)]


def test_who_was_known_by_number_alone_gets_a_name_in_place(house: House) -> None:
    talk = house.talk()
    assert house.filed(talk) == "-"
    assert counts(house.take("phone,name\n2025550111,Ann Doe\n")) == (0, 1, 0, 0)
    assert house.all("first_name", "verified") == [("Ann", True)] and house.filed(talk) == "Ann"


def test_a_conversation_is_nobodys_once_two_share_its_number(house: House) -> None:
    talk, other = house.talk(), house.talk(BOB)
    house.take("phone,name\n2025550111,Ann Doe\n")
    house.take("phone,name\n2025550111,Bob Doe\n")
    assert house.filed(talk) is None and house.filed(other) == "-"


def test_where_somebody_said_who_it_is_it_stays_theirs(house: House) -> None:
    talk = house.talk()
    house.take("phone,name\n2025550111,Ann Doe\n")
    audit.note(house.conn, NOW, "sam", audit.Action.FILED, conversation=talk)
    house.take("phone,name\n2025550111,Bob Doe\n")
    assert house.filed(talk) == "Ann"


def test_whose_number_changed_is_not_named_beside_the_old_one(house: House) -> None:
    talk = house.talk()
    house.take("id,phone,name\nP1,2025550111,Ann Doe\n")
    assert house.filed(talk) == "Ann"
    house.take("id,phone,name\nP1,2025550122,Ann Doe\n")
    assert house.filed(talk) is None


def test_a_name_that_a_stranger_told_gives_way_to_one_that_the_practice_knows(house: House) -> None:
    talk = house.talk()
    house.conn.execute(update(contacts).values(first_name="Mallory"))
    house.take("phone,name\n2025550111,Ann Doe\n")
    assert house.filed(talk) == "Ann" and len(house.all()) == 2


def test_contacts_belong_to_one_practice_each(house: House) -> None:
    text = FULL.replace("(202)", "+1 202").replace("1-202", "+1 202")
    house.take(text)
    assert counts(house.take(text, "Grove")) == (2, 0, 0, 0)
    assert len(house.all()) == len(house.all(name="Grove")) == 2


def test_a_column_may_say_the_practice(house: House) -> None:
    text = "practice,phone,name\nGrove,+12025550111,Ann\n,2025550122,Bob\nElsewhere,2025550133,Cid\n"
    assert counts(house.take(text)) == (2, 0, 0, 1)
    assert (house.all("first_name"), house.all("first_name", name="Grove")) == ([("Bob",)], [("Ann",)])


@pytest.mark.parametrize("name", [None, "Elsewhere"])
def test_whose_they_are_must_be_told(house: House, name: str | None) -> None:
    with pytest.raises(ContactsError, match="Riverside, Grove"):
        house.take(FULL, name)


def test_what_would_become_of_them_is_told_without_doing_it(house: House) -> None:
    assert counts(house.take(FULL, write=False)) == (2, 0, 0, 0)
    assert house.all() == []


def test_somebody_new_is_what_the_caller_says_where_the_table_does_not(house: House) -> None:
    house.take("phone,name\n2025550111,Ann\n", kind="referral")
    house.take("phone,name\n2025550111,Ann\n", kind="patient")
    assert house.all("kind") == [("referral",)]


def test_who_was_a_stranger_until_now_is_what_the_caller_says(house: House) -> None:
    house.talk(ANN)
    assert house.all("kind", "verified") == [("contact", False)]
    house.take("phone,name\n2025550111,Ann\n", kind="patient")
    assert house.all("kind", "verified") == [("patient", True)]


def test_who_is_not_verified_may_be_imported_as_such(house: House) -> None:
    house.take("phone,name,verified\n2025550111,Ann,no\n2025550122,Bob,Yes\n")
    assert house.all("verified") == [(False,), (True,)]


def test_an_export_is_guarded_and_taken_in_again_changes_nothing(house: House) -> None:
    house.take('phone,first,last,id\n2025550111,=HYPERLINK(""),"@Doe, ""x""",-1\n')
    house.talk(BOB)
    text = house.export()
    assert text.splitlines() == [
        "practice,number,first_name,last_name,kind,language,verified,external_id",
        'Riverside,+12025550111,"\'=HYPERLINK("""")","\'@Doe, ""x""",patient,,yes,\'-1',
        "Riverside,+12025550122,,,contact,,no,",
    ]
    before = house.all("id", *COLUMNS, "updated_at")
    assert counts(house.take(text, None)) == (0, 0, 2, 0)
    assert house.all("id", *COLUMNS, "updated_at") == before
    assert house.export("Grove").count("\n") == 1


seen = st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp", "Zs", "Co", "Cn"))
names = st.none() | st.text(seen, min_size=1, max_size=9)
person = st.fixed_dictionaries(
    {
        "practice": st.sampled_from(["Riverside", "Grove"]),
        "number": st.sampled_from([ANN, BOB, "+447400123456", "+18005550100"]),
        "first_name": names | st.sampled_from(["Ann", "ann", "=A1", "'+1"]),
        "last_name": names,
        "kind": st.sampled_from(["patient", "contact", "referral"]),
        "verified": st.booleans(),
        "language": st.sampled_from([None, "en", "es-MX"]),
        "external_id": st.none() | st.sampled_from(["P1", "P2", "007", "-7"]),
    }
)


@given(st.lists(person, max_size=8))
@settings(max_examples=40)
def test_whoever_is_in_it_an_export_taken_in_again_changes_nothing(migrated: Any, people: list[dict[str, Any]]) -> None:
    engine = open_engine(f"sqlite:///{migrated}")
    # An id is one person's; that is what it is for.
    unique = {(one["practice"], one["external_id"] or at): one for at, one in enumerate(people)}
    with engine.connect() as conn:
        house = House(conn)
        for one in (document(), document(**GROVE)):
            practices.put(conn, one["practice"]["name"], one, "test", NOW)
        for one in unique.values():
            conn.execute(contacts.insert(), one | {"created_at": NOW})
        before = conn.execute(select(contacts)).all()
        outcome = house.take(house.export(), None)
        assert counts(outcome) == (0, 0, len(unique), 0)
        assert conn.execute(select(contacts)).all() == before
        conn.rollback()
    engine.dispose()
