"""The points of a sweep in batches: what one worker is given at a time.

Layered nets that differ in activation, depth, sigma_w and sigma_b only share their random draws, which cost
more than the passes. So points that share theirs stand together, and a batch is a piece of such a group that
is worth its draws, or several small groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric import Net, memory_together
from symgrad.numeric.architectures import drawn
from symgrad.numeric.drawn import Drawn
from symgrad.runs.crew.answers import Batch
from symgrad.runs.crew.local import machine_cores
from symgrad.runs.sweeps.cost import START, draw_seconds, point_seconds
from symgrad.runs.sweeps.spec import DEFAULTS, Spec, options_given

__all__ = ["SHARED", "batches", "estimate"]

OWN = ("activation", "set", "depth", "sigma_w", "sigma_b")
"""Options in which nets may differ that share their draws."""
SHARED = tuple(key for key in DEFAULTS if key not in OWN)
"""Options in which they may not."""
SHORTEST, LONGEST = 0.2, 5.0
"""Estimated seconds of a batch: a task of a cluster has to be worth its message, and what a killed sweep was
at work on is lost."""
EACH = 8
"""Batches for each worker at least, so that all end at about the same time."""
WORTH = 2.0
"""The passes of a batch take at least so many times as long as its draws, where a group is large enough."""
Numbers = NDArray[np.int64]
Float = NDArray[np.float64]


def batches(spec: Spec, done: Iterable[int], workers: int) -> list[Batch]:
    """The points that are not done, the most expensive batches first."""
    left = np.setdiff1d(np.arange(spec.points), np.fromiter(done, np.int64))
    if not left.size:
        return []
    places = dict(zip(DEFAULTS, np.unravel_index(left, spec.shape), strict=True))
    seeds, depth, width, batch = (
        np.array(spec.axes[key], np.float64)[places[key]] for key in ("seeds", "depth", "width", "batch")
    )
    draws, passes = draw_seconds(seeds, depth, width), point_seconds(seeds, depth, width, batch)
    shape = tuple(len(spec.axes[key]) for key in SHARED)
    group = np.ravel_multi_index(tuple(places[key] for key in SHARED), shape)
    order = np.lexsort((left, -passes, group))  # by group; in it by cost, then by number
    groups = np.split(order, 1 + np.flatnonzero(np.diff(group[order])))
    total = float(passes.sum() + sum(draws[part].max() for part in groups))
    longest = min(max(total / (EACH * workers), SHORTEST), LONGEST)
    pieces = [
        Batch(
            tuple(left[piece].tolist()),
            float(passes[piece].sum() + draws[piece].max()),
            _memory(spec, int(left[piece[0]]), depth[piece]),
        )
        for part in groups
        for piece in _cut(part, passes[part], float(draws[part].max()), longest)
    ]
    return list(_packed(sorted(pieces, key=lambda piece: -piece.seconds), longest))


def estimate(spec: Spec, workers: int | None = None) -> float:
    """Seconds that the sweep should take on so many local processes (one a core), roughly."""
    workers = workers or machine_cores()
    found = batches(spec, (), workers)
    return START + max(sum(batch.seconds for batch in found) / workers, found[0].seconds)


def _cut(part: Numbers, passes: Float, draw: float, longest: float) -> Iterator[Numbers]:
    """A group in pieces of about the same cost, none much longer than `longest` unless its draws are."""
    work = float(passes.sum())
    pieces = max(1, int(work / max(longest - draw, WORTH * draw)))
    before = np.cumsum(passes) - passes
    yield from np.split(part, 1 + np.flatnonzero(np.diff((before * pieces / work).astype(np.int64))))


def _packed(pieces: Iterable[Batch], longest: float) -> Iterator[Batch]:
    """Small pieces together, until the next would be too much."""
    held: list[Batch] = []
    for piece in pieces:
        if held and sum(batch.seconds for batch in held) + piece.seconds > longest:
            yield _joined(held)
            held = []
        held.append(piece)
    if held:
        yield _joined(held)


def _joined(held: list[Batch]) -> Batch:
    points = tuple(point for batch in held for point in batch.points)
    return Batch(points, sum(batch.seconds for batch in held), max(batch.memory for batch in held))


def _memory(spec: Spec, point: int, depths: Float) -> int:
    """Bytes that nets like one point take together, of these depths; those that are no legal net take none:
    they are refused.
    """
    options = spec.point(point)
    nets: list[Drawn] = []
    for depth, count in zip(*np.unique(depths, return_counts=True), strict=True):
        asked = options_given(options) | {"depth": int(depth)}
        try:
            nets += [drawn(options["architecture"], asked)] * int(count)
        except ValueError:
            continue
    layered = [net for net in nets if isinstance(net, Net)]
    apart = max((net.memory for net in nets if not isinstance(net, Net)), default=0)
    return memory_together(layered) if layered else apart
