r"""The derivative, step by step: a tree of rules, and the lines a lecturer would write, every line checked.

Each line is the whole expression with what is still to be differentiated as d/dx(…); the next line carries
out one rule. A line is proved equal to the one before by differentiating both outright (`prove_equal`); the
last is the textbook form.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import UndecidedError, prove_equal
from symgrad.symbolic.calculus.pieces import Piece, pieces
from symgrad.symbolic.calculus.rules import BRANCHES, Node, slope_of, tree
from symgrad.symbolic.calculus.textbook import Named, textbook, unfold
from symgrad.symbolic.derivation import Prose, Step

__all__ = ["DerivativeStep", "Differentiation", "Joint", "differentiate", "line", "one_sided"]

_u = sp.Symbol("u", real=True)
"""The inner function as a letter, in the words of a line."""


@dataclass(frozen=True)
class DerivativeStep:
    """`before` = `after` by one rule; open derivatives are unevaluated `sp.Derivative`s."""

    rule: str
    before: sp.Expr
    after: sp.Expr
    because: Prose
    check: str

    def as_step(self) -> Step:
        """The same as a step of a derivation, with the equation as its statement."""
        return Step(sp.Eq(self.before, self.after, evaluate=False), self.because, self.check, self.rule)


@dataclass(frozen=True)
class Joint:
    """A point where two smooth pieces of φ meet, with the one-sided limits of φ′ there.

    By the mean value theorem they are the one-sided derivatives where φ is continuous: `smooth` if they
    agree, `kink` if they differ (φ′ does not exist there), `jump` where φ itself is not continuous.
    """

    at: sp.Expr
    left: sp.Expr
    right: sp.Expr
    kind: Literal["smooth", "kink", "jump"]


@dataclass(frozen=True)
class Differentiation:
    """φ, its tree of rules, the lines from Derivative(φ, x) to the textbook form of φ′, and the joints."""

    phi: sp.Expr
    x: sp.Symbol
    rule: Node
    steps: tuple[DerivativeStep, ...]
    joints: tuple[Joint, ...]

    @property
    def derivative(self) -> sp.Expr:
        """φ′ in textbook form; where a kink or jump is, a Piecewise has no branch."""
        return self.steps[-1].after


def differentiate(phi: sp.Expr, x: sp.Symbol) -> Differentiation:
    """φ′ by named rules. Raises `NotImplementedError` for a function without a rule, `RefutedError` if a line
    fails its check."""
    rule = tree(phi, x)
    steps = [*_lines(rule, x)]
    try:
        parts = pieces(phi, x)
    except NotImplementedError:  # they meet at points without a name: told apart by which branch is larger
        parts = ()
    joints = tuple(_joint(phi, x, left, right) for left, right in itertools.pairwise(parts))
    for joint in joints:
        steps.append(_at_joint(steps[-1].after, x, joint))
    last = steps[-1].after
    final = textbook(_by_branches(last, x, joints) if parts else last)
    if final != last:
        steps.append(line("textbook form", last, final, _naming(final)))
    return Differentiation(phi, x, rule, tuple(steps), joints)


def line(rule: str, before: sp.Expr, after: sp.Expr, because: Prose) -> DerivativeStep:
    """A line with its check: both sides differentiated outright are equal. Raises `RefutedError` if they are
    not."""
    return DerivativeStep(rule, before, after, because, prove_equal(before.doit(), after.doit()))


def _lines(root: Node, x: sp.Symbol) -> list[DerivativeStep]:
    """One line a rule, the first open derivative at a time; derivatives of equal parts are settled
    together."""
    settled: set[sp.Expr] = set()

    def shown(node: Node) -> sp.Expr:
        if node.expr in settled:
            return node.combine(*map(shown, node.children))
        return node.derivative if node.trivial and node is not root else sp.Derivative(node.expr, x)

    def first_open(node: Node) -> Node | None:
        if node.expr not in settled:
            return node if node is root or not node.trivial else None
        return next(filter(None, map(first_open, node.children)), None)

    steps, before = [], shown(root)
    while node := first_open(root):
        at_once = list(node.settles())
        settled |= {part.expr for part in at_once}
        after = shown(root)
        steps.append(line(at_once[-1].rule, before, after, _because(at_once)))
        before = after
    return steps


WORDS = {
    "constant": "a constant has slope 0",
    "identity": "the slope of the identity",
    "linear": "a linear function has a constant slope",
    "polynomial": "the power rule, term by term",
    "sum": "the sum rule, term by term",
    "constant factor": "a constant factor stays",
    "product": "the product rule",
    "quotient": "the quotient rule",
    "power": "the power rule",
    "exponential": "the derivative of an exponential function",
    "general power": "the derivative of a power with variable exponent",
    "chain": "the chain rule",
    "table entry": "a table entry",
    "piecewise branch": "branch by branch on the open intervals",
}


def _because(nodes: list[Node]) -> Prose:
    """The rules of one line with what their letters are here."""
    prose: list[str | sp.Basic] = []
    for node in nodes:
        if node.linear and node is not nodes[-1]:
            prose.append("constant terms drop out; " if node.rule == "sum" else "a constant factor stays; ")
            continue
        prose.append(WORDS[node.rule])
        if node.linear:
            continue
        for k, (letter, value) in enumerate(node.instance):
            prose += [
                " with " if k == 0 else ", ",
                sp.Eq(sp.Symbol(letter, real=True), value, evaluate=False),
            ]
        if node.rule in ("chain", "table entry"):
            outer = node.expr.func(_u)
            prose += [
                " and " if node.instance else ": ",
                sp.Eq(sp.Derivative(outer, _u), slope_of(outer), evaluate=False),
            ]
        if isinstance(node.expr, sp.Abs | sp.sign | sp.Heaviside):
            prose += [", for ", sp.Ne(node.expr.args[0], 0)]
    return tuple(prose)


def _joint(phi: sp.Expr, x: sp.Symbol, left: Piece, right: Piece) -> Joint:
    at = left.hi
    sides = ((left.expr, "-"), (right.expr, "+"))
    before, after = (one_sided(tree(expr, x).derivative, x, at, side) for expr, side in sides)
    if not all(_same(one_sided(expr, x, at, side), phi.subs(x, at)) for expr, side in sides):
        return Joint(at, before, after, "jump")
    return Joint(at, before, after, "smooth" if _same(before, after) else "kink")


def one_sided(expr: sp.Expr, x: sp.Symbol, at: sp.Expr, side: str) -> sp.Expr:
    """lim expr as x → at from the left ("-") or right ("+"); by substitution where the expression is
    continuous there."""
    value = expr.subs(x, at)
    return sp.limit(unfold(expr), x, at, side) if value.has(sp.nan, sp.zoo, sp.oo) else value


def _same(p: sp.Expr, q: sp.Expr) -> bool:
    """Whether two limits are the same real number; raises `UndecidedError` when that is not known."""
    if not (p.is_finite and q.is_finite):
        return False
    try:
        prove_equal(p, q)
    except UndecidedError:
        raise
    except RefutedError:
        return False
    return True


def _at_joint(slope: sp.Expr, x: sp.Symbol, joint: Joint) -> DerivativeStep:
    """The line that looks at a joint: where the pieces join smoothly the right branch takes the point in."""
    at, left, right = joint.at, joint.left, joint.right
    prose: Prose = ("at ", sp.Eq(x, at), " the left derivative is ", left, " and the right one is ", right)
    if joint.kind == "smooth":
        closed = slope.xreplace({x > at: x >= at})
        return DerivativeStep(
            "smooth join", slope, closed, (*prose, ": the pieces join smoothly"), prove_equal(slope, closed)
        )
    if joint.kind == "jump":
        prose = ("at ", sp.Eq(x, at), " the function jumps: there is no derivative")
        return DerivativeStep(
            "jump", slope, slope, prose, "the one-sided limits of the function differ from its value"
        )
    prose = (*prose, ": a kink, the derivative does not exist there")
    if (left - right).free_symbols:
        common = sp.gcd(left, right)
        prose = (*prose, " unless ", sp.Eq(left / common, right / common, evaluate=False))
    return DerivativeStep("kink", slope, slope, prose, f"the one-sided limits {left} and {right} differ")


def _by_branches(slope: sp.Expr, x: sp.Symbol, joints: tuple[Joint, ...]) -> sp.Expr:
    """One Piecewise with a branch for each smooth piece; smooth joints belong to the piece on their right."""
    if not slope.has(*BRANCHES):
        return slope
    smooth = {joint.at for joint in joints if joint.kind == "smooth"}
    parts = pieces(slope, x)
    if len(parts) == 1:
        return parts[0].expr if not joints or smooth else slope
    lower = [x >= part.lo if part.lo in smooth else x > part.lo for part in parts]
    return sp.Piecewise(
        *((part.expr, sp.And(lo, x < part.hi)) for part, lo in zip(parts, lower, strict=True))
    )


def _naming(final: sp.Expr) -> Prose:
    """The definitions of the named functions in the textbook form."""
    prose: list[str | sp.Basic] = ["collected"]
    for k, func in enumerate(sorted({f.func for f in final.atoms(Named)}, key=str)):
        prose += [", with " if k == 0 else " and ", sp.Eq(func(_u), func.definition(_u), evaluate=False)]
    return tuple(prose)
