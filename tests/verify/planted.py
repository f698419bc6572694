"""Errors planted in a certificate: each kind one function that yields damaged copies, none of them a valid
proof of its claims. A shared end moved in both neighbours may be one, so that is not among them.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

__all__ = ["PLANTED"]

Document = dict[str, Any]
Path = tuple[str | int, ...]
Planting = Callable[[Document], Iterator[Document]]
Ends = tuple[Fraction, Fraction]

PLANTED: dict[str, Planting] = {}
"""Kind of error → the damaged copies of a certificate; none where the certificate has no such place."""

NAMES = ("inf", "sup", "lipschitz")
SMALL, LARGE = Fraction(1, 10**29), Fraction(1, 10**3)


def planted(kind: str) -> Callable[[Planting], Planting]:
    """Registers a planting under a kind of error."""

    def register(plant: Planting) -> Planting:
        assert kind not in PLANTED
        PLANTED[kind] = plant
        return plant

    return register


# --- copies with one place changed


def opened(certificate: Document, path: Path) -> tuple[Document, Any]:
    """A copy, and what stands in it at the path."""
    found = copy.deepcopy(certificate)
    place: Any = found
    for step in path:
        place = place[step]
    return found, place


def put(certificate: Document, path: Path, value: Any) -> Document:
    found, place = opened(certificate, path[:-1])
    place[path[-1]] = copy.deepcopy(value)
    return found


def updated(certificate: Document, path: Path, **fields: Any) -> Document:
    found, place = opened(certificate, path)
    place.update(fields)
    return found


def dropped(certificate: Document, path: Path) -> Document:
    found, place = opened(certificate, path[:-1])
    place.pop(path[-1])
    return found


def inserted(certificate: Document, path: Path, value: Any) -> Document:
    found, place = opened(certificate, path[:-1])
    place.insert(path[-1], copy.deepcopy(value))
    return found


# --- numbers as text


def text_of(value: Fraction) -> str:
    """A number as an exact text."""
    return f"{value.numerator}/{value.denominator}" if value.denominator != 1 else str(value.numerator)


def raised(text: str, by: Fraction) -> str:
    value = Fraction(text)
    return text_of(value + by * max(Fraction(1), abs(value)))


def shown(value: Fraction) -> str:
    """Thirty significant digits."""
    if value == 0:
        return "0"
    shift = 29
    while abs(value) * 10**shift >= 10**30:
        shift -= 1
    while abs(value) * 10**shift < 10**29:
        shift += 1
    return f"{round(value * 10**shift)}e{-shift}"


def rational(text: object) -> Fraction | None:
    """The number that a text is, where it is one."""
    try:
        return Fraction(str(text))
    except ValueError:
        return None


# --- claims


def claims(certificate: Document) -> Iterator[tuple[str, Document]]:
    for name in NAMES:
        if certificate["claim"][name] is not None:
            yield name, certificate["claim"][name]


def finite(certificate: Document) -> Iterator[tuple[str, Document]]:
    """The claims that are numbers."""
    for name, claim in claims(certificate):
        if claim["decimal"] not in ("oo", "-oo"):
            yield name, claim


def claimed(key: str, change: Callable[[str], str]) -> Planting:
    """A text of a finite claim replaced."""

    def plant(certificate: Document) -> Iterator[Document]:
        for name, claim in finite(certificate):
            if claim[key] is not None and change(claim[key]) != claim[key]:
                yield put(certificate, ("claim", name, key), change(claim[key]))

    return plant


def by(size: Fraction) -> Callable[[str], str]:
    return lambda text: raised(text, size)


def with_summand(size: Fraction) -> Callable[[str], str]:
    return lambda text: f"{text} + {text_of(size)}"


def moved(size: Fraction) -> Planting:
    """The whole claim moved: lower, upper, decimal and exact together."""

    def plant(certificate: Document) -> Iterator[Document]:
        for name, claim in finite(certificate):
            lower, upper = raised(claim["lower"], size), raised(claim["upper"], size)
            exact = None if claim["exact"] is None else with_summand(size)(claim["exact"])
            fields = {"lower": lower, "upper": upper, "decimal": shown(Fraction(lower)), "exact": exact}
            yield updated(certificate, ("claim", name), **fields)

    return plant


for size, word in ((SMALL, "1e-29"), (LARGE, "1e-3")):
    PLANTED[f"lower raised by {word}"] = claimed("lower", by(size))
    PLANTED[f"upper lowered by {word}"] = claimed("upper", by(-size))
    PLANTED[f"lower lowered by twice {word}"] = claimed("lower", by(-2 * size))
    PLANTED[f"upper raised by twice {word}"] = claimed("upper", by(2 * size))
    PLANTED[f"exact changed by {word}"] = claimed("exact", with_summand(size))
    PLANTED[f"claim raised by {word}"] = moved(size)
    PLANTED[f"claim lowered by {word}"] = moved(-size)


def other_last_digit(text: str) -> str:
    head, mark, tail = text.partition("e")
    return text if text == "0" else f"{head[:-1]}{(int(head[-1]) + 5) % 10}{mark}{tail}"


def negated(text: str) -> str:
    return text if text == "0" else text[1:] if text[0] == "-" else f"-{text}"


PLANTED["last digit of a decimal changed"] = claimed("decimal", other_last_digit)
PLANTED["decimal of another sign"] = claimed("decimal", negated)
PLANTED["decimal with fewer digits"] = claimed(
    "decimal", lambda text: text[:-1] if "." in text and "e" not in text else text
)


@planted("finite claim made infinite")
def _(certificate: Document) -> Iterator[Document]:
    for name, _claim in finite(certificate):
        text = "-oo" if name == "inf" else "oo"
        fields = {"exact": text, "decimal": text, "lower": text, "upper": text, "attained": False}
        yield updated(certificate, ("claim", name), **fields)


@planted("infinite claim made finite")
def _(certificate: Document) -> Iterator[Document]:
    for name, claim in claims(certificate):
        if claim["decimal"] in ("oo", "-oo"):
            fields = {"exact": "5", "decimal": "5." + "0" * 29, "lower": "5", "upper": "5"}
            yield updated(certificate, ("claim", name), **fields)


@planted("attained flipped")
def _(certificate: Document) -> Iterator[Document]:
    for name, claim in claims(certificate):
        for value in {True, False, None} - {claim["attained"]}:
            yield put(certificate, ("claim", name, "attained"), value)


@planted("proof exchanged")
def _(certificate: Document) -> Iterator[Document]:
    for name, claim in claims(certificate):
        for grade in sorted({"exact", "certified", "estimated"} - {claim["proof"]}):
            yield put(certificate, ("claim", name, "proof"), grade)


@planted("certified upgraded to exact with its own decimal")
def _(certificate: Document) -> Iterator[Document]:
    for name, claim in finite(certificate):
        if claim["proof"] == "certified":
            text = claim["decimal"]
            yield updated(certificate, ("claim", name), proof="exact", exact=text, lower=text, upper=text)


@planted("place dropped")
def _(certificate: Document) -> Iterator[Document]:
    for name, claim in claims(certificate):
        for i in range(len(claim["at"])):
            yield dropped(certificate, ("claim", name, "at", i))


@planted("place added")
def _(certificate: Document) -> Iterator[Document]:
    for name, _claim in claims(certificate):
        for text in ("1237/1000", "x -> 1237/1000+", "x > 1237/1000"):
            yield inserted(certificate, ("claim", name, "at", 0), text)


@planted("place moved")
def _(certificate: Document) -> Iterator[Document]:
    for name, claim in claims(certificate):
        for i, text in enumerate(claim["at"]):
            for new in elsewhere(text):
                yield put(certificate, ("claim", name, "at", i), new)


EXCHANGED = (
    ("-> oo", "-> -oo"),
    ("-> -oo", "-> oo"),
    (">=", ">"),
    ("<=", "<"),
    ("> ", ">= "),
    ("< ", "<= "),
)


def elsewhere(text: str) -> Iterator[str]:
    """Texts that say another place."""
    for old, new in EXCHANGED:
        if old in text:
            yield text.replace(old, new)
            return
    if text.startswith("x -> "):
        yield text[:-1] + ("+" if text[-1] == "-" else "-")
        yield f"x -> {text[5:-1]} + 1/1000{text[-1]}"
    elif "where" not in text:
        yield f"{text} + 1/1000"
        yield f"-({text}) - 1/7"
        if "." not in text:
            yield f"{text} + 1/10^20*1/10^9"


@planted("no lipschitz claimed, or one too many")
def _(certificate: Document) -> Iterator[Document]:
    claim = certificate["claim"]
    yield put(certificate, ("claim", "lipschitz"), None if claim["lipschitz"] else claim["sup"])


@planted("inf and sup exchanged")
def _(certificate: Document) -> Iterator[Document]:
    claim = certificate["claim"]
    if claim["inf"] != claim["sup"]:
        yield updated(certificate, ("claim",), inf=claim["sup"], sup=claim["inf"])


# --- intervals


def intervals(certificate: Document, *kinds: str) -> Iterator[tuple[int, Document]]:
    for i, interval in enumerate(certificate["intervals"]):
        if not kinds or interval["kind"] in kinds:
            yield i, interval


@planted("interval dropped")
def _(certificate: Document) -> Iterator[Document]:
    for i, _interval in intervals(certificate):
        yield dropped(certificate, ("intervals", i))


@planted("interval doubled")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in intervals(certificate):
        yield inserted(certificate, ("intervals", i), interval)


@planted("intervals exchanged")
def _(certificate: Document) -> Iterator[Document]:
    rows = certificate["intervals"]
    for i in range(len(rows) - 1):
        yield put(certificate, ("intervals",), [*rows[:i], rows[i + 1], rows[i], *rows[i + 2 :]])


@planted("single end moved")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in intervals(certificate):
        for side in (0, 1):
            end = rational(interval["x"][side])
            for step in (Fraction(1, 100), Fraction(-1, 100), Fraction(1, 10**25)):
                new = "1/3" if end is None else text_of(end + step)
                yield put(certificate, ("intervals", i, "x", side), new)


@planted("end that is no end")
def _(certificate: Document) -> Iterator[Document]:
    texts = ("nan", "inf", "", "cut 99", "cut -1", "1e999999", "0x10", "1/0", "--1", "x", "1_0", 7, None)
    for i, _interval in intervals(certificate):
        for text in texts:
            yield put(certificate, ("intervals", i, "x", 0), text)


@planted("line cut short")
def _(certificate: Document) -> Iterator[Document]:
    if certificate["period"] is None:
        yield put(certificate, ("intervals", 0, "x", 0), "-1000")
        yield put(certificate, ("intervals", -1, "x", 1), "1000")


@planted("kind of interval changed")
def _(certificate: Document) -> Iterator[Document]:
    fields: dict[str, Document] = {
        "constant": {"value": ["0", "1"]},
        "bounded": {"value": ["-1/7", "1/7"]},
        "outside": {},
        "unheard": {},
    }
    for i, interval in intervals(certificate, "tail", "monotone", "taylor"):
        for kind, rest in fields.items():
            yield put(certificate, ("intervals", i), {"kind": kind, "x": interval["x"], **rest})


def beyond(lo: Fraction, hi: Fraction) -> Ends:
    """An interval past the upper end of the old one."""
    step = max(hi - lo, max(Fraction(1), abs(hi)) / 10**40)
    return hi + step, hi + 2 * step


def before(lo: Fraction, hi: Fraction) -> Ends:
    lower, upper = beyond(-hi, -lo)
    return -upper, -lower


def span(key: str, change: Callable[[Fraction, Fraction], Ends]) -> Planting:
    """A recorded interval replaced, in whatever kind of interval has it."""

    def plant(certificate: Document) -> Iterator[Document]:
        for i, interval in intervals(certificate):
            lo, hi = (rational(text) for text in interval.get(key, (None, None)))
            if lo is not None and hi is not None and change(lo, hi) != (lo, hi):
                yield put(certificate, ("intervals", i, key), [text_of(end) for end in change(lo, hi)])

    return plant


for key in ("value", "slope", "leading"):
    PLANTED[f"{key} past its upper end"] = span(key, beyond)
    PLANTED[f"{key} past its lower end"] = span(key, before)
    PLANTED[f"{key} with its ends exchanged"] = span(key, lambda lo, hi: (hi, lo))
PLANTED["slope of the other sign"] = span("slope", lambda lo, hi: (-hi, -lo))
PLANTED["slope that contains 0"] = span("slope", lambda lo, hi: (min(lo, -hi), max(hi, -lo)))
PLANTED["leading derivative of the other sign"] = span("leading", lambda lo, hi: (-hi, -lo))
PLANTED["leading derivative that contains 0"] = span("leading", lambda lo, hi: (min(lo, -hi), max(hi, -lo)))
PLANTED["t shortened"] = span("t", lambda lo, hi: (lo, hi / 2))
PLANTED["t without 0"] = span("t", lambda lo, hi: (hi / 4, hi))


@planted("value narrowed to one of its ends")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in intervals(certificate, "bounded", "tail"):
        lo, hi = interval["value"]
        for text in (lo, hi) if lo != hi else ():
            yield put(certificate, ("intervals", i, "value"), [text, text])


@planted("value at an end moved")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in intervals(certificate, "monotone"):
        for side in (0, 1):
            lo, hi = (Fraction(text) for text in interval["ends"][side])
            for new in (beyond(lo, hi), before(lo, hi)):
                yield put(certificate, ("intervals", i, "ends", side), [text_of(end) for end in new])


@planted("values at the ends exchanged")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in intervals(certificate, "monotone"):
        yield put(certificate, ("intervals", i, "ends"), interval["ends"][::-1])


@planted("order changed")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in intervals(certificate, "taylor"):
        k = interval["order"]
        for order in (k - 1, k + 1, k + 2, 0, -2, 64, "2", 2.5, True):
            yield put(certificate, ("intervals", i, "order"), order)


@planted("centre moved")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in intervals(certificate, "taylor"):
        centre = rational(interval["centre"])
        for step in (Fraction(1, 10**12), Fraction(-1, 1000), Fraction(50)):
            if centre is not None:
                yield put(certificate, ("intervals", i, "centre"), text_of(centre + step))


@planted("small bound changed")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in intervals(certificate, "taylor"):
        for j in range(len(interval["small"])):
            for text in ("-1", "-1/1000000", "1/100"):
                yield put(certificate, ("intervals", i, "small", j), text)
        yield inserted(certificate, ("intervals", i, "small", 0), "1")
        yield dropped(certificate, ("intervals", i, "small", 0))


@planted("small bounds set to 0")
def _(certificate: Document) -> Iterator[Document]:
    """At a centre that is no exact critical point they are not 0."""
    for i, interval in intervals(certificate, "taylor"):
        centre = rational(interval["centre"])
        if centre is not None and centre.denominator > 10**6:
            yield put(certificate, ("intervals", i, "small"), ["0"] * len(interval["small"]))


@planted("limit of a tail changed")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in intervals(certificate, "tail"):
        for text in ("oo", "-oo", "7/5", "1/10^20*1/10^9", None):
            if text != interval["limit"]:
                yield put(certificate, ("intervals", i, "limit"), text)


@planted("side of a tail flipped")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in intervals(certificate, "tail"):
        for side in {-1, 0, 1, None} - {interval["side"]}:
            yield put(certificate, ("intervals", i, "side"), side)


@planted("end of a tail changed")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in intervals(certificate, "tail"):
        for end in ("oo", "-oo", [0, 1], [0, -1], [7, 1], "0"):
            if end != interval["end"]:
                yield put(certificate, ("intervals", i, "end"), end)


@planted("substitution changed")
def _(certificate: Document) -> Iterator[Document]:
    for i, _interval in intervals(certificate, "tail"):
        yield put(certificate, ("intervals", i, "substitution"), "t = x")


# --- cuts


def cuts(certificate: Document) -> Iterator[tuple[int, Document]]:
    yield from enumerate(certificate["cuts"])


@planted("cut dropped")
def _(certificate: Document) -> Iterator[Document]:
    for i, _cut in cuts(certificate):
        yield dropped(certificate, ("cuts", i))


@planted("cut added")
def _(certificate: Document) -> Iterator[Document]:
    new = {"at": "1/3", "enclosure": ["1/3", "1/3"], "switch": "x - 1/3", "joins": "smooth"}
    yield inserted(certificate, ("cuts", 0), new)


@planted("cut moved")
def _(certificate: Document) -> Iterator[Document]:
    for i, cut in cuts(certificate):
        for step in (Fraction(1, 10**20), Fraction(1, 100)):
            texts = [text_of(Fraction(text) + step) for text in cut["enclosure"]]
            yield updated(certificate, ("cuts", i), enclosure=texts)
            yield updated(certificate, ("cuts", i), enclosure=texts, at=texts[0])


@planted("cut widened")
def _(certificate: Document) -> Iterator[Document]:
    for i, cut in cuts(certificate):
        lo, hi = (Fraction(text) for text in cut["enclosure"])
        texts = [text_of(lo - Fraction(1, 100)), text_of(hi + Fraction(1, 100))]
        yield put(certificate, ("cuts", i, "enclosure"), texts)


@planted("switch of a cut changed")
def _(certificate: Document) -> Iterator[Document]:
    for i, cut in cuts(certificate):
        for text in (f"({cut['switch']}) + 1/100", "exp(x)", "y", ""):
            yield put(certificate, ("cuts", i, "switch"), text)


@planted("join of a cut changed")
def _(certificate: Document) -> Iterator[Document]:
    for i, cut in cuts(certificate):
        for joins in ("smooth", "kink", "jump", "removable", "pole", "cusp", "edge", "seam"):
            if joins != cut["joins"]:
                yield put(certificate, ("cuts", i, "joins"), joins)


# --- the rest


@planted("period changed")
def _(certificate: Document) -> Iterator[Document]:
    for text in ("1", "2*pi/3", "3*pi", "pi/7", "-pi", "0", None):
        if text != certificate["period"]:
            yield put(certificate, ("period",), text)


@planted("domain changed")
def _(certificate: Document) -> Iterator[Document]:
    for text in ("(0, oo)", "(-oo, oo)", "(-oo, 0) U (0, oo)", "(-oo, 1/3) U (1/3, oo)", "R", "(0, 1)"):
        if text != certificate["domain"]:
            yield put(certificate, ("domain",), text)


@planted("another function")
def _(certificate: Document) -> Iterator[Document]:
    phi = certificate["phi"]
    near = (f"({phi}) + x/1000", f"({phi})*(1 + 1/10^20*1/10^9)", f"({phi})*max(1, x/1000000)")
    for text in (*near, f"-({phi})", f"2*({phi})", "sin(x^2)", "y", "", "__import__('os')", "(" * 5000):
        yield put(certificate, ("phi",), text)


@planted("precision tampered with")
def _(certificate: Document) -> Iterator[Document]:
    for bits in (0, -1, 1, 10**9, 2**70, "256", 256.5, None, True):
        yield put(certificate, ("precision",), bits)


@planted("format tampered with")
def _(certificate: Document) -> Iterator[Document]:
    for text in ("symgrad certificate 2", "", None, 1):
        yield put(certificate, ("format",), text)


@planted("key dropped, added or of another type")
def _(certificate: Document) -> Iterator[Document]:
    paths: tuple[Path, ...] = ((), ("claim",), ("claim", "sup"), ("intervals", 0), ("cuts", 0))
    for path in paths if certificate["cuts"] else paths[:-1]:
        _, place = opened(certificate, path)
        for key in place:
            yield dropped(certificate, (*path, key))
            values: tuple[Any, ...] = ({}, [[]], 0.5, "𝟘", ["0", "1", "2"])
            for value in values:
                yield put(certificate, (*path, key), value)
        yield put(certificate, (*path, "note"), "1")
