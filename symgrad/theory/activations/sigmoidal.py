"""S-shaped activations: most are bounded and increasing, with a derivative that dies out on both sides."""

import sympy as sp

from symgrad.symbolic.derivation import Source
from symgrad.symbolic.letters import x
from symgrad.theory.activations.activation import Activation
from symgrad.theory.activations.shorthand import R, a, alpha, b, beta, c, lambda_, normal, op, sides, sigma

SIGMOIDAL = (
    Activation("sigmoid", r"\sigma", sigma(x), Source("rumelhart1986", "eq 2")),
    Activation("tanh", r"\tanh", sp.tanh(x), Source("lecun1998", "section 4.4")),
    Activation("softsign", op("softsign"), x / (1 + sp.Abs(x)), Source("glorot2010", "section 2")),
    Activation("arctan", r"\arctan", sp.atan(x), Source("kunc2024", "section 3.2.4, Arctan")),
    Activation("erf", op("erf"), sp.erf(x), Source("williams1997")),
    Activation(
        "lecun_tanh",
        op("LeCunTanh"),
        R(17159, 10000) * sp.tanh(2 * x / 3),
        Source("lecun1998", "section 4.4"),
    ),
    Activation("bipolar_sigmoid", op("BipolarSigmoid"), 2 * sigma(x) - 1, Source("karlik2011")),
    Activation(
        "penalized_tanh",
        op("PenalizedTanh"),
        sides(a * sp.tanh(x), sp.tanh(x)),
        Source("xu2016"),
        {a: R(1, 4)},
    ),
    Activation(
        "tanhlu",
        op("tanhLU"),
        alpha * sp.tanh(lambda_ * x) + beta * x,
        Source("shen2022", "all three constants 1, the standard form"),
        {alpha: sp.Integer(1), lambda_: sp.Integer(1), beta: sp.Integer(1)},
    ),
    Activation(
        "siglin",
        op("SigLin"),
        sigma(x) + a * x,
        Source("kunc2024", "section 3.2.8, SigLin, with a = 1/10"),
        {a: R(1, 10)},
    ),
    Activation(
        "improved_sigmoid",
        op("ISigmoid"),
        sp.Piecewise((a * (x - b) + sigma(b), x >= b), (a * (x + b) + sigma(-b), x <= -b), (sigma(x), True)),
        Source("qin2019", "the continuous form, with a = 1/5 and b = 2"),
        {a: R(1, 5), b: sp.Integer(2)},
    ),
    Activation(
        "hexpo",
        op("Hexpo"),
        sides(c * (sp.exp(x / lambda_) - 1), a * (1 - sp.exp(-x / b))),
        Source("kong2017", "bounded on both sides, all four constants 1"),
        {a: sp.Integer(1), b: sp.Integer(1), c: sp.Integer(1), lambda_: sp.Integer(1)},
    ),
    Activation("elliott", op("Elliott"), x / (2 * (1 + sp.Abs(x))) + R(1, 2), Source("elliott1993")),
    Activation(
        "isru", op("ISRU"), x / sp.sqrt(1 + a * x**2), Source("carlile2017", "with a = 1"), {a: sp.Integer(1)}
    ),
    Activation(
        "rootsig",
        op("Rootsig"),
        a * x / (1 + sp.sqrt(1 + a**2 * x**2)),
        Source("duch1999", "with slope 1"),
        {a: sp.Integer(1)},
    ),
    Activation("probit", r"\Phi", normal(x), Source("gomes2008")),
    Activation("log_log", op("loglog"), sp.exp(-sp.exp(-x)), Source("gomes2011")),
    Activation(
        "complementary_log_log",
        op("cloglog"),
        1 - sp.exp(-sp.exp(x)),
        Source("gomes2008", "the usual orientation, increasing"),
    ),
    Activation(
        "aranda_ordaz",
        op("ArandaOrdaz"),
        1 - 1 / sp.sqrt(1 + 2 * sp.exp(x)),
        Source("gomes2011", "asymmetry parameter 2"),
    ),
    Activation(
        "sigmoid_gumbel",
        op("SigmoidGumbel"),
        sigma(x) * sp.exp(-sp.exp(-x)),
        Source("kunc2024", "section 3.2.17, Sigmoid-Gumbel"),
    ),
    Activation(
        "new_sigmoid",
        op("NewSigmoid"),
        sp.sinh(x) / sp.sqrt(sp.cosh(2 * x)),
        Source("kunc2024", "section 3.2.18, NewSigmoid; the same function in fewer signs"),
    ),
    Activation(
        "soft_clipping",
        op("SC"),
        sp.log((1 + sp.exp(a * x)) / (1 + sp.exp(a * (x - 1)))) / a,
        Source("klimek2020", "with the sharpness 50"),
        {a: sp.Integer(50)},
    ),
    Activation(
        "log_sigmoid",
        op("LogSigmoid"),
        -sp.log(1 + sp.exp(-x)),
        Source("paszke2019", "documentation of torch.nn.LogSigmoid"),
    ),
    Activation(
        "maxsig", op("maxsig"), sp.Max(x, sigma(x)), Source("ramachandran2017", "a function its search found")
    ),
    Activation(
        "tanh_shrink",
        op("TanhShrink"),
        x - sp.tanh(x),
        Source("paszke2019", "documentation of torch.nn.Tanhshrink"),
    ),
)
