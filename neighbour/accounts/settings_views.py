"""What concerns oneself: the hub, appearance, language."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template
from flask import session as cookie

from neighbour.accounts import hooks, service, web
from neighbour.accounts.access_views import my_devices
from neighbour.accounts.forms import AppearanceForm, LanguageForm
from neighbour.accounts.signup_views import save_appearance, views
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
        digest=digest,
        is_paused=bool(digest and digest.paused_until and digest.paused_until >= clock.today(i18n.zone())),
        mails=[
            each.list_title for name, each in lists().items() if name != "digest" and name in mine and mine[name].is_on
        ],
        devices=len(my_devices()),
    )


@views.get("/me/appearance")
@requires(Permission.ACCOUNT_OWN)
def my_appearance() -> str:
    """How one appears."""
    return _appearance(_form_of(web.me()))


@views.post("/me/appearance")
@requires(Permission.ACCOUNT_OWN)
def save_my_appearance() -> Any:
    """Save it."""
    form = AppearanceForm()
    if not form.validate_on_submit():
        return _appearance(form), 422
    save_appearance(form)
    flash(_("Saved."), "good")
    return back("accounts.my_appearance")


def _form_of(person: Any) -> AppearanceForm:
    default = service.default_name(person.first_name, person.last_name)
    alias = "" if person.display_name == default else person.display_name
    return AppearanceForm(
        obj=person,
        data={"shows_street": bool(person.street_shown), "alias": alias, "shown": "alias" if alias else "name"},
    )


def _appearance(form: AppearanceForm) -> str:
    return render_template("accounts/my_appearance.html", form=form, person=web.me())


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
