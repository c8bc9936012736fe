"""``python -m neighbour`` is the same as ``neighbour``."""

from neighbour.cli import main

main(prog_name="neighbour")
