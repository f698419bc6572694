"""The only judge of what symgrad claims: oracles that use φ alone, measurements, verdicts."""

from symgrad.verify.judge import judge, judge_all
from symgrad.verify.measures import MEASURES, Measure
from symgrad.verify.verdict import Evidence, Verdict

__all__ = ["MEASURES", "Evidence", "Measure", "Verdict", "judge", "judge_all"]
