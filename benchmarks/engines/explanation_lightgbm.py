"""LightGBM's pred_contrib, on a model of the same shape that it trains itself: `... DATA OUT DEPTH ROWS`.

Belongs here: the fastest way that it offers on one thread. Does not belong here: anything that another engine needs.
"""

from __future__ import annotations

from pathlib import Path

import lightgbm
import numpy as np

from benchmarks.explaining import DEPTHS, LEAVES, RATE, TREES, arguments, keep, rows
from benchmarks.workload import measured


def trained(folder: Path, depth: str) -> lightgbm.Booster:
    """Its own model, trained once: ours cannot be handed over."""
    file = folder / f"{depth}.lightgbm.txt"
    if not file.exists():
        training = np.load(folder / "training.npy")
        settings = {
            "objective": "binary", "num_leaves": LEAVES, "max_depth": DEPTHS[depth] or -1, "learning_rate": RATE,
            "num_threads": 1, "deterministic": True, "seed": 0, "verbose": -1,
        }  # fmt: skip
        lightgbm.train(settings, lightgbm.Dataset(training[:, :-1], training[:, -1]), TREES).save_model(file)
    return lightgbm.Booster(model_file=file)


if __name__ == "__main__":
    data, depth, _ = arguments()
    model, X = trained(data, depth), rows()

    def work(_: Path, out: Path) -> None:
        """Explain every row; the last column is the base value."""
        keep(model.predict(X, pred_contrib=True, num_threads=1)[:, :-1], out)

    measured(work)
