"""A certificate file read with suspicion: JSON to checked fields, every number an exact rational.

Nothing is trusted: size, nesting, keys, kinds and the length and form of every number are checked here, and
whatever does not fit raises `MalformedError` with one line that says where.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import sympy as sp
from flint import arb, fmpq

from symgrad.errors import InputError
from symgrad.symbolic.balls import ball

__all__ = ["Claim", "Cut", "MalformedError", "Record", "Span", "Written", "load", "number", "read"]

FORMAT = "symgrad certificate 1"
LARGEST_FILE = 8_000_000
LONGEST = {"phi": 8_000, "text": 4_000, "number": 400}
MOST = {"cuts": 500, "intervals": 20_000, "at": 1_000}
PRECISIONS = range(128, 4097)
ORDERS = range(1, 17)
JOINS = frozenset({"smooth", "kink", "jump", "removable", "pole", "cusp", "edge"})
GRADES = frozenset({"exact", "certified"})

_NUMBER = re.compile(r"(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d{1,5}))?|(-?\d+)/([1-9]\d*)")
_TOP = {"format", "phi", "precision", "claim", "domain", "period", "cuts", "intervals"}
_CLAIM = {"exact", "decimal", "lower", "upper", "attained", "at", "proof"}
_CUT = {"at", "enclosure", "switch", "joins"}
KINDS: Mapping[str, frozenset[str]] = {
    "tail": frozenset({"end", "substitution", "t", "x", "value", "limit", "side"}),
    "constant": frozenset({"x", "value"}),
    "bounded": frozenset({"x", "value"}),
    "monotone": frozenset({"x", "slope", "ends"}),
    "taylor": frozenset({"x", "centre", "order", "small", "leading", "value"}),
    "outside": frozenset({"x"}),
}
"""The keys of each kind of interval, all of them required."""


class MalformedError(ValueError):
    """The certificate is not written as the format says."""


@dataclass(frozen=True)
class Span:
    """A recorded interval [lo, hi]; its ends are exact or infinite (a ball would round its radius)."""

    lo: arb
    hi: arb
    exact: sp.Rational | None = None
    """The number, where the two ends are one."""

    def contains(self, value: arb) -> bool:
        """Whether every number of the ball lies in the interval; no ball that is not a number does."""
        return bool(value.lower() >= self.lo.upper() and value.upper() <= self.hi.lower())

    def has(self, value: sp.Expr) -> bool:
        """Whether an exactly given number lies in the interval, which may be that number alone."""
        if self.exact is not None and value.is_Rational:
            return bool(value == self.exact)
        return not value.is_infinite and self.contains(ball(value))


@dataclass(frozen=True)
class Claim:
    """One extremum as claimed (E in docs/cli.md)."""

    exact: str | None
    decimal: str
    lower: str
    upper: str
    attained: bool | None
    at: tuple[str, ...]
    proof: str


@dataclass(frozen=True)
class Cut:
    """A point where φ changes its formula or is singular: the zero or pole of `switch` in the enclosure."""

    at: str | None
    enclosure: tuple[fmpq, fmpq]
    switch: str
    joins: str


@dataclass(frozen=True)
class Record:
    """One interval: the texts of its ends and what was evaluated on it, under the keys of its kind."""

    kind: str
    x: tuple[str, str]
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Written:
    """A whole certificate."""

    phi: str
    precision: int
    claims: Mapping[str, Claim | None]
    domain: str
    period: str | None
    cuts: tuple[Cut, ...]
    intervals: tuple[Record, ...]


def load(path: str | Path) -> Any:
    """The JSON in a file. Raises `InputError` where there is no such file or no JSON in it."""
    place = Path(path)
    try:
        with place.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise InputError(f"{place}: cannot be read ({error.strerror})") from None
    if len(content) > LARGEST_FILE:
        raise InputError(f"{place}: more than {LARGEST_FILE:,} bytes are not read")
    try:
        return json.loads(
            content.decode("utf-8"),
            parse_constant=_refused,
            parse_float=_refused,
            object_pairs_hook=_without_twins,
        )
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"{place}: is not the JSON of a certificate ({reason})") from None


def _refused(text: str) -> NoReturn:
    raise ValueError(f"{text[:20]} is not a legal number here")


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def read(document: Any) -> Written:
    """The certificate in a JSON document; raises `MalformedError`."""
    top = _keys(document, _TOP, "the certificate")
    if top["format"] != FORMAT:
        raise MalformedError(f"format: only {FORMAT!r} is known")
    if type(top["precision"]) is not int or top["precision"] not in PRECISIONS:
        raise MalformedError(f"precision: legal are {PRECISIONS.start} to {PRECISIONS.stop - 1} bits")
    claims = _keys(top["claim"], {"inf", "sup", "lipschitz"}, "claim")
    return Written(
        phi=_text(top["phi"], "phi", LONGEST["phi"]),
        precision=top["precision"],
        claims={
            name: None if name == "lipschitz" and claims[name] is None else _claim(claims[name], name)
            for name in ("inf", "sup", "lipschitz")
        },
        domain=_text(top["domain"], "domain"),
        period=None if top["period"] is None else _text(top["period"], "period"),
        cuts=tuple(_cut(cut, f"cut {i}") for i, cut in enumerate(_list(top["cuts"], "cuts"))),
        intervals=tuple(
            _record(record, f"interval {i}") for i, record in enumerate(_list(top["intervals"], "intervals"))
        ),
    )


def number(text: Any, where: str = "a number") -> fmpq:
    """The exact value of a decimal or rational text."""
    if not isinstance(text, str) or len(text) > LONGEST["number"]:
        raise MalformedError(f"{where}: numbers are texts of at most {LONGEST['number']} characters")
    match = _NUMBER.fullmatch(text)
    if match is None or not text.isascii():
        raise MalformedError(f"{where}: {text[:40]!r} is not a decimal or rational number")
    sign, whole, fraction, exponent, numerator, denominator = match.groups()
    if denominator:
        return fmpq(int(numerator), int(denominator))
    digits = int(whole + (fraction or "")) * (-1 if sign else 1)
    shift = int(exponent or 0) - len(fraction or "")
    return fmpq(digits * 10 ** max(shift, 0), 10 ** max(-shift, 0))


def _span(pair: Any, where: str) -> Span:
    lo, hi = (_end(text, where) for text in _two(pair, where))
    if lo > hi or lo == arb.pos_inf() or hi == arb.neg_inf():
        raise MalformedError(f"{where}: the ends stand in the wrong order")
    alone = number(pair[0]) if pair[0] == pair[1] and lo.is_finite() else None
    return Span(lo, hi, None if alone is None else sp.Rational(int(alone.p), int(alone.q)))


def _end(text: Any, where: str) -> arb:
    infinite = {"oo": arb.pos_inf(), "-oo": arb.neg_inf()}.get(text) if isinstance(text, str) else None
    return arb(number(text, where)) if infinite is None else infinite


def _claim(document: Any, where: str) -> Claim:
    fields = _keys(document, _CLAIM, where)
    if fields["attained"] is not None and type(fields["attained"]) is not bool:
        raise MalformedError(f"{where}: attained is true, false or null")
    if fields["proof"] not in GRADES:
        raise MalformedError(f"{where}: proof is exact or certified")
    for key in ("decimal", "lower", "upper"):
        if fields[key] not in ("oo", "-oo"):
            number(fields[key], f"{where}: {key}")
    return Claim(
        exact=None if fields["exact"] is None else _text(fields["exact"], f"{where}: exact"),
        decimal=fields["decimal"],
        lower=fields["lower"],
        upper=fields["upper"],
        attained=fields["attained"],
        at=tuple(_text(text, f"{where}: at") for text in _list(fields["at"], "at")),
        proof=fields["proof"],
    )


def _cut(document: Any, where: str) -> Cut:
    fields = _keys(document, _CUT, where)
    if not isinstance(fields["joins"], str) or fields["joins"] not in JOINS:
        raise MalformedError(f"{where}: joins is one of {', '.join(sorted(JOINS))}")
    lo, hi = (number(text, f"{where}: enclosure") for text in _two(fields["enclosure"], where))
    if lo > hi:
        raise MalformedError(f"{where}: the ends of the enclosure stand in the wrong order")
    at = None if fields["at"] is None else _text(fields["at"], f"{where}: at")
    return Cut(at, (lo, hi), _text(fields["switch"], f"{where}: switch"), fields["joins"])


def _record(document: Any, where: str) -> Record:
    if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
        raise MalformedError(f"{where}: has no kind")
    kind = document["kind"]
    if kind not in KINDS:
        raise MalformedError(f"{where}: kind {kind[:20]!r} is not known")
    fields = _keys(document, KINDS[kind] | {"kind"}, where)
    left, right = (_text(text, f"{where}: x", LONGEST["number"]) for text in _two(fields["x"], where))
    rest = {key: _FIELDS[key](fields[key], f"{where}: {key}") for key in KINDS[kind] if key != "x"}
    return Record(kind, (left, right), rest)


def _whole(value: Any, where: str, legal: Sequence[int]) -> int:
    if type(value) is not int or value not in legal:
        raise MalformedError(f"{where}: is not legal")
    return value


def _tail_end(value: Any, where: str) -> str | tuple[int, int]:
    if isinstance(value, str) and value in ("oo", "-oo"):
        return value
    cut, side = _two(value, where)
    return _whole(cut, where, range(MOST["cuts"])), _whole(side, where, (-1, 1))


_FIELDS = {
    "value": _span,
    "slope": _span,
    "leading": _span,
    "t": _span,
    "centre": lambda value, where: _text(value, where, LONGEST["number"]),
    "end": _tail_end,
    "order": lambda value, where: _whole(value, where, ORDERS),
    "side": lambda value, where: None if value is None else _whole(value, where, (-1, 0, 1)),
    "substitution": lambda value, where: _text(value, where, LONGEST["number"]),
    "limit": lambda value, where: None if value is None else _text(value, where),
    "small": lambda value, where: tuple(arb(number(text, where)) for text in _list(value, "at")),
    "ends": lambda value, where: tuple(_span(pair, where) for pair in _two(value, where)),
}
"""How each field of an interval is read."""


def _keys(document: Any, legal: set[str] | frozenset[str], where: str) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise MalformedError(f"{where}: is not an object")
    wrong = sorted(map(str, set(document) ^ legal))
    if wrong:
        verb = "is missing" if wrong[0] in legal else "is not known"
        raise MalformedError(f"{where}: key {wrong[0][:20]!r} {verb}")
    return document


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > MOST[what]:
        raise MalformedError(f"{what}: is not a list of at most {MOST[what]} entries")
    return value


def _two(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list) or len(value) != 2:
        raise MalformedError(f"{where}: is not a pair")
    return value


def _text(value: Any, where: str, longest: int = LONGEST["text"]) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise MalformedError(f"{where}: is not a text of 1 to {longest} characters")
    return value
