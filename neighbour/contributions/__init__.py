"""Contributions: the base of everything published – reach, the wall, comments, thanks, revisions."""

from __future__ import annotations

from flask import Flask


def include(app: Flask) -> None:
    """Register this room with the application."""
