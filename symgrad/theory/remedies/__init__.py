"""What is done about vanishing and exploding gradients: what each remedy does to the product of n factors."""

READING = ("residual_paths", "residual_scaling", "batch_norm_growth", "more_compute")
"""The modules that hold derivations, in the order in which a reader meets them."""
