"""The words of Typst mathematics: functions, constants, relations, and the names of symbols."""

from __future__ import annotations

import sympy as sp

from symgrad.present.names import GREEK, read_name

__all__ = ["CONSTANTS", "FUNCTIONS", "OPERATORS", "RELATIONS", "index", "name"]

FUNCTIONS: dict[type[sp.Function], str] = {
    **{getattr(sp, name): name for name in "sin cos tan cot sec csc sinh cosh tanh coth log".split()},
    sp.asin: "arcsin",
    sp.acos: "arccos",
    sp.atan: "arctan",
    sp.asinh: 'op("arsinh")',
    sp.acosh: 'op("arcosh")',
    sp.atanh: 'op("artanh")',
    sp.sech: "sech",
    sp.csch: "csch",
    sp.erf: 'op("erf")',
    sp.erfc: 'op("erfc")',
    sp.erfinv: 'op("erfinv")',
    sp.erfcinv: 'op("erfcinv")',
    sp.sign: 'op("sgn")',
    sp.gamma: "Gamma",
    sp.digamma: "psi",
    sp.LambertW: 'op("W")',
    sp.Heaviside: "Theta",
    sp.DiracDelta: "delta",
    sp.re: "Re",
    sp.im: "Im",
    sp.arg: "arg",
    sp.Max: "max",
    sp.Min: "min",
}
"""Functions written as a name with its arguments in brackets."""
OPERATORS = {"sup", "inf", "max", "min", "lim", "det", "dim", "ker", "tr", "arg", "exp", "ln", "log", "mod"}
CONSTANTS: dict[sp.Basic, str] = {
    sp.oo: "oo",
    -sp.oo: "-oo",
    sp.pi: "pi",
    sp.E: "e",
    sp.I: "i",
    sp.nan: '"NaN"',
    sp.zoo: "tilde(oo)",
    sp.EulerGamma: "gamma",
    sp.GoldenRatio: "phi.alt",
    sp.S.Reals: "RR",
    sp.S.Integers: "ZZ",
    sp.S.Naturals: "NN",
    sp.S.Naturals0: "NN_0",
    sp.S.Rationals: "QQ",
    sp.S.Complexes: "CC",
    sp.S.EmptySet: "emptyset",
    sp.true: '"true"',
    sp.false: '"false"',
}
RELATIONS = {"==": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def name(text: str) -> str:
    """A letter with its indices; a name of several letters stands upright, as an operator where it is one."""
    parts = read_name(text)
    head = _letter(parts.base) + "'" * parts.primes
    if parts.below:
        head += f"_({' comma '.join(map(index, parts.below))})"
    if parts.above:
        head += f"^({' '.join(map(index, parts.above))})"
    return head


def index(word: str) -> str:
    """A subscript or superscript: letters side by side, words from three letters on upright."""
    if word.isalpha() and word not in GREEK:
        return f'"{word}"' if len(word) >= 3 else " ".join(word)
    return _letter(word)


def _letter(word: str) -> str:
    if word in GREEK:
        return GREEK[word][1]
    if word == "*":
        return "ast"
    return f'op("{word}")' if len(word) > 1 and word.isalpha() else word
