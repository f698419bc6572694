"""Moments of φ and φ′ under a Gaussian pre-activation, closed or enclosed."""
