"""The workloads, by name. A new one is a file here and its line in the table."""

from benchmarks.workload import Workload
from benchmarks.workloads.depth import DEPTH
from benchmarks.workloads.gradient import GRADIENT

WORKLOADS: dict[str, Workload] = {"gradient": GRADIENT, "depth": DEPTH}
