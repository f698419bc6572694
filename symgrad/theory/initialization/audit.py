"""The gain table that the frameworks share, held against what each of its entries preserves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from symgrad.errors import InputError, RefutedError
from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Prose, Source, Step, prove
from symgrad.symbolic.gaussian.moments import VARIANCE, closed_second_moment
from symgrad.symbolic.letters import x
from symgrad.symbolic.notation import Mean
from symgrad.symbolic.number import BITS, Number
from symgrad.theory.activations import CORE
from symgrad.theory.entry import Body, derivation
from symgrad.theory.initialization.gains import gains
from symgrad.theory.simulation import simulate

__all__ = ["GAIN_TABLE", "Audited", "Curve", "Row", "audited", "curves"]

Z = sp.Symbol("z", real=True)
WIDTH = 128
MEASURED = ("sigmoid", "tanh", "relu", "selu")


@dataclass(frozen=True)
class Row:
    """A row of the common table: the name it has there, the activation meant, the gain, a name for
    formulas."""

    label: str
    activation: str
    gain: sp.Expr
    written: str


GAIN_TABLE: tuple[Row, ...] = (
    Row("linear, conv", "identity", sp.S.One, "id"),
    Row("sigmoid", "sigmoid", sp.S.One, "sigma"),
    Row("tanh", "tanh", sp.Rational(5, 3), "tanh"),
    Row("relu", "relu", sp.sqrt(2), "ReLU"),
    Row("leaky_relu, slope 1/100", "leaky_relu", sp.sqrt(2 / (1 + sp.Rational(1, 100) ** 2)), "LeakyReLU"),
    Row("selu", "selu", sp.Rational(3, 4), "SELU"),
)
"""torch.nn.init.calculate_gain, all of it; other frameworks copy it."""


@dataclass(frozen=True)
class Audited:
    """What an entry does to mean squares at q = 1: `forward` g² E φ(z)², `backward` g² E φ′(z)²."""

    row: Row
    forward: Number
    backward: Number

    @property
    def verdict(self) -> str:
        """One clause."""
        ways = [(_word(self.forward), "the variance"), (_word(self.backward), "the gradient")]
        if ways[0][0] == ways[1][0]:
            return f"{ways[0][0]} both"
        return ", ".join(f"{word} {what}" for word, what in ways)


def _word(factor: Number) -> str:
    return "keeps" if factor.exact == 1 else "raises" if factor.value > 1 else "shrinks"


@cache
def audited() -> tuple[Audited, ...]:
    """Every entry of the table at q = 1, exact or enclosed to thirty digits."""
    return tuple(Audited(row, *gains(CORE[row.activation]).factors(row.gain**2)) for row in GAIN_TABLE)


@dataclass(frozen=True)
class Curve:
    """One net: what its gain is meant to keep, σ_w, σ_b, and by layer log10 of the mean squared
    pre-activation and of the mean squared gradient over that of the last layer, medians over seeds,
    (L,)."""

    name: str
    sigma_w: float
    sigma_b: float
    log10_variance: np.ndarray
    log10_gradient: np.ndarray


def curves(name: str, **options: Any) -> tuple[Curve, ...]:
    """Nets of one activation of the table: with the table's gain, and with the gains that keep the
    variance or the gradient (with the biases that hold q = 1, where there are any). Inputs have mean
    square 1. Raises `InputError` for an activation that is not in the table, or an option that `simulate`
    does not know.
    """
    chosen = next((row for row in GAIN_TABLE if row.activation == name), None)
    if chosen is None:
        legal = ", ".join(row.activation for row in GAIN_TABLE)
        raise InputError(f"activation {name!r} is not in the gain table (legal: {legal})")
    found = gains(CORE[name])
    bias = found.bias_variance
    held = 0.0 if bias is None else max(float(bias.value.mid()), 0.0) ** 0.5
    scales = {
        "table's gain": (float(chosen.gain), 0.0),
        "keeps the variance": (float(found.keeping.value.mid()), 0.0),
        "keeps the gradient": (float(found.backward.value.mid()), held),
    }
    return tuple(_curve(name, says, *pair, options) for says, pair in scales.items())


def _curve(name: str, says: str, sigma_w: float, sigma_b: float, options: Mapping[str, Any]) -> Curve:
    measured = simulate(CORE[name], {**options, "sigma_w": sigma_w, "sigma_b": sigma_b}).measured
    gradient = measured.ln_gradient - measured.ln_gradient[:, -1:]
    logs = (2 * np.median(part, axis=0) / np.log(10) for part in (measured.ln_preactivation_rms, gradient))
    return Curve(says, sigma_w, sigma_b, *logs)


@derivation("gain-table", "What the common gain table preserves", "initialization")
def gain_table() -> Body:
    """g² E φ(z)² and g² E φ′(z)² at q = 1 for each entry: three keep both, tanh raises both, two shrink."""
    rows = audited()
    kept = [found for found in rows if found.forward.exact == found.backward.exact == 1]
    return Body(
        summary=(
            "Three of the six common gains keep mean squares at q = 1; tanh's raises them, two shrink them.",
        ),
        assumptions=_ASSUMPTIONS,
        steps=(*(_step(found) for found in rows), _any_slope()),
        conclusion=prove(
            sp.Gt(sp.Rational(25, 9) * Mean(sp.Function("tanh")(Z) ** 2), 1, evaluate=False),
            (
                "so nets initialised by the table's tanh entry do not stay at ",
                sp.Eq(sp.Symbol("q"), 1, evaluate=False),
                "; the gains that keep it are ",
                _decimals("tanh"),
                " for tanh, and for SELU exactly 1 forwards",
            ),
            lambda: _conclusion(kept),
        ),
        sources=(
            Source("paszke2019", "torch.nn.init.calculate_gain"),
            Source("he2015", "eq 15"),
            Source("klambauer2017", "eq 2"),
        ),
        claims=(
            Claim(
                "gain-table/factors",
                (f"wide layers multiply the mean squares by the factors found, to 4 % at width {WIDTH}",),
                "layer-moments",
                expects={
                    "q": sp.S.One,
                    "forward": {found.row.activation: found.forward.value for found in rows},
                    "backward": {found.row.activation: found.backward.value for found in rows},
                },
                nets=tuple(
                    {
                        "activation": found.row.activation,
                        "depth": 2,
                        "width": WIDTH,
                        "sigma_w": found.row.gain,
                    }
                    for found in rows
                    if found.row.activation in MEASURED
                ),
                scope="mean",
                regime="infinite width",
            ),
        ),
        proof="certified",
        picture={"verb": "audit", "activation": "tanh"},
    )


_ASSUMPTIONS: tuple[Prose, ...] = (
    ("weights of variance g²/fan-in, no biases: the table knows none",),
    ("a wide layer whose pre-activations have variance 1, so that ", Z, " is a standard Gaussian"),
)


def _step(found: Audited) -> Step:
    """Both factors of one entry as a statement, their decimals in the reason."""
    row = found.row
    function, slope = (sp.Function(name) for name in (row.written, f"{row.written}'"))
    moments = (row.gain**2 * Mean(f(Z) ** 2) for f in (function, slope))
    sides = tuple(zip(moments, (found.forward, found.backward), strict=True))
    relations = [_relation(left, number) for left, number in sides]
    decimals = " and ".join(number.enclosure().decimal[:8].rstrip("0").rstrip(".") for _, number in sides)
    return prove(
        sp.And(*relations, evaluate=False),
        (f"{row.label}, gain ", row.gain, f": the factors are {decimals}, it {found.verdict}"),
        lambda: _holds(relations, [number for _, number in sides]),
        rule=row.label,
    )


def _any_slope() -> Step:
    """Leaky ReLU with the slope left open: each side has half of the Gaussian's mass."""
    slope = sp.Symbol("a", positive=True)
    entry = CORE["leaky_relu"]
    (own,) = entry.parameters

    def halved() -> str:
        for order in (0, 1):
            moment = closed_second_moment(entry.expression, order, x, sp.S.One, entry.parameters)
            if moment is None:
                raise RefutedError("no closed form for the leaky ReLU")
            prove_equal(moment.xreplace({VARIANCE: sp.S.One, own: slope}), (1 + slope**2) / 2)
        prove_equal(2 / (1 + slope**2) * (1 + slope**2) / 2, sp.S.One)
        return "both moments in closed form, times the gain squared"

    halves = sp.Add(sp.Rational(1, 2), slope**2 / 2, evaluate=False)
    return prove(
        sp.Eq(sp.Mul(2 / (1 + slope**2), halves, evaluate=False), 1, evaluate=False),
        ("leaky_relu for any slope ", slope, ": one side brings 1/2, the other ", slope**2 / 2, ", twice"),
        halved,
        rule="any slope",
    )


def _relation(left: sp.Expr, number: Number) -> sp.Basic:
    if number.exact == 1:
        return sp.Eq(left, 1, evaluate=False)
    return (sp.Gt if number.value > 1 else sp.Lt)(left, 1, evaluate=False)


def _holds(relations: list[sp.Basic], numbers: list[Number]) -> str:
    for relation, number in zip(relations, numbers, strict=True):
        with precision(BITS):
            value = number.value if number.exact is None else ball(number.exact)
        equal = isinstance(relation, sp.Eq)
        if equal != (number.exact == 1) or (
            not equal and not (value > 1 if isinstance(relation, sp.Gt) else value < 1)
        ):
            raise RefutedError(f"{relation} does not hold")
    grades = sorted({number.proof for number in numbers})
    return f"Gaussian moments, {' and '.join(grades)}, to thirty digits"


def _conclusion(kept: list[Audited]) -> str:
    names = {found.row.activation for found in kept}
    if names != {"identity", "relu", "leaky_relu"}:
        raise RefutedError(f"the entries that keep both are {sorted(names)}")
    return "the moments of every entry above; only identity, ReLU and leaky ReLU give exactly 1 twice"


def _decimals(name: str) -> str:
    found = gains(CORE[name])
    return (
        " forwards and ".join(f"{float(n.value.mid()):.6f}" for n in (found.forward, found.backward))
        + " backwards"
    )
