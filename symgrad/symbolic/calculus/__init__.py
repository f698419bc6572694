"""Derivatives as a lecturer writes them, each line proved equal to the one before."""
