"""All singular values of the input–output Jacobian, as logarithms with an error each."""
