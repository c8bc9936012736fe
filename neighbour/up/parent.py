"""make, when it started us: whether it was killed or told to stop without a word to its recipe.

GNU make passes SIGTERM on, but not SIGINT: it takes for granted that the terminal sent that to everybody, stops
catching it and waits for its recipe. Sent to make alone – by a service manager, a script, a colleague's ``kill -2`` –
it would wait for ever. ``/proc`` shows what make still catches (Linux; elsewhere only its death is noticed).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path


class Make:
    """The make whose recipe we are; nobody, if something else started us."""

    def __init__(self, environ: Mapping[str, str] = os.environ):
        self.pid = os.getppid() if "MAKELEVEL" in environ else None
        self._caught = self.pid is not None and _catches_interrupt(self.pid)

    def has_given_up(self) -> bool:
        """Whether it is gone, or was told to stop since we looked first. Costs one small read."""
        if self.pid is None:
            return False
        return os.getppid() != self.pid or (self._caught and not _catches_interrupt(self.pid))


def _catches_interrupt(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text(errors="replace")
    except OSError:
        return False
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    return fields.get("Name", "").endswith("make") and bool(int(fields["SigCgt"], 16) >> (signal.SIGINT - 1) & 1)
