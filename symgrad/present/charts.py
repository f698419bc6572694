"""Documents as charts: the measured gradient under its bound, the updates, powers; an activation is drawn in
`slope_chart`.

Each takes a plain document and gives an Altair chart in our own theme, light or dark; nothing is computed but
where marks stand. Logarithms are drawn on a linear axis with labels 10ⁿ, so that one zero cannot flatten it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import altair as alt

from symgrad.errors import InputError
from symgrad.present.finite_width_chart import mean_and_typical
from symgrad.present.gain_chart import gain_by_layer
from symgrad.present.gates_chart import gated_gradients
from symgrad.present.latch_chart import return_map
from symgrad.present.lines import Line, by_step, data, lines_of
from symgrad.present.memory_chart import learning_and_gradient
from symgrad.present.phase_chart import correlation_by_layer
from symgrad.present.slope_chart import activation_curve
from symgrad.present.spectrum_chart import sorted_values
from symgrad.present.sweep_chart import sweep_picture
from symgrad.present.theme import DASHES, Theme, theme
from symgrad.present.thinning import finite, thinned
from symgrad.present.time_charts import clipped_sizes, matrix_powers

__all__ = [
    "activation_curve",
    "decay",
    "gradient_by_depth",
    "picture",
    "save",
    "sweep_picture",
    "update_by_layer",
]

Document = Mapping[str, Any]
Chart = alt.LayerChart | alt.VConcatChart

WIDTH = 640
"""Of a saved picture; on a page a chart is as wide as its place."""
MEASURED = "measured: median of seeds, band 5 to 95 %"
LAYER = ("layer", "layer (1 is the front, next to the input)")
STEP = ("step", "time step t (1 reads the first input)")
GRADIENTS = {"rnn": "∂E/∂h", "lstm": "∂E/∂c", "gru": "∂E/∂h"}
"""Architectures whose layers are time steps, and what their gradient is taken by."""


def gradient_by_depth(document: Document, dark: bool = False) -> Chart:
    """log10 ‖∂E/∂h‖ by layer, or by time step: median and band over seeds, under the worst-case bound, beside
    a prediction.

    A value without a place on the axis is a mark at the edge: ▼ zero, ▲ overflow, ✕ none. Fewer than 2,000
    points are drawn at any depth. Violations of the bound are counted in red.
    """
    look, band = theme(dark), document["log10_gradient"]
    lines = [
        Line("worst-case bound", look.roles["bound"], DASHES[1], document["log10_bound"]),
        _measured(band, look),
        Line("predicted for wide nets", look.roles["predicted"], DASHES[2], _predicted(document)),
        *_at_this_width(document, look),
    ]
    red = document.get("violations")
    chart = _sizes(document, lines, f"size of the gradient {gradient_of(document)}", look, bool(red))
    if not red:
        return chart
    title = alt.TitleParams(
        f"{red} measured values lie above the worst-case bound",
        color=look.roles["violation"],
        fontWeight="bold",
    )
    return chart.properties(title=title)


def gradient_of(document: Document) -> str:
    """What the gradient is taken by: the state, or an LSTM's cell."""
    return GRADIENTS.get(document.get("config", {}).get("architecture", "mlp"), "∂E/∂h")


def update_by_layer(document: Document, dark: bool = False) -> Chart:
    """log10 ‖∂E/∂W_l‖ by layer: the size of each layer's update, but for the learning rate."""
    look = theme(dark)
    lines = [_measured(document["log10_weight_gradient"], look)]
    return _sizes(document, lines, "size of the update ∂E/∂W", look)


def _measured(band: Document, look: Theme) -> Line:
    colour, between = look.roles["measured"], (band["q05"], band["q95"])
    return Line(MEASURED, colour, DASHES[0], band["median"], between, main=True)


def _predicted(document: Document) -> Sequence[Any]:
    """The prediction layer by layer where the document has it, else a line of the predicted slope."""
    if document.get("log10_predicted"):
        found: Sequence[Any] = document["log10_predicted"]
        return found
    slope, median = document.get("slope_predicted"), document["log10_gradient"]["median"]
    if slope is None or finite(median[-1]) is None:
        return []
    last = len(median)
    return [median[-1] + slope / math.log(10) * (last - layer) for layer in range(1, last + 1)]


def _at_this_width(document: Document, look: Theme) -> list[Line]:
    """What is typical at the width of these nets, with the 99 % band of a median over as many seeds."""
    band = document.get("log10_band")
    if not band:
        return []
    name = f"typical at width {document['config']['width']}, 99 % band"
    return [Line(name, look.roles["slope"], DASHES[3], band["middle"], (band["low"], band["high"]))]


def _sizes(
    document: Document, lines: Sequence[Line], title: str, look: Theme, violated: bool = False
) -> alt.LayerChart:
    depth, says = document["depth"], str(document.get("finding", ""))
    recurrent = document.get("config", {}).get("architecture", "mlp") in GRADIENTS
    across = STEP if recurrent else LAYER
    above = [_above(document, across[0], look)] if violated else []
    return by_step(depth, lines, look, across=across, up=title, says=says, more=above)


def _above(document: Document, field: str, look: Theme) -> alt.Chart:
    """Red points where the median passes the bound."""
    median, bound = document["log10_gradient"]["median"], document["log10_bound"]
    rows = [
        {field: document["depth"][i], "log10": value}
        for i in thinned(median)
        if (value := finite(median[i])) is not None
        and (limit := finite(bound[i])) is not None
        and value > limit
    ]
    mark = alt.Chart(data(rows)).mark_point(filled=True, size=55, opacity=1, color=look.roles["violation"])
    return mark.encode(x=f"{field}:Q", y="log10:Q")


def decay(document: Document, dark: bool = False) -> Chart:
    """log10 γⁿ against n for several activations: the worst-case product when every weight has norm 1."""
    look = theme(dark)
    series = document["series"]
    lines = lines_of({one["name"]: one["log10"] for one in series}, look)
    ends = "; ".join(f"{one['name']} 10^{one['log10'][-1]:.1f}" for one in series)
    says = document.get("finding") or f"The worst-case product after {series[0]['n'][-1]} layers: {ends}."
    across, up = ("n", "layers n"), "worst-case product γⁿ"
    return by_step(series[0]["n"], lines, look, across=across, up=up, says=str(says))


PICTURES: dict[str, Callable[..., Chart]] = {
    "curve": activation_curve,
    "simulate": gradient_by_depth,
    "decay": decay,
    "finite-width": mean_and_typical,
    "spectrum": sorted_values,
    "audit": gain_by_layer,
    "spectral-radius": matrix_powers,
    "latching": return_map,
    "clipping": clipped_sizes,
    "gates": gated_gradients,
    "memory": learning_and_gradient,
    "pair": correlation_by_layer,
}


def picture(document: Document, dark: bool = False) -> Chart:
    """The chart of a document that names the verb it came from."""
    return PICTURES[document["verb"]](document, dark)


def save(chart: Chart, format: str) -> bytes:  # noqa: A002
    """The chart as "png" or "svg", without a browser or a network. Raises `InputError` on another format."""
    import vl_convert

    specification = _sized(chart.to_dict())
    if format == "svg":
        return _numbered(vl_convert.vegalite_to_svg(specification)).encode()
    if format == "png":
        return bytes(vl_convert.vegalite_to_png(specification, scale=2))
    raise InputError(f"chart format {format!r} is not known (legal: png, svg)")


def _numbered(svg: str) -> str:
    """Clip paths numbered from 1: Vega goes on counting from chart to chart."""
    names = dict.fromkeys(re.findall(r'id="(clip\d+)"', svg))
    new = {name: f"clip{number}" for number, name in enumerate(names, 1)}
    return re.sub(r"\bclip\d+\b", lambda found: new.get(found[0], found[0]), svg)


def _sized(specification: Any) -> Any:
    """A width of its own where the page would give one."""
    if isinstance(specification, dict):
        return {
            key: WIDTH if key == "width" and value == "container" else _sized(value)
            for key, value in specification.items()
        }
    return [_sized(part) for part in specification] if isinstance(specification, list) else specification
