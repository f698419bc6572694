"""The measure of mean squares must reject what is just above its tolerance, and say when it cannot tell."""

import pytest
import sympy as sp

from symgrad.errors import InputError
from symgrad.verify import judge
from tests.verify.claims import claim

LINEAR = {"activation": "identity", "depth": 2, "width": 96}
"""Its factors are σ_w² in both directions, whatever the width."""


def factors(net, forward, backward, q=1):
    expects = {"q": q, "forward": {net["activation"]: forward}, "backward": {net["activation"]: backward}}
    return judge(claim("layer-moments", net, **expects))


@pytest.mark.parametrize(("sigma", "q"), [(sp.Rational(1, 2), 9), (sp.Rational(3, 2), sp.Rational(1, 4))])
def test_a_linear_layer_multiplies_by_the_variance_of_its_weights(sigma, q):
    assert factors({**LINEAR, "sigma_w": sigma}, sigma**2, sigma**2, q).passed


def test_biases_add_their_variance():
    net = {**LINEAR, "sigma_w": 0.5, "sigma_b": 0.5}
    assert factors(net, sp.Rational(1, 2), sp.Rational(1, 4)).passed  # q = 1: 1/4 + 1/4


@pytest.mark.parametrize("error", [0.08, -0.08])
@pytest.mark.parametrize("way", [0, 1])
def test_twice_the_tolerance_fails(way, error):
    expected = [1.0, 1.0]
    expected[way] *= 1 + error
    verdict = factors(LINEAR, *expected)
    assert verdict.verdict == "FAIL", verdict


@pytest.mark.parametrize("way", [0, 1])
def test_just_above_the_tolerance_is_not_green(way):
    expected = [1.0, 1.0]
    expected[way] *= 1.05
    assert not factors(LINEAR, *expected).passed


def test_too_narrow_a_net_is_undecided():
    assert factors({**LINEAR, "width": 2}, 1, 1).verdict == "UNDECIDED"


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(InputError, match="depth 1"):
        factors({**LINEAR, "depth": 1}, 1, 1)
    with pytest.raises(InputError, match="leaves no room"):
        factors({**LINEAR, "sigma_b": 2.0}, 1, 1)
