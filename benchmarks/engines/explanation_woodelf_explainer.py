"""woodelf_explainer, path-dependent: `... DATA OUT DEPTH ROWS`.

Belongs here: the fastest way that it offers. Does not belong here: anything that another engine needs.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from woodelf import WoodelfExplainer

from benchmarks.explaining import booster, keep, rows
from benchmarks.workload import measured

if __name__ == "__main__":
    model, X = booster(), rows()
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])

    def work(_: Path, out: Path) -> None:
        """Explain every row."""
        explainer = WoodelfExplainer(model, feature_perturbation="tree_path_dependent")
        keep(explainer.shap_values(frame, verbose=False), out)

    measured(work)
