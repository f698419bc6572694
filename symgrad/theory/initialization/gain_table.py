"""What the gain table that the frameworks share preserves, at q = 1 and where nets settle."""

from __future__ import annotations

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Prose, Source, Step, prove
from symgrad.symbolic.gaussian.moments import VARIANCE, closed_second_moment
from symgrad.symbolic.letters import x
from symgrad.symbolic.notation import Mean
from symgrad.symbolic.number import BITS, Number
from symgrad.theory.activations import CORE
from symgrad.theory.entry import Body, derivation
from symgrad.theory.initialization.audit import Audited, audited, digits
from symgrad.theory.initialization.gains import gains

Z = sp.Symbol("z", real=True)
RESTING = sp.Symbol("q^*", positive=True)
"""Where the variance settles."""
WIDTH, DEEP = 128, 12
MEASURED = ("sigmoid", "tanh", "relu", "selu")


@derivation("gain-table", "What the common gain table preserves", "initialization")
def gain_table() -> Body:
    """g² E φ(z)² and g² E φ′(z)² at q = 1 and at the fixed point: three entries keep both anywhere; with
    tanh's the gradient grows, with sigmoid's it vanishes, with SELU's the variance falls to 0.023.
    """
    rows = audited()
    kept = [found for found in rows if found.forward.exact == found.backward.exact == 1]
    return Body(
        summary=(
            (
                "Three of the six common gains keep mean squares at every variance; with tanh's the gradient "
                "grows, with sigmoid's it vanishes, and with SELU's the variance itself nearly does."
            ),
        ),
        assumptions=_ASSUMPTIONS,
        steps=(
            *(_step(found) for found in rows),
            _any_slope(),
            *(_fixed_point(found) for found in rows if found.settled.q is not None),
        ),
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
            *(_deep(found) for found in rows if found.settled.q is not None),
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


def _fixed_point(found: Audited) -> Step:
    """Where the variance settles, and the factor of the gradient there."""
    row, settled = found.row, found.settled
    assert settled.q is not None
    at = sp.sqrt(RESTING) * Z
    function, slope = (sp.Function(name) for name in (row.written, f"{row.written}'"))
    relation = _relation(row.gain**2 * Mean(slope(at) ** 2), settled.chi1)
    return prove(
        sp.And(
            sp.Eq(row.gain**2 * Mean(function(at) ** 2), RESTING, evaluate=False), relation, evaluate=False
        ),
        (
            f"{row.label}: a deep net without biases settles at ",
            RESTING,
            f" = {digits(settled.q)}, and the mean squared gradient takes {digits(settled.chi1)} a layer",
        ),
        lambda: (
            _holds([relation], [settled.chi1]) + "; the fixed point by a sign change between two rationals"
        ),
        rule="fixed point",
    )


def _deep(found: Audited) -> Claim:
    """The same on deep nets whose first pre-activations have the variance of the fixed point."""
    row, settled = found.row, found.settled
    assert settled.q is not None
    return Claim(
        f"gain-table/{row.activation.replace('_', '-')}-settled",
        (
            (
                f"a deep {row.activation} net with the table's gain keeps the variance {digits(settled.q)} "
                f"and multiplies its mean squared gradient by {digits(settled.chi1)} a layer, to 4 %"
            ),
        ),
        "layer-moments",
        expects={
            "q": settled.q.value,
            "forward": {row.activation: sp.S.One},
            "backward": {row.activation: settled.chi1.value},
        },
        nets=({"activation": row.activation, "depth": DEEP, "width": WIDTH, "sigma_w": row.gain},),
        scope="mean",
        regime="infinite width",
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
    return f"Gaussian moments, {' and '.join(grades)}"


def _conclusion(kept: list[Audited]) -> str:
    names = {found.row.activation for found in kept}
    if names != {"identity", "relu", "leaky_relu"}:
        raise RefutedError(f"the entries that keep both are {sorted(names)}")
    if names != {found.row.activation for found in audited() if found.settled.q is None}:
        raise RefutedError("an entry that keeps both does not do so at every variance")
    return "the moments of every entry above; only identity, ReLU, leaky ReLU give exactly 1 twice"


def _decimals(name: str) -> str:
    found = gains(CORE[name])
    return (
        " forwards and ".join(f"{float(n.value.mid()):.6f}" for n in (found.forward, found.backward))
        + " backwards"
    )
