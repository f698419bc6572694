"""What a caller may be told: one plain line each, never a traceback."""

__all__ = ["InputError", "RefutedError", "TimeLimitError"]


class InputError(ValueError):
    """The input was not usable; the message says what, where and the legal range on one line."""


class RefutedError(AssertionError):
    """A step of a derivation failed its check: the derivation cannot be built and nothing is shown."""


class TimeLimitError(TimeoutError):
    """The time limit came before the answer (exit code 3)."""
