"""Offers: give, lend, sell, swap, wanted – and the queue of neighbours who ask.

A kind: its table and its queue, its fields in the composer, its part of a contribution's page, and the market, which is the
board seen as a shelf. Who gets a thing is decided by its author; in what order people asked, by the database.
"""

from __future__ import annotations

from flask import Flask


def include(app: Flask) -> None:
    """Register the kind, the market and its entry in the navigation."""
    from neighbour.contributions import kinds, placing, sections
    from neighbour.core.i18n import lazy_gettext as __
    from neighbour.offers import notices
    from neighbour.offers.kind import KIND
    from neighbour.offers.placing import LAYER
    from neighbour.offers.sections import FOUND, GONE, LAST_CALL
    from neighbour.offers.views import views
    from neighbour.policy import Permission

    assert notices  # its notices are known from here on
    kinds.register(KIND)
    placing.register(LAYER)
    sections.register(LAST_CALL)
    sections.register(GONE)
    sections.register(FOUND)
    app.register_blueprint(views)
    app.extensions["nav"].append(
        {
            "order": 12,
            "endpoint": "offers.market",
            "label": __("Market"),
            "icon": "store",
            "permission": Permission.BOARD_READ,
        }
    )
