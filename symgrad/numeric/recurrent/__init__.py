"""Recurrent nets unfolded in time, and backpropagation through time, for any cell of `cells`."""

from symgrad.numeric.recurrent.gradients import Recurrence, Scaled, TimeGradients, through_time, unfold
from symgrad.numeric.recurrent.shared import Weights

__all__ = ["Recurrence", "Scaled", "TimeGradients", "Weights", "through_time", "unfold"]
