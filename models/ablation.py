"""What the chosen recipe would lose without some of its columns: those that speak of other people, or one factor's.

Belongs here: the names of the recipes without them, and their paired differences from the chosen one.
Does not belong here: which columns these are (features.spec), fitting (models.backtest), what follows from it: nothing
does, neither the choice nor the verdict reads these figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from models.dataset import Rows
from models.folds import one_thread
from models.metrics import COLUMNS, Scored, Select, draws, figures, table_of

BY_ASSOCIATION = "by_association"
"""What stands behind `without` where all columns that speak of other people are left out."""

DIFFERENCE = "[difference]"
"""Stands behind a metric: the figure without these columns less the one with them, on the same rows."""

DIFFERENCES = ("auc", "average_precision", "brier", "precision_at_capacity", "recall_at_capacity")
"""The metrics whose difference is published."""


def without(model: str, what: str = BY_ASSOCIATION) -> str:
    """What metrics.parquet calls the recipe of this name without a factor, or without the columns by association.

    >>> without("logistic"), without("logistic", "missed_contacts")
    ('logistic without by_association', 'logistic without missed_contacts')
    """
    return f"{model} without {what}"


def is_ablation(model: str) -> bool:
    """Whether a model of metrics.parquet is there for comparison only: it was no candidate and is never deployed.

    A candidate's label is one word; recipes made of it (`without`, and in models.backtest the other treatment of
    relatives and other histories) have more behind it.

    >>> is_ablation("logistic without missed_contacts"), is_ablation("logistic purged"), is_ablation("logistic")
    (True, True, False)
    """
    return " " in model


def factors_of(rows: Rows) -> dict[str, list[str]]:
    """Which columns go with each factor, in the order of the matrix.

    Parameters
    ----------
    rows : Rows
        With `described`.

    Returns
    -------
    dict of list
        Empty where there is one factor only: without it there would be nothing to learn from.
    """
    found: dict[str, list[str]] = {}
    for column in rows.described:
        found.setdefault(column.factor, []).append(column.name)
    return found if len(found) > 1 else {}


def without_each_factor(rows: Rows) -> Iterator[tuple[str, Rows]]:
    """Factor by factor, the same rows without its columns."""
    for factor, names in factors_of(rows).items():
        yield factor, rows.without(names)


def factor_rows(
    predictions: pd.DataFrame,
    chosen: str,
    factors: Sequence[str],
    *,
    select: Select | None,
    seed: int,
    min_cell: int,
) -> pd.DataFrame:
    """What leaving each factor out changes, on development splits.

    Parameters
    ----------
    predictions : DataFrame
        As in `difference_rows`, of the chosen candidate and of `without(chosen, factor)`, on development splits only.
    chosen : str
        Label of the chosen candidate.
    factors : sequence of str
        The factors.
    select, seed, min_cell
        As in `models.metrics.metric_rows`.

    Returns
    -------
    DataFrame
        Rows of metrics.parquet, as `difference_rows` gives them for each factor.

    Raises
    ------
    ValueError
        When a row of the sealed test is among them: what a factor adds is not asked of it.
    """
    if (predictions["role"] != "development").any():
        raise ValueError("a factor is left out on development splits only, never on the sealed test")
    tables = [
        difference_rows(predictions, chosen, factor, select=select, seed=seed, min_cell=min_cell) for factor in factors
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)


def difference_rows(
    predictions: pd.DataFrame,
    chosen: str,
    what: str = BY_ASSOCIATION,
    *,
    select: Select | None,
    seed: int,
    min_cell: int,
) -> pd.DataFrame:
    """Rows of metrics.parquet with the difference that leaving the columns out makes.

    Both recipes are compared on the same rows in the same draws of clusters, so that what is hard to tell about
    everybody (a small test, an odd year) does not widen the interval of their difference. As everywhere, the selection
    within the capacity is held fixed over the replicates.

    Parameters
    ----------
    predictions : DataFrame
        Of the chosen model and of the one `without` the columns: split, as_of, role, model, case_id, cluster_id, score,
        outcome. Splits that hold no rows of the latter are left out.
    chosen : str
        Label of the chosen candidate.
    what : str
        What is left out.
    select, seed, min_cell
        As in `models.metrics.metric_rows`.

    Returns
    -------
    DataFrame
        split, as_of, model (`without(chosen, what)`), metric (`auc[difference]` ...), value, low, high, n; low and high
        hold the middle 95 % of the replicates. With several development splits, `development` pools them. With fewer
        outcomes or non-outcomes than `min_cell`, the figures are missing.
    """
    fewer = without(chosen, what)
    pairs: list[tuple[str, pd.Timestamp | None, pd.DataFrame]] = []
    development = []
    told = predictions[predictions["split"].isin(predictions.loc[predictions["model"] == fewer, "split"])]
    for split, part in told.groupby("split", sort=False):
        pair = _paired(part, chosen, fewer, select)
        pairs.append((str(split), pd.Timestamp(part["as_of"].min()), pair))
        if part["role"].iloc[0] == "development":
            development.append(pair)
    if len(development) > 1:
        pairs.append(("development", None, pd.concat(development, ignore_index=True)))
    names = [name for name in DIFFERENCES if select is not None or not name.endswith("_at_capacity")]
    tables = []
    for split, as_of, pair in pairs:
        table = _compared(pair, names, seed, min_cell).assign(split=split, as_of=as_of, model=fewer)
        tables.append(table.assign(metric=table["metric"] + DIFFERENCE))
    result = pd.concat(tables, ignore_index=True)[COLUMNS]
    result["as_of"] = pd.to_datetime(result["as_of"])
    return result


def _paired(part: pd.DataFrame, chosen: str, fewer: str, select: Select | None) -> pd.DataFrame:
    """One row per case with both scores and whether each lies within the capacity of its as-of date."""
    both = {}
    for side, model in (("with", chosen), ("without", fewer)):
        rows = part[part["model"] == model]
        score, case_id = rows["score"].to_numpy(dtype=np.float64), rows["case_id"].to_numpy(dtype=object)
        within = np.zeros(len(rows), dtype=bool)
        for day in rows["as_of"].unique() if select else ():
            here = np.flatnonzero(rows["as_of"] == day)
            within[here] = select(score[here], case_id[here]) if select else False
        both[side] = rows.assign(selected=within)[["as_of", "case_id", "cluster_id", "outcome", "score", "selected"]]
    return both["with"].merge(
        both["without"][["as_of", "case_id", "score", "selected"]],
        on=["as_of", "case_id"],
        suffixes=("_with", "_without"),
        validate="1:1",
    )


def _compared(pair: pd.DataFrame, names: list[str], seed: int, min_cell: int) -> pd.DataFrame:
    pair = pair[pair["outcome"].notna()].sort_values(["case_id", "as_of"], kind="stable")  # sums have one order
    y = pair["outcome"].to_numpy(dtype=np.float64)
    n, outcomes = len(y), int(y.sum())
    if min(outcomes, n - outcomes) < max(min_cell, 1):
        return table_of({}, {}, names, n)
    place = np.arange(n)
    rows = [  # each side sorts by its own score; `clusters` keeps each row's place in the common draws
        Scored.of(
            pair[f"score_{side}"].to_numpy(dtype=np.float64),
            y,
            place,
            pair[f"selected_{side}"].to_numpy(dtype=bool),
            np.char.zfill(place.astype(str), 12),
        )
        for side in ("with", "without")
    ]
    with one_thread():
        found = [figures(each, np.ones((1, n))) for each in rows]
        drawn: dict[str, list[np.ndarray]] = {name: [] for name in names}
        for block in draws(pair["cluster_id"].to_numpy(dtype=object), seed):
            both = [figures(each, np.take(block, each.clusters, axis=1)) for each in rows]
            for name in names:
                drawn[name].append(both[1][name] - both[0][name])
    value = {name: float(found[1][name][0] - found[0][name][0]) for name in names}
    return table_of(value, {name: np.concatenate(each) for name, each in drawn.items()}, names, n)
