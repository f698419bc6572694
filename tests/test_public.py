"""The public face: every name that is promised exists and says what it is; the tour runs."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import symgrad

MODULES = sorted(
    {"symgrad"}
    | {m.name for m in pkgutil.walk_packages(symgrad.__path__, "symgrad.") if not m.name.endswith("__main__")}
)
each = pytest.mark.parametrize("name", MODULES)


@each
def test_modules_say_what_they_are(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__file__ is not None
    assert module.__doc__ or not Path(module.__file__).read_text("utf-8").strip()


@each
def test_promised_names(name: str) -> None:
    module = importlib.import_module(name)
    promised = getattr(module, "__all__", ())
    assert len(set(promised)) == len(promised)
    for public in promised:
        value = getattr(module, public)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, f"{name}.{public} has no docstring"
            assert not value.__doc__.startswith(f"{public}("), (
                f"{name}.{public}: only the generated signature"
            )


def test_the_tour() -> None:
    found = doctest.testmod(symgrad, raise_on_error=False, verbose=False)
    assert found.attempted >= 5
    assert found.failed == 0


def test_the_public_verbs_are_those_of_the_package() -> None:
    from symgrad import errors, verbs

    for name in symgrad.__all__:
        other = {"InputError": errors.InputError, "verdicts": verbs.verify}
        assert getattr(symgrad, name) is other.get(name, getattr(verbs, name, None))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        symgrad.nonsense  # noqa: B018
    assert set(symgrad.__all__) <= set(verbs.__all__) | {"InputError", "verdicts"}


def test_a_verb_can_be_called_twice() -> None:
    """The first call loads subpackages; none of them may take the place of the verb of its name."""
    program = "import symgrad; print([symgrad.verdicts(['float-floor'])['failed'] for _ in range(2)])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert found.stdout.strip() == "[0, 0]", found.stderr


def test_version() -> None:
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8")
    assert tomllib.loads(text)["project"]["version"] == symgrad.__version__
