"""What concerns oneself: the hub, language. How one appears is in ``appearance_views``."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template
from flask import session as cookie

from neighbour.accounts import hooks, web
from neighbour.accounts.access_views import my_devices
from neighbour.accounts.forms import LanguageForm
from neighbour.accounts.signup_views import views
from neighbour.core import clock, i18n
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.core.web import back
from neighbour.notices.base import lists
from neighbour.notices.service import subscriptions_of
from neighbour.policy import Permission, requires
from neighbour.policy.gate import person_number


@views.get("/me")
@requires(Permission.ACCOUNT_OWN)
def me() -> str:
    """The hub of everything about oneself."""
    person, mine = web.me(), subscriptions_of(person_number())
    digest = mine.get("digest")
    return render_template(
        "accounts/me.html",
        person=person,
        home=hooks.home_of(person.id),
        offices=hooks.offices_of(person.id),
        digest=digest,
        is_paused=bool(digest and digest.paused_until and digest.paused_until >= clock.today(i18n.zone())),
        mails=[
            each.list_title for name, each in lists().items() if name != "digest" and name in mine and mine[name].is_on
        ],
        devices=len(my_devices()),
    )


@views.post("/me/language")
@requires(Permission.ACCOUNT_OWN)
def language() -> Any:
    """The language of pages and mails."""
    form = LanguageForm()
    if form.validate_on_submit():
        with atomic():
            web.me().language = form.language.data
        cookie.pop("language", None)
        flash(_("Saved."), "good")
    return back("accounts.me")
