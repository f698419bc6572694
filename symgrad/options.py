"""The words of the command line: commands, options and their kinds."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from symgrad import __version__
from symgrad.errors import InputError

__all__ = ["ATLAS_FORMATS", "FORMATS", "REMEDY_NAMES", "SIMULATION_OPTIONS", "parser"]

FORMATS = ("tex", "md", "pdf", "ipynb", "png", "svg")
ATLAS_FORMATS = ("csv", "md", "tex")
REMEDY_NAMES = (
    *("relu", "selu", "he", "glorot", "orthogonal", "residual", "batch-norm", "layer-norm", "rms-norm"),
    *("highway", "clip", "pretrain-autoencoder", "pretrain-rbm"),
)
"""As in `theory.remedies.remedies`, which would load SymPy; a test compares."""


def _whole(text: str) -> int:
    try:
        return int(text[:30])
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:30]!r} is not legal, only whole numbers are") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:30]!r} is not legal, only numbers are") from None


def _texts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))


def _wholes(text: str) -> tuple[int, ...]:
    return tuple(_whole(part) for part in text.split(","))


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(_number(part) for part in text.split(","))


SIMULATION_OPTIONS: tuple[tuple[str, Callable[[str], Any], str], ...] = (
    ("depth", _whole, "layers L, or time steps T, 1 to 100000 (default 30)"),
    ("width", _whole, "units a layer N (default 64)"),
    ("batch", _whole, "inputs at once B (default 16)"),
    ("seeds", _whole, "independent nets S (default 16)"),
    ("sigma-w", _number, "weights have variance W²/fan-in (default 1)"),
    ("sigma-b", _number, "biases have variance V² (default 0)"),
    ("weights", str, "gaussian, orthogonal, or for recurrent nets identity (default gaussian)"),
    ("forget-bias", _number, "added to the bias of an LSTM's forget gate, -50 to 50 (default 0)"),
    ("seed", _whole, "the seed of all draws (default 0)"),
    ("dtype", str, "float64 or float32 (default float64)"),
)


ADVICE_OPTIONS: tuple[tuple[str, Callable[[str], Any], str], ...] = (
    ("depth", _whole, "layers L, 1 to 2000 (default 50)"),
    ("width", _whole, "units a layer N (default 128)"),
    ("sigma-b2", _number, "variance of the biases at the edge of chaos (default 0)"),
    ("batch", _whole, "inputs at once B (default 16)"),
    ("seeds", _whole, "nets measured of each scheme (default 16)"),
    ("seed", _whole, "the seed of all draws (default 0)"),
)


SPECTRUM_OPTIONS: tuple[tuple[str, Callable[[str], Any], str], ...] = (
    ("depth", _whole, "layers L, 1 to 500 (default 10)"),
    ("width", _whole, "units a layer N, 2 to 512 (default 128)"),
    ("weights", str, "gaussian (default) or orthogonal"),
    ("sigma-w", _number, "weights have variance W²/fan-in (default: critical)"),
    ("sigma-b", _number, "biases have variance V² (default 0)"),
    ("q", _number, "the critical net whose length map settles at Q, in place of both scales"),
    ("input-scale", _number, "standard deviation of the inputs (default: where lengths settle)"),
    ("seeds", _whole, "independent nets S, 2 to 200 (default 8)"),
    ("seed", _whole, "the seed of all draws (default 0)"),
)


VARIANCES = {
    "sigma-w2": "weights have variance W/fan-in, as in 3/2",
    "sigma-b2": "biases have variance B, as in 0.05",
}
MEAN_FIELD_COMMANDS = (
    ("mean-field", "where wide nets settle, how fast, and in which phase", ("sigma-w2", "sigma-b2")),
    ("critical", "the scale of weights at the edge of chaos", ("sigma-b2",)),
)


MEMORY_OPTIONS: tuple[tuple[str, Callable[[str], Any], str], ...] = (
    ("preset", str, "short (default) or long, the stored run; other options change it"),
    ("task", _texts, "adding, recall, or both with a comma (default adding)"),
    ("steps", _wholes, "lengths T of the sequences, as 10,50 (the default)"),
    ("architectures", _texts, "of rnn,orthogonal,lstm (default all)"),
    ("seeds", _whole, "trainings of each (default 3)"),
    ("updates", _whole, "updates at most (default 3000)"),
    ("width", _whole, "units N (default 64)"),
    ("batch", _whole, "sequences of an update B (default 50)"),
    ("rates", _numbers, "learning rates, all tried (default: one for each architecture)"),
    ("dtype", str, "float32 or float64 (default float32)"),
    ("seed", _whole, "the first seed (default 0)"),
    ("workers", _whole, "local processes (default: one for each core)"),
)


TRAINING_OPTIONS: tuple[tuple[str, Callable[[str], Any], str], ...] = (
    ("data", str, "digits (default) or two-spirals"),
    ("depth", _whole, "hidden layers L (default 10)"),
    ("width", _whole, "units a layer N (default 64)"),
    ("activation", str, "of hidden units, a name or an expression in x (default sigmoid)"),
    ("sigma-w", _number, "hidden weights have variance W²/fan-in (default 1)"),
    ("optimizer", str, "sgd (default), momentum, adam or rprop"),
    ("learning-rate", _number, "default: sgd 0.1, momentum 0.01, adam 0.001, rprop 0.01"),
    ("batch", _whole, "samples a step B (default 32)"),
    ("epochs", _whole, "passes over the training set (default 30)"),
    ("seed", _whole, "of split, weights and order (default 0)"),
)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong on one line instead of printing a usage block."""

    def error(self, message: str) -> NoReturn:
        if "ACTIVATION" in message:
            message += " (an expression that begins with a minus comes last, after --)"
        raise InputError(message.replace("\n", " "))


def parser() -> argparse.ArgumentParser:
    """Every command and its options."""
    common = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--json", action="store_true", help="one JSON document on standard output")
    common.add_argument("--no-cache", action="store_true", help="neither read nor write the cache on disk")
    common.add_argument(
        "--timeout",
        type=_number,
        metavar="SECONDS",
        help="stop after this time with what is known (exit code 3)",
    )
    root = _Parser(
        prog="symgrad",
        description="Why gradients vanish or explode, in symbols and in numbers.",
        parents=[common],
    )
    root.add_argument("--version", action="version", version=f"symgrad {__version__}")
    commands = root.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)

    def command(name: str, help_text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=help_text, description=help_text, parents=[common])

    def activation(to: argparse.ArgumentParser, option: bool = False) -> None:
        to.add_argument(
            "--activation" if option else "activation",
            metavar="ACTIVATION",
            help="a name, see `symgrad list`, or an expression in x",
        )
        to.add_argument("--set", action="append", metavar="NAME=VALUE", help="a parameter, as in a=1/5")

    command("list", "activations, derivations and architectures")
    activation(command("derive", "the derivative, step by step"))
    bound = command("bound", "the exact range of the derivative, with its argument")
    activation(bound)
    bound.add_argument("--symbolic", action="store_true", help="keep the letters of parameters")
    bound.add_argument("--certificate", metavar="FILE", help="write what proves the range, for `check`")
    check = command("check", "verify a certificate anew, apart from the prover")
    check.add_argument("file", metavar="FILE")
    certificates = command("certificates", "write the certificates of registered activations")
    certificates.add_argument("names", nargs="*", metavar="NAME", help="these alone (default: all)")
    certificates.add_argument("--out", required=True, metavar="FOLDER")
    gain = command("gain", "the gains that keep mean squares, forwards and backwards")
    activation(gain)
    gain.add_argument("--q", metavar="Q", help="variance of a pre-activation, as in 1/2 (default 1)")
    for name, what, options in MEAN_FIELD_COMMANDS:
        wide = command(name, what)
        activation(wide)
        for option in options:
            wide.add_argument(f"--{option}", metavar=option[6].upper(), required=True, help=VARIANCES[option])
    advise = command(
        "advise", "the right initialisation for an activation at a depth and width, with its code"
    )
    activation(advise)
    for name, kind, help_text in ADVICE_OPTIONS:
        advise.add_argument(f"--{name}", type=kind, metavar=name[0].upper(), help=help_text)
    spectrum = command("spectrum", "all singular values of concrete Jacobians, beside what is predicted")
    activation(spectrum)
    for name, kind, help_text in SPECTRUM_OPTIONS:
        spectrum.add_argument(f"--{name}", type=kind, metavar=name[0].upper(), help=help_text)
    command("show", "one derivation").add_argument("key", metavar="KEY")
    simulate = command("simulate", "a concrete net beside its bound")
    activation(simulate, option=True)
    simulate.add_argument("--architecture", metavar="NAME", help="mlp (default), rnn, lstm, gru")
    for name, kind, help_text in SIMULATION_OPTIONS:
        simulate.add_argument(f"--{name}", type=kind, metavar=name[0].upper(), help=help_text)
    simulate.add_argument(
        "--no-forget-gate",
        dest="forget_gate",
        default=None,
        action="store_false",
        help="the LSTM of 1997, f = 1",
    )
    sweep = command("sweep", "simulate over a grid, into a folder; the same command again goes on")
    sweep.add_argument("spec", metavar="SPEC.toml", help="two tables: [fixed], one value each; [grid], lists")
    sweep.add_argument("--out", required=True, metavar="FOLDER", help="Parquet files and progress lie there")
    sweep.add_argument(
        "--scheduler", metavar="ADDRESS", help="of Dask, as tcp://HOST:8786 (default: this machine)"
    )
    sweep.add_argument(
        "--workers", type=_whole, metavar="N", help="local processes (default: one for each core)"
    )
    memory = command("memory", "train recurrent nets on tasks that ask for memory, or show the stored run")
    memory.add_argument("--out", metavar="FOLDER", help="curves lie there; the same command again goes on")
    for name, kind, help_text in MEMORY_OPTIONS:
        memory.add_argument(f"--{name}", type=kind, metavar=name[0].upper(), help=help_text)
    train = command("train", "train a classifier on real data, and see which layers move")
    for name, kind, help_text in TRAINING_OPTIONS:
        train.add_argument(f"--{name}", type=kind, metavar=name[0].upper(), help=help_text)
    train.add_argument("--remedy", dest="remedies", type=_texts, metavar="R,R", help=", ".join(REMEDY_NAMES))
    train.add_argument("--preset", metavar="NAME", help="headline: ten sigmoid layers, and every remedy")
    train.add_argument(
        "--workers", type=_whole, metavar="N", help="processes for a preset (default: all cores)"
    )
    train.add_argument("--out", required=True, metavar="FOLDER", help="record and checkpoint lie there")
    train.add_argument("--resume", action="store_true", help="go on with the training in FOLDER")
    train.add_argument("--csv", metavar="FILE", help="numbers by epoch and layer, or the ranking of a preset")
    compare = command("compare", "trainings side by side, ranked")
    compare.add_argument("folders", nargs="*", metavar="FOLDER", help="of trainings (none: the shipped run)")
    compare.add_argument("--csv", metavar="FILE", help="write the ranking there")
    verify = command("verify", "judge the claims of the derivations on concrete nets")
    verify.add_argument("keys", nargs="*", metavar="KEY")
    verify.add_argument("--seed", type=_whole, default=0)
    verify.add_argument("--thorough", action="store_true", help="more nets and points")
    export = command("export", "write derivations as files")
    export.add_argument("keys", nargs="*", metavar="KEY")
    export.add_argument("--format", dest="formats", default="tex,md", metavar="F,F", help=", ".join(FORMATS))
    export.add_argument("--out", required=True, metavar="FOLDER")
    export.add_argument("--book", action="store_true", help="one document instead of one for each derivation")
    atlas = command("atlas", "every registered activation in one table")
    atlas.add_argument("activation", nargs="?", metavar="ACTIVATION", help="this row alone, worked out now")
    atlas.add_argument("--anew", action="store_true", help="work all rows out now (minutes)")
    atlas.add_argument("--format", dest="formats", metavar="F,F", help=", ".join(ATLAS_FORMATS))
    atlas.add_argument("--out", metavar="FOLDER", help="write atlas.csv, atlas.md, atlas.tex there")
    app = command("app", "start the explorer")
    app.add_argument("--port", type=_whole)
    app.add_argument(
        "--runs", metavar="FOLDER", help="where folders of sweeps lie (default: runs beside the app)"
    )
    app.add_argument("--headless", action="store_true", help="do not open a browser")
    commands.add_parser("worker", help="answer requests on standard input (used by the app)")
    return root
