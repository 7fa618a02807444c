"""Which candidate wins: the simplest one that is not clearly worse than the best.

Belongs here: the choice, from figures that were to be had before the test.
Does not belong here: the sealed test (nothing here reads it), or the margin itself (it stands in the charter).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.spec import SIMPLEST_FIRST


@dataclass(frozen=True)
class Selection:
    """The choice and what it rests on.

    Attributes
    ----------
    chosen : str
        Name of the candidate.
    best : str
        The one with the highest mean AUC.
    margin : float
        How much AUC the charter gives up for a simpler model.
    basis : {"development splits", "development splits and folds", "folds"}
        What `auc` is the mean of; folds are clustered and lie inside the training rows of the test split.
    table : DataFrame
        candidate, auc (the mean), behind_best, within_margin, splits (figures in the mean); the simplest first.
    """

    chosen: str
    best: str
    margin: float
    basis: str
    table: pd.DataFrame


def choose(auc: pd.DataFrame, margin: float, basis: str) -> Selection:
    """Choose from the AUC of every candidate on every development split, or fold.

    Parameters
    ----------
    auc : DataFrame
        split, model, auc.
    margin : float
        The charter's margin.
    basis : str
        Where the figures come from.

    Returns
    -------
    Selection
        The first of `SIMPLEST_FIRST` whose mean AUC is at most `margin` below the best. A split on which a candidate
        has no AUC counts as .5 for it.
    """
    means = auc.assign(auc=auc["auc"].fillna(0.5)).groupby("model")["auc"].agg(["mean", "count"])
    order = [name for name in SIMPLEST_FIRST if name in means.index]
    means = means.loc[order]
    top = means["mean"].max()
    behind = (top - means["mean"]).to_numpy()
    within = np.round(behind, 12) <= margin
    best = order[int(np.argmin(np.round(behind, 12)))]
    table = pd.DataFrame(
        {
            "candidate": order,
            "auc": means["mean"].to_numpy(),
            "behind_best": behind,
            "within_margin": within,
            "splits": means["count"].to_numpy(),
        }
    )
    return Selection(order[int(np.argmax(within))], best, margin, basis, table)
