"""``textback contacts``: a table in, a table out, and every bad row told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from tests.practices import document
from textback.cli import cli
from textback.store import migrations, practices
from textback.store.engine import open_engine, reading
from textback.store.tables import contacts

TABLE = "First Name;Phone;Id\nAnn;(202) 555-0111;P1\nBob;(202) 555-0122;P2\n"


class House:
    def __init__(self, folder: Path) -> None:
        self.folder, self.url = folder, f"sqlite:///{folder / 'textback.db'}"
        (folder / "textback.toml").write_text(f'[database]\nurl = "{self.url}"\n')
        self.engine = open_engine(self.url)
        migrations.upgrade(self.engine)
        self.want()

    def want(self, **changes: Any) -> None:
        one = document(**changes)
        with self.engine.begin() as connection:
            practices.put(connection, one["practice"]["name"], one, "test", 1.0)

    def run(self, *words: str, input: str | bytes | None = None) -> Result:
        config = str(self.folder / "textback.toml")
        return CliRunner().invoke(cli, ["--config", config, "contacts", *words], input=input)

    def write(self, text: str) -> str:
        path = self.folder / "table.csv"
        path.write_text(text)
        return str(path)

    def names(self) -> list[str | None]:
        with reading(self.engine) as connection:
            return list(connection.execute(select(contacts.c.first_name).order_by(contacts.c.id)).scalars())


@pytest.fixture
def house(tmp_path: Path) -> Any:
    made = House(tmp_path)
    yield made
    made.engine.dispose()


def test_contacts_are_taken_in_and_the_second_time_nothing_changes(house: House) -> None:
    first = house.run("import", house.write(TABLE))
    assert (first.exit_code, first.stdout) == (0, "contacts: 2 new, 0 changed, 0 as they were\n")
    again = house.run("import", house.write(TABLE))
    assert (again.exit_code, again.stdout) == (0, "contacts: 0 new, 0 changed, 2 as they were\n")
    assert again.stderr == "" and house.names() == ["Ann", "Bob"]


def test_bad_rows_are_told_with_their_lines_and_end_in_1(house: House) -> None:
    bad = "".join(f"Dan;{number}\n" for number in ("12", "13", "911"))
    result = house.run("import", house.write(f"Name;Phone\nAnn;2025550111\n{bad}Bob;2025550122\nCid;\n"))
    assert result.exit_code == 1
    assert result.stdout == "contacts: 2 new, 0 changed, 0 as they were, 4 not taken in\n"
    assert result.stderr.splitlines() == [
        "lines 3 to 4: the telephone number is an extension",
        "line 5: the telephone number is an emergency number",
        "line 7: there is no telephone number",
    ]


def test_a_dry_run_changes_nothing(house: House) -> None:
    result = house.run("import", "--dry-run", house.write(TABLE))
    assert (result.exit_code, result.stdout) == (0, "contacts: 2 would be new, 0 would be changed, 0 as they were\n")
    assert house.names() == []


def test_a_pipe_is_read_too(house: House) -> None:
    result = house.run("import", "-", input=TABLE.encode("utf-16"))
    assert result.exit_code == 0 and house.names() == ["Ann", "Bob"]


def test_more_rows_than_a_batch_are_all_taken_in(house: House) -> None:
    rows = "".join(f"Ann{at};+1202555{at:04}\n" for at in range(1200))
    result = house.run("import", house.write("Name;Phone\n" + rows))
    assert result.stdout == "contacts: 1200 new, 0 changed, 0 as they were\n"


@pytest.mark.parametrize(
    ("table", "why"),
    [("", "nothing in it"), ("a,b\n1,2\n", 'the columns are "a", "b"'), ("2025550111,Ann\n", "•••")],
)
def test_what_is_no_table_of_contacts_is_refused(house: House, table: str, why: str) -> None:
    result = house.run("import", house.write(table))
    assert result.exit_code == 1 and why in result.stderr and "0111" not in result.stderr


def test_of_several_practices_one_must_be_named(house: House) -> None:
    house.want(practice__name="Grove", practice__default=False, line=[{"name": "Desk", "number": "+12025550180"}])
    refused = house.run("import", house.write(TABLE))
    assert refused.exit_code == 1 and "Grove, Riverside" in refused.stderr
    assert house.run("import", "--practice", "Grove", house.write(TABLE)).exit_code == 0
    assert house.run("export", "--practice", "Riverside").stdout.count("\n") == 1
    assert house.run("export", "--practice", "Elsewhere").exit_code == 2


def test_what_is_exported_is_imported_again_and_changes_nothing(house: House) -> None:
    house.run("import", house.write(TABLE))
    path = house.folder / "out.csv"
    assert house.run("export", str(path)).exit_code == 0
    assert path.read_bytes().startswith(b"\xef\xbb\xbfpractice,")
    assert house.run("import", str(path)).stdout == "contacts: 0 new, 0 changed, 2 as they were\n"
    piped = house.run("export")
    assert piped.stdout.startswith("practice,number,") and ",+12025550111," in piped.stdout
    assert house.run("import", "-", input=piped.stdout).stdout == "contacts: 0 new, 0 changed, 2 as they were\n"


def test_a_file_that_is_not_there_is_a_fault_of_usage(house: House) -> None:
    assert house.run("import", "nowhere.csv").exit_code == 2
