"""A sweep that no test outlasts: what is cancelled in its midst is started from this text."""

from __future__ import annotations

SEEDS = range(800)
BATCHES = range(2, 12)
POINTS = len(SEEDS) * len(BATCHES)
TEXT = f"""
[fixed]
depth = 40
width = 32
seeds = 4
[grid]
seed = {list(SEEDS)}
batch = {list(BATCHES)}
"""
"""Measured in minutes, a part of it every second or two."""
