"""The checker of certificates: accepts what is proved, rejects every planted error, and never raises."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sympy as sp
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from symgrad.errors import InputError
from symgrad.symbolic.language.parse import parse
from symgrad.symbolic.letters import x
from symgrad.symbolic.ranges import certificate as writing
from symgrad.symbolic.ranges import jets as prover_jets
from symgrad.symbolic.ranges.certificate import certificate_of
from symgrad.symbolic.ranges.certified import extremes
from symgrad.symbolic.ranges.certify import certify
from symgrad.symbolic.ranges.cover import cover
from symgrad.theory.activations import ACTIVATIONS
from symgrad.verify.certificates import check, load
from symgrad.verify.certificates.jets import jet
from tests.verify.planted import PLANTED

ROOT = Path(__file__).resolve().parents[2]
QUICK = (
    "max(0, x)",  # constants at a kink
    "tanh(x)",  # tails by exponentials, a Taylor interval
    "hard_swish(x)",  # one-sided extremes
    "sin(x)",  # a period
    "|sin(x)|",  # a period with a kink
    "sqrt(|x|)",  # a cusp
    "log(x)",  # half the line
    "1/x",  # a pole
    "step(x) + x",  # a jump
    "where(x > 0, x, exp(x) - 1)",  # a smooth joint
    "softplus(x)",  # approached only
    "x*exp(-x^2)",  # tails by Gaussians
    "x/(1 + |x|)",  # algebraic tails
)
THOROUGH = (
    *QUICK,
    "exp(sin(x))",  # certified families of places
    "sign(x)*x^2/(1 + x^2)",
    "silu(x)",
    "gelu(x)",
    "mish(x)",
    "selu(x)",
    "tanh(x)/x",  # a removable point
    "max(tanh(x), x/2)",  # a cut without a closed form
    "1/(1 + x^4)",  # an algebraic extreme
    "max(x, exp(x) - 1)",  # a switch that only touches
    "x^3/(1 + x^2)",
    "sqrt(x)",
    "tan(x)",
    "x/(1 + |x|)^(3/2)",
)
EACH = 3
"""Copies of each planted error in the ordinary suite; all of them in the slow one."""


@cache
def _certificate(text: str) -> str:
    found = certify(parse(text, ACTIVATIONS), x)
    return json.dumps(certificate_of(found, extremes(found)))


def certificate(text: str) -> dict[str, Any]:
    return json.loads(_certificate(text))


@pytest.mark.parametrize("text", THOROUGH)
def test_what_the_prover_proves_is_accepted(text: str) -> None:
    verdict = check(certificate(text))
    assert verdict.accepted, verdict.why


def _rejects(text: str, each: int | None) -> None:
    genuine = certificate(text)
    random = Random(text)
    for kind, plant in PLANTED.items():
        copies = list(plant(genuine))
        if each is not None and len(copies) > each:
            copies = random.sample(copies, each)
        for forged in copies:
            assert forged != genuine, kind
            assert not check(forged).accepted, f"{kind}: {json.dumps(forged)[:3000]}"


@pytest.mark.parametrize("text", QUICK)
def test_planted_errors_are_rejected(text: str) -> None:
    _rejects(text, EACH)


@pytest.mark.slow
@pytest.mark.parametrize("text", THOROUGH)
def test_all_planted_errors_are_rejected(text: str) -> None:
    _rejects(text, None)


def test_every_kind_of_error_is_planted_somewhere() -> None:
    assert len(PLANTED) >= 30
    genuine = [certificate(text) for text in THOROUGH]
    assert not [kind for kind, plant in PLANTED.items() if not any(any(plant(c)) for c in genuine)]


def test_a_valid_change_is_accepted() -> None:
    """A shared end moved in both neighbours, bounds written wider: another proof of the same claim."""
    changed = certificate("tanh(x)")
    rows = changed["intervals"]
    for i, row in enumerate(rows):
        if row["kind"] == "tail":
            row["value"][1] = str((1 + sp.Rational(row["value"][1])) / 2)
        if row["kind"] == "monotone":
            lo, hi = row["slope"]
            row["slope"] = [lo, str(sp.Rational(hi) * 2)] if lo[0] != "-" else [str(sp.Rational(lo) * 2), hi]
        assert i == 0 or rows[i - 1]["x"][1] == row["x"][0]
    assert check(changed).accepted, check(changed).why


# --- a prover that errs


def _forged(text: str) -> dict[str, Any]:
    found = certify(parse(text, ACTIVATIONS), x)
    return json.loads(json.dumps(certificate_of(found, extremes(found))))


@pytest.mark.parametrize("text", ["tanh(x)", "x*exp(-x^2)", "atan(x)*x"])
def test_a_jet_with_a_wrong_sign_is_noticed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = prover_jets.Jet.coefficients

    def wrong(self: prover_jets.Jet, where: arb, order: int) -> list[arb]:
        return [-c if j == 1 else c for j, c in enumerate(right(self, where, order))]

    monkeypatch.setattr(prover_jets.Jet, "coefficients", wrong)
    try:
        forged = _forged(text)
    except NotImplementedError:
        return  # the prover itself found no proof: its germs contradict its jets
    assert not check(forged).accepted


def test_an_interval_that_the_prover_forgot_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = cover

    def wrong(*arguments: Any) -> list[Any]:
        return right(*arguments)[:-1]

    monkeypatch.setattr("symgrad.symbolic.ranges.certify.cover", wrong)
    assert not check(_forged("tanh(x)")).accepted


@pytest.mark.parametrize("factor", ["1e-3", "0"])
def test_a_tail_with_too_small_an_enclosure_is_noticed(factor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = writing._tail_value

    def wrong(*arguments: Any) -> list[str]:
        return [str(sp.Rational(end) * sp.Rational(factor)) for end in right(*arguments)]

    monkeypatch.setattr(writing, "_tail_value", wrong)
    assert not check(_forged("1/(1 + exp(-x))")).accepted


# --- what is no certificate


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["oo", "-oo", "0", "1/0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
def test_junk_anywhere_is_rejected_without_an_exception(data: st.DataObject) -> None:
    genuine = certificate("max(0, x)")
    forged = copy.deepcopy(genuine)
    place: Any = forged
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(JUNK)
    assert not check(forged).accepted or forged == genuine or _same_meaning(key)


def _same_meaning(key: object) -> bool:
    """The substitution is a remark; it may be worded otherwise. The precision is the one to work at; what is
    proved with fewer bits is proved.
    """
    return key in ("substitution", "precision")


@pytest.mark.parametrize("document", [None, 1, "x", [], {}, [{}], {"format": "symgrad certificate 1"}])
def test_another_document_is_rejected(document: Any) -> None:
    assert not check(document).accepted


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"nonsense",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1.5}',
        b'{"a": 1, "a": 2}',
        b"[" * 200_000,
        b" " * 8_000_001,
        b'{"a": ' + b"9" * 10_000 + b"}",
    ],
)
def test_a_file_that_is_no_certificate_is_an_input_error(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_no_file_is_an_input_error(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(InputError):
            load(path)


def test_exit_codes(tmp_path: Path) -> None:
    """0 accepted, 1 rejected, 2 no certificate at all."""
    good, bad = certificate("max(0, x)"), certificate("max(0, x)")
    bad["claim"]["sup"]["lower"] = "1/2"
    for name, content, code in (("good", good, 0), ("bad", bad, 1), ("none", None, 2)):
        path = tmp_path / f"{name}.json"
        if content is not None:
            path.write_text(json.dumps(content), "utf-8")
        ran = subprocess.run(
            [sys.executable, "-m", "symgrad", "check", str(path), "--json"],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
        assert ran.returncode == code, ran.stderr
        assert "Traceback" not in ran.stderr
        if code < 2:
            assert json.loads(ran.stdout)["accepted"] is (code == 0)
        else:
            assert ran.stderr.count("\n") == 1


# --- the checker's own arithmetic

FUNCTIONS = (
    "tanh(x)",
    "x/(1 + exp(-x))",
    "x*erf(x)",
    "tan(x)^2",
    "asinh(x^3)",
    "atan(x)*cosh(x)",
    "sqrt(1 + x^2)",
    "(1 + |x|)^(3/2)",
    "max(sin(x), x/2)",
    "erfc(x)",
    "sinh(x)^3",
    "where(x > 1, x, x^5)",
    "1/x^3",
    "log(1 + exp(x))",
    "cos(2x)^3",
    "cbrt(x)",
    "x^x",
)


@pytest.mark.parametrize("text", FUNCTIONS)
def test_jets_contain_the_derivatives(text: str) -> None:
    """Against derivatives formed and evaluated by SymPy, at a point and over a ball around it."""
    phi = parse(text)
    at = sp.Rational(7, 10)
    exact = jet(phi, x, arb("0.7"), 5)
    wide = jet(phi, x, arb("0.7", "0.001"), 5)
    for order in range(6):
        value = sp.N(sp.diff(phi, x, order).subs(x, at), 40) / sp.factorial(order)
        assert abs(exact[order] - arb(str(value))) < arb("1e-12") * (1 + abs(exact[order]))
        assert wide[order].contains(exact[order].mid())
