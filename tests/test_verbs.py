"""The verbs: plain arguments in, plain documents out; nothing of SymPy or NumPy crosses the boundary."""

from __future__ import annotations

import base64
import inspect
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symgrad import verbs
from symgrad.errors import InputError
from symgrad.symbolic.calculus.equality import UndecidedError
from symgrad.theory.activations import CORE
from symgrad.theory.registry import DERIVATIONS

NET: dict[str, Any] = {"depth": 4, "width": 5, "batch": 2, "seeds": 3}
FOLDER = Path(__file__).resolve().parents[1] / "derivations"
GRID = """
[fixed]
depth = 3
seeds = 2
[grid]
activation = ["tanh", "relu"]
width = [2, 4]
sigma_w = [0.5, 1.5]
"""
SKETCHED = ("bound", "derive", "curve", "gain")
QUESTIONS: dict[str, list[dict[str, Any]]] = {
    "list": [{}],
    "derive": [{"activation": name} for name in CORE],
    "bound": [{"activation": name} for name in CORE] + [{"activation": "selu", "symbolic": True}],
    "show": [{"key": key} for key in DERIVATIONS],
    "curve": [{"activation": name} for name in CORE],
    "certificate": [{"activation": "tanh"}, {"activation": "x*erf(x)"}],
    "certificates": [],
    "check": [{"file": str(FOLDER / "certificates" / "gelu.json")}],
    "parse": [{"activation": "x*tanh(a*x)", "settings": {"a": "2"}}],
    "atlas": [{"activation": "gelu"}],
    "atlas-row": [{"activation": "relu6"}],
    "gain": [{"activation": "tanh"}, {"activation": "relu", "q": "3/2"}],
    "initialization": [{"activation": "silu"}],
    "audit": [{"activation": "tanh", "depth": 5, "width": 16, "seeds": 2}],
    "phase": [{"activation": "tanh"}],
    "pair": [{"activation": "tanh", "depth": 4, "width": 16, "seeds": 2}],
    "mean-field": [{"activation": "tanh", "sigma_w2": "3/2", "sigma_b2": "1/20"}],
    "critical": [{"activation": "erf", "sigma_b2": "1/20"}],
    "advise": [{"activation": "tanh", "depth": 4, "width": 16, "batch": 2, "seeds": 2}],
    "spectral-radius": [{"steps": 5}, {"preset": "fixed point"}, {"preset": "chaotic", "steps": 9}],
    "sketch": [{"verb": verb, "arguments": {"activation": "erf(x)*x"}, "why": "late"} for verb in SKETCHED],
    "decay": [{}, {"names": ["silu", "selu"], "depth": 3}],
    "simulate": [{"activation": name, **NET} for name in CORE],
    "finite-width": [
        {"depth": 6, "width": 4, "seeds": 5},
        {"activation": "identity", "depth": 1, "seeds": 2},
    ],
    "spectrum": [
        {"depth": 3, "width": 8, "seeds": 2, "q": 0.1, "weights": "orthogonal"},
        {"activation": "identity", "depth": 2, "width": 32, "seeds": 3},
        {"activation": "x*tanh(x)", "depth": 4, "width": 6, "seeds": 3, "sigma_w": 1.0},
        {"depth": 2, "width": 4, "seeds": 2, "sigma_w": 0.0},
    ],
    "gates": [{"forget_bias": "-1/2", "steps": 4, "width": 3, "batch": 1, "seeds": 1}],
    "latching": [{"steps": 5}, {"w": "1/2"}, {"noise": "3"}, {"w": "20", "noise": "17", "samples": 0}],
    "clipping": [{"steps": 4, "width": 5}, {"activation": "relu", "vanishing": 0.0, "steps": 3, "width": 2}],
    "sweep-plan": [{"text": GRID}],
    "sweep-preview": [{"text": GRID}, {"text": GRID, "held": {"activation": "relu"}}],
    "swept": [],
    "memory": [{}],
    "training": [],
    "compare": [{}, {"curves": True}],
    "training-plan": [{"preset": "headline", "seed": 1}, {"depth": 2, "remedies": ["relu"]}],
    "verify": [{"keys": ["float-floor"]}],
    "export": [],
    "file": [{"key": "float-floor", "kind": "md"}, {"key": "update-rule", "kind": "tex"}],
}
CASES = [(verb, arguments) for verb, several in QUESTIONS.items() for arguments in several]


def plain(value: Any) -> bool:
    """Text, finite numbers, truth values, null, lists and objects with text keys, of exactly these types."""
    if isinstance(value, dict):
        return all(type(key) is str and plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(plain, value))
    if type(value) is float:
        return bool(np.isfinite(value))
    return value is None or type(value) in (str, int, bool)


def test_every_verb_is_asked() -> None:
    assert set(QUESTIONS) == set(verbs.VERBS)


@pytest.mark.parametrize(
    ("verb", "arguments"), CASES, ids=lambda v: v if isinstance(v, str) else "-".join(map(str, v.values()))
)
def test_documents_are_plain_and_the_same_from_the_disk(verb: str, arguments: dict[str, Any]) -> None:
    direct = verbs.call(verb, arguments, use_cache=False)
    assert plain(direct)
    assert json.loads(json.dumps(direct, allow_nan=False)) == direct
    if verbs.VERBS[verb].kept:
        assert verbs.call(verb, arguments) == direct
        assert verbs.call(verb, arguments) == direct


@pytest.mark.parametrize("name", verbs.VERBS)
def test_every_verb_explains_itself(name: str) -> None:
    run = verbs.VERBS[name].run
    assert inspect.getdoc(run)
    assert run.__name__ in verbs.__all__ or name == "decay"


@pytest.mark.parametrize(
    ("verb", "arguments", "offender"),
    [
        ("sing", {}, "'sing'"),
        ("bound", {"activation": "nope"}, "'nope'"),
        ("bound", {"activation": ""}, "''"),
        ("derive", {"activation": "tanh", "settings": {"a": "1"}}, "--set a"),
        ("bound", {"activation": "leaky_relu", "settings": {"a": "1/0"}}, "--set a=1/0"),
        ("bound", {"activation": "leaky_relu", "settings": {"a": "nan"}}, "--set a=nan"),
        ("bound", {"activation": "leaky_relu", "settings": {"a": "-1"}}, "--set a=-1"),
        ("bound", {"activation": "leaky_relu", "settings": {"a": "9" * 400}}, "--set a=999"),
        ("bound", {"activation": "leaky_relu", "settings": {"a": "٣"}}, "--set a="),
        ("show", {"key": "../secrets"}, "'../secrets'"),
        ("verify", {"keys": ["nope"]}, "'nope'"),
        ("file", {"key": "float-floor", "kind": "exe"}, "'exe'"),
        ("export", {"keys": ["nope"]}, "'nope'"),
        ("decay", {"depth": 0}, "depth 0"),
        ("decay", {"names": ["nope"]}, "'nope'"),
        ("curve", {"activation": "tanh", "points": 0}, "points"),
        ("curve", {"activation": "tanh", "points": 10**12}, "points"),
        ("curve", {"activation": "tanh", "reach": float("nan")}, "reach"),
        ("curve", {"activation": "tanh", "reach": -1.0}, "reach"),
        ("simulate", {"activation": "tanh", "depth": -1}, "depth = -1"),
        ("sweep-plan", {"text": "[grid]\nsigma = [1]"}, "sigma"),
        ("sweep-plan", {"text": "[grid"}, "TOML"),
        ("sweep-preview", {"text": "[grid]\nactivation = ['nope']"}, "nope"),
        ("sweep-preview", {"text": GRID, "held": {"activation": "gelu"}}, "activation = gelu"),
        ("swept", {"folder": "no-such-folder"}, "no-such-folder"),
        ("latching", {"w": "0"}, "--w 0"),
        ("latching", {"w": "-2"}, "--w=-2"),
        ("latching", {"w": "21"}, "--w 21"),
        ("latching", {"noise": "nan"}, "--noise=nan"),
        ("latching", {"steps": 0}, "--steps 0"),
        ("latching", {"samples": 51}, "--samples 51"),
        ("latching", {"seed": -1}, "--seed -1"),
        ("clipping", {"limit": 0.0}, "--limit 0.0"),
        ("clipping", {"value": float("nan")}, "--value nan"),
        ("clipping", {"exploding": 1e9}, "--exploding 1000000000.0"),
        ("clipping", {"width": 0}, "--width 0"),
        ("clipping", {"steps": 1}, "--steps 1"),
        ("clipping", {"activation": "exp(x)"}, "vanishing net"),
        ("spectral-radius", {"preset": "nope"}, "'nope'"),
        ("spectral-radius", {"steps": 0}, "steps 0"),
        ("spectral-radius", {"radius": "3"}, "radius 3"),
        ("spectral-radius", {"departure": "nan"}, "departure=nan"),
        ("spectral-radius", {"preset": "chaotic", "radius": "1"}, "radius 1"),
        ("memory", {"folder": "no-such-folder"}, "no-such-folder"),
        ("training", {"folder": "no-such-folder"}, "no-such-folder"),
        ("training-plan", {"preset": "huge"}, "huge"),
        ("training-plan", {"depth": 0}, "depth = 0"),
        ("training-plan", {"activation": "tanh(y)"}, "y"),
        ("compare", {"folders": ["no-such-folder"]}, "no-such-folder"),
    ],
    ids=str,
)
def test_refusals(verb: str, arguments: dict[str, Any], offender: str) -> None:
    """`InputError`, one line that names the offender, before anything is computed or written."""
    with pytest.raises(InputError) as refusal:
        verbs.call(verb, arguments)
    assert offender in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 1500


@pytest.mark.parametrize(("name", "settings"), [
    ("leaky_relu", {"a": "1"}), ("leaky_relu", {"a": "7/3"}), ("leaky_relu", {"a": "0.00000000000000000001"}),
    ("leaky_relu", {"a": "99999999999999999999"}), ("elu", {"alpha": "1/3"}), ("elu", {"alpha": "12.5"}),
    ("selu", {"alpha": "1"}), ("selu", {"lambda": "1/2"}), ("selu", {"alpha": "1", "lambda": "1"}),
])  # fmt: skip
def test_every_legal_parameter_is_answered(name: str, settings: dict[str, str]) -> None:
    """By each verb that takes one; Lipschitz is the larger of both ends."""
    from fractions import Fraction

    document = verbs.bound(name, settings)
    ends = [Fraction(document[end]["decimal"]) for end in ("inf", "sup")]
    assert Fraction(document["lipschitz"]["decimal"]) == max(map(abs, ends))
    for symbolic in (False, True):
        assert plain(verbs.bound(name, settings, symbolic))
    assert plain(verbs.derive(name, settings))
    assert plain(verbs.curve(name, settings))
    assert verbs.simulate(name, settings, **NET)["violations"] == 0


@pytest.mark.parametrize("name", CORE)
def test_curves(name: str) -> None:
    """Ascending abscissas, a gap exactly at each kink, φ′ in its range."""
    document = verbs.curve(name)
    x, slope = document["x"], document["dphi"]
    assert len(x) == len(slope) == len(document["phi"])
    assert all(p < q for p, q in pairwise(x))
    assert [at for at, value in zip(x, slope, strict=True) if value is None] == document["breaks"]
    low, high = (float(document[end]["decimal"]) for end in ("inf", "sup"))
    values = [value for value in slope if value is not None]
    assert low - 1e-12 <= min(values)
    assert max(values) <= high + 1e-12


def test_export_writes_whole_files_only(tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    document = verbs.export(["float-floor", "update-rule"], ["tex", "md"], str(out))
    written = sorted(path.name for path in out.iterdir())
    assert written == sorted(Path(path).name for path in document["files"])
    assert {"float-floor.tex", "float-floor.md", "update-rule.tex", "update-rule.md"} <= set(written)
    again = verbs.export(["float-floor", "update-rule"], ["tex", "md"], str(out))
    assert again == document
    for path in document["files"]:
        assert Path(path).read_text("utf-8").strip()
    content = verbs.file("float-floor", "md")
    assert base64.b64decode(content["content"]) == (out / "float-floor.md").read_bytes()


def test_export_takes_nothing_away_that_it_did_not_make(tmp_path: Path) -> None:
    """When a later file cannot be written, what stood in the folder before stays as it was."""
    verbs.export(["float-floor"], ["md"], str(tmp_path))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "float-floor.tex").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        verbs.export(["float-floor"], ["md", "tex"], str(tmp_path))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("name", CORE)
def test_written_expressions_parse_again(name: str) -> None:
    """By SymPy, in this test only: the texts of `bound` stand for the same numbers as its decimals."""
    import sympy as sp

    from symgrad.symbolic.letters import u, v

    document = verbs.bound(name)
    for end in ("inf", "sup", "lipschitz"):
        exact, *rest = document[end]["exact"].split(", where ")
        if rest:
            assert {str(s) for s in sp.sympify(exact).free_symbols} <= {u.name, v.name}
            assert all(" = " in part and " < " in part for part in rest)
            continue
        assert abs(sp.sympify(exact).evalf(40) - sp.Float(document[end]["decimal"], 40)) < sp.Float(
            "1e-28", 40
        )


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("sqrt(x)", "[0, oo)"),
        ("log(x)", "(0, oo)"),
        ("sqrt(1-x^2)", "[-1, 1]"),
        ("x^x", "(0, oo)"),
        ("1/x", "(-oo, 0) U (0, oo)"),
        ("tan(x)", "(pi*k - pi/2, pi*k + pi/2)"),
        ("tanh(x)/x", "(-oo, oo)"),
    ],
)
def test_the_domain_with_its_ends(text: str, domain: str) -> None:
    assert verbs.bound(text)["domain"] == domain


def test_a_range_does_not_wait_for_the_lines_of_the_derivative() -> None:
    """The larger of three, whose lines are not proved: the range is, and φ′ is written all the same."""
    text = "max(x/10, x, tanh(x))"
    with pytest.raises(UndecidedError):
        verbs.derive(text)
    document = verbs.bound(text)
    assert (document["inf"]["exact"], document["sup"]["exact"]) == ("0", "1")
    assert verbs.bound(document["derivative"])["derivative"]
