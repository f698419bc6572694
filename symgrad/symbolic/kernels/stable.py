"""Equal forms of an expression that keep their digits in floating point where the textbook form cancels or
overflows.

`forms` proposes; nothing is taken on trust: `accurate` runs every form against balls and keeps the best.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

import sympy as sp

from symgrad.symbolic.calculus.textbook import Sigma, Softplus, textbook, unfold
from symgrad.symbolic.kernels.compile import Erfc, Expm1, Log1p

__all__ = ["forms", "stable"]

DIGITS = 60
_LONG, _SHORT = 150, 60
"""Operations beyond which no other form is looked for: algebra on longer trees takes longer than a table."""


def forms(expr: sp.Expr, x: sp.Symbol) -> Iterator[sp.Expr]:
    """Forms of an expression in x alone, each equal to it; the plain one comes first, costly algebra last."""
    constants = {part: sp.Dummy("c", real=True, positive=part.is_positive) for part in _constants(expr)}
    for form in _forms(expr.xreplace(constants), x):
        yield form.xreplace({letter: part for part, letter in constants.items()})


def _constants(expr: sp.Basic) -> set[sp.Expr]:
    """Numbers that algebra would only carry along."""
    if isinstance(expr, sp.Expr) and expr.is_number:
        return {expr} if expr.count_ops() > 3 else set()
    return set().union(*map(_constants, expr.args))


def _forms(expr: sp.Expr, x: sp.Symbol) -> Iterator[sp.Expr]:
    yield stable(expr)
    if expr.count_ops() > _LONG:
        return
    folded = _folded(expr, x)
    yield stable(folded)
    trees = [tree for tree in (folded, expr) if tree.count_ops() <= _SHORT]
    for tree in trees:
        if tree.has(sp.cosh):
            yield stable(tree.replace(_is_sech, _sech))
        conjugate = _conjugates(tree)
        if conjugate != tree:
            yield stable(conjugate)
    for tree in trees:
        yield from map(stable, _turned(tree, x))
    for tree in trees:
        apart = split(tree, x)
        if apart is not None:
            yield apart


def _folded(expr: sp.Expr, x: sp.Symbol) -> sp.Expr:
    """The textbook form; e^{p(x)} with p not linear is kept whole: algebra would take its roots."""
    whole = {node: sp.Dummy("e", positive=True) for node in expr.atoms(sp.exp) if sp.diff(node.exp, x).has(x)}
    return textbook(expr.xreplace(whole)).xreplace({letter: node for node, letter in whole.items()})


def stable(expr: sp.Expr) -> sp.Expr:
    """1 − tanh² as 1/cosh², 1 − σ(u) as σ(−u), 1 + erf as erfc, eᵘ − 1 as expm1, log(1 + u) as log1p,
    softplus(u) as max(u, 0) + log1p(e^{−|u|}), log cosh u as |u| + log1p(e^{−2|u|}) − log 2, a window
    σ(u) − σ(u − c) as σ(u) σ(c − u) (1 − e^{−c}).
    """
    expr = expr.replace(lambda node: node.is_Add, _complement)
    expr = expr.replace(lambda node: node.is_Add, _window)
    expr = expr.replace(lambda node: isinstance(node, sp.log), _log1p)
    expr = expr.replace(_two_exponentials, lambda node: sp.powsimp(node, combine="exp"))
    return expr.replace(lambda node: isinstance(node, Softplus), lambda node: _softplus(node.args[0]))


def _is_sech(node: sp.Basic) -> bool:
    return node.is_Pow and isinstance(node.base, sp.cosh) and node.exp.is_negative


def _sech(power: sp.Expr) -> sp.Expr:
    """1/cosh u = 2e^{−|u|}/(1 + e^{−2|u|}), whose exponential another one may balance."""
    size = sp.Abs(power.base.args[0])
    return (2 * sp.exp(-size) / (1 + sp.exp(-2 * size))) ** -power.exp


def _two_exponentials(node: sp.Basic) -> bool:
    return node.is_Mul and sum(isinstance(factor, sp.exp) for factor in node.args) > 1


def _softplus(u: sp.Expr) -> sp.Expr:
    return sp.Max(u, 0) + Log1p(sp.exp(-sp.Abs(u)))


def _log1p(log: sp.Expr) -> sp.Expr:
    if isinstance(log.args[0], sp.cosh):
        size = sp.Abs(log.args[0].args[0])
        return size + Log1p(sp.exp(-2 * size)) - sp.log(2)
    above, below = sp.fraction(log.args[0])
    if above.is_Add and below.is_Add:
        return _log1p(sp.log(above)) - _log1p(sp.log(below))
    constant, rest = log.args[0].as_coeff_Add()
    if constant != 1:
        excess = log.args[0] - 1
        turned = _complement(excess) if excess.is_Add else excess
        return log if turned == excess else Log1p(turned)
    return _softplus(rest.exp) if isinstance(rest, sp.exp) else Log1p(rest)


def _complement(total: sp.Add) -> sp.Expr:
    """c − c f(u) + … as c (1 − f)(u) + …: the two cancel where f(u) is near 1. Likewise c + c·erf(u)."""
    constant, rest = total.as_coeff_Add()
    if constant == 0:
        return total
    for term in sp.Add.make_args(rest):
        coefficient, function = term.as_coeff_Mul()
        if coefficient == constant and isinstance(function, sp.erf):
            return rest - term + constant * Erfc(-function.args[0])
        if coefficient == constant and isinstance(function, sp.tanh):
            return rest - term + 2 * constant * Sigma(2 * function.args[0])
        if 2 * coefficient == -constant and isinstance(function, sp.erfc):
            # SymPy writes erfc(−u) as 2 − erfc(u)
            return rest - term - coefficient * Erfc(-function.args[0])
        if coefficient == -constant:
            other = _one_minus(function)
            if other is not None:
                return rest - term + constant * other
    return total


def _window(total: sp.Add) -> sp.Expr:
    """The first pair a σ(u) − a σ(v) with u − v a number as one product."""
    logistic = [term.as_independent(Sigma) for term in total.args]
    pairs = [(a, s.args[0], b, t.args[0]) for a, s in logistic for b, t in logistic if _both(s, t)]
    for a, u, b, v in pairs:
        if a == -b and (u - v).is_positive:
            rest = total - a * Sigma(u) - b * Sigma(v)
            return rest + a * Sigma(u) * Sigma(-v) * (1 - sp.exp(v - u))
    return total


def _both(s: sp.Expr, t: sp.Expr) -> bool:
    return isinstance(s, Sigma) and isinstance(t, Sigma)


def _one_minus(function: sp.Expr) -> sp.Expr | None:
    """1 − f without cancellation, where there is a name for it."""
    if function.is_Pow and function.exp == 2 and isinstance(function.base, sp.tanh):
        return sp.cosh(function.base.args[0]) ** -2
    if isinstance(function, Sigma):
        return Sigma(-function.args[0])
    if isinstance(function, sp.erf):
        return Erfc(function.args[0])
    if isinstance(function, sp.tanh):
        return 2 * Sigma(-2 * function.args[0])
    return -Expm1(function.exp) if isinstance(function, sp.exp) else None


def split(expr: sp.Expr, x: sp.Symbol) -> sp.Expr | None:
    """An expression that is rational in e^{cx}, in powers of E = e^{−c|x|} on either side of 0.

    E lies in (0, 1]: nothing overflows, and with the highest powers divided out nothing is ∞/∞. None where
    the exponentials are not powers of one.
    """
    if isinstance(expr, sp.Piecewise):
        branches = [(split(branch, x), branch, condition) for branch, condition in expr.args]
        if not any(apart for apart, *_ in branches):
            return None
        return sp.Piecewise(*((apart or stable(branch), condition) for apart, branch, condition in branches))
    if expr.has(sp.Piecewise, sp.Abs, sp.sign, sp.Max, sp.Min, sp.Heaviside):
        return None
    tree = unfold(expr).replace(
        lambda node: isinstance(node, sp.tanh | sp.sinh | sp.cosh), lambda node: node.rewrite(sp.exp)
    )
    tree = sp.expand_power_exp(tree)
    numbers = {node: sp.Dummy("c", positive=True) for node in tree.atoms(sp.exp) if not node.has(x)}
    tree = tree.xreplace(numbers)
    rates = [node.exp / x for node in tree.atoms(sp.exp) if node.has(x)]
    if not rates or not all(rate.is_number and (rate / rates[0]).is_Rational for rate in rates):
        return None
    base = abs(rates[0]) * reduce(sp.gcd, [rate / rates[0] for rate in rates])
    t, away = sp.Dummy("t", positive=True), sp.exp(-base * sp.Abs(x))
    sides = []
    for side in (1, -1):
        powers = {e: t ** (-side * e.exp / (base * x)) for e in tree.atoms(sp.exp) if e.has(x)}
        try:
            found = _factored(tree.xreplace(powers), t, side * base * x)
        except sp.PolynomialError:
            return None
        if found is None:
            return None
        floats = {
            letter: node.evalf(DIGITS) for node, letter in numbers.items()
        }  # e⁵⁰ e⁻⁵⁰ˣ is not e^{50 − 50x}
        sides.append(stable(found.xreplace({t: away, **floats})))
    right, left = sides
    return right if right == left else sp.Piecewise((right, x > 0), (left, True))


def _factored(tree: sp.Expr, t: sp.Symbol, far: sp.Expr) -> sp.Expr | None:
    """A quotient of polynomials in t = e^{−far}, in factors; log(1 + 1/t) becomes far + log(1 + t)."""
    logs: dict[sp.Symbol, sp.Expr] = {}
    known: dict[sp.Expr, sp.Expr] = {}
    for log in tree.atoms(sp.log):
        above, below = sp.fraction(sp.together(log.args[0]))
        number, power = below.as_independent(t)
        if power.as_base_exp()[0] not in (1, t):
            return None
        letter = sp.Dummy("l", real=True)
        logs[letter] = sp.log(sp.expand(above / number))
        known[log] = letter + power.as_base_exp()[1] * far if power != 1 else letter
    tree = tree.xreplace(known)
    others = {part: sp.Dummy("p", real=True) for part in tree.atoms(sp.Function) if part.has(t)}
    if others:
        return None
    above, below = sp.fraction(sp.cancel(sp.together(tree)))
    return (_factors(above, t) / _factors(below, t)).xreplace(logs)


def _factors(polynomial: sp.Expr, t: sp.Symbol) -> sp.Expr:
    """The factors, each by Horner's rule in t."""
    return sp.factor(polynomial).replace(
        lambda node: node.is_Add and sp.degree(node, t) > 1, lambda node: sp.horner(node, t)
    )


def _conjugates(expr: sp.Expr) -> sp.Expr:
    """p + s√r, where p and s√r have opposite signs, as (p² − s²r)/(p − s√r)."""

    def turned(total: sp.Add) -> sp.Expr:
        roots = [term for term in total.args if any(map(_is_root, sp.Mul.make_args(term)))]
        if len(roots) != 1 or total.has(sp.Piecewise):
            return total
        root, rest = roots[0], total - roots[0]
        difference = sp.factor(sp.together(sp.expand(rest**2 - root**2)))
        return sp.Piecewise((total, rest * root >= 0), (difference / (rest - root), True))

    return expr.replace(lambda node: node.is_Add, turned)


def _turned(tree: sp.Expr, x: sp.Symbol) -> Iterator[sp.Expr]:
    """A quotient with e^w, w not linear in x, in E = e^{−|w|} on either side of w = 0, so that E ≤ 1."""
    if tree.has(sp.Piecewise):
        return
    for node in tree.atoms(sp.exp):
        if sp.diff(node.exp, x).has(x):
            t, size = sp.Dummy("t", positive=True), sp.exp(-sp.Abs(node.exp))
            above, below = sp.fraction(sp.together(tree.xreplace({node: 1 / t})))
            turned = (sp.expand(above) / below).xreplace({t: size})
            yield sp.Piecewise((turned, node.exp > 0), (tree.xreplace({node: size}), True))


def _is_root(factor: sp.Expr) -> bool:
    return factor.is_Pow and not factor.is_number and abs(factor.exp) == sp.Rational(1, 2)
