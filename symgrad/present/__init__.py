"""Derivations and measurements put before a reader: documents, notebooks, charts. Computes no result."""
