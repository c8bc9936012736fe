"""Forms of documents, decisions, appeals and houses."""

from __future__ import annotations

from typing import Any

from flask_wtf.file import MultipleFileField
from wtforms import IntegerField, RadioField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import NumberRange, Optional

from neighbour.core.forms import Form, at_most, many_lines, needed
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext
from neighbour.residency.cases.crowds import LARGEST_HOUSE, MOST_ACCOUNTS
from neighbour.residency.cases.deciding import YES
from neighbour.residency.cases.models import CaseKind
from neighbour.residency.cases.words import PAPERS, REASONS


class DocumentForm(Form):
    """A paper: what it is, and its pages – from the camera, or files."""

    paper = RadioField(
        lazy_gettext("What paper is it?"),
        [needed(lazy_gettext("Please choose one."))],
        choices=[SelectChoice(key, label) for key, label in PAPERS.items()],
    )
    photos = MultipleFileField(lazy_gettext("Take a picture"))
    files = MultipleFileField(lazy_gettext("Or choose files"))

    def uploads(self) -> list[bytes]:
        """The bytes of what was chosen in either field; empty where nothing was."""
        chosen = [*(self.photos.data or ()), *(self.files.data or ())]
        return [raw for each in chosen if hasattr(each, "read") and (raw := each.read())]


def _why_not(kind: CaseKind) -> list[SelectChoice]:
    """To words there is one no, or the reason would say what the words do not (``grading``)."""
    wanted = [key for key in REASONS if (key == "words") is (kind == CaseKind.WORDS)]
    return [SelectChoice(key, REASONS[key]) for key in wanted]


class DecisionForm(Form):
    """What one thinks of a case."""

    verdict = RadioField(lazy_gettext("What do you say?"), [needed(lazy_gettext("Please choose one."))])
    note = TextAreaField(lazy_gettext("A line for the person"), [at_most(500)], [many_lines])

    def __init__(self, yes: str, *args: Any, kind: CaseKind = CaseKind.HELD, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if kind in (CaseKind.QUIET, CaseKind.WORDS):
            self.note.label.text = _("A line for the desk")
        self.verdict.choices = [SelectChoice(YES, yes), *_why_not(kind)]

    def validate(self, extra_validators: object = None) -> bool:
        """Whoever says "something else" says what."""
        is_valid = super().validate(extra_validators)
        if is_valid and self.verdict.data == "other" and not self.note.data:
            self.add_error("note", _("Please say what it is, so that the person can do something about it."))
            return False
        return is_valid


class AppealForm(Form):
    """Why a refusal is wrong."""

    words = TextAreaField(
        lazy_gettext("Why is that not right?"),
        [needed(lazy_gettext("Please write a sentence or two.")), at_most(1000)],
        [many_lines],
    )


class HouseForm(Form):
    """A house with many accounts: large, or looked at one by one."""

    kind = RadioField(
        lazy_gettext("What kind of house is it?"),
        [needed(lazy_gettext("Please choose one."))],
        choices=[
            SelectChoice("large", lazy_gettext("A large house: let them in")),
            SelectChoice("one", lazy_gettext("Not that large: look at each person")),
        ],
    )
    up_to = IntegerField(
        lazy_gettext("Up to how many accounts?"),
        [
            Optional(),
            NumberRange(
                MOST_ACCOUNTS,
                LARGEST_HOUSE,
                lazy_gettext(
                    "Please give a number from %(least)s to %(most)s.", least=MOST_ACCOUNTS, most=LARGEST_HOUSE
                ),
            ),
        ],
    )

    def validate(self, extra_validators: object = None) -> bool:
        """A large house needs its number."""
        is_valid = super().validate(extra_validators)
        if self.kind.data == "large" and self.up_to.data is None and not self.up_to.errors:
            self.add_error("up_to", _("About how many people live there?"))
            return False
        return is_valid
