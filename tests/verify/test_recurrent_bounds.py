"""Everything called a bound in the theory of recurrent nets, on random nets, on nets that attain it and on
nets that climb towards it."""

from __future__ import annotations

import math
import zlib
from dataclasses import replace

import numpy as np
import pytest

from symgrad.numeric.threads import one_blas_thread
from symgrad.verify.bounds import BOUNDS
from symgrad.verify.bounds.bound import RecurrentBound
from symgrad.verify.bounds.search import attained_gap, climb, tried
from symgrad.verify.bounds.stacks import Stack, jacobian, random_stack
from symgrad.verify.measures import MEASURES

NAMES = list(BOUNDS)


def generator(name: str, seed: int = 0) -> np.random.Generator:
    return np.random.default_rng([zlib.crc32(name.encode()), seed])


def lowered(bound: RecurrentBound, factor: float) -> RecurrentBound:
    """The bound times a factor: a wrong one where it is attained."""

    def sides(stack: Stack) -> tuple[np.ndarray, np.ndarray]:
        measured, most = bound.sides(stack)
        return measured, most + math.log(factor)

    return replace(bound, sides=sides)


@pytest.mark.parametrize("name", NAMES)
def test_no_random_net_is_beyond_a_bound(name: str) -> None:
    """At least 500 nets: widths 1…32, T 1…200, many activations, equality cases among them."""
    with one_blas_thread():
        found = tried(BOUNDS[name], generator(name), 500)
    assert found.nets >= 500 and found.values >= 500
    assert found.violations == 0, found


@pytest.mark.parametrize("name", NAMES)
def test_a_bound_is_attained_and_one_hundredth_less_is_no_bound(name: str) -> None:
    bound = BOUNDS[name]
    assert abs(attained_gap(bound, generator(name))) < 1e-9
    assert tried(lowered(bound, 0.99), generator(name), 1).violations > 0
    assert tried(lowered(bound, 1 - 1e-8), generator(name), 1).violations > 0


@pytest.mark.parametrize("name", ["lstm-step", "latch", "gru-gradient"])
def test_nets_that_climb_find_a_bound_that_is_too_low(name: str) -> None:
    """They start from random nets, not from those that attain it."""
    with one_blas_thread():
        assert climb(BOUNDS[name], generator(name), 2, 60).violations == 0
        assert climb(lowered(BOUNDS[name], 0.9), generator(name), 2, 60).violations > 0


def test_a_value_that_is_no_number_is_a_violation() -> None:
    bound = replace(BOUNDS["norms"], sides=lambda stack: (np.array([[np.nan]]), np.array([[0.0]])))
    assert tried(bound, generator("nan"), 1).violations > 0


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_what_is_held_against_a_bound_is_right(cell: str) -> None:
    """The engine's ∂s_T/∂s_0 against differences of the forward pass in balls."""
    stack = random_stack(generator(cell), 3, False, cell=cell, width=3, depth=4, sigma_w=1.2)
    values, logs = jacobian(stack)
    for seed in range(3):
        exact = stack.tensors.exact(stack.options, seed, 0).jacobian(4, 0)
        true = np.array([[float(entry.mid()) for entry in row] for row in exact])
        error = np.linalg.norm(values[seed] * math.exp(logs[seed]) - true)
        assert error <= 1e-10 * np.linalg.norm(true)


def test_the_measures_of_the_table_exist() -> None:
    assert {bound.measure for bound in BOUNDS.values()} <= set(MEASURES)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_ten_thousand_nets_and_the_tightness_that_is_reached(name: str) -> None:
    with one_blas_thread():
        found = tried(BOUNDS[name], generator(name, 1), 10_000)
        climbed = climb(BOUNDS[name], generator(name, 2), 32, 300)
    print(
        f"{name}: {found.nets} nets, {found.values} values, {found.violations} beyond; {climbed.nets} nets "
        f"that climb, {climbed.values} tries, {climbed.violations} beyond, "
        f"reach {math.exp(climbed.tightest):.9f}"
    )
    assert found.nets >= 10_000 and found.violations == climbed.violations == 0
    assert climbed.tightest > math.log(0.99)
