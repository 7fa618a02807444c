"""The shap package's TreeExplainer, path-dependent: `... DATA OUT DEPTH ROWS`.

Belongs here: the fastest way that it offers. Does not belong here: anything that another engine needs.
"""

from __future__ import annotations

from pathlib import Path

import shap

from benchmarks.explaining import booster, keep, rows
from benchmarks.workload import measured

if __name__ == "__main__":
    model, X = booster(), rows()

    def work(_: Path, out: Path) -> None:
        """Explain every row; its own check of additivity, which costs a prediction, is off."""
        explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
        keep(explainer.shap_values(X, check_additivity=False), out)

    measured(work)
