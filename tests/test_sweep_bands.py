"""The predicted lines of a sweep carry the band of their width, and what is measured lies in it."""

from __future__ import annotations

from typing import Any

import pytest

from symgrad.present.charts import sweep_picture
from symgrad.verbs.sweeps import sweep_preview

SPEC = """
[fixed]
depth = 12
width = 64
seeds = {seeds}
{more}
[grid]
activation = ["tanh", "relu"]
sigma_w = [1.0, 1.4]
{axis}
"""


def points(seeds: int = 20, more: str = "", axis: str = "") -> list[dict[str, Any]]:
    picture = sweep_preview(SPEC.format(seeds=seeds, more=more, axis=axis))["picture"]
    return [point for one in picture["series"] for point in one["points"]]


@pytest.mark.parametrize(
    ("seeds", "axis"), [(20, ""), (5, "seed = [0, 1, 2, 3]")], ids=["one seed", "pooled"]
)
def test_what_is_measured_lies_in_the_band(seeds: int, axis: str) -> None:
    found = points(seeds, axis=axis)
    assert len(found) == 4
    for point in found:
        assert point["band_low"] < point["median"] < point["band_high"]
        assert point["band_low"] < point["band"] < point["band_high"]
        half = (point["band_high"] - point["band_low"]) / 2
        assert not point["band_low"] < point["median"] + 3 * half < point["band_high"]


def test_more_nets_make_it_narrower() -> None:
    for few, many in zip(points(5), points(80), strict=True):
        ratio = (few["band_high"] - few["band_low"]) / (many["band_high"] - many["band_low"])
        assert ratio == pytest.approx(4)


def test_recurrent_nets_lie_in_theirs_and_gated_ones_have_none() -> None:
    for point in points(40, more='architecture = "rnn"'):
        assert point["band_low"] < point["median"] < point["band_high"]
        half = (point["band_high"] - point["band_low"]) / 2
        assert not point["band_low"] < point["median"] + 3 * half < point["band_high"]
    assert all(point["band"] is None for point in points(2, more='architecture = "lstm"'))


def test_it_is_drawn() -> None:
    picture = sweep_preview(SPEC.format(seeds=3, more="", axis=""))["picture"]
    drawn = str(sweep_picture(picture).to_dict())
    assert "'kind': 'band'" in drawn
    for one in picture["series"]:
        for point in one["points"]:
            point |= {"band": None, "band_low": None, "band_high": None}
    assert len(str(sweep_picture(picture).to_dict())) < len(drawn)
