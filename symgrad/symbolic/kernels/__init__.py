"""Expressions as array functions that keep their digits."""
