"""Rational functions over named generators, in SymPy's sparse polynomials, modulo the roots' relations."""

from __future__ import annotations

from collections.abc import Mapping
from math import lcm

import sympy as sp
from sympy.polys.rings import PolyElement, PolyRing

__all__ = ["GeneratorRing", "Quotient", "Undecided"]

Denominator = dict[PolyElement, int]
Quotient = tuple[PolyElement, Denominator]
"""A numerator over a product of powers of polynomials, kept factored so that sums need no greatest common
divisor."""


class Undecided(Exception):
    """The expression is outside what the normal form covers; the message names the part."""


class GeneratorRing:
    """ℚ[g₁^(1/d₁), …, g_k^(1/d_k)] for the generators of given expressions, with the relations of the roots
    among them."""

    def __init__(
        self, expr: sp.Expr, order: Mapping[sp.Symbol, int], radicands: Mapping[sp.Symbol, sp.Expr]
    ) -> None:
        parts, symbols = [expr], set(expr.free_symbols)
        for symbol, radicand in reversed(list(radicands.items())):
            if symbol in symbols:
                parts.append(radicand)
                symbols |= radicand.free_symbols
        self.degree = dict.fromkeys(sorted(symbols, key=order.__getitem__), 1)
        for part in parts:
            for power in part.atoms(sp.Pow):
                if power.base in self.degree and power.exp.is_Rational:
                    self.degree[power.base] = lcm(self.degree[power.base], int(power.exp.q))
        self.ring = PolyRing(list(self.degree), sp.QQ)
        self.generator = dict(zip(self.degree, self.ring.gens, strict=True))
        self.roots = [symbol ** sp.Rational(1, d) for symbol, d in self.degree.items()]
        self.relations: list[tuple[int, int, Quotient]] = []
        for index, (symbol, degree) in enumerate(self.degree.items()):
            if symbol in radicands:
                self.relations.insert(0, (index, degree, self.quotient(radicands[symbol])))

    def write(self, poly: PolyElement) -> sp.Expr:
        return poly.as_expr(*self.roots)

    def quotient(self, e: sp.Expr) -> Quotient:
        """The rational function with every root's relation used."""
        return self._reduced(self._quotient(e))

    def _quotient(self, e: sp.Expr) -> Quotient:
        if e.is_Rational:
            return self.ring.domain_new(sp.QQ(e.p, e.q)) * self.ring.one, {}
        if e.is_Symbol:
            return self.generator[e] ** self.degree[e], {}
        if e.is_Add:
            terms = [self._quotient(a) for a in e.args]
            common: Denominator = {}
            for _, below in terms:
                for factor, k in below.items():
                    common[factor] = max(common.get(factor, 0), k)
            total = self.ring.zero
            for above, below in terms:
                missing = {f: k - below.get(f, 0) for f, k in common.items()}
                total += above * self._product(missing)
            return total, common
        if e.is_Mul:
            above, below = self.ring.one, {}
            for num, den in map(self._quotient, e.args):
                above *= num
                for factor, k in den.items():
                    below[factor] = below.get(factor, 0) + k
            return above, below
        base, exponent = e.as_base_exp()
        if not (e.is_Pow and exponent.is_Rational and (base.is_Symbol or exponent.is_Integer)):
            raise Undecided(f"{e} is not a rational function of the generators")
        if base.is_Symbol:
            power = int(exponent * self.degree[base])
            if power >= 0:
                return self.generator[base] ** power, {}
            return self.ring.one, {self.generator[base]: -power}
        above, below = self.quotient(base)
        power = int(exponent)
        if power >= 0:
            return above**power, {f: k * power for f, k in below.items()}
        if not above:
            raise Undecided("a denominator is 0")
        return self._inverted(above, below, -power)

    def _inverted(self, above: PolyElement, below: Denominator, power: int) -> Quotient:
        leading = above.LC
        flipped: Denominator = {}
        lowest = [min(column) for column in zip(*above.itermonoms(), strict=True)]
        rest = above.monic()
        for generator, k in zip(self.ring.gens, lowest, strict=True):
            if k:
                flipped[generator] = k * power
                rest = rest.quo(generator**k)
        if rest != 1:
            flipped[rest] = power
        return self._product(below) ** power * (1 / leading**power), flipped

    def _product(self, factors: Denominator) -> PolyElement:
        result = self.ring.one
        for factor, k in factors.items():
            result *= factor**k
        return result

    def _reduced(self, quotient: Quotient) -> Quotient:
        """g^d → radicand for each root g, the latest first: a radicand has earlier generators only."""
        above, below = quotient
        for index, degree, (num, den) in self.relations:
            most = max((m[index] for m in above.itermonoms()), default=0) // degree
            if not most:
                continue
            parts = [self.ring.zero] * (most + 1)
            for monomial, coefficient in above.terms():
                times, left = divmod(monomial[index], degree)
                lowered = (*monomial[:index], left, *monomial[index + 1 :])
                parts[times] += self.ring.from_dict({lowered: coefficient})
            product = self._product(den)
            above = sum((p * num**k * product ** (most - k) for k, p in enumerate(parts)), self.ring.zero)
            below = dict(below)
            for factor, k in den.items():
                below[factor] = below.get(factor, 0) + k * most
        return above, below

    def terms(self, quotient: Quotient) -> list[sp.Expr]:
        """A rational function as a list of terms in one fixed form: polynomial part by monomials, then the
        proper rest."""
        above, below = quotient
        product = self._product(below)
        if len(product) == 1:
            return [t / self.write(product) for t in sp.Add.make_args(self.write(above))] if above else []
        whole, rest = divmod(above, product)
        terms = list(sp.Add.make_args(self.write(whole))) if whole else []
        if rest:
            common = rest.gcd(product)
            num, den = rest.quo(common), product.quo(common)
            content = self.ring.domain.to_sympy(num.LC / den.LC)
            terms.append(sp.Mul(content, self.write(num.monic()) / self.write(den.monic())))
        return terms

    def factors(self, quotient: Quotient) -> tuple[sp.Rational, dict[sp.Expr, int]]:
        """c and {f: k} with quotient = c ∏ f^k, f irreducible and monic."""
        above, below = quotient
        if not above:
            raise Undecided("a root or logarithm of 0")
        content = self.ring.domain.one
        found: dict[sp.Expr, int] = {}
        for poly, power in [(above, 1), *((f, -k) for f, k in below.items())]:
            coefficient, factors = (poly.LC, []) if poly.is_ground else poly.factor_list()
            content *= coefficient**power
            for factor, multiplicity in factors:
                content *= factor.LC ** (multiplicity * power)
                written = self.write(factor.monic())
                found[written] = found.get(written, 0) + multiplicity * power
        return self.ring.domain.to_sympy(content), {f: k for f, k in found.items() if k}
