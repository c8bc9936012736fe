"""Pages of an event beside those of every contribution: what the dates will be, changing one, calling off."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import RadioField, StringField
from wtforms.fields import SelectChoice

from neighbour.contributions.models import State
from neighbour.core.db import atomic
from neighbour.core.forms import Form, at_most, one_line
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.web import back, is_htmx, toast
from neighbour.events import answers, changing, dates, going_on, halves, page, service, words
from neighbour.events.changing import NoSuchDate
from neighbour.events.forms import EventForm, WhenForm, when_fields
from neighbour.events.models import Answer, Event, Occurrence
from neighbour.events.recurrence import Dated
from neighbour.events.service import BadPlan
from neighbour.policy import Permission, requires
from neighbour.policy.gate import demand, identity, person_number
from neighbour.residency.gazetteer.service import suggest

views = Blueprint("events", __name__, template_folder="templates")
ONE, FOLLOWING = "one", "following"
_REFUSED = {
    answers.FULL: __("There are not so many places free."),
    answers.TOO_MANY: __("There are not so many places at all."),
    answers.OVER: __("This date is over or called off."),
}


class CallOffForm(Form):
    """What somebody who calls an event off has to say."""

    why = StringField(__("Why?"), filters=[one_line], validators=[at_most(changing.WHY_LENGTH)])


class DateForm(WhenForm):
    """One date of an event, and how far its change goes."""

    reaches = RadioField(
        __("What does it count for?"),
        default=ONE,
        choices=[SelectChoice(ONE, __("only this date")), SelectChoice(FOLLOWING, __("this one and all that follow"))],
    )


@views.get("/write/dates")
@requires(Permission.CONTRIBUTION_PUBLISH)
def preview() -> str:
    """The next dates of what stands in the composer, for the composer while typing."""
    return render_template("events/_dates.html", form=EventForm(request.args, meta={"csrf": False}))


@views.post("/write/places")
@requires(Permission.CONTRIBUTION_PUBLISH, rate="read")
def places() -> str:
    """Streets that begin with what stands in the composer as the place, for the composer while typing."""
    offers = suggest((request.form.get("place") or "")[:120])
    options = [(each.name, each.where) for each in offers]
    return render_template("events/_places.html", options=options)


@views.get("/c/<uid:contribution_id>/date")
@requires(Permission.ACCOUNT_OWN)
def one_date(contribution_id: uuid.UUID) -> Any:
    """The form for one date, ``?day=`` as the rule gives it."""
    event, dated = _date(contribution_id)
    demand(Permission.CONTRIBUTION_EDIT, event)
    place = dates.exceptions_of(event.id).get(dated.slot)
    form = DateForm(
        data={
            **when_fields(dated.begins, dated.ends, is_all_day=event.is_all_day),
            "place": event.place if place is None or place.place is None else place.place,
        }
    )
    return _date_page(event, dated, form)


@views.post("/c/<uid:contribution_id>/date")
@requires(Permission.ACCOUNT_OWN, rate="publish")
def change_date(contribution_id: uuid.UUID) -> Any:
    """Change it, or it and all that follow."""
    event, dated = _whole_or_date(contribution_id)
    demand(Permission.CONTRIBUTION_EDIT, event)
    if dated is None:
        return _is_gone(contribution_id)
    form = DateForm()
    form.is_all_day.data = event.is_all_day
    times = form.times() if form.validate_on_submit() else None
    if times is None:
        return _date_page(event, dated, form), 422
    change = changing.change_following if form.reaches.data == FOLLOWING else changing.change_one
    try:
        with atomic():
            kept = change(event, dated.slot, *times, form.place.data or "") or event
    except BadPlan as error:
        form.add_error(error.field if error.field in form else "day", str(error))
        return _date_page(event, dated, form), 422
    flash(_("Changed."), "info")
    return back("contributions.show", contribution_id=kept.id)


@views.get("/c/<uid:contribution_id>/call-off")
@requires(Permission.ACCOUNT_OWN)
def asks_to_call_off(contribution_id: uuid.UUID) -> str:
    """Asks once more, because it reaches others at once: the whole event, or the date of ``?day=``."""
    event, dated = _date(contribution_id) if "day" in request.args else (_event(contribution_id), None)
    return _call_off_page(event, dated, CallOffForm())


@views.post("/c/<uid:contribution_id>/call-off")
@requires(Permission.ACCOUNT_OWN)
def call_off(contribution_id: uuid.UUID) -> Any:
    """Call it off, with a line about why; with ``open=1`` it takes place after all."""
    event, dated = _whole_or_date(contribution_id)
    is_on = request.form.get("open") == "1"
    if dated is None and "day" in request.args:
        return _is_gone(contribution_id)
    slot, form = dated.slot if dated else None, CallOffForm()
    if is_on:
        demand(Permission.CONTRIBUTION_EDIT, event)
    elif not form.validate_on_submit():
        return _call_off_page(event, dated, form), 422
    with atomic():
        if is_on:
            changing.call_on(event, slot)
        else:
            changing.call_off(event, slot, form.why.data or "")
    flash(_("It takes place after all.") if is_on else _("Called off."), "info")
    return back("contributions.show", contribution_id=contribution_id)


@views.post("/events/<uid:date_id>/answer")
@requires(Permission.EVENT_JOIN)
def answer(date_id: uuid.UUID) -> Any:
    """Come, or not: ``come`` is 1 or 0, ``companions`` how many more; htmx gets the box anew. A no that others gain by at once
    counts with ``sure=1`` only; any other one can be taken back, by a yes with as many."""
    date_ = answers.occurrence(date_id)
    event = service.of_person(date_.event_id) if date_ is not None else None
    if date_ is None or event is None or not page.may_come(event, identity()):
        abort(404)
    is_coming, number = request.values.get("come") == "1", request.values.get("companions", type=int) or 0
    before = answers.mine([date_id], person_number()).get(date_id)
    is_final = before is not None and answers.goes_to_others(before.state, date_.waiting)
    if is_final and not is_coming and request.form.get("sure") != "1":
        return _answered(event, date_, _("Somebody waits in line. Please say once more that you cannot come."))
    undo = ""
    if before is not None and before.state in (Answer.COMING, Answer.WAITING) and not is_coming and not is_final:
        undo = url_for("events.answer", date_id=date_id, come=1, companions=before.companions)
    with atomic():
        said = answers.answer(date_id, is_coming=is_coming, companions=number)
    if said is None:
        abort(404)
    return _answered(event, date_, str(_REFUSED.get(said, "")), undo)


def _answered(event: Event, date_: Occurrence, problem: str, undo: str = "") -> Any:
    """How things stand after an answer: the box alone for htmx, else its page. problem: what was wrong with it; undo: where it is
    taken back."""
    if is_htmx():
        found = answers.occurrence(date_.id)
        assert found is not None  # it was there a moment ago, and dates with guests stay
        box, is_own = page.coming_to(event, found, identity()), event.author_id == person_number()
        return render_template(
            "events/_coming.html", coming=box, problem=problem, is_own=is_own, may_come=True, undo=undo
        )
    if problem:
        flash(problem, "stop")
    if undo:
        toast(_("You are not coming."), undo, "info")
    return redirect(url_for("contributions.show", contribution_id=event.id, date=date_.slot_on) + "#coming", 303)


def _event(contribution_id: uuid.UUID) -> Event:
    """The event, for its author; 404 for everybody else."""
    event = service.of_person(contribution_id)
    if event is None or event.state != State.PUBLISHED:
        abort(404)
    demand(Permission.CONTRIBUTION_WITHDRAW, event)
    return event


def _date(contribution_id: uuid.UUID) -> tuple[Event, Dated]:
    event, dated = _whole_or_date(contribution_id)
    if dated is None:
        abort(404)
    return event, dated


def _whole_or_date(contribution_id: uuid.UUID) -> tuple[Event, Dated | None]:
    """The event and the date of ``?day=``; None where none is named, or none is to come on that day."""
    event, day = _event(contribution_id), request.args.get("day")
    try:
        return event, None if day is None else changing.date_of(event, date.fromisoformat(day))
    except ValueError:
        abort(404)
    except NoSuchDate:
        return event, None


def _is_gone(contribution_id: uuid.UUID) -> Response:
    flash(_("This date is over, or was changed in the meantime."), "stop")
    return back("contributions.show", contribution_id=contribution_id)


def _when(event: Event, dated: Dated | None) -> str:
    return "" if dated is None else words.span(dated.begins, dated.ends, is_all_day=event.is_all_day)


def _call_off_page(event: Event, dated: Dated | None, form: CallOffForm) -> str:
    """``others``: what else is on of a series that was cut in two, whichever half of it is called off."""
    others = [] if dated else halves.others_on(event)
    later = halves.goes_on_as(event)
    goes_on = going_on.goes_on(event) if later is not None and later.id in {each.id for each in others} else None
    return render_template(
        "events/call_off.html",
        event=event, dated=dated, when=_when(event, dated), form=form, is_whole=not others, goes_on=goes_on,
    )  # fmt: skip


def _date_page(event: Event, dated: Dated, form: DateForm) -> str:
    is_series = bool(event.rule or event.more_on)
    return render_template(
        "events/date.html", event=event, dated=dated, form=form, when=_when(event, dated), is_series=is_series
    )
