"""Random draws, each from a stream of its own: weights, biases, inputs, and their spectral norms."""
