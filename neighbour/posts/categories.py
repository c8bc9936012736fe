"""The categories of a post and how they look on the board."""

from __future__ import annotations

from neighbour.contributions.kinds import Category as Look
from neighbour.core.i18n import lazy_gettext as __
from neighbour.posts.models import Category

CATEGORIES = (
    Look(Category.QUESTION, __("Question"), "circle-help", "post", solved_label=__("Question, solved"), is_asking=True),
    Look(Category.RECOMMENDATION, __("Recommendation"), "thumbs-up", "post"),
    Look(
        Category.LOST_FOUND,
        __("Lost and found"),
        "search-check",
        "post",
        solved_label=__("Found again"),
        is_asking=True,
    ),
    Look(
        Category.HELP_WANTED, __("Help wanted"), "hand-helping", "help", solved_label=__("Help found"), is_asking=True
    ),
    Look(Category.HELP_OFFERED, __("Help offered"), "hand-heart", "help", solved_label=__("Help given")),
    Look(Category.NOTICE, __("Notice"), "megaphone", "post"),
    Look(
        Category.URGENT,
        __("Urgent"),
        "triangle-alert",
        "urgent",
        solved_label=__("Urgent, over"),
        hint=__(
            "Only for danger or harm that cannot wait, such as a burst pipe. One in 24 hours; it comes off the top by itself."
        ),
    ),
)
