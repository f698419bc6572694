"""The kernel claim holds for every registered activation, and for typed ones that nobody registered."""

from __future__ import annotations

import random

import pytest

from symgrad.theory.activations import ACTIVATIONS, CORE, activation
from symgrad.verify import judge
from tests.verify.claims import claim

OTHERS = sorted(set(ACTIVATIONS) - set(CORE))
SAMPLE = random.Random(6).sample(OTHERS, min(20, len(OTHERS)))
TYPED = """
-x^2 | 3x(x+1) | .5x | e x | x^32 | x**2**3 | sin(x)^2 | x^3/(1+x^2) | x*tanh(x) | x*atan(x) | log(1+e^x)
min(1,max(0,(x+3)/6))*x | sign(x)*log(1+abs(x)) | 0.5*x*(1+erf(x/sqrt(2))) | sqrt(1+x^2)-1 | x/sqrt(1+x^2)
exp(-x^2) | x*exp(-x^2) | tanh(x)^3 | asinh(x) | log(cosh(x)) | x-tanh(x) | x-sin(x) | sin(x)/x | tanh(x)/x
x*sigmoid(x)^2 | x+sin(x)^2 | erf(x)^3 | atan(x)^2 | tanh(exp(x)) | x*tanh(exp(x)) | exp(-exp(-x)) | x*cos(x)
1-exp(-exp(x)) | x*erf(log(1+exp(x))) | log(1+x^2) | max(tanh(x),x/2) | sinh(x)/cosh(x) | exp(x)/(1+exp(x))
(exp(x)-exp(-x))/(exp(x)+exp(-x)) | log(1+exp(x))-log(2) | x/(1+exp(-1.702x)) | sqrt(x^2+1)-x | atan(sinh(x))
2*atan(tanh(x/2)) | x*erfc(-x)/2 | 1/(1+x^4) | tanh(x)-tanh(x/2) | log(2+sin(x)) | cbrt(x) | x^5
softplus(x)*tanh(x) | x^7
exp(sin(x)) | tanh(x^3) | x+exp(-x)-1 | log(1+exp(-x^2)) | where(x<0, x*exp(x), x) | x*sigmoid(x)+sin(3x)/10
"""
EXPRESSIONS = [text.strip() for line in TYPED.strip().splitlines() for text in line.split("|")]


@pytest.mark.parametrize("name", SAMPLE)
def test_registered_kernels(name: str) -> None:
    verdict = judge(claim("kernel", activation=name))
    assert verdict.passed, verdict.evidence


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_all_registered_kernels(name: str) -> None:
    verdict = judge(claim("kernel", activation=name))
    assert verdict.passed, verdict.evidence


@pytest.mark.parametrize("text", random.Random(7).sample(EXPRESSIONS, 12))
def test_typed_kernels(text: str) -> None:
    verdict = judge(claim("kernel", activation=activation(text)))
    assert verdict.passed, verdict.evidence


@pytest.mark.slow
@pytest.mark.parametrize("text", EXPRESSIONS)
def test_all_typed_kernels(text: str) -> None:
    verdict = judge(claim("kernel", activation=activation(text)))
    assert verdict.passed, verdict.evidence
