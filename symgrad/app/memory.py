"""Time, a task that needs memory: learning curves under the gradient that the derivation predicted; the run
that is shipped, or one of your own, started here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from symgrad.app.ask import Document, ask
from symgrad.app.controls import control_panel
from symgrad.app.downloads import takeaway
from symgrad.app.drawing import drawn
from symgrad.app.links import open_view
from symgrad.app.parts import figure, finding
from symgrad.app.running import Work, kept, nothing_yet, opened, start_button, trouble
from symgrad.app.words import powers, sentence
from symgrad.present import memory_chart
from symgrad.progress import duration

if TYPE_CHECKING:
    from symgrad.runs.crew.status import Status

__all__ = ["WORK", "part"]

FILE = "memory.toml"
PRESETS = {
    "short": "adding, T = 10 and 50",
    "long": "adding and recall, T = 10, 50 and 200",
}


def part() -> None:
    """The stored run at once, or the folder that is opened; below, what can be started and what is kept."""
    body, panel, shelf = st.container(), st.container(), st.container()
    with shelf:
        chosen = kept(WORK, "Choose one; none shows the stored run")
    with body:
        if chosen is None:
            shown({}, st.container())
        else:
            opened(WORK, chosen)
    if chosen is None:
        with panel:
            start()


def start() -> None:
    """What to train, and the button."""
    st.subheader("Train them yourself", anchor=False)
    with control_panel():
        left, middle, right = st.columns([4, 3, 3], vertical_alignment="bottom")
        preset = left.segmented_control(
            "Trainings",
            list(PRESETS),
            default="short",
            required=True,
            key="preset",
            bind="query-params",
            format_func=PRESETS.__getitem__,
            help="Each task, length and net is trained from three seeds, with at most 3,000 updates.",
        )
        experiment = experiments()[preset]
        name = middle.text_input(
            "Keep it as",
            key="name",
            bind="query-params",
            max_chars=60,
            placeholder=f"memory-{preset}",
            help="The folder's name: small letters, digits and hyphens; a number is added where it is taken.",
        )
        with right:
            start_button(WORK, "Start the training", experiment.text(), name or f"memory-{preset}")
        trouble()
        seconds = sum(experiment.seconds(number) for number in range(experiment.points))
        st.caption(
            f"{experiment.points} trainings of {experiment.width} units, about {duration(seconds / 2)} on "
            f"two "
            "cores, less where a task is solved early. It runs on by itself and is drawn as it grows."
        )


def experiments() -> Any:
    from symgrad.runs.memory import PRESETS as presets

    return presets


def status_of(folder: Path) -> Status:
    from symgrad.runs import memory

    return memory.status(folder)


def command(folder: Path) -> list[str]:
    """The command line of the folder's own experiment."""
    from symgrad.runs.memory import read

    options = {"task" if key == "tasks" else key: value for key, value in read(folder)[0].document().items()}
    words = ["memory", "--out", str(folder)]
    for key, value in options.items():
        text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
        words += [f"--{key}", text] if text else []
    return words


def found(folder: Path, state: Document, top: Any) -> None:
    """What the trainings of a folder have found up to now."""
    shown({"folder": str(folder)}, top)


WORK = Work(
    noun="training",
    file=FILE,
    status=status_of,
    command=command,
    back="The stored run",
    results=found,
)


def shown(asked: dict[str, Any], top: Any) -> None:
    """Finding, choice of task and length, gradient and learning curves, table, the gradient while "
    "learning."""
    document = ask("memory", **asked)
    begun = [run for run in document["runs"] if run["profiles"]]
    if not begun:
        nothing_yet(top)
        return
    with top:
        headline(document)
    held = chosen(document, begun)
    left, right = st.columns([3, 2], gap="large")
    with left:
        figure(drawn(memory_chart.learning_and_gradient, held), "memory-chart")
        st.caption(
            "Above: the size of the gradient at each time step, before any update, median over seeds. Below: "
            "how "
            "the same nets learn, a line a seed. Where the gradient does not reach the early steps, what was "
            "shown "
            "there cannot be learned."
        )
    with right:
        while_learning(held)
        links()
    table(document)
    columns = curves(held)
    options = {key: st.session_state.get(key) for key in ("part", "folder", "task", "length")}
    name = f"memory-{held['runs'][0]['task']}-{held['runs'][0]['steps']}"
    takeaway(name, memory_chart.learning_and_gradient, held, columns, options, {"folder": None})


def headline(document: Document) -> None:
    """The first sentence of the finding in large type, the rest below it."""
    cells = [cell for cell in document["cells"] if cell["agrees"] is not None]
    agreeing = sum(cell["agrees"] for cell in cells)
    if cells:
        finding(
            f"In {agreeing} of {len(cells)} cases the gradient at initialisation, held against one "
            "threshold, tells whether the net learns the task."
        )
    else:
        finding("The nets are learning: none has finished its seeds yet.")
    st.markdown(powers(document["finding"]))


def chosen(document: Document, begun: list[Document]) -> Document:
    """The document with the runs of one task and one length."""
    titles = {task["name"]: task["title"] for task in document["tasks"]}
    texts = {task["name"]: task["text"] for task in document["tasks"]}
    tasks = [name for name in titles if any(run["task"] == name for run in begun)]
    left, right = st.columns([1, 1])
    task = left.segmented_control(
        "Task",
        tasks,
        default=tasks[0],
        required=True,
        key="task",
        bind="query-params",
        format_func=titles.__getitem__,
        help="What the nets have to learn; each shows something early and asks for it at the end.",
    )
    lengths = sorted({run["steps"] for run in begun if run["task"] == task})
    length = right.segmented_control(
        "Length T",
        lengths,
        default=lengths[-1],
        required=True,
        key="length",
        bind="query-params",
        help="Time steps between the beginning and the question.",
    )
    st.caption(texts[task])
    runs = [run for run in begun if run["task"] == task and run["steps"] == length]
    return {**document, "runs": runs}


def table(document: Document) -> None:
    """Every case: predicted, and what happened."""
    st.subheader("Predicted, and what happened", anchor=False)
    titles = {one["name"]: one["title"] for one in document["architectures"]}
    lines = ["| task | T | net | gradient, predicted | measured | predicted | solved | |", f"|{'---|' * 8}"]
    for cell in document["cells"]:
        fails = {True: "fails", False: "learns", None: "–"}[cell["predicted_fails"]]
        solved = f"{cell['solved_seeds']} of {cell['seeds']}"
        agrees = {True: "✓", False: "✗", None: "…"}[cell["agrees"]]
        words = [cell["task"], str(cell["steps"]), titles[cell["architecture"]]]
        words += [power(cell[key]) for key in ("predicted_log10_ratio", "log10_ratio")]
        lines.append(f"| {' | '.join([*words, fails, solved, agrees])} |")
    with st.container(key="cells"):
        st.markdown("\n".join(lines))
    st.caption(
        "Gradient: at the first step over that at the last, at initialisation, a typical value. ✓ where "
        "prediction "
        "and outcome agree."
    )
    with st.expander("How failure is predicted", key="threshold"):
        st.markdown(powers(document["threshold_reason"]))


def power(log10: float | None) -> str:
    return "0" if log10 is None else f"$10^{{{log10:.1f}}}$"


def while_learning(held: Document) -> None:
    """The gradient of one net along time, at initialisation and later."""
    titles = {one["name"]: one["title"] for one in held["architectures"]}
    names = [name for name in titles if any(run["architecture"] == name for run in held["runs"])]
    st.subheader("The gradient while it learns", anchor=False)
    name = st.selectbox(
        "Net",
        names,
        index=len(names) - 1,
        key="net",
        bind="query-params",
        format_func=titles.__getitem__,
        help="The net whose gradient along time is drawn, for its first seed.",
    )
    run = next(run for run in held["runs"] if run["architecture"] == name)
    figure(drawn(memory_chart.gradient_while_learning, {**held, "runs": [run]}), "learning-gradient-chart")
    st.caption(sentence(f"seed {run['seed']}, learning rate {run['learning_rate']:g}"))


def links() -> None:
    with st.container(horizontal=True, gap="small"):
        open_view("library", "Backpropagation through time", {"derivation": "backpropagation-through-time"})
        open_view("library", "The constant error carousel", {"derivation": "constant-error-carousel"})
        open_view("gates", "What the gates do")


def curves(held: Document) -> dict[str, list[Any]]:
    """One row an evaluation of one run."""
    keys = ("update", "loss", "test_loss")
    rows = [
        (run["architecture"], run["seed"], *values)
        for run in held["runs"]
        for values in zip(*(run[key] for key in keys), strict=True)
    ]
    return {name: [row[k] for row in rows] for k, name in enumerate(("architecture", "seed", *keys))}
