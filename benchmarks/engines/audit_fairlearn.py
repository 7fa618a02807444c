"""fairlearn's MetricFrame with its own bootstrap: `... DATA OUT ROWS REPLICATES`.

Belongs here: calling it as its user guide does. Does not belong here: anything that another engine needs.
"""

from __future__ import annotations

import sys
import warnings
from functools import partial
from pathlib import Path

from fairlearn.metrics import (
    MetricFrame,
    false_negative_rate,
    false_positive_rate,
    mean_prediction,
    selection_rate,
    true_positive_rate,
)
from sklearn.metrics import accuracy_score, precision_score

from benchmarks.auditing import keep, scored
from benchmarks.workload import measured

METRICS = {
    "base_rate": lambda outcome, selected: mean_prediction(outcome, outcome),
    "selection_rate": selection_rate,
    "tpr": true_positive_rate,
    "fpr": false_positive_rate,
    "fnr": false_negative_rate,
    "ppv": precision_score,
    "npv": partial(precision_score, pos_label=0),
    "accuracy": accuracy_score,
}

if __name__ == "__main__":
    frame, replicates = scored(), int(sys.argv[4])
    bootstrap = {"n_boot": replicates, "ci_quantiles": [0.025, 0.975], "random_state": 1} if replicates else {}

    def work(_: Path, out: Path) -> None:
        """Points, and where there are replicates intervals, by group; it knows of no households."""
        measures = MetricFrame(
            metrics=METRICS,
            y_true=frame["outcome"].astype(int),
            y_pred=frame["selected"].astype(int),
            sensitive_features=frame["region"],
            **bootstrap,
        )
        if replicates:
            measures.by_group_ci  # noqa: B018  # computed with the frame; looked at as a user would
        keep(measures.by_group.astype(float), out)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        measured(work)
