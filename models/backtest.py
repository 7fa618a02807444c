"""What the models would have said on past as-of dates.

Belongs here: fitting every candidate on every split, scoring the test cohorts, choosing on development splits, fitting
the chosen one again without what the charter allows for a reason only.
Does not belong here: the deployed model (models.deploy) or the verdict (fairness_reports).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from data_contracts.errors import PlumblineError
from models.ablation import difference_rows, recipe, reduced, without
from models.candidates import column_auc, fit_candidate
from models.dataset import Rows
from models.folds import cluster_folds
from models.metrics import Select, metric_rows
from models.model import Model, fit_model
from models.outcomes import labels_as_known
from models.registry import fit_or_load, training_key
from models.selection import Selection, choose
from models.spec import CandidateSpec, CandidatesSpec, SplitsSpec
from models.splits import Split, temporal_splits

ENOUGH_SPLITS = 3
"""With fewer development splits, clustered folds inside the training rows of the test count as one more.

A single early split trains on a fraction of what the deployed model will have, and would favour what needs least data.
Neither the splits nor the folds read a row or a label that was not known on the test's as-of date.
"""


@dataclass(frozen=True)
class Backtest:
    """Everything learned from the past.

    Attributes
    ----------
    predictions : DataFrame
        split, as_of, role, model, case_id, cluster_id, returning_person, raw, score, outcome. Besides the candidates,
        the chosen one `without by_association` where the matrix has such columns.
    selection : Selection
        The choice and what it rests on.
    metrics : DataFrame
        Rows of metrics.parquet.
    splits : DataFrame
        split, as_of, role, train_cohorts, train_rows, train_outcomes, purged, purged_share, test_rows, test_outcomes,
        test_unknown.
    audited : Model
        The chosen candidate as it scored the test split.
    """

    predictions: pd.DataFrame
    selection: Selection
    metrics: pd.DataFrame
    splits: pd.DataFrame
    audited: Model

    @property
    def chosen(self) -> str:
        """Name of the chosen candidate."""
        return self.selection.chosen


def run_backtest(
    rows: Rows,
    spec: CandidatesSpec,
    cut: SplitsSpec | None = None,
    *,
    seed: int,
    margin: float,
    min_cell: int = 10,
    select: Select | None = None,
    by_association: Sequence[str] = (),
    store: Path | None = None,
    retrain: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Backtest:
    """Score every test cohort by every candidate, fitted on what was known on its as-of date.

    Parameters
    ----------
    rows : Rows
        From `load_rows`.
    spec : CandidatesSpec
        The `candidates:` section.
    cut : SplitsSpec, optional
        The `splits:` section.
    seed : int
        Seed of the run.
    margin : float
        The charter's margin for simplicity, in AUC.
    min_cell : int
        The smallest number of outcomes, and of non-outcomes, under a figure.
    select : callable, optional
        From scores and case ids to a mask of those within the capacity.
    by_association : sequence of str
        Columns that speak of other people than the case's own person. With any, the chosen candidate is also fitted
        without them and compared (models.ablation); the choice has been made by then, and is not changed by it.
    store : Path, optional
        Folder of fitted models; an unchanged fit is read from it.
    retrain : bool
        Fit even what the store has.
    progress : callable, optional
        Told one line per fitted model.

    Raises
    ------
    PlumblineError
        When no closed cohort has enough closed cohorts before it. Ask `temporal_splits` first.
    """
    cut = cut or SplitsSpec()
    splits = temporal_splits(rows.frame, cut)
    if not splits:
        raise PlumblineError(
            f"no closed cohort has {cut.min_class} outcomes and {cut.min_class} non-outcomes in cohorts that were "
            "closed before it",
            where="backtest",
            todo="A model cannot be tested yet: wait for more cohorts to close.",
        )
    parts: list[pd.DataFrame] = []
    last: dict[str, Model] = {}
    for split in splits:
        train, test = rows.take(split.train), rows.take(split.test)
        for candidate in spec.models:
            if progress:
                progress(f"{split.name}: {candidate.name} on {len(split.train)} rows")
            model = fit_stored(candidate, train, split.y_train, spec, seed=seed, store=store, retrain=retrain)
            parts.append(_predictions(split, test, model))
            last[candidate.name] = model
    predictions = pd.concat(parts, ignore_index=True)
    selection = _select(rows, splits, spec, predictions, seed, margin)
    metrics = metric_rows(predictions, select=select, seed=seed, min_cell=min_cell)
    if by_association:
        name, fewer, ablation = without(selection.chosen), reduced(rows, list(by_association)), []
        candidate = recipe(spec, selection.chosen, fewer)
        for split in splits:
            if progress:
                progress(f"{split.name}: {name} on {len(split.train)} rows")
            train, test = fewer.take(split.train), fewer.take(split.test)
            model = fit_stored(candidate, train, split.y_train, spec, seed=seed, store=store, retrain=retrain)
            ablation.append(_predictions(split, test, model).assign(model=name))
        ablated = pd.concat(ablation, ignore_index=True)
        predictions = pd.concat([predictions, ablated], ignore_index=True)
        more = metric_rows(ablated, select=select, seed=seed, min_cell=min_cell)
        less = difference_rows(predictions, selection.chosen, select=select, seed=seed, min_cell=min_cell)
        metrics = pd.concat([metrics, more, less], ignore_index=True)
    info = pd.DataFrame([_described(rows, split) for split in splits])
    return Backtest(predictions, selection, metrics, info, last[selection.chosen])


def fit_stored(
    candidate: CandidateSpec,
    rows: Rows,
    y: np.ndarray,
    spec: CandidatesSpec,
    *,
    seed: int,
    store: Path | None,
    retrain: bool,
) -> Model:
    """Fit one candidate on rows, or read the same fit from the store."""
    clusters = rows.frame["cluster_id"].to_numpy(dtype=object)
    share = spec.calibration_share
    key = training_key(candidate, rows.X, y, clusters, seed=seed, calibration_share=share) if store else ""
    return fit_or_load(
        store,
        key,
        lambda: fit_model(candidate, rows.X, y, clusters, seed=seed, calibration_share=share),
        retrain=retrain,
    )


def _predictions(split: Split, test: Rows, model: Model) -> pd.DataFrame:
    raw = model.raw(test.X)
    return pd.DataFrame(
        {
            "split": split.name,
            "as_of": test.frame["as_of"].to_numpy(),
            "role": split.role,
            "model": model.name,
            "case_id": test.frame["case_id"].to_numpy(),
            "cluster_id": test.frame["cluster_id"].to_numpy(),
            "returning_person": test.frame["returning_person"].to_numpy(dtype=bool),
            "raw": raw,
            "score": model.calibrator.score(raw),
            "outcome": test.frame["outcome"].to_numpy(dtype=np.float64),
        }
    )


def _described(rows: Rows, split: Split) -> dict[str, object]:
    outcome = rows.frame["outcome"].to_numpy(dtype=np.float64)[split.test]
    return {
        "split": split.name,
        "as_of": pd.Timestamp(split.as_of),
        "role": split.role,
        "train_cohorts": ", ".join(split.train_cohorts),
        "train_rows": len(split.train),
        "train_outcomes": int(split.y_train.sum()),
        "purged": split.purged,
        "purged_share": split.purged_share,
        "test_rows": len(split.test),
        "test_outcomes": int(np.nansum(outcome)),
        "test_unknown": int(np.isnan(outcome).sum()),
    }


def _select(
    rows: Rows, splits: list[Split], spec: CandidatesSpec, predictions: pd.DataFrame, seed: int, margin: float
) -> Selection:
    # labels as the records showed them on the day of the test, not as they show them now
    known: dict[str, np.ndarray] = {
        split.name: labels_as_known(rows.frame.iloc[split.test], splits[-1].as_of)
        for split in splits
        if split.role == "development"
    }
    table = pd.DataFrame(
        [
            {"split": split, "model": model, "auc": _auc(part["raw"].to_numpy(), known[split])}
            for (split, model), part in predictions.groupby(["split", "model"], sort=False)
            if split in known
        ]
    )
    count = len(known)
    if count >= ENOUGH_SPLITS:
        return choose(table, margin, "development splits")
    folds = cross_validated(rows.take(splits[-1].train), splits[-1].y_train, spec, seed)
    folds = folds.groupby("model", as_index=False)["auc"].mean().assign(split="folds")
    if not count:
        return choose(folds, margin, "folds")
    return choose(pd.concat([table, folds]), margin, "development splits and folds")


def _auc(raw: np.ndarray, y: np.ndarray) -> float:
    told = ~np.isnan(y)
    raw, y = raw[told], y[told]
    return float(column_auc(raw[:, None], y)[0]) if len(np.unique(y)) == 2 else float("nan")


def cross_validated(rows: Rows, y: np.ndarray, spec: CandidatesSpec, seed: int, folds: int = 3) -> pd.DataFrame:
    """AUC of every candidate on clustered folds inside training rows.

    Parameters
    ----------
    rows : Rows
        The training rows.
    y : ndarray
        Their labels.
    spec : CandidatesSpec
        The candidates.
    seed : int
        Seed of the run.
    folds : int
        Number of folds.

    Returns
    -------
    DataFrame
        split (the fold), model, auc.
    """
    clusters = rows.frame["cluster_id"].to_numpy(dtype=object)
    values = rows.X.to_numpy(dtype=np.float64)
    fold = cluster_folds(clusters, folds, seed, "selection")
    found = []
    for held_out in range(folds):
        inside, outside = fold != held_out, fold == held_out
        if min(len(np.unique(y[inside])), len(np.unique(y[outside]))) < 2:
            continue
        for candidate in spec.models:
            fitted = fit_candidate(candidate, values[inside], y[inside], clusters[inside], seed)
            auc = _auc(fitted.raw(values[outside]), y[outside])
            found.append({"split": f"fold {held_out + 1}", "model": candidate.name, "auc": auc})
    if not found:
        found = [{"split": "none", "model": candidate.name, "auc": 0.5} for candidate in spec.models]
    return pd.DataFrame(found)
