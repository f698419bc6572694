"""Data sets: what is shipped is what its source describes; a split is scaled by its training part alone."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest

from symgrad.numeric.training import DATASETS

UCI = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
"""Digits 0…9 in the test set, as the repository's description (optdigits.names) counts them."""


def test_digits_are_those_of_the_repository() -> None:
    inputs, labels = DATASETS["digits"].samples
    assert inputs.shape == (1797, 64) and np.bincount(labels).tolist() == UCI
    assert inputs.min() == 0 and inputs.max() == 16 and np.array_equal(inputs, np.round(inputs))
    # the first sample is a nought: ink around a hole
    first = inputs[0].reshape(8, 8)
    assert labels[0] == 0 and first[3:5, 3:5].max() <= 1 < first[3:5].max()
    text = files("symgrad").joinpath("data", "digits.txt").read_text("utf-8")
    assert "CC BY 4.0" in text and "Alpaydin" in text and "10.24432/C50P49" in text


def test_spirals_are_the_benchmark_and_points_between() -> None:
    inputs, labels = DATASETS["two-spirals"].samples
    ones = inputs[labels == 0]
    for i in range(97):  # the formula of the benchmark (CMU neural-bench, two-spirals)
        angle, radius = i * np.pi / 16, 6.5 * (104 - i) / 104
        assert np.allclose(ones[4 * i], [radius * np.sin(angle), radius * np.cos(angle)], atol=1e-13)
    assert np.array_equal(inputs[labels == 1], -ones) and len(inputs) == 770
    # a straight line tells them apart no better than chance: two centred clouds mirrored in the origin
    distances = np.linalg.norm(ones[:, None] + ones[None], axis=2).min(axis=1)
    assert distances.min() > 0.3


@pytest.mark.parametrize("name", DATASETS)
def test_a_split_is_a_partition_scaled_by_its_training_part(name: str) -> None:
    data = DATASETS[name]
    inputs, labels = data.samples
    assert inputs.shape[1] == data.inputs and set(labels.tolist()) == set(range(data.classes))
    assert data.title and data.text and data.source and data.licence
    split = data.split(3)
    assert len(split.test_labels) == len(labels) // 5
    assert np.allclose(split.inputs.mean(axis=0), 0, atol=1e-12)
    assert np.mean(np.square(split.inputs)) == pytest.approx(1, rel=1e-12)
    back = np.concatenate([split.inputs, split.test_inputs]) * split.size + split.mean
    found = np.column_stack([back, np.concatenate([split.labels, split.test_labels])]).round(9)
    given = np.column_stack([inputs, labels]).round(9)
    assert np.allclose(found[np.lexsort(found.T)], given[np.lexsort(given.T)], atol=1e-8)
    again, other, single = data.split(3), data.split(4), data.split(3, "float32")
    assert np.array_equal(again.inputs, split.inputs)
    assert not np.array_equal(other.labels, split.labels)
    assert single.inputs.dtype == np.float32 and np.allclose(single.inputs, split.inputs, atol=1e-6)
    with pytest.raises(ValueError, match="legal"):
        data.split(0, "float16")
    with pytest.raises(ValueError, match="read-only"):
        inputs[0, 0] = 1
