"""What comes in: what somebody looks for, and how far."""

from __future__ import annotations

from typing import Any

from wtforms import RadioField, SelectField, StringField
from wtforms.fields import SelectChoice

from neighbour.contributions import kinds
from neighbour.core.forms import Form, at_most, needed, one_line
from neighbour.core.i18n import lazy_gettext as __
from neighbour.search.service import Wish
from neighbour.search.words import LONGEST

WHEN = (
    (0, __("any time")),
    (1, __("since yesterday")),
    (7, __("last 7 days")),
    (31, __("last month")),
    (366, __("last year")),
)


class SearchForm(Form):
    """One box, and what narrows it down."""

    words = StringField(
        __("What are you looking for?"),
        filters=[one_line],
        validators=[needed(__("Please say what you are looking for.")), at_most(LONGEST)],
    )
    kind = SelectField(__("Kind"), default="", validate_choice=True)
    when = SelectField(
        __("Written"), coerce=int, default=0, choices=[SelectChoice(days, label) for days, label in WHEN]
    )
    where = SelectField(__("Quarter"), default="")
    order = RadioField(
        __("Order"),
        default="best",
        choices=[SelectChoice("best", __("What fits best")), SelectChoice("newest", __("The newest first"))],
    )

    def __init__(self, quarters: list[tuple[int, str, str]], *args: Any, **kwargs: Any):
        """quarters: number, slug and name of those whose slips the reader may have before them. The form names each by its slug:
        a page that was open while its reader's quarters changed means the same one, or one that is not theirs any more."""
        super().__init__(*args, **kwargs)
        self.kind.choices = _kinds()
        self._quarters = {slug: number for number, slug, _name in quarters}
        names = [SelectChoice(slug, name) for _number, slug, name in quarters]
        self.where.choices = [SelectChoice("", __("wherever I may read")), *names]

    def wish(self) -> Wish:
        """The same as the search takes it."""
        kind, _colon, category = (self.kind.data or "").partition(":")
        return Wish(
            words=self.words.data or "",
            kind=kind,
            category=category,
            days=self.when.data or None,
            home=self._quarters.get(self.where.data or ""),
            order=self.order.data or "best",
        )

    def as_fields(self) -> dict[str, Any]:
        """What a form sends that means the same search."""
        return {each.name: each.data for each in (self.words, self.kind, self.when, self.where, self.order)}

    def place_of(self, wish: Wish) -> str:
        """How a quarter is named in this form; empty for one that is not the reader's to look into any more."""
        return next((slug for slug, number in self._quarters.items() if number == wish.home), "")


def _kinds() -> list[SelectChoice]:
    found = [SelectChoice("", __("everything"))]
    for kind in kinds.all_kinds():
        found.append(SelectChoice(kind.name, kind.label))
        found += [SelectChoice(f"{kind.name}:{each.key}", f"– {each.label}") for each in kind.categories]
    return found
