"""The command line: arguments in, tables or one JSON document out.

Exit codes: 0 done; 1 a check failed; 2 the input was not usable (one plain line on standard error); 3 the
time limit came first.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from symgrad import __version__, verbs
from symgrad.errors import InputError, TimeLimitError

__all__ = ["main"]

LONGEST = 86_400
MAX_PORT = 65_535
FORMATS = ("tex", "md", "pdf", "ipynb", "png", "svg")


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


SIMULATION_OPTIONS: tuple[tuple[str, Callable[[str], Any], str], ...] = (
    ("depth", _whole, "layers L, 1 to 100000 (default 30)"),
    ("width", _whole, "units a layer N (default 64)"),
    ("batch", _whole, "inputs at once B (default 16)"),
    ("seeds", _whole, "independent nets S (default 16)"),
    ("sigma-w", _number, "weights have variance W²/fan-in (default 1)"),
    ("sigma-b", _number, "biases have variance V² (default 0)"),
    ("weights", str, "gaussian or orthogonal (default gaussian)"),
    ("seed", _whole, "the seed of all draws (default 0)"),
    ("dtype", str, "float64 or float32 (default float64)"),
)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong on one line instead of printing a usage block."""

    def error(self, message: str) -> NoReturn:
        raise InputError(message.replace("\n", " "))


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = _parser().parse_args(given, argparse.Namespace(json=False, no_cache=False, timeout=None))
        if options.command == "app":
            return _app(options)
        if options.command == "worker":
            return _worker(options.memory)
        document = _answer(options)
        _print(options, document)
    except InputError as error:
        print(f"symgrad: {error}", file=sys.stderr)
        return 2
    except TimeLimitError as error:
        return _late(options, str(error))
    except BrokenPipeError:  # the reader has seen enough; nothing is left to flush into the closed pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return _failed(options.command, document)


def _late(options: argparse.Namespace, why: str) -> int:
    """The time limit came first: prints what is known, what was asked and the expression it was asked of."""
    known = {"command": options.command, "complete": False, "why": why}
    name = getattr(options, "activation", None)
    if name is not None:
        from symgrad.theory.activations import activation

        try:
            known |= {"activation": name, "expression": str(activation(name).expression)}
        except InputError as error:
            print(f"symgrad: {error}", file=sys.stderr)
            return 2
    print(f"symgrad: {why}", file=sys.stderr)
    print(json.dumps(known, indent=2))
    return 3


def _failed(command: str, document: dict[str, Any]) -> int:
    if command == "verify":
        return int(bool(document["failed"] or document["undecided"]))
    return int(command == "simulate" and document["verdict"] == "FAIL")


def _answer(options: argparse.Namespace) -> dict[str, Any]:
    arguments = _verb_arguments(options)
    if options.timeout is None:
        return verbs.call(options.command, arguments, use_cache=not options.no_cache)
    from symgrad.runs.worker import Worker

    if not 0 < options.timeout <= LONGEST:
        raise InputError(f"--timeout {options.timeout:g}: legal are seconds above 0, up to {LONGEST}")
    worker = Worker(use_cache=not options.no_cache)
    try:
        return worker.call(options.command, arguments, options.timeout)
    finally:
        worker.close()


def _verb_arguments(options: argparse.Namespace) -> dict[str, Any]:
    """The verb's own arguments out of all options."""
    shared = {"command", "json", "no_cache", "timeout", "set"}
    arguments = {
        name: value for name, value in vars(options).items() if name not in shared and value is not None
    }
    if getattr(options, "set", None):
        arguments["settings"] = dict(_setting(text) for text in options.set)
    if options.command == "export":
        arguments["formats"] = _formats(arguments["formats"])
    if options.command == "simulate" and arguments.pop("architecture") != "mlp":
        raise InputError(f"--architecture {options.architecture}: legal is mlp")
    return arguments


def _formats(text: str) -> list[str]:
    chosen = text.split(",")
    for name in chosen:
        if name not in FORMATS:
            raise InputError(f"--format {name!r}: legal are {', '.join(FORMATS)}")
    return chosen


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InputError(f"--set {text}: legal is NAME=VALUE, as in a=1/5")
    return name, value


def _print(options: argparse.Namespace, document: dict[str, Any]) -> None:
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    if options.json:
        print(json.dumps(document, indent=2, ensure_ascii=not utf8, allow_nan=False), flush=True)
    else:
        from symgrad.tables import show

        if not utf8 and isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a terminal without φ still gets its table
        show(options.command, document)
        sys.stdout.flush()


def _app(options: argparse.Namespace) -> int:
    """Starts the explorer on this machine only."""
    if options.port is not None and not 1 <= options.port <= MAX_PORT:
        raise InputError(f"--port {options.port}: legal is 1 to {MAX_PORT}")
    script = Path(__file__).resolve().parent.parent / "app.py"
    if not script.is_file():
        raise InputError("app: app.py is not beside the package; run it from a checkout of the project")
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.address", "localhost"]
    command += ["--server.port", str(options.port)] if options.port else []
    command += ["--server.headless", "true"] if options.headless else []
    try:
        return subprocess.call(command, cwd=script.parent)
    except KeyboardInterrupt:
        return 0


def _worker(memory: float) -> int:
    """Serves verbs over JSON lines, within a memory limit where the system has one."""
    from symgrad.runs.worker import limit_memory, serve

    limit_memory(memory)
    use_cache = os.environ.get("SYMGRAD_NO_CACHE") != "1"
    answers, sys.stdout = sys.stdout, sys.stderr
    serve(lambda verb, arguments: verbs.call(verb, arguments, use_cache), sys.stdin, answers)
    return 0


def _parser() -> argparse.ArgumentParser:
    common = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--json", action="store_true", help="one JSON document on standard output")
    common.add_argument("--no-cache", action="store_true", help="neither read nor write the cache on disk")
    common.add_argument(
        "--timeout", type=_number, metavar="SECONDS", help="stop after this time (exit code 3)"
    )
    parser = _Parser(
        prog="symgrad",
        description="Why gradients vanish or explode, in symbols and in numbers.",
        parents=[common],
    )
    parser.add_argument("--version", action="version", version=f"symgrad {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)

    def command(name: str, help_text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=help_text, description=help_text, parents=[common])

    def activation(to: argparse.ArgumentParser, option: bool = False) -> None:
        to.add_argument(
            "--activation" if option else "activation",
            metavar="ACTIVATION",
            help="a name, see `symgrad list`",
        )
        to.add_argument("--set", action="append", metavar="NAME=VALUE", help="a parameter, as in a=1/5")

    command("list", "activations, derivations and architectures")
    activation(command("derive", "the derivative, step by step"))
    bound = command("bound", "the exact range of the derivative, with its argument")
    activation(bound)
    bound.add_argument("--symbolic", action="store_true", help="keep the letters of parameters")
    command("show", "one derivation").add_argument("key", metavar="KEY")
    simulate = command("simulate", "a concrete net beside its bound")
    activation(simulate, option=True)
    simulate.add_argument("--architecture", default="mlp", metavar="NAME")
    for name, kind, help_text in SIMULATION_OPTIONS:
        simulate.add_argument(f"--{name}", type=kind, metavar=name[0].upper(), help=help_text)
    verify = command("verify", "judge the claims of the derivations on concrete nets")
    verify.add_argument("keys", nargs="*", metavar="KEY")
    verify.add_argument("--seed", type=_whole, default=0)
    verify.add_argument("--thorough", action="store_true", help="more nets and points")
    export = command("export", "write derivations as files")
    export.add_argument("keys", nargs="*", metavar="KEY")
    export.add_argument("--format", dest="formats", default="tex,md", metavar="F,F", help=", ".join(FORMATS))
    export.add_argument("--out", required=True, metavar="FOLDER")
    export.add_argument("--book", action="store_true", help="one document instead of one for each derivation")
    app = command("app", "start the explorer")
    app.add_argument("--port", type=_whole)
    app.add_argument("--headless", action="store_true", help="do not open a browser")
    commands.add_parser("worker", parents=[common]).add_argument("memory", type=float, nargs="?", default=4.0)
    return parser
