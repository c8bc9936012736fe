"""The form of a list: the file, whose it is, which column says what, and what is said of all its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_wtf.file import FileField
from wtforms import DateField, HiddenField, SelectField
from wtforms.fields import SelectChoice
from wtforms.validators import Optional

from neighbour.contributions.forms import AUDIENCES
from neighbour.contributions.models import Audience
from neighbour.core import i18n
from neighbour.core.forms import DAYS, Form
from neighbour.core.i18n import LazyText
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.events import cells, words
from neighbour.events.categories import CATEGORIES
from neighbour.events.comparing import Part, of_new
from neighbour.events.list_rows import Choices, Target, Wanted, guessed
from neighbour.events.sheets import Sheet

TEXT_SHOWN = 160  # characters of a text, of which the beginning is enough to know it by
LABELS: dict[Target, LazyText] = {
    Target.UID: __("Name of the row that stays"),
    Target.TITLE: __("Title"),
    Target.BEGINS: __("Begins on"),
    Target.ENDS: __("Ends on"),
    Target.TIME: __("Time"),
    Target.ALL_DAY: __("All day"),
    Target.WEEKDAYS: __("Days of the week"),
    Target.RULE: __("Rule of a series (RRULE)"),
    Target.UNTIL: __("Last day of a series"),
    Target.MORE: __("Further days"),
    Target.PLACE: __("Place"),
    Target.PLACE_MORE: __("Place, second part"),
    Target.CATEGORY: __("Category"),
    Target.COST: __("What it costs"),
    Target.ACCESS: __("Steps, toilet, hearing"),
    Target.CAPACITY: __("Places"),
    Target.ONLINE_URL: __("Link to take part online"),
    Target.TEXT: __("Text"),
    Target.URL: __("Website"),
    Target.STATUS: __("Confirmed or cancelled"),
}


#: what may stand in a column, where its name leaves a question
EXAMPLES: dict[Target, str | LazyText] = {
    Target.UID: "2026-017",
    Target.BEGINS: "2026-12-24, 24.12.2026 18:00",
    Target.ENDS: "2026-12-26",
    Target.TIME: __("10:00-18:00, from 10:00, all day"),
    Target.ALL_DAY: __("yes, no"),
    Target.WEEKDAYS: __("Wed, Sat / Mon - Fri"),
    Target.RULE: "FREQ=MONTHLY;BYDAY=-1SA",
    Target.UNTIL: "2027-12-31",
    Target.MORE: "12.12.2026, 16.1.2027",
    Target.CATEGORY: __("gathering, culture, active, learning, festival"),
    Target.STATUS: __("confirmed, cancelled"),
}


def label_of(part: Part) -> str:
    """What a part of an event is called."""
    if part.name == "when":
        return _("When")
    return _("Who reads it") if part.name == "audience" else str(LABELS[Target(part.name)])


def in_words(part: Part, value: Any) -> str:
    """What a part says, as people say it: of the page (``part.stands``) or of the list (``part.listed``)."""
    if part.name == "when":
        return words.series(**{name: each for name, each in value._asdict().items() if name != "zone"})
    if part.name == "audience":
        return str(AUDIENCES[Audience(value)])
    if part.name == "category":
        return next(str(each.label) for each in CATEGORIES if each.key == value)
    if part.name == "text" and value:  # its beginning may well be the same
        pairs = enumerate(zip(part.stands, part.listed, strict=False))
        differs = next((at for at, (one, other) in pairs if one != other), min(len(part.stands), len(part.listed)))
        first = max(0, differs - 20)
        return ("…" if first else "") + cells.quoted(value[first:])
    return str(value) if value not in ("", None) else _("nothing")


def facts(row: Wanted) -> list[tuple[str, str]]:
    """What a new event will say besides title, day and audience, part by part: what that is called, and what it says."""
    parts = [each for each in of_new(row) if each.name not in ("title", "when", "audience", "is_off", "text")]
    found = [(label_of(each), in_words(each, each.listed)) for each in parts]
    text = row.text.removesuffix(row.website).strip()
    if text:
        found.append((str(LABELS[Target.TEXT]), cells.quoted(text, TEXT_SHOWN)))
    if row.website:
        found.append((str(LABELS[Target.URL]), cells.quoted(row.website, TEXT_SHOWN)))
    return found


class ListForm(Form):
    """A list on its way: ``content`` carries its text from step to step, so that nothing is kept before it is imported."""

    file = FileField(__("The list (CSV or JSON)"))
    content = HiddenField()
    whose = SelectField(__("Whose list is it?"))
    audience = SelectField(
        __("Who should read it?"),
        default=Audience.PUBLIC.value,
        choices=[SelectChoice(each.value, label) for each, label in AUDIENCES.items()],
    )
    category = SelectField(
        __("Category of rows that say none"), choices=[SelectChoice(each.key, each.label) for each in CATEGORIES]
    )
    no_time = SelectField(
        __("Rows without a time"),
        choices=[SelectChoice("refuse", __("are not right")), SelectChoice("all_day", __("are all day"))],
    )
    several_days = SelectField(
        __("Several days with one time"),
        choices=[
            SelectChoice("refuse", __("are not right")),
            SelectChoice("daily", __("mean every day at this time")),
            SelectChoice("through", __("go on from the first to the last day")),
        ],
    )
    first_day = DateField(__("Rows with days of the week only begin on"), format=DAYS, validators=[Optional()])

    def columns(self) -> list[Any]:
        """The fields that say which column is which."""
        return [self[f"column_{target}"] for target in Target]

    def offer(self, sheet: Sheet) -> None:
        """Let these fields choose among the columns of this list."""
        names = [SelectChoice("", _("none")), *(SelectChoice(name, name) for name in sheet.columns)]
        for field in self.columns():
            field.choices = names

    def guess(self, sheet: Sheet) -> None:
        """Fill these fields in by the names of the columns."""
        found = guessed(sheet.columns)
        for target, field in zip(Target, self.columns(), strict=True):
            field.data = found.get(target, "")

    def mapping(self, columns: Sequence[str]) -> dict[Target, str]:
        """Which column says what."""
        return {target: f.data for target, f in zip(Target, self.columns(), strict=True) if f.data in columns}

    def lacks(self, mapping: dict[Target, str]) -> bool:
        """Whether a column is missing without which there is no event; says so at its field."""
        needed = [Target.UID, Target.TITLE] + ([] if Target.WEEKDAYS in mapping else [Target.BEGINS])
        missing = [target for target in needed if target not in mapping]
        for target in missing:
            self.add_error(f"column_{target}", _("Which column is it?"))
        return bool(missing)

    def said(self) -> Choices:
        """What is said of all rows."""
        return Choices(
            i18n.zone(),
            self.category.data,
            Audience(self.audience.data),
            self.no_time.data,
            self.several_days.data,
            self.first_day.data,
        )


for _target, _label in LABELS.items():
    setattr(ListForm, f"column_{_target}", SelectField(_label, choices=[]))
