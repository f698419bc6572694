"""What defines a stack of fully connected nets."""

from __future__ import annotations

from dataclasses import dataclass

from symgrad.numeric.drawn import Drawn
from symgrad.numeric.feedforward.plan import Plan, automatic, memory


@dataclass(frozen=True)
class Net(Drawn):
    """``seeds`` independent nets of one kind; validated on construction.

    depth L, width N (of the input too), batch B; W_l entries N(0, sigma_w²/N) or sigma_w × Haar, b_l entries
    N(0, sigma_b²), inputs and output co-vector N(0, 1); ``seed`` keys all draws.
    Raises ValueError, one line with the offender and the legal range.
    """

    @property
    def plan(self) -> Plan:
        """How it is measured unless another plan is given."""
        return automatic(self)

    @property
    def memory(self) -> int:
        """Estimated bytes at the peak of a measurement by that plan."""
        return memory(self, self.plan)
