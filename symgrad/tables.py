"""Documents as tables for people reading a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.markup import escape

from symgrad.present.atlas import rounded
from symgrad.table import number as _number
from symgrad.table import table as _table
from symgrad.training_tables import comparison, training

__all__ = ["show"]

Document = dict[str, Any]
GAIN_ROWS = (
    ("forward", "forward gain 1/√E φ²"),
    ("backward", "backward gain 1/√E φ′²"),
    ("second_moment", "E φ(√q z)²"),
    ("derivative_second_moment", "E φ′(√q z)²"),
    ("keeping", "gain that keeps q"),
    ("bias_variance", "σ_b² beside the backward gain"),
)
MEAN_FIELD_ROWS = (
    ("q", "fixed point q"),
    ("chi1", "χ₁, squared gradient a layer"),
    ("chi_parallel", "χ_∥, difference of lengths a layer"),
    ("correlation", "correlation c of two inputs"),
    ("xi_q", "depth scale of lengths"),
    ("xi_c", "depth scale of correlations"),
    ("xi_grad", "depth scale of the gradient"),
)
MET = {True: "attained at", False: "approached as", None: "near"}
MOST_FAILURES = 10
RATIO = {"median": "log10 gradient, layer 1 ÷ layer L", "q05": "5 %", "q95": "95 %"}
COLOURS = {"PASS": "green", "FAIL": "red", "UNDECIDED": "yellow"}


def show(command: str, document: Document) -> None:
    """Prints the document of that command."""
    console = Console(highlight=False)
    VIEWS[command](document, console)


def _list(document: Document, console: Console) -> None:
    console.print("[bold]activations[/]  " + " ".join(document["activations"]))
    console.print("[bold]architectures[/]  " + " ".join(document["architectures"]))
    table = _table("derivation", "subject", "title")
    for row in document["derivations"]:
        table.add_row(row["key"], row["subject"], row["title"])
    console.print(table)


def _derive(document: Document, console: Console) -> None:
    _opening(document, console)
    _steps(document["steps"], console)
    console.print(f"[bold]φ′(x) = {escape(str(document['derivative']))}[/]")
    console.print(escape(document["autonomous"]["text"]))


def _bound(document: Document, console: Console) -> None:
    _opening(document, console)
    console.print(f"φ′(x) = {escape(str(document['derivative']))}")
    if document["domain"] not in (None, "(-oo, oo)"):
        console.print(f"defined on {document['domain']} only")
    _steps(document["steps"], console)
    table = _table("", "exact", "decimal", "where", "proof")
    for name in ("inf", "sup", "lipschitz"):
        e = document[name]
        if e is None:
            continue
        where = f"{MET[e['attained']]} {'; '.join(e['at'])}" if e["at"] else ""
        table.add_row(name, escape(_text(e["exact"])), _text(e["decimal"]), escape(where), e["proof"])
    console.print(table)
    console.print(f"[bold]{escape(document['text'])}[/]")


def _gain(document: Document, console: Console) -> None:
    _opening(document, console)
    console.print(f"q = {document['q']}")
    table = _table("", "exact", "decimal", "proof")
    for name, label in GAIN_ROWS:
        number = document[name]
        if number is not None:
            table.add_row(label, escape(_text(number["exact"])), _text(number["decimal"]), number["proof"])
    console.print(table)
    console.print(f"[bold]{escape(document['text'])}[/]")


def _mean_field(document: Document, console: Console) -> None:
    _opening(document, console)
    table = _table("", "exact", "decimal", "proof")
    for name, label in MEAN_FIELD_ROWS:
        number = document[name]
        if number is not None:
            table.add_row(label, escape(_text(number["exact"])), _text(number["decimal"]), number["proof"])
    if document["q"] is not None:
        console.print(table)
    console.print(f"[bold]{escape(document['text'])}[/]")


def _critical(document: Document, console: Console) -> None:
    _opening(document, console)
    table = _table("σ_w²", "proof", "q", "proof", "nets settle there")
    for one in document["solutions"]:
        cells = [
            cell for key in ("sigma_w2", "q") for cell in (_text(one[key]["decimal"]), one[key]["proof"])
        ]
        table.add_row(
            *cells, {True: "yes", False: "no, they leave it", None: "in the limit"}[one["attracts"]]
        )
    if document["solutions"]:
        console.print(table)
    if document["why"]:
        console.print(f"[bold]{escape(document['why'])}[/]")


def _advise(document: Document, console: Console) -> None:
    _opening(document, console)
    table = _table("scheme", "σ_w²", "σ_b²", "predicted", "99 % band", "measured", "signal", "")
    for row in document["schemes"]:
        scales = (_number(row["sigma_w2"]), _number(row["sigma_b2"]))
        band = "none" if row["band"] is None else "{:.3f} … {:.3f}".format(*row["band"])
        inside = {None: None, True: "inside", False: "outside"}[row["inside"]]
        said = "; ".join(filter(None, (inside, row["why"])))
        name = (
            f"[bold]{escape(row['name'])}[/]"
            if row["name"] == document["recommended"]
            else escape(row["name"])
        )
        ratios = (_number(row["predicted_log10_ratio"]), band, _number(row["measured_log10_ratio"]))
        table.add_row(name, *scales, *ratios, _number(row["log10_signal"]), escape(said))
    console.print(table)
    console.print(
        "predicted, measured: log10 of the gradient of the first layer's weights over the last layer's"
    )
    console.print("signal: log10 of the root mean square of a pre-activation, last layer over first")
    console.print(f"[bold]{escape(document['finding'])}[/]")
    if document["code"]["pytorch"]:
        console.print(escape(document["code"]["pytorch"]), soft_wrap=True)
        console.print("JAX and Keras: symgrad advise … --json", style="dim")


def _spectrum(document: Document, console: Console) -> None:
    _opening(document, console)
    table = _table("", "measured", "99 % interval", "predicted", "at this width")
    rows = (
        ("log10 mean of squared singular values", document["log10_mean"]),
        ("their variance ÷ squared mean", document["relative_variance"]),
        ("log10 of the largest square", document["edge"]),
    )
    for name, row in rows:
        if row is not None:
            interval = "" if row.get("high") is None else f"{_number(row['low'])} … {_number(row['high'])}"
            numbers = (_number(row[key]) for key in ("predicted", "at_width") if key in row)
            table.add_row(name, _number(row["measured"]), interval, *numbers)
    console.print(table)
    console.print(escape(document["finding"]))


def _show(document: Document, console: Console) -> None:
    console.print(f"[bold]{escape(document['title'])}[/]  ({document['key']}, {document['proof']})")
    _steps(document["steps"], console)
    console.print(f"[bold]{escape(document['conclusion']['statement'])}[/]")
    console.print(escape(document["conclusion"]["because"]))
    for source in document["sources"]:
        console.print(escape(f"  {source['text']} {source['where']}"), style="dim")


def _opening(document: Document, console: Console) -> None:
    """φ, and the values that the letters in it stand for."""
    values = "".join(f", {name} = {value}" for name, value in document["parameters"].items())
    console.print(escape(f"φ(x) = {document['expression']}{values}"))


def _steps(steps: list[Document], console: Console) -> None:
    if not steps:
        return
    table = _table("", "statement", "because", "checked")
    for number, step in enumerate(steps, 1):
        table.add_row(str(number), escape(step["statement"]), escape(step["because"]), escape(step["check"]))
    console.print(table)


def _atlas(document: Document, console: Console) -> None:
    if "text" in document:
        console.file.write(document["text"])
        return
    if "files" in document:
        _export(document, console)
        return
    families = dict.fromkeys(row["family"] for row in document["rows"])
    for family in families:
        console.print(f"[bold]{escape(family or 'typed')}[/]")
        table = _table("", "inf φ′", "sup φ′", "smoothness", "gain", "back", "criticality", "proof")
        table.columns[0].no_wrap = True
        for row in document["rows"]:
            if row["family"] == family:
                figures = [row["inf"], row["sup"]], [row["forward_gain"], row["backward_gain"]]
                ends, gains = ([_figure(value) for value in values] for values in figures)
                words = row["criticality"]["kind"], row["sup"]["proof"]
                table.add_row(escape(row["name"]), *ends, row["smoothness"], *gains, *words)
        console.print(table)
    console.print(f"[bold]{len(document['rows'])} activations[/]; all columns: symgrad atlas --format csv")


def _figure(value: Document | None) -> str:
    return "none" if value is None else rounded(value["decimal"], 5)


def _simulate(document: Document, console: Console) -> None:
    table = _table("layer", "log10 gradient", "5 %", "95 %", "log10 bound")
    layers = document["depth"]
    chosen = layers if len(layers) <= 20 else [*layers[:: max(1, len(layers) // 15)], layers[-1]]
    bands = document["log10_gradient"]
    for layer in dict.fromkeys(chosen):
        columns = (bands["median"], bands["q05"], bands["q95"], document["log10_bound"])
        table.add_row(str(layer), *("" if c[layer - 1] is None else f"{c[layer - 1]:.3f}" for c in columns))
    console.print(table)
    predicted = document["slope_predicted"]
    console.print(
        f"slope a layer: measured {_number(document['slope_measured'])}, predicted {_number(predicted)}"
    )
    console.print(f"violations of the bound: {document['violations']}  {_verdict(document['verdict'])}")
    console.print(f"[bold]{escape(document['finding'])}[/]")


def _verify(document: Document, console: Console) -> None:
    table = _table("claim", "verdict", "margin", "evidence")
    for claim in document["claims"]:
        table.add_row(
            claim["key"], _verdict(claim["verdict"]), _number(claim["margin"]), escape(claim["evidence"])
        )
    console.print(table)
    counts = f"{document['passed']} passed, {document['failed']} failed, {document['undecided']} undecided"
    console.print(f"[bold]{counts}[/] (seed {document['seed']})")


def _export(document: Document, console: Console) -> None:
    for path in document["files"]:
        console.print(escape(path))


def _sweep(document: Document, console: Console) -> None:
    axes, rows = list(document["axes"]), [row for row in document["rows"] if row["error"] is None]
    table = _table(*axes, *RATIO.values())
    for row in rows[:: max(1, -(-len(rows) // 20))]:
        figures = ("none" if row[key] is None else f"{row[key]:.3f}" for key in RATIO)
        table.add_row(*(escape(f"{row[key]}") for key in axes), *figures)
    console.print(table)
    if document["failures"]:
        failed = _table(*axes, "failed, because")
        for row in document["failures"][:MOST_FAILURES]:
            failed.add_row(*(escape(f"{row[key]}") for key in axes), escape(row["error"]))
        console.print(failed)
    measured = f"{document['done']} measured, {document['failed']} failed"
    console.print(f"{measured} of {document['points']} points, in {escape(document['folder'])}")
    above = f"{document['violations']} of {document['measured_values']} measured values"
    console.print(f"violations of the bound: {above}")
    console.print(f"[bold]{escape(document['finding'])}[/]")


def _memory(document: Document, console: Console) -> None:
    console.print(escape(document["threshold_reason"]))
    table = _table("task", "T", "architecture", "rate", "predicted", "measured", "fails?", "solved seeds")
    for cell in document["cells"]:
        ratios = (_number(cell[key]) for key in ("predicted_log10_ratio", "log10_ratio"))
        fails = {None: "", True: "yes", False: "no"}[cell["predicted_fails"]]
        solved = f"{cell['solved_seeds']} of {cell['seeds']}"
        name = (cell["task"], str(cell["steps"]), cell["architecture"], f"{cell['learning_rate']:g}")
        table.add_row(*name, *ratios, fails, solved)
    console.print(table)
    console.print("predicted, measured: log10 of the gradient at the first step over that at the last")
    done = f"{document['done']} of {document['points']} trainings"
    console.print(done if document["folder"] is None else f"{done}, in {escape(document['folder'])}")
    beside = document.get("compared")
    if beside:
        there = f"{beside['trainings']} of these trainings are in the stored run"
        alike = f"{beside['solved_alike']} ended as there, {beside['same']} are equal in every number"
        console.print(f"{there}: {alike}")
    console.print(f"[bold]{escape(document['finding'])}[/]")


def _check(document: Document, console: Console) -> None:
    word = "[green]accepted[/]" if document["accepted"] else "[red]rejected[/]"
    console.print(f"{word}  {escape(document['why'])}")


def _text(value: str | None) -> str:
    return "none" if value is None else value


def _verdict(word: str) -> str:
    return f"[{COLOURS[word]}]{word}[/]"


VIEWS: dict[str, Callable[[Document, Console], None]] = {
    "list": _list,
    "derive": _derive,
    "bound": _bound,
    "certificates": _export,
    "check": _check,
    "gain": _gain,
    "mean-field": _mean_field,
    "critical": _critical,
    "advise": _advise,
    "spectrum": _spectrum,
    "atlas": _atlas,
    "show": _show,
    "simulate": _simulate,
    "verify": _verify,
    "export": _export,
    "sweep": _sweep,
    "memory": _memory,
    "train": training,
    "compare": comparison,
}
