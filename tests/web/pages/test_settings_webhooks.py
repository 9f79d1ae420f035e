"""The addresses by which other software starts a text, as managers make and revoke them."""

from __future__ import annotations

import re

import pytest

from textback.model import Flow
from textback.store import webhook_tokens
from textback.store.staff_tables import audit
from textback.store.tables import webhook_tokens as table

from ..browser import NOW
from .house import House, Somebody
from .parsed import Page

WEBHOOKS = "/settings/webhooks"
NEW = {"practice": "Riverside", "flow": "missed", "language": "es", "label": "night desk"}


def trail(house: House) -> list[tuple[str, str, str]]:
    rows = [row for row in house.rows(audit) if row["action"] == "changed_settings"]
    return [(row["who"], row["practice"], row["detail"]) for row in rows]


def test_a_webhook_is_shown_once_and_listed_without_its_token(house: House, dana: Somebody) -> None:
    answer = dana.post(f"{WEBHOOKS}/create", **NEW)
    secrets = re.findall(r'<p class="secret">(.*?)</p>', answer.body)
    assert answer.status == 200 and secrets[0].endswith(f"/webhook/{secrets[1]}") and len(secrets[1]) >= 43
    grant = house.change(webhook_tokens.find, secrets[1])
    assert (grant.practice, grant.flow, grant.language) == ("Riverside", Flow.MISSED, "es")
    page = dana.get(WEBHOOKS).body
    assert secrets[1] not in page and "night desk" in page and "never used" in page
    assert trail(house) == [("dana", "Riverside", f"webhook {grant.id} for missed: made")]


def test_a_revoked_one_is_refused_and_still_listed(house: House, dana: Somebody) -> None:
    made = house.change(webhook_tokens.create, "t" * 43, practice="Riverside", flow=Flow.MISSED, by="root", now=NOW)
    assert dana.post(f"{WEBHOOKS}/revoke", webhook=str(made)).headers["location"] == f"{WEBHOOKS}?said=revoked"
    assert house.change(webhook_tokens.find, "t" * 43) is None
    assert dana.post(f"{WEBHOOKS}/revoke", webhook=str(made)).status == 303
    text = Page(dana.get(WEBHOOKS).body).text
    assert "revoked" in text and "Revoke" not in text.replace("Revoked", "")
    assert trail(house) == [("dana", "Riverside", f"webhook {made} for missed: revoked")]


def test_those_of_other_practices_are_neither_shown_nor_made_nor_revoked(
    house: House, dana: Somebody, gus: Somebody
) -> None:
    given = {"practice": "Grove", "flow": Flow.ABANDONED, "by": "root", "now": NOW, "label": "Grove's own"}
    made = house.change(webhook_tokens.create, "t" * 43, **given)
    assert "Grove" not in dana.get(WEBHOOKS).body
    assert dana.post(f"{WEBHOOKS}/revoke", webhook=str(made)).status == 404
    assert dana.post(f"{WEBHOOKS}/create", **(NEW | {"practice": "Grove"})).status == 422
    assert gus.get(WEBHOOKS).status == gus.post(f"{WEBHOOKS}/create", **NEW).status == 403
    assert gus.post(f"{WEBHOOKS}/revoke", webhook=str(made)).status == 403
    assert house.change(webhook_tokens.find, "t" * 43) is not None and len(house.rows(table)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"flow": "x"},
        {"flow": ""},
        {"practice": "Nowhere"},
        {"practice": ""},
        {"language": "Elvish!"},
        {"label": "x" * 101},
    ],
)
def test_what_is_none_is_refused(house: House, dana: Somebody, changes: dict[str, str]) -> None:
    answer = dana.post(f"{WEBHOOKS}/create", **(NEW | changes))
    assert answer.status == 422 and "Nothing was made" in answer.body and house.rows(table) == []


@pytest.mark.parametrize("webhook", ["", "0", "-1", "x", "9" * 400, "7"])
def test_what_is_no_webhook_is_nowhere(house: House, dana: Somebody, webhook: str) -> None:
    assert dana.post(f"{WEBHOOKS}/revoke", webhook=webhook).status == 404


def test_a_label_is_text(house: House, dana: Somebody) -> None:
    dana.post(f"{WEBHOOKS}/create", **(NEW | {"label": "<script>alert(1)</script>"}))
    assert "<script>alert" not in dana.get(WEBHOOKS).body
