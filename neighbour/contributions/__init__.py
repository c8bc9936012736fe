"""Contributions: the base of everything published – reach, the wall, comments, thanks, revisions.

A contribution is written once for all kinds; kinds hang themselves in through ``kinds.register``. Its rows of
``reach`` say where it is shown. May import residency, accounts, quarters, notices, policy, core; knows no kind.
"""

from __future__ import annotations

from flask import Blueprint, Flask


def include(app: Flask) -> None:
    """Register pages, the entry for writing, and what follows a change of borders."""
    from neighbour.contributions import borders, leaving, sections, unanswered
    from neighbour.core.i18n import lazy_gettext as __
    from neighbour.core.text import markdown
    from neighbour.policy import Permission
    from neighbour.quarters import hooks
    from neighbour.residency.leaving import on_leaving

    on_leaving(leaving.settle)
    sections.register(unanswered.SECTION)
    _alert_in_batches()
    hooks.on_redraw(borders.redraw_reach)
    hooks.holds(borders.written_in)
    hooks.on_removed(borders.leave)
    _limits()
    app.register_blueprint(_pages())
    app.jinja_env.globals["markdown"] = markdown
    app.extensions["nav"].append(
        {
            "order": 20,
            "endpoint": "contributions.compose",
            "label": __("Write"),
            "icon": "pen-line",
            "role": "write",
            "permission": Permission.CONTRIBUTION_PUBLISH,
        }
    )


def _pages() -> Blueprint:
    """All pages of the room: several files hang them on one blueprint."""
    from neighbour.contributions import (
        alert_views,
        answer_views,
        edit_views,
        leaving_views,
        office_views,
        photo_views,
        solving_views,
        views,
        widening_views,
    )

    assert (
        alert_views
        and answer_views
        and edit_views
        and leaving_views
        and office_views
        and photo_views
        and solving_views
        and widening_views
    )
    return views.views


def _alert_in_batches() -> None:
    from neighbour.contributions import alert_notices
    from neighbour.core.jobs import Job
    from neighbour.notices import ledger

    ledger.send_in_batches(alert_notices.Alert.key, Job.CONTRIBUTIONS_ALERT)
    ledger.send_in_batches(alert_notices.AllClear.key, Job.CONTRIBUTIONS_ALL_CLEAR)


def _limits() -> None:
    """How much of photos one may send."""
    from neighbour.contributions import photos
    from neighbour.core import limits

    limits.register("photo", photos.STEPS)
    limits.register("photo_megabytes", photos.MEGABYTES)
