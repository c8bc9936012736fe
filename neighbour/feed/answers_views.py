"""The page of answers to oneself."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for

from neighbour.contributions.readers import reader_of
from neighbour.core import i18n
from neighbour.core.db import atomic
from neighbour.core.tokens import to_uid
from neighbour.core.web import back, is_htmx
from neighbour.feed import answers as answering
from neighbour.feed.views import as_uid, filter_labels, views
from neighbour.policy import Permission, requires
from neighbour.policy.gate import identity, person_number


@views.get("/board/answers")
@requires(Permission.BOARD_READ, names=True)
def answers() -> str:
    """What others answered me, newest first; ``?before=`` goes on; htmx gets the next ones."""
    who, before = identity(), request.args.get("before")
    page = answering.page(person_number(), who.display_name, reader_of(who), before=as_uid(before) if before else None)
    older = url_for("feed.answers", before=to_uid(page.older)) if page.older else ""
    template = "feed/_answers.html" if is_htmx() and before else "feed/answers.html"
    return render_template(
        template, page=page, older=older, is_first=not before, filters=filter_labels(i18n.language())
    )


@views.post("/board/answers/read")
@requires(Permission.BOARD_READ)
def answers_read() -> Any:
    """Everything up to ``newest`` has been read."""
    newest = as_uid(request.form.get("newest", ""))
    with atomic():
        answering.mark_read(person_number(), newest)
    return ("", 204) if is_htmx() else back("feed.answers")
