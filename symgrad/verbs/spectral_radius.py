"""The question how far the spectral radius can mislead: powers of W beside products through time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from symgrad.errors import InputError
from symgrad.verbs.asked import Document, fraction
from symgrad.verbs.gains import number_document

if TYPE_CHECKING:
    from symgrad.symbolic.number import Number
    from symgrad.theory.through_time.departure import Setting

__all__ = ["spectral_radius"]

MOST_STEPS = 1000


def spectral_radius(
    preset: str = "slider", radius: str | None = None, departure: str | None = None, steps: int = 40
) -> Document:
    """A tanh net of two units with W = ρI + (δ/2)[[1, 1], [−1, −1]]: ‖Wᵏ‖₂, ‖Jᵏ‖₂ at its fixed point, the
    product along a float64 orbit, and the bound (γ‖W‖₂)ᵏ, k = 0 … steps, as logarithms.

    radius ρ and departure δ are texts, a decimal or a fraction, 0 ≤ ρ ≤ 2, 0 ≤ δ ≤ 32; the presets "fixed
    point" and "chaotic" have theirs. Raises `InputError`.
    """
    import sympy as sp

    from symgrad.present.plain import written
    from symgrad.symbolic.number import Number
    from symgrad.theory.through_time import departure as module

    if not 1 <= steps <= MOST_STEPS:
        raise InputError(f"steps {steps}: legal are 1 to {MOST_STEPS}")
    numbers = (
        None if text is None else sp.Rational(*fraction(name, text))
        for name, text in (("radius", radius), ("departure", departure))
    )
    net = module.setting(preset, *numbers)
    states, along = net.orbit(steps)
    at_rest = None if net.jacobian is None else module.log10_norms(net.jacobian, steps)
    bound, power = net.log10_bound(steps), module.log10_norms(net.weights, steps)
    document = {
        "config": {
            "preset": preset,
            "radius": str(net.radius),
            "departure": str(net.departure),
            "steps": steps,
        },
        "presets": [
            {"name": name, "title": one.title, "radius": str(one.radius), "departure": str(one.departure)}
            for name, one in module.PRESETS.items()
        ],
        "activation": "tanh",
        **_matrix("matrix", net.weights),
        **_matrix("bias", net.bias),
        "start": [float(entry) for entry in net.start],
        "fixed_point": [written(entry) for entry in net.start] if net.rests else None,
        **_matrix("jacobian", net.jacobian),
        "radius": number_document(Number.of(net.radius, "both eigenvalues")),
        "departure": str(net.departure),
        "norm": number_document(Number.of(net.norm, "the larger singular value of a 2 × 2 matrix")),
        "gamma": number_document(_one()),
        "sufficient": number_document(_one()),
        "threshold": number_document(net.threshold),
        "multiplier": number_document(net.multiplier),
        "k": list(range(steps + 1)),
        "log10_power": power,
        "log10_jacobian": at_rest,
        "log10_orbit": along,
        "log10_bound": bound,
        "left": net.left(states),
        "state": states.T.tolist(),
        "hump": _hump(net),
        "lyapunov": _lyapunov(net),
    }
    above = [_above(one, most, k) for k, (one, most) in enumerate(zip(along, bound, strict=True))]
    return {**document, "verdict": "FAIL" if any(above) else "PASS", "finding": _finding(net, document)}


def _one() -> Number:
    from symgrad.symbolic.number import Number
    from symgrad.theory.norm_bound import suprema

    return Number.of(suprema("tanh")["tanh"].number, "the range of tanh′, proved on its page")


def _matrix(name: str, matrix: Any) -> Document:
    """The entries as texts (a vector as a list of them), and the LaTeX."""
    from symgrad.present.latex import latex
    from symgrad.present.plain import written

    if matrix is None:
        return {name: None, f"{name}_latex": None}
    rows = [[written(entry) for entry in row] for row in matrix.tolist()]
    return {name: rows if matrix.cols > 1 else [row[0] for row in rows], f"{name}_latex": latex(matrix)}


def _above(log10: float | None, bound: float | None, k: int) -> bool:
    """Whether a product is above its bound by more than the rounding of k products allows."""
    if log10 is None:
        return False
    return bound is None or log10 > bound + 128 * (k + 1) * 2.0**-52


def _hump(net: Setting) -> Document | None:
    found = net.hump
    if found is None:
        return None
    return {"at": number_document(found.at), "step": found.step, "log10": found.log10}


def _lyapunov(net: Setting) -> Document | None:
    from symgrad.theory.through_time.companion import exponent

    if net.rests:
        return None
    found = exponent()
    return {
        "value": found.value,
        "half_width": found.half_width,
        "orbits": found.orbits,
        "steps": found.steps,
    }


def _finding(net: Setting, document: Document) -> str:
    """What the numbers say, in sentences; of this one net, not of a worst case."""
    norm = float(document["norm"]["decimal"])
    parts = [f"The spectral radius of W is {net.radius}, its norm {norm:.4g}, and 1/γ is 1."]
    parts.append(_of_powers(net))
    if net.rests:
        parts.append(_at_fixed_point(net, document))
    else:
        found = document["lyapunov"]
        parts.append(
            f"Along this orbit the gradient changes by {_factor(document['log10_orbit'][-1])} over "
            f"{document['k'][-1]} steps; on typical orbits it grows by a factor of about "
            f"{math.exp(found['value']):.3f} a step (estimated, exponent {found['value']:.3f} ± "
            f"{found['half_width']:.3f})."
        )
    return " ".join(parts)


def _of_powers(net: Setting) -> str:
    if net.radius >= 1:
        kept = net.radius == 1 and net.departure == 0
        return "In the linear net the gradient " + ("keeps its length." if kept else "grows without bound.")
    found = net.hump
    assert found is not None  # the radius is below 1
    if net.radius == 0 and net.departure:
        return "In the linear net the gradient is exactly 0 from the second step on."
    if not found.step:
        return "In the linear net the gradient vanishes from the first step on."
    steps = f"{found.step} step" + ("s" if found.step > 1 else "")
    return f"In the linear net it first grows, to {_factor(found.log10)} after {steps}, and then vanishes."


def _at_fixed_point(net: Setting, document: Document) -> str:
    multiplier = float(document["multiplier"]["decimal"])
    long_run = "explodes" if multiplier > 1 else "vanishes" if multiplier < 1 else "keeps its size"
    text = (
        f"At the fixed point of this tanh net it {long_run}: a factor {multiplier:.4g} a step in the long run"
    )
    if net.radius < 1 <= multiplier:
        text += ", although the spectral radius is below 1/γ"
    left = document["left"]
    if left is not None:
        text += f". The fixed point repels: rounding drives the float64 orbit away from it by step {left}"
    return text + "."


def _factor(log10: float | None) -> str:
    return "a factor 0" if log10 is None else f"a factor 10^{log10:.2f}"
