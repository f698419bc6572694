"""The adviser: every activation gets numbers or words, and what is predicted is what nets do.

Ratios of PyTorch's gradients, in nets that the code handed out has initialised, are in
tests/present/test_initialization_nets.py.
"""

from __future__ import annotations

import math
from functools import cache

import mpmath as mp
import numpy as np
import pytest

from symgrad.errors import InputError
from symgrad.numeric import Net
from symgrad.theory.activations import ACTIVATIONS, CORE, activation
from symgrad.theory.initialization.advice import Advice, Row, advise, wide_ratio
from symgrad.theory.initialization.audit import GAIN_TABLE
from symgrad.theory.initialization.edge import doubly_critical, edge_of_chaos
from symgrad.theory.initialization.gains import gains
from symgrad.theory.initialization.schemes import SCHEMES, Layers, Scales, schemes

FEW = ("identity", "gelu", "square", "exponential", "where(x < 0, x, x + 1)", "exp(x^2)")
REST = [*(name for name in ACTIVATIONS if name not in FEW), "sqrt(|x|)"]
MEASURED = ("tanh", "relu", "selu", "sigmoid", "erf", "softplus")
NARROW = Net(depth=5, width=12, batch=2, seeds=2)


@cache
def advised(name: str) -> Advice:
    return advise(activation(name), Net(depth=16, width=64, batch=4, seeds=12, seed=3))


def told(name: str) -> None:
    """Numbers, or words where there are none; never NaN."""
    found = advise(activation(name), NARROW)
    assert [row.scheme.key for row in found.rows] == [scheme.key for scheme in SCHEMES]
    for row in found.rows:
        numbers = (row.mean, row.sd, row.signal, row.median)
        assert not any(number is not None and math.isnan(number) for number in numbers)
        if None in (row.scales, *numbers) or row.doubtful:
            assert row.why
            assert "nan" not in row.why.lower().split()
    for text in (found.finding(), found.reason()):
        assert text.endswith(".")
        assert "nan" not in text
        assert "None" not in text


@pytest.mark.parametrize("name", FEW)
def test_numbers_or_words(name: str) -> None:
    told(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", REST)
def test_numbers_or_words_for_every_activation(name: str) -> None:
    told(name)


def trusted(name: str) -> list[Row]:
    return [row for row in advised(name).rows if row.band and row.measured is not None and not row.doubtful]


@pytest.mark.parametrize("name", MEASURED)
def test_nets_lie_in_the_band_and_a_shifted_one_misses_them(name: str) -> None:
    """The median of every scheme; a prediction that is wrong by three half-widths contains none."""
    rows = trusted(name)
    assert len(rows) >= 4
    for row in rows:
        assert row.inside, (row.scheme.key, row.band, row.median)
        assert row.mean is not None
        assert row.sd is not None
        half, median = (row.band[1] - row.band[0]) / 2 if row.band else 0.0, row.median or 0.0
        assert half <= 3 * row.sd
        assert abs(median - (row.mean + 3 * half)) > half
        assert abs(median - (row.mean - 3 * half)) > half


def test_single_nets_lie_in_the_band_too() -> None:
    """The band is of one net: 99 in 100 of all nets lie in theirs, but for what first order leaves."""
    within, count = 0, 0
    for name in MEASURED:
        rows = {row.scales: row for row in trusted(name)}.values()
        for row in rows:
            assert row.measured is not None
            assert row.band is not None
            within += int(
                np.count_nonzero(abs(row.measured - sum(row.band) / 2) <= row.band[1] - sum(row.band) / 2)
            )
            count += len(row.measured)
    assert count > 300
    assert within >= 0.96 * count


def test_the_wide_ratio_against_mpmath() -> None:
    """½ (Σ ln χ_l − ln E φ²) along the length map of tanh, by quadrature in thirty digits."""
    depth, scales = 5, Scales(1.7, 0.05)
    with mp.workdps(20):

        def mean(f: object, q: mp.mpf) -> mp.mpf:
            return mp.quad(lambda z: f(mp.sqrt(q) * z) * mp.npdf(z), mp.linspace(-9, 9, 10))  # type: ignore[operator]

        q, total, before = mp.mpf(scales.sigma_w2 + scales.sigma_b2), mp.mpf(0), mp.mpf(1)
        first = q
        for layer in range(1, depth + 1):
            if layer < depth:
                total += mp.log(scales.sigma_w2 * mean(lambda x: mp.sech(x) ** 4, q))
                before = mean(lambda x: mp.tanh(x) ** 2, q)
                q = scales.sigma_w2 * before + scales.sigma_b2
        expected = (total - mp.log(before)) / 2 / mp.log(10), mp.log(q / first) / 2 / mp.log(10)
    found = wide_ratio(Layers(CORE["tanh"], 8).kernel, scales, depth)
    assert found == pytest.approx([float(value) for value in expected], rel=1e-10)


def test_scales_of_the_schemes() -> None:
    found = {scheme.key: scales for scheme, scales, _ in schemes(Layers(CORE["tanh"], 100))}
    moments = gains(CORE["tanh"])
    assert found["lecun"] == found["glorot"] == Scales(1.0)
    assert found["he"] == Scales(2.0)
    assert found["uniform"] == Scales(1 / 3, 1 / 300)
    assert found["table"] == Scales(25 / 9)
    assert found["critical"] is not None
    assert found["critical"].sigma_w2 == pytest.approx(1.0, rel=1e-9)
    for key, number in (("forward", moments.forward), ("backward", moments.backward)):
        scales = found[key]
        assert scales is not None
        assert scales.sigma_w2 == pytest.approx(float(number.value.mid()) ** 2, rel=1e-12)
    assert found["backward"] is not None
    assert moments.bias_variance is not None
    assert found["backward"].sigma_b2 == pytest.approx(float(moments.bias_variance.value.mid()), rel=1e-11)
    relu = {scheme.key: scales for scheme, scales, _ in schemes(Layers(CORE["relu"], 100))}
    for key in ("he", "table", "forward", "backward", "critical", "orthogonal"):
        scales = relu[key]
        assert scales is not None
        assert (scales.sigma_w2, scales.sigma_b2) == pytest.approx((2.0, 0.0), rel=1e-9)


def test_the_edge_at_other_biases() -> None:
    """theory.md: tanh with σ_b² = 0.05 is critical at σ_w² = 1.76095464."""
    found = {scheme.key: scales for scheme, scales, _ in schemes(Layers(CORE["tanh"], 100, 0.05))}
    for key in ("critical", "orthogonal"):
        scales = found[key]
        assert scales is not None
        assert (scales.sigma_w2, scales.sigma_b2) == pytest.approx((1.76095464, 0.05), rel=1e-8)


def test_where_both_conditions_meet() -> None:
    """theory.md: GELU at K* = (3 + √17)/2."""
    scale, biases, q = doubly_critical(Layers(CORE["gelu"], 1).kernel)
    assert (scale, biases) == pytest.approx((1.98305826, 0.17292239), rel=1e-8)
    assert q == pytest.approx((3 + math.sqrt(17)) / 2, rel=1e-10)
    for name, words in (("tanh", "no fixed point q > 0"), ("relu", "at every q"), ("sigmoid", "no fixed")):
        with pytest.raises(ValueError, match=words):
            doubly_critical(Layers(CORE[name], 1).kernel)


def test_the_edge_against_the_erf_line() -> None:
    """theory.md, Williams 1997: σ_w² = (π/4) √(1 + 4q), q its fixed point."""
    for sigma_b2 in (0.01, 0.3, 2.0):
        scale, q = edge_of_chaos(Layers(CORE["erf"], 1).kernel, sigma_b2)
        assert scale == pytest.approx(math.pi / 4 * math.sqrt(1 + 4 * q), rel=1e-10)
        assert q == pytest.approx(scale * 2 / math.pi * math.asin(2 * q / (1 + 2 * q)) + sigma_b2, rel=1e-10)
    for name, expected in (("tanh", 1.0), ("relu", 2.0), ("gelu", 4.0), ("identity", 1.0)):
        assert edge_of_chaos(Layers(CORE[name], 1).kernel)[0] == pytest.approx(expected, rel=1e-10)
    with pytest.raises(ValueError, match="negative at every q"):
        edge_of_chaos(Layers(CORE["softplus"], 1).kernel)


def test_the_table_of_the_frameworks_is_met_by_any_writing() -> None:
    for row in GAIN_TABLE:
        entry = CORE[row.activation]
        found = {scheme.key: scales for scheme, scales, _ in schemes(Layers(entry, 10))}
        assert found["table"] == Scales(float(row.gain**2))
    for text in ("tanh(x/2)", "gelu"):
        found = {scheme.key: scales for scheme, scales, _ in schemes(Layers(activation(text), 10))}
        assert found["table"] is None


def test_what_is_recommended() -> None:
    """The signal counts: any scale keeps ReLU's ratio, but LeCun's lets everything fade."""
    relu = advised("relu")
    faded = {row.scheme.key for row in relu.rows if row.scales and not row.holds}
    assert faded == {"lecun", "glorot"}
    assert relu.carried
    for name in ("tanh", "erf"):
        best = advised(name).recommended
        assert best is not None
        assert best.scheme.key == "orthogonal"
    gated = advise(CORE["silu"], Net(depth=40, width=64, batch=1, seeds=1))
    assert gated.recommended is not None
    assert gated.recommended.scheme.key == "orthogonal-double"
    lost = advise(activation("square"), Net(depth=30, width=32, batch=1, seeds=1))
    assert not lost.carried
    assert not lost.has_edge
    assert "no scale of the weights is at the edge of chaos" in lost.reason()
    assert "No standard scheme carries" in lost.finding()


def test_one_layer_has_ratio_one() -> None:
    found = advise(CORE["tanh"], Net(depth=1, width=8, batch=2, seeds=2))
    for row in found.rows:
        assert row.scales is None or (row.mean, row.median, row.sd) == (0.0, 0.0, 0.0)


def test_nets_too_large_to_measure_are_still_predicted() -> None:
    found = advise(CORE["tanh"], Net(depth=20, width=5600, batch=1, seeds=1))
    rows = [row for row in found.rows if row.scales]
    assert all(row.measured is None and "take minutes" in row.why for row in rows)
    assert all(row.mean is not None for row in rows)


def test_a_function_on_half_of_the_line_is_refused() -> None:
    with pytest.raises(InputError, match=r"defined on \(0, oo\) only"):
        advise(activation("log(x)"), NARROW)
