"""Initiatives: organisations of the neighbourhood, their editors, and the desk at which they confirm addresses.

An initiative is made and verified by the operator; its page is public from then on. Editors keep it up to date, and where the
operator lets them, they confirm in person where somebody lives (``residency.cases.visits``). May import residency and
everything below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask  # reading a file needs none of it


def include(app: Flask) -> None:
    """Register this room, its queue on the desk, and who confirms addresses."""
    from neighbour.accounts import hooks
    from neighbour.core.i18n import lazy_gettext as __
    from neighbour.initiatives import desk_views, places, service
    from neighbour.initiatives.views import views
    from neighbour.policy import Permission
    from neighbour.residency.cases import visits

    app.register_blueprint(views)
    visits.register_places(places.near)
    hooks.register_offices(service.offices_of)
    app.extensions["desk"].append(
        {
            "order": 50,
            "endpoint": "initiatives.desk",
            "label": __("Initiatives"),
            "hint": __("Verify them, let them confirm addresses, see how often they do"),
            "permission": Permission.OPERATE,
            "count": desk_views.waiting,
        }
    )
