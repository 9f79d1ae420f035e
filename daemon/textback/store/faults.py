"""How the faults of a database are told from the mistakes of a statement, and told without anybody's number."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

#: SQLSTATEs of PostgreSQL (its manual, appendix A): no such table, no permission; somebody is at work on the database.
_FAULTY_STATES = frozenset({"42P01", "42501"})
#: An earlier statement broke the transaction.
_BAD_STATES = frozenset({"25P02"})
#: Error numbers of MariaDB (its "Error Codes"): no such table.
_FAULTY_NUMBERS = frozenset({1146})
#: The function, procedure or savepoint does not exist.
_NO_SUCH = 1305
#: Mistakes of a statement that PyMySQL reports as operational: ambiguous or unknown columns, operands, groups,
#: collations and functions, values that are missing or don't fit, a check that failed.
_BAD_NUMBERS = frozenset(
    {1052, 1054, 1055, 1111, 1136, 1210, 1241, 1242, 1247, 1267, 1270, 1271, 1292, 1364, 1365, 1366, 1411, 4025}
    | {_NO_SUCH}
)
_MISTAKES = frozenset({"IntegrityError", "DataError", "ProgrammingError", "NotSupportedError"})
#: Where an error message of MariaDB or PostgreSQL has a value of the statement; names stand in quotes too.
_VALUES = re.compile(r"""(\bentry )'.*'(?= for key )|(\b(?:entry|value|near):? )['"].*['"]|(: )".*"$""")


def is_fault(error: BaseException) -> bool:
    """Whether the database failed (locked, gone, full, read-only) rather than the statement it was given."""
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError) or error.orig is None:
        return False
    if error.connection_invalidated or _is_put_away(error.orig):
        return True
    kinds = {kind.__name__ for kind in type(error.orig).__mro__}
    return not (kinds & _MISTAKES or _is_bad_statement(error.orig))


def describe(error: BaseException) -> str:
    """One line about a fault, without the values of the statement: they are personal data."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    said = str(cause.args[1] if _number(cause) is not None and len(cause.args) > 1 else cause)
    return _VALUES.sub(r"\1\2\3...", (said.strip() or type(cause).__name__).splitlines()[0])


def code_of(error: BaseException) -> str:
    """What the database calls the fault: SQLite's name, MariaDB's number, or PostgreSQL's SQLSTATE; "" if nothing."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    named = (getattr(cause, "sqlite_errorname", None), _number(cause), getattr(cause, "sqlstate", None))
    return str(next((code for code in named if code is not None), ""))


def hide_values(context: Any) -> None:
    """SQLAlchemy's ``handle_error``: both servers quote the values that a statement failed on."""
    error, cause = context.sqlalchemy_exception, context.original_exception
    if not isinstance(error, DBAPIError):
        return
    said = describe(error)
    error.args = (f"({type(cause).__module__}.{type(cause).__name__}) {said}",)
    number = _number(cause)
    cause.args = (said,) if number is None else (number, said)


def _is_put_away(error: BaseException) -> bool:
    """A missing table, say, is a database that somebody put away: no call must be lost by that."""
    return getattr(error, "sqlstate", None) in _FAULTY_STATES or _number(error) in _FAULTY_NUMBERS


def _is_bad_statement(error: BaseException) -> bool:
    """Faulty SQL that a driver reports as an operational error."""
    if _has_no_savepoint(error):
        return False  # a deadlock, say, has taken back the whole transaction before
    if getattr(error, "sqlstate", None) in _BAD_STATES or _number(error) in _BAD_NUMBERS:
        return True
    if getattr(error, "sqlite_errorname", None) == "SQLITE_ERROR":
        return "no such table" not in str(error)
    return False


def _has_no_savepoint(error: BaseException) -> bool:
    """MariaDB has one number for this and for a function that there is not; what follows may hold a caller's words."""
    if _number(error) == _NO_SUCH:
        return len(error.args) > 1 and str(error.args[1]).startswith("SAVEPOINT ")
    return str(error).startswith("no such savepoint: ")


def _number(error: BaseException) -> int | None:
    """The error number that PyMySQL puts first."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, int) and not isinstance(error, OSError) else None
