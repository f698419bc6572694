"""python -m benchmarks truth --count N --seed K --out FILE: enclosures of φ′ against sampled slopes.

Each random expression is judged in a process that is ended at the limit; one JSON line is appended for each.
Run again with the same file, it goes on where it stopped. Exit code 1 when an enclosure misses a slope.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import queue
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path

from tests.grammar import sentences
from tests.truth import Judged, judged, summary

FAULTS = ("outside", "wide", "missed", "raised")


def main(arguments: Sequence[str]) -> int:
    """Judges what the file does not hold yet, then prints the summary of the whole file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks truth", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="expressions (default 10000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSON lines, appended to")
    parser.add_argument("--points", type=int, default=2_000, help="even abscissas for each (default 2000)")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for each (default 60)")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    known = _known(options.out, options.seed)
    missing = [
        (index, text)
        for index, text in enumerate(sentences(options.seed, options.count))
        if index not in known
    ]
    cut_short = options.out.exists() and options.out.read_bytes()[-1:] not in (b"", b"\n")
    with options.out.open("a", encoding="utf-8") as file:
        if cut_short:
            file.write("\n")
        for index, result in _judged_all(missing, options.points, options.limit, options.processes):
            known[index] = result
            line = {"seed": options.seed, "index": index, **asdict(result)}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            file.flush()
            if result.outcome in FAULTS:
                print(f"{result.outcome}: {result.text}: {result.why}", flush=True)
    results = [known[index] for index in sorted(known) if index < options.count]
    print(json.dumps(summary(results), indent=2))
    return int(any(result.outcome in FAULTS for result in results))


def _known(path: Path, seed: int) -> dict[int, Judged]:
    """What an earlier run wrote; a last line cut short by its end is judged again."""
    found: dict[int, Judged] = {}
    if not path.exists():
        return found
    for line in path.read_text("utf-8").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry.pop("seed") == seed:
            index = entry.pop("index")
            found[index] = Judged(**entry)
    return found


def _judged_all(
    pieces: Sequence[tuple[int, str]], points: int, limit: float, processes: int
) -> Iterator[tuple[int, Judged]]:
    """(index, verdict) as they come."""
    todo: queue.SimpleQueue[tuple[int, str] | None] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, Judged]] = queue.SimpleQueue()
    for piece in (*pieces, *[None] * processes):
        todo.put(piece)
    threads = [
        threading.Thread(target=_keep_judging, args=(todo, done, points, limit), daemon=True)
        for _ in range(processes)
    ]
    for thread in threads:
        thread.start()
    for _ in pieces:
        yield done.get()


def _keep_judging(
    todo: queue.SimpleQueue[tuple[int, str] | None],
    done: queue.SimpleQueue[tuple[int, Judged]],
    points: int,
    limit: float,
) -> None:
    """One process at a time, ended when it is late and made anew."""
    context = multiprocessing.get_context("spawn")
    process, ours = None, None
    while (piece := todo.get()) is not None:
        index, text = piece
        if process is None or ours is None:
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs,), daemon=True)
            process.start()
        ours.send((text, points))
        try:
            answered = ours.poll(limit)
            result = ours.recv() if answered else Judged(text, "late", seconds=limit, why="time limit")
        except EOFError:
            answered, result = False, Judged(text, "raised", why="the process died")
        if not answered:
            process.kill()
            process = None
        done.put((index, result))
    if process is not None:
        process.kill()


def _serve(asked: Connection) -> None:
    while True:
        text, points = asked.recv()
        try:
            asked.send(judged(text, points))
        except Exception as error:  # recorded as a fault with its text
            asked.send(Judged(text, "raised", why=f"{type(error).__name__}: {error}"[:500]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
