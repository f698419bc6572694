"""How a measurement is carried out changes nothing in it, and takes the memory that was promised."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from symgrad.numeric import (
    Measurement,
    Net,
    Plan,
    limit_threads,
    ln_bound,
    measure,
    measure_draw,
    measure_together,
    sample,
)
from symgrad.numeric.feedforward.plan import automatic, memory
from symgrad.numeric.threads import blas_threads, cores, thread_map
from tests.numeric.kernels import KERNELS

NETS = {
    "ordinary": ("tanh", Net(9, 12, 4, 5, 1.2, 0.3)),
    "∂E/∂W formed": ("gelu", Net(9, 5, 4, 5, 1.2, 0.3)),
    "vanishes past the edge": ("tanh", Net(150, 12, 4, 5, 0.2, 0.0)),
    "explodes past the edge": ("relu", Net(150, 12, 4, 5, 9.0, 0.1)),
    "vanishes, in float32": ("gelu", Net(90, 12, 4, 5, 0.2, 0.0, dtype="float32")),
    "some seeds die": ("relu", Net(40, 2, 3, 5, 1.0, 0.0)),
    "saturates": ("sigmoid", Net(20, 12, 4, 5, 1e60, 0.0, weights="orthogonal")),
}
PLANS = {
    "one by one": Plan(1, 1),
    "two threads": Plan(2, 2),
    "all in one stack": Plan(5, 1),
    "every layer a checkpoint": Plan(2, 1, segment=1),
    "checkpoints": Plan(3, 2, segment=7),
    "one checkpoint for all": Plan(5, 1, segment=150),
    "weights drawn again": Plan(2, 2, segment=4, redraw=True),
    "weights drawn again, once": Plan(5, 1, redraw=True),
}


def same(one: Measurement, other: Measurement) -> bool:
    """Whether two measurements agree bit for bit."""
    return one.net == other.net and all(
        np.array_equal(value, getattr(other, name)) for name, value in vars(one).items() if name != "net"
    )


@pytest.mark.parametrize("case", NETS)
def test_no_plan_changes_a_bit(case: str) -> None:
    name, net = NETS[case]
    expected = measure(net, KERNELS[name])
    for what, plan in PLANS.items():
        assert same(measure(net, KERNELS[name], plan=plan), expected), what
    draw = sample(net, range(net.seeds))
    plans: list[Plan | None] = [None, Plan(2, 2), Plan(3, 1, segment=7)]
    for chosen in plans:
        assert same(measure_draw(net, KERNELS[name], draw, plan=chosen), expected), chosen


def test_nets_measured_together_are_the_nets_measured_alone() -> None:
    net = Net(12, 8, 3, 3, 1.0, 0.0, seed=4)
    nets = [net, replace(net, sigma_w=2.5), replace(net, depth=5, sigma_b=0.4), replace(net, sigma_w=1e-80)]
    kernels = [KERNELS[name] for name in ("tanh", "gelu", "relu", "identity")]
    together = measure_together(nets, kernels)
    for one, kernel, found in zip(nets, kernels, together, strict=True):
        assert same(found, measure(one, kernel))
    without = measure_together(nets, kernels, norms=False)
    assert all(found.ln_spectral_norm is None for found in without)
    assert np.array_equal(without[2].ln_gradient, together[2].ln_gradient)


def test_nets_that_cannot_be_measured_together_are_named() -> None:
    net = Net(3, 4, 2, 2)
    for name, other in (("width", 5), ("seeds", 3), ("dtype", "float32"), ("weights", "orthogonal")):
        with pytest.raises(ValueError, match=rf"^{name} = [^\n]+: nets measured together have one {name}$"):
            measure_together([net, replace(net, **{name: other})], [KERNELS["tanh"]] * 2)  # type: ignore[arg-type]


def test_norms_that_were_not_asked_for_are_missed_by_name() -> None:
    found = measure(Net(3, 4, 2, 2), KERNELS["tanh"], norms=False)
    with pytest.raises(ValueError, match=r"^the spectral norms were not measured: [^\n]*norms=True$"):
        ln_bound(found, 1.0)
    assert same(replace(found, ln_spectral_norm=None), found)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: replace(d, weights=d.weights[:2]), "2 weights"),
        (lambda d: replace(d, inputs=d.inputs[:, :1]), "covector"),
        (lambda d: replace(d, inputs=d.inputs.astype(np.float32)), "W_1"),
        (lambda d: d.part(range(1)), r"inputs \(1, 2, 4\)"),
    ],
)
def test_a_draw_that_does_not_fit_is_refused(change: Callable[..., object], says: str) -> None:
    net = Net(3, 4, 2, 2)
    with pytest.raises(ValueError, match=rf"^[^\n]*{says}[^\n]*$"):
        measure_draw(net, KERNELS["tanh"], change(sample(net, range(2))))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["stack", "threads", "blas", "segment"])
def test_bad_plans(name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} = 0: legal are whole numbers from 1 on$"):
        replace(Plan(1, 1), **{name: 0})  # type: ignore[arg-type]


def peak(run: Callable[[], object]) -> int:
    """Bytes at the peak of a call, beyond what was there before it."""
    run()
    tracemalloc.start()
    run()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def test_beyond_the_weights_there_is_one_stored_array_a_layer() -> None:
    """φ′(a_l), B × N, and a Gram matrix, B × B; whatever else there is does not grow: three buffers for a
    block of layers, of a quarter of a MiB each."""
    width, batch = 96, 24
    shallow, deep = 40, 240

    def used(depth: int) -> int:
        net = Net(depth, width, batch, 1)
        draw = sample(net, range(1), norms=False)
        return peak(lambda: measure_draw(net, KERNELS["tanh"], draw))

    found = [used(shallow), used(deep)]
    stored = 8 * batch * (width + batch)
    assert found[1] - found[0] < 1.15 * (deep - shallow) * stored
    assert found[0] < shallow * stored + 3 * (2**18 + 8 * batch * width) + 12 * 8 * batch * width + 200_000


def test_checkpoints_grow_with_the_root_of_the_depth() -> None:
    def used(depth: int) -> int:
        net = Net(depth, 64, 32, 1)
        draw, plan = sample(net, range(1), norms=False), Plan(1, 1, segment=math.isqrt(depth))
        return peak(lambda: measure_draw(net, KERNELS["tanh"], draw, plan=plan))

    found = [used(100), used(900)]
    assert found[1] < 3.6 * found[0]
    assert found[1] < 0.2 * 900 * 8 * 32 * 64


def test_weights_drawn_again_are_not_kept() -> None:
    net = Net(256, 48, 2, 1, seed=5)
    plan = Plan(1, 1, segment=16, redraw=True)
    used = peak(lambda: measure(net, KERNELS["tanh"], norms=False, plan=plan))
    assert used < 0.2 * 256 * 48 * 48 * 8
    assert 0.5 * memory(net, plan) < used < 1.1 * memory(net, plan)


def test_the_automatic_plan_gives_way_step_by_step() -> None:
    """All is kept; then the activations of √depth layers; then their weights alone."""
    small, wide, deep = Net(30, 64, 16, 16), Net(3000, 64, 1500, 1), Net(10_000, 192, 32, 1)
    assert automatic(small).segment is None
    assert automatic(wide).segment == 55 and not automatic(wide).redraw
    assert automatic(deep).segment == 100 and automatic(deep).redraw
    assert deep.memory < 2**27 < 10_000 * 192**2 * 8


def test_threads_are_limited() -> None:
    try:
        limit_threads(1)
        assert cores() == 1 and Net().plan.threads == 1
        with blas_threads(3):
            assert _blas() == {1}
        limit_threads(3)
        assert cores() == 3 and Net().plan.threads <= 3
    finally:
        limit_threads(None)
    for bad in (0, -1, 1.5, "two"):
        with pytest.raises(ValueError, match=r"^threads = [^\n]*legal are whole numbers from 1 on$"):
            limit_threads(bad)  # type: ignore[arg-type]


def _blas() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_both_blas_pools_are_limited_and_the_smallest_caller_holds() -> None:
    import scipy.linalg

    assert scipy.linalg
    pools = [pool["filepath"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    assert any("scipy.libs" in path or "numpy" not in path for path in pools) or len(pools) == 1
    try:
        limit_threads(2)
        with threadpool_limits(2, user_api="blas"):
            with blas_threads(2):
                assert _blas() == {2}
                assert thread_map(lambda _: tuple(_blas()), [1, 2], 2) == [(1,), (1,)]
                assert _blas() == {2}
            assert _blas() == {2}
    finally:
        limit_threads(None)
