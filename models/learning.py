"""How the chosen candidate would have done with less to learn from.

Belongs here: shares of the training clusters, each holding the smaller ones, and the figures made with them.
Does not belong here: fitting (models.training), the sealed test (nothing here may read it).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from data_contracts.errors import PlumblineError
from models.folds import hashed_share
from models.metrics import COLUMNS, Scored, evaluate, percent, qualified
from models.splits import Split

LEARNING = ("auc", "average_precision", "brier")
"""What is measured at each share."""
TRAINING_ROWS = "training_rows"
"""Their number, told once per split and share."""

FitAndScore = Callable[[Split], pd.DataFrame]
"""Fits the chosen candidate on a split's training rows and scores its test; the table has as_of, case_id, cluster_id,
score, outcome."""


def thinned(split: Split, clusters: np.ndarray, share: float, seed: int) -> Split:
    """The same split with a share of its training clusters.

    Parameters
    ----------
    split : Split
        From `models.splits.temporal_splits`.
    clusters : ndarray of str
        Cluster of every row that the split was cut from.
    share : float
        From 0 to 1. Clusters are kept by a hash of their ids, so a larger share holds the smaller one, in every split.
    seed : int
        Seed of the run.

    Returns
    -------
    Split
        The test is untouched.
    """
    keep = hashed_share(clusters[split.possible], seed, "learning curve") < share
    return replace(split, possible=split.possible[keep], y_possible=split.y_possible[keep], shared=split.shared[keep])


def learning_rows(
    fit_and_score: FitAndScore,
    splits: Sequence[Split],
    clusters: np.ndarray,
    model: str,
    shares: Sequence[float],
    *,
    seed: int,
    min_cell: int,
    least: int = 1,
) -> pd.DataFrame:
    """Rows of metrics.parquet for the learning curve; its last point is the figure of the model itself.

    Parameters
    ----------
    fit_and_score : callable
        From a split to the scores of its test by the chosen candidate, fitted on the split's training rows.
    splits : sequence of Split
        Development splits.
    clusters : ndarray of str
        Cluster of every row that they were cut from.
    model : str
        Label of the chosen candidate.
    shares : sequence of float
        EvaluationSpec.learning.
    seed : int
        Seed of the run: of the shares and of the bootstrap.
    min_cell : int
        As in `models.metrics.metric_rows`.
    least : int
        A share with fewer outcomes or non-outcomes to train on is left out (SplitsSpec.min_class).

    Returns
    -------
    DataFrame
        split, as_of, model, metric (`auc[learning 25%]`, ..., `training_rows[learning 25%]`), value, low, high, n. With
        several splits, `development` pools those of a share that all have it. A share that is too small for the recipe
        (it cannot be calibrated, say) has no rows.

    Raises
    ------
    ValueError
        When one of the splits is the sealed test.
    """
    if any(split.role != "development" for split in splits):
        raise ValueError("the learning curve is measured on development splits only, never on the sealed test")
    tables = []
    for share in shares:
        name = f"learning {percent(share)}"
        scored = []
        for split in splits:
            part = thinned(split, clusters, share, seed)
            y = part.y_train if part.design == "purged" else part.y_possible
            if min(int(y.sum()), int(len(y) - y.sum())) < max(least, 1):
                continue
            try:
                predictions = fit_and_score(part)
            except PlumblineError:  # what a whole run must stop for only leaves a gap in this curve
                continue
            scored.append(predictions)
            told = pd.DataFrame({"metric": [TRAINING_ROWS], "value": [float(len(y))], "n": [len(predictions)]})
            table = pd.concat([_measured(predictions, seed, min_cell), told], ignore_index=True)
            tables.append(_labelled(table, name, split.name, split.as_of, model))
        if len(scored) == len(splits) > 1:
            pooled = _measured(pd.concat(scored, ignore_index=True), seed, min_cell)
            tables.append(_labelled(pooled, name, "development", None, model))
    return pd.concat(tables, ignore_index=True)[COLUMNS] if tables else pd.DataFrame(columns=COLUMNS)


def _measured(predictions: pd.DataFrame, seed: int, min_cell: int) -> pd.DataFrame:
    case = predictions["as_of"].astype(str) + "\0" + predictions["case_id"].astype(str)
    rows = Scored.of(
        predictions["score"].to_numpy(dtype=np.float64),
        predictions["outcome"].to_numpy(dtype=np.float64),
        predictions["cluster_id"].to_numpy(dtype=object),
        None,
        case.to_numpy(dtype=object),
    )
    table = evaluate(rows, seed=seed, min_cell=min_cell)
    return table[table["metric"].isin(LEARNING)]


def _labelled(table: pd.DataFrame, name: str, split: str, as_of: object, model: str) -> pd.DataFrame:
    day = pd.NaT if as_of is None else pd.Timestamp(as_of)  # type: ignore[arg-type]  # a date
    told = table.assign(metric=[qualified(metric, name) for metric in table["metric"]], split=split, model=model)
    told["as_of"] = pd.Series([day] * len(told), index=told.index, dtype="datetime64[us]")
    return told.reindex(columns=COLUMNS)
