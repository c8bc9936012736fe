"""The categories of an offer, how they look, and what is said of the one who gets it."""

from __future__ import annotations

from neighbour.contributions.kinds import Category as Look
from neighbour.core.i18n import lazy_gettext as __
from neighbour.offers.models import Category

CATEGORIES = (
    Look(
        Category.GIVE,
        __("To give away"),
        "gift",
        "offer",
        solved_label=__("Given away"),
        deeds=__("give free giveaway"),
    ),
    Look(
        Category.LEND,
        __("To lend"),
        "repeat",
        "offer",
        solved_label=__("No longer to lend"),
        deeds=__("lend borrow loan"),
    ),
    Look(Category.SELL, __("For sale"), "tag", "offer", solved_label=__("Sold"), deeds=__("sell buy sale purchase")),
    Look(
        Category.SWAP, __("To swap"), "arrow-left-right", "offer", solved_label=__("Swapped"), deeds=__("swap exchange")
    ),
    Look(
        Category.WANTED,
        __("Wanted"),
        "search-check",
        "help",
        solved_label=__("Found"),
        is_asking=True,
        deeds=__("wanted"),
    ),
)
#: where a price says something
PRICED = (Category.SELL, Category.SWAP)
