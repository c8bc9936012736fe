"""What comes in for second factors: digits, recovery codes, the answers of passkeys, and "is it you?"."""

from __future__ import annotations

from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import Length

from neighbour.accounts import passkeys, passwords, totp
from neighbour.core.forms import Form, at_most, needed, one_line
from neighbour.core.i18n import lazy_gettext as __

LONGEST_CODE = 40


class SecondStepForm(Form):
    """After the password: digits of the app or a recovery code, or what a passkey has signed."""

    code = StringField(__("Code"), filters=[one_line], validators=[at_most(LONGEST_CODE)])
    answer = HiddenField(validators=[at_most(passkeys.LONGEST_ANSWER)])


class PasskeySignInForm(Form):
    """A passkey and nothing else."""

    answer = HiddenField(validators=[needed(), at_most(passkeys.LONGEST_ANSWER)])
    next = HiddenField(validators=[at_most(2000)])


class AgainForm(Form):
    """Is it you? One of three. ``then``: the address the carried fields go on to; ``next``: the page to go on with;
    ``only_factor``: staff have to show their second factor, the password is not asked."""

    password = PasswordField(__("Your password"), validators=[at_most(passwords.LONGEST)])
    code = StringField(__("Code"), filters=[one_line], validators=[at_most(LONGEST_CODE)])
    answer = HiddenField(validators=[at_most(passkeys.LONGEST_ANSWER)])
    then = HiddenField(validators=[at_most(2000)])
    next = HiddenField(validators=[at_most(2000)])
    only_factor = HiddenField(validators=[at_most(1)])


class NewPasskeyForm(Form):
    """What the passkey is called, and what the browser has made."""

    name = StringField(__("What shall it be called?"), filters=[one_line], validators=[at_most(passkeys.LONGEST_NAME)])
    answer = HiddenField(validators=[at_most(passkeys.LONGEST_ANSWER)])


class AppForm(Form):
    """The first digits an app shows; ``seed`` is carried along, signed."""

    code = StringField(
        __("The six digits your app shows"),
        filters=[lambda text: "".join((text or "").split())],
        validators=[
            needed(__("Six digits, they are in the app.")),
            Length(totp.DIGITS, totp.DIGITS, message=__("The code has six digits.")),
        ],
    )
    seed = HiddenField()
