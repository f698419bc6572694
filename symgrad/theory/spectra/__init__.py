"""All singular values of the input–output Jacobian: their moments, their edge, and dynamical isometry."""

READING = ("linear_product_edge", "jacobian_spectrum_moments", "dynamical_isometry")
"""The modules that hold derivations, in the order in which a reader meets them."""
