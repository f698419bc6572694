"""Every derivation of the registry against the same contracts; planted errors that none may survive."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
import sympy as sp

from symgrad.errors import InputError, RefutedError
from symgrad.symbolic.derivation import Claim, Derivation, Prose, Step
from symgrad.symbolic.letters import a, l, w
from symgrad.symbolic.notation import dphi
from symgrad.theory import (
    chain,
    conditions,
    floating_point,
    hochreiter,
    norm_bound,
    weight_gradient,
)
from symgrad.theory.activations import ACTIVATIONS, CORE
from symgrad.theory.bibliography import BIBLIOGRAPHY
from symgrad.theory.entry import Entry
from symgrad.theory.propagation import length_map
from symgrad.theory.registry import DERIVATIONS, SUBJECTS, entry
from symgrad.verify.measures import MEASURES

KEYS = tuple(DERIVATIONS)
each = pytest.mark.parametrize("key", KEYS)
SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def lines(derivation: Derivation) -> Iterator[Step]:
    yield from (*derivation.steps, derivation.conclusion)


def prose(derivation: Derivation) -> Iterator[Prose]:
    yield derivation.summary
    yield from derivation.assumptions
    yield from (step.because for step in lines(derivation))
    yield from (claim.statement for claim in derivation.claims)


@each
def test_builds_with_checked_steps(key: str) -> None:
    derivation = DERIVATIONS[key]()
    assert len(derivation.steps) >= 2
    assert derivation.assumptions
    assert derivation.claims
    assert derivation.proof in ("exact", "certified", "estimated")
    for step in lines(derivation):
        assert isinstance(step.statement, sp.Basic)
        assert step.statement not in (sp.true, sp.false), "a statement that SymPy evaluated says nothing"
        assert len(step.check.strip()) > 3
        assert any(part if isinstance(part, str) else True for part in step.because)
    assert all(step.rule for step in derivation.steps)


@each
def test_is_the_same_object_the_second_time(key: str) -> None:
    assert DERIVATIONS[key]() is DERIVATIONS[key]()


@each
def test_key_title_subject(key: str) -> None:
    found = DERIVATIONS[key]
    derivation = found()
    assert SLUG.fullmatch(key)
    assert key == found.key == derivation.key
    assert (found.title, found.subject) == (derivation.title, derivation.subject)
    assert found.subject in SUBJECTS
    assert found.title


def test_keys_and_titles_are_unique() -> None:
    assert len({e.title for e in DERIVATIONS.values()}) == len(DERIVATIONS)
    claims = [claim.key for e in DERIVATIONS.values() for claim in e().claims]
    assert len(set(claims)) == len(claims)
    order = [SUBJECTS.index(e.subject) for e in DERIVATIONS.values()]
    assert order == sorted(order)


def test_every_activation_has_a_derivation() -> None:
    assert {f"activation-{name.replace('_', '-')}" for name in CORE} <= set(KEYS)


def test_every_entry_of_a_theory_module_is_registered() -> None:
    """Nothing to register by hand: a decorated function in a subject file is in the table."""
    import importlib
    import pkgutil

    import symgrad.theory

    for module in pkgutil.iter_modules(symgrad.theory.__path__, "symgrad.theory."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Entry):
                assert DERIVATIONS[value.key] is value


@each
def test_sources(key: str) -> None:
    derivation = DERIVATIONS[key]()
    assert derivation.sources
    for source in derivation.sources:
        assert source.key in BIBLIOGRAPHY


def test_every_work_is_cited() -> None:
    cited = {source.key for e in DERIVATIONS.values() for source in e().sources}
    cited |= {activation.source.key for activation in ACTIVATIONS.values() if activation.source}
    assert set(BIBLIOGRAPHY) == cited


@pytest.mark.parametrize("key", BIBLIOGRAPHY)
def test_works(key: str) -> None:
    work = BIBLIOGRAPHY[key]
    assert work.authors
    assert work.title
    assert work.venue
    assert 1800 < work.year < 2100
    year = re.fullmatch(r"[a-z]+(\d{4})[a-z]?", key)
    assert year is None or int(year[1]) == work.year
    assert re.fullmatch(r"|arXiv:\d{4}\.\d{4,5}|doi:10\.\d{4,}/\S+", work.identifier)


def test_works_stand_in_order() -> None:
    assert list(BIBLIOGRAPHY) == sorted(BIBLIOGRAPHY)


@each
def test_prose_is_words_and_formulas(key: str) -> None:
    for text in prose(DERIVATIONS[key]()):
        assert isinstance(text, tuple)
        assert text
        for part in text:
            assert isinstance(part, str | sp.Basic)
            assert not (isinstance(part, str) and not part)
            if isinstance(part, str):
                assert "$" not in part, "formulas are objects, not markup"
                assert "  " not in part
                assert "\\" not in part


@each
def test_prose_parts_do_not_run_together(key: str) -> None:
    """Between a word and a formula there is a space or a mark of punctuation."""
    for text in prose(DERIVATIONS[key]()):
        for before, after in pairwise(text):
            if isinstance(before, str) and not isinstance(after, str):
                assert before[-1] in " (–—'\"“", (before, after)
            if not isinstance(before, str) and isinstance(after, str):
                assert after[0] in " ,.;:)'’!?/\"”", (before, after)


@each
def test_claims(key: str) -> None:
    for claim in DERIVATIONS[key]().claims:
        assert isinstance(claim, Claim)
        head, _, tail = claim.key.partition("/")
        assert tail
        assert head in (key, key.removeprefix("activation-").replace("-", "_"))
        measure = MEASURES[claim.measure]
        assert set(measure.expects) <= set(claim.expects)
        assert bool(claim.nets) == measure.nets
        assert claim.scope in ("worst case", "mean", "typical")
        assert claim.regime in ("every width", "infinite width")
        for net in claim.nets:
            assert net["activation"] in ACTIVATIONS


@each
def test_no_floating_point_stands_for_a_proved_number(key: str) -> None:
    """A decimal may illustrate in prose; no statement of a proof is made of one."""
    for step in DERIVATIONS[key]().steps:
        assert not step.statement.has(sp.Float), step.statement


def test_unknown_key() -> None:
    with pytest.raises(InputError) as refusal:
        entry("no-such-page")
    assert "'no-such-page'" in str(refusal.value)
    assert "scalar-chain" in str(refusal.value)


# --- planted errors ---------------------------------------------------------------------------------------


def refuse(derivation: Entry) -> None:
    """The body must not build; built afresh, since the registry keeps what was built."""
    with pytest.raises(RefutedError):
        derivation.body()


@pytest.mark.parametrize(
    "factor",
    [
        w[l],
        dphi(a[l]),
        2 * w[l] * dphi(a[l]),
        w[l] * dphi(a[l]) ** 2,
        w[l] * dphi(w[l]),
        w[l + 1] * dphi(a[l]),
    ],
    ids=str,
)
def test_a_wrong_factor_breaks_the_chain(monkeypatch: pytest.MonkeyPatch, factor: sp.Expr) -> None:
    chain.scalar_chain.body()
    monkeypatch.setattr(chain, "FACTOR", factor)
    refuse(chain.scalar_chain)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda vector: sp.eye(len(vector)),
        lambda vector: 2 * sp.diag(*map(dphi, vector)),
        lambda vector: sp.diag(*map(dphi, reversed(list(vector)))),
        lambda vector: sp.diag(*(dphi(entry) ** 2 for entry in vector)),
    ],
    ids=["dropped", "doubled", "reversed", "squared"],
)
def test_a_wrong_diagonal_breaks_the_matrices(
    monkeypatch: pytest.MonkeyPatch, wrong: Callable[[sp.Matrix], sp.Matrix]
) -> None:
    monkeypatch.setattr(chain, "DEPTHS", range(1, 4))
    monkeypatch.setattr(chain, "diagonal", wrong)
    monkeypatch.setattr(weight_gradient, "diagonal", wrong)
    refuse(chain.matrix_chain)
    refuse(weight_gradient.weight_gradient)


def test_a_wrong_bound_does_not_multiply(monkeypatch: pytest.MonkeyPatch) -> None:
    from symgrad.symbolic.letters import gamma, n

    bound = norm_bound.NORM_BOUND
    for wrong in (bound / gamma, gamma * bound + 1, bound.subs(n, n + 1), bound**2):
        with monkeypatch.context() as patch:
            patch.setattr(norm_bound, "NORM_BOUND", wrong)
            refuse(norm_bound.norm_bound)


def test_a_wrong_gamma_breaks_the_thresholds(monkeypatch: pytest.MonkeyPatch) -> None:
    from symgrad.symbolic.ranges.extremum import Value

    proved = norm_bound.suprema

    def larger(*names: str) -> dict[str, Value]:
        return {name: Value(value.number * sp.Rational(1001, 1000)) for name, value in proved(*names).items()}

    monkeypatch.setattr(conditions, "suprema", larger)
    refuse(conditions.vanishing_condition)


@pytest.mark.parametrize("point", [sp.Rational(3, 4), sp.Rational(801, 1000)], ids=str)
def test_a_wrong_resting_point_breaks_the_counterexample(
    monkeypatch: pytest.MonkeyPatch, point: sp.Rational
) -> None:
    monkeypatch.setattr(conditions, "RESTS_AT", point)
    refuse(conditions.exploding_condition)


def test_a_wrong_sigmoid_breaks_hochreiter(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from symgrad.symbolic.letters import x

    for wrong in (1 / (1 + sp.exp(-2 * x)), 1 / (2 + sp.exp(-x)), 2 / (1 + sp.exp(-x))):
        with monkeypatch.context() as patch:
            changed = {**ACTIVATIONS, "sigmoid": replace(ACTIVATIONS["sigmoid"], expression=wrong)}
            patch.setattr(hochreiter, "ACTIVATIONS", changed)
            refuse(hochreiter.hochreiter_condition)


@pytest.mark.parametrize("off", [-1, 1])
@pytest.mark.parametrize("which", ["last_normal", "first_zero"])
def test_a_depth_off_by_one_breaks_the_floor(monkeypatch: pytest.MonkeyPatch, which: str, off: int) -> None:
    right = getattr(floating_point.Format, which)
    monkeypatch.setattr(floating_point.Format, which, lambda self, factor: right(self, factor) + off)
    refuse(floating_point.float_floor)


@pytest.mark.parametrize("scale", [sp.Rational(1001, 1000), sp.Integer(2), sp.Integer(0)], ids=str)
def test_wrong_moments_break_the_length_map(monkeypatch: pytest.MonkeyPatch, scale: sp.Expr) -> None:
    right = length_map.gaussian_mean
    monkeypatch.setattr(length_map, "gaussian_mean", lambda expr, variances: scale * right(expr, variances))
    refuse(length_map.length_map)


def test_gaussian_moments() -> None:
    """Against the integrals themselves."""
    p, q = sp.symbols("p q", real=True)
    s = sp.Symbol("s", positive=True)
    for power in range(5):
        density = sp.exp(-(p**2) / (2 * s)) / sp.sqrt(2 * sp.pi * s)
        exact = sp.simplify(sp.integrate(p**power * density, (p, -sp.oo, sp.oo)))
        assert sp.simplify(length_map.gaussian_mean(p**power, {p: s}) - exact) == 0
    assert length_map.gaussian_mean((p + 2 * q) ** 2, {p: s, q: s}) == 5 * s
