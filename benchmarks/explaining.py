"""The workload "explanation": its rows, its models, and how an engine's script reads them.

Belongs here: what every engine's script needs; nothing but numpy and the standard library at the top.
Does not belong here: an engine's way of explaining (engines), comparing or timing (explanations).

`python -m benchmarks.explaining FOLDER ROWS` makes the folder: X.npy, y.npy, and for each depth the model (skops, no
pickle) and our tables.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

FEATURES, TREES, LEAVES, RATE = 150, 250, 31, 0.05
TRAINING = 100_000
"""Rows that every model is trained on, whatever is explained; the explained rows are others."""
DEPTHS = {"depth 8": 8, "no depth limit": None}


def draw(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of counts, of numbers with holes, and of plain numbers, a third each; labels depend on all of them."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(rows, FEATURES))
    third = FEATURES // 3
    X[:, :third] = np.floor(np.exp(1.2 * X[:, :third]))
    with_holes = X[:, third : 2 * third]
    with_holes[generator.random(with_holes.shape) < 0.3] = np.nan
    weights = np.random.default_rng(7).normal(size=FEATURES)
    filled = np.clip(np.nan_to_num(X, nan=-1.0), -3, 5)
    raw = filled @ weights / 4 + np.sin(filled[:, 3] * filled[:, 60]) + (filled[:, 10] > 1) * filled[:, 120]
    return X, (generator.random(rows) < 1 / (1 + np.exp(1 - raw))).astype(np.float64)


def make(folder: Path, rows: int) -> None:
    """Draw the rows, fit the models, tabulate them."""
    import skops.io
    from sklearn.ensemble import HistGradientBoostingClassifier

    from models.shapley import build_tables, save_tables

    folder.mkdir(parents=True)
    np.save(folder / "X.npy", draw(rows, seed=2)[0])
    X, y = draw(TRAINING, seed=1)
    np.save(folder / "training.npy", np.column_stack([X, y]))
    for name, depth in DEPTHS.items():
        booster = HistGradientBoostingClassifier(
            max_iter=TREES, max_leaf_nodes=LEAVES, max_depth=depth, learning_rate=RATE, early_stopping=False,
            random_state=0,
        ).fit(X, y)  # fmt: skip
        skops.io.dump(booster, folder / f"{name}.skops")
        save_tables(build_tables(booster), folder / f"{name}.npz")


def arguments() -> tuple[Path, str, int]:
    """The folder, the depth's name, and how many rows, as named on the command line: DATA OUT DEPTH ROWS."""
    return Path(sys.argv[1]), sys.argv[3], int(sys.argv[4])


def rows() -> np.ndarray:
    """What is to be explained."""
    folder, _, count = arguments()
    read: np.ndarray = np.load(folder / "X.npy")[:count]
    return read


def booster() -> Any:
    """The model; the file is our own, so whatever types are in it are."""
    import skops.io

    folder, depth, _ = arguments()
    file = folder / f"{depth}.skops"
    return skops.io.load(file, trusted=skops.io.get_untrusted_types(file=file))


def keep(values: Any, out: Path) -> None:
    """Write the values for the comparison; only when they are few, so that no timed run does."""
    if len(values) <= 2_000:
        np.save(out, np.asarray(values, dtype=np.float64))


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
