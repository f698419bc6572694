"""Hostile and random text: nothing but one line of refusal comes out of the parser, soon."""

from __future__ import annotations

import importlib
import itertools
import json
import os
import random
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sympy as sp
from sympy.polys.monomials import MonomialOps

from symgrad.errors import ExpressionError, InputError
from symgrad.symbolic.language.parse import parse
from symgrad.symbolic.letters import PARAMETERS, x
from symgrad.theory.activations import ACTIVATIONS
from tests.symbolic.fuzzing import SEEDS, strings

LONG = 0.2
"""Seconds of processor time; on a busy machine some strings take longer by chance."""


def nasty() -> list[tuple[str, str]]:
    """The cases of `nasty_expressions.txt`: text and label."""
    cases = []
    for line in (Path(__file__).parent.parent / "nasty_expressions.txt").read_text("utf-8").splitlines():
        if line.startswith("# ") or not line:
            continue
        text, label = line.rsplit("\t", 1)
        if text.startswith("json:"):
            text = json.loads(text.removeprefix("json:"))
        elif text.startswith("py:"):
            text = _repeated(text.removeprefix("py:"))
        cases.append((text, label))
    return cases


def _repeated(program: str) -> str:
    """'a'*300+'b' as text, read by hand."""
    return "".join(piece * int(times or 1) for piece, times in re.findall(r"'([^']*)'(?:\*(\d+))?", program))


@pytest.mark.parametrize(("text", "label"), nasty())
def test_nasty_expressions(text: str, label: str) -> None:
    if label == "reject":
        with pytest.raises(InputError) as refusal:
            parse(text, ACTIVATIONS)
        assert str(refusal.value).isprintable()
    else:
        assert label in ("accept", "time-limited")
        assert x in parse(text, ACTIVATIONS).free_symbols


@pytest.mark.parametrize(
    "text",
    [
        "hard_swish((3 ^ e ^ where(x / 33 >= -a, (1e19), e)))",
        "hard_swish(3^e^(where(x>0,30,x)+where(x>1,30,x)))",
        "relu(e^where(x>0,1e19,1))",
    ],
)
def test_towers_that_arise_when_cases_are_drawn_out(text: str) -> None:
    """Found by fuzzing: SymPy compares such a number for ever."""
    with pytest.raises(ExpressionError):
        parse(text, ACTIVATIONS)


def _programs_of_sympy() -> set[bytes]:
    """What SymPy compiles when it first multiplies polynomials in so many letters: the same few programs,
    whatever the polynomials.
    """
    programs: set[bytes] = set()

    class Recorded(MonomialOps):
        def _build(self, code: str, name: str) -> None:
            programs.add(code.encode())

    for letters in range(1, 20):
        operations = Recorded(letters)
        for name in ("mul", "pow", "mulpow", "ldiv", "div", "lcm", "gcd"):
            getattr(operations, name)()
    return programs


class Listener:
    """Notes every audit event of code, files, processes and nets while it listens; one for the process, since
    an audit hook cannot be taken off again.
    """

    events = ("exec", "compile", "import", "open", "os.", "subprocess.", "socket.", "ctypes.", "shutil.")

    def __init__(self) -> None:
        importlib.import_module("sympy.physics.units")  # SymPy loads it late, on its own account
        self.listening = False
        self.heard: list[str] = []
        self._known = _programs_of_sympy()
        self._expected = False
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.listening or not event.startswith(self.events):
            return
        known = arguments[0] in self._known if event == "compile" else self._expected and event == "exec"
        self._expected = event == "compile" and known
        if not known:
            self.heard.append(f"{event} {str(arguments[:1])[:80]}")

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Fails where something is heard inside the block."""
        self.heard.clear()
        self.listening = True
        try:
            yield
        finally:
            self.listening = False
        assert not self.heard


@pytest.fixture(scope="module")
def listener() -> Listener:
    for text in SEEDS:  # what SymPy loads when first used is loaded now
        parse(text, ACTIVATIONS)
    return Listener()


def test_the_listener_hears(listener: Listener) -> None:
    """It would notice code, a file and an import."""
    with pytest.raises(AssertionError), listener.silence():
        compile("1", "there", "eval")
    assert [heard.split()[0] for heard in listener.heard] == ["compile"]
    with pytest.raises(AssertionError), listener.silence():
        Path(__file__).read_bytes()
    assert [heard.split()[0] for heard in listener.heard] == ["open"]


def fuzz(listener: Listener, count: int, seed: int) -> int:
    """Parses `count` strings and returns how many were accepted: nothing but a refusal that points into the
    text may come out and nothing may run, all but a few within 0.2 s of processor time and each within 2 s.
    """
    accepted = slow = 0
    for text in itertools.islice(strings(seed), count):
        started = time.process_time()
        with listener.silence():
            column, found = _tried(text)
        spent = time.process_time() - started
        slow += spent > LONG
        assert spent < 10 * LONG, text
        if found is None:
            assert 1 <= column <= len(text) + 1, text
        else:
            accepted += 1
            assert x in found.free_symbols <= {x, *PARAMETERS.values()}
    assert slow <= max(1, count // 2000)
    return accepted


def _tried(text: str) -> tuple[int, sp.Expr | None]:
    try:
        return 0, parse(text, ACTIVATIONS)
    except ExpressionError as refusal:
        return refusal.column if str(refusal).isprintable() else -1, None


def test_fuzzed_strings(listener: Listener) -> None:
    seed = int(os.environ.get("SYMGRAD_SEED", random.SystemRandom().randrange(10**6)))
    print(f"SYMGRAD_SEED={seed}")
    assert fuzz(listener, 4000, seed) > 20


@pytest.mark.slow
def test_a_hundred_thousand_fuzzed_strings(listener: Listener) -> None:
    assert fuzz(listener, 100_000, 20_261_123) > 2000
