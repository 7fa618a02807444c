"""Fitting a candidate on chosen rows, and scoring a split by models that have not seen its clusters.

Belongs here: one fit, from the store where nothing has changed; one model per split, or one per fold.
Does not belong here: which rows may train (models.splits), which candidate is chosen (models.backtest).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from data_contracts.errors import PlumblineError
from models.dataset import Rows
from models.model import Audited, Model, fit_model
from models.registry import fit_or_load, training_key
from models.spec import CandidateSpec, CandidatesSpec
from models.splits import Split, cross_fitting_fold


@dataclass(frozen=True)
class Trainer:
    """What all fits of one run have in common.

    Attributes
    ----------
    candidates : CandidatesSpec
        The `candidates:` section.
    seed : int
        Seed of the run.
    folds : int
        Clustered folds of cross-fitting.
    least : int
        Fewer outcomes or non-outcomes are too few to fit anything (SplitsSpec.min_class).
    store : Path or None
        Folder of fitted models; an unchanged fit is read from it.
    retrain : bool
        Fit even what the store has.
    progress : callable or None
        Told one line per fit.
    """

    candidates: CandidatesSpec
    seed: int
    folds: int = 5
    least: int = 20
    store: Path | None = None
    retrain: bool = False
    progress: Callable[[str], None] | None = None

    def candidate(self, label: str) -> CandidateSpec:
        """The candidate of this label.

        Raises
        ------
        PlumblineError
            When there is none.
        """
        found = next((candidate for candidate in self.candidates.models if candidate.label == label), None)
        if found is None:
            raise PlumblineError(
                f"{label} is not among the candidates", where="candidates", todo="Add it in programme.yaml."
            )
        return found

    def reseeded(self, seed: int) -> Trainer:
        """The same with another seed."""
        return replace(self, seed=seed)

    def fit(
        self, candidate: CandidateSpec, rows: Rows, y: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> Model:
        """Fit one candidate on rows, or read the same fit from the store.

        Parameters
        ----------
        candidate : CandidateSpec
            The candidate.
        rows : Rows
            The training rows, fitting and calibration together.
        y : ndarray of float64
            Their labels, 1 or 0.
        sample_weight : ndarray of float64, optional
            How much each row counts, for comparisons: such a fit is not kept in the store.
        """
        clusters = rows.frame["cluster_id"].to_numpy(dtype=object)
        share = self.candidates.calibration_share

        def fit() -> Model:
            return fit_model(
                candidate,
                rows.X,
                y,
                clusters,
                seed=self.seed,
                calibration_share=share,
                columns=rows.described,
                sample_weight=sample_weight,
            )

        if self.store is None or not candidate.deployable or sample_weight is not None:
            return fit()
        key = training_key(
            candidate, rows.X, y, clusters, seed=self.seed, calibration_share=share, columns=rows.described
        )
        return fit_or_load(self.store, key, fit, retrain=self.retrain)

    def can(self, split: Split, design: str) -> bool:
        """Whether a split's training rows are enough for a design."""
        y = split.y_train if design == "purged" else split.y_possible
        share = 1.0 if design == "purged" else (self.folds - 1) / self.folds
        return bool(min((y == 1).sum(), (y == 0).sum()) * share >= self.least)

    def fit_split(self, candidate: CandidateSpec, rows: Rows, split: Split, design: str | None = None) -> Audited:
        """The models that score a split: one on the rows that purging leaves, or one per fold of clusters.

        Parameters
        ----------
        candidate : CandidateSpec
            The candidate.
        rows : Rows
            The rows that the split was cut from.
        split : Split
            From `temporal_splits`.
        design : {"purged", "cross_fitted"}, optional
            By default the split's own.
        """
        design = design or split.design
        if self.progress:
            self.progress(f"{split.name}: {candidate.label} on {len(split.possible)} rows, {design}")
        if candidate.name == "base_rate" and design == "cross_fitted":
            # one number remembers no cluster; each fold's own rate leaves out its outcomes and would rank them upside
            # down, and the rate of those who have no relatives in the test is another one
            return Audited((self.fit(candidate, rows.take(split.possible), split.y_possible),), self.seed)
        parts = [self.fit(candidate, rows.take(at), y) for at, y in self.training_parts(rows, split, design)]
        return Audited(tuple(parts), self.seed)

    def training_parts(
        self, rows: Rows, split: Split, design: str | None = None
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Which rows each model of a split learns from.

        Parameters
        ----------
        rows, split, design
            As in `fit_split`.

        Returns
        -------
        list of (positions, labels)
            One for what purging leaves; or one per fold of clusters, in their order, each without its own fold.
        """
        if (design or split.design) == "purged":
            return [(split.train, split.y_train)]
        clusters = rows.frame["cluster_id"].to_numpy(dtype=object)[split.possible]
        fold = cross_fitting_fold(clusters, self.folds, self.seed)
        return [(split.possible[fold != k], split.y_possible[fold != k]) for k in range(self.folds)]


def predictions(split: Split, test: Rows, model: Audited, name: str | None = None) -> pd.DataFrame:
    """What a model says of a split's test rows.

    Parameters
    ----------
    split : Split
        The split.
    test : Rows
        Its test rows.
    model : Audited
        From `Trainer.fit_split`.
    name : str, optional
        What the model is called; by default its own name.

    Returns
    -------
    DataFrame
        split, as_of, role, model, case_id, cluster_id, returning_person, raw, score, outcome.
    """
    clusters = test.frame["cluster_id"].to_numpy(dtype=object)
    raw, score = model.raw_and_score(test.X, clusters)
    return pd.DataFrame(
        {
            "split": split.name,
            "as_of": test.frame["as_of"].to_numpy(),
            "role": split.role,
            "model": name or model.name,
            "case_id": test.frame["case_id"].to_numpy(),
            "cluster_id": test.frame["cluster_id"].to_numpy(),
            "returning_person": test.frame["returning_person"].to_numpy(dtype=bool),
            "raw": raw,
            "score": score,
            "outcome": test.frame["outcome"].to_numpy(dtype=np.float64),
        }
    )
