"""Fully connected nets: what defines one, its passes, and what is measured on it."""
