"""The atlas: every activation of the frameworks, every figure against φ alone, the stored rows not stale.

The oracle of a figure is φ in many digits (`reference`), quadrature by mpmath, or PyTorch; never the code
that found it. What takes long is done for twenty rows, other ones each day of the month; all are in the slow
set.
"""

from __future__ import annotations

import csv
import datetime
import inspect
import io
import random
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from mpmath import mp, mpf

from symgrad import verbs
from symgrad.cli import main
from symgrad.files import rendered
from symgrad.present.atlas import COLUMNS, FORMATS
from symgrad.present.plain import written
from symgrad.symbolic.letters import x, y
from symgrad.symbolic.zeros.cuts import cuts
from symgrad.theory.activation_derivative import activation_key, own_slope
from symgrad.theory.activations import ACTIVATIONS, FAMILIES, Activation
from symgrad.theory.activations import kernel as activation_kernel
from symgrad.theory.activations.frameworks import EXCLUDED, FRAMEWORKS
from symgrad.theory.registry import entry
from tests.theory.reference import evaluate, number, phi, slope

ROWS: dict[str, dict[str, Any]] = {row["name"]: row for row in verbs.call("atlas", {})["rows"]}
NAMES = tuple(ACTIVATIONS)
SEED = datetime.datetime.now(tz=datetime.UTC).day
FEW = random.Random(SEED).sample(NAMES, 20)
each = pytest.mark.parametrize("name", NAMES)
few = pytest.mark.parametrize("name", FEW)
the_rest = pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) for n in NAMES])

JAX = """relu relu6 sigmoid softplus sparse_plus sparse_sigmoid soft_sign silu swish log_sigmoid leaky_relu
hard_sigmoid hard_silu hard_swish hard_tanh tanh elu celu selu gelu glu squareplus mish identity softmax
log_softmax logmeanexp logsumexp standardize one_hot dot_product_attention scaled_matmul scaled_dot_general
get_scaled_dot_general_config log1mexp initializers""".split()
"""All public names of jax.nn, as of JAX 0.10."""
KERAS = """celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu
linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu swish soft_shrink softmax softplus softsign
sparse_plus sparse_sigmoid sparsemax squareplus tanh tanh_shrink threshold get serialize
deserialize""".split()
"""All public names of keras.activations, as of Keras 3.15."""


def named(module: str) -> set[str]:
    """What the two tables say of a framework's module; no name stands in both."""
    assert FRAMEWORKS[module].keys().isdisjoint(EXCLUDED[module])
    return {*FRAMEWORKS[module], *EXCLUDED[module]}


# --- Complete ---


def test_each_framework_is_covered() -> None:
    torch = pytest.importorskip("torch")
    assert named("torch.nn") == {*torch.nn.modules.activation.__all__, "Identity"}
    assert named("jax.nn") == set(JAX)
    assert named("keras.activations") == set(KERAS)
    assert all(ours in ACTIVATIONS for table in FRAMEWORKS.values() for ours in table.values())
    assert all(why for table in EXCLUDED.values() for why in table.values())


def test_each_elementwise_function_of_pytorch_is_covered() -> None:
    """Found by trying: what keeps the shape of a tensor and commutes with another order of the entries."""
    torch = pytest.importorskip("torch")
    functional: Any = torch.nn.functional
    found = set()
    given: Any = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    order = torch.randperm(12, generator=torch.Generator().manual_seed(2))
    for name, function in inspect.getmembers(functional, callable):
        if name.startswith("_") or name.endswith("_") or not name.islower():
            continue
        try:
            torch.manual_seed(3)  # what drops entries at random drops others the second time
            value: Any = function(given.clone())
            torch.manual_seed(4)
            turned: Any = function(given.flatten()[order].reshape(3, 4))
        except (TypeError, RuntimeError, ValueError, AttributeError, UserWarning):
            continue
        same_shape = isinstance(value, torch.Tensor) and value.shape == given.shape
        if same_shape and torch.allclose(turned.flatten(), value.flatten()[order]):
            found.add(name)
    assert {"gelu", "tanhshrink", "hardswish"} <= found
    assert found <= named("torch.nn.functional")
    assert all(hasattr(functional, name) for name in named("torch.nn.functional"))


def test_sixty_more_of_the_literature() -> None:
    theirs = {ours for table in FRAMEWORKS.values() for ours in table.values()}
    assert len(set(NAMES) - theirs) >= 60
    distinct = {(entry.expression, tuple(entry.parameters.values())) for entry in ACTIVATIONS.values()}
    assert len(distinct) == len(NAMES), "one stands twice"
    assert sum(map(len, FAMILIES.values())) == len(NAMES)


@pytest.mark.parametrize(("module", "name"), sorted(FRAMEWORKS["torch.nn"].items()))
def test_pytorch_computes_the_same(module: str, name: str) -> None:
    """φ and φ′ in float64, at many points, against 50 digits; each with the entry's parameters."""
    torch = pytest.importorskip("torch")
    entry = ACTIVATIONS[name]
    defaults = {"Threshold": tuple(float(value) for value in entry.parameters.values())}
    with torch.no_grad():
        layer = getattr(torch.nn, module)(*defaults.get(module, ())).double()
    points = [s * (0.037 + 0.21 * k) for s in (-1, 1) for k in range(60)]
    given = torch.tensor(points, dtype=torch.float64, requires_grad=True)
    values = layer(given)
    slopes = torch.autograd.grad(values.sum(), given)[0]
    with mp.workdps(60):
        f = phi(entry)
        for at, value, steep in zip(points, values.tolist(), slopes.tolist(), strict=True):
            assert abs(f(at) - value) <= 1e-12 * max(1, abs(value)), at
            assert abs(slope(f, at) - steep) <= COARSE.get(module, 1e-12) * max(1, abs(steep)), at


COARSE = {"Hardsigmoid": 1e-8}
"""PyTorch's own derivative of it is 1/6 rounded to single precision, also for doubles."""


# --- The stored rows ---


def test_the_rows_are_those_of_the_registry() -> None:
    """Order, formula, source and frameworks; the figures are worked out anew below."""
    assert tuple(ROWS) == NAMES
    for one in ACTIVATIONS.values():
        assert ROWS[one.name]["expression"] == written(one.phi)
        assert ROWS[one.name]["parameters"] == {s.name: str(value) for s, value in one.parameters.items()}


EXTREMUM = {"exact", "decimal", "lower", "upper", "attained", "at", "proof", "why"}
NUMBER = {"exact", "decimal", "lower", "upper", "proof"}
ROW = set(
    "name family expression latex derivative inf sup lipschitz smoothness parity autonomous forward_gain "
    "backward_gain criticality source frameworks".split()
)


@each
def test_a_row_is_what_scripts_rely_on(name: str) -> None:
    row = ROWS[name]
    assert row.keys() >= ROW
    assert all(row[key].keys() >= EXTREMUM for key in ("inf", "sup", "lipschitz"))
    assert all(row[key].keys() >= NUMBER for key in ("forward_gain", "backward_gain"))
    assert name in {entry.name for entry in FAMILIES[row["family"]]}


@each
def test_every_figure_is_proved(name: str) -> None:
    row = ROWS[name]
    assert {row[key]["proof"] for key in ("inf", "sup", "lipschitz")} <= {"exact", "certified"}
    assert {row[key]["proof"] for key in ("forward_gain", "backward_gain")} <= {"exact", "certified"}
    assert row["parity"] != "not decided"


def _is_worked_out_again(name: str) -> None:
    """The row worked out now says the same. A closed form is looked for within a budget of time, so a slow
    machine may find the certified number instead: then the figures must agree.
    """
    fresh, stored = verbs.call("atlas-row", {"activation": name}, use_cache=False), ROWS[name]
    assert fresh.keys() == stored.keys()
    _same_class(fresh["criticality"], stored["criticality"])
    for key, value in stored.items():
        if key == "criticality":
            continue
        if not isinstance(value, dict) or "decimal" not in value:
            assert fresh[key] == value, key
            continue
        assert fresh[key]["decimal"] == value["decimal"], key
        assert fresh[key].get("attained") == value.get("attained"), key
        if fresh[key]["proof"] == value["proof"]:
            ignored = ("why", "lower", "upper")  # the last digits of an enclosure
            assert _without(fresh[key], ignored) == _without(value, ignored), key


def _same_class(fresh: dict[str, Any], stored: dict[str, Any]) -> None:
    """Figures to eleven digits: a slow machine may find the enclosure instead of the closed form."""
    words = ("kind", "proof", "short", "complete")
    assert {key: fresh[key] for key in words} == {key: stored[key] for key in words}
    pairs = zip([fresh, *fresh["points"]], [stored, *stored["points"]], strict=True)
    for one, other in pairs:
        for key in ("q", "sigma_w2", "sigma_b2"):
            if other[key] is None:
                assert one[key] is None, key
            else:
                assert np.isclose(float(one[key]["decimal"]), float(other[key]["decimal"]), rtol=1e-11), key


def _without(document: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


@pytest.mark.parametrize("name", [name for name in FEW if ROWS[name]["criticality"]["complete"]])
def test_a_row_is_not_stale(name: str) -> None:
    """Mended by `python3 dev.py derivations`. What searches a grid of lengths is in the slow set."""
    _is_worked_out_again(name)


@the_rest
def test_no_row_is_stale(name: str) -> None:
    _is_worked_out_again(name)


def _is_derived(name: str) -> None:
    """Its derivation by key: every step checked, and a page of it."""
    derivation = entry(activation_key(name))()
    assert derivation.proof in ("exact", "certified")
    assert {claim.key for claim in derivation.claims} == {f"{name}/range", f"{name}/kernel"}
    for kind in ("tex", "md"):
        file, content = rendered(derivation, kind, lambda _: {})
        assert file == f"{activation_key(name)}.{kind}"
        assert len(content) > 500


@pytest.mark.parametrize("name", FEW[:5])
def test_a_derivation_by_key(name: str) -> None:
    _is_derived(name)


@the_rest
def test_all_derivations_by_key(name: str) -> None:
    _is_derived(name)


# --- Every figure against φ alone ---


def points_of(entry: Activation) -> list[mpf]:
    """Points off every cut: dense around 0, far out, and close to the cuts."""
    near = [cut.ball(200).mid() for cut in cuts(entry.phi, x).points]
    cut_at = [mpf(mid.str(60, radius=False)) for mid in near]
    spread = [s * mpf(10) ** mpf(k / 4) for s in (-1, 1) for k in range(-16, 9)]
    free = [at for at in spread if all(abs(at - cut) > mpf("1e-6") for cut in cut_at)]
    return free + [at + s * mpf(10) ** -k for at in cut_at for s in (-1, 1) for k in (3, 9)]


def bound(value: dict[str, Any], end: str) -> mpf:
    return mpf(value[end].replace("oo", "inf"))


@each
def test_no_slope_leaves_the_range(name: str) -> None:
    row, entry = ROWS[name], ACTIVATIONS[name]
    with mp.workdps(80):
        f = phi(entry)
        slopes = [slope(f, at) for at in points_of(entry)]
        slack = mpf(10) ** -28 * max(1, *map(abs, slopes))
        assert bound(row["inf"], "lower") - slack <= min(slopes)
        assert max(slopes) <= bound(row["sup"], "upper") + slack


@each
def test_symmetry_and_direction(name: str) -> None:
    row, f = ROWS[name], phi(ACTIVATIONS[name])
    with mp.workdps(60):
        ats = sorted(points_of(ACTIVATIONS[name]))
        values = [f(at) for at in ats]
        tiny = mpf(10) ** -50
        pairs = [(f(at), f(-at), at) for at in ats if at > mpf("0.01")]
        size = max(1, *(abs(p) + abs(q) for p, q, _ in pairs))
        holds = {
            "even": all(abs(p - q) < tiny * size for p, q, _ in pairs),
            "odd": all(abs(p + q) < tiny * size for p, q, _ in pairs),
            "f(x) - f(-x) = x": all(abs(p - q - at) < tiny * size for p, q, at in pairs),
        }
        assert row["parity"] == next((word for word, true in holds.items() if true), "none")
        steps = [b - a for a, b in pairwise(values)]
        rises, falls = (all(sign * step > -tiny * size for step in steps) for sign in (1, -1))
        assert (row["direction"] in ("increasing", "constant")) <= rises
        assert (row["direction"] in ("decreasing", "constant")) <= falls
        if row["direction"] == "neither":
            assert not rises or not falls


@each
def test_smoothness(name: str) -> None:
    """At each cut the one-sided derivatives of φ, by differences in many digits, first differ where it is
    said.
    """
    row, entry = ROWS[name], ACTIVATIONS[name]
    found = cuts(entry.phi, x).points
    said = row["smoothness"]
    with mp.workdps(400):
        f = phi(entry)
        orders = [_agreement(f, mpf(cut.ball(1400).mid().str(400, radius=False))) for cut in found]
    kinks, jumps = orders.count(0), orders.count(-1)
    if jumps:
        assert said == f"{jumps} jump{'s' if jumps > 1 else ''}"
    elif kinks:
        assert said in (f"continuous, {kinks} kink{'s' if kinks > 1 else ''}", f"continuous, {kinks} cusp")
    elif min(orders, default=9) < 5:
        assert said == f"C^{min(orders)}"
    else:
        assert said == "analytic"


def _agreement(f: Any, at: mpf) -> int:
    """The number of derivatives that agree from both sides at a point, −1 where the function itself does
    not; 5 where all that are looked at do.
    """
    h = mpf(10) ** -40
    for order in range(5):
        left, right = (_one_sided(f, at, side * h, order) for side in (-1, 1))
        nearer = _one_sided(f, at, h * mpf(10) ** -10, order)  # does not settle where it is unbounded
        if max(abs(left - right), abs(nearer - right)) > mpf(10) ** -12 * max(1, abs(left)):
            return order - 1
    return 5


def _one_sided(f: Any, at: mpf, h: mpf, order: int) -> mpf:
    """The derivative of that order from one side, from six points beside the place (error of order h)."""
    values = [f(at + k * h) for k in range(1, 7)]
    nodes = [mpf(k) for k in range(1, 7)]
    matrix = mpmath.matrix([[node**power for node in nodes] for power in range(6)])
    wanted = mpmath.matrix([mpmath.factorial(order) if power == order else 0 for power in range(6)])
    weights = mpmath.lu_solve(matrix, wanted)
    return mpmath.fsum(w * v for w, v in zip(weights, values, strict=True)) / h**order


def _moment(f: Any, breaks: list[mpf]) -> mpf:
    """E f(z)² for z ~ N(0, 1) by Gauss–Legendre quadrature between the breaks."""
    ends = sorted({mpf(-38), *(mpf(k) for k in range(-9, 10, 3)), *breaks, mpf(38)})
    weight = 1 / mpmath.sqrt(2 * mp.pi)
    return weight * mpmath.quad(lambda z: f(z) ** 2 * mpmath.exp(-z * z / 2), ends, maxdegree=7)


def _gain_is(name: str) -> None:
    row, entry = ROWS[name], ACTIVATIONS[name]
    breaks = [mpf(cut.ball(100).mid().str(25, radius=False)) for cut in cuts(entry.phi, x).points]
    with mp.workdps(25):
        f = phi(entry)
        forward = 1 / mpmath.sqrt(_moment(f, breaks))
        assert abs(forward - mpf(row["forward_gain"]["decimal"])) < 1e-9 * forward
        if "cusp" in row["smoothness"]:
            return  # E φ′² is infinite there or slow to come
        second = _moment(lambda z: slope(f, z), breaks)
        decimal = row["backward_gain"]["decimal"]
        assert (second < 1e-30) if decimal == "oo" else abs(1 / mpmath.sqrt(second) - mpf(decimal)) < 1e-8


@pytest.mark.parametrize("name", FEW[:6])
def test_a_gain(name: str) -> None:
    _gain_is(name)


@the_rest
def test_all_gains(name: str) -> None:
    _gain_is(name)


@each
def test_the_criticality_of_a_row(name: str) -> None:
    """A class has the figures that it speaks of."""
    found = ROWS[name]["criticality"]
    kind, short = found["kind"], found["short"]
    assert kind in ("scale-invariant", "K* = 0", "half-stable", "none", "undecided")
    assert found["why"].endswith((".", "…"))
    assert (found["sigma_w2"] is None) == (kind in ("none", "undecided"))
    assert (found["q"] is None) == (kind in ("none", "undecided", "scale-invariant"))
    assert kind != "half-stable" or found["q"] == found["points"][0]["q"]
    assert kind != "none" or found["points"] == []
    assert kind not in ("scale-invariant", "K* = 0") or short is not None


def _has_both_factors_one(name: str) -> None:
    """At each length by the trapezoidal rule: E xφφ′/q = E φ′² = 1/σ_w², and σ_w² E φ² + σ_b² = q."""
    found = ROWS[name]["criticality"]
    kernel = activation_kernel(ACTIVATIONS[name])
    nodes = np.linspace(-12, 12, 40_001)
    weights = np.exp(-(nodes**2) / 2) * (nodes[1] - nodes[0]) / np.sqrt(2 * np.pi)
    for point in found["points"]:
        q, sigma_w2, sigma_b2 = (float(point[key]["decimal"]) for key in ("q", "sigma_w2", "sigma_b2"))
        at = np.sqrt(q) * nodes
        value, slope = kernel.value(at), kernel.slope(at)
        assert sigma_b2 >= 0
        assert sigma_w2 * float(weights @ slope**2) == pytest.approx(1, rel=1e-3)
        assert sigma_w2 * float(weights @ (at * value * slope)) / q == pytest.approx(1, rel=1e-3)
        assert sigma_w2 * float(weights @ value**2) + sigma_b2 == pytest.approx(q, rel=1e-3)


CRITICAL = [name for name in NAMES if ROWS[name]["criticality"]["points"]]


@pytest.mark.parametrize("name", random.Random(SEED).sample(CRITICAL, 6))
def test_both_factors(name: str) -> None:
    _has_both_factors_one(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", CRITICAL)
def test_all_both_factors(name: str) -> None:
    _has_both_factors_one(name)


@each
def test_the_slope_from_the_output(name: str) -> None:
    """g(φ(x)) = φ′(x) off the cuts, where the row gives g."""
    entry = ACTIVATIONS[name]
    if ROWS[name]["autonomous"] is None:
        return
    g = own_slope(entry).g
    assert g is not None
    with mp.workdps(120):
        parameters = {symbol: number(value) for symbol, value in entry.parameters.items()}
        f = phi(entry)
        for at in points_of(entry):
            if abs(at) < 4 and not g.has(sp.erfinv):
                steep = slope(f, at)
                assert abs(evaluate(g, {**parameters, y: f(at)}) - steep) < mpf(10) ** -30 * max(
                    1, abs(steep)
                )


# --- As files ---


def test_the_csv_is_read_back_and_harmless() -> None:
    table = list(csv.DictReader(io.StringIO(FORMATS["csv"](list(ROWS.values())))))
    assert [line["name"] for line in table] == list(NAMES)
    for line in table:
        assert set(line) == set(COLUMNS)
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in line.values())
        shown = line["sup"].lstrip("'")
        assert shown == ROWS[line["name"]]["sup"]["decimal"]


def test_a_formula_of_a_spreadsheet_is_quoted() -> None:
    row = {**ROWS["gelu"], "source": "=cmd()", "expression": "@x"}
    (line,) = csv.DictReader(io.StringIO(FORMATS["csv"]([row])))
    assert (line["source"], line["phi"]) == ("'=cmd()", "'@x")


def test_the_markdown_table_has_a_cell_for_every_column() -> None:
    lines = [line for line in FORMATS["md"](list(ROWS.values())).splitlines() if line.startswith("|")]
    bars = {line.replace(r"\|", "").count("|") for line in lines}
    assert len(bars) == 1
    assert len(lines) == len(NAMES) + 2 * len(FAMILIES)


@pytest.mark.slow
def test_the_latex_table_compiles(tmp_path: Path) -> None:
    if not shutil.which("pdflatex"):
        pytest.skip("no pdflatex here")
    (tmp_path / "atlas.tex").write_text(FORMATS["tex"](list(ROWS.values())), "utf-8")
    command = ["pdflatex", "-no-shell-escape", "-halt-on-error", "-interaction=batchmode", "atlas.tex"]
    for _ in range(2):
        assert subprocess.run(command, cwd=tmp_path, stdout=subprocess.DEVNULL, check=False).returncode == 0
    assert (tmp_path / "atlas.pdf").stat().st_size > 50_000


def test_the_command_writes_files_or_prints_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["atlas", "--format", "csv,md", "--out", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"atlas.csv", "atlas.md"}
    capsys.readouterr()
    assert main(["atlas", "--format", "csv"]) == 0
    assert capsys.readouterr().out.encode() == (tmp_path / "atlas.csv").read_bytes()
    assert main(["atlas", "--format", "csv,md"]) == 2
    assert capsys.readouterr().err == "symgrad: --out is missing: several formats are written to a folder\n"


def test_a_typed_expression_has_a_row() -> None:
    (row,) = verbs.call("atlas", {"activation": "x*tanh(x)/2"})["rows"]
    assert row["parity"] == "even"
    assert row["source"] is None
    assert np.isclose(float(row["sup"]["decimal"]), float(ROWS["lisht"]["sup"]["decimal"]) / 2)
