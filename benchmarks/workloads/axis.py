"""A sweep over σ_w that draws each layer once for all σ_w, against one that draws anew for each."""

from __future__ import annotations

import numpy as np

from benchmarks.workload import OURS, Case, Contender, Limit, Results, Workload

ANEW = "drawn anew for each σ_w"


def statistics(ours: Results, theirs: Results, faint: bool) -> float:
    """The largest difference of the mean over seeds of ln ‖∂E/∂h_1‖ at a σ_w, in standard errors of it,
    over 5: the draws differ, what they are drawn from does not."""
    left, right = (found["ln_gradient"][:, :, 0] for found in (ours, theirs))
    error = np.sqrt((left.var(axis=1, ddof=1) + right.var(axis=1, ddof=1)) / left.shape[1])
    return float(np.max(np.abs(left.mean(axis=1) - right.mean(axis=1)) / error) / 5)


BASE = Case("N=256, B=16, 16 seeds, float64", depth=50, width=256, batch=16, seeds=16)
"""Its draws do not fit into the engine's memo, or the sweep that draws anew would find them there."""

AXIS = Workload(
    title="Sweep over eight σ_w from 0.6 to 2, L=50, with the norms of the weights",
    cases=(BASE,),
    quick=(Case("tiny", depth=3, width=8, batch=4, seeds=16),),
    contenders=(
        Contender(OURS, "benchmarks.peers.ours:swept_together", threads=(0,), options={"norms": True}),
        Contender(ANEW, "benchmarks.peers.ours:swept_anew", threads=(0,), options={"norms": True}),
    ),
    limits=(Limit(BASE.name, 0.5, (ANEW,)),),
    tolerance={"float64": 1.0},
    difference=statistics,
)
