"""What keeps a daemon from its work, in words."""

from __future__ import annotations

import pytest

from textback.health import Health, LinkHealth

UP = LinkHealth("main", True, None, 5.0, 1, 0)


@pytest.mark.parametrize(("practices", "is_well"), [(None, True), (0, False), (3, True)])
def test_without_a_practice_nobody_is_texted(practices: int | None, is_well: bool) -> None:
    found = Health(9.0, (UP,), practices=practices).problems
    assert found == () if is_well else "`textback practice apply FILE`" in found[0]


def test_each_trouble_is_a_sentence_of_its_own() -> None:
    down = LinkHealth("branch", False, "connection refused", None, 0, 0)
    found = Health(9.0, (UP, down), database_failing_since=5.0, provider_trouble="ours: a wrong token").problems
    assert found == (
        "the link to branch is down: connection refused",
        "the database has taken nothing for 4 s",
        "the provider takes no texts: ours: a wrong token",
    )
