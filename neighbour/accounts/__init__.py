"""Accounts: person, sign-up, sign-in, sessions, settings.

Knows nothing of homes and quarters but the names of pages that residency offers; what it needs from above it asks
through ``hooks``. Tells notices where a person is reached.
"""

from __future__ import annotations

from flask import Flask


def include(app: Flask) -> None:
    """Register pages, the address book, and the entry in the navigation."""
    from neighbour.accounts import (  # noqa: F401  views and notices register
        access_views,
        again_views,
        appearance_views,
        book,
        dispute_desk,
        dispute_notices,
        dispute_views,
        link_views,
        notices,
        settings_views,
        signin_views,
        web,
    )
    from neighbour.accounts.signup_views import views
    from neighbour.core import limits
    from neighbour.core.i18n import lazy_gettext as __
    from neighbour.notices.base import register_address_book
    from neighbour.policy import Permission

    app.register_blueprint(views)
    app.extensions["ask_again"], app.extensions["ask_for_factor"] = again_views.ask_again, again_views.ask_for_factor
    limits.counted_by["signin"] = limits.counted_by["riddle"] = web.counted_by
    limits.counted_by["link"] = web.counted_by_link
    register_address_book(book.mailboxes)
    if notices.tell_operators not in limits.on_names_reached:
        limits.on_names_reached.append(notices.tell_operators)
    app.extensions["desk"].append(dispute_desk.ON_THE_DESK)
    app.extensions["nav"].append(
        {
            "order": 50,
            "endpoint": "accounts.me",
            "label": __("Me"),
            "icon": "user-round",
            "permission": Permission.ACCOUNT_OWN,
        }
    )
