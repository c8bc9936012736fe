"""Find my quarter: for everybody, without an account or JavaScript. Nothing that is typed is kept or logged."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, current_app, render_template, request, url_for

from neighbour.core.db import db
from neighbour.core.text import clean_line
from neighbour.policy import Permission, requires
from neighbour.quarters.models import Quarter
from neighbour.residency.gazetteer import outside, service
from neighbour.residency.gazetteer.lookup import Match, Reason

views = Blueprint("gazetteer", __name__, template_folder="templates")

LONGEST = 120


@dataclass(frozen=True)
class Answer:
    """What the page shows: one house and its quarter, or a street and its quarters, or what it may have been."""

    match: Match
    quarter: Quarter | None = None
    likely: Quarter | None = None
    streets: tuple[service.StreetQuarters, ...] = ()
    offers: tuple[str, ...] = ()


@views.route("/find-my-quarter", methods=["GET", "POST"])
@requires(Permission.PUBLIC_READ, rate="lookup", cache="never", csrf=False)
def find_my_quarter() -> str:
    """The quarter of a street or a house."""
    typed = _typed()
    answer = _look_up(typed) if typed else None
    return render_template("gazetteer/find_my_quarter.html", typed=typed, answer=answer)


@views.post("/find-my-quarter/streets")
@requires(Permission.PUBLIC_READ, rate="read", cache="never", csrf=False)
def streets() -> str:
    """Spellings for what was typed so far, as options of a list."""
    offers = service.suggest(_typed())
    places: dict[str, list[str]] = {}
    for one in offers:
        places.setdefault(one.name, []).append(one.place)
    options = [(name, ", ".join(dict.fromkeys(where))) for name, where in places.items()]
    return render_template("gazetteer/_streets.html", options=options)


def _typed() -> str:
    """Where somebody lives is sent in the body, never in an address: those stand in histories and in logs of proxies."""
    return clean_line(request.form.get("q", ""))[:LONGEST]


def _look_up(typed: str) -> Answer:
    match = service.resolve(typed)
    if match.entry is not None:
        found = match.entry.quarter_id
        return Answer(match, quarter=db.session.get(Quarter, found) if found is not None else None)
    if match.reason is Reason.SEVERAL:
        return Answer(match, offers=tuple(one.line for one in match.suggestions))
    streets = tuple(service.quarters_of_street(match.street or typed, _postcode(match)))
    if streets:
        return Answer(match, streets=streets)
    lines = [one.line for one in match.suggestions] or [one.name for one in match.streets]
    lines = lines or [one.name for one in service.suggest(typed)]  # the beginning of a name is enough
    likely = outside.likely_quarter(current_app.extensions["config"], typed)
    return Answer(match, likely=likely, offers=tuple(dict.fromkeys(lines)))


def _postcode(match: Match) -> str:
    codes = {entry.postcode for entry in match.suggestions}
    return codes.pop() if len(codes) == 1 else ""


@views.app_template_global()
def quarter_url(slug: str) -> str:
    """The page of a quarter."""
    return url_for("quarters.show", slug=slug)
