"""Trainings as tables in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape

from symgrad.table import number, table

__all__ = ["comparison", "training"]

Document = Mapping[str, Any]


def training(document: Document, console: Console) -> None:
    """One training by layer, or the ranking of a preset's."""
    if "runs" in document:
        comparison(document, console)
        return
    made = table("layer", "first step", "first epoch", "last epoch", "from the start", "representation moved")
    first = document["first_step"] or {"log10_update": [None] * document["config"]["depth"]}
    for layer, (step, updates) in enumerate(
        zip(first["log10_update"], document["relative_update"], strict=True), 1
    ):
        ends = (updates[0], updates[-1]) if updates else (None, None)
        last = (document[name][layer - 1][-1:] or [None] for name in ("distance", "moved"))
        size = "none" if step is None else f"10^{step:.2f}"
        made.add_row(str(layer), size, *map(number, ends), *(number(value[0]) for value in last))
    console.print(made)
    console.print("first step: ‖ΔW‖; epochs, from the start: ‖ΔW‖/‖W‖; representation: ‖ΔH‖/‖H‖")
    console.print(f"[bold]{escape(document['finding'])}[/] In {escape(document['folder'])}")


def comparison(document: Document, console: Console) -> None:
    """Trainings ranked, with the first update measured and predicted."""
    made = table(
        "training", "layers", "remedies", "optimiser", "accuracy", "loss", "first update", "predicted"
    )
    for run in document["runs"]:
        config, final, first = run["config"], run["final"], run["first_update"]
        right = "none" if final["accuracy"] is None else f"{final['accuracy']:.1%}"
        ratios = [first[f"{name}_log10_ratio"] for name in ("measured", "predicted")]
        made.add_row(
            escape(run["name"]),
            str(config["depth"]),
            escape(", ".join(config["remedies"]) or "none"),
            config["optimizer"],
            right + (" [red]diverged[/]" if run["state"] == "diverged" else ""),
            number(final["loss"]),
            *("" if ratio is None else f"10^{ratio:.2f}" for ratio in ratios),
        )
    console.print(made)
    console.print("first update: ‖ΔW_1‖/‖ΔW_L‖ of the hidden layers at the first step")
    console.print(f"[bold]{escape(document['finding'])}[/]")
