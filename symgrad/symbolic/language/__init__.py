"""Typed text to SymPy, and back to text that is read again; nothing is evaluated."""
