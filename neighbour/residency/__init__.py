"""Residency: address to quarter, proofs, membership.

``gazetteer/`` knows the city's register. ``homes`` seals exact addresses and opens them in three named functions;
``service`` places people in quarters and grants levels of proof; ``proofs/`` holds one file per method; ``letters``
and ``printing`` are the postcard; ``borders`` follows when quarters are redrawn, ``planning`` and ``changing`` when that
is planned and told before. May import accounts, quarters,
notices, policy and core.
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
    from neighbour.residency import address_views, borders, changing, changing_views, letters, planning, service
    from neighbour.residency.gazetteer import views as gazetteer_views

    limits.register("code_address", letters.TRIES_OF_HOUSE)
    assert address_views.views is changing_views.views  # their pages hang on the room's one blueprint
    app.register_blueprint(address_views.views)
    app.register_blueprint(gazetteer_views.views)
    hooks.on_redraw(borders.follow)
    hooks.on_plan(planning.lay_houses)
    hooks.tells_of("planned", changing.tell_planned)
    hooks.tells_of("cancelled", changing.tell_cancelled)
    hooks.holds(borders.who_lives_in)
    hooks.on_removed(borders.leave)
    register_street(service.street_of)
    register_home(service.home_said)
    register_appointment(service.appoint)
