"""Feed: the board of a quarter, newest first, across all kinds."""

from __future__ import annotations

from flask import Flask


def include(app: Flask) -> None:
    """Register this room with the application."""
