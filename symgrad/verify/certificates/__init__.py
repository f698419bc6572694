"""The checker of certificates, a small program of its own beside the prover."""

from symgrad.verify.certificates.checking import Verdict, check
from symgrad.verify.certificates.reading import load

__all__ = ["Verdict", "check", "load"]
