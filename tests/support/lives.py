"""Random lives of one person, checked after every step: a few by ``make test``, 2,000 of 50 steps by ``make machines``."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from neighbour.core import clock

START = clock.datetime(2026, 5, 12, 8, 0, tzinfo=clock.UTC)
LIVES = int(os.environ.get("MACHINES", 0))


def live(machine: type[RuleBasedStateMachine], runs: int, steps: int) -> None:
    """Run so many lives of so many steps, always the same ones; other ones and many more by ``make machines``.

    Raises what the machine's rules and invariants raise, with the steps that lead there.
    """
    runs, steps = (LIVES, 50) if LIVES else (runs, steps)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=runs, stateful_step_count=steps, deadline=None, derandomize=not LIVES,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
