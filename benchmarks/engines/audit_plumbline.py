"""Plumbline's audit: `... DATA OUT ROWS REPLICATES [households]`.

Belongs here: calling it as anybody would. Does not belong here: anything that another engine needs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import fairlearn.metrics  # noqa: F401
import scipy.sparse
import scipy.special  # noqa: F401
from numba.core.registry import cpu_target

import fairness_reports.bootstrap_kernel  # noqa: F401
from benchmarks.auditing import keep, scored
from benchmarks.workload import measured
from fairness_reports.audit import audit
from fairness_reports.spec import ProtectedSpec

if __name__ == "__main__":
    # numba imports most of itself with the first compiled function: imports are not timed, loading what was compiled is
    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()
    frame, replicates = scored(), int(sys.argv[4])
    if "households" in sys.argv:
        frame = frame.rename(columns={"household": "cluster_id"})

    def work(_: Path, out: Path) -> None:
        """Every metric, comparison and interval of the table."""
        table = audit(frame, None, ProtectedSpec(attributes=["region"]), replicates=replicates)
        values = table.query("attribute == 'region' and comparison == 'value' and band == 'all'")
        keep(values.pivot(index="group", columns="metric", values="value"), out)

    measured(work)
