"""Accounts: person, sign-up, sign-in, sessions, settings."""

from __future__ import annotations

from flask import Flask


def include(app: Flask) -> None:
    """Register this room with the application."""
