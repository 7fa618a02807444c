"""What the chosen recipe would lose without the columns that speak of other people.

Belongs here: the name of the recipe without them, and its paired differences from the chosen one.
Does not belong here: which columns these are (features.spec), fitting (models.backtest), what follows from it: nothing
does, neither the choice nor the verdict reads these figures.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.calibration import cluster_weights
from models.dataset import Rows
from models.folds import one_thread
from models.metrics import COLUMNS, LEVEL, REPLICATES, Scored, Select, blocks, figures
from models.spec import CandidateSpec, CandidatesSpec

SUFFIX = " without by_association"
"""Stands behind the chosen candidate's name: the same recipe, fitted without the columns of `by_association`."""

DIFFERENCE = "[difference]"
"""Stands behind a metric: the figure without these columns less the one with them, on the same rows."""

DIFFERENCES = ("auc", "average_precision", "brier", "precision_at_capacity", "recall_at_capacity")
"""The metrics whose difference is published."""


def without(model: str) -> str:
    """What metrics.parquet calls the recipe of this name without the columns of `by_association`."""
    return f"{model}{SUFFIX}"


def is_ablation(model: str) -> bool:
    """Whether a model of metrics.parquet is there for comparison only: it was no candidate and is never deployed."""
    return model.endswith(SUFFIX)


def reduced(rows: Rows, names: list[str]) -> Rows:
    """The same rows without these columns."""
    return Rows(rows.frame, rows.X.drop(columns=names))


def recipe(spec: CandidatesSpec, chosen: str, rows: Rows) -> CandidateSpec:
    """The chosen candidate; where no column is left to learn from, what it amounts to: the base rate."""
    name = chosen if rows.columns else "base_rate"
    return next(candidate for candidate in spec.models if candidate.name == name)


def difference_rows(
    predictions: pd.DataFrame, chosen: str, *, select: Select | None, seed: int, min_cell: int
) -> pd.DataFrame:
    """Rows of metrics.parquet with the difference that leaving the columns out makes.

    Both recipes are compared on the same rows in the same draws of clusters, so that what is hard to tell about
    everybody (a small test, an odd year) does not widen the interval of their difference. As everywhere, the selection
    within the capacity is held fixed over the replicates.

    Parameters
    ----------
    predictions : DataFrame
        Of the chosen model and of the one `without` the columns: split, as_of, role, model, case_id, cluster_id, score,
        outcome.
    chosen : str
        Name of the chosen candidate.
    select, seed, min_cell
        As in `models.metrics.metric_rows`.

    Returns
    -------
    DataFrame
        split, as_of, model (`without(chosen)`), metric (`auc[difference]` ...), value, low, high, n; low and high hold
        the middle 95 % of the replicates. With several development splits, `development` pools them. With fewer
        outcomes or non-outcomes than `min_cell`, the figures are missing.
    """
    pairs: list[tuple[str, pd.Timestamp | None, pd.DataFrame]] = []
    development = []
    for split, part in predictions.groupby("split", sort=False):
        pair = _paired(part, chosen, select)
        pairs.append((str(split), pd.Timestamp(part["as_of"].iloc[0]), pair))
        if part["role"].iloc[0] == "development":
            development.append(pair)
    if len(development) > 1:
        pairs.append(("development", None, pd.concat(development, ignore_index=True)))
    names = [name for name in DIFFERENCES if select is not None or not name.endswith("_at_capacity")]
    tables = []
    for split, as_of, pair in pairs:
        table = _compared(pair, names, seed, min_cell).assign(split=split, as_of=as_of, model=without(chosen))
        tables.append(table.assign(metric=table["metric"] + DIFFERENCE))
    result = pd.concat(tables, ignore_index=True)[COLUMNS]
    result["as_of"] = pd.to_datetime(result["as_of"])
    return result


def _paired(part: pd.DataFrame, chosen: str, select: Select | None) -> pd.DataFrame:
    """One row per case with both scores and whether each lies within the capacity."""
    both = {}
    for side, model in (("with", chosen), ("without", without(chosen))):
        rows = part[part["model"] == model]
        score, case_id = rows["score"].to_numpy(dtype=np.float64), rows["case_id"].to_numpy(dtype=object)
        within = select(score, case_id) if select else np.zeros(len(rows), dtype=bool)
        both[side] = rows.assign(selected=within)[["case_id", "cluster_id", "outcome", "score", "selected"]]
    return both["with"].merge(
        both["without"][["case_id", "score", "selected"]],
        on="case_id",
        suffixes=("_with", "_without"),
        validate="1:1",
    )


def _compared(pair: pd.DataFrame, names: list[str], seed: int, min_cell: int) -> pd.DataFrame:
    pair = pair[pair["outcome"].notna()]
    y = pair["outcome"].to_numpy(dtype=np.float64)
    n, outcomes = len(y), int(y.sum())
    table = pd.DataFrame({"metric": names, "value": np.nan, "low": np.nan, "high": np.nan, "n": n})
    if min(outcomes, n - outcomes) < max(min_cell, 1):
        return table
    weights, codes = cluster_weights(pair["cluster_id"].to_numpy(dtype=object), REPLICATES, seed)
    sides = [
        Scored.of(
            pair[f"score_{side}"].to_numpy(dtype=np.float64),
            y,
            codes,
            pair[f"selected_{side}"].to_numpy(dtype=bool),
            pair["case_id"].to_numpy(dtype=object),
        )
        for side in ("with", "without")
    ]
    with one_thread():
        found = [figures(rows, np.ones((1, n))) for rows in sides]
        drawn: dict[str, list[np.ndarray]] = {name: [] for name in names}
        for pairs in zip(*(blocks(weights, rows.clusters) for rows in sides), strict=True):
            replicate = [figures(rows, block) for rows, block in zip(sides, pairs, strict=True)]
            for name in names:
                drawn[name].append(replicate[1][name] - replicate[0][name])
    for i, name in enumerate(names):
        sample = np.concatenate(drawn[name])
        sample = sample[~np.isnan(sample)]
        value = float(found[1][name][0] - found[0][name][0])
        table.loc[i, "value"] = value
        if len(sample) and not np.isnan(value):
            table.loc[i, ["low", "high"]] = np.quantile(sample, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return table
