"""Wherever a name is accepted: calls, texts, SymPy and functions; their parameters, names and file names."""

from __future__ import annotations

import json
import re

import pytest
import sympy as sp

import symgrad
from symgrad import cli, verbs
from symgrad.errors import ExpressionError, InputError
from symgrad.symbolic.letters import PARAMETERS, x
from symgrad.theory.activations import ACTIVATIONS, Activation, activation
from symgrad.verbs.asked import entry_of

t = sp.Symbol("t")


@pytest.mark.parametrize(
    ("given", "phi"),
    [
        ("tanh", sp.tanh(x)),
        (" tanh ", sp.tanh(x)),
        ("tanh(x)", sp.tanh(x)),
        ("leaky_relu(x, 1/5)", sp.Piecewise((x, x > 0), (x / 5, True))),
        ("2*tanh(x)", 2 * sp.tanh(x)),
        ("a*tanh(x)", sp.tanh(x)),
        (t * sp.tanh(t), x * sp.tanh(x)),
        (lambda s: s * sp.tanh(s), x * sp.tanh(x)),
        (sp.tanh, sp.tanh(x)),
        (ACTIVATIONS["tanh"], sp.tanh(x)),
    ],
    ids=lambda value: value.name if isinstance(value, Activation) else getattr(value, "__name__", str(value)),
)
def test_what_is_meant(given: object, phi: sp.Expr) -> None:
    assert activation(given).phi == phi


def test_names_and_calls_are_the_registered_ones() -> None:
    """So their derivation keeps its name and source; a letter as a parameter makes it a typed one."""
    assert activation("tanh(x)") is not None
    assert activation("tanh(x)") == ACTIVATIONS["tanh"]
    call = activation("selu(x, 2)")
    assert (call.name, call.source) == ("selu", ACTIVATIONS["selu"].source)
    assert [call.parameters[PARAMETERS[name]] for name in ("alpha", "lambda")] == [
        2,
        ACTIVATIONS["selu"].parameters[PARAMETERS["lambda"]],
    ]
    lettered = activation("leaky_relu(x, b)")
    assert lettered.source is None
    assert lettered.parameters == {PARAMETERS["b"]: 1}


@pytest.mark.parametrize(
    ("given", "column", "words"),
    [
        ("nope", 1, ("'nope'", "neither the name of an activation nor an expression")),
        ("sigmod", 1, ("'sigmod'", "near: sigmoid")),
        ("x+y", 3, ("'x+y'", "'y'")),
        ("", 1, ("''",)),
        ("5", 1, ("does not depend on x",)),
        ("leaky_relu(x, 0)", 1, ("positive",)),
        ("leaky_relu(x, 1, 2)", 1, ("leaky_relu(x, a)",)),
        ("[link](http://x)", 1, ("'['",)),
    ],
)
def test_unknown_texts(given: str, column: int, words: tuple[str, ...]) -> None:
    with pytest.raises(ExpressionError) as refusal:
        activation(given)
    assert refusal.value.column == column
    assert all(word in str(refusal.value) for word in words)
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize(
    "given", [3, None, ["x"], b"x", lambda s: 3, lambda s: s[0], lambda: sp.Symbol("x"), sp.Matrix([t])]
)
def test_unusable_objects(given: object) -> None:
    with pytest.raises(InputError, match="legal"):
        activation(given)


def test_parameters_are_positive_and_checked_at_their_values() -> None:
    """A letter is 1 until it is set, and the values must leave a real function of x."""
    assert entry_of("sqrt(1-a/2)*x", None).phi == x / sp.sqrt(2)
    assert entry_of("sqrt(1-a/2)*x", {"a": "3/2"}).phi == x / 2
    with pytest.raises(InputError, match="a = 3: the value is complex"):
        entry_of("sqrt(1-a/2)*x", {"a": "3"})
    with pytest.raises(InputError, match=r"a = 1: .* does not depend on x"):
        entry_of("(a-1)*x", None)
    for text in ("sin(x)^2+cos(x)^2", "cosh(x)^2-sinh(x)^2", "log(e^x*2)-x", "tanh(x)/sinh(x)*cosh(x)"):
        with pytest.raises(InputError, match="does not depend on x"):
            entry_of(text, None)
    assert entry_of("step(x-100)", None).name == "Heaviside(x - 100)"
    with pytest.raises(InputError, match=r"a = 1: .*not a finite number"):
        entry_of("x/(1-a)", None)
    with pytest.raises(InputError, match="--set b: φ has no such parameter"):
        entry_of("a*x", {"b": "1"})


def test_names_read_back_and_file_names_hold_nothing_typed() -> None:
    texts = (
        "x*tanh(log(1+exp(x)))",
        "hard_swish(selu(gelu(x)))",
        "σ(" * 12 + "x" + ")" * 12,
        "|x|/(1+|x|)",
        "a x^2",
    )
    for text in texts:
        entry = activation(text)
        assert activation(entry.name).expression == entry.expression
        assert re.fullmatch(r"typed-[0-9a-f]{12}", entry.slug)
    assert len({activation(text).slug for text in texts}) == len(texts)
    assert ACTIVATIONS["leaky_relu"].slug == "leaky-relu"


@pytest.mark.parametrize("verb", ["derive", "bound", "curve"])
def test_verbs_take_texts(verb: str) -> None:
    """A typed text is answered as the registered activation that it is."""
    typed = verbs.call(verb, {"activation": "1/(1+e^-x)"}, use_cache=False)
    known = verbs.call(verb, {"activation": "sigmoid"}, use_cache=False)
    for key in ("inf", "sup", "lipschitz", "x", "dphi"):
        assert typed.get(key) == known.get(key)
    if verb != "curve":
        assert typed["activation"] == typed["expression"] == "1/(1 + exp(-x))"
        assert activation(typed["derivative"]).phi.equals(sp.diff(activation("sigmoid").phi, x))
    if verb == "bound":
        assert typed["text"].startswith("φ′ takes values")


def test_python_takes_sympy() -> None:
    expected = symgrad.bound("tanh")["sup"]
    assert symgrad.bound(sp.tanh(t))["sup"] == expected
    assert symgrad.bound(lambda s: sp.tanh(s) + 0)["sup"] == expected
    assert symgrad.derive(sp.tanh(t))["derivative"] == symgrad.derive("tanh(x) + 0")["derivative"]


def test_the_command_line_takes_a_text_after_two_dashes(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["derive", "--json", "--no-cache", "--", "-x^2"], ["--json", "derive", "--", "-x^2"]):
        assert cli.main(arguments) == 0
        assert json.loads(capsys.readouterr().out)["expression"] == "-x**2"
    assert cli.main(["derive", "-x^2", "--json"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "--" in said
    assert cli.main(["derive", "a*tanh(x)", "--set", "a=2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"] == {"a": "2"}
    assert cli.main(["derive", "tanh(x"]) == 2
    assert "column 5" in capsys.readouterr().err
