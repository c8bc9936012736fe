"""Events: once or as a series, with the days they fall on, and what is different on single ones.

A kind of contribution: its tables, its dates (``recurrence`` works them out, ``dates`` keeps them as rows), its fields in the
composer, its part of the page. Reach, card, thread, thanks and revisions are the base's (``neighbour.contributions``).
"""

from __future__ import annotations

from flask import Flask


def include(app: Flask) -> None:
    """Register the kind, its templates and its pages."""
    from neighbour.accounts import hooks
    from neighbour.contributions import kinds, placing, sections, soon
    from neighbour.core import limits
    from neighbour.core.i18n import lazy_gettext as __
    from neighbour.events import agenda, feed_views, feeds, import_views, words
    from neighbour.events import soon as events_soon
    from neighbour.events.kind import KIND
    from neighbour.events.list_views import views  # and, of the same blueprint, the other two
    from neighbour.events.placing import LAYER
    from neighbour.events.sections import CHANGED, WEEKS
    from neighbour.policy import Permission

    hooks.register_reading_along(feed_views.reading_along, feeds.end_all)
    kinds.register(KIND)
    placing.register(LAYER)
    sections.register(CHANGED)
    sections.register(WEEKS)
    soon.register(events_soon.fill)
    assert feed_views.views is import_views.views is views
    limits.register("calendar", feeds.FETCHING)
    limits.register("event_list", import_views.LOOKING)
    app.register_blueprint(views)
    app.jinja_env.globals["event_words"] = words
    app.jinja_env.globals["dates_of_initiative"] = agenda.of_initiative
    app.extensions["desk"].append(import_views.ON_THE_DESK)
    app.extensions["nav"].append(
        {
            "order": 12,
            "endpoint": "events.index",
            "label": __("Events"),
            "icon": "calendar-days",
            "permission": Permission.BOARD_READ,
        }
    )
