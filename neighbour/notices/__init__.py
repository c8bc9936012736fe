"""Notices: what is said to whom and why; the delivery ledger; subscriptions and how to leave them."""

from __future__ import annotations

from flask import Flask


def include(app: Flask) -> None:
    """Register this room with the application."""
