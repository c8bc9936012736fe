"""The verification desk: cases, houses with many accounts, missing addresses, and who looked at what."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from flask import Response, abort, flash, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from neighbour.core import advice, clock, tokens
from neighbour.core.db import atomic, db
from neighbour.core.desk import Waiting
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import ngettext
from neighbour.core.web import back
from neighbour.policy import Permission, may, requires
from neighbour.policy.gate import demand, person_number
from neighbour.quarters.models import Quarter
from neighbour.residency import homes
from neighbour.residency.cases import concluding, crowds, deciding, desk, queues, words
from neighbour.residency.cases.crowds import CrowdedHouse
from neighbour.residency.cases.deciding import Opened
from neighbour.residency.cases.forms import DecisionForm, HouseForm
from neighbour.residency.cases.models import CaseKind, ProofCase
from neighbour.residency.cases.queues import Eyes, OnDesk
from neighbour.residency.cases.views import picture
from neighbour.residency.models import MissingAddress
from neighbour.residency.views import views

MISSING, A_DAY = tokens.kind("desk:missing", "names one address that the register lacks, at the desk"), 86_400


def _eyes() -> Eyes:
    return queues.eyes_of(person_number(), is_operator=may(Permission.OPERATE))


def waiting() -> Waiting:
    """For the desk's front page: cases and houses that wait for whoever looks."""
    cases, houses = queues.waiting(_eyes()), crowds.houses()
    dates = [cases.since, *(house.since for house in houses)]
    return Waiting(cases.count + len(houses), min((day for day in dates if day), default=None))


def missing_waiting() -> Waiting:
    """For the desk's front page: missing addresses."""
    return desk.missing_waiting(person_number())


@views.get("/desk/proofs")
@requires(Permission.PROOF_DECIDE)
def proof_cases() -> str:
    """What waits for a look, oldest first."""
    cases = queues.queue(_eyes())
    return render_template(
        "residency/desk_cases.html",
        mine=cases.mine,
        others=cases.others,
        again=cases.again,
        now=clock.now(),
        is_alone=may(Permission.OPERATE) and queues.operators_apart() < advice.OPERATORS,
        houses=crowds.houses(with_lines=True),
        quarters=_quarter_names(),
        words=words,
        part_of=queues.part_of,
        days=concluding.ANSWERED_AFTER.days,
        promised_since=clock.now() - timedelta(days=deciding.TARGET_DAYS),
    )


def _quarter_names() -> dict[int, str]:
    return {row.id: row.name for row in db.session.execute(select(Quarter.id, Quarter.name))}


def _case(case_id: uuid.UUID) -> OnDesk:
    try:
        found = queues.on_desk(_eyes(), case_id)
    except queues.NotYours:
        abort(404)
    demand(Permission.PROOF_DECIDE, found.case)
    return found


@views.get("/desk/proofs/<uid:case_id>")
@requires(Permission.PROOF_DECIDE)
def proof_case(case_id: uuid.UUID) -> str:
    """A case before it is opened: what it is, and that opening it is written down."""
    return _case_page(_case(case_id), None, None)


@views.post("/desk/proofs/<uid:case_id>")
@requires(Permission.PROOF_DECIDE)
def open_case(case_id: uuid.UUID) -> Any:
    """Take a half of it and look."""
    found = _case(case_id)
    return _opened_page(found, _form(found.case))


@views.post("/desk/proofs/<uid:case_id>/decide")
@requires(Permission.PROOF_DECIDE)
def decide_case(case_id: uuid.UUID) -> Any:
    """Say what one thinks of it."""
    found, eyes = _case(case_id), _eyes()
    form = _form(found.case)
    if not form.validate_on_submit():
        if deciding.in_hand(eyes, case_id) is None:
            return _too_late(case_id)
        return _opened_page(found, form, 422)
    try:
        deciding.decide(eyes, case_id, form.verdict.data, form.note.data or "")
    except queues.NotYours:
        return _too_late(case_id)
    if found.is_alone and not found.is_second:
        flash(_("Noted. Please look at it once more in a day: it counts when you say the same again."), "good")
    else:
        flash(_("Noted. Thank you for looking."), "good")
    return back("residency.proof_cases")


def _opened_page(found: OnDesk, form: DecisionForm, status: int = 200) -> Any:
    """The case in hand; on to the others where two have it in hand already, or it is decided by now."""
    try:
        opened = deciding.take(_eyes(), found.case.id)
    except queues.NotYours:
        abort(404)
    except deciding.Busy:
        flash(_("Two others are looking at this one. Please take another."), "info")
        return back("residency.proof_cases")
    return _case_page(found, opened, form), status


def _too_late(case_id: uuid.UUID) -> BaseResponse:
    minutes = int(deciding.IN_HAND.total_seconds() // 60)
    flash(_("Your %(minutes)s minutes were over. Please open it again.", minutes=minutes), "stop")
    return back("residency.proof_case", case_id=case_id)


def _form(case: ProofCase) -> DecisionForm:
    return DecisionForm(_yes(case), kind=CaseKind(case.kind))


def _yes(case: ProofCase) -> str:
    if queues.part_of(case) == "appeal":
        return _("The appeal is right")
    if case.kind == CaseKind.DOCUMENT:
        return _("Name, address and date fit")
    if case.kind == CaseKind.QUIET:
        return _("Nothing is wrong with it")
    if case.kind == CaseKind.WORDS:
        return _("The two words are enough")
    return _("The proof may count")


def _case_page(found: OnDesk, opened: Opened | None, form: DecisionForm | None) -> str:
    case = found.case
    return render_template(
        "residency/desk_case.html",
        case=case,
        opened=opened,
        form=form,
        is_alone=found.is_alone,
        is_second=found.is_second,
        is_quiet=case.kind == CaseKind.QUIET,
        is_words=case.kind == CaseKind.WORDS,
        method=words.METHODS.get(case.method, ""),
        others=[str(words.METHODS.get(each, each)) for each in opened.others] if opened else [],
        part=queues.part_of(case),
        quarter=_quarter_names().get(case.quarter_id, ""),
        words=words,
        minutes=int(deciding.IN_HAND.total_seconds() // 60),
    )


@views.get("/desk/proofs/<uid:case_id>/pages/<number>")
@requires(Permission.PROOF_DECIDE)
def case_page(case_id: uuid.UUID, number: str) -> Response:
    """One page of a document, for whoever has the case in hand."""
    _case(case_id)
    if deciding.in_hand(_eyes(), case_id) is None:
        abort(404)
    return picture(case_id, number)


def _house(key: str) -> CrowdedHouse:
    found = next((house for house in crowds.houses(with_lines=True) if house.key == key), None)
    if found is None:
        abort(404)
    demand(Permission.PROOF_DECIDE, _At(found.quarter_id))
    return found


class _At:
    """A place in a quarter, for the rules."""

    def __init__(self, quarter_id: int):
        self.quarter_id = quarter_id


@views.get("/desk/houses/<key>")
@requires(Permission.PROOF_DECIDE)
def crowded_house(key: str) -> str:
    """A house with many accounts: how many may live there before somebody asks."""
    return _house_page(_house(key), HouseForm())


@views.post("/desk/houses/<key>")
@requires(Permission.PROOF_DECIDE)
def decide_house(key: str) -> Any:
    """Answer it."""
    house, form = _house(key), HouseForm()
    if not form.validate_on_submit():
        return _house_page(house, form), 422
    up_to = form.up_to.data if form.kind.data == "large" else None
    let_in = crowds.decide_house(house, person_number(), up_to=up_to)
    if up_to is None:
        flash(_("Each of them is looked at now."), "good")
    else:
        flash(ngettext("%(num)s person is let in.", "%(num)s people are let in.", let_in), "good")
    return back("residency.proof_cases")


def _house_page(house: CrowdedHouse, form: HouseForm) -> str:
    quarter = _quarter_names().get(house.quarter_id, "")
    return render_template("residency/desk_house.html", house=house, form=form, quarter=quarter)


@views.get("/desk/missing")
@requires(Permission.OPERATE)
def missing_addresses() -> str:
    """Addresses that people could not find, sealed until one is opened."""
    return _missing_page(None, None)


@views.post("/desk/missing")
@requires(Permission.OPERATE)
def open_missing() -> Any:
    """Read one of them; written down."""
    row = _missing_row()
    with atomic():
        found = homes.open_for_verifier(row.person_id, "missing address", person_number())
    return _missing_page(row, found if isinstance(found, homes.Missing) else None)


@views.post("/desk/missing/answer")
@requires(Permission.OPERATE)
def answer_missing() -> BaseResponse:
    """Tell its person that it can be chosen now, or that it could not be found."""
    desk.answer_missing(_missing_row(), is_added=request.form.get("is_added") == "1", by=person_number())
    flash(_("Its person is told by mail."), "good")
    return back("residency.missing_addresses")


def _missing_row() -> MissingAddress:
    number = tokens.read(MISSING, request.form.get("which", ""), A_DAY)
    row = next((each for each in desk.missing(person_number()) if each.id == number), None)
    if row is None:
        abort(404)
    return row


def _missing_page(row: MissingAddress | None, found: homes.Missing | None) -> str:
    rows = desk.missing(person_number())
    return render_template(
        "residency/desk_missing.html",
        rows=[(tokens.sign(MISSING, each.id), each) for each in rows],
        opened=row,
        found=found,
    )


@views.get("/desk/looks")
@requires(Permission.OPERATE)
def address_looks() -> str:
    """Who opened addresses, what for and when; not whose."""
    return render_template("residency/desk_looks.html", looks=desk.looks(), busiest=desk.busiest(), days=desk.LOG_DAYS)
