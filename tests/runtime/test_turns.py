"""Turns: whatever number of people send at once, heavy requests keep to their share of a process's time."""

from __future__ import annotations

import heapq
import random

from neighbour.core.turns import LONGEST, PAGE, SHARE, Turns

COST = 0.01  # seconds a piece takes


def test_whoever_sends_alone_over_a_usual_line_never_waits():
    line = 512 * 1024 / 625_000  # seconds for a piece at 5 Mbit/s
    turns = Turns()
    assert all(turns.take(COST, number * line) <= line for number in range(6))


def test_a_hundred_who_send_at_once_keep_to_the_share():
    """Everybody comes back when told to, a little early or late; in every half minute no more
    pages than their share meet a piece."""
    chance, turns, done = random.Random(3), Turns(), []
    coming = [(chance.random(), sender, 6) for sender in range(100)]
    heapq.heapify(coming)
    while coming:
        at, sender, left = heapq.heappop(coming)
        done.append(at)
        wait = turns.take(COST, at)
        if left > 1:
            heapq.heappush(coming, (at + wait * chance.uniform(0.95, 1.2), sender, left - 1))
    assert len(done) == 600, "everybody's pieces arrive"
    later = [at for at in done if at > 1]  # the first of each come unasked
    busiest = max(sum(start <= at < start + 30 for at in later) for start in later)
    assert busiest * (PAGE + COST) / 30 <= SHARE * 1.3


def test_nobody_is_asked_to_wait_longer_than_a_minute():
    turns = Turns()
    assert max(turns.take(1.0, 0.0) for _piece in range(100)) == LONGEST
