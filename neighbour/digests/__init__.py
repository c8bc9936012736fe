"""Digests: the e-mail newspaper of a quarter.

A daily issue at 07:00 on the city's clock, from what ``reach`` says is shown in the quarter: own posts left out, nothing
twice, nothing new → no mail. ``when`` knows the hour, ``service`` opens, ``sending`` sends,
``edition`` chooses, ``compose`` makes bytes.
"""

from __future__ import annotations

from flask import Flask


def include(app: Flask) -> None:
    """Register pages, the notice, and what other rooms ask: when the next issue is, and whether it comes to the reader."""
    from neighbour.core.jobs import Job
    from neighbour.digests import notices
    from neighbour.digests.views import comes, views, when
    from neighbour.notices import ledger

    app.register_blueprint(views)
    app.extensions["next_issue"] = when
    app.extensions["gets_digest"] = comes
    ledger.send_in_batches(notices.Issue.key, Job.DIGESTS_SEND)
