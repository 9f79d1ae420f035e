"""Who is left out by chance: decided once, after the same wait as those who are texted."""

from __future__ import annotations

from sqlalchemy import Engine

from tests.test_tracker import Desk, arrives, at, gives_up, waits, want
from textback.events import LinkSynced

#: calls that a holdout of 50 % leaves out, and does not
OUT, IN = "hold4", "hold0"


def test_who_is_held_out_settles_like_everybody_and_is_in_the_log_with_a_sentence(engine: Engine) -> None:
    want(engine, guards__holdout=50)
    desk = Desk(engine)
    desk.tell(*gives_up(OUT, 1), now=at(35.9))
    assert [row["verdict"] for row in desk.log()] == [None]
    desk.start()  # a restart decides the same
    desk.tell(LinkSynced("", at(35.95), "main"))
    desk.tell(*gives_up(IN, 30, number="+12025550144"), now=at(80))
    told = {row["id"]: (row["verdict"], row["reason"], row["flow"]) for row in desk.log()}
    assert told == {
        f"main/{OUT}": ("skip", "holdout", "abandoned"),
        f"main/{IN}": ("text", "abandoned", "abandoned"),
    }
    assert [to for to, _, _ in desk.texts()] == ["+12025550144"]


def test_who_is_held_out_and_comes_back_while_it_settles_counts_as_who_came_back(engine: Engine) -> None:
    want(engine, guards__holdout=50)
    desk = Desk(engine)
    desk.tell(*gives_up(OUT, 1), arrives("other", 25), waits("other", 26), now=at(60))
    assert desk.log()[0]["reason"] == "came_back"
