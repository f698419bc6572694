"""Recurrent nets: the product of factors taken over time, and the gates that cure it."""
