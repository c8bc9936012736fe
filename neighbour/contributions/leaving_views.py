"""The page of what one wrote and does not see any more where one lives: to read, and to take down."""

from __future__ import annotations

from flask import render_template

from neighbour.contributions import leaving
from neighbour.contributions.keeping_views import views
from neighbour.core.text import excerpt
from neighbour.policy import Permission, requires
from neighbour.policy.gate import person_number


@views.get("/me/left")
@requires(Permission.ACCOUNT_OWN)
def left() -> str:
    """Everything of mine that hangs where I used to live or do not see it, and what comes along with me."""
    found = leaving.left_by(person_number())
    words = {answer.id: excerpt(answer.body_html) for answer in (*found.answers, *found.out_of_sight)}
    return render_template("contributions/left.html", found=found, words=words)
