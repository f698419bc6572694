"""Everything that the theory of recurrent nets calls a bound, as a table.

Each row is the inequality of a derivation, worst case, for every net that it draws; what is held against it
is the engine's. How they are tried is in `search`.
"""

from symgrad.verify.bounds import gated, latches, plain
from symgrad.verify.bounds.bound import RecurrentBound

__all__ = ["BOUNDS"]

BOUNDS: dict[str, RecurrentBound] = {**plain.ROWS, **latches.ROWS, **gated.ROWS}
"""Name → bound."""
