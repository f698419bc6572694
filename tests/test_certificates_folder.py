"""derivations/certificates/: one for every registered activation, accepted, and what is proved now."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from symgrad import verbs
from symgrad.symbolic.language.write import write
from symgrad.theory.activations import ACTIVATIONS
from symgrad.verbs.certificates import text_of
from symgrad.verify.certificates import check, load

FOLDER = Path(__file__).resolve().parents[1] / "derivations" / "certificates"
REDERIVED = sorted(ACTIVATIONS)[:: len(ACTIVATIONS) // 20][:20]
"""Twenty, evenly out of all by name."""
PARTS = 4


def test_one_for_every_activation() -> None:
    """Mended by `python3 dev.py derivations`."""
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.json" for name in ACTIVATIONS}
    assert len(REDERIVED) == 20


@pytest.mark.parametrize("part", range(PARTS))
def test_all_are_accepted(part: int) -> None:
    for name in sorted(ACTIVATIONS)[part::PARTS]:
        certificate = load(FOLDER / f"{name}.json")
        assert certificate["phi"] == write(ACTIVATIONS[name].phi), name
        verdict = check(certificate)
        assert verdict.accepted, f"{name}: {verdict.why}"


@pytest.mark.parametrize("name", REDERIVED)
def test_rederived(name: str) -> None:
    """Byte for byte."""
    assert (FOLDER / f"{name}.json").read_text("utf-8") == text_of(verbs.certificate(name)["certificate"])


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - set(REDERIVED)))
def test_all_rederived(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text("utf-8") == text_of(verbs.certificate(name)["certificate"])


def test_the_command_writes_them(tmp_path: Path) -> None:
    written = verbs.certificates(str(tmp_path), ["relu", "tanh"])["files"]
    assert [Path(path).name for path in written] == ["relu.json", "tanh.json"]
    for path in written:
        assert verbs.check(path)["accepted"]
        assert json.loads(Path(path).read_text("utf-8")) == json.loads(
            (FOLDER / Path(path).name).read_text("utf-8")
        )
