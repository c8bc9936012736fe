"""``python -m neighbour`` is the same as ``neighbour``."""

import sys

# Here, because nothing below can even be imported by an older one; a venv can be older than pyproject allows.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit("neighbour: Python 3.11 or newer is needed")

from neighbour.cli import main

main(prog_name="neighbour")
