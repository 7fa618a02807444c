"""The rows of metrics.parquet for a backtest's predictions.

Belongs here: which figures are made of which rows (splits, new and returning persons).
Does not belong here: a figure itself (models.metrics.figures).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.metrics.figures import COLUMNS, Scored, Select, evaluate


def metric_rows(predictions: pd.DataFrame, *, select: Select | None, seed: int, min_cell: int) -> pd.DataFrame:
    """All rows of metrics.parquet for a backtest's predictions.

    Parameters
    ----------
    predictions : DataFrame
        split, as_of, role, model, case_id, cluster_id, returning_person, score, outcome.
    select : callable, optional
        Who is within the capacity; it is asked once per split, with everyone in it, also those whose outcome is
        unknown. Without it there are no figures at capacity.
    seed : int
        Seed of the bootstrap; all models of a split share the same replicates.
    min_cell : int
        The smallest number of outcomes, and of non-outcomes, that a figure may rest on.

    Returns
    -------
    DataFrame
        split, as_of, model, metric, value, low, high, n. With several development splits, `development` pools them.
    """
    parts: list[pd.DataFrame] = []
    pooled: dict[str, list[pd.DataFrame]] = {}
    development = predictions.loc[predictions["role"] == "development", "split"].nunique()
    for (split, model), part in predictions.groupby(["split", "model"], sort=False):
        score, case_id = part["score"].to_numpy(dtype=np.float64), part["case_id"].to_numpy(dtype=object)
        scored = part.assign(selected=select(score, case_id) if select else False)
        parts.append(_one(scored, str(split), part["as_of"].iloc[0], str(model), select is not None, seed, min_cell))
        if development > 1 and part["role"].iloc[0] == "development":
            pooled.setdefault(str(model), []).append(scored)
    for model, several in pooled.items():
        parts.append(_one(pd.concat(several), "development", None, model, select is not None, seed, min_cell))
    return pd.concat(parts, ignore_index=True)[COLUMNS] if parts else pd.DataFrame(columns=COLUMNS)


def _one(
    part: pd.DataFrame, split: str, as_of: object, model: str, at_capacity: bool, seed: int, min_cell: int
) -> pd.DataFrame:
    tables = []
    came_back = part["returning_person"].to_numpy(dtype=bool)
    for suffix, mask in (("", np.ones(len(part), dtype=bool)), ("[new]", ~came_back), ("[returning]", came_back)):
        rows = part[mask]
        scored = Scored.of(
            rows["score"].to_numpy(dtype=np.float64),
            rows["outcome"].to_numpy(dtype=np.float64),
            rows["cluster_id"].to_numpy(dtype=object),
            rows["selected"].to_numpy(dtype=bool) if at_capacity else None,
            rows["case_id"].to_numpy(dtype=object),
        )
        table = evaluate(scored, seed=seed, min_cell=min_cell)
        table["metric"] += suffix
        tables.append(table)
    table = pd.concat(tables, ignore_index=True)
    table.insert(0, "model", model)
    table.insert(0, "as_of", pd.Timestamp(as_of) if as_of is not None else pd.NaT)  # type: ignore[arg-type]  # a date
    table.insert(0, "split", split)
    return table
