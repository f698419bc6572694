"""What the passes through time ask of a cell.

A cell's numbers lie in columns of N: rows are samples, (…, B, k·N) is k of them side by side. What waits for
the step before is `step`, and on the way back `back`; `factors` is done for a whole block of steps at once,
so that `back` is linear in the gradient with coefficients that are there already.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

from symgrad.numeric.arrays.primitives import Primitives, Tensor
from symgrad.numeric.arrays.scaled import Rows
from symgrad.numeric.recurrent.shared import Shared

Parts: TypeAlias = tuple[Tensor, ...]
"""The parts of a state, or of the gradient with respect to it, (…, B, N) each: (h,) or (h, c)."""


class Cell(Protocol):
    """The state s = h, or (h, c), from step to step. All counts are in columns of N."""

    @property
    def gates(self) -> int:
        """Blocks of N rows in W, U and b."""

    @property
    def parts(self) -> int:
        """1 where the state is h, 2 where it is h and c."""

    @property
    def order(self) -> tuple[int, ...]:
        """The drive U x + b is worked out with these blocks of rows of U, b side by side: all gates,
        permuted."""

    @property
    def inner(self) -> bool:
        """Whether the bias beside W of the last gate stays with W h, so that it is not one with b."""

    @property
    def unbounded(self) -> bool:
        """Whether states may leave the ordinary range on the way forward."""

    @property
    def made(self) -> int:
        """Columns that `step` leaves for the way back; the drive lies in the first ``gates`` of them."""

    @property
    def coefficients(self) -> int:
        """Columns of `factors`."""

    @property
    def deltas(self) -> int:
        """Columns of δ: the first ``gates`` are ∂E/∂drive in ``order``, the last ``gates`` ∂E/∂(W h)."""

    def step(
        self,
        ops: Primitives,
        net: Shared,
        state: Parts,
        drive: Tensor,
        made: Tensor,
        out: Parts,
        spare: Tensor,
    ) -> tuple[Tensor, Parts]:
        """What is kept and s_t from s_{t−1} and the drive (…, B, gates·N), which lies in ``made`` where the
        set writes in place. ``spare`` (…, B, (gates + 1)·N) is scratch."""

    def scaled(
        self, ops: Primitives, net: Shared, state: Rows, drive: Tensor, what: str
    ) -> tuple[Tensor, Rows]:
        """The step with exponents, for states that leave the ordinary range: what is kept, and h_t.

        Raises ValueError, naming the step ``what``, where φ leaves its range for good. Asked of ``unbounded``
        cells.
        """

    def factors(self, ops: Primitives, made: Tensor, before: Parts, after: Parts, out: Tensor) -> Tensor:
        """The coefficients of `back` for steps (…, n, B, ·), with the states before and after each."""

    def back(
        self, ops: Primitives, gradient: Parts, factors: Tensor, delta: Tensor, below: Parts
    ) -> tuple[Parts, Tensor, Parts]:
        """The vector–Jacobian product of `step`, but for the product with W: from ∂E/∂s_t

        the gradient made total (∂E/∂c_t takes in what goes through h_t; may be in place), δ (…, B, deltas·N),
        and what reaches s_{t−1} beside δ W: of h the summand of ∂E/∂h_{t−1} or None, then ∂E/∂c_{t−1},
        written into ``below``.
        """


def columns(x: Tensor, first: int, last: int, width: int) -> Tensor:
    """Columns first·N … last·N of x (…, B, k·N); None where there is no array."""
    return None if x is None else x[..., first * width : last * width]


def beside(x: Tensor, width: int) -> Tensor:
    """(…, B, k·N) as (…, B, k, N), a view; None where there is no array."""
    return None if x is None else x.reshape(*x.shape[:-1], x.shape[-1] // width, width)


def joined(ops: Primitives, parts: list[Tensor], written: Tensor) -> Tensor:
    """Arrays (…, B, k, N) one after another as (…, B, Σk·N): the array they were written into where the set
    writes in place."""
    return ops.joined([part.reshape(*part.shape[:-2], -1) for part in parts]) if written is None else written
