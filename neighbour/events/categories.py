"""The categories of an event and how they look on the board."""

from __future__ import annotations

from neighbour.contributions.kinds import Category as Look
from neighbour.core.i18n import lazy_gettext as __
from neighbour.events.models import Category

CATEGORIES = (
    Look(Category.GATHERING, __("Meeting up"), "calendar-days", "event"),
    Look(Category.CULTURE, __("Culture"), "calendar-days", "event"),
    Look(Category.ACTIVE, __("Sport and play"), "calendar-days", "event"),
    Look(Category.LEARNING, __("Learning and mending"), "calendar-days", "event"),
    Look(Category.FESTIVAL, __("Festival and flea market"), "calendar-days", "event"),
)
