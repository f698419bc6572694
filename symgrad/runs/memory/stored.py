"""The run that is shipped: what the preset "long" found, thinned, in one JSON file of the package.

symgrad memory --preset long --out FOLDER                                # reproduces and compares it
python -m symgrad.runs.memory.stored FOLDER > symgrad/data/memory.json   # writes it anew
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from symgrad.runs.memory.experiment import Experiment
from symgrad.runs.memory.store import curves, read, status
from symgrad.runs.memory.training import ROWS

__all__ = ["compared", "stored", "thinned"]

STORED = "data/memory.json"
Curve = dict[str, Any]
MOST_ROWS, MOST_STEPS, DIGITS = 31, 41, 4
"""Rows of a curve, steps of a profile and decimals that are kept."""


def stored() -> tuple[Experiment, dict[str, Any], list[Curve]]:
    """The shipped experiment, {"made_with", "seconds"} and its thinned curves."""
    document = json.loads((resources.files("symgrad") / STORED).read_text("utf-8"))
    experiment = Experiment.of(document["experiment"])
    about = {key: document[key] for key in ("made_with", "seconds")}
    found = [{**curve, "config": experiment.point(n)} for n, curve in enumerate(document["curves"])]
    return experiment, about, found


def thinned(curve: Curve) -> Curve:
    """The curve with fewer rows and steps, its numbers rounded; profiles with the steps `t` that are left."""
    rows = _chosen(len(curve["update"]), MOST_ROWS)
    found = {**curve, **{name: [_rounded(curve[name][k]) for k in rows] for name in ROWS}}
    found["predicted"] = _rounded(curve["predicted"])
    found["profiles"] = []
    for profile in curve["profiles"]:
        logs = profile["log10_gradient"]
        kept = _chosen(len(logs), MOST_STEPS)
        found["profiles"].append(
            {**profile, "t": [k + 1 for k in kept], "log10_gradient": [_rounded(logs[k]) for k in kept]}
        )
    return found


def compared(found: Sequence[Curve]) -> dict[str, Any]:
    """The curves of an experiment beside the stored ones of the same trainings.

    `trainings` have a stored one, `same` are equal in every number that is stored, `solved_alike` in whether
    and `solved_at_alike` after how many updates the task was solved.
    """
    _, _, there = stored()
    known = {_key(curve): curve for curve in there}
    pairs = [(thinned(curve), known[_key(curve)]) for curve in found if _key(curve) in known]
    return {
        "trainings": len(pairs),
        "same": sum(_figures(one) == _figures(other) for one, other in pairs),
        "solved_alike": sum(one["solved"] == other["solved"] for one, other in pairs),
        "solved_at_alike": sum(
            (one["solved"], one["step"]) == (other["solved"], other["step"]) for one, other in pairs
        ),
    }


def _key(curve: Curve) -> str:
    return json.dumps({name: value for name, value in curve["config"].items() if name != "number"})


def _figures(curve: Curve) -> Curve:
    return {name: value for name, value in curve.items() if name != "config"}


def _chosen(count: int, most: int) -> list[int]:
    """At most so many of 0…count − 1, evenly, both ends among them."""
    if count <= most:
        return list(range(count))
    return [round(k * (count - 1) / (most - 1)) for k in range(most)]


def _rounded(value: Any) -> Any:
    return round(value, DIGITS) if isinstance(value, float) else value


def main() -> None:
    """Prints the file of a finished folder."""
    folder = Path(sys.argv[1])
    experiment, made_with = read(folder)
    found = curves(folder, experiment)
    assert all(curve["finished"] for curve in found), "the experiment is not finished"
    curves_text = ",\n".join(json.dumps(_figures(thinned(c)), separators=(",", ":")) for c in found)
    head = {
        "experiment": experiment.document(),
        "made_with": made_with,
        "seconds": round(status(folder).seconds),
    }
    print(json.dumps(head, indent=1)[:-2] + ',\n "curves": [\n' + curves_text + "\n]}")


if __name__ == "__main__":
    main()
