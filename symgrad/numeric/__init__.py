"""The numeric engine: concrete nets in NumPy, measured layer by layer at any depth.

It is handed an activation as a `Kernel` (φ and φ′ as array functions), never an expression: no SymPy.

    net = Net(depth=50, width=64, batch=16, seeds=16, sigma_w=1.0, sigma_b=0.0)
    found = measure(net, kernel)                        # ln ‖∂E/∂h_l‖ and more, per seed and layer
    measure_together([net, steeper], [kernel, kernel])  # the same of nets that share their draws, drawn once
    slope(found.ln_gradient)                            # measured change per layer, output to input
    length_map(kernel, 1.0, 0.0, 50).predicted_slope    # the same, infinite width
    violations(net, found.ln_gradient, ln_bound(found, 1.0))  # (seed, layer) pairs above the worst case
"""

from symgrad.numeric.arrays.primitives import NUMPY, Primitives
from symgrad.numeric.draws.draw import Draw, sample
from symgrad.numeric.feedforward.measure import measure, measure_draw, measure_together
from symgrad.numeric.feedforward.measurement import Measurement, ln_bound
from symgrad.numeric.feedforward.net import Net
from symgrad.numeric.feedforward.passes import Gradients, gradients
from symgrad.numeric.feedforward.plan import Plan, memory_together
from symgrad.numeric.kernel import Kernel
from symgrad.numeric.mean_field.length_map import LengthMap, length_map, ln_moments
from symgrad.numeric.mean_field.quadrature import expectation
from symgrad.numeric.profile import excess, slope, violations
from symgrad.numeric.recurrent.gradients import TimeGradients, through_time
from symgrad.numeric.recurrent.net import RecurrentMeasurement, RecurrentNet, measure_recurrent
from symgrad.numeric.threads import limit_threads

__all__ = [
    "NUMPY",
    "Draw",
    "Gradients",
    "Kernel",
    "LengthMap",
    "Measurement",
    "Net",
    "Plan",
    "Primitives",
    "RecurrentMeasurement",
    "RecurrentNet",
    "TimeGradients",
    "excess",
    "expectation",
    "gradients",
    "length_map",
    "limit_threads",
    "ln_bound",
    "ln_moments",
    "measure",
    "measure_draw",
    "measure_recurrent",
    "measure_together",
    "memory_together",
    "sample",
    "slope",
    "through_time",
    "violations",
]
