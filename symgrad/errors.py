"""What a caller may be told: one plain line each, never a traceback."""

__all__ = [
    "FaultError",
    "InputError",
    "LimitError",
    "MemoryLimitError",
    "RefutedError",
    "TimeLimitError",
    "UnsolvedError",
]


class InputError(ValueError):
    """The input was not usable; the message says what, where and the legal range on one line; `column` counts
    from 0 in a typed expression.
    """

    column: int | None = None


class ExpressionError(InputError):
    """A typed expression is not one of the language; `column` (from 1) is where to look."""

    column: int

    def __init__(self, column: int, problem: str, about: str = "") -> None:
        super().__init__(f"{about}column {column}: {problem}")
        self.column = column
        self.problem = problem


class RefutedError(AssertionError):
    """A step of a derivation failed its check: the derivation cannot be built and nothing is shown."""


class LimitError(RuntimeError):
    """A limit came before the answer (exit code 3)."""


class TimeLimitError(LimitError, TimeoutError):
    """The limit of time."""


class MemoryLimitError(LimitError, MemoryError):
    """The limit of memory."""


class FaultError(RuntimeError):
    """symgrad itself failed in a worker process; the message names the exception."""


class UnsolvedError(FaultError):
    """No method here answers the question; the message says which step has none."""
