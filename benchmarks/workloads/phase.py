"""M: the phase diagram, q* and χ₁ on 100 × 100 points of (σ_w², σ_b²)."""

from __future__ import annotations

from benchmarks.workload import OURS, Case, Contender, Limit, Workload

ANEW = f"{OURS}, moments tabulated anew"
TANH = f"{OURS}, tanh"
QUAD = "scipy.integrate.quad, 25 of the points"
SHARE = 25 / 100**2
"""Of the points, that the loop of quadratures is given: all of them would take it minutes."""


def plain(case: Case) -> str:
    """The loop is timed on tanh alone."""
    return "" if case.activation == "tanh" else "timed on tanh alone"


CASES = tuple(
    Case(name, depth=100, width=100, batch=1, activation=text)
    for name, text in (
        *((name, name) for name in ("tanh", "relu", "gelu", "selu", "sin")),
        ("typed", "x*tanh(log(1+exp(x)))"),
    )
)

PHASE = Workload(
    title="M: the phase diagram, q* and χ₁ of 100 × 100 nets",
    cases=CASES,
    quick=tuple(Case(case.name, 10, 10, 1, activation=case.activation) for case in (CASES[0], CASES[2])),
    contenders=(
        Contender(OURS, "benchmarks.peers.phase:ours", threads=(0,)),
        Contender(ANEW, "benchmarks.peers.phase:ours", threads=(0,), options={"anew": True}),
        Contender(TANH, "benchmarks.peers.phase:ours", threads=(0,), options={"activation": "tanh"}),
        Contender(QUAD, "benchmarks.peers.phase:quadratures", threads=(1,), able=plain),
    ),
    limits=(
        # 2,000 times as fast for each point
        Limit("tanh", 1 / (2000 * SHARE), (QUAD,)),
        Limit("tanh", 1 / (2000 * SHARE), (QUAD,), ours=ANEW, stretch=True),
        *(Limit(case.name, 20.0, (TANH,)) for case in CASES[1:]),
    ),
    # the loop stops where q moves by less than 1e-8
    tolerance={"float64": 1e-5},
)
