"""The command line: arguments in, tables or one JSON document out.

Exit codes: 0 done; 1 a check failed; 2 the input was not usable (one plain line on standard error); 3 the
time limit came first; 130 a sweep was ended by Ctrl-C.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from symgrad import verbs
from symgrad.errors import FaultError, InputError, LimitError
from symgrad.options import ATLAS_FORMATS, FORMATS, parser
from symgrad.runs.pool import Pool
from symgrad.verbs.certificates import text_of
from symgrad.verbs.limited import limited

__all__ = ["main"]

LONGEST = 86_400
MAX_PORT = 65_535
EXIT_CODES = {"limit": 3, "unsolved": 0, "fault": 1, "interrupted": 130}
"""Of an answer that is not complete, by the reason."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = parser().parse_args(given, argparse.Namespace(json=False, no_cache=False, timeout=None))
        if options.command == "app":
            return _app(options)
        if options.command == "worker":
            return _worker()
        document = LONG.get(options.command, _answer)(options)
        _print(options, document)
    except InputError as error:
        print(f"symgrad: {error}", file=sys.stderr)
        return 2
    except LimitError as error:
        return _late(options, str(error))
    except FaultError as error:
        print(f"symgrad: a fault in symgrad, not in your input: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader has seen enough; nothing is left to flush into the closed pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return _failed(options.command, document)


def _late(options: argparse.Namespace, why: str) -> int:
    """A limit came before anything was known: says so, and what was asked."""
    print(f"symgrad: {why}", file=sys.stderr)
    known = {"command": options.command, "complete": False, "why": why, "reason": "limit"}
    print(json.dumps(known, indent=2))
    return 3


def _failed(command: str, document: dict[str, Any]) -> int:
    if document.get("complete") is False:
        rest = "" if command in LONG else "; this is what is known"
        print(f"symgrad: {document['why']}{rest}", file=sys.stderr)
        return EXIT_CODES[document["reason"]]
    if command == "check":
        return int(not document["accepted"])
    if command == "verify":
        return int(bool(document["failed"] or document["undecided"]))
    return int(command == "simulate" and document["verdict"] == "FAIL")


def _answer(options: argparse.Namespace) -> dict[str, Any]:
    """From a worker process where a limit holds, else from this one."""
    arguments, use_cache = _verb_arguments(options), not options.no_cache
    file = arguments.pop("certificate", None)
    limit = _time_limit(options)
    if limit is None and verbs.VERBS[options.command].limit > verbs.SYMBOLIC_LIMIT:
        return verbs.call(options.command, arguments, use_cache)
    ask = partial(limited, partial(_pool, use_cache), timeout=limit, use_cache=use_cache)
    if file is not None:
        asked: dict[str, Any] = {
            name: arguments[name] for name in ("activation", "settings") if name in arguments
        }
        _keep(file, ask("certificate", asked)["certificate"])
    return ask(options.command, arguments)


def _time_limit(options: argparse.Namespace) -> float | None:
    limit: float | None = options.timeout
    if limit is not None and not 0 < limit <= LONGEST:
        raise InputError(f"--timeout {limit:g}: legal are seconds above 0, up to {LONGEST}")
    return limit


def _sweep(options: argparse.Namespace) -> dict[str, Any]:
    """In this process, which a signal or the time limit tells to stop; the folder keeps what is done."""
    work = partial(verbs.sweep, options.spec, options.out, options.scheduler, options.workers)
    return _told(options, "points", work)


def _memory(options: argparse.Namespace) -> dict[str, Any]:
    """As a sweep; without a folder the stored run, which is only read."""
    given = _verb_arguments(options)
    out, workers = given.pop("out", None), given.pop("workers", None)
    if out is None:
        if given or workers is not None:
            raise InputError("memory: trainings need a folder (legal: --out FOLDER, or no option at all)")
        return _answer(options)
    from symgrad.verbs.memory import experiment_of

    return _told(options, "trainings", partial(verbs.train_memory, experiment_of(**given), out, workers))


def _train(options: argparse.Namespace) -> dict[str, Any]:
    """One training, or with --preset several; both go on where they were stopped."""
    from symgrad.runs.training import SEVERAL

    given = _verb_arguments(options)
    out, preset, file = given.pop("out"), given.pop("preset", None), given.pop("csv", None)
    resume, workers = given.pop("resume"), given.pop("workers", None)
    if resume and preset is None and not given and (Path(out) / SEVERAL).is_file():
        work, what = partial(verbs.train_several, None, out, workers=workers), "trainings"
    elif preset is None:
        if workers is not None:
            raise InputError("--workers: one training has one process (legal: with --preset)")
        work, what = partial(verbs.train, out, resume, **given), "epochs"
    else:
        if set(given) - {"seed"}:
            raise InputError(f"--preset {preset}: its trainings are set (legal beside it: --seed, --workers)")
        work, what = partial(verbs.train_several, preset, out, workers=workers, **given), "trainings"
    return _as_columns(_told(options, what, work), file)


def _compare(options: argparse.Namespace) -> dict[str, Any]:
    return _as_columns(verbs.call("compare", {"folders": options.folders}), options.csv)


def _as_columns(document: dict[str, Any], file: str | None) -> dict[str, Any]:
    """The document, its columns written to the file if one is asked for."""
    if file is not None:
        from symgrad.files import stored
        from symgrad.present.columns import columns_csv
        from symgrad.verbs.training import columns_of

        stored({Path(file).name: columns_csv(columns_of(document))}, Path(file).parent)
    return document


def _told(options: argparse.Namespace, what: str, work: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Long work on so many of what, given where to say how far it is and whom to ask if it shall stop."""
    from symgrad.progress import ProgressLine, stopped_by_signals

    limit = _time_limit(options)
    ends = None if limit is None else time.monotonic() + limit
    with stopped_by_signals() as stopped, ProgressLine(sys.stderr) as line:
        document = work(
            progress=line.show,
            cancelled=lambda: stopped() or (ends is not None and time.monotonic() > ends),
        )
    if document["state"] in ("finished", "diverged"):
        return document
    done = f"{document['done'] + document['failed']} of {document['points']} {what}"
    reason = (
        "interrupted"
        if stopped()
        else "limit"
        if document["state"] in ("cancelled", "under way")
        else "fault"
    )
    ended = {"interrupted": "interrupted", "limit": f"no end within {limit} s", "fault": document["why"]}
    why = f"{ended[reason]} after {done}; the same command goes on where it stopped"
    return {**document, "complete": False, "why": why, "reason": reason}


LONG: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "sweep": _sweep,
    "memory": _memory,
    "train": _train,
    "compare": _compare,
}
"""Commands whose work lies in folders, from which they go on when stopped."""


def _keep(file: str, found: dict[str, Any]) -> None:
    """Writes the certificate, whole or not at all."""
    place = Path(file)
    partial_file = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        partial_file.write_text(text_of(found), encoding="utf-8")
        partial_file.replace(place)
    except OSError as error:
        raise InputError(f"--certificate {file}: cannot be written ({error.strerror})") from None


@cache
def _pool(use_cache: bool) -> Pool:
    """One worker, kept as long as this process lives."""
    return Pool(size=1, use_cache=use_cache)


def _verb_arguments(options: argparse.Namespace) -> dict[str, Any]:
    """The verb's own arguments out of all options."""
    shared = {"command", "json", "no_cache", "timeout", "set"}
    arguments = {
        name: value for name, value in vars(options).items() if name not in shared and value is not None
    }
    if getattr(options, "set", None):
        arguments["settings"] = dict(_setting(text) for text in options.set)
    if "formats" in arguments:
        legal = FORMATS if options.command == "export" else ATLAS_FORMATS
        arguments["formats"] = _formats(arguments["formats"], legal)
    return arguments


def _formats(text: str, legal: Sequence[str]) -> list[str]:
    chosen = text.split(",")
    for name in chosen:
        if name not in legal:
            raise InputError(f"--format {name!r}: legal are {', '.join(legal)}")
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
    places = {} if options.runs is None else {"SYMGRAD_RUNS": os.path.abspath(options.runs)}
    try:
        return subprocess.call(command, cwd=script.parent, env={**os.environ, **places})
    except KeyboardInterrupt:
        return 0


def _worker() -> int:
    """Serves verbs over JSON lines."""
    from symgrad.runs.serving import serve_parent

    use_cache = os.environ.get("SYMGRAD_NO_CACHE") != "1"
    serve_parent(lambda verb, arguments: verbs.call(verb, arguments, use_cache), verbs.load)
    return 0
