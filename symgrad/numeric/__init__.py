"""The numeric engine: concrete nets in NumPy, measured layer by layer at any depth.

It is handed an activation as a `Kernel` (φ and φ′ as array functions), never an expression: no SymPy.

    net = Net(depth=50, width=64, batch=16, seeds=16, sigma_w=1.0, sigma_b=0.0)
    found = measure(net, kernel)                        # ln ‖∂E/∂h_l‖ and more, per seed and layer
    slope(found.ln_gradient)                            # measured change per layer, output to input
    length_map(kernel, 1.0, 0.0, 50).predicted_slope    # the same, infinite width
    violations(found, gamma=1.0)                        # (seed, layer) pairs above the worst-case bound
"""

from symgrad.numeric.gaussian import LengthMap, expectation, length_map, ln_moments
from symgrad.numeric.kernel import Kernel
from symgrad.numeric.measure import Measurement, excess, ln_bound, measure, slope, violations
from symgrad.numeric.network import Draw, Gradients, Net, gradients, sample

__all__ = [
    "Draw",
    "Gradients",
    "Kernel",
    "LengthMap",
    "Measurement",
    "Net",
    "excess",
    "expectation",
    "gradients",
    "length_map",
    "ln_bound",
    "ln_moments",
    "measure",
    "sample",
    "slope",
    "violations",
]
