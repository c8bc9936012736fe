"""Yours to take away: export, erasure, retention, and what may be said about all of it.

Everything here is driven by the register of personal data (``core/personal``), in which each room declares its columns:
``export`` writes what is somebody's into an archive, ``erasing`` takes it away step by step, ``retention`` forgets what is
old, ``classes`` says in words why anything is kept. ``marks`` remembers who has gone, so that no backup brings them back.
"""

from __future__ import annotations

from flask import Flask


def include(app: Flask) -> None:
    """Register pages, notices and rates."""
    from neighbour.accounts.hooks import on_hand_over, register_return
    from neighbour.core import limits
    from neighbour.mydata import desk_views, erasing, exports, notices, views  # noqa: F401  notices and pages register themselves

    limits.register("export", exports.RATE)
    register_return(erasing.bring_back)
    on_hand_over(exports.let_go)
    app.register_blueprint(views.views)
    desk_views.include(app)
