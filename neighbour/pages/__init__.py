"""Pages: the start page, the texts every site needs, the program's source, and the choices of language and theme.

Nothing here is personal, so nothing here is written; numbers come from ``quarters``. May import
``quarters`` and what lies below. The helpers of the macros live here too, because only templates use them.
"""

from __future__ import annotations

from flask import Flask

from neighbour.pages import helpers, source, views


def include(app: Flask) -> None:
    """Register this room with the application."""
    helpers.init_app(app)
    app.extensions["source"] = source.Shelf(source.ROOT, app.extensions["config"].instance_dir)
    app.register_blueprint(views.pages)
