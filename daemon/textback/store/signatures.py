"""How a change of a practice is signed: what the page changed is told from what a file brought.

For the page that is the user's name. For `practice apply` it is ``apply by NAME``, and if the page had changed the
practice before, the version that the page made, which every later file must have seen.
"""

from __future__ import annotations

import re

from textback.store.practices import PracticeRow

LONGEST_NAME = 60  # characters, of the 100 that the column has
_BY_APPLY = re.compile(r"apply by (.*?)(?:, after version ([0-9]{1,9}))?")


def by_page(user: str) -> str:
    """Who changed a practice on the page: a user's name, which has no space in it, so it is never that of a file."""
    return user


def by_apply(user: str, page: int) -> str:
    """Who changed a practice by `apply`; ``page``: the last version that the page made, 0 for none."""
    after = f", after version {page}" if page else ""
    return f"apply by {user[:LONGEST_NAME]}{after}"


def page_version(row: PracticeRow) -> int:
    """The last version that the page made, 0 for none."""
    found = _BY_APPLY.fullmatch(row.updated_by)
    if found is None:
        return row.version
    return int(found[2] or 0)


def signed(by: str) -> tuple[str, bool]:
    """Whose name a signature holds, and whether they brought a file."""
    found = _BY_APPLY.fullmatch(by)
    return (by, False) if found is None else (found[1], True)
