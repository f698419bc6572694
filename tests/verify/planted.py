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
Planting = Callable[[Document], Iterator[Document]]
PLANTED: dict[str, Planting] = {}
"""Kind of error → the damaged copies of a certificate; none where the certificate has no such place."""

NAMES = ("inf", "sup", "lipschitz")
SMALL, LARGE = Fraction(1, 10**29), Fraction(1, 10**3)


def planted(kind: str) -> Callable[[Planting], Planting]:
    def register(plant: Planting) -> Planting:
        assert kind not in PLANTED
        PLANTED[kind] = plant
        return plant

    return register


def damaged(certificate: Document, change: Callable[[Document], object]) -> Document:
    found = copy.deepcopy(certificate)
    change(found)
    return found


def decimal(value: Fraction) -> str:
    """A number as an exact text."""
    return f"{value.numerator}/{value.denominator}" if value.denominator != 1 else str(value.numerator)


def put(row: Any, place: Any, value: Any) -> None:
    row[place] = value


def finite(certificate: Document, names: tuple[str, ...] = NAMES) -> Iterator[str]:
    """The claims that are numbers."""
    for name in names:
        claim = certificate["claim"][name]
        if claim is not None and claim["decimal"] not in ("oo", "-oo"):
            yield name


def raised(text: str, by: Fraction) -> str:
    return decimal(Fraction(text) + by * max(1, abs(Fraction(text))))


def claimed(key: str, change: Callable[[str], Any], names: tuple[str, ...] = NAMES) -> Planting:
    def plant(certificate: Document) -> Iterator[Document]:
        for name in finite(certificate, names):
            old = certificate["claim"][name][key]
            new = None if old is None else change(old)
            if old is not None and new != old:
                yield damaged(certificate, lambda d, n=name, v=new: d["claim"][n].__setitem__(key, v))

    return plant


for size, word in ((SMALL, "1e-29"), (LARGE, "1e-3")):
    PLANTED[f"lower raised by {word}"] = claimed("lower", lambda t, s=size: raised(t, s))
    PLANTED[f"upper lowered by {word}"] = claimed("upper", lambda t, s=size: raised(t, -s))
    PLANTED[f"lower lowered by {word}"] = claimed("lower", lambda t, s=size: raised(t, -s * 2))
    PLANTED[f"upper raised by {word}"] = claimed("upper", lambda t, s=size: raised(t, s * 2))
    PLANTED[f"exact changed by {word}"] = claimed("exact", lambda t, s=size: f"{t} + {decimal(s)}")


def moved(by: Fraction) -> Planting:
    """The whole claim moved: lower, upper, decimal and exact together."""

    def plant(certificate: Document) -> Iterator[Document]:
        for name in finite(certificate):

            def change(d: Document, n: str = name) -> None:
                claim = d["claim"][n]
                for key in ("lower", "upper"):
                    claim[key] = raised(claim[key], by)
                if claim["exact"] is not None:
                    claim["exact"] += f" + {decimal(by)}"
                claim["decimal"] = shown(Fraction(claim["lower"]))

            yield damaged(certificate, change)

    return plant


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


for step, word in ((SMALL, "1e-29"), (-SMALL, "-1e-29"), (LARGE, "1e-3"), (-LARGE, "-1e-3")):
    PLANTED[f"claim moved by {word}"] = moved(step)


def last_digit(text: str) -> str:
    head, mark, tail = text.partition("e")
    digit = head[-1]
    return head[:-1] + str((int(digit) + 5) % 10) + mark + tail


PLANTED["last digit of a decimal changed"] = claimed("decimal", lambda t: t if t == "0" else last_digit(t))
PLANTED["decimal with fewer digits"] = claimed(
    "decimal", lambda t: t[:-1] if "." in t and "e" not in t else t
)
PLANTED["decimal of another sign"] = claimed(
    "decimal", lambda t: t if t == "0" else t[1:] if t[0] == "-" else "-" + t
)


@planted("finite claim made infinite")
def _(certificate: Document) -> Iterator[Document]:
    for name in finite(certificate):
        text = "-oo" if name == "inf" else "oo"
        values = {"exact": text, "decimal": text, "lower": text, "upper": text, "attained": False}
        yield damaged(certificate, lambda d, n=name, v=values: d["claim"][n].update(v))


@planted("infinite claim made finite")
def _(certificate: Document) -> Iterator[Document]:
    for name in NAMES:
        claim = certificate["claim"][name]
        if claim is not None and name not in finite(certificate):
            values = {"exact": "5", "decimal": "5." + "0" * 29, "lower": "5", "upper": "5"}
            yield damaged(certificate, lambda d, n=name, v=values: d["claim"][n].update(v))


@planted("attained flipped")
def _(certificate: Document) -> Iterator[Document]:
    for name in NAMES:
        claim = certificate["claim"][name]
        for value in (True, False, None):
            if claim is not None and value is not claim["attained"]:
                yield damaged(certificate, lambda d, n=name, v=value: d["claim"][n].update(attained=v))


@planted("proof exchanged")
def _(certificate: Document) -> Iterator[Document]:
    for name in NAMES:
        claim = certificate["claim"][name]
        for grade in ("exact", "certified", "estimated"):
            if claim is not None and grade != claim["proof"]:
                yield damaged(certificate, lambda d, n=name, g=grade: d["claim"][n].update(proof=g))


@planted("certified upgraded to exact with its own decimal")
def _(certificate: Document) -> Iterator[Document]:
    for name in finite(certificate):
        claim = certificate["claim"][name]
        if claim["proof"] == "certified":
            text = claim["decimal"]
            values = {"proof": "exact", "exact": text, "lower": text, "upper": text}
            yield damaged(certificate, lambda d, n=name, v=values: d["claim"][n].update(v))


@planted("place dropped")
def _(certificate: Document) -> Iterator[Document]:
    for name in NAMES:
        claim = certificate["claim"][name]
        for i in range(len(claim["at"]) if claim else 0):
            yield damaged(certificate, lambda d, n=name, i=i: d["claim"][n]["at"].pop(i))


@planted("place added")
def _(certificate: Document) -> Iterator[Document]:
    for name in NAMES:
        claim = certificate["claim"][name]
        for text in ("1237/1000", "x -> 1237/1000+", "x > 1237/1000"):
            if claim is not None:
                yield damaged(certificate, lambda d, n=name, t=text: d["claim"][n]["at"].append(t))


@planted("place moved")
def _(certificate: Document) -> Iterator[Document]:
    for name in NAMES:
        claim = certificate["claim"][name]
        for i, text in enumerate(claim["at"] if claim else ()):
            for new in elsewhere(text):
                yield damaged(
                    certificate, lambda d, n=name, i=i, t=new: d["claim"][n]["at"].__setitem__(i, t)
                )


EXCHANGES = (
    ("-> oo", "-> -oo"),
    ("-> -oo", "-> oo"),
    (">=", ">"),
    ("<=", "<"),
    ("> ", ">= "),
    ("< ", "<= "),
)


def elsewhere(text: str) -> Iterator[str]:
    """A place text that says another place."""
    exchanges = (
        ("-> oo", "-> -oo"),
        ("-> -oo", "-> oo"),
        (">=", ">"),
        ("<=", "<"),
        ("> ", ">= "),
        ("< ", "<= "),
    )
    for old, new in exchanges:
        if old in text:
            yield text.replace(old, new)
            return
    if text.startswith("x -> "):
        yield text[:-1] + ("+" if text[-1] == "-" else "-")
        yield f"x -> {text[5:-1]} + 1/1000{text[-1]}"
    elif "where" not in text:
        yield f"{text} + 1/1000"
        if "." not in text:
            yield f"{text} + 1/10^20*1/10^9"
        yield f"-({text}) - 1/7"


@planted("interval dropped")
def _(certificate: Document) -> Iterator[Document]:
    for i in range(len(certificate["intervals"])):
        yield damaged(certificate, lambda d, i=i: d["intervals"].pop(i))


@planted("interval doubled")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in enumerate(certificate["intervals"]):
        yield damaged(certificate, lambda d, i=i, v=interval: d["intervals"].insert(i, copy.deepcopy(v)))


@planted("intervals exchanged")
def _(certificate: Document) -> Iterator[Document]:
    for i in range(len(certificate["intervals"]) - 1):

        def change(d: Document, i: int = i) -> None:
            rows = d["intervals"]
            rows[i], rows[i + 1] = rows[i + 1], rows[i]

        yield damaged(certificate, change)


def rational(text: str) -> Fraction | None:
    try:
        return Fraction(text)
    except ValueError:
        return None


@planted("single end moved")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in enumerate(certificate["intervals"]):
        for side in (0, 1):
            end = rational(interval["x"][side])
            for by in (Fraction(1, 100), Fraction(-1, 100), Fraction(1, 10**25)):
                new = "1/3" if end is None else decimal(end + by)
                yield damaged(
                    certificate, lambda d, i=i, s=side, t=new: d["intervals"][i]["x"].__setitem__(s, t)
                )


@planted("end written as another text")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in enumerate(certificate["intervals"]):
        for side in (0, 1):
            for text in ("nan", "inf", "", "cut 99", "cut -1", "1e999999", "0x10", "1/0", "--1", "x", "1_0"):
                if interval["x"][side] != text:
                    yield damaged(
                        certificate, lambda d, i=i, s=side, t=text: d["intervals"][i]["x"].__setitem__(s, t)
                    )
            break


@planted("line cut short")
def _(certificate: Document) -> Iterator[Document]:
    if certificate["period"] is None:
        for i, side, text in ((0, 0, "-1000"), (-1, 1, "1000")):
            yield damaged(
                certificate, lambda d, i=i, s=side, t=text: d["intervals"][i]["x"].__setitem__(s, t)
            )


def spans(key: str, change: Callable[[Fraction, Fraction], tuple[Fraction, Fraction] | None]) -> Planting:
    """A recorded interval replaced, in whatever kind of interval has it."""

    def plant(certificate: Document) -> Iterator[Document]:
        for i, interval in enumerate(certificate["intervals"]):
            ends = [rational(text) for text in interval.get(key, ())] if key in interval else []
            if len(ends) == 2 and None not in ends:
                new = change(*ends)  # type: ignore[arg-type]
                if new is not None:
                    texts = [decimal(end) for end in new]
                    yield damaged(certificate, lambda d, i=i, t=texts: d["intervals"][i].__setitem__(key, t))

    return plant


def beyond(lo: Fraction, hi: Fraction) -> tuple[Fraction, Fraction]:
    """An interval past the upper end of the old one."""
    step = max(hi - lo, Fraction(max(1, abs(hi)), 10**40))
    return hi + step, hi + 2 * step


def before(lo: Fraction, hi: Fraction) -> tuple[Fraction, Fraction]:
    step = max(hi - lo, Fraction(max(1, abs(lo)), 10**40))
    return lo - 2 * step, lo - step


for key in ("value", "slope", "leading"):
    PLANTED[f"{key} past its upper end"] = spans(key, beyond)
    PLANTED[f"{key} past its lower end"] = spans(key, before)
    PLANTED[f"{key} with its ends exchanged"] = spans(key, lambda lo, hi: (hi, lo) if lo < hi else None)
PLANTED["slope of the other sign"] = spans("slope", lambda lo, hi: (-hi, -lo))
PLANTED["leading derivative of the other sign"] = spans("leading", lambda lo, hi: (-hi, -lo))
PLANTED["slope that contains 0"] = spans("slope", lambda lo, hi: (min(lo, -hi), max(hi, -lo)))
PLANTED["leading derivative that contains 0"] = spans("leading", lambda lo, hi: (min(lo, -hi), max(hi, -lo)))
PLANTED["t shortened"] = spans("t", lambda lo, hi: (lo, hi / 2))
PLANTED["t without 0"] = spans("t", lambda lo, hi: (hi / 4, hi))


@planted("value narrowed to one of its ends")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in enumerate(certificate["intervals"]):
        if interval["kind"] in ("bounded", "tail"):
            for side in (0, 1):
                text = interval["value"][side]
                if interval["value"][0] != interval["value"][1]:
                    yield damaged(
                        certificate, lambda d, i=i, t=text: d["intervals"][i].__setitem__("value", [t, t])
                    )


@planted("value at an end moved")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in enumerate(certificate["intervals"]):
        for side in (0, 1) if interval["kind"] == "monotone" else ():
            lo, hi = (Fraction(text) for text in interval["ends"][side])
            for new in (beyond(lo, hi), before(lo, hi)):
                texts = [decimal(end) for end in new]
                yield damaged(
                    certificate, lambda d, i=i, s=side, t=texts: d["intervals"][i]["ends"].__setitem__(s, t)
                )


@planted("values at the ends exchanged")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in enumerate(certificate["intervals"]):
        if interval["kind"] == "monotone":
            yield damaged(certificate, lambda d, i=i: d["intervals"][i]["ends"].reverse())


def taylors(certificate: Document) -> Iterator[tuple[int, Document]]:
    for i, interval in enumerate(certificate["intervals"]):
        if interval["kind"] == "taylor":
            yield i, interval


@planted("order changed")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in taylors(certificate):
        for order in {interval["order"] - 1, interval["order"] + 1, interval["order"] + 2, 0, -2, 64}:
            yield damaged(certificate, lambda d, i=i, k=order: d["intervals"][i].update(order=k))


@planted("centre moved")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in taylors(certificate):
        centre = rational(interval["centre"])
        for by in (Fraction(1, 10**12), Fraction(-1, 1000), Fraction(50)):
            if centre is not None:
                text = decimal(centre + by)
                yield damaged(certificate, lambda d, i=i, t=text: d["intervals"][i].update(centre=t))


@planted("small bound changed")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in taylors(certificate):
        for j in range(len(interval["small"])):
            for text in ("-1", "-1/1000000", "1/100"):
                yield damaged(
                    certificate, lambda d, i=i, j=j, t=text: d["intervals"][i]["small"].__setitem__(j, t)
                )
        yield damaged(certificate, lambda d, i=i: d["intervals"][i]["small"].append("1"))
        yield damaged(certificate, lambda d, i=i: d["intervals"][i]["small"].pop())


@planted("small bounds set to 0")
def _(certificate: Document) -> Iterator[Document]:
    """At a centre that is no exact critical point they are not 0."""
    for i, interval in taylors(certificate):
        centre = rational(interval["centre"])
        if centre is not None and centre.denominator > 10**6:
            zeros = ["0"] * len(interval["small"])
            yield damaged(certificate, lambda d, i=i, z=zeros: d["intervals"][i].update(small=z))


@planted("kind of interval changed")
def _(certificate: Document) -> Iterator[Document]:
    fields = {
        "constant": {"value": ["0", "1"]},
        "bounded": {"value": ["-1/7", "1/7"]},
        "outside": {},
        "unheard": {},
    }
    for i, interval in enumerate(certificate["intervals"]):
        for kind, rest in fields.items():
            if interval["kind"] not in (kind, "bounded", "constant", "outside"):
                new = {"kind": kind, "x": interval["x"], **rest}
                yield damaged(certificate, lambda d, i=i, v=new: d["intervals"].__setitem__(i, v))


def tails(certificate: Document) -> Iterator[tuple[int, Document]]:
    for i, interval in enumerate(certificate["intervals"]):
        if interval["kind"] == "tail":
            yield i, interval


@planted("limit of a tail changed")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in tails(certificate):
        for text in ("oo", "-oo", "7/5", "1/10^20*1/10^9", None):
            if text != interval["limit"]:
                yield damaged(certificate, lambda d, i=i, t=text: d["intervals"][i].update(limit=t))


@planted("side of a tail flipped")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in tails(certificate):
        for side in (-1, 0, 1, None):
            if side != interval["side"]:
                yield damaged(certificate, lambda d, i=i, s=side: d["intervals"][i].update(side=s))


@planted("end of a tail changed")
def _(certificate: Document) -> Iterator[Document]:
    for i, interval in tails(certificate):
        for end in ("oo", "-oo", [0, 1], [0, -1], [7, 1], "0"):
            if end != interval["end"]:
                yield damaged(certificate, lambda d, i=i, e=end: d["intervals"][i].update(end=e))


@planted("substitution changed")
def _(certificate: Document) -> Iterator[Document]:
    for i, _interval in tails(certificate):
        yield damaged(certificate, lambda d, i=i: d["intervals"][i].update(substitution="t = x"))


@planted("cut dropped")
def _(certificate: Document) -> Iterator[Document]:
    for i in range(len(certificate["cuts"])):
        yield damaged(certificate, lambda d, i=i: d["cuts"].pop(i))


@planted("cut added")
def _(certificate: Document) -> Iterator[Document]:
    new = {"at": "1/3", "enclosure": ["1/3", "1/3"], "switch": "x - 1/3", "joins": "smooth"}
    yield damaged(certificate, lambda d: d["cuts"].append(new))


@planted("cut moved")
def _(certificate: Document) -> Iterator[Document]:
    for i, cut in enumerate(certificate["cuts"]):
        lo, hi = (Fraction(text) for text in cut["enclosure"])
        for by in (Fraction(1, 10**20), Fraction(1, 100)):
            texts = [decimal(lo + by), decimal(hi + by)]
            yield damaged(certificate, lambda d, i=i, t=texts: d["cuts"][i].update(enclosure=t))
            yield damaged(certificate, lambda d, i=i, t=texts: d["cuts"][i].update(enclosure=t, at=t[0]))


@planted("cut widened")
def _(certificate: Document) -> Iterator[Document]:
    for i, cut in enumerate(certificate["cuts"]):
        lo, hi = (Fraction(text) for text in cut["enclosure"])
        texts = [decimal(lo - Fraction(1, 100)), decimal(hi + Fraction(1, 100))]
        yield damaged(certificate, lambda d, i=i, t=texts: d["cuts"][i].update(enclosure=t))


@planted("switch of a cut changed")
def _(certificate: Document) -> Iterator[Document]:
    for i, cut in enumerate(certificate["cuts"]):
        for text in (f"({cut['switch']}) + 1/100", "exp(x)", "y", ""):
            yield damaged(certificate, lambda d, i=i, t=text: d["cuts"][i].update(switch=t))


@planted("join of a cut changed")
def _(certificate: Document) -> Iterator[Document]:
    for i, cut in enumerate(certificate["cuts"]):
        for joins in ("smooth", "kink", "jump", "removable", "pole", "cusp", "edge", "seam"):
            if joins != cut["joins"]:
                yield damaged(certificate, lambda d, i=i, j=joins: d["cuts"][i].update(joins=j))


@planted("period changed")
def _(certificate: Document) -> Iterator[Document]:
    for text in ("1", "2*pi/3", "3*pi", "pi/7", "-pi", "0", None):
        if text != certificate["period"]:
            yield damaged(certificate, lambda d, t=text: d.update(period=t))


@planted("domain changed")
def _(certificate: Document) -> Iterator[Document]:
    for text in ("(0, oo)", "(-oo, oo)", "(-oo, 0) U (0, oo)", "(-oo, 1/3) U (1/3, oo)", "R", "(0, 1)"):
        if text != certificate["domain"]:
            yield damaged(certificate, lambda d, t=text: d.update(domain=t))


@planted("another function")
def _(certificate: Document) -> Iterator[Document]:
    phi = certificate["phi"]
    others = (
        f"({phi}) + x/1000",
        f"-({phi})",
        f"2*({phi})",
        f"({phi})*(1 + 1/10^20*1/10^9)",
        "x^2",
        "sin(x^2)",
        "y",
        "",
    )
    for text in (*others, "__import__('os')", f"({phi})*max(1, x/1000000)", "1/x + x", "(" * 5000):
        yield damaged(certificate, lambda d, t=text: d.update(phi=t))


@planted("precision tampered with")
def _(certificate: Document) -> Iterator[Document]:
    for bits in (0, -1, 1, 10**9, 2**70, "256", 256.5, None, True):
        yield damaged(certificate, lambda d, b=bits: d.update(precision=b))


@planted("format tampered with")
def _(certificate: Document) -> Iterator[Document]:
    for text in ("symgrad certificate 2", "", None, 1):
        yield damaged(certificate, lambda d, t=text: d.update(format=t))


@planted("key dropped, added or of another type")
def _(certificate: Document) -> Iterator[Document]:
    rows = [lambda d: d, lambda d: d["claim"], lambda d: d["claim"]["sup"], lambda d: d["intervals"][0]]
    if certificate["cuts"]:
        rows.append(lambda d: d["cuts"][0])
    for row in rows:
        for key in row(certificate):
            yield damaged(certificate, lambda d, r=row, k=key: r(d).pop(k))
            for value in ({}, [[]], 0.5, "𝟘", ["0", "1", "2"]):
                if key != "x":
                    yield damaged(certificate, lambda d, r=row, k=key, v=value: r(d).__setitem__(k, v))
        yield damaged(certificate, lambda d, r=row: r(d).__setitem__("note", "1"))


@planted("no lipschitz claimed, or one too many")
def _(certificate: Document) -> Iterator[Document]:
    claim = certificate["claim"]
    other = copy.deepcopy(claim["sup"]) if claim["lipschitz"] is None else None
    yield damaged(certificate, lambda d: d["claim"].update(lipschitz=other))


@planted("inf and sup exchanged")
def _(certificate: Document) -> Iterator[Document]:
    claim = certificate["claim"]
    if claim["inf"] != claim["sup"]:
        yield damaged(certificate, lambda d: d["claim"].update(inf=claim["sup"], sup=claim["inf"]))
