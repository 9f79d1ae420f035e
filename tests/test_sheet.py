"""Tables in every dialect, one spoilt row at a time; and no cell becomes a formula."""

from __future__ import annotations

import codecs
import csv
import io
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.sheet import LONGEST_LINE, MOST_LINES, Row, Sheet, SheetError, guarded, read, unguarded, written


def known(heading: str) -> bool:
    return heading.strip().lower() in ("number", "name", "kind")


def table(data: bytes | str, **given: Callable[[int], None]) -> Sheet:
    return read(io.BytesIO(data.encode() if isinstance(data, str) else data), known, **given)


def rows(data: bytes | str) -> list[tuple[str, ...]]:
    return [row.cells for row in table(data).rows]


EXPECTED = [("1", "Zoë, “Z”"), ("2", "Šime €")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "encode",
    [
        str.encode,
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
        lambda text: text.encode("cp1252"),
    ],
    ids=["utf-8", "utf-8-bom", "utf-16-le-bom", "utf-16-be-bom", "utf-16-le", "utf-16-be", "windows-1252"],
)
def test_every_dialect_and_encoding_says_the_same(
    delimiter: str, newline: str, encode: Callable[[str], bytes]
) -> None:
    page = io.StringIO()
    writer = csv.writer(page, delimiter=delimiter, lineterminator=newline)
    writer.writerows([("number", "name"), *EXPECTED])
    found = table(encode(page.getvalue()))
    assert found.headings == ("number", "name")
    assert [(row.line, row.cells) for row in found.rows] == [(2, EXPECTED[0]), (3, EXPECTED[1])]


def test_the_bytes_that_windows_leaves_open_are_those_of_latin() -> None:
    assert rows(b"number\n\x81\x8d\xe9\n") == [("\x81\x8dé",)]


def test_headings_tell_the_delimiter_where_cells_hold_others() -> None:
    told = [("Doe, Jane, MD", "1,5"), ("Roe, Ann, MD", "2,5")]
    assert rows("name;number\nDoe, Jane, MD;1,5\nRoe, Ann, MD;2,5\n") == told
    assert table("name\tx,y,z\n").headings == ("name", "x,y,z")
    assert table("number\n").headings == ("number",)


def test_a_spreadsheet_may_say_its_delimiter_itself() -> None:
    found = table("sep=;\r\nnumber;a,b\r\n1;2\r\n")
    assert found.headings == ("number", "a,b") and list(found.rows) == [Row(3, ("1", "2"))]


def test_rows_without_anything_are_left_out_and_lines_are_counted() -> None:
    found = list(table('number,name\n\n,,\n1,"a\nb"\n   \n2,c').rows)
    assert found == [Row(4, ("1", "a\nb")), Row(7, ("2", "c"))]


def test_one_quote_spoils_one_row() -> None:
    lines = ["number,name", '1,"never closed', *(f"{at},x" for at in range(2, 1000))]
    found = list(table("\n".join(lines)).rows)
    assert found[0] == Row(2, (), "a quote is not closed")
    assert [row.cells for row in found[1:]] == [(str(at), "x") for at in range(2, 1000)]
    last = list(table('number,name\n1,a\n2,"b\n3,c').rows)
    assert [row.mistake for row in last] == [None, "a quote is not closed", None]
    odd = list(table('number,name\n1,"a"b\n2,c').rows)
    assert odd == [Row(2, (), "its quotes are not in order"), Row(3, ("2", "c"))]


def test_a_line_without_end_is_one_bad_row() -> None:
    found = list(table("number,name\n" + "x" * (3 * LONGEST_LINE) + "\n2,c\n").rows)
    assert found == [Row(2, (), "a line is too long"), Row(3, ("2", "c"))]


def test_a_cell_may_have_some_lines() -> None:
    text = "\n".join("ab" for _ in range(MOST_LINES - 1))
    assert rows(f'number,name\n1,"{text}"\n') == [("1", text)]


@pytest.mark.parametrize("data", [b"", b"\n\n", codecs.BOM_UTF8, codecs.BOM_UTF16_LE])
def test_where_there_is_nothing_that_is_told(data: bytes) -> None:
    with pytest.raises(SheetError, match="nothing in it"):
        table(data)


def test_headings_that_cannot_be_read_are_told() -> None:
    with pytest.raises(SheetError, match="headings"):
        table('number,"name')


@given(st.binary(max_size=400))
def test_whatever_the_bytes_it_is_a_table_or_an_error(data: bytes) -> None:
    try:
        for row in table(data).rows:
            assert row.line > 1
    except SheetError:
        pass


def test_every_byte_is_counted_and_hardly_any_is_kept() -> None:
    data = b"number,name\n" + b'12025550100,"Doe, Jane"\n' * 400_000
    counted: list[int] = []
    tracemalloc.start()
    try:
        total = sum(1 for _ in table(data, on_bytes=counted.append).rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (total, sum(counted)) == (400_000, len(data))
    assert peak < len(data) + 1_000_000  # BytesIO has all of it: that much for the test, the rest for the reading


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "+1202555+1"]


@pytest.mark.parametrize("cell", FORMULAS)
def test_what_a_spreadsheet_would_reckon_is_text(cell: str) -> None:
    assert guarded(cell) == f"'{cell}" and unguarded(guarded(cell)) == cell


@pytest.mark.parametrize("cell", ["", "a=1", "'quoted'", "O'Neil", "1-2", " =1", "'", "+12025550100"])
def test_what_is_harmless_stays(cell: str) -> None:
    assert guarded(cell) == unguarded(cell) == cell


@given(st.text("'=+-@\t\r\n a1", max_size=6))
def test_what_was_guarded_is_told_from_what_looked_like_it(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell
    assert not guarded(cell).startswith(tuple("=+-@\t\r\n"))


@given(st.lists(st.tuples(st.text(max_size=9), st.text("'=\"\r\n,;x", max_size=6)), max_size=5))
def test_what_is_written_is_read_again(cells: list[tuple[str, str]]) -> None:
    data = b"".join(written(("number", "name"), cells))
    kept = [tuple(cell.encode("utf-8", "replace").decode() for cell in row) for row in cells]
    assert rows(data) == [row for row in kept if any(guarded(cell).strip() for cell in row)]


def test_nothing_is_written_as_such_and_for_a_pipe_without_a_mark() -> None:
    assert b"".join(written(("a", "b"), [(None, 1)])) == codecs.BOM_UTF8 + b"a,b\r\n,1\r\n"
    assert b"".join(written(("a",), [], bom=False)) == b"a\r\n"


def test_many_rows_are_written_piece_by_piece() -> None:
    pieces = list(written(("a",), (("x" * 100,) for _ in range(10_000))))
    assert len(pieces) > 10 and max(map(len, pieces)) < 100_000
