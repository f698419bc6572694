"""The spec of a sweep: what it says, how its points are numbered, and what is refused with one line."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symgrad.errors import InputError
from symgrad.numeric import Net
from symgrad.numeric.architectures import OPTIONS
from symgrad.runs.sweeps.batches import LONGEST, OWN, SHARED, batches, estimate
from symgrad.runs.sweeps.spec import DEFAULTS, Spec

TEXT = """
[grid]
seed = [3, 1]
sigma_w = [0.8, 1, 1.2]
activation = ["tanh", "x*tanh(a*x)"]
[fixed]
depth = 5
"""


def test_options_are_those_of_a_net() -> None:
    assert list(DEFAULTS) == ["architecture", "activation", "set", *OPTIONS]
    assert {field.name for field in fields(Net)} < set(DEFAULTS)


def test_points_are_numbered_in_one_order() -> None:
    spec = Spec.parse(TEXT)
    assert spec.points == 12
    found = [
        (point["activation"], point["sigma_w"], point["seed"])
        for point in map(spec.point, range(spec.points))
    ]
    assert found == list(product(("tanh", "x*tanh(a*x)"), (0.8, 1.0, 1.2), (3, 1)))
    assert spec.point(0) == {**DEFAULTS, "depth": 5, "sigma_w": 0.8, "seed": 3}
    assert spec.grid["sigma_w"] == (0.8, 1.0, 1.2)
    assert spec.fixed["depth"] == 5


def test_text_reads_as_the_spec() -> None:
    spec = Spec.parse(TEXT)
    assert Spec.parse(spec.text()) == spec
    arrays = Spec.from_mapping(
        {"grid": {"sigma_w": np.array([0.8, 1.0, 1.2]), "seed": [np.int64(3), 1]}, "fixed": {}}
    )
    assert arrays.axes["sigma_w"] == spec.axes["sigma_w"]
    assert Spec.parse(arrays.text()) == arrays


REFUSED = {
    "x = 1": "'x' is not legal at the top",
    "fixed = 3": "fixed = 3: legal is a table",
    "[fixed": "no TOML",
    "a = " + "[" * 3000: "nested too deeply",
    "[fixed]\nsigma_w = " + "9" * 5000: "no TOML",
    "[fixed]\nwidht = 3": "option 'widht' is not known (legal: architecture, activation, set, depth,",
    "[fixed]\ndepth = 0": "depth = 0: legal are whole numbers from 1 to 100000",
    "[fixed]\ndepth = 3.0": "[fixed] depth = 3.0: legal are whole numbers",
    "[fixed]\ndepth = true": "[fixed] depth = True: legal are whole numbers",
    "[fixed]\nsigma_w = '1'": "[fixed] sigma_w = '1': legal are numbers",
    "[grid]\nsigma_w = [1, nan]": "[grid] sigma_w = nan: legal are finite numbers from 0 on",
    "[fixed]\nsigma_b = 1979-05-27": "legal are numbers",
    "[fixed]\nseed = -1": "seed = -1: legal are whole numbers from 0 on",
    "[fixed]\nseed = 9223372036854775808": "legal are numbers up to 9223372036854775807",
    "[fixed]\nwidth = 1000000": "[fixed] width = 1000000: ",
    "[fixed]\nweights = 'cauchy'": "legal are gaussian, orthogonal",
    "[grid]\ndepth = []": "[grid] depth = []: legal is a list of at least one value",
    "[grid]\ndepth = 3": "one value stands in [fixed]",
    "[grid]\nsigma_w = [1, 1.0]": "[grid] sigma_w has 1.0 twice",
    "[fixed]\nseed = 1\n[grid]\nseed = [1, 2]": "seed stands in [fixed] and in [grid]",
    f"[grid]\nseed = {list(range(1001))}\nsigma_w = {list(range(1000))}": "1,001,000 points: legal",
    "[grid]\nactivation = ['tanh', 'tanhh']": "[grid] activation = 'tanhh': ",
    "[fixed]\nactivation = 'tanh'\nset = 'a=1'": "tanh has no such parameter",
    "[fixed]\nset = 'a'": "legal is NAME=VALUE",
    "[fixed]\nactivation = 'elu'\nset = 'alpha=1, alpha=2'": "each name once",
    "[fixed]\nset = {a = 1}": "legal are texts",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:30])
def test_refused_with_one_line(text: str) -> None:
    with pytest.raises(InputError) as refused:
        Spec.parse(text)
    assert REFUSED[text] in str(refused.value)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 600


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"\xff\xfe", "no UTF-8 text"), (b"[fixed]\ndepth = 0", "depth = 0"), (None, "cannot be read")],
)
def test_a_file_is_named(tmp_path: Path, content: bytes | None, why: str) -> None:
    path = tmp_path / "grid.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=why) as refused:
        Spec.read(path)
    assert str(path) in str(refused.value)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["tanh", "gaussian", "float32"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
KEYS = st.sampled_from([*DEFAULTS, "other"])
TABLES = st.dictionaries(KEYS, VALUES, max_size=3)


@settings(max_examples=150)
@given(st.fixed_dictionaries({}, optional={"fixed": TABLES, "grid": TABLES, "more": VALUES}))
def test_any_mapping_is_a_spec_or_one_line(tables: dict[str, object]) -> None:
    try:
        spec = Spec.from_mapping(tables)
    except InputError as error:
        refused = str(error)
    else:
        assert Spec.from_mapping(tomllib.loads(spec.text())) == spec
        return
    assert "\n" not in refused


@settings(max_examples=100)
@given(st.text(alphabet='[]fixedgr =".,\n1-e#{}', max_size=60))
def test_any_text_is_a_spec_or_one_line(text: str) -> None:
    try:
        Spec.parse(text)
    except InputError as error:
        refused = str(error)
    else:
        return
    assert "\n" not in refused


@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 200), min_size=1, max_size=4, unique=True),
    st.lists(st.sampled_from([1, 16, 64, 256, 10000]), min_size=1, max_size=3, unique=True),
    st.integers(1, 12),
    st.integers(1, 9),
    st.integers(1, 8),
)
def test_every_point_is_in_one_batch(
    depths: list[int], widths: list[int], seeds: int, sigmas: int, workers: int
) -> None:
    """Each once, those of one draw beside each other; batches of no more than some seconds where points are
    shorter; what is recorded already is not in any.
    """
    spec = Spec.from_mapping(
        {"grid": {"depth": depths, "width": widths, "seed": range(seeds), "sigma_w": range(1, sigmas + 1)}}
    )
    done = set(range(0, spec.points, 3))
    found = batches(spec, done, workers)
    points = [point for batch in found for point in batch.points]
    assert sorted(points) == sorted(set(range(spec.points)) - done)
    assert all(first.seconds > 0 for first in found)
    for batch in found:
        shared = [tuple(spec.point(point)[key] for key in SHARED) for point in batch.points]
        changes = sum(first != second for first, second in pairwise(shared))
        assert changes == len(set(shared)) - 1, "a group stands together"
        assert batch.seconds <= LONGEST or len(set(shared)) == 1
        if len(batch.points) > 1:
            halves = batch.halves()
            assert halves[0].points + halves[1].points == batch.points
    assert estimate(spec, workers) > 0
    assert set(SHARED) | set(OWN) == set(DEFAULTS)
