"""The deployed model: the audited recipe, refitted on everything that is closed now.

Belongs here: the refit and the comparison of both models' scores.
Does not belong here: choosing the recipe (models.backtest) or storing the model (models.registry).
"""

from __future__ import annotations

from datetime import date

import numpy as np
from scipy.stats import rankdata

from models.dataset import Rows
from models.model import Audited, Model
from models.spec import SplitsSpec
from models.splits import training_rows
from models.training import Trainer


def fit_deployed(rows: Rows, trainer: Trainer, chosen: str, cut: SplitsSpec, day: date) -> Model:
    """Refit the chosen candidate on every row that may train on a day, by the definition that the backtest used.

    Nothing is purged here: a returning person's closed past is known on the day and may be learned from. The
    backtest's figures for returning persons are shown apart in the metrics.

    Parameters
    ----------
    rows : Rows
        From `load_rows`.
    trainer : Trainer
        How candidates are fitted.
    chosen : str
        Label of the candidate, from `Backtest.chosen`.
    cut : SplitsSpec
        The `splits:` section: its bounds, first history and cadence hold here as in every split.
    day : date
        The day on which the model is made.
    """
    candidate = trainer.candidate(chosen)
    train, y = training_rows(rows.frame, cut, day)
    return trainer.fit(candidate, rows.take(train), y)


def change_in_scores(audited: Model | Audited, deployed: Model, rows: Rows) -> dict[str, float | int]:
    """How far the deployed model's scores are from those of the model that was audited.

    Parameters
    ----------
    audited, deployed : Audited or Model, Model
        The chosen candidate on the test split, and its refit.
    rows : Rows
        Rows that both score, such as `Rows.to_score()`.

    Returns
    -------
    dict
        n, mean_change, mean_size_of_change, largest_change, rank_correlation (Spearman; missing as NaN where one of the
        models gives everyone the same score).
    """
    if not len(rows.X):
        return {"n": 0}
    if isinstance(audited, Audited):
        before = audited.score(rows.X, rows.frame["cluster_id"].to_numpy(dtype=object))
    else:
        before = audited.score(rows.X)
    return score_change(before, deployed.score(rows.X))


def score_change(before: np.ndarray, after: np.ndarray) -> dict[str, float | int]:
    """How far scores of the same cases are from each other: what `change_in_scores` returns."""
    change = after - before
    ranks = rankdata(before) - (len(before) + 1) / 2, rankdata(after) - (len(after) + 1) / 2
    size = float(np.sqrt((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum()))
    return {
        "n": len(change),
        "mean_change": float(change.mean()),
        "mean_size_of_change": float(np.abs(change).mean()),
        "largest_change": float(np.abs(change).max()),
        "rank_correlation": float((ranks[0] * ranks[1]).sum()) / size if size else float("nan"),
    }
