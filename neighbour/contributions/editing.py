"""Changing what hangs while another window changes it, too: nothing is put back that a form has not seen.

A form that changes something carries what each of its fields stood at when it was opened, as a mark: a few symbols of a hash. The
version of the contribution would not do, as it also counts answers, thanks, votes and photos. Whether a form is too old is asked
after its words were taken, and by what stands there then: so the same form sent twice is not, however a kind spells what it was
given, nor is one that changes what another window has left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from wtforms import BooleanField, Field, RadioField, SelectField

from neighbour.contributions import kinds, photos
from neighbour.contributions.forms import ContributionForm
from neighbour.contributions.models import Contribution
from neighbour.contributions.service import NotPossible, mark_of
from neighbour.core import i18n
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __

#: numbers of the form's own
_LEFT_OUT = ("form_key", "csrf_token")


class Overtaken(NotPossible):
    """It was changed since the form was opened, and would be changed back. ``now``: what the composer holds for what stands
    there; ``changed``: the names of the fields."""

    def __init__(self, now: ContributionForm, changed: list[str]):
        super().__init__(__("This was changed after you had opened it here."))
        self.now, self.changed = now, changed

    @property
    def stands(self) -> list[tuple[str, str]]:
        """(label, what stands there) of each."""
        names = dict.fromkeys(self.now.shown_as.get(name, name) for name in self.changed)
        return [(str(self.now[name].label.text), self._of(name)) for name in names]

    def _of(self, name: str) -> str:
        if name != "photos":
            return _in_words(self.now[name])
        return "; ".join(f"{at}. {alt or '–'}" for at, (_id, alt) in enumerate(self.now.hanging, 1)) or "–"


def standing(kind: kinds.Kind, contribution: Contribution) -> ContributionForm:
    """The composer as it would be opened now, whatever the request has typed."""
    form: ContributionForm = kind.form(formdata=None, obj=contribution)
    form.hanging = [(each.id, each.alt) for each in photos.hanging(contribution.id)]
    return form


def mark(form: ContributionForm) -> str:
    """What a form carries of what it was opened with."""
    return " ".join(f"{name}:{value}" for name, value in _marks(form).items())


def hold(contribution: Contribution) -> None:
    """Until the end of the transaction no other window changes it; what stands there now is read anew."""
    kinds.get(contribution.kind).hold(contribution)
    db.session.refresh(contribution, with_for_update={"of": type(contribution).__table__})


def keep_newer(opened: str, before: ContributionForm, after: ContributionForm) -> None:
    """Raises Overtaken where a form that was ``opened`` with this mark has just changed, from ``before`` to ``after``, what
    another one had changed meanwhile. A form without a mark has seen everything."""
    seen, there, then = _read(opened), _marks(before), _marks(after)
    changed = [name for name, value in there.items() if seen.get(name, value) != value and then[name] != value]
    if changed:
        raise Overtaken(before, changed)


def _marks(form: ContributionForm) -> Mapping[str, str]:
    said = {field.short_name: _plain(field.data) for field in form if field.short_name not in _LEFT_OUT}
    said["photos"] = " ".join(f"{key} {alt}" for key, alt in form.hanging)
    return {name: mark_of(text) for name, text in said.items()}


def _read(mark: str) -> Mapping[str, str]:
    pairs = (each.partition(":") for each in mark.split())
    return {name: value for name, _colon, value in pairs if value}


def _plain(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value or "")


def _in_words(field: Field) -> str:
    """What a field holds, as people read it."""
    value = field.data
    if isinstance(field, BooleanField):
        return _("ticked") if value else _("not ticked")
    if isinstance(field, (RadioField, SelectField)):
        return next((str(label) for _value, label, is_chosen, *_more in field.iter_choices() if is_chosen), "–")
    days = value if isinstance(value, (list, tuple)) else [value]
    if any(isinstance(each, date) for each in days):
        return ", ".join(map(i18n.full_date, days))
    return f"{value:%H:%M}" if isinstance(value, time) else _plain(value) or "–"
