"""Pages of one contribution: the composer, the thread, its history, and the small steps around it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from neighbour.contributions import (
    alerts,
    cards,
    composing,
    keeping,
    kinds,
    offices,
    photo_forms,
    photos,
    reach,
    service,
    solving,
    widening,
)
from neighbour.contributions.forms import (
    AllClearForm,
    CommentForm,
    ContributionForm,
    ThanksForm,
    as_uuid,
    audience_label,
)
from neighbour.contributions.models import URGENT, Audience, Comment, Contribution, State
from neighbour.contributions.notices import tell_of
from neighbour.contributions.readers import Reader, reader_of
from neighbour.contributions.thread import Entry, Thread, build_thread
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.tokens import from_uid, to_uid
from neighbour.core.web import back, is_htmx, toast
from neighbour.policy import Permission, may, requires
from neighbour.policy.gate import demand, identity, person_number

views = Blueprint("contributions", __name__, template_folder="templates")


@views.get("/write")
@requires(Permission.CONTRIBUTION_PUBLISH)
def compose() -> str:
    """The composer on the tab of ``?kind=``: empty, or with what stands in another one of one's own (``?copy=``), and with the
    photos that come along from another tab."""
    kind = composing.kind_named(request.args.get("kind", "post"))
    form = kind.form(**composing.beginning(kind))
    wanted = request.args.get("category")
    if wanted in {each.key for each in kind.categories}:
        form.category.data = wanted
    return composing.page(kind, form, photo_forms.brought_along(), copied=request.args.get("copy", ""))


@views.post("/write")
@requires(Permission.CONTRIBUTION_PUBLISH, rate="publish", body=photo_forms.MOST_BODY)
def publish() -> Any:
    """Pin up, or show the composer again with what was typed and what is wrong."""
    kind = composing.kind_named(request.form.get("kind", "post"))
    form = kind.form()
    page = partial(composing.page, kind, form, copied=request.args.get("copy", ""))
    if request.form.get("preview"):
        return page(photo_forms.read(form)), 422 if form.photos.errors else 200
    is_right = form.validate_on_submit() and reach_allowed(form)
    sheet = photo_forms.read(form)
    if not is_right or form.photos.errors:
        return page(sheet), 422
    try:
        with atomic():
            contribution = kind.publish(identity(), form)
            photos.arrange(person_number(), contribution.id, sheet.wanted, sheet.leaving)
            be_sure(kind.doubts(form))
    except Doubtful as error:
        return page(sheet, doubts=error.doubts), 422
    except service.NotPossible as error:
        form.add_error(field_of(error, form), str(error))
        return page(sheet), 422
    toast(_("Pinned up."), url_for("contributions.withdraw", contribution_id=contribution.id), "good")
    return back("feed.board")


@views.get("/write/reach")
@requires(Permission.CONTRIBUTION_PUBLISH)
def reach_line() -> str:
    """The honest line about a choice of reach, for the composer while choosing."""
    return composing.reach_line(request.args.get("audience", ""))


@views.get("/c/<uid:contribution_id>/edit/reach")
@requires(Permission.ACCOUNT_OWN)
def reach_line_of(contribution_id: uuid.UUID) -> str:
    """The same while changing something, which may hang elsewhere than one lives."""
    contribution = visible(contribution_id)
    demand(Permission.CONTRIBUTION_EDIT, contribution)
    return composing.reach_line(request.args.get("audience", ""), contribution)


@views.get("/c/<uid:contribution_id>")
@requires(Permission.CONTRIBUTION_READ, names=True)
def show(contribution_id: uuid.UUID) -> str:
    """One contribution with its thread; or what remains of it for somebody whom it still concerns."""
    found, who = _seen(contribution_id), identity()
    if found is not None:
        return thread_page(found, CommentForm())
    remains = () if who.is_anonymous else (kind.remains(contribution_id, who) for kind in kinds.all_kinds())
    return next(filter(None, remains), None) or _refuse()


@views.get("/c/<uid:contribution_id>/history")
@requires(Permission.CONTRIBUTION_READ, names=True)
def history(contribution_id: uuid.UUID) -> str:
    """Earlier wordings, for everybody who could read them then."""
    contribution = visible(contribution_id)
    return render_template(
        "contributions/history.html", contribution=contribution, revisions=service.revisions_of(contribution_id)
    )


@views.post("/c/<uid:contribution_id>/withdraw")
@requires(Permission.ACCOUNT_OWN)
def withdraw(contribution_id: uuid.UUID) -> Response:
    """Take it down, with ten minutes to think again."""
    contribution = visible(contribution_id)
    demand(Permission.CONTRIBUTION_WITHDRAW, contribution)
    with atomic():
        told = alerts.withdraw(contribution)
    if contribution.is_left:  # nothing is pinned up again where its author does not live any more
        flash(_("Taken down."), "info")
        return back("contributions.left")
    later = _("Taken down. Whoever was told by mail hears of it in ten minutes.") if told else _("Taken down.")
    if may(Permission.CONTRIBUTION_EDIT, contribution):  # pinning up again is not for everybody who may take down
        toast(later, url_for("contributions.restore", contribution_id=contribution_id), "info")
    else:
        flash(later, "info")
    return back("feed.board")


@views.post("/c/<uid:contribution_id>/restore")
@requires(Permission.ACCOUNT_OWN)
def restore(contribution_id: uuid.UUID) -> Response:
    """Undo taking it down."""
    contribution = visible(contribution_id)
    demand(Permission.CONTRIBUTION_EDIT, contribution)  # pinning up takes living there, the second time too
    try:
        with atomic():
            alerts.restore(contribution, is_limited=not may(Permission.ALERT_UNLIMITED, contribution))
        flash(_("It is on the board again."), "info")
    except service.NotPossible as error:
        flash(str(error), "stop")
    return back("feed.board")


@views.post("/c/<uid:contribution_id>/thank")
@requires(Permission.THANK)
def thank(contribution_id: uuid.UUID) -> Any:
    """Say thank you, or take it back; htmx gets the card's new line of actions."""
    contribution = visible(contribution_id)
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
    contribution = visible(contribution_id)
    if contribution.state != State.PUBLISHED:
        abort(404)
    form = CommentForm()
    if not form.validate_on_submit():
        return thread_page(contribution, form), 422
    answered_id = _parent(form.parent.data)
    try:
        with atomic():
            answer = service.comment(
                contribution,
                author_id=person_number(),
                body_md=form.body.data,
                parent_id=answered_id,
                form_key=as_uuid(form.form_key.data),
            )
            tell_of(answer, contribution, answered_id)
            be_sure(kinds.get(contribution.kind).suspects(form.body.data))
    except Doubtful as error:
        return thread_page(contribution, form, signs=error.doubts), 422
    except service.NotPossible as error:
        form.add_error("body", str(error))
        return thread_page(contribution, form), 422
    return redirect(url_for("contributions.show", contribution_id=contribution_id) + f"#r-{to_uid(answer.id)}", 303)


def page_again(contribution: Contribution) -> str:
    """Its page, for a kind's own form that was wrong."""
    return thread_page(contribution, CommentForm(formdata=None))


def visible(contribution_id: uuid.UUID) -> Contribution:
    """The contribution or 404: what these eyes may not see does not exist. Withdrawn ones are the author's alone.

    Whoever is not signed in is asked to, whether there is such a contribution or not: the mail that led here was written to
    somebody who may read it.
    """
    return _seen(contribution_id) or _refuse()


def _refuse() -> NoReturn:
    """What these eyes may not see."""
    abort(current_app.extensions["refuse"](Permission.BOARD_READ) if identity().is_anonymous else 404)


def _seen(contribution_id: uuid.UUID) -> Contribution | None:
    who, contribution = identity(), service.find(contribution_id)
    if contribution is None or (contribution.state != State.PUBLISHED and contribution.author_id != who.person_id):
        return None
    return contribution


def thread_page(
    contribution: Contribution,
    form: CommentForm,
    thanks: ThanksForm | None = None,
    all_clear: AllClearForm | None = None,
    signs: Sequence[Any] = (),
) -> str:
    """The page of a contribution, with what was typed into its forms; signs: what is suspicious about it."""
    who, reader = identity(), reader_of(identity())
    is_mine = contribution.author_id == who.person_id
    may_answer = may(Permission.COMMENT_WRITE, contribution) and contribution.state == State.PUBLISHED
    comments = service.comments_of(contribution.id)
    helped = solving.helped_with(contribution.id) if contribution.solved_at else set()
    thread = build_thread(contribution, comments, who.person_id, reader, helped, may_answer=may_answer)
    card = _as_read(contribution, reader, is_mine)
    form.parent.data = answering = request.args.get("to") or form.parent.data
    return render_template(
        "contributions/show.html",
        contribution=contribution,
        kind=kinds.get(contribution.kind),
        **kinds.get(contribution.kind).page_data(contribution, who),
        thread=thread,
        form=form,
        may_answer=may_answer,
        card=card,
        may_restore=service.may_restore(contribution) and may(Permission.CONTRIBUTION_EDIT, contribution),
        is_mine=is_mine,
        goes_on=contribution.state == State.PUBLISHED
        or (is_mine and kinds.get(contribution.kind).goes_on(contribution)),
        thanks=thanks or _thanks_form(contribution, comments, helped),
        marks=keeping.Marks() if is_mine else keeping.marks_of(who.person_id, contribution.id),
        preparing=photos.in_preparation(contribution, who.person_id),
        may_thank=may(Permission.THANK) and not is_mine,
        entries=list(_entries(thread)),
        widening=_widening(contribution),
        may_take_over=may_take_over(contribution),
        all_clear=(all_clear or AllClearForm(formdata=None)) if _may_end(contribution) else None,
        signs=signs,
        answering=next((entry for entry in _entries(thread) if entry.uid == answering), None),
    )


def _as_read(contribution: Contribution, reader: Reader, is_mine: bool) -> cards.CardData:
    """The card on its page. Whoever reads only what is public learns nothing of what hangs on it, not even how much."""
    card = cards.load([contribution.id], reader)[contribution.id]
    counts: dict[str, Any] = {} if reader.quarters or is_mine else {"comment_count": 0, "thanks_count": 0}
    is_home, label = card.quarter_id in identity().quarters, _seen_in(contribution, card.quarter)
    return replace(card, is_home=is_home, audience_label=label, **counts)


def _seen_in(contribution: Contribution, quarter: str) -> str:
    """Where it is shown, in words."""
    is_wider = reach.count_of(contribution.id) > 1
    return audience_label(Audience(contribution.audience), quarter, is_wider=is_wider)


def _may_end(contribution: Contribution) -> bool:
    """Whether whoever asks can say that this alert is over."""
    return alerts.is_on(contribution) and may(Permission.ALERT_END, contribution)


def may_take_over(contribution: Contribution) -> bool:
    """Whether the reader may keep it for its office in place of whoever does; an operator with a second factor."""
    if not offices.may_take(contribution):
        return False
    speaks = may(Permission.EVENT_IMPORT, offices.edited(contribution)) if contribution.initiative_id else False
    return speaks or may(Permission.OPERATE)


def _widening(contribution: Contribution) -> dict[str, Any]:
    """Since when it hangs nearby, too, or its author's plan to do so."""
    if not widening.waits(contribution):
        return {}
    found, may_widen = widening.plan_of(contribution.id), widening.may_widen(contribution)
    is_mine = contribution.author_id == identity().person_id and may(Permission.CONTRIBUTION_EDIT, contribution)
    is_planned = found is not None and found.done_at is None and not service.is_answered(contribution.id)
    return {
        "since": found.done_at if found and not may_widen else None,
        "at": found.widens_at if found is not None and is_planned else None,
        "is_offered": is_mine and may_widen,
    }


def _thanks_form(contribution: Contribution, comments: list[Comment], helped: set[uuid.UUID]) -> ThanksForm | None:
    """The author's form about who helped, once it is solved."""
    is_over = contribution.solved_at is not None and contribution.state == State.PUBLISHED
    is_over = is_over and contribution.category != URGENT  # an alert ends with a word of its own
    if not is_over or contribution.author_id != identity().person_id:
        return None
    return ThanksForm.of(comments, contribution, helped)


def _entries(thread: Thread) -> Iterator[Entry]:
    for entry, replies in thread:
        yield entry
        yield from replies


def _parent(uid: str | None) -> uuid.UUID | None:
    try:
        return from_uid(uid) if uid else None
    except ValueError:
        return None


#: how far not everybody may reach: what it takes, and what is said to whoever may not
_FAR = {
    Audience.CITY: (Permission.CONTRIBUTION_PUBLISH_CITY, __("You cannot reach the whole city yet.")),
    Audience.PUBLIC: (Permission.CONTRIBUTION_PUBLISH_PUBLIC, __("You cannot make anything public yet.")),
}


class Doubtful(Exception):
    """What was written may be sent, but whoever wrote it is asked about ``doubts`` first."""

    def __init__(self, doubts: Sequence[Any]):
        super().__init__()
        self.doubts = doubts


def be_sure(doubts: Sequence[Any]) -> None:
    """Ask about what is doubtful before it is sent; nothing the second time. Last in the unit of work, so that all rules have
    been applied: nobody says "yes, I mean it" to what is refused then. Raises Doubtful, and nothing stays."""
    if doubts and request.form.get("sure") != "1":
        raise Doubtful(doubts)


def reach_allowed(form: ContributionForm) -> bool:
    """Whether whoever asks may reach so far; otherwise it stands at the field."""
    permission, refusal = _FAR.get(form.audience.data, (None, ""))
    if permission is not None and not may(permission):
        form.add_error("audience", str(refusal))
        return False
    return True


def field_of(error: service.NotPossible, form: ContributionForm) -> str:
    """Where an error of a service stands."""
    return next(name for name in (error.field, "category", "title") if name in form)
