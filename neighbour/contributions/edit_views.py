"""Changing what hangs: the composer with what stands there, and saving it."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from flask import flash, request

from neighbour.contributions import composing, editing, kinds, photo_forms, photos, service
from neighbour.contributions.models import State
from neighbour.contributions.views import Doubtful, be_sure, field_of, reach_allowed, views, visible
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.core.web import back
from neighbour.policy import Permission, requires
from neighbour.policy.gate import demand, identity, person_number


@views.get("/c/<uid:contribution_id>/edit")
@requires(Permission.ACCOUNT_OWN)
def edit(contribution_id: uuid.UUID) -> Any:
    """The composer with what stands there now."""
    contribution = visible(contribution_id)
    demand(Permission.CONTRIBUTION_EDIT, contribution)
    if contribution.state != State.PUBLISHED:
        return back("contributions.show", contribution_id=contribution_id)
    kind = kinds.get(contribution.kind)
    form = editing.standing(kind, contribution)
    return composing.page(kind, form, photo_forms.hanging(form), contribution)


@views.post("/c/<uid:contribution_id>/edit")
@requires(Permission.ACCOUNT_OWN, rate="publish", body=photo_forms.MOST_BODY)
def revise(contribution_id: uuid.UUID) -> Any:
    """Change it; the wording before is kept in the history. What another window has changed meanwhile is asked about first."""
    contribution = visible(contribution_id)
    demand(Permission.CONTRIBUTION_EDIT, contribution)
    kind = kinds.get(contribution.kind)
    form = kind.form()
    form.changes(contribution)
    is_right = form.validate_on_submit() and (contribution.is_office or reach_allowed(form))
    sheet = photo_forms.read(form)
    page = partial(composing.page, kind, form, sheet, contribution)
    if not is_right or form.photos.errors:
        return page(), 422
    try:
        with atomic():
            service.one_at_a_time(person_number())
            editing.hold(contribution)
            before = editing.standing(kind, contribution)
            kind.revise(identity(), contribution, form)
            photos.arrange(person_number(), contribution_id, sheet.wanted, sheet.leaving)
            editing.keep_newer(request.form.get("stood", ""), before, editing.standing(kind, contribution))
            be_sure(kind.doubts(form))
    except Doubtful as error:
        return page(doubts=error.doubts), 422
    except editing.Overtaken as newer:
        return page(newer=newer), 422
    except service.NotPossible as error:
        form.add_error(field_of(error, form), str(error))
        return page(), 422
    flash(_("Changed."), "good")
    return back("contributions.show", contribution_id=contribution_id)
