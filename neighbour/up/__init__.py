"""Up: one supervisor for web, worker, beat and the local mailbox."""

from __future__ import annotations

from flask import Flask


def include(app: Flask) -> None:
    """Register this room with the application."""
