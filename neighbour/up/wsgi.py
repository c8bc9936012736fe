"""The application for a WSGI server: ``gunicorn neighbour.up.wsgi:app``."""

import sys

from config import Config, NotReady
from neighbour.core import instance, memory

with memory.loading():
    from neighbour.app import create_app

try:
    app = create_app(instance.located(Config.from_env()))
except NotReady as error:  # not ready for production: a list to read, not a traceback
    sys.exit(f"neighbour: {error}")
memory.settle()
