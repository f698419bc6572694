"""Errors planted in the derivations of gates: none may build. Induction refuses a wrong closed form."""

from __future__ import annotations

from types import ModuleType

import pytest
import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.letters import (
    b_forget,
    c,
    f_gate,
    i_gate,
    k,
    n_gate,
    o_gate,
    s,
    t,
    w_g,
    w_o,
    w_z,
    z_gate,
)
from symgrad.theory.entry import Entry
from symgrad.theory.through_time import (
    carousel,
    chrono,
    forget_gate,
    gated_bounds,
    gru_leak,
    lstm_jacobian,
    truncation,
)
from symgrad.theory.through_time.induction import by_induction, split_last

HALF = sp.Rational(1001, 1000)
PLANTED: tuple[tuple[Entry, ModuleType, str, sp.Basic], ...] = (
    (carousel.constant_error_carousel, carousel, "KEPT", sp.Product(f_gate[s], (s, k, t))),
    (carousel.constant_error_carousel, carousel, "KEPT", sp.Product(f_gate[s], (s, k + 2, t))),
    (carousel.constant_error_carousel, carousel, "KEPT", sp.Product(i_gate[s], (s, k + 1, t))),
    (carousel.constant_error_carousel, carousel, "STORED", 2 * carousel.STORED),
    (
        carousel.constant_error_carousel,
        carousel,
        "CELL",
        sp.Eq(c[t], c[t - 1] * f_gate[t] ** 2, evaluate=False),
    ),
    (forget_gate.forget_gate, forget_gate, "HALF_LIFE", HALF * forget_gate.HALF_LIFE),
    (forget_gate.forget_gate, forget_gate, "HALF_LIFE", forget_gate.HALF_LIFE.subs(b_forget, -b_forget)),
    (forget_gate.forget_gate, forget_gate, "LOWER", HALF * forget_gate.LOWER),
    (forget_gate.forget_gate, forget_gate, "UPPER", sp.exp(b_forget) * sp.log(2)),
    (forget_gate.forget_gate, forget_gate, "BIAS", -forget_gate.BIAS),
    (forget_gate.forget_gate, forget_gate, "TIME", HALF * forget_gate.TIME),
    (chrono.chrono_initialization, chrono, "TIME", 1 / forget_gate.GATE),
    (chrono.chrono_initialization, chrono, "CHANCE", HALF * chrono.CHANCE),
    (chrono.chrono_initialization, chrono, "MEAN_TIME", chrono.MEAN_TIME - 1),
    (chrono.chrono_initialization, chrono, "HALF_LIFE_CHANCE", HALF * chrono.HALF_LIFE_CHANCE),
    (chrono.chrono_initialization, chrono, "LEFT", (1 - 1 / chrono.TAU) ** (2 * chrono.TAU)),
    (truncation.truncated_gradient, truncation, "ENTRY", truncation.ENTRY.subs(w_g, 0)),
    (truncation.truncated_gradient, truncation, "ENTRY", truncation.ENTRY.subs(c[t - 1], c[t])),
    (truncation.truncated_gradient, truncation, "OUTPUT", o_gate[t] * (1 - sp.tanh(c[t]))),
    (truncation.truncated_gradient, truncation, "PAST_OUTPUT", truncation.PAST_OUTPUT.subs(w_o, -w_o)),
    (truncation.truncated_gradient, truncation, "LEFT_OUT", truncation.LEFT_OUT / 2),
    (truncation.truncated_gradient, truncation, "LOOP", 2 * truncation.LOOP),
    (lstm_jacobian.lstm_jacobian, lstm_jacobian, "PAST_OUTPUT", 2 * truncation.PAST_OUTPUT),
    (lstm_jacobian.lstm_jacobian, lstm_jacobian, "QUARTER", sp.Rational(1, 5)),
    (lstm_jacobian.lstm_jacobian, lstm_jacobian, "SQUARE", lstm_jacobian.SQUARE * HALF),
    (lstm_jacobian.lstm_jacobian, lstm_jacobian, "RETURNED", lstm_jacobian.RETURNED / 2),
    (gru_leak.gru_leak, gru_leak, "REST", gru_leak.REST.subs(w_z, 0)),
    (gru_leak.gru_leak, gru_leak, "REST", gru_leak.REST.subs(n_gate[t], z_gate[t])),
    (gru_leak.gru_leak, gru_leak, "KEPT", sp.Product(1 - z_gate[s], (s, k + 1, t))),
    (gru_leak.gru_leak, gru_leak, "LEFT_OUT", 2 * gru_leak.LEFT_OUT),
    (gru_leak.gru_leak, gru_leak, "BOUND", gru_leak.BOUND * HALF),
    (gru_leak.gru_leak, gru_leak, "INNER_IS", 2 * gru_leak.INNER_IS),
)


@pytest.mark.parametrize(("entry", "module", "name", "wrong"), PLANTED)
def test_a_planted_error_does_not_build(
    monkeypatch: pytest.MonkeyPatch, entry: Entry, module: ModuleType, name: str, wrong: sp.Basic
) -> None:
    assert getattr(module, name) != wrong
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(RefutedError):
        entry.body()


@pytest.mark.parametrize(
    ("entry", "module", "name"),
    [(lstm_jacobian.lstm_jacobian, lstm_jacobian, "lstm_step"), (gru_leak.gru_leak, gru_leak, "gru_step")],
)
def test_a_wrong_numeric_bound_does_not_build(
    monkeypatch: pytest.MonkeyPatch, entry: Entry, module: ModuleType, name: str
) -> None:
    true = getattr(gated_bounds, name)
    monkeypatch.setattr(module, name, lambda norms, size: true(norms, size) - 1e-9)
    with pytest.raises(RefutedError):
        entry.body()


def test_induction() -> None:
    """Σ_{s=k+1}^t s = (t(t + 1) − k(k + 1))/2 from its recurrence, and what is off by little is not."""
    total = sp.Sum(s, (s, k + 1, t))
    assert "induction" in by_induction(total, t, k, sp.S.Zero, lambda before: before + t)
    assert split_last(total, t) == t + sp.Sum(s, (s, k + 1, t - 1))
    assert split_last(sp.Product(f_gate[s], (s, t + 1, t)), t) == 1
    assert split_last(sp.Sum(s, (s, 1, k)), t) == sp.Sum(s, (s, 1, k))
    for start, initial, added in ((k, sp.S.One, t), (k, sp.S.Zero, t - 1), (k + 1, sp.S.Zero, t)):
        with pytest.raises(RefutedError):
            by_induction(total, t, start, initial, added.__add__)
