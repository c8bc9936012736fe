"""Residency: address to quarter, proofs, membership.

``gazetteer/`` knows the city's register. ``homes`` seals exact addresses and opens them in three named functions;
``service`` places people in quarters; ``proofs/`` holds one file per method, ``grading`` counts what they are worth together,
``renewal`` asks once a year. ``letters``, ``printing`` and ``print_runs`` are the postcard; ``invitations``, ``flyers`` and
``alarms`` the codes that neighbours and the Quartiersteam give out; ``cases/`` is what people look at, and the rules of
households. ``borders`` follows when quarters are redrawn, ``planning`` and ``changing`` when that is planned and told before.
May import accounts, quarters, notices, policy and core.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask  # reading a file needs none of it


def include(app: Flask) -> None:
    """Register this room with the application."""
    from neighbour.quarters import hooks
    from neighbour.residency import (  # noqa: F401  views register
        address_views,
        borders,
        changing,
        changing_views,
        code_desk_views,
        desk,
        grading,
        invitation_views,
        letter_views,
        planning,
        renewal_views,
    )
    from neighbour.residency.cases import crowds, deciding
    from neighbour.residency.gazetteer import views as gazetteer_views

    _desk(app)
    _limits()
    grading.looks_at(crowds.look)
    grading.on_held(crowds.keep)
    grading.on_words(deciding.ask_about_words)
    assert address_views.views is changing_views.views  # their pages hang on the room's one blueprint
    app.extensions["desk"] += desk.entries(app)
    app.register_blueprint(address_views.views)
    app.register_blueprint(gazetteer_views.views)
    hooks.on_redraw(borders.follow)
    hooks.on_plan(planning.lay_houses)
    hooks.tells_of("planned", changing.tell_planned)
    hooks.tells_of("cancelled", changing.tell_cancelled)
    hooks.holds(borders.who_lives_in)
    hooks.on_removed(borders.leave)
    _answer_accounts()


def _limits() -> None:
    from neighbour.core import limits
    from neighbour.residency import guessing, letters
    from neighbour.residency.cases import visits

    limits.register("visit_code", visits.TRIES)
    limits.register("visit_of_place", visits.OF_PLACE)
    limits.register("visit_of_editor", visits.OF_EDITOR)
    limits.register("upload", limits.Rate(10, 3_600))
    limits.register("code_address", letters.TRIES_OF_HOUSE)
    guessing.register()


def _answer_accounts() -> None:
    """What accounts asks and cannot know."""
    from neighbour.accounts import hooks
    from neighbour.residency import homes, service

    hooks.register_street(service.street_of)
    hooks.register_streets(service.streets_in)
    hooks.register_home(service.home_said)
    hooks.register_appointment(service.appoint)
    hooks.register_letterbox(service.letterbox_of)
    hooks.on_hand_over(homes.forget_unproven)


def _desk(app: Flask) -> None:
    """The queues of this room on the desk."""
    from neighbour.core.desk import Waiting
    from neighbour.core.i18n import lazy_gettext as __
    from neighbour.policy import Permission
    from neighbour.residency.cases import desk_views

    app.extensions["desk"] += [
        {
            "order": 10,
            "endpoint": "residency.proof_cases",
            "label": __("Proofs"),
            "hint": __("Documents, and proofs that need a second look"),
            "permission": Permission.PROOF_DECIDE,
            "count": desk_views.waiting,
        },
        {
            "order": 30,
            "endpoint": "residency.missing_addresses",
            "label": __("Missing addresses"),
            "hint": __("What people could not find in the register"),
            "permission": Permission.OPERATE,
            "count": desk_views.missing_waiting,
        },
        {
            "order": 90,
            "endpoint": "residency.address_looks",
            "label": __("Looks at addresses"),
            "hint": __("Who opened an address, and what for"),
            "permission": Permission.OPERATE,
            "count": Waiting,
        },
    ]
