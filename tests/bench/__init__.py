"""Benches: each figure the project names, made by one command anybody can run.

``make bench`` · ``make bench ONLY=feed`` · ``SCALE=small|full``. One JSON line per figure:
{"name", "value", "unit", "size", "runs"}. Values are medians of at least five runs, in CPU time or as ratios,
because wall-clock seconds on a shared machine say little. No test asserts on them; people read them.
"""
