"""Posts: question, recommendation, lost and found, help wanted or offered, notice, urgent."""

from __future__ import annotations

from flask import Flask


def include(app: Flask) -> None:
    """Register this room with the application."""
