"""The deployed model: the audited recipe, refitted on everything that is closed now.

Belongs here: the refit and the comparison of both models' scores.
Does not belong here: choosing the recipe (models.backtest) or storing the model (models.registry).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from data_contracts.errors import PlumblineError
from models.backtest import fit_stored
from models.dataset import Rows
from models.model import Model
from models.spec import CandidatesSpec


def fit_deployed(
    rows: Rows, spec: CandidatesSpec, chosen: str, *, seed: int, store: Path | None = None, retrain: bool = False
) -> Model:
    """Refit the chosen candidate on every closed cohort, with labels as the run knows them.

    Nothing is purged here: a returning person's closed past is known on the day and may be learned from. The
    backtest's figures for returning persons, who were purged there, are shown apart in the metrics.

    Parameters
    ----------
    rows : Rows
        From `load_rows`.
    spec : CandidatesSpec
        The `candidates:` section.
    chosen : str
        Name of the candidate, from `Backtest.chosen`.
    seed : int
        Seed of the run.
    store, retrain
        As in `run_backtest`.
    """
    candidate = next((candidate for candidate in spec.models if candidate.name == chosen), None)
    if candidate is None:
        raise PlumblineError(
            f"{chosen} is not among the candidates", where="candidates", todo="Add it in programme.yaml."
        )
    closed = rows.take(np.flatnonzero(rows.closed))
    y = closed.frame["outcome"].to_numpy(dtype=np.float64)
    return fit_stored(candidate, closed, y, spec, seed=seed, store=store, retrain=retrain)


def change_in_scores(audited: Model, deployed: Model, rows: Rows) -> dict[str, float | int]:
    """How far the deployed model's scores are from those of the model that was audited.

    Parameters
    ----------
    audited, deployed : Model
        The chosen candidate on the test split, and its refit.
    rows : Rows
        Rows that both score, such as `Rows.to_score()`.

    Returns
    -------
    dict
        n, mean_change, mean_size_of_change, largest_change, rank_correlation (Spearman; missing as NaN where one of the
        models gives everyone the same score).
    """
    before, after = audited.score(rows.X), deployed.score(rows.X)
    if not len(before):
        return {"n": 0}
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
