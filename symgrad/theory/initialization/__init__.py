"""How weights are chosen: one layer's variance equations solved, and what frameworks' tables keep."""

READING = (
    *("lecun", "glorot", "he", "orthogonal", "selu", "typical_gradient"),
    *("gain_derivation", "gain_table"),
)
"""The modules that hold derivations, in the order in which a reader meets them."""
