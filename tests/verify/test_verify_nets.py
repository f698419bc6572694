"""The measurements on nets pass the truth and reject what lies just beyond their tolerance."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp
from flint import arb

from symgrad.errors import InputError
from symgrad.numeric import gradients, length_map
from symgrad.numeric.feedforward import passes as network
from symgrad.symbolic.balls import precision
from symgrad.theory.activations import CORE, kernel
from symgrad.verify import judge, measures_depth, measures_net, nets
from symgrad.verify.exact_net import ExactNet
from symgrad.verify.nets import NetOptions, draw, lives, small_net
from symgrad.verify.oracles import quotients
from tests.verify.claims import BATCH, DOUBLING, LINEAR, RELU, TANH, WIDE, claim, gammas

SCHEDULE: dict[str, Any] = {**LINEAR, "depth": 3}
RATE = {"gamma": gammas("identity", "tanh"), "norm": sp.Rational(9, 10)}


def spoil_engine(monkeypatch, change: Callable[[Any], Any]):
    """The engine as the exact measurements call it, its answer changed."""
    monkeypatch.setattr(measures_net, "gradients", lambda *args: change(gradients(*args)))


def scaled(found, factor, layer=None):
    """Gradients with every tensor, or those of one layer, multiplied."""

    def times(tensors):
        return [t * factor if layer in (None, i) else t for i, t in enumerate(tensors)]

    return dataclasses.replace(found, outputs=times(found.outputs), weights=times(found.weights))


@pytest.mark.parametrize("measure", ["chain-product", "weight-gradient"])
@pytest.mark.parametrize(("error", "outcome"), [(0.99e-10, "PASS"), (1.01e-10, "FAIL"), (-1.01e-10, "FAIL")])
def test_tolerance_on_the_engine(monkeypatch, measure, error, outcome):
    spoil_engine(monkeypatch, lambda found: scaled(found, 1 + error))
    expects = {"gamma": gammas("tanh")} if measure == "weight-gradient" else {}
    assert judge(claim(measure, TANH, **expects)).verdict == outcome


@pytest.mark.parametrize("layer", range(TANH["depth"]))
def test_an_error_in_one_layer_fails(monkeypatch, layer):
    spoil_engine(monkeypatch, lambda found: scaled(found, 1.000001, layer))
    assert judge(claim("chain-product", TANH)).verdict == "FAIL"


@pytest.mark.parametrize("layer", range(1, TANH["depth"] + 1))
@pytest.mark.parametrize("factor", ["weight", "slope"])
def test_a_dropped_factor_fails(monkeypatch, layer, factor):
    """One W_l, or one φ′(a_l), of the product is left out of the engine's backward pass."""
    true = network.backward

    def dropping(layers, covector, **options):
        kept = list(layers)
        ones = np.eye(TANH["width"])[None] if factor == "weight" else np.ones_like(kept[layer - 1].slope)
        kept[layer - 1] = dataclasses.replace(kept[layer - 1], **{factor: ones})
        return true(kept, covector, **options)

    monkeypatch.setattr(network, "backward", dropping)
    verdict = judge(claim("chain-product", TANH))
    assert verdict.verdict == "FAIL"
    assert verdict.margin is not None
    assert verdict.margin < 0


@pytest.mark.parametrize("measure", ["chain-product", "weight-gradient"])
def test_a_compiled_derivative_off_by_a_thousandth_fails(monkeypatch, measure):
    def spoilt(entry):
        true = kernel(entry)

        def slope(a, h, out):
            true.dphi(a, h, out)
            out *= 1.001

        return dataclasses.replace(true, dphi=slope)

    monkeypatch.setattr(measures_net, "kernel", spoilt)
    assert judge(claim(measure, TANH, gamma=gammas("tanh"))).verdict == "FAIL"


def test_bounds_are_measured_without_the_compiled_derivative(monkeypatch):
    """Gradients under a bound, a rate or a slope come out the same when the compiled φ′ is nonsense."""
    bounds = [
        claim("gradient-bound", WIDE, gamma=gammas("tanh")),
        claim("decay-rate", WIDE, **RATE),
        claim("holds", {**WIDE, "sigma_w": 3.0, "bias": 9.0}, gamma=gammas("tanh")),
    ]
    before = [judge(one) for one in bounds]

    def nonsense(entry):
        return dataclasses.replace(kernel(entry), dphi=lambda a, h, out: out.fill(-7.0))

    monkeypatch.setattr(nets, "kernel", nonsense)
    assert [judge(one) for one in bounds] == before
    assert all(verdict.passed for verdict in before)


@pytest.mark.parametrize(
    ("gamma", "outcome"),
    [(sp.S.One, "PASS"), (1 - sp.Rational(1, 10**31), "PASS"), (1 - sp.Rational(1, 10**29), "FAIL")],
)
def test_tolerance_of_the_weights_bound(gamma, outcome):
    """In a linear net the norm of ∂E/∂W_l is γ‖∂E/∂h_l‖‖h_{l−1}‖ exactly."""
    assert judge(claim("weight-gradient", LINEAR, gamma={"identity": gamma})).verdict == outcome


def test_the_weights_gradient_must_be_the_outer_product(monkeypatch):
    true = ExactNet.weight_gradient
    monkeypatch.setattr(
        ExactNet, "weight_gradient", lambda net, layer: [row[::-1] for row in true(net, layer)]
    )
    assert judge(claim("weight-gradient", TANH, gamma=gammas("tanh"))).verdict == "FAIL"


@pytest.mark.parametrize("options", [LINEAR, {**LINEAR, "width": 16}], ids=["exact", "engine"])
@pytest.mark.parametrize("measure", ["gradient-bound", "decay-rate"])
@pytest.mark.parametrize(("gap", "outcome"), [(0, "PASS"), (1e-12, "PASS"), (1e-7, "FAIL"), (1e-3, "FAIL")])
def test_tolerance_of_the_bounds(options, measure, gap, outcome):
    """Orthogonal weights and the identity meet the bound with equality in every layer."""
    expects = {"gamma": {"identity": sp.S.One - sp.Rational(gap)}}
    expects |= {"norm": sp.Rational(9, 10)} if measure == "decay-rate" else {}
    assert judge(claim(measure, options, **expects)).verdict == outcome


@pytest.mark.parametrize(("name", "gamma"), [("tanh", "0.5"), ("sigmoid", "0.2"), ("relu", "0.7")])
@pytest.mark.parametrize("width", [4, 24])
def test_a_gamma_that_is_too_small_fails(name, gamma, width):
    options = {**RELU, "activation": name, "width": width, "sigma_w": 0.05, "sigma_b": 0.0, "bias": 0.1}
    wrong = {name: sp.Rational(gamma)}
    assert judge(claim("weight-gradient", {**options, "width": 4}, gamma=wrong)).verdict == "FAIL"
    if name != "tanh" or width == 4:
        assert judge(claim("gradient-bound", {**options, "depth": 1}, gamma=gammas(name))).passed


def test_gradients_whose_squares_underflow_are_still_measured():
    """sigmoid, 300 layers: about 1e-206 at the front, whose square is 0 in float64."""
    deep = {"activation": "sigmoid", "depth": 300, "width": 12, "sigma_w": 1.0}
    tight = judge(claim("gradient-bound", deep, gamma=gammas("sigmoid")))
    assert tight.passed
    spoilt = {"sigmoid": sp.Rational(1, 10)}
    verdict = judge(claim("gradient-bound", deep, gamma=spoilt))
    assert verdict.verdict == "FAIL"
    assert "h_0" in verdict.evidence


def test_a_dead_net_is_under_every_bound():
    dead = {"activation": "relu", "depth": 4, "width": 3, "bias": -20.0}
    verdict = judge(claim("gradient-bound", dead, gamma=gammas("relu")))
    assert (verdict.verdict, verdict.margin) == ("PASS", 308.0)


def test_nothing_can_be_said_of_nets_that_are_never_differentiable():
    """Weights of 0 without biases put every ReLU at its kink."""
    options = {"activation": "relu", "depth": 2, "width": 2, "sigma_w": 0.0}
    for measure, expects in (("chain-product", {}), ("gradient-bound", {"gamma": gammas("relu")})):
        assert judge(claim(measure, options, **expects)).verdict == "UNDECIDED"


def test_kinks_and_dead_nets_are_avoided():
    options = NetOptions.read({"activation": "relu", "depth": 4, "width": 3})
    for seed in range(5):
        tensors = small_net(options, np.random.default_rng(seed))
        assert tensors is not None
        assert lives(options, tensors)
        pre, _ = tensors.exact(CORE["relu"].phi, 0, 0).layers()
        assert all(a != 0 for layer in pre for a in layer)


@pytest.mark.parametrize(("error", "outcome"), [("1e-31", "PASS"), ("1.1e-30", "FAIL")])
def test_tolerance_of_the_scalar_chain(monkeypatch, error, outcome):

    def spoilt(*args):
        first, *rest = quotients(*args)
        with precision(400):
            return [first * (1 + arb(error)), *rest]

    monkeypatch.setattr(measures_net, "quotients", spoilt)
    assert judge(claim("scalar-chain", {"activation": "silu", "depth": 6})).verdict == outcome


@pytest.mark.parametrize("factor", [1.001, 0.999, -1.0])
def test_a_step_along_another_direction_fails(monkeypatch, factor):
    true = ExactNet.weight_gradient

    def spoilt(net, layer):
        return [[entry * factor for entry in row] for row in true(net, layer)]

    monkeypatch.setattr(ExactNet, "weight_gradient", spoilt)
    assert judge(claim("update-rule", TANH)).verdict == "FAIL"


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({}, "PASS"),
        ({"growth": 2 + sp.Rational(1, 10**9)}, "PASS"),
        ({"growth": 2 + sp.Rational(3, 10**9)}, "FAIL"),
        ({"growth": sp.S.One}, "FAIL"),
        ({"weights": ((2, 0), (0, 2))}, "PASS"),
        ({"weights": ((2, 0), (0, 2)), "input": (1, -1)}, "FAIL"),
        ({"covector": (1, 0)}, "FAIL"),
    ],
)
def test_growth_of_a_given_net(changed, outcome):
    verdict = judge(claim("explodes", {"activation": "relu", "depth": 40}, **{**DOUBLING, **changed}))
    assert verdict.verdict == outcome


def test_growth_of_a_net_with_irrational_numbers():
    """The tanh unit with w = 2 that rests at 4/5: factor 2(1 − 16/25)."""
    rest = sp.Rational(4, 5)
    given = {"weights": ((2,),), "bias": (sp.atanh(rest) - 2 * rest,), "input": (rest,)}
    true = claim("explodes", {"activation": "tanh", "depth": 20}, growth=sp.Rational(18, 25), **given)
    assert judge(true).passed


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        ({**TANH, "sigma_w": 3.0, "bias": 9.0}, "PASS"),
        ({**WIDE, "sigma_w": 2.0, "bias": 9.0}, "PASS"),
        ({**RELU, "sigma_w": 3.0, "bias": -30.0}, "PASS"),
        ({**LINEAR, "sigma_w": 1.5}, "FAIL"),
        ({**LINEAR, "width": 16, "sigma_w": 1.5}, "FAIL"),
        ({**TANH, "sigma_w": 0.1}, "FAIL"),
    ],
)
def test_a_norm_above_the_threshold_need_not_explode(options, outcome):
    """Saturated and switched-off nets hold; linear ones explode; a norm below the threshold shows nothing."""
    assert judge(claim("holds", options, gamma=gammas("tanh", "relu", "identity"))).verdict == outcome


SLOPE: dict[str, Any] = {**WIDE, "width": 64, "depth": 20}


def offset(monkeypatch, by: float):
    """Length maps whose factors are off, so that the predicted slope is off by that much."""

    def spoilt(*args):
        true = length_map(*args)
        return dataclasses.replace(true, ln_factor=true.ln_factor + 2 * by)

    monkeypatch.setattr(measures_depth, "length_map", spoilt)


@pytest.mark.parametrize("by", [0.1, -0.1])
def test_a_wrong_slope_fails(monkeypatch, by):
    assert judge(claim("slope", SLOPE)).passed
    offset(monkeypatch, by)
    assert judge(claim("slope", SLOPE)).verdict == "FAIL"


def test_tolerance_of_the_slope(monkeypatch):
    """A linear net of orthogonal weights has slope exactly 0: what is planted is the whole error."""
    options = {"activation": "identity", "depth": 10, "width": 32, "weights": "orthogonal"}
    offset(monkeypatch, 2.99 / 32)
    assert judge(claim("slope", options)).passed
    offset(monkeypatch, 3.01 / 32)
    assert judge(claim("slope", options)).verdict == "FAIL"


def test_a_slope_that_is_not_known_well_enough_is_undecided():
    verdict = judge(claim("slope", {**SLOPE, "width": 16, "depth": 5}, sigmas=500))
    assert (verdict.verdict, verdict.margin) == ("UNDECIDED", None)


def test_a_slope_of_dead_nets_is_undecided():
    dead = {"activation": "relu", "depth": 5, "width": 16, "bias": -90.0}
    assert judge(claim("slope", dead)).verdict == "UNDECIDED"


@pytest.mark.parametrize(
    ("measure", "options", "expects", "word"),
    [
        ("chain-product", {**TANH, "width": 9}, {}, "width ≤ 8"),
        ("chain-product", {**TANH, "colour": 1}, {}, "colour"),
        ("chain-product", {**TANH, "activation": "nope"}, {}, "nope"),
        ("chain-product", {**TANH, "weights": "zeros"}, {}, "zeros"),
        ("chain-product", {"depth": 3}, {}, "activation"),
        ("weight-gradient", BATCH, {"gamma": gammas("silu")}, "batch"),
        ("gradient-bound", TANH, {"gamma": gammas("relu")}, "tanh"),
        ("decay-rate", TANH, {"gamma": gammas("tanh"), "norm": sp.S(2)}, "below 1"),
        ("slope", {**TANH, "depth": 2}, {}, "depth"),
    ],
)
def test_unusable_nets_are_refused(measure, options, expects, word):
    with pytest.raises(InputError, match=word):
        judge(claim(measure, options, **expects))


def test_orthogonal_and_permuted_weights():
    for law in ("orthogonal", "permutation"):
        options = NetOptions.read({**LINEAR, "weights": law, "sigma_w": sp.sqrt(4)})
        (first, *_) = draw(options, np.random.default_rng(0), 2).weights
        assert np.allclose(first @ first.swapaxes(1, 2), 4 * np.eye(3))
