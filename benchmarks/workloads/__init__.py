"""The workloads, by name. A new one is a file here and its line in the table."""

from benchmarks.workload import Workload
from benchmarks.workloads.axis import AXIS
from benchmarks.workloads.depth import DEPTH
from benchmarks.workloads.gradient import GRADIENT
from benchmarks.workloads.jacobian import JACOBIAN
from benchmarks.workloads.phase import PHASE
from benchmarks.workloads.recurrence import RECURRENCE
from benchmarks.workloads.threads import THREADS
from benchmarks.workloads.training import TRAINING

WORKLOADS: dict[str, Workload] = {
    "gradient": GRADIENT,
    "depth": DEPTH,
    "recurrence": RECURRENCE,
    "jacobian": JACOBIAN,
    "training": TRAINING,
    "threads": THREADS,
    "axis": AXIS,
    "phase": PHASE,
}
