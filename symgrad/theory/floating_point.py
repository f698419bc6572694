"""Where the shrinking product leaves floating point: the reason why symgrad keeps logarithms."""

from dataclasses import dataclass

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.theory.entry import Body, derivation

FACTOR = sp.Rational(1, 4)
DEPTH = sp.Symbol("L", integer=True, positive=True)


@dataclass(frozen=True)
class Format:
    """A binary format: smallest normal 2^normal, smallest subnormal 2^subnormal."""

    name: str
    normal: int
    subnormal: int

    def last_normal(self, factor: sp.Rational) -> int:
        """The largest L with factorᴸ ≥ 2^normal."""
        return int(sp.floor(self.normal * sp.log(2) / sp.log(factor)))

    def first_zero(self, factor: sp.Rational) -> int:
        """The smallest L whose factorᴸ rounds to 0: at most half the smallest subnormal (the tie goes to the
        even 0).
        """
        return int(sp.ceiling((self.subnormal - 1) * sp.log(2) / sp.log(factor)))


FORMATS = (Format("float16", -14, -24), Format("float32", -126, -149), Format("float64", -1022, -1074))


@derivation(
    "float-floor",
    "In floating point the sigmoid's bound is exactly zero after a few dozen layers",
    "arithmetic",
)
def float_floor() -> Body:
    """4⁻ᴸ is the smallest normal float32 at L = 63 and rounds to 0 from L = 75 on; float16: 7 and 13."""
    steps = []
    for form in FORMATS:
        last, zero = form.last_normal(FACTOR), form.first_zero(FACTOR)

        def normal(form: Format = form, last: int = last) -> str:
            floor = sp.Integer(2) ** form.normal
            if not (FACTOR**last >= floor > FACTOR ** (last + 1)):
                raise RefutedError(f"{last} is not the last normal depth")
            return "exact rational comparison at this depth and the next"

        def vanishes(form: Format = form, zero: int = zero) -> str:
            half = sp.Integer(2) ** (form.subnormal - 1)
            if not (FACTOR**zero <= half < FACTOR ** (zero - 1)):
                raise RefutedError(f"{zero} is not the first depth that rounds to zero")
            return "exact rational comparison at this depth and the one before"

        floor = sp.Pow(2, form.normal, evaluate=False)
        tiny = sp.Pow(2, form.subnormal, evaluate=False)
        steps += [
            prove(
                sp.Ge(sp.Pow(4, -last, evaluate=False), floor, evaluate=False),
                (
                    f"{form.name}: the bound is a normal number up to depth ",
                    sp.Integer(last),
                    "; the smallest normal number is ",
                    floor,
                ),
                normal,
                rule=form.name,
            ),
            prove(
                sp.Le(
                    sp.Pow(4, -zero, evaluate=False),
                    sp.Pow(2, form.subnormal - 1, evaluate=False),
                    evaluate=False,
                ),
                (
                    f"{form.name}: from depth ",
                    sp.Integer(zero),
                    " on it is at most half the smallest positive number ",
                    tiny,
                    " and rounds to zero",
                ),
                vanishes,
                rule=form.name,
            ),
        ]
    conclusion = prove(
        sp.Eq(sp.log(sp.Pow(4, -DEPTH, evaluate=False)), -DEPTH * sp.log(4), evaluate=False),
        ("the logarithm of the product is an ordinary number at every depth: symgrad carries it instead",),
        lambda: prove_equal(sp.expand_log(sp.log(4**-DEPTH)), -DEPTH * sp.log(4)),
    )
    return Body(
        summary=("A gradient that shrinks by 1/4 a layer is not just small: a computer stores it as zero.",),
        assumptions=(
            ("IEEE 754 binary formats, rounding to the nearest, ties to even",),
            ("each layer multiplies by ", FACTOR),
        ),
        steps=tuple(steps),
        conclusion=conclusion,
        sources=(Source("ieee754", "section 3.6"), Source("goldberg1991", "section 2")),
        picture={"verb": "decay", "names": ["sigmoid"], "depth": 80},
        claims=tuple(
            Claim(
                f"float-floor/{form.name}",
                (
                    (
                        f"repeated multiplication in {form.name} leaves the normal numbers and reaches "
                        f"zero at these depths"
                    ),
                ),
                "float-floor",
                expects={
                    "factor": FACTOR,
                    "format": form.name,
                    "last_normal": form.last_normal(FACTOR),
                    "first_zero": form.first_zero(FACTOR),
                },
            )
            for form in FORMATS
        ),
    )
