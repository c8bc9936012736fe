"""The gate: what stands on a view holds, and what is not allowed is answered by the house."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Response, g
from werkzeug.exceptions import NotFound

from neighbour.core import limits, scope
from neighbour.policy import ANONYMOUS, Identity, Level, Permission, Seat, may, requires
from neighbour.policy.gate import demand, identity, is_fresh, person_number

ANNA = Identity(person_id=7, is_confirmed=True, signup_step="done", seats=(Seat(1, Level.VERIFIED),))


class Thing:
    """Something of a quarter, by somebody."""

    def __init__(self, author_id: int, quarter_id: int = 1):
        self.author_id, self.quarter_id, self.person_id = author_id, quarter_id, author_id


@pytest.fixture
def asking(app, monkeypatch):
    """``with asking("POST", ANNA):`` a request of this person, refusals answered with the permission's name."""
    monkeypatch.setitem(app.extensions, "refuse", lambda permission: f"refused {permission}")

    class Asking:
        def __init__(self, method: str, who: Identity | None, address: str = "192.0.2.7"):
            self.request = app.test_request_context("/", method=method, environ_base={"REMOTE_ADDR": address})
            self.who = who

        def __enter__(self):
            self.request.push()
            scope.enter(scope.NOBODY)
            if self.who is not None:
                g.identity = self.who

        def __exit__(self, *_error):
            scope.leave()
            self.request.pop(None)

    return Asking


def test_the_marks_of_a_view_are_those_that_were_given():
    def view() -> str:
        """What it does."""
        return "done"

    plain = requires(Permission.BOARD_READ)(view)
    assert plain.gate == {
        "permission": Permission.BOARD_READ,
        "rate": "write",
        "cache": "never",
        "csrf": True,
        "fresh": False,
        "body": 0,
        "names": False,
    }
    given = requires(Permission.UNSUBSCRIBE, rate="auth", cache="public", csrf=False, fresh=True, body=9, names=True)(
        view
    )
    assert given.gate == {
        "permission": Permission.UNSUBSCRIBE,
        "rate": "auth",
        "cache": "public",
        "csrf": False,
        "fresh": True,
        "body": 9,
        "names": True,
    }
    assert (plain.__name__, plain.__doc__) == ("view", "What it does.")
    with pytest.raises(ValueError, match="unknown cache class 'shared'"):
        requires(Permission.BOARD_READ, cache="shared")


def test_who_may_gets_the_view_with_its_arguments_and_who_may_not_the_houses_answer(asking):
    view = requires(Permission.BOARD_READ, cache="public")(lambda *given, **named: (given, named))
    with asking("GET", ANNA):
        assert view(1, word="x") == ((1,), {"word": "x"})
        assert g.cache_class == "public"
    with asking("GET", None):
        assert view(1) == "refused board:read"
        assert g.cache_class == "public"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_is_not_counted(asking, monkeypatch, method):
    monkeypatch.setitem(limits.RATES, "write", limits.Rate(1, 3600))
    view = requires(Permission.SIGN_IN)(lambda: "done")
    for _again in range(3):
        with asking(method, ANNA):
            assert view() == "done"


def test_writing_is_counted_per_person_in_the_class_of_the_view(asking, monkeypatch):
    monkeypatch.setitem(limits.RATES, "write", limits.Rate(2, 3600))
    monkeypatch.setitem(limits.RATES, "auth", limits.Rate(1, 3600))
    plain, strict = (
        requires(Permission.SIGN_IN)(lambda: "done"),
        requires(Permission.SIGN_IN, rate="auth")(lambda: "done"),
    )
    with asking("POST", ANNA):
        assert (plain(), plain(), strict()) == ("done", "done", "done")
        for view in (plain, strict):
            with pytest.raises(limits.TooMany):
                view()
    with asking("POST", ANNA, "192.0.2.8"), pytest.raises(limits.TooMany):
        plain()  # another network is no other person
    with asking("POST", Identity(person_id=8)):
        assert plain() == "done"


def test_without_an_account_it_is_the_network_that_is_counted(asking, monkeypatch):
    monkeypatch.setitem(limits.RATES, "write", limits.Rate(1, 3600))
    view = requires(Permission.SIGN_IN)(lambda: "done")
    with asking("POST", None):
        assert view() == "done"
        with pytest.raises(limits.TooMany):
            view()
    with asking("POST", None, "198.51.100.1"):
        assert view() == "done"


GOOD = [
    "done",
    ("done",),
    ("done", {"X-So": "it is"}),
    ("done", 302),
    ("done", 399),
    Response("done"),
    Response(status=303),
]
BAD = [("no", 400), ("no", 422, {"X-So": "it is"}), ("no", 500), Response(status=400), Response(status=422)]


@pytest.mark.parametrize(("answers", "is_counted"), [(GOOD, False), (BAD, True)])
def test_where_only_failures_count_an_answer_that_went_well_is_taken_back(asking, monkeypatch, answers, is_counted):
    """And only there, only for whom the class counts by, and only what was counted."""
    monkeypatch.setitem(limits.counted_by, "signin", lambda: "device 7")
    times = limits.RATES["signin"].times
    with asking("POST", ANNA):
        limits.hit("signin", str(ANNA.person_id))
    for number, answer in enumerate(answers, 1):
        view = requires(Permission.SIGN_IN, rate="signin")(lambda given=answer: given)
        with asking("GET", ANNA):
            assert view() is answer
        with asking("POST", ANNA):
            assert view() is answer
            assert times - limits.left("signin", "device 7") == (number if is_counted else 0), answer
            assert times - limits.left("signin", str(ANNA.person_id)) == 1, "somebody else's count stays"
    with asking("POST", None):
        assert requires(Permission.SIGN_IN, rate="auth")(lambda: "done")() == "done"
        assert limits.RATES["auth"].times - limits.left("auth", "192.0.2.7") == 1, "in other classes all is counted"


def test_what_is_refused_is_not_counted(asking, monkeypatch):
    monkeypatch.setitem(limits.RATES, "write", limits.Rate(1, 3600))
    with asking("POST", None):
        assert [requires(Permission.BOARD_READ)(lambda: "done")() for _again in range(3)] == ["refused board:read"] * 3


def test_nobody_is_asking_until_somebody_is_recognised(asking):
    with asking("GET", None):
        assert identity() is ANONYMOUS
        with pytest.raises(LookupError, match="nobody is signed in; the view's permission has to ask for that"):
            person_number()
    with asking("GET", ANNA):
        assert identity() is ANNA
        assert person_number() == 7


def test_may_and_demand_ask_the_table_about_the_thing(asking):
    mine, theirs = Thing(7), Thing(8)
    with asking("GET", ANNA):
        assert may(Permission.CONTRIBUTION_EDIT, mine)
        assert not may(Permission.CONTRIBUTION_EDIT, theirs)
        assert not may(Permission.CONTRIBUTION_EDIT)
        demand(Permission.CONTRIBUTION_EDIT, mine)
        with pytest.raises(NotFound):
            demand(Permission.CONTRIBUTION_EDIT, theirs)
    with asking("GET", None):
        assert not may(Permission.BOARD_READ)
        with pytest.raises(NotFound):
            demand(Permission.BOARD_READ)


@pytest.mark.parametrize(
    ("shown_before", "fresh", "answer"),
    [
        (0, True, "done"),
        (600, True, "done"),
        (601, True, "asked"),
        (None, True, "asked"),
        (None, False, "done"),
        (None, lambda who: who.person_id == 7, "asked"),
        (None, lambda who: who.person_id == 8, "done"),
        (0, lambda who: True, "done"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_important_pages_are_for_who_has_shown_lately_who_they_are(
    asking, app, monkeypatch, frozen_clock, method, shown_before, fresh, answer
):
    monkeypatch.setitem(app.extensions, "ask_again", lambda: "asked")
    view = requires(Permission.BOARD_READ, fresh=fresh)(lambda: "done")
    shown = None if shown_before is None else frozen_clock.now() - timedelta(seconds=shown_before)
    with asking(method, replace(ANNA, fresh_at=shown)):
        assert view() == answer
        assert is_fresh() is (shown_before in (0, 600))


def test_who_may_not_at_all_is_not_asked_who_they_are(asking, app, monkeypatch):
    monkeypatch.setitem(app.extensions, "ask_again", lambda: "asked")
    with asking("GET", replace(ANNA, is_confirmed=False)):
        assert requires(Permission.BOARD_READ, fresh=True)(lambda: "done")() == f"refused {Permission.BOARD_READ}"
