r"""Zero test for elementary expressions: quotients of polynomials over generators, with the roots' relations.

An expression in real symbols is rewritten, from the leaves up, as a rational function of generators

    symbols, π, roots f^(1/d), log|f| of irreducible f, exp of one monomial, functions left over (erf, φ, …);

sin, cos, tan become exp(i·), sinh, cosh, tanh become exp(·), a root r = f^(1/d) carries the relation r^d = f,
and i² = −1. If the numerator of the rational function reduces to the zero polynomial, the expression is 0
wherever it is defined: that is a proof, whatever algebraic relations between the generators may have been
overlooked. The converse does not hold: "not 0" means "not shown to be 0".
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixExpr

from symgrad.symbolic.balls import sign_of
from symgrad.symbolic.calculus.elementary import BRANCHING, ODD, REWRITE
from symgrad.symbolic.calculus.quotients import GeneratorRing, Undecided

__all__ = ["NormalForms", "Undecided"]

INDEX = sp.Dummy("j", integer=True)
"""The one name of every bound index."""
NAMES = (MatrixExpr, sp.MatrixBase)
"""Arguments that are names and not numbers: compared as they stand."""


class NormalForms:
    """The generators of one proof, collected while expressions are read, and the zero test over them."""

    def __init__(self) -> None:
        self.memo: dict[sp.Expr, sp.Expr] = {}
        self.order: dict[sp.Symbol, int] = {}
        self.meaning: dict[sp.Symbol, sp.Expr] = {}
        """Generator → the symbol or function it stands for; what the others stand for is in the next
        three."""
        self.radicand: dict[sp.Symbol, sp.Expr] = {}
        self.logarithm: dict[sp.Symbol, sp.Expr] = {}
        self.exponent: dict[sp.Symbol, sp.Expr] = {}
        self.opaque: dict[tuple[Any, ...], sp.Expr] = {}
        self.signs: dict[sp.Expr, int] = {}
        """Generators and monic polynomials of known sign wherever the expressions read are defined."""
        minus_one = self._generator()
        self.radicand[minus_one] = sp.S.NegativeOne
        self.complex = {minus_one}
        self.imaginary = sp.sqrt(minus_one)

    def is_zero(self, expr: sp.Expr) -> bool:
        """Whether `expr` is shown to be 0 wherever it, and every root and logarithm in it, is real.

        Raises `Undecided` outside the class covered.
        """
        for part in sorted(expr.atoms(sp.Pow, sp.log), key=sp.Basic.count_ops):
            if isinstance(part, sp.log) or (part.exp.is_Rational and part.exp.q % 2 == 0):
                self._declare_positive(self.read(part.args[0]))
        return self._vanishes(self.read(expr))

    def generators(self) -> list[sp.Expr]:
        """What the proof is about besides rational numbers, in the order met."""
        return [self._write(g) for g in self.order if g is not self.imaginary.base]

    def read(self, expr: sp.Expr) -> sp.Expr:
        """The expression as a rational function of generators, some with fractional exponents."""
        if expr not in self.memo:
            found = self._read(expr)
            if found.has(sp.nan, sp.zoo):
                raise Undecided(f"{expr} is not defined")
            self.memo[expr] = found
        return self.memo[expr]

    def _read(self, e: sp.Expr) -> sp.Expr:
        if e.is_Rational:
            return e
        if e is sp.I:
            return self.imaginary
        if e is sp.E:
            return self._exp(sp.S.One)
        if e.is_Symbol or isinstance(e, sp.NumberSymbol):
            return self._opaque(e, ())
        if e.is_Number or e in (sp.nan, sp.zoo) or e.is_commutative is False or isinstance(e, BRANCHING):
            raise Undecided(f"{e} has branches or is not an exact real expression")
        if e.is_Add or e.is_Mul:
            return e.func(*map(self.read, e.args))
        if e.is_Pow:
            return self._power(e)
        if isinstance(e, sp.exp):
            return self._exp(self.read(e.exp))
        if isinstance(e, sp.log) and len(e.args) == 1:
            return self._log(e)
        if isinstance(e, sp.atanh):
            for sign in (1, -1):
                self._declare_positive(1 + sign * self.read(e.args[0]))
        if e.func in REWRITE:
            return self.read(REWRITE[e.func](e.args[0]))
        if isinstance(e, sp.Product | sp.Sum):
            return self._iterated(e)
        applied = isinstance(e, sp.Function) and all(
            isinstance(a, sp.Expr) and not a.has(*NAMES) for a in e.args
        )
        return self._opaque(e, e.args if applied else ())

    def _ring(self, read: sp.Expr) -> GeneratorRing:
        return GeneratorRing(read, self.order, self.radicand)

    def _vanishes(self, read: sp.Expr) -> bool:
        return not self._ring(read).quotient(read)[0]

    def _generator(self, symbol: sp.Symbol | None = None) -> sp.Symbol:
        symbol = symbol or sp.Dummy("g")
        self.order[symbol] = len(self.order)
        return symbol

    def _opaque(self, e: sp.Expr, args: tuple[sp.Expr, ...]) -> sp.Expr:
        """A generator for f(args); the same one for arguments that are equal (up to sign for odd f)."""
        read = tuple(self.read(a) for a in args)
        key = (e.func, read) if args else (e,)
        if key in self.opaque:
            return self.opaque[key]
        for (func, *known), symbol in self.opaque.items():
            if args and func is e.func and len(known[0]) == len(read):
                if all(self._vanishes(a - b) for a, b in zip(read, known[0], strict=True)):
                    return symbol
                if func in ODD and self._vanishes(read[0] + known[0][0]):
                    return -symbol
        symbol = self._generator(e if e.is_Symbol else None)
        self.opaque[key] = symbol
        self.meaning[symbol] = e
        if e.is_extended_real is False:
            self.complex.add(symbol)
        elif e.is_positive:
            self.signs[symbol] = 1
        return symbol

    def _power(self, e: sp.Pow) -> sp.Expr:
        base, exponent = e.args
        if exponent.is_Integer:
            return self.read(base) ** exponent
        if exponent.is_Rational:
            return self._root(self.read(base), exponent)
        if base.is_positive:
            return self._exp(self.read(exponent) * self.read(sp.log(base)))
        if not exponent.is_integer:
            return self._opaque(e, ())
        result = sp.S.One
        for term in sp.Add.make_args(sp.expand(exponent)):
            count, rest = term.as_coeff_Mul()
            if not count.is_Integer or rest.is_integer is False:
                return self._opaque(e, ())
            result *= (self.read(base) if rest == 1 else self._opaque(sp.Pow(base, rest), ())) ** count
        return result

    def _exp(self, exponent: sp.Expr) -> sp.Expr:
        """exp of a sum of rational multiples of monomials m: ∏ exp(m)^r; exp(r log f) = f^r for positive
        f."""
        result = sp.S.One
        ring = self._ring(exponent)
        for term in ring.terms(ring.quotient(exponent)):
            rational, monomial = term.as_coeff_Mul()
            inside = self.logarithm.get(monomial)
            sign = 0 if inside is None else self._sign(inside)
            if inside is not None and sign:
                result *= self._rational_power(sign * inside, rational)
                continue
            symbol = next((s for s, known in self.exponent.items() if known == monomial), None)
            if symbol is None:
                symbol = self._generator()
                self.exponent[symbol] = monomial
                if self._is_complex(monomial):
                    self.complex.add(symbol)
                else:
                    self.signs[symbol] = 1
            result *= symbol**rational
        return result

    def _log(self, e: sp.Expr) -> sp.Expr:
        """log(c ∏ f^k) = Σ log p over the primes of c + Σ k log|f|, where the logarithm is real."""
        inside = self.read(e.args[0])
        if self._is_complex(inside):
            return self._opaque(e, e.args)
        content, factors = self._factors(inside)
        parts = {sp.Integer(p): k for p, k in sp.factorrat(sp.Abs(content)).items()} | factors
        return sp.Add(*(k * self._log_of(f) for f, k in parts.items()))

    def _log_of(self, factor: sp.Expr) -> sp.Expr:
        factor = -factor if factor.could_extract_minus_sign() else factor
        base, exponent = factor.as_base_exp()
        if base in self.exponent:
            return self.exponent[base] * exponent
        if base in self.radicand and self._sign(base) == 1:
            return exponent * self._log_of(self.radicand[base])
        symbol = next((s for s, known in self.logarithm.items() if known == factor), None)
        if symbol is None:
            symbol = self._generator()
            self.logarithm[symbol] = factor
        return symbol

    def _root(self, base: sp.Expr, exponent: sp.Rational) -> sp.Expr:
        """base^r: positive factors are taken out one by one; what is left over is one generator with its
        relation."""
        if self._is_complex(base):
            return self._rational_power(base, exponent)
        content, factors = self._factors(base)
        result, left = sp.S.One, sp.sign(content)
        for prime, k in sp.factorrat(sp.Abs(content)).items():
            result *= self._rational_power(sp.Integer(prime), k * exponent)
        for factor, k in factors.items():
            if self._sign(factor) == 1:
                result *= self._rational_power(factor, k * exponent)
            else:
                left *= factor**k
        return result if left == 1 else result * self._rational_power(left, exponent)

    def _rational_power(self, base: sp.Expr, exponent: sp.Rational) -> sp.Expr:
        if exponent.is_Integer:
            return base**exponent
        root, inner = base.as_base_exp()
        if self.signs.get(root) == 1 and (root in self.radicand or root in self.exponent):
            return sp.Pow(root, inner * exponent)
        symbol = next((s for s, known in self.radicand.items() if known == base), None)
        if symbol is None:
            symbol = self._generator()
            self.radicand[symbol] = base
            if self._is_complex(base):
                self.complex.add(symbol)
            elif self._sign(base) == 1:
                self.signs[symbol] = 1
        return symbol**exponent

    def _iterated(self, e: sp.Product | sp.Sum) -> sp.Expr:
        """Π of a product = product of Π's, Σ of a sum = sum of Σ's; what does not depend on the index is
        taken out."""
        if len(e.limits) != 1:
            raise Undecided(f"{e} has more than one index")
        index, lo, hi = e.limits[0]
        if (hi - lo).is_Integer:
            return self.read(e.doit())
        if isinstance(e, sp.Sum):
            terms = (t.as_independent(index, as_Add=False) for t in sp.Add.make_args(sp.expand(e.function)))
            return sp.Add(*(self.read(c) * self._over_range(sp.Sum, rest, *e.limits[0]) for c, rest in terms))
        result = sp.S.One
        for part in sp.Mul.make_args(e.function):
            base, power = part.as_base_exp()
            if power.is_Integer:
                result *= self._over_range(sp.Product, base, index, lo, hi) ** power
            else:
                result *= self._over_range(sp.Product, part, index, lo, hi)
        return result

    def _over_range(self, kind: type, term: sp.Expr, index: sp.Symbol, lo: sp.Expr, hi: sp.Expr) -> sp.Expr:
        """Π or Σ of an undivided term as one generator; numbers added to the ends are moved out as single
        terms."""
        product = kind is sp.Product
        if not term.has(index):
            return self.read(term ** (hi - lo + 1) if product else term * (hi - lo + 1))
        term = term.xreplace({index: INDEX})
        first, last = (lo, sp.S.Zero) if lo.is_Integer else lo.as_coeff_Add()[::-1]
        above, end = hi.as_coeff_Add()
        start = sp.S.One if lo.is_Integer else first
        below = (lo - 1) if lo.is_Integer else last
        extra = [(end + k, 1) for k in range(1, int(above) + 1)] + [
            (end + k, -1) for k in range(int(above) + 1, 1)
        ]
        extra += [(start + k, 1) for k in range(int(below), 0)] + [(start + k, -1) for k in range(int(below))]
        singles = [(self.read(term.xreplace({INDEX: at})), sign) for at, sign in extra]
        if product and any(sign < 0 and self._vanishes(single) for single, sign in singles):
            start, end, singles = lo, hi, []
        whole = self._opaque(kind(term, (INDEX, start, end)), (term, start, end))
        if product:
            return whole * sp.Mul(*(single**sign for single, sign in singles))
        return whole + sp.Add(*(single * sign for single, sign in singles))

    def _factors(self, read: sp.Expr) -> tuple[sp.Rational, dict[sp.Expr, int]]:
        """c and {f: k} with read = c ∏ f^k; a factor that is known to be negative has its sign moved into
        c."""
        ring = self._ring(read)
        content, found = ring.factors(ring.quotient(read))
        factors = {}
        for factor, k in found.items():
            negative = self._sign(factor) == -1
            content *= (-1) ** k if negative else 1
            factors[-factor if negative else factor] = k
        return content, factors

    def _declare_positive(self, read: sp.Expr) -> None:
        if self._is_complex(read):
            return
        content, factors = self._factors(read)
        if self._sign(read) == -1:
            raise Undecided("a root or logarithm is real nowhere")
        if len(factors) == 1 and all(k % 2 for k in factors.values()):
            (factor,) = factors
            self.signs[factor] = int(sp.sign(content))
            self.signs[-factor] = -self.signs[factor]

    def _sign(self, read: sp.Expr) -> int:
        """1 or −1 if `read` is seen to be positive or negative wherever it is defined, else 0."""
        if read in self.signs:
            return self.signs[read]
        if read.is_Rational:
            return int(sp.sign(read))
        if read.is_Mul:
            return int(sp.prod(map(self._sign, read.args)))
        if read.is_Pow:
            sign = self._sign(read.base)
            return sign**2 if read.exp.is_even else sign if read.exp.is_Integer or sign == 1 else 0
        if read.is_Add:
            signs = {self._sign(term) for term in read.args if not self._is_square(term)}
            squares = any(self._is_square(term) for term in read.args)
            if signs == {1} or (signs == {-1} and not squares):
                return signs.pop()
        return self._sign_of_number(read)

    def _sign_of_number(self, read: sp.Expr) -> int:
        number = self._write(read)
        if not number.is_number or self._is_complex(read):
            return 0
        try:
            return sign_of(number)
        except NotImplementedError:
            return 0

    def _is_square(self, term: sp.Expr) -> bool:
        """A positive rational times squares of real generators: at least 0."""
        rational, rest = term.as_coeff_Mul()
        even = all(f.is_Pow and f.exp.is_even for f in sp.Mul.make_args(rest) if self._sign(f) != 1)
        return bool(rational > 0) and even and self._sign(rest) == 0 and not self._is_complex(rest)

    def _is_complex(self, read: sp.Expr) -> bool:
        return not self.complex.isdisjoint(read.free_symbols)

    def _write(self, expr: sp.Expr) -> sp.Expr:
        named = {}
        for g in expr.free_symbols:
            if g in self.exponent:
                named[g] = sp.exp(self._write(self.exponent[g]))
            elif g in self.logarithm:
                named[g] = sp.log(self._write(self.logarithm[g]))
            else:
                named[g] = self._write(self.radicand[g]) if g in self.radicand else self.meaning[g]
        return expr.xreplace(named)
