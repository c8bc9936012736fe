"""What comes in: sign-up, sign-in, passwords. How one appears is in ``appearance_forms``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from flask import current_app
from wtforms import BooleanField, EmailField, PasswordField, RadioField, StringField, ValidationError
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length, Regexp

from neighbour.accounts import guessed, hooks, passwords
from neighbour.accounts.addresses import NoAddress, reachable
from neighbour.accounts.dispute_words import SAID
from neighbour.accounts.models import Person
from neighbour.core.forms import Form, at_most, needed, one_line
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.quarters.service import names as names_of_quarters

_BETWEEN = re.compile(r"[^\w]+")


def email_address(_form: Any, field: Any) -> None:
    """A validator: an address mail could be sent to (syntax only; nothing is looked up)."""
    try:
        reachable(field.data)
    except NoAddress as error:
        if error.is_beyond_ascii:
            text = _("Before the @ mail knows only plain letters. Is it spelled without accents, or ae for ä?")
        else:
            text = _("This does not look like an e-mail address. Is there a letter missing?")
        raise ValidationError(text) from error


def good_password(form: Any, field: Any) -> None:
    """A validator: not one of those that are guessed first."""
    config = current_app.extensions["config"]
    email = str(form.email.data or "") if "email" in form else ""
    site = [config.site_url, config.city_name, "nachbar", "neighbour", "nachbarschaft", *names_of_quarters()]
    streets = hooks.streets_in(guessed.told(field.data or ""))
    words = [part for said in (*form.own_words, *site, *streets, email) for part in (said, *_BETWEEN.split(said))]
    if guessed.is_guessed(field.data or "", words):
        raise ValidationError(
            _("This password is guessed first. Three or four words that do not belong together are good.")
        )


def _new_password(label: Any) -> PasswordField:
    least = Length(passwords.SHORTEST, message=__("At least %(min)d symbols, please.", min=passwords.SHORTEST))
    most = at_most(passwords.LONGEST)
    return PasswordField(label, validators=[needed(__("Choose a password.")), least, most, good_password])


class SignUpForm(Form):
    """Step 1."""

    own_words = ()

    email = EmailField(
        __("E-mail"),
        filters=[one_line],
        validators=[needed(__("Which address may we write to?")), at_most(254), email_address],
    )
    password = _new_password(__("Password"))
    is_adult = BooleanField(
        __("I am at least 18 years old."), validators=[DataRequired(__("You have to be 18 to take part."))]
    )
    accepts_rules = BooleanField(
        __("I have read the rules and the privacy notice."),
        validators=[DataRequired(__("Please read them first; they are short."))],
    )


class ConfirmForm(Form):
    """Step 4: the six digits."""

    code = StringField(
        __("Code from the mail"),
        filters=[lambda text: "".join((text or "").split())],
        validators=[
            needed(__("Six digits, they are in the mail.")),
            Regexp(r"[0-9]{6}\Z", message=__("The code has six digits. This did not cost you a try.")),
        ],
    )


class ConfirmLinkForm(Form):
    """The button of the mail; the password where somebody is not signed in to this sign-up."""

    password = PasswordField(__("The password you chose when signing up"), validators=[at_most(passwords.LONGEST)])


class CorrectEmailForm(Form):
    """In step 4: the address was mistyped in step 1."""

    email = EmailField(
        __("The right address"),
        filters=[one_line],
        validators=[needed(__("Which address is it?")), at_most(254), email_address],
    )


class SignInForm(Form):
    """E-mail and password."""

    email = EmailField(__("E-mail"), filters=[one_line], validators=[needed(), at_most(254)])
    password = PasswordField(__("Password"), validators=[needed(), at_most(passwords.LONGEST)])
    is_kept = BooleanField(__("Keep me signed in on this device"))


class ForgotForm(Form):
    """Where the link for a new password goes."""

    email = EmailField(__("E-mail"), filters=[one_line], validators=[needed(), at_most(254), email_address])


class _OfSomebody(Form):
    """A form for the password of somebody known: ``own_words`` are the words about them that others know, too."""

    own_words: Sequence[str] = ()

    def is_of(self, person: Person) -> None:
        """Whose password it is."""
        self.own_words = [person.first_name, person.last_name, person.display_name, person.email]


class NewPasswordForm(_OfSomebody):
    """A new password with a token from the mail."""

    password = _new_password(__("New password"))


class ChangePasswordForm(_OfSomebody):
    """A new password while signed in."""

    current = PasswordField(__("Current password"), validators=[needed(), at_most(passwords.LONGEST)])
    password = _new_password(__("New password"))


class ChangeEmailForm(Form):
    """Another address."""

    email = EmailField(__("New e-mail address"), filters=[one_line], validators=[needed(), at_most(254), email_address])


class LanguageForm(Form):
    """The language of pages and mails."""

    language = RadioField(__("Language"), choices=[SelectChoice("de", "Deutsch"), SelectChoice("en", "English")])


class DecisionForm(Form):
    """The operator's word about an account that two mailboxes say is theirs."""

    side = RadioField(
        __("Whose is it?"),
        choices=[SelectChoice("old", __("of the older address")), SelectChoice("new", __("of the newer address"))],
        validators=[needed(__("Whose is it?"))],
    )
    has_proof = BooleanField(
        __("They have shown anew that they live at the address of the account."),
        validators=[DataRequired(__("Without that nobody gets the account: a mail alone proves nothing."))],
    )


class TurnRoundForm(Form):
    """The operator turns round what silence has decided; ``mailbox`` has the newer addresses of the account for choices."""

    mailbox = RadioField(__("Who gets the account?"), validators=[needed(__("Who gets the account?"))])
    reason = RadioField(
        __("Why?"),
        choices=[SelectChoice(reason.value, said) for reason, said in SAID.items()],
        validators=[needed(__("Say why: both addresses are told."))],
    )
