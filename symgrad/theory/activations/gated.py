"""The input times a gate that opens from about 0 to about 1: most overshoot the slope 1 somewhere."""

import sympy as sp

from symgrad.symbolic.derivation import Source
from symgrad.symbolic.letters import x
from symgrad.theory.activations.activation import Activation
from symgrad.theory.activations.shorthand import (
    R,
    a,
    alpha,
    b,
    beta,
    clip,
    normal,
    op,
    relu,
    sides,
    sigma,
    softplus,
)

_silu = x * sigma(x)
_half = clip((x + 1) / 2, -1, 1, 0, 1)

GATED = (
    Activation(
        "gelu", op("GELU"), x * (1 + sp.erf(x / sp.sqrt(2))) / 2, Source("hendrycks2016", "section 2")
    ),
    Activation(
        "gelu_tanh",
        r"\operatorname{GELU}_{\tanh}",
        x * (1 + sp.tanh(sp.sqrt(2 / sp.pi) * (x + R(44715, 1000000) * x**3))) / 2,
        Source("hendrycks2016", "section 2, the approximation by tanh"),
    ),
    Activation(
        "quick_gelu",
        op("QuickGELU"),
        x * sigma(R(1702, 1000) * x),
        Source("hendrycks2016", "section 2, the approximation by the sigmoid"),
    ),
    Activation(
        "sgelu",
        op("SGELU"),
        a * x * sp.erf(x / sp.sqrt(2)),
        Source("yu2019", "with factor 1"),
        {a: sp.Integer(1)},
    ),
    Activation(
        "calu",
        op("CaLU"),
        x * (sp.atan(x) / sp.pi + R(1, 2)),
        Source("kunc2024", "section 3.3.3, Cauchy linear unit"),
    ),
    Activation(
        "lalu",
        op("LaLU"),
        x * sides(sp.exp(x) / 2, 1 - sp.exp(-x) / 2),
        Source("kunc2024", "section 3.3.4, Laplace linear unit"),
    ),
    Activation("silu", op("SiLU"), _silu, Source("elfwing2018")),
    Activation(
        "swish",
        op("Swish"),
        x * sigma(beta * x),
        Source("ramachandran2017", "with rate 1"),
        {beta: sp.Integer(1)},
    ),
    Activation(
        "e_swish", op("E-swish"), beta * _silu, Source("alcaide2018", "with factor 3/2"), {beta: R(3, 2)}
    ),
    Activation("dsilu", op("dSiLU"), sigma(x) * (1 + x * (1 - sigma(x))), Source("elfwing2018")),
    Activation(
        "double_silu",
        op("DoubleSiLU"),
        x * sigma(_silu),
        Source("kunc2024", "section 3.3.22, DoubleSiLU"),
    ),
    Activation(
        "msilu",
        op("MSiLU"),
        _silu + sp.exp(-(x**2) - 1) / 4,
        Source("kunc2024", "section 3.3.23, MSiLU, the bump of height 1/(4e)"),
    ),
    Activation("asilu", op("ATSiLU"), sp.atan(_silu), Source("kunc2024", "section 3.3.25, ATSiLU")),
    Activation("swat", op("SwAT"), x * sigma(sp.atan(x)), Source("kunc2024", "section 3.3.26, SwAT")),
    Activation("mish", op("Mish"), x * sp.tanh(softplus(x)), Source("misra2020", "abstract")),
    Activation("tanh_exp", op("TanhExp"), x * sp.tanh(sp.exp(x)), Source("liu2020")),
    Activation("serf", op("Serf"), x * sp.erf(softplus(x)), Source("nag2023")),
    Activation(
        "erfact",
        op("ErfAct"),
        x * sp.erf(alpha * sp.exp(beta * x)),
        Source("biswas2022", "with both constants 3/4"),
        {alpha: R(3, 4), beta: R(3, 4)},
    ),
    Activation(
        "pserf",
        op("Pserf"),
        x * sp.erf(alpha * softplus(beta * x)),
        Source("biswas2022", "with the constants 5/4 and 17/20"),
        {alpha: R(5, 4), beta: R(17, 20)},
    ),
    Activation(
        "smish", op("Smish"), x * sp.tanh(sp.log(1 + sigma(x))), Source("wang2022", "with both constants 1")
    ),
    Activation("phish", op("Phish"), x * sp.tanh(x * normal(x)), Source("naveen2022")),
    Activation("logish", op("Logish"), x * sp.log(1 + sigma(x)), Source("zhu2021logish")),
    Activation("gish", op("Gish"), x * sp.log(2 - sp.exp(-sp.exp(x))), Source("kaytan2023")),
    Activation(
        "loglogish",
        op("LogLogish"),
        x * (1 - sp.exp(-sp.exp(x))),
        Source("kunc2024", "section 3.3.12, LogLogish"),
    ),
    Activation("golu", op("GoLU"), x * sp.exp(-sp.exp(-x)), Source("das2025")),
    Activation("lisht", op("LiSHT"), x * sp.tanh(x), Source("roy2019")),
    Activation(
        "soft_modulus_t", op("SoftModulusT"), x * sp.tanh(x / a), Source("vallesperez2023"), {a: R(1, 100)}
    ),
    Activation("resech", op("ReSech"), x / sp.cosh(x), Source("njikam2016")),
    Activation(
        "self_arctan", op("SelfArctan"), x * sp.atan(x), Source("kunc2024", "section 3.3.14, self arctan")
    ),
    Activation(
        "aria2",
        op("ARiA2"),
        x * (1 + sp.exp(-2 * x)) ** R(-3, 2),
        Source("patwardhan2018", "with the exponent 3/2 and the rate 2"),
    ),
    Activation(
        "tanhsoft1",
        r"\operatorname{TanhSoft}_1",
        sp.tanh(alpha * x) * softplus(x),
        Source("biswas2020", "abstract"),
        {alpha: R(87, 100)},
    ),
    Activation(
        "tanhsoft2",
        r"\operatorname{TanhSoft}_2",
        x * sp.tanh(beta * sp.exp(x)),
        Source("biswas2020", "abstract"),
        {beta: R(3, 5)},
    ),
    Activation(
        "eis1",
        r"\operatorname{EIS}_1",
        x * softplus(x) / (x + R(116, 100) * sp.exp(-x)),
        Source("biswas2020eis", "abstract"),
    ),
    Activation(
        "eis2",
        r"\operatorname{EIS}_2",
        x * softplus(x) / sp.sqrt(1 + x**2),
        Source("biswas2020eis", "abstract"),
    ),
    Activation("colu", op("CoLU"), x / (1 - x * sp.exp(-(x + sp.exp(x)))), Source("vagerwal2021")),
    Activation(
        "soft_root_sign",
        op("SRS"),
        x / (x / alpha + sp.exp(-x / beta)),
        Source("zhou2020", "the values it starts from"),
        {alpha: sp.Integer(2), beta: sp.Integer(3)},
    ),
    Activation(
        "sinlu",
        op("SinLU"),
        (x + a * sp.sin(b * x)) * sigma(x),
        Source("paul2022", "with both constants 1"),
        {a: sp.Integer(1), b: sp.Integer(1)},
    ),
    Activation(
        "acon_b",
        op("ACON-B"),
        (1 - a) * x * sigma(beta * (1 - a) * x) + a * x,
        Source("ma2021", "with the slope 1/4 of PReLU"),
        {a: R(1, 4), beta: sp.Integer(1)},
    ),
    Activation("pflu", op("PFLU"), x * (1 + x / sp.sqrt(1 + x**2)) / 2, Source("zhu2021pflu")),
    Activation("fpflu", op("FPFLU"), sides(x + x**2 / sp.sqrt(1 + x**2), x), Source("zhu2021pflu")),
    Activation("elish", op("ELiSH"), sides((sp.exp(x) - 1) * sigma(x), x * sigma(x)), Source("basirat2018")),
    Activation(
        "hard_elish", op("HardELiSH"), sides((sp.exp(x) - 1) * _half, x * _half), Source("basirat2018")
    ),
    Activation("nipuna", op("NIPUNA"), sp.Max(_silu, x), Source("madhu2023", "with rate 1")),
    Activation(
        "suish",
        op("Suish"),
        sp.Max(x, x * sp.exp(-sp.Abs(x))),
        Source("kunc2024", "section 3.3.17, Suish"),
    ),
    Activation(
        "tanhsig", op("TanhSig"), (x + sp.tanh(x)) * sigma(x), Source("kozkurt2023", "without the shift")
    ),
    Activation(
        "sechsig", op("SechSig"), (x + 1 / sp.cosh(x)) * sigma(x), Source("kozkurt2023", "without the shift")
    ),
    Activation(
        "sinsig",
        op("SinSig"),
        x * sp.sin(sp.pi * sigma(x) / 2),
        Source("kunc2024", "section 3.3.34, SinSig"),
    ),
    Activation("eanaf", op("EANAF"), x / (1 + 2 * sp.exp(-x)), Source("kunc2024", "section 3.3.33, EANAF")),
    Activation("tsrelu", op("TSReLU"), x * sp.tanh(sigma(x)), Source("kunc2024", "section 3.3.18, TSReLU")),
    Activation(
        "flatten_t_swish", op("FTS"), sides(-R(1, 5), _silu - R(1, 5)), Source("chieng2018", "threshold -1/5")
    ),
    Activation("oaf", op("OAF"), relu + _silu, Source("kunc2024", "section 3.6.47, OAF")),
)
