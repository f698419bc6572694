"""Programs of array operations over registers, and how lines of single values become one.

A program is written in NumPy's functions and runs in place; `Program.on` runs the same operations on arrays
of any namespace that has them, by the names in `array_api`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from symgrad.symbolic.kernels.array_api import function

__all__ = ["X", "Line", "Program", "Value", "allocated", "assign", "select"]

Register = tuple[int, bool]
"""The number of a scratch array and whether it holds truth values; two are special:"""
INPUT: Register = (0, False)
OUTPUT: Register = (-1, False)


class Operation(NamedTuple):
    """out = run(*operands); an operand is a register or a number."""

    run: Callable[..., Any]
    operands: tuple[Register | float, ...]
    out: Register


@dataclass(frozen=True)
class Program:
    """Array operations over registers; the scratch arrays are kept between calls of one shape, for each
    thread its own.
    """

    operations: tuple[Operation, ...]
    _local: threading.local

    def __call__(self, a: np.ndarray, out: np.ndarray) -> None:
        """Writes the expression at `a` into `out` (same shape and dtype, not the same memory)."""
        registers = self._registers(a)
        registers[INPUT], registers[OUTPUT] = a, out
        with np.errstate(all="ignore"):
            for run, operands, result in self.operations:
                values = [o if isinstance(o, float) else registers[o] for o in operands]
                run(*values, out=registers[result])
        del registers[INPUT], registers[OUTPUT]

    def on(self, xp: Any, a: Any) -> Any:
        """The expression at `a`, an array of the namespace `xp`, as an array like it, or `a` itself; nothing
        is written over. Raises `NotImplementedError`, naming the operation, where `xp` lacks it.
        """
        registers: dict[Register, Any] = {INPUT: a}
        for run, operands, result in self.operations:
            values = [o if isinstance(o, float) else registers[o] for o in operands]
            if run is assign:
                registers[result] = _filled(xp, a, values[0], boolean=result[1])
            elif run is select:
                other, mask, value = values
                registers[result] = xp.where(mask, value, _filled(xp, a, other))
            else:
                registers[result] = function(xp, run)(*values)
        return registers[OUTPUT]

    def _registers(self, a: np.ndarray) -> dict[Register, np.ndarray]:
        key = (a.shape, a.dtype)
        if getattr(self._local, "key", None) != key:
            used = {operation.out for operation in self.operations} - {OUTPUT}
            self._local.registers = {r: np.empty(a.shape, bool if r[1] else a.dtype) for r in used}
            self._local.key = key
        return self._local.registers


def _filled(xp: Any, a: Any, value: Any, boolean: bool = False) -> Any:
    """A number as an array like `a`, truth values as 0 and 1 where numbers are wanted, an array as it is."""
    dtype = xp.bool if boolean else a.dtype
    if isinstance(value, float):
        return xp.full_like(a, value, dtype=dtype)
    return value if boolean or value.dtype != xp.bool else xp.astype(value, dtype)


Value = int | float
"""A number, or the line whose result is meant."""
X = -1
"""The line that is the argument."""


class Line(NamedTuple):
    """One operation on values that are not in registers yet."""

    run: Callable[..., Any]
    operands: tuple[Value, ...]
    boolean: bool


def allocated(lines: Sequence[Line], result: Value) -> Program:
    """The program of the lines, registers given out from the last line to the first.

    A value's register is free again before it is computed: an operand that is used for the last time may lie
    where the result will.
    """
    place: dict[int, Register] = {X: INPUT, int(result): OUTPUT}
    free: dict[bool, list[Register]] = {False: [], True: []}
    made = 0
    operations: list[Operation] = []
    for number in range(len(lines) - 1, -1, -1):
        run, operands, boolean = lines[number]
        if number not in place:
            continue
        out = place[number]
        reused = _reused(run, operands, place)
        if reused is not None:
            place[reused] = out
        elif run is not select:
            free[boolean].append(out)
        registers = []
        for operand in operands:
            if isinstance(operand, int) and operand not in place:
                kind = lines[operand].boolean
                if not free[kind]:
                    made += 1
                    free[kind].append((made, kind))
                place[operand] = free[kind].pop()
            registers.append(place[operand] if isinstance(operand, int) else operand)
        if run is select and reused is None:
            free[boolean].append(out)
        operations.append(Operation(run, tuple(registers), out))
    return Program(tuple(reversed(operations)), threading.local())


def _reused(run: Callable[..., Any], operands: Sequence[Value], place: Mapping[int, Register]) -> int | None:
    """A selection is made over its first operand where that is used for the last time."""
    first = operands[0]
    return first if run is select and isinstance(first, int) and first not in place else None


def assign(value: Any, out: np.ndarray) -> None:
    """Copies `value` into `out`."""
    np.copyto(out, value)


def select(other: Any, mask: np.ndarray, value: Any, out: np.ndarray) -> None:
    """value where the mask holds, else other; `out` may be where `other` lies, and nothing else.

    putmask takes half a nanosecond an element whatever the mask; copyto with a random mask ten times that.
    """
    if out is not other:
        np.copyto(out, other)
    np.putmask(out, mask, value if isinstance(value, np.ndarray) else out.dtype.type(value))
