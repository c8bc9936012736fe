"""How one appears: step 3 of sign-up, the same in the settings, the live preview, and the protected profile.

The preview is made by the functions that name people everywhere (``appearance.dress``, ``appearance.seen``): what it shows is
what the others will see. It is asked for by POST, because names have no place in an address.

Anybody can be protected at once; whoever is protected already is asked first whether it is them. Otherwise somebody who finds
an open session, perhaps the one they are protected from, could end it, or give them a name by which they are known.
"""

from __future__ import annotations

import secrets
from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for

from neighbour.accounts import choosing, confirming, hooks, notices, service, web
from neighbour.accounts.appearance import Ring, seen
from neighbour.accounts.appearance_forms import AppearanceForm, ProtectionForm
from neighbour.accounts.models import Person, SignUpStep
from neighbour.accounts.names import example
from neighbour.accounts.signup_views import PAGES, step_labels, views
from neighbour.core import i18n
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.core.web import back
from neighbour.policy import Permission, requires
from neighbour.policy.gate import identity, is_fresh
from neighbour.policy.identity import Identity


def _is_protected(who: Identity) -> bool:
    return who.person_id is not None and choosing.is_protected(who.person_id)


@views.get("/signup/appearance")
@requires(Permission.ACCOUNT_OWN, fresh=_is_protected)
def appearance() -> Any:
    """Step 3: name, and what neighbours see of it."""
    return _step(_form_of(web.me()))


@views.post("/signup/appearance")
@requires(Permission.ACCOUNT_OWN, fresh=_is_protected)
def set_appearance() -> Any:
    """Save it and go on."""
    person = web.me()
    form = AppearanceForm(is_protected=person.is_protected)
    if request.form.get("preview"):
        return _step(form)
    if not form.validate_on_submit():
        return _step(form), 422
    if _opens_street(person, form):
        return current_app.extensions["ask_again"]()
    if wrong := _renamed_lately(person, form):  # whoever comes back to this step when it is long done
        form.add_error("alias" if form.chosen(None).alias else "first_name", wrong)
        return _step(form), 422
    person = web.me()  # asking about the proof has looked through other eyes
    _save(person, form)
    with atomic():
        was_next = person.signup_step == SignUpStep.APPEARANCE
        service.step_done(person, SignUpStep.APPEARANCE)
        if was_next and person.signup_step == SignUpStep.CONFIRM:
            confirming.ask_to_confirm(person, web.piece())
    return redirect(url_for(PAGES[SignUpStep(person.signup_step)]), 303)


@views.get("/me/appearance")
@requires(Permission.ACCOUNT_OWN, fresh=_is_protected)
def my_appearance() -> str:
    """How one appears, and to whom."""
    return _settings(_form_of(web.me()))


@views.post("/me/appearance")
@requires(Permission.ACCOUNT_OWN, fresh=_is_protected)
def save_my_appearance() -> Any:
    """Save it."""
    person = web.me()
    form = AppearanceForm(is_protected=person.is_protected)
    if request.form.get("preview"):
        return _settings(form)
    if not form.validate_on_submit():
        return _settings(form), 422
    if _opens_street(person, form) or _goes_on_map(person, form):
        return current_app.extensions["ask_again"]()
    if wrong := _renamed_lately(person, form):
        form.add_error("alias" if form.chosen(None).alias else "first_name", wrong)
        return _settings(form), 422
    person = web.me()  # asking about the proof has looked through other eyes
    is_another = person.alias != form.chosen(None).alias
    _save(person, form)
    with atomic():  # whoever has just taken another name ticks it anew: the tick on the page was for the one before
        choosing.list_me(person, is_listed=bool(form.is_listed.data) and not is_another)
        choosing.place_on_map(person, bool(form.is_on_map.data))
    flash(_("Saved."), "good")
    return back("accounts.my_appearance")


@views.post("/me/appearance/preview")
@requires(Permission.ACCOUNT_OWN, rate="read")
def preview_appearance() -> str:
    """The four faces for what is typed now; nothing is saved."""
    return render_template("accounts/_faces.html", **_preview(AppearanceForm(is_protected=web.me().is_protected)))


@views.get("/me/protection")
@requires(Permission.ACCOUNT_OWN, fresh=_is_protected)
def protection() -> str:
    """The protected profile, in plain words."""
    person = web.me()
    return _protection(ProtectionForm(data={"alias": person.alias}, own=_own(person)))


@views.post("/me/protection")
@requires(Permission.ACCOUNT_OWN, fresh=_is_protected)
def protect() -> Any:
    """Protect, or end it."""
    person = web.me()
    if request.form.get("end"):
        if not is_fresh():  # whoever found the device open does not open what was closed
            return current_app.extensions["ask_again"]()
        with atomic():
            choosing.unprotect(person)
            notices.ProtectionEnded.send(person.id, subject_key=secrets.token_hex(8))
        flash(_("Your profile is no longer protected. Your other name stays until you choose another."), "info")
        return back("accounts.my_appearance")
    form = ProtectionForm(own=_own(person))
    if not form.validate_on_submit():
        return _protection(form), 422
    alias = form.alias.data or ""
    names = {"first": person.first_name, "last": person.last_name, "alias": alias}
    waits = _waits(person, names) if person.protected_at is not None else None
    person = web.me()  # asking about the proof has looked through other eyes
    if waits and person.is_protected:  # only the further name waits
        form.add_error("alias", waits)
        return _protection(form), 422
    with atomic():
        choosing.protect(person, alias=choosing.meanwhile(person, alias) if waits else alias, is_given=bool(waits))
    flash(_("Your profile is protected."), "good")
    if waits and person.alias != alias:
        flash(waits + " " + _("Until then neighbours know you as %(name)s.", name=person.alias), "info")
    return back("accounts.protection")


def _form_of(person: Person) -> AppearanceForm:
    data = {"shows_street": bool(person.street_shown), "shown": "alias" if person.alias else "name"}
    return AppearanceForm(obj=person, data=data, is_protected=person.is_protected)


def _own(person: Person) -> tuple[str, str]:
    return person.first_name, person.last_name


def _opens_street(person: Person, form: AppearanceForm) -> bool:
    """Whether a street that was not shown would be read from the sealed address now, for somebody who has not shown lately
    who they are: that is most of an address, which takes a proof, too (``residency.show_address``)."""
    is_new = bool(form.shows_street.data) and not person.street_shown
    return is_new and identity().signup_step == SignUpStep.DONE and not is_fresh()


def _goes_on_map(person: Person, form: AppearanceForm) -> bool:
    """The same of one's part of the quarter: whoever found the device open does not put its owner on the map."""
    return bool(form.is_on_map.data) and not person.is_on_map and not person.is_protected and not is_fresh()


def _save(person: Person, form: AppearanceForm) -> None:
    """Write what the form says. The own street is read from the sealed address, and only if it is to be shown."""
    street = hooks.street_of(person.id) if form.shows_street.data else None
    with atomic():
        choosing.set_appearance(
            person, first=form.first_name.data or "", last=form.last_name.data or "", chosen=form.chosen(street)
        )


def _renamed_lately(person: Person, form: AppearanceForm) -> str | None:
    """What is wrong with another name now; None where nothing is."""
    names = {"first": form.first_name.data or "", "last": form.last_name.data or "", "alias": form.chosen(None).alias}
    if not choosing.is_renamed(person, **{**names, "alias": person.alias}) and not names["alias"]:
        return None  # back to the name that was proven
    return _waits(person, names)


def _waits(person: Person, names: dict[str, str]) -> str | None:
    """Until when whoever is proven has to wait with these names, said to them; None for not at all."""
    home, again_at = hooks.home_of(person.id), choosing.renamed_again_at(person)
    is_proven = home is not None and home.level != "unproven"
    if again_at is None or not is_proven or not choosing.is_renamed(person, **names):
        return None
    day = i18n.long_date(again_at)
    return _("You have changed your name lately. From %(day)s on you can change it again.", day=day)


def _preview(form: AppearanceForm) -> dict[str, Any]:
    """faces, by ring: the person as somebody there sees them, and the quarter that is named beside it (not in their own).
    level: how well they are proven now, which decides about the mark behind the name. example: another name as the house gives
    them, so that nobody takes such a name for a sign of protection.

    A street that is not shown yet is not opened for a preview: a word stands for it.
    """
    person = web.me()
    home = hooks.home_of(person.id)
    quarter = home.quarter if home else _("your quarter")
    face = form.face(person.street_shown or _("your street"), person.public_id)
    seen_by = {ring: seen(face, ring, quarter) for ring in Ring}
    faces = {str(ring): (by, quarter if by.name and ring is not Ring.OWN else "") for ring, by in seen_by.items()}
    return {"faces": faces, "level": home.level if home else "", "example": example()}


def _step(form: AppearanceForm) -> str:
    return render_template("accounts/appearance.html", form=form, steps=step_labels(), **_preview(form))


def _settings(form: AppearanceForm) -> str:
    return render_template("accounts/my_appearance.html", form=form, person=web.me(), **_preview(form))


def _protection(form: ProtectionForm) -> str:
    config = current_app.extensions["config"]
    return render_template(
        "accounts/protection.html",
        form=form,
        person=web.me(),
        numbers=config.help_lines,
        exit_url=config.quick_exit_url,
    )
