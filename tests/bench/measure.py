"""CPU time of processes, from Linux's own account (/proc), in nanoseconds."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def cpu_ns(pid: int) -> int:
    """CPU time a process has used in all its living threads, in ns (/proc/PID/task/*/schedstat)."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


def cpu_of(pids: Iterable[int]) -> int:
    """CPU time of several processes, in ns."""
    return sum(cpu_ns(pid) for pid in pids)


def children(pid: int) -> list[int]:
    """Processes started by ``pid``, and theirs."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *children(int(child))]
    return found


def figure(name: str, values: list[float], unit: str, size: str) -> dict[str, Any]:
    """One figure: the median of ``values``."""
    return {"name": name, "value": round(statistics.median(values), 3), "unit": unit, "size": size, "runs": len(values)}
