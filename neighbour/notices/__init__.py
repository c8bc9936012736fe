"""Notices: what is said to whom and why; the delivery ledger; subscriptions and how to leave them.

Sits below quarters and accounts, because those rooms send mail too: it knows people by number only and learns
from an address book, which accounts registers, where a number is reached.
"""

from __future__ import annotations

from flask import Flask


def include(app: Flask) -> None:
    """Register the pages for leaving a list."""
    from neighbour.notices import views

    views.include(app)
