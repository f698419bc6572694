"""Recurrent nets unfolded in time, and backpropagation through time."""
