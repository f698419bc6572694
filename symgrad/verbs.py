"""What symgrad can be asked, in plain arguments, answered in plain documents.

The command line, the app and the worker process all speak this one language; SymPy objects never leave the
process that made them. Each verb raises `InputError`, one plain line, on input that cannot be used. Imports
are inside the verbs, so that one that needs no SymPy does not load it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symgrad.errors import InputError

if TYPE_CHECKING:
    from symgrad.symbolic.derivation import Derivation
    from symgrad.theory.activations import Activation

__all__ = [
    "VERBS",
    "bound",
    "call",
    "curve",
    "derive",
    "export",
    "file",
    "listing",
    "show",
    "simulate",
    "verify",
]

Document = dict[str, Any]
MAX_POWERS = 1000
MAX_REACH = 1e6
MAX_POINTS = 100_001
Settings = Mapping[str, str]


def listing() -> Document:
    """The names of activations, derivations and architectures."""
    from symgrad.theory.activations import ACTIVATIONS
    from symgrad.theory.registry import DERIVATIONS

    return {
        "activations": list(ACTIVATIONS),
        "derivations": [{"key": e.key, "title": e.title, "subject": e.subject} for e in DERIVATIONS.values()],
        "architectures": ["mlp"],
    }


def derive(activation: str, settings: Settings | None = None) -> Document:
    """φ′ by named rules down to the textbook form, and g with φ′ = g(φ) where there is one."""
    from symgrad.documents import step_document
    from symgrad.present.latex import latex
    from symgrad.present.markdown import prose_markdown
    from symgrad.present.plain import plain, prose_plain
    from symgrad.theory.activation_derivative import differentiation, own_slope

    entry = _entry(activation, settings)
    found = differentiation(entry)
    own = own_slope(entry)
    steps = [
        {**step_document(line.as_step()), "before": plain(line.before), "after": plain(line.after)}
        for line in found.steps
    ]
    return {
        "activation": entry.name,
        "expression": str(entry.expression),
        "expression_latex": latex(entry.expression),
        "parameters": {symbol.name: str(value) for symbol, value in entry.parameters.items()},
        "derivative": plain(found.derivative),
        "latex": latex(found.derivative),
        "steps": steps,
        "autonomous": {
            "exact": None if own.g is None else str(own.g),
            "latex": None if own.g is None else latex(own.g),
            "statement": prose_markdown(own.sentence),
            "text": prose_plain(own.sentence),
            "steps": [step_document(step) for step in own.steps],
        },
    }


def bound(activation: str, settings: Settings | None = None, symbolic: bool = False) -> Document:
    """inf, sup and Lipschitz constant of φ over the real line, each with its proof grade, and the argument as
    steps.
    """
    from symgrad.documents import extremum_document, step_document
    from symgrad.present.markdown import prose_markdown
    from symgrad.present.plain import plain, prose_plain
    from symgrad.theory.activation_derivative import differentiation, reader_sentence
    from symgrad.theory.activations import slope_range

    entry = _entry(activation, settings)
    found = slope_range(entry)
    return {
        "activation": entry.name,
        "expression": str(entry.expression if symbolic else entry.phi),
        "derivative": plain(differentiation(entry).derivative),
        "parameters": {symbol.name: str(value) for symbol, value in entry.parameters.items()},
        "domain": "(-oo, oo)",
        "inf": extremum_document(found.inf, symbolic),
        "sup": extremum_document(found.sup, symbolic),
        "lipschitz": extremum_document(found.lipschitz, symbolic),
        "image": plain(found.image),
        "kinks": [{"at": str(k.point), "left": str(k.left), "right": str(k.right)} for k in found.kinks],
        "sentence": prose_markdown(reader_sentence(entry, found)),
        "text": prose_plain(reader_sentence(entry, found)),
        "steps": [step_document(step) for step in found.steps],
    }


def show(key: str) -> Document:
    """One derivation: assumptions, checked steps, conclusion, sources, its LaTeX document."""
    from symgrad.documents import derivation_document
    from symgrad.present import latex
    from symgrad.theory.registry import entry

    derivation = entry(key)()
    return {**derivation_document(derivation), "latex": latex.document(derivation)}


def curve(
    activation: str, settings: Settings | None = None, reach: float = 6.0, points: int = 601
) -> Document:
    """Samples of φ and φ′ for drawing, with inf and sup of φ′ and the places where they are attained or
    approached.
    """
    from symgrad.documents import curve_document
    from symgrad.theory.activation_curve import activation_curve
    from symgrad.theory.activations import slope_range

    if not 0 < reach <= MAX_REACH:
        raise InputError(f"reach {reach}: legal are numbers above 0, up to {MAX_REACH:g}")
    if not 2 <= points <= MAX_POINTS:
        raise InputError(f"points {points}: legal is 2 to {MAX_POINTS}")
    entry = _entry(activation, settings)
    return curve_document(entry, activation_curve(entry, reach, points), slope_range(entry))


def simulate(activation: str = "tanh", settings: Settings | None = None, **options: Any) -> Document:
    """A concrete net, measured layer by layer, beside its own worst-case bound and the length map's slope."""
    from symgrad.documents import simulation_document
    from symgrad.theory import simulation

    return simulation_document(simulation.simulate(_entry(activation, settings), options))


def verify(keys: Sequence[str] = (), seed: int = 0, thorough: bool = False) -> Document:
    """Every claim of the derivations named (default: of all), judged on concrete nets."""
    from symgrad.theory.registry import DERIVATIONS, entry
    from symgrad.verify import judge

    if seed < 0:
        raise InputError(f"seed {seed}: legal are whole numbers from 0 on")
    chosen = [entry(key) for key in keys] or list(DERIVATIONS.values())
    claims = [claim for derivation in chosen for claim in derivation().claims]
    verdicts = [judge(claim, seed=seed, thorough=thorough) for claim in claims]
    counts = {word: sum(v.verdict == word for v in verdicts) for word in ("PASS", "FAIL", "UNDECIDED")}
    return {
        "passed": counts["PASS"],
        "failed": counts["FAIL"],
        "undecided": counts["UNDECIDED"],
        "seed": seed,
        "claims": [
            {"key": v.key, "verdict": v.verdict, "margin": v.margin, "evidence": v.evidence, "seed": v.seed}
            for v in verdicts
        ],
    }


def export(
    keys: Sequence[str] = (),
    formats: Sequence[str] = ("tex", "md"),
    out: str = "derivations",
    book: bool = False,
) -> Document:
    """Writes the derivations named (default: all) as files; nothing is left half-written."""
    from symgrad.files import written
    from symgrad.theory.registry import DERIVATIONS, entry

    chosen = [entry(key) for key in keys] or list(DERIVATIONS.values())
    return {"files": written([e() for e in chosen], formats, Path(out), book, _picture)}


def file(key: str, kind: str) -> Document:
    """One derivation as a file of that format, base64 in "content" (for a download)."""
    from symgrad.files import rendered
    from symgrad.theory.registry import entry

    name, content = rendered(entry(key)(), kind, _picture)
    return {"name": name, "content": base64.b64encode(content).decode("ascii")}


def decay(names: Sequence[str] = ("sigmoid", "tanh"), depth: int = 30) -> Document:
    """The worst-case product with weights of norm 1: log10 γⁿ for n = 0 … depth."""
    from symgrad.theory.decay import decay as powers

    if not 1 <= depth <= MAX_POWERS:
        raise InputError(f"depth {depth}: legal is 1 to {MAX_POWERS}")
    return {"series": powers(names, depth)}


def _picture(derivation: Derivation) -> Document:
    """The document that a derivation's chart is drawn from."""
    arguments = dict(derivation.picture)
    verb = arguments.pop("verb")
    return {"verb": verb, **VERBS[verb].run(**arguments)}


@dataclass(frozen=True)
class Verb:
    """A verb and whether its document is worth keeping on disk: symbolic work is, a simulation is not."""

    run: Callable[..., Document]
    kept: bool


VERBS: dict[str, Verb] = {
    "list": Verb(listing, False),
    "derive": Verb(derive, True),
    "bound": Verb(bound, True),
    "show": Verb(show, True),
    "curve": Verb(curve, True),
    "decay": Verb(decay, True),
    "simulate": Verb(simulate, False),
    "verify": Verb(verify, False),
    "export": Verb(export, False),
    "file": Verb(file, True),
}


def call(verb: str, arguments: Mapping[str, Any], use_cache: bool = True) -> Document:
    """The document of a verb; one that is kept comes from the disk when it is there."""
    if verb not in VERBS:
        raise InputError(f"{verb!r} is not a verb (legal: {', '.join(VERBS)})")
    chosen = VERBS[verb]
    if not (chosen.kept and use_cache):
        return chosen.run(**arguments)
    from symgrad.runs.cache import remember

    return remember([verb, _canonical(arguments)], lambda: chosen.run(**arguments))


def _canonical(arguments: Mapping[str, Any]) -> Document:
    """The arguments with an activation replaced by its expression and parameter values, so that equal
    questions share an answer.
    """
    canonical = {name: value for name, value in arguments.items() if value is not None}
    if "activation" in canonical:
        from sympy import srepr

        entry = _entry(canonical["activation"], canonical.pop("settings", None))
        parameters = {symbol.name: srepr(value) for symbol, value in entry.parameters.items()}
        canonical["activation"] = [entry.name, srepr(entry.expression), parameters]
    return canonical


def _entry(name: str, settings: Settings | None) -> Activation:
    """The activation of that name with its parameters set; values are decimal or fraction texts."""
    from sympy import Rational

    from symgrad.theory.activations import activation

    entry = activation(name)
    if not settings:
        return entry
    values = {}
    for parameter, text in settings.items():
        values[parameter] = Rational(*_fraction(f"--set {parameter}", text))
    return entry.with_parameters(values)


def _fraction(option: str, text: str) -> tuple[int, int]:
    if not re.fullmatch(r"\d{1,20}(\.\d{1,20})?|\d{1,20}/0*[1-9]\d{0,19}", text, re.ASCII):
        raise InputError(
            f"{option}={text[:40]}: not a number (legal: a decimal such as 0.2 or a fraction such as 1/5)"
        )
    value = Fraction(text)
    return value.numerator, value.denominator
