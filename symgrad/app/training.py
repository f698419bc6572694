"""Training: sigmoid nets on handwritten digits and every remedy beside them; the run that is shipped, or one
of your own, started here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from symgrad.app.ask import Document, ask, told
from symgrad.app.controls import control_panel
from symgrad.app.downloads import takeaway
from symgrad.app.drawing import drawn
from symgrad.app.links import open_view
from symgrad.app.parts import figure, finding
from symgrad.app.running import Work, kept, nothing_yet, opened, start_button, trouble
from symgrad.app.words import escaped, powers
from symgrad.errors import InputError
from symgrad.present import training_chart
from symgrad.progress import duration

if TYPE_CHECKING:
    from symgrad.runs.crew.status import Status

__all__ = ["WORK", "view"]

FILE = "runs.json"
FIRST = ("plain-10", "plain-2", "plain-5", "relu", "residual")
"""The trainings that are drawn at first, where they are there."""
MOST = 5
HEADLINE, OWN = "Every remedy, on ten sigmoid layers", "A net of my own"


@st.fragment
def view() -> None:
    """The shipped run at once, or the folder that is opened; below, what can be started and what is kept."""
    with told():
        body, panel, shelf = st.container(), st.container(), st.container()
        with shelf:
            chosen = kept(WORK, "Choose one; none shows the run that is shipped")
        with body:
            if chosen is None:
                shown([], st.container())
            else:
                opened(WORK, chosen)
        if chosen is None:
            with panel:
                start()


def start() -> None:
    """What to train, and the button."""
    st.subheader("Train it yourself", anchor=False)
    with control_panel():
        what = st.segmented_control(
            "Trainings",
            [HEADLINE, OWN],
            default=HEADLINE,
            required=True,
            key="what",
            bind="query-params",
            help="All nineteen trainings of this page again, or one net with and without remedies.",
        )
        asked = own() if what == OWN else headline()
        plan = ask("training-plan", **asked)
        left, right = st.columns([4, 3], vertical_alignment="bottom")
        name = left.text_input(
            "Keep it as",
            key="name",
            bind="query-params",
            max_chars=60,
            placeholder="training",
            help="The folder's name: small letters, digits and hyphens; a number is added where it is taken.",
        )
        with right:
            start_button(WORK, "Start the training", plan["text"], name or "training")
        trouble()
        st.caption(
            escaped(
                f"{plan['says']} About {duration(max(2.0, plan['seconds'] / 2))} on two cores. It runs on by "
                "itself and is drawn as it grows."
            )
        )


def headline() -> dict[str, Any]:
    """The preset, at a seed."""
    seed = st.number_input(
        "Seed", 0, 10**6, 0, key="seed", bind="query-params", help="Of the split, the weights and the order."
    )
    return {"preset": "headline", "seed": int(seed)}


def own() -> dict[str, Any]:
    """A net with remedies, beside the same without."""
    from symgrad.numeric.training import DATASETS, OPTIMISERS
    from symgrad.theory.remedies.remedies import REMEDIES

    given: dict[str, Any] = {}
    one, two, three, four = st.columns(4)
    given["data"] = one.selectbox(
        "Data", list(DATASETS), key="data", bind="query-params", help="What is to be told apart."
    )
    given["activation"] = two.text_input(
        "Activation",
        "sigmoid",
        key="activation",
        bind="query-params",
        max_chars=200,
        help="Of hidden units: a name or an expression in x.",
    )
    given["optimizer"] = three.selectbox(
        "Optimiser", list(OPTIMISERS), key="optimizer", bind="query-params", help="What makes the steps."
    )
    rate = four.text_input(
        "Learning rate",
        "",
        key="learning_rate",
        bind="query-params",
        max_chars=20,
        placeholder="its usual one",
        help="Of the optimiser; empty: 0.1 for sgd, 0.01 for momentum, 0.001 for adam, 0.01 for rprop.",
    )
    given["learning_rate"] = _number("learning rate", rate)
    wholes = (
        ("depth", "Hidden layers", 10, 1, 200, one),
        ("width", "Units", 64, 1, 512, two),
        ("batch", "Samples a step", 32, 1, 2000, three),
        ("epochs", "Epochs", 30, 1, 1000, four),
    )
    for key, label, value, least, most, place in wholes:
        given[key] = int(
            place.number_input(
                label, least, most, value, key=key, bind="query-params", help=f"{least} to {most}."
            )
        )
    given["remedies"] = st.multiselect(
        "Remedies",
        list(REMEDIES),
        ["residual"],
        key="remedies",
        bind="query-params",
        help="What the net is given; beside it the same net is trained without.",
    )
    seed = st.number_input("Seed", 0, 10**6, 0, key="seed", bind="query-params", help="Of split and weights.")
    return {**given, "seed": int(seed)}


def _number(name: str, text: str) -> float | None:
    try:
        return float(text) if text.strip() else None
    except ValueError:
        raise InputError(f"{name} = {text[:20]!r}: legal are finite numbers above 0") from None


def status_of(folder: Path) -> Status:
    from symgrad.runs import training

    return training.status(folder)


def command(folder: Path) -> list[str]:
    """What the folder holds goes on."""
    return ["train", "--resume", "--out", str(folder)]


def found(folder: Path, state: Document, top: Any) -> None:
    """What the trainings of a folder have found up to now."""
    shown([str(folder)], top)


WORK = Work(
    noun="training",
    file=FILE,
    status=status_of,
    command=command,
    back="The run that is shipped",
    results=found,
)


def shown(folders: list[str], top: Any) -> None:
    """Finding, the curves of some, the layers of one, the ranking of all."""
    document = ask("compare", folders=folders, curves=True)
    begun = [run for run in document["runs"] if run["final"]["epoch"]]
    if not begun:
        nothing_yet(top)
        ranking(document)
        return
    with top:
        finding(powers(document["finding"]))
        symptom(document)
    names = [run["name"] for run in begun]
    first = [name for name in FIRST if name in names] or names[:MOST]
    picked = st.multiselect(
        "Trainings drawn",
        names,
        first,
        key="drawn",
        bind="query-params",
        max_selections=MOST,
        help="Five at most; the table below has all.",
    )
    held = {**document, "runs": [run for name in picked or first for run in begun if run["name"] == name]}
    left, right = st.columns(2, gap="large")
    with left:
        figure(drawn(training_chart.learning, held), "learning-chart")
        st.caption("Do they learn? The share of digits told right that no step has seen.")
    with right:
        figure(drawn(training_chart.moved_by_layer, held), "moved-chart")
        st.caption("Which layers learn? How far each layer's weights have moved by the end, of their size.")
    inside(begun, names)
    ranking(document)
    what_each_does(document)
    links()
    takeaway(
        "trainings",
        training_chart.learning,
        held,
        columns(document),
        {"folder": st.session_state.get("folder")},
        {"folder": None},
    )


def columns(document: Document) -> dict[str, list[Any]]:
    from symgrad.verbs.training import columns_of

    return columns_of(document)


def symptom(document: Document) -> None:
    """The symptom in one sentence, of the deepest plain net whose first update is predicted."""
    plain = [run for run in document["runs"] if not run["config"]["remedies"]]
    known = [run for run in plain if run["first_update"]["predicted_log10_ratio"] is not None]
    if not known:
        return
    run = max(known, key=lambda run: run["config"]["depth"])
    first = run["first_update"]
    if first["measured_log10_ratio"] is None:
        return
    st.markdown(
        powers(
            f"At the first step of {run['name']} the front layer moves "
            f"10^{first['measured_log10_ratio']:.1f} times as far as the last hidden "
            f"one; the product of factors predicts 10^{first['predicted_log10_ratio']:.1f}."
        )
    )


def inside(begun: list[Document], names: list[str]) -> None:
    """One training, layer by layer and epoch by epoch."""
    st.subheader("Inside one of them", anchor=False)
    left, right = st.columns(2)
    deepest = next((name for name in FIRST if name in names), names[0])
    name = left.selectbox(
        "Training",
        names,
        names.index(deepest),
        key="inside",
        bind="query-params",
        help="The one whose layers are drawn below.",
    )
    measure = right.selectbox(
        "Drawn by layer",
        list(training_chart.MEASURES),
        key="measure",
        bind="query-params",
        format_func=training_chart.MEASURES.__getitem__,
        help="Steps, distance from the start, gradients, and how far a layer's output has moved.",
    )
    run = next(run for run in begun if run["name"] == name)
    held = {"runs": [run], "measure": measure}
    figure(drawn(training_chart.by_layer_and_epoch, held), "inside-chart")
    st.caption("A row is a layer, the front one below; a column is an epoch. Dark rows hardly move.")
    if run["state"] == "diverged":
        st.code(run["final"]["stopped"], language=None, wrap_lines=True)


def ranking(document: Document) -> None:
    """All of them, the most accurate in front."""
    st.subheader("All of them, ranked", anchor=False)
    rows = []
    for run in document["runs"]:
        first, final = run["first_update"], run["final"]
        rows.append(
            {
                "training": run["name"],
                "layers": run["config"]["depth"],
                "told right": None if final["accuracy"] is None else 100 * final["accuracy"],
                "loss": final["loss"],
                "first update": first["measured_log10_ratio"],
                "predicted": first["predicted_log10_ratio"],
                "state": final["stopped"] or run["state"],
            }
        )
    config = {
        "told right": st.column_config.ProgressColumn(
            format="%.1f %%", min_value=0, max_value=100, help="Held-out samples."
        ),
        "loss": st.column_config.NumberColumn(format="%.3g", help="Mean loss of the last epoch's batches."),
        "first update": st.column_config.NumberColumn(
            format="%.2f", help="log10 of the front layer's first step over that of the last hidden one."
        ),
        "predicted": st.column_config.NumberColumn(
            format="%.2f", help="What the derivation says of it, where it speaks of this net."
        ),
    }
    st.dataframe(rows, hide_index=True, column_config=config, height="content" if len(rows) < 25 else 500)
    done = f"{document['done']} of {document['points']} trainings"
    place = "shipped with the program" if document["folder"] is None else f"in {document['folder']}"
    st.caption(escaped(f"{done}, {place}. Rescued are those that tell 90 % right."))


def what_each_does(document: Document) -> None:
    """The remedies in words, each with what came of it in these trainings."""
    from symgrad.theory.remedies.remedies import BESIDE, REMEDIES

    right = {run["name"]: run["final"]["accuracy"] for run in document["runs"]}
    rows = [
        {
            "remedy": remedy.title,
            "what it does to the product": remedy.text,
            "cures": " and ".join(remedy.cures) or "neither",
            "told right here": None if right.get(name) is None else 100 * right[name],
            "limits": remedy.limits,
            "cost": remedy.cost,
            "pages": ", ".join(remedy.derivations),
        }
        for name, remedy in {**REMEDIES, **BESIDE}.items()
    ]
    number = st.column_config.NumberColumn(format="%.1f %%", help="Of held-out samples, by that training.")
    with st.expander("What each remedy does, cures and costs", key="what-each-does"):
        st.dataframe(rows, hide_index=True, column_config={"told right here": number}, row_height=70)


def links() -> None:
    with st.container(horizontal=True, gap="small"):
        open_view("library", "Why the updates vanish", {"derivation": "weight-gradient"})
        open_view("library", "Residual paths", {"derivation": "residual-paths"})
        open_view("library", "Clipping", {"derivation": "clipping-by-norm"})
