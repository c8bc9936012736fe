"""The composer's page, for whoever begins, goes on or changes something; the steps themselves are in ``views``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import abort, current_app, render_template, request, url_for

from neighbour.contributions import editing, kinds, offices, photo_forms, photos, reach, service
from neighbour.contributions.forms import ContributionForm
from neighbour.contributions.models import Audience, Contribution, State
from neighbour.core.db import db
from neighbour.core.tokens import from_uid
from neighbour.policy import Identity
from neighbour.policy.gate import identity
from neighbour.quarters.models import Quarter


def page(
    kind: kinds.Kind,
    form: ContributionForm,
    sheet: photo_forms.Sheet,
    contribution: Contribution | None = None,
    doubts: Sequence[Any] = (),
    copied: str = "",
    newer: editing.Overtaken | None = None,
) -> str:
    """Of this kind, with what the form holds and the photos on the sheet; doubts: what is asked about before it is pinned up.
    copied: the name of what something new begins with, from its first page to its last, as each has a draft of its own.
    newer: what was changed since the form was opened."""
    entries = photo_forms.entries(form, sheet, contribution.id if contribution else None)
    brought = [] if contribution or copied else [each.uid for each in entries]
    return render_template(
        "contributions/compose.html",
        kind=kind,
        tabs=[] if contribution or copied else [_tab(each, each is kind, brought) for each in kinds.all_kinds()],
        form=form,
        sheet=entries,
        photos_off=sheet.off_uids,
        most_photos=photos.MOST,
        contribution=contribution,
        copied=copied,
        doubts=doubts,
        stood=_stood(form, newer) if contribution else "",
        newer=newer.stands if newer else [],
        quarter=_quarter(_where(contribution)),
        office=offices.of(contribution) if contribution and contribution.is_office else None,
        preview=_preview(form.audience.data or "", _where(contribution)),
        next_issue=_next_issue(),
    )


def beginning(kind: kinds.Kind) -> Mapping[str, Any]:
    """What the fields of something new hold at first, by name: what stands in another one of one's own that hangs (``?copy=``),
    or nothing. 404 for any other, and for what one keeps in an office: that is nobody's own."""
    uid = request.args.get("copy")
    if uid is None:
        return {}
    try:
        source = service.find(from_uid(uid))
    except ValueError:
        abort(404)
    if (
        source is None
        or source.author_id != identity().person_id
        or source.is_office
        or source.state != State.PUBLISHED
    ):
        abort(404)
    if kind.copied is None or source.kind != kind.name:
        abort(404)
    return kind.copied(source)


def _tab(kind: kinds.Kind, is_current: bool, brought: Sequence[str]) -> tuple[str, Any, str, bool]:
    return url_for("contributions.compose", kind=kind.name, photo=brought), kind.label, kind.icon, is_current


def _stood(form: ContributionForm, newer: editing.Overtaken | None) -> str:
    """What was there when the form was opened; what is there now only once its reader has been told."""
    if newer is not None:
        return editing.mark(newer.now)
    return request.form.get("stood", "") if form.is_submitted() else editing.mark(form)


def reach_line(chosen: str, contribution: Contribution | None = None) -> str:
    """The honest line about a choice of reach, for something new or for this contribution."""
    preview = _preview(chosen, _where(contribution))
    return render_template("contributions/_reach.html", preview=preview, next_issue=_next_issue())


def _preview(chosen: str, quarter_id: int) -> reach.ReachPreview:
    try:
        audience = Audience(chosen)
    except ValueError:
        audience = Audience.QUARTER
    return reach.preview(quarter_id, audience)


def _next_issue() -> Any:
    ask = current_app.extensions.get("next_issue")
    return ask() if ask else None


def kind_named(name: str) -> kinds.Kind:
    """The kind of this name, or 404."""
    try:
        return kinds.get(name)
    except KeyError:
        abort(404)


def _where(contribution: Contribution | None) -> int:
    """The quarter it is about: one's own, or where something of an office's hangs, whose keeper may live anywhere."""
    if contribution is not None and contribution.is_office:
        return contribution.quarter_id
    return _home(identity())


def _home(who: Identity) -> int:
    if who.home is None:
        abort(404)
    return who.home.quarter_id


def _quarter(quarter_id: int) -> Quarter:
    return db.session.get_one(Quarter, quarter_id)
