"""The notation: each name prints in three languages, φ differentiates as it should, nothing is swallowed."""

from __future__ import annotations

import re

import pytest
import sympy as sp
from sympy.core.function import FunctionClass

from symgrad.symbolic import letters, notation
from symgrad.symbolic.derivation import Step, prove
from symgrad.symbolic.letters import D, W, h, l, n, w, x
from symgrad.symbolic.notation import Chain, Juxtaposed, Norm, NormF, OneSided, Partial, dphi, phi

NAMES = tuple(name for name in notation.__all__ if getattr(notation, name) is not notation.Notation)


def example(name: str) -> sp.Basic:
    """The notation applied to as many symbols as it takes."""
    kind = getattr(notation, name)
    if kind is Chain:
        return Chain(Juxtaposed(D[l], W[l]), l, 1, n)
    if kind is OneSided:
        return OneSided(sp.Integer(3), -1)
    if kind is Juxtaposed:
        return Juxtaposed(D[l], W[l])
    (count,) = kind.nargs
    return kind(*sp.symbols("p q r s", real=True)[:count])


@pytest.mark.parametrize("name", NAMES)
def test_each_prints_in_its_own_way(name: str) -> None:
    kind, instance = getattr(notation, name), example(name)
    assert isinstance(kind, FunctionClass)
    assert kind.__doc__
    for printed in (str(instance), sp.latex(instance)):
        assert printed
        assert not printed.startswith(name + "(") or name == "phi", "SymPy's default shows the class's name"
        assert r"\operatorname{" + name + "}" not in printed
    assert callable(kind._typst)
    if kind not in (Chain, OneSided):
        assert all(str(argument) in str(instance) for argument in instance.args)


@pytest.mark.parametrize("name", NAMES)
def test_latex_is_balanced(name: str) -> None:
    text = sp.latex(example(name))
    assert text.count("{") == text.count("}")
    assert text.count(r"\left") == text.count(r"\right")


@pytest.mark.parametrize("name", NAMES)
def test_a_power_compiles_and_keeps_its_exponent(name: str) -> None:
    """SymPy hands the exponent of a function to its `_latex`; a^{b}^{2} is an error of TeX."""
    text = sp.latex(example(name) ** 2)
    assert "^{2}" in text
    assert not re.search(r"\^\{[^{}]*\}\^", text), text


def test_phi_differentiates_by_the_chain_rule() -> None:
    inside = w[1] * x
    assert phi(x).diff(x) == dphi(x)
    assert phi(inside).diff(x) == w[1] * dphi(inside)
    assert phi(phi(x)).diff(x) == dphi(phi(x)) * dphi(x)
    assert sp.diff(phi(x), x, 2).has(sp.Derivative) or sp.diff(phi(x), x, 2).has(sp.Subs)


def test_names_of_quantities_are_not_numbers() -> None:
    """∂E/∂h is a name: it neither differentiates to 0 silently nor simplifies away."""
    gradient = Partial(sp.Symbol("E", real=True), h[n])
    assert gradient.args == (sp.Symbol("E", real=True), h[n])
    assert Norm(gradient) >= 0
    assert Norm(W[1]) != NormF(W[1])
    assert Norm(W[1]).is_real


def test_a_chain_shows_its_two_ends_in_order() -> None:
    text = str(Chain(Juxtaposed(D[l], W[l]), l, 1, n))
    assert (
        text.index("D[n]")
        < text.index("W[n]")
        < text.index("D[n - 1]")
        < text.index("D[1]")
        < text.index("W[1]")
    )


def test_letters_are_declared_once() -> None:
    """No two letters share a name, unless they are one scalar and one indexed letter on purpose."""
    symbols = [value for value in vars(letters).values() if isinstance(value, sp.Symbol)]
    assert len({s.name for s in symbols}) == len(symbols)
    assert all(s.is_commutative for s in symbols)
    assert all(letters.n.is_positive and letters.n.is_integer for _ in (0,))
    assert x.is_real


def test_a_step_needs_prose() -> None:
    with pytest.raises(TypeError, match="prose is a tuple"):
        Step(sp.Eq(x, x, evaluate=False), "because", "checked")  # type: ignore[arg-type]
    step = prove(sp.Eq((x + 1) ** 2, x**2 + 2 * x + 1, evaluate=False), ("multiplied out",))
    assert step.check


def test_a_wrong_step_cannot_exist() -> None:
    from symgrad.errors import RefutedError

    with pytest.raises(RefutedError):
        prove(sp.Eq((x + 1) ** 2, x**2 + 2 * x + 2, evaluate=False), ("wrong",))
    with pytest.raises(RefutedError, match="no check given"):
        prove(sp.Le(x, x + 1, evaluate=False), ("an inequality needs a check of its own",))
