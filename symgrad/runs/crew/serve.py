"""A worker process: `python -m symgrad.runs.crew.serve MODULE`. It ends when its client does.

MODULE is one of symgrad that holds a table `CALLS`, name → function of plain arguments that answers with a
document; it is loaded before the first request.
"""

from __future__ import annotations

import sys
from importlib import import_module

from symgrad.runs.serving import serve_parent

__all__ = ["main"]


def main() -> None:
    """Answers requests on standard input until that closes."""
    module = sys.argv[1]

    def load() -> None:
        import_module(module)

    serve_parent(lambda function, arguments: import_module(module).CALLS[function](**arguments), load)


if __name__ == "__main__":
    main()
