"""The operator's print queue at the desk: what waits and why, batches, the two files of each."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, current_app, flash, render_template, request

from neighbour.core.i18n import gettext as _
from neighbour.core.text import clean_line
from neighbour.core.web import back, is_htmx
from neighbour.policy import Permission, requires
from neighbour.policy.gate import person_number
from neighbour.residency import print_runs, printing, turns
from neighbour.residency.forms import PrintForm
from neighbour.residency.views import views

TYPES = {"pdf": "application/pdf", "csv": "text/csv"}


@views.get("/desk/letters")
@requires(Permission.OPERATE)
def letters_desk() -> str:
    """Cards that wait, the button that prints what is due, and past batches."""
    return _page(PrintForm())


@views.post("/desk/letters")
@requires(Permission.OPERATE)
def letters_print() -> Any:
    """Ask a worker for a batch: what is due, or an earlier one once more."""
    form = PrintForm()
    if not form.validate_on_submit():
        return _page(form), 422
    again = clean_line(request.form.get("again"))[:40] or None
    if print_runs.ask(person_number(), form.paper.data, wants_table=bool(form.wants_table.data), again=again):
        flash(_("The batch is being made. It appears here in a moment."), "good")
    else:
        flash(_("Another batch is being made just now. Ask for this one again when that is there."), "warn")
    return back("residency.letters_desk")


@views.post("/desk/letters/<run>/<kind>")
@requires(Permission.OPERATE)
def letters_fetch(run: str, kind: str) -> Response:
    """A file of a batch, once: then it is gone from here."""
    found = _fetched(run, kind) if kind in TYPES else None
    if found is None:
        abort(404)
    batch, content = found
    cards = _("cards")
    answer = Response(content, mimetype=TYPES[kind])
    answer.headers["Content-Disposition"] = f'attachment; filename="{cards}-{batch}.{kind}"'
    return answer


def _fetched(run: str, kind: str) -> tuple[str, bytes] | None:
    return print_runs.fetch(run, kind, current_app.extensions["config"], by=person_number())


def _page(form: PrintForm) -> str:
    config = current_app.extensions["config"]
    runs = print_runs.shown(config)
    if is_htmx():
        return render_template("residency/_print_runs.html", runs=runs)
    with printing.as_printer():
        queue, batches = printing.queue(config), printing.batches()
        crowded, overtaken = printing.crowded(), turns.overtaken()
    return render_template(
        "residency/letters.html",
        form=form,
        runs=runs,
        queue=queue,
        batches=batches,
        crowded=crowded,
        overtaken=overtaken,
        per_day=config.letters_per_day,
        is_making=any(run.is_under_way for run in runs),
    )
