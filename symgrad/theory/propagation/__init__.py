"""Wide random nets layer after layer: lengths, correlations, squared gradients, the edge of chaos."""

READING = (
    "length_map",
    "edge_of_chaos",
    "erf_critical_line",
    "length_map_fixed_point",
    "depth_scales",
    "arc_cosine_kernel",
    "criticality_classes",
)
"""The modules that hold derivations, in the order in which a reader meets them."""
