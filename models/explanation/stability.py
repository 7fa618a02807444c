"""Whether factors keep their weight: between seeds, between retrained models, between releases.

Belongs here: rank agreement of the importance of factors, with intervals, as rows of metrics.parquet.
Does not belong here: fitting (models.training), importance itself (models.explanation.factors).

An explanation names what one model uses. Where another model, as good by every figure, would name other factors, the
explanation says more about the model than about the cases. So agreement is measured and published.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, pairwise

import numpy as np
import pandas as pd

from features.spec import Column
from models.explanation.contributions import contributions
from models.explanation.factors import by_factor, drawn_importance, factors_by_association
from models.metrics import LEVEL
from models.model import Model

AGREEMENT = "factor_rank_agreement"
"""Kendall's tau-b (Kendall 1945, Biometrika 33) between two orders of factors: 1 the same, 0 none, -1 turned round."""
OVERLAP = "factor_top_overlap"
"""Which part of the TOP most important factors two models share."""
TOP = 5
REFITS = 3
REPLICATES = 300
_CELLS = 2**22


def refits(fit: Callable[[int], Model], seed: int, count: int = REFITS) -> Iterator[Model]:
    """The same fit with other seeds.

    Parameters
    ----------
    fit : callable
        Fits the deployed model's recipe on its rows, with the seed that it is given.
    seed : int
        The run's own seed, which is not used again.
    count : int
        How many.
    """
    for step in range(1, count + 1):
        yield fit((seed + 7919 * step) % 2**31)


def factor_table(model: Model, X: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """Contributions of rows summed by factor: what `agreement` compares."""
    return by_factor(contributions(model, X)[0], columns)


def agreement(
    kind: str,
    tables: Sequence[pd.DataFrame],
    clusters: np.ndarray,
    columns: Sequence[Column],
    *,
    successive: bool = False,
    seed: int,
    replicates: int = REPLICATES,
) -> pd.DataFrame:
    """How far models of one kind agree on which factors matter, on the same cases.

    Parameters
    ----------
    kind : str
        What tells the models apart: `seeds`, `retrained`.
    tables : sequence of DataFrame
        From `factor_table`, one for each model, with the same rows.
    clusters : ndarray of str
        Cluster of each row.
    columns : sequence of features.spec.Column
        Which factors speak of other people: these are compared among themselves.
    successive : bool
        Compare each model with the next one only; otherwise each with every other.
    seed : int
        Seed of the cluster bootstrap.
    replicates : int
        Number of replicates.

    Returns
    -------
    DataFrame
        metric, value, low, high (95 % interval over draws of clusters; the models are taken as given), n (cases).
        `factor_rank_agreement[KIND]` and `factor_top_overlap[KIND]`, means over the pairs of models; the same with
        `[KIND, by_association]` for the factors that speak of other people. A figure that nothing can be told from is
        missing: fewer than two factors, or for the overlap no more than TOP of them.
    """
    pairs = list(pairwise(range(len(tables))) if successive else combinations(range(len(tables)), 2))
    drawn = [_drawn(table, clusters, seed, replicates) for table in tables]
    compared = [(drawn[one], drawn[other]) for one, other in pairs]
    return _rows(kind, compared, list(tables[0].columns) if tables else [], columns, len(clusters))


def agreement_with_release(
    table: pd.DataFrame,
    clusters: np.ndarray,
    columns: Sequence[Column],
    before: pd.DataFrame,
    *,
    seed: int,
    replicates: int = REPLICATES,
) -> pd.DataFrame:
    """How far the deployed model agrees with the release before on which factors matter.

    Parameters
    ----------
    table, clusters, columns, seed, replicates
        As for `agreement`, of the deployed model.
    before : DataFrame
        factors.parquet of the release before. Its cases are others; its figures are taken as given. Factors that only
        one of the two releases has are left out.

    Returns
    -------
    DataFrame
        As `agreement`, with the kind `release`.
    """
    everybody = before[before["attribute"].isna()].set_index("factor")["importance"].dropna()
    shared = [factor for factor in table.columns if factor in everybody.index]
    now = _drawn(table[shared], clusters, seed, replicates)
    then = np.broadcast_to(everybody.reindex(shared).to_numpy(dtype=np.float64), now.shape)
    return _rows("release", [(now, then)], shared, columns, len(clusters))


def _drawn(table: pd.DataFrame, clusters: np.ndarray, seed: int, replicates: int) -> np.ndarray:
    """Importance of each factor: the estimate, then a row for each replicate. One seed: the same draws for all."""
    sizes = np.abs(table.to_numpy(dtype=np.float64))
    if not len(sizes):
        return np.full((1 + replicates, sizes.shape[1]), np.nan)
    return np.vstack([sizes.mean(axis=0), drawn_importance(sizes, clusters, seed, replicates)])


def _rows(
    kind: str,
    compared: Sequence[tuple[np.ndarray, np.ndarray]],
    factors: Sequence[str],
    columns: Sequence[Column],
    n: int,
) -> pd.DataFrame:
    others = factors_by_association(columns)
    apart = np.array([factor in others for factor in factors], dtype=bool)
    rows = []
    for qualifier, mask in ((kind, ~apart), (f"{kind}, by_association", apart)):
        if not mask.any() and qualifier != kind:
            continue
        for metric, measure in ((AGREEMENT, kendall), (OVERLAP, top_overlap)):
            figures = [measure(one[:, mask], other[:, mask]) for one, other in compared]
            mean = np.mean(figures, axis=0) if figures else np.full(2, np.nan)
            low, high = np.quantile(mean[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
            rows.append([f"{metric}[{qualifier}]", float(mean[0]), float(low), float(high), n])
    return pd.DataFrame(rows, columns=["metric", "value", "low", "high", "n"])


def kendall(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Kendall's tau-b of the rows of two arrays, shape (r, f); NaN where one of them orders nothing."""
    one, other = np.triu_indices(first.shape[1], k=1)
    result = np.full(len(first), np.nan)
    block = max(1, _CELLS // max(len(one), 1))
    for start in range(0, len(first), block):
        part = slice(start, start + block)
        signs = [np.sign(each[part][:, one] - each[part][:, other]) for each in (first, second)]
        size = np.sqrt(np.square(signs[0]).sum(axis=1) * np.square(signs[1]).sum(axis=1))
        told = size > 0
        result[part][told] = (signs[0] * signs[1]).sum(axis=1)[told] / size[told]
    return result


def top_overlap(first: np.ndarray, second: np.ndarray, top: int = TOP) -> np.ndarray:
    """Share of the `top` largest columns that the rows of two arrays have in common.

    A factor that never matters is not among them. NaN with no more than `top` columns, which are then always shared.
    """
    if first.shape[1] <= top:
        return np.full(len(first), np.nan)
    one, other = (_among(each, top) for each in (first, second))
    most = np.maximum(one.sum(axis=1), other.sum(axis=1))
    return np.where(most > 0, (one & other).sum(axis=1) / np.maximum(most, 1), np.nan)


def _among(values: np.ndarray, top: int) -> np.ndarray:
    best = np.argsort(-values, axis=1, kind="stable")[:, :top]
    chosen = np.zeros(values.shape, dtype=bool)
    np.put_along_axis(chosen, best, values=True, axis=1)
    return chosen & (values > 0)
