"""Residency: address to quarter, proofs, membership.

``gazetteer/`` knows the city's register. ``homes`` seals exact addresses and opens them in three named functions;
``service`` places people in quarters; ``proofs/`` holds one file per method, ``grading`` counts what they are worth together,
``renewal`` asks once a year. ``letters``, ``printing`` and ``print_runs`` are the postcard; ``invitations``, ``flyers`` and
``alarms`` the codes that neighbours and the Quartiersteam give out; ``borders`` follows when quarters are redrawn. May import
accounts, quarters, notices, policy and core.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask  # reading a file needs none of it


def include(app: Flask) -> None:
    """Register this room with the application."""
    from neighbour.accounts.hooks import register_appointment, register_home, register_street
    from neighbour.core import limits
    from neighbour.quarters import hooks
    from neighbour.residency import (  # noqa: F401  views register
        address_views,
        borders,
        code_desk_views,
        desk,
        guessing,
        invitation_views,
        letter_views,
        letters,
        renewal_views,
        service,
    )
    from neighbour.residency.gazetteer import views as gazetteer_views

    limits.register("code_address", letters.TRIES_OF_HOUSE)
    guessing.register()
    app.extensions["desk"] += desk.entries(app)
    app.register_blueprint(address_views.views)
    app.register_blueprint(gazetteer_views.views)
    hooks.on_redraw(borders.re_resolve)
    hooks.holds(borders.who_lives_in)
    hooks.on_removed(borders.leave)
    register_street(service.street_of)
    register_home(service.home_said)
    register_appointment(service.appoint)
