"""Nets of finite width: mean, typical value and worst case of the gradient, and how far apart they are."""

READING = ("jacobian_moments", "jacobian_logarithm", "layered_slope", "pair_fluctuations")
"""The modules that hold derivations, in the order in which a reader meets them."""
