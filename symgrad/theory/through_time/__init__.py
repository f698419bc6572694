"""Recurrent nets: the product of factors taken over time, and the gates that cure it."""

READING = (
    *("unfolding", "backpropagation", "error_flow", "error_flow_bound"),
    *("norms", "spectral_radius", "companion", "scaling", "linear", "transient", "orthogonal"),
    *("finite_width", "latching", "latch_gradient", "robust_latching"),
    *("clipping_by_norm", "clipping_by_value"),
    *("gated_unfolding", "gru_unfolding", "carousel", "forget_gate", "chrono", "truncation"),
    *("lstm_jacobian", "gru_leak"),
)
"""The modules that hold derivations, in the order in which a reader meets them."""
