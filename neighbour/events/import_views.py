"""A list of events comes in: sent, looked at row by row, and then imported as a whole."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, render_template, request

from neighbour.contributions.forms import audience_label
from neighbour.contributions.models import Audience
from neighbour.core import limits
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.i18n import ngettext
from neighbour.core.web import back
from neighbour.events import importing, sheets, sources
from neighbour.events.import_forms import EXAMPLES, LABELS, ListForm, facts, in_words, label_of
from neighbour.events.importing import Becomes, Refused, Report
from neighbour.events.sheets import Sheet, Unreadable
from neighbour.events.sources import Choice
from neighbour.events.views import views
from neighbour.policy import Permission, may, requires
from neighbour.policy.gate import person_number

BODY = 3 << 20
LOOKING = limits.Rate(120, 3600)  # a list of a thousand rows is worked through for about a second each time
ON_THE_DESK = {
    "order": 60,
    "endpoint": "events.import_list",
    "label": __("Import events"),
    "hint": __("A list of an initiative or of the city, as CSV or JSON"),
    "permission": Permission.OPERATE,
    "count": lambda: 0,
}


@views.get("/events/import")
@requires(Permission.EVENT_IMPORT)
def import_list() -> str:
    """Where a list is sent, and what may stand in it."""
    form, _found = _form()
    return _page(form)


@views.post("/events/import")
@requires(Permission.EVENT_IMPORT, rate="event_list", body=BODY)
def look_at_list() -> Any:
    """Say of every row what it would become; with ``act=import`` do it, which counts as publishing besides. ``looked_at``: the
    mark of what was seen last; ``leave_out=1``: without the rows that are not right."""
    form, found = _form()
    is_sent = bool(request.files.get("file"))
    try:
        if is_sent:
            form.content.data = sheets.decoded(request.files["file"].read())
        sheet = sheets.read(form.content.data or "")
    except Unreadable as error:
        form.content.data = ""
        form.add_error("file", str(error) if is_sent else _("Choose a file first."))
        return _page(form), 422
    if not sheet.is_readable:
        return _page(form, report=importing.unreadable(sheet)), 422
    form.offer(sheet)
    if is_sent:
        form.guess(sheet)
    is_right = form.validate() if not is_sent else form.validate_on_submit() or _only_columns_are_empty(form)
    mapping = form.mapping(sheet.columns)
    if form.lacks(mapping) or not is_right:
        return _page(form, sheet), 200 if is_sent else 422
    choice = found[form.whose.data]
    source = choice.source
    if request.form.get("act") != "import":
        return _page(form, sheet, importing.judge(sheet, mapping, form.said(), source), choice)
    limits.hit("publish", str(person_number()))
    leaves_out, looked_at = request.form.get("leave_out") == "1", request.form.get("looked_at", "")
    try:
        done = importing.run(sheet, mapping, form.said(), source, leaves_out=leaves_out, looked_at=looked_at)
    except Refused as error:
        form.add_error("file", str(error))
        return _page(form, sheet, importing.judge(sheet, mapping, form.said(), source), choice), 422
    flash(_done(done), "good")
    return back("events.index")


def _only_columns_are_empty(form: ListForm) -> bool:
    """Whether nothing is wrong but the fields of columns, which are filled in by guessing when a file is new."""
    for field in form.columns():
        field.errors = []
    return not form.errors_in_order()


def _form() -> tuple[ListForm, dict[str, Choice]]:
    """The form with the lists this person may send; 404 where there are none."""
    found = sources.of_person(person_number(), is_operator=may(Permission.OPERATE))
    if not found:
        abort(404)
    form = ListForm()
    form.whose.choices = [(each.key, each.label) for each in found]
    for field in form.columns():
        field.choices = []
    return form, {each.key: each for each in found}


def _page(
    form: ListForm, sheet: Sheet | None = None, report: Report | None = None, choice: Choice | None = None
) -> str:
    return render_template(
        "events/import.html",
        form=form,
        sheet=sheet,
        report=report,
        becomes=Becomes,
        hangs=_hangs(choice, Audience(form.audience.data)) if choice else "",
        facts=facts,
        in_words=in_words,
        label_of=label_of,
        labels={str(target): label for target, label in LABELS.items()},
        help=[(str(target), label, EXAMPLES.get(target, "")) for target, label in LABELS.items()],
        most_rows=sheets.MOST_ROWS,
    )


def _hangs(choice: Choice, audience: Audience) -> str:
    """Where what is new would hang, who reads it, and who invites."""
    where, who = choice.quarter, audience_label(audience, choice.quarter)
    said = [_("They would hang in the quarter %(quarter)s, %(who)s.", quarter=where, who=who)]
    if audience is Audience.QUARTER:
        said = [_("They would hang in the quarter %(quarter)s, for those who live there.", quarter=where)]
    return " ".join(said + ([_("Who invites: %(host)s.", host=choice.host)] if choice.host else []))


def _done(report: Report) -> str:
    if not report.to_do:
        return _("There is nothing to do: all of it is there already.")
    new, changed = len(report.of(Becomes.NEW)), len(report.of(Becomes.CHANGED))
    parts = [
        ngettext("%(num)s event pinned up", "%(num)s events pinned up", new),
        ngettext("%(num)s changed", "%(num)s changed", changed),
    ]
    return ", ".join(parts) + "."
