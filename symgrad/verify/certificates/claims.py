"""Whether the claims follow from what the intervals prove."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp
from flint import arb

from symgrad.verify.certificates.evidence import Evidence, Peak, RejectedError
from symgrad.verify.certificates.line import Line
from symgrad.verify.certificates.numbers import exact_zero, magnitude
from symgrad.verify.certificates.places import placed
from symgrad.verify.certificates.reading import Claim, number
from symgrad.verify.certificates.values import value

__all__ = ["follow"]

WIDTH = arb("1e-30")
EXACT_WIDTH = arb("1e-34")
DIGITS = 30
DISCONTINUOUS = ("jump", "pole")


def follow(line: Line, claims: Mapping[str, Claim | None], evidence: Sequence[Evidence]) -> None:
    """Raises `RejectedError` for the first claim that is not proved."""
    inside = [part for part in evidence if part.kind != "outside"]
    if not inside:
        raise RejectedError("φ is nowhere defined")
    above = _largest([part.above for part in inside])
    below = _largest([-part.below for part in inside])
    maxima = tuple(peak for part in inside for peak in part.maxima)
    minima = tuple(peak.negated() for part in inside for peak in part.minima)
    sup, inf, lipschitz = claims["sup"], claims["inf"], claims["lipschitz"]
    if sup is None or inf is None:
        raise RejectedError("inf and sup are claimed always")
    _check("sup", sup, line, above, maxima, 1)
    _check("inf", inf, line, below, minima, -1)
    whole = _on_the_line(line, evidence)
    broken = [cut for cut in line.cuts if cut.joins in DISCONTINUOUS]
    both = (*maxima, *minima)
    if broken or any(peak.infinite and peak.lo > 0 for peak in both):
        _unbounded(lipschitz, line, [peak for peak in both if peak.infinite and peak.lo > 0])
    elif not whole:
        if lipschitz is not None:
            raise RejectedError("lipschitz: φ is not defined on the whole line")
    elif lipschitz is None:
        raise RejectedError("lipschitz: is not claimed")
    else:
        _check("lipschitz", lipschitz, line, arb.max(above, below), both, 1)


def _on_the_line(line: Line, evidence: Sequence[Evidence]) -> bool:
    return all(part.kind != "outside" for part in evidence) and not any(
        cut.joins in ("pole", "edge") for cut in line.cuts
    )


def _largest(values: Sequence[arb]) -> arb:
    found = values[0]
    for other in values[1:]:
        found = arb.max(found, other)
    return found


def _check(name: str, claim: Claim, line: Line, above: arb, peaks: Sequence[Peak], sign: int) -> None:
    """The claim about sup f (sign 1), or inf f = −sup(−f) (sign −1); `above` and `peaks` are of sign·f."""
    infinite = [peak for peak in peaks if peak.infinite and peak.lo > 0]
    if infinite:
        _infinite(name, claim, line, infinite, "oo" if sign > 0 else "-oo")
        return
    finite = [peak for peak in peaks if not peak.infinite]
    if not finite or not above.is_finite():
        raise RejectedError(f"{name}: the intervals do not enclose it")
    least = _largest([peak.lo for peak in finite])
    proved = (least, above) if sign > 0 else (-above, -least)
    _enclosed(name, claim, proved)
    contenders = [peak for peak in finite if not peak.hi < least]
    chosen = _attained(name, claim, line, contenders)
    _unambiguous(name, claim, above, contenders)
    try:
        placed(line, claim.at, chosen)
    except RejectedError as error:
        raise RejectedError(f"{name}: {error}") from None


def _unbounded(claim: Claim | None, line: Line, peaks: Sequence[Peak]) -> None:
    """φ is not Lipschitz: φ′ is unbounded or φ is not continuous."""
    if claim is None:
        raise RejectedError("lipschitz: φ is not Lipschitz, and that is not said")
    broken = [cut for cut in line.cuts if cut.joins in DISCONTINUOUS]
    if not broken:
        _infinite("lipschitz", claim, line, peaks, "oo")
        return
    jumps = [
        Peak(arb.pos_inf(), arb.pos_inf(), "side", end, end, end.lo, side)
        for end in (line.end(f"cut {cut.index}") for cut in broken)
        for side in (-1, 1)
    ]
    _infinite("lipschitz", claim, line, [*jumps, *peaks], "oo")


def _infinite(name: str, claim: Claim, line: Line, peaks: Sequence[Peak], text: str) -> None:
    if (claim.decimal, claim.lower, claim.upper) != (text,) * 3 or claim.attained is not False:
        raise RejectedError(f"{name}: is {text}, never attained")
    if claim.exact not in (None, text):
        raise RejectedError(f"{name}: its exact text is not {text}")
    if (claim.exact is None) != (claim.proof != "exact"):
        raise RejectedError(f"{name}: the proof is not what it is called")
    try:
        placed(line, claim.at, peaks)
    except RejectedError as error:
        raise RejectedError(f"{name}: {error}") from None


def _enclosed(name: str, claim: Claim, proved: tuple[arb, arb]) -> None:
    """lower ≤ v ≤ upper, tight, the decimal its rounding, and the exact text the same number."""
    lower, upper = (arb(number(text, name)) for text in (claim.lower, claim.upper))
    size = magnitude(upper)
    if lower > upper or not upper - lower <= WIDTH * size * (1 + WIDTH):
        raise RejectedError(f"{name}: lower and upper are not 1e-30 apart at most")
    if claim.exact is None:
        if claim.proof != "certified":
            raise RejectedError(f"{name}: no exact value is given")
        if not (proved[0] >= lower.upper() and proved[1] <= upper.lower()):
            raise RejectedError(f"{name}: the intervals prove no more than [{proved[0]}, {proved[1]}]")
    else:
        _exactly(name, claim, proved, (lower, upper))
    _rounded(name, claim.decimal, lower, upper)


def _exactly(name: str, claim: Claim, proved: tuple[arb, arb], claimed: tuple[arb, arb]) -> None:
    if claim.proof != "exact":
        raise RejectedError(f"{name}: an exact value is given without its proof")
    assert claim.exact is not None
    given = value(claim.exact)
    lower, upper = claimed
    short = given.exact is not None and given.exact.is_Rational and claim.lower == claim.upper
    if short and not exact_zero(given.exact - _rational(claim.lower)):
        raise RejectedError(f"{name}: lower and upper are not the exact value")
    if not short and not (lower.upper() <= given.ball.lower() and given.ball.upper() <= upper.lower()):
        raise RejectedError(f"{name}: the exact value is not between lower and upper")
    if not upper - lower <= EXACT_WIDTH * magnitude(upper):
        raise RejectedError(f"{name}: lower and upper are wider than the exact value needs")
    if not (proved[0] <= given.ball.upper() and given.ball.lower() <= proved[1]):
        raise RejectedError(f"{name}: the intervals do not contain the exact value")
    if not proved[1] - proved[0] <= WIDTH * magnitude(upper):
        raise RejectedError(f"{name}: the intervals do not determine the value to 30 digits")


def _rational(text: str) -> sp.Rational:
    exact = number(text)
    return sp.Rational(int(exact.p), int(exact.q))


def _rounded(name: str, decimal: str, lower: arb, upper: arb) -> None:
    """The decimal has 30 significant digits and is the rounding of a number between lower and upper."""
    if decimal == "0":
        if not (lower == 0 and upper == 0):
            raise RejectedError(f"{name}: the decimal is 0, the value is not")
        return
    mantissa, _, exponent = decimal.lstrip("-").partition("e")
    digits = mantissa.replace(".", "").lstrip("0")
    last = int(exponent or 0) - len(mantissa.partition(".")[2])
    half = arb(10) ** last / 2
    shown = arb(number(decimal, name))
    if len(digits) != DIGITS:
        raise RejectedError(f"{name}: the decimal has not {DIGITS} significant digits")
    slack = half * arb("1e-9")
    if not (shown - half - slack <= upper and shown + half + slack >= lower):
        raise RejectedError(f"{name}: the decimal is not the value rounded")


def _attained(name: str, claim: Claim, line: Line, peaks: Sequence[Peak]) -> Sequence[Peak]:
    """The peaks where the value is taken, or all of them where it is only approached."""
    taken = [peak for peak in peaks if peak.attained]
    missed = [peak for peak in peaks if not peak.attained]
    expected: bool | None = None
    if not taken:
        expected = False
    elif not missed or any(all(_not_below(line, p, q) for q in missed) for p in taken):
        expected = True
    if claim.attained is not expected:
        raise RejectedError(f"{name}: attained is proved to be {str(expected).lower()}")
    return taken if expected else peaks


def _not_below(line: Line, p: Peak, q: Peak) -> bool:
    """Whether value p ≥ value q is proved."""
    if p.lo >= q.hi:
        return True
    first, second = p.exact(line), q.exact(line)
    return first is not None and second is not None and exact_zero(first - second)


def _unambiguous(name: str, claim: Claim, above: arb, peaks: Sequence[Peak]) -> None:
    """No interval without a peak comes as high as the value."""
    if claim.attained is not None and above > _largest([peak.hi for peak in peaks]):
        raise RejectedError(f"{name}: an interval may come as high as the value")
