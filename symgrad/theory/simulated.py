"""What a simulated net of any architecture has to say: a sentence, and formulas with its numbers put in."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import sympy as sp

from symgrad.symbolic.derivation import Prose, Step, prove
from symgrad.symbolic.notation import Juxtaposed
from symgrad.theory.net_result import NetResult

__all__ = ["Simulated", "power", "rounded"]


@dataclass(frozen=True, kw_only=True)
class Simulated(NetResult):
    """A `NetResult` that is shown. An architecture says what it is called, what its places are and why it is
    without a bound, and writes its steps.
    """

    place: ClassVar[str] = "layer"
    """What the gradient is measured at."""
    of: ClassVar[str] = "h"
    """The state that it is a gradient with respect to."""

    @property
    def architecture(self) -> str:
        """Its name on the command line."""
        raise NotImplementedError

    @property
    def options(self) -> dict[str, Any]:
        """The options that made the net, defaults included."""
        return asdict(self.net)

    @property
    def called(self) -> str:
        """The net in a sentence, as in "30-layer tanh net"."""
        raise NotImplementedError

    @property
    def slope_band(self) -> tuple[float, float] | None:
        """The 99 % band of the measured slope at this width; None where no claim gives one."""
        return None

    @property
    def gradient_band(self) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """The 99 % band of the median of log10 of the gradient by place, about what is typical at this width:
        low, typical and high, (L,) each. None where no claim gives one."""
        return None

    @property
    def why_no_band(self) -> str:
        """Why there is none, where that can be said."""
        return ""

    def steps(self) -> tuple[Step, ...]:
        """The bound with the numbers of this net put in, each line checked against the arrays."""
        raise NotImplementedError

    def measured_step(self, front: sp.Basic, back: sp.Basic) -> Step:
        """The measured ratio between the first place and the last."""
        because: Prose = ("what these nets really do",)
        ratio = sp.Eq(front, Juxtaposed(power(self.front_factor), back), evaluate=False)
        return prove(ratio, because, self._counted, rule="measured")

    def _counted(self) -> str:
        if not self.bounded:
            return "measured; there is no bound to hold it against"
        return f"measured; {self.violations} of {self.log10_gradient.size} values above the bound"

    def finding(self) -> str:
        """One sentence made from the numbers."""
        depth = self.net.depth
        if depth == 1:
            return f"One {self.place}: there is no product yet, and nothing to shrink or grow."
        change = self.front_factor
        if math.isinf(change):
            return f"In this {self.called} the gradient at {self.place} 1 is exactly zero."
        word = "vanishes" if change < -1 else "explodes" if change > 1 else "holds"
        size = f"about {_plain(abs(change))}" if abs(change) < 5 else f"10^{abs(change):.1f}"
        how = "smaller" if change < 0 else "larger"
        first = f"In this {self.called} the gradient {word}: at {self.place} 1 it is {size} times {how}"
        than = f"than at {self.place} {depth} ({self.over_seeds()})"
        return f"{first} {than}, {self._against_bound()}."

    def over_seeds(self) -> str:
        """Which value is quoted."""
        return "one seed" if self.net.seeds == 1 else f"median over {self.net.seeds} seeds"

    def _against_bound(self) -> str:
        if not self.bounded:
            return "and no worst-case bound exists, since φ′ is unbounded"
        side = "shrinks" if self.bound_factor < 0 else "grows"
        if self.violations:
            return f"and {self.violations} measured values lie above the worst-case bound: a contradiction"
        return f"always under the worst-case bound, which {side} by 10^{abs(self.bound_factor):.1f}"


def power(log10: float) -> sp.Expr:
    """A power of ten that stays one."""
    exponent = rounded(log10)
    return sp.Pow(10, exponent, evaluate=False) if exponent.is_finite else sp.exp(exponent)


def rounded(number: float) -> sp.Expr:
    """Four digits of a number, infinite ones as symbols."""
    if not math.isfinite(number):
        return sp.oo if number > 0 else -sp.oo if number < 0 else sp.nan
    return sp.Float(f"{number:.4g}", 4)


def _plain(log10: float) -> str:
    """Three significant digits of a factor, without an exponent."""
    return f"{float(f'{10**log10:.3g}'):,.10g}"
