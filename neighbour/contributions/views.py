"""Pages of one contribution: the composer, the thread, its history, and the small steps around it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from neighbour.contributions import cards, kinds, reach, service
from neighbour.contributions.forms import CommentForm, ContributionForm, as_uuid, audience_label
from neighbour.contributions.models import Audience, Contribution, State
from neighbour.contributions.notices import tell_of
from neighbour.contributions.readers import reader_of
from neighbour.contributions.thread import Entry, Thread, build_thread
from neighbour.core.db import atomic, db
from neighbour.core.i18n import gettext as _
from neighbour.core.tokens import from_uid, to_uid
from neighbour.core.web import back, is_htmx, toast
from neighbour.policy import Identity, Permission, may, requires
from neighbour.policy.gate import demand, identity, person_number
from neighbour.quarters.models import Quarter

views = Blueprint("contributions", __name__, template_folder="templates")


@views.get("/write")
@requires(Permission.CONTRIBUTION_PUBLISH)
def compose() -> str:
    """The empty composer, on the tab of ``?kind=``."""
    kind = _kind(request.args.get("kind", "post"))
    form = kind.form()
    wanted = request.args.get("category")
    if wanted in {each.key for each in kind.categories}:
        form.category.data = wanted
    return _composer(kind, form)


@views.post("/write")
@requires(Permission.CONTRIBUTION_PUBLISH, rate="publish")
def publish() -> Any:
    """Pin up, or show the composer again with what was typed and what is wrong."""
    kind = _kind(request.form.get("kind", "post"))
    form = kind.form()
    if request.form.get("preview"):
        return _composer(kind, form)
    if not form.validate_on_submit() or not _city_allowed(form):
        return _composer(kind, form), 422
    try:
        with atomic():
            contribution = kind.publish(identity(), form)
    except service.NotPossible as error:
        form.add_error(_field_of(error, form), str(error))
        return _composer(kind, form), 422
    toast(_("Pinned up."), url_for("contributions.withdraw", contribution_id=contribution.id), "good")
    return back("feed.board")


@views.get("/write/reach")
@requires(Permission.CONTRIBUTION_PUBLISH)
def reach_line() -> str:
    """The honest line about a choice of reach, for the composer while choosing."""
    return _reach_line(request.args.get("audience", ""))


@views.get("/c/<uid:contribution_id>")
@requires(Permission.CONTRIBUTION_READ, names=True)
def show(contribution_id: uuid.UUID) -> str:
    """One contribution with its thread."""
    return _thread_page(_visible(contribution_id), CommentForm())


@views.get("/c/<uid:contribution_id>/edit")
@requires(Permission.ACCOUNT_OWN)
def edit(contribution_id: uuid.UUID) -> Any:
    """The composer with what stands there now."""
    contribution = _visible(contribution_id)
    demand(Permission.CONTRIBUTION_EDIT, contribution)
    if contribution.state != State.PUBLISHED:
        return back("contributions.show", contribution_id=contribution_id)
    kind = kinds.get(contribution.kind)
    return _composer(kind, kind.form(obj=contribution), contribution)


@views.post("/c/<uid:contribution_id>/edit")
@requires(Permission.ACCOUNT_OWN, rate="publish")
def revise(contribution_id: uuid.UUID) -> Any:
    """Change it; the wording before is kept in the history."""
    contribution = _visible(contribution_id)
    demand(Permission.CONTRIBUTION_EDIT, contribution)
    kind = kinds.get(contribution.kind)
    form = kind.form()
    if not form.validate_on_submit() or not _city_allowed(form):
        return _composer(kind, form, contribution), 422
    try:
        with atomic():
            kind.revise(identity(), contribution, form)
    except service.NotPossible as error:
        form.add_error(_field_of(error, form), str(error))
        return _composer(kind, form, contribution), 422
    flash(_("Changed."), "info")
    return back("contributions.show", contribution_id=contribution_id)


@views.get("/c/<uid:contribution_id>/history")
@requires(Permission.CONTRIBUTION_READ, names=True)
def history(contribution_id: uuid.UUID) -> str:
    """Earlier wordings, for everybody who may read the contribution."""
    contribution = _visible(contribution_id)
    return render_template(
        "contributions/history.html", contribution=contribution, revisions=service.revisions_of(contribution_id)
    )


@views.post("/c/<uid:contribution_id>/withdraw")
@requires(Permission.ACCOUNT_OWN)
def withdraw(contribution_id: uuid.UUID) -> Response:
    """Take it down, with ten minutes to think again."""
    contribution = _visible(contribution_id)
    demand(Permission.CONTRIBUTION_WITHDRAW, contribution)
    with atomic():
        service.withdraw(contribution)
    if contribution.is_left:  # nothing is pinned up again where its author does not live any more
        flash(_("Taken down."), "info")
        return back("contributions.left")
    toast(_("Taken down."), url_for("contributions.restore", contribution_id=contribution_id), "info")
    return back("feed.board")


@views.post("/c/<uid:contribution_id>/restore")
@requires(Permission.ACCOUNT_OWN)
def restore(contribution_id: uuid.UUID) -> Response:
    """Undo taking it down."""
    contribution = _visible(contribution_id)
    demand(Permission.CONTRIBUTION_EDIT, contribution)  # pinning up takes living there, the second time too
    try:
        with atomic():
            service.restore(contribution)
        flash(_("It is on the board again."), "info")
    except service.NotPossible as error:
        flash(str(error), "stop")
    return back("feed.board")


@views.post("/c/<uid:contribution_id>/solve")
@requires(Permission.ACCOUNT_OWN)
def solve(contribution_id: uuid.UUID) -> Response:
    """Mark as solved, or open it again."""
    contribution = _visible(contribution_id)
    demand(Permission.CONTRIBUTION_SOLVE, contribution)
    is_solved, by = request.form.get("open") != "1", request.args.get("by")
    with atomic():
        service.solve(contribution, is_solved, _comment_of(contribution, by) if by and is_solved else None)
    return back("contributions.show", contribution_id=contribution_id)


@views.post("/c/<uid:contribution_id>/thank")
@requires(Permission.THANK)
def thank(contribution_id: uuid.UUID) -> Any:
    """Say thank you, or take it back; htmx gets the card's new line of actions."""
    contribution = _visible(contribution_id)
    me, is_thanked = person_number(), request.form.get("thank") != "0"
    if contribution.author_id == me:
        abort(404)
    with atomic():
        (service.thank if is_thanked else service.unthank)(contribution_id, me)
    if is_htmx():
        card = cards.load([contribution_id], reader_of(identity()))[contribution_id]
        return render_template("contributions/_thanks.html", c=card, is_thanked=is_thanked)
    return back("contributions.show", contribution_id=contribution_id)


@views.post("/c/<uid:contribution_id>/answer")
@requires(Permission.COMMENT_WRITE, rate="publish")
def comment(contribution_id: uuid.UUID) -> Any:
    """Answer a contribution or a comment on it."""
    contribution = _visible(contribution_id)
    if contribution.state != State.PUBLISHED:
        abort(404)
    form = CommentForm()
    if not form.validate_on_submit():
        return _thread_page(contribution, form), 422
    try:
        with atomic():
            answer = service.comment(
                contribution,
                author_id=person_number(),
                body_md=form.body.data,
                parent_id=_parent(form.parent.data),
                form_key=as_uuid(form.form_key.data),
            )
            tell_of(answer, contribution)
    except service.NotPossible as error:
        form.add_error("body", str(error))
        return _thread_page(contribution, form), 422
    return redirect(url_for("contributions.show", contribution_id=contribution_id) + f"#r-{to_uid(answer.id)}", 303)


@views.post("/c/<uid:contribution_id>/answer/<uid:comment_id>/withdraw")
@requires(Permission.ACCOUNT_OWN)
def withdraw_comment(contribution_id: uuid.UUID, comment_id: uuid.UUID) -> Response:
    """Take one's own answer down."""
    answer = service.comment_of(contribution_id, comment_id)
    if answer is None:
        abort(404)
    demand(Permission.COMMENT_WITHDRAW, answer)
    with atomic():
        service.withdraw_comment(answer)
    flash(_("Your answer is taken down."), "info")
    if answer.is_left:
        return back("contributions.left")
    return back("contributions.show", contribution_id=contribution_id)


def _visible(contribution_id: uuid.UUID) -> Contribution:
    """The contribution or 404: what these eyes may not see does not exist. Withdrawn ones are the author's alone."""
    contribution = service.find(contribution_id)
    if contribution is None or (
        contribution.state != State.PUBLISHED and contribution.author_id != identity().person_id
    ):
        abort(404)
    return contribution


def _comment_of(contribution: Contribution, uid: str) -> uuid.UUID:
    try:
        answer = service.comment_of(contribution.id, from_uid(uid))
    except ValueError:
        abort(404)
    if answer is None:
        abort(404)
    return answer.id


def _thread_page(contribution: Contribution, form: CommentForm) -> str:
    who = identity()
    reader = reader_of(who)
    may_answer = may(Permission.COMMENT_WRITE, contribution) and contribution.state == State.PUBLISHED
    comments = service.comments_of(contribution.id)
    thread = build_thread(contribution, comments, who.person_id, reader, may_answer=may_answer)
    card = cards.load([contribution.id], reader)[contribution.id]
    is_wider = reach.count_of(contribution.id) > 1
    seen_in = audience_label(Audience(contribution.audience), card.quarter, is_wider=is_wider)
    kind = kinds.get(contribution.kind)
    answering = request.args.get("to") or form.parent.data
    if answering:
        form.parent.data = answering
    return render_template(
        "contributions/show.html",
        contribution=contribution,
        kind=kind,
        **kind.page_data(contribution, who),
        thread=thread,
        form=form,
        may_answer=may_answer,
        card=replace(card, is_home=card.quarter_id in who.quarters, audience_label=seen_in),
        may_restore=service.may_restore(contribution) and may(Permission.CONTRIBUTION_EDIT, contribution),
        is_mine=contribution.author_id == who.person_id,
        is_thanked=service.is_thanked(contribution.id, who.person_id),
        may_thank=may(Permission.THANK) and contribution.author_id != who.person_id,
        answering=next((entry for entry in _entries(thread) if entry.uid == answering), None),
    )


def _composer(kind: kinds.Kind, form: ContributionForm, contribution: Contribution | None = None) -> str:
    return render_template(
        "contributions/compose.html",
        kind=kind,
        tabs=[] if contribution else [_tab(each, each is kind) for each in kinds.all_kinds()],
        form=form,
        contribution=contribution,
        quarter=_quarter(_home(identity())),
        preview=_preview(form.audience.data or ""),
        next_issue=_next_issue(),
    )


def _tab(kind: kinds.Kind, is_current: bool) -> tuple[str, Any, str, bool]:
    return url_for("contributions.compose", kind=kind.name), kind.label, kind.icon, is_current


def _entries(thread: Thread) -> Iterator[Entry]:
    for entry, replies in thread:
        yield entry
        yield from replies


def _reach_line(chosen: str) -> str:
    return render_template("contributions/_reach.html", preview=_preview(chosen), next_issue=_next_issue())


def _preview(chosen: str) -> reach.ReachPreview:
    try:
        audience = Audience(chosen)
    except ValueError:
        audience = Audience.QUARTER
    return reach.preview(_home(identity()), audience)


def _next_issue() -> Any:
    ask = current_app.extensions.get("next_issue")
    return ask() if ask else None


def _city_allowed(form: ContributionForm) -> bool:
    if form.audience.data == Audience.CITY and not may(Permission.CONTRIBUTION_PUBLISH_CITY):
        form.add_error("audience", _("You cannot reach the whole city yet."))
        return False
    return True


def _parent(uid: str | None) -> uuid.UUID | None:
    try:
        return from_uid(uid) if uid else None
    except ValueError:
        return None


def _field_of(error: service.NotPossible, form: ContributionForm) -> str:
    """Where an error of a service stands."""
    return next(name for name in (error.field, "category", "title") if name in form)


def _kind(name: str) -> kinds.Kind:
    try:
        return kinds.get(name)
    except KeyError:
        abort(404)


def _home(who: Identity) -> int:
    if who.home is None:
        abort(404)
    return who.home.quarter_id


def _quarter(quarter_id: int) -> Quarter:
    return db.session.get_one(Quarter, quarter_id)
