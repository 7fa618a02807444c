"""The models that compete.

Belongs here: fitting any candidate from its specification; one module per kind of model.
Does not belong here: calibration (models.calibration), storage (models.registry), choosing one (models.selection).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from data_contracts.errors import PlumblineError
from features.spec import Column
from models.candidates.boosting import BoostingModel, fit_boosting
from models.candidates.categories import directions
from models.candidates.ebm import EbmModel, fit_ebm, require_interpret
from models.candidates.fitted import Fitted
from models.candidates.linear import LinearModel, best_column, column_auc, fit_linear
from models.candidates.other import OtherModel, fit_other
from models.candidates.points import PointsModel, fit_points
from models.candidates.tuning import Settings, canonical_order, tuned
from models.folds import one_thread
from models.spec import CandidateSpec

__all__ = [
    "KEEPS_DIRECTIONS",
    "TAKES_WEIGHTS",
    "BoostingModel",
    "EbmModel",
    "Fitted",
    "LinearModel",
    "OtherModel",
    "PointsModel",
    "best_column",
    "column_auc",
    "fit_candidate",
    "from_state",
    "require",
]


def fit_candidate(
    spec: CandidateSpec,
    X: np.ndarray,
    y: np.ndarray,
    clusters: np.ndarray,
    seed: int,
    columns: Sequence[Column] = (),
    sample_weight: np.ndarray | None = None,
) -> Fitted:
    """Fit one candidate.

    Parameters
    ----------
    spec : CandidateSpec
        Its name and parameters; where these are lists, a choice is made on folds of the rows given.
    X : ndarray of float64
        Rows x columns, NaN = missing.
    y : ndarray of float64
        1 or 0.
    clusters : ndarray of str
        Cluster of each row, for folds inside the training rows.
    seed : int
        Seed of the run.
    columns : sequence of Column
        What is known of each column of X, in its order: directions, categories. Empty: plain columns.
    sample_weight : ndarray of float64, optional
        How much each row counts in the fit; settings are chosen on folds of the rows as they are. Only kinds in
        `TAKES_WEIGHTS`.

    Returns
    -------
    Fitted
        The same bits for the same rows, in whatever order they stand.

    Raises
    ------
    PlumblineError
        When all outcomes are alike.
    UsageError
        When the candidate needs an extra that is not installed.
    """
    if not 0 < y.mean() < 1:
        raise PlumblineError(
            "the training rows hold only one kind of outcome",
            where=f"candidate {spec.label}",
            todo="Check the outcome in programme.yaml: it never or always occurs in the cohorts that may train.",
        )
    if columns and len(columns) != X.shape[1]:
        raise ValueError(f"{len(columns)} columns are described, X has {X.shape[1]}")
    X, y, clusters = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64), np.asarray(clusters)
    order = canonical_order(X, y, clusters)
    X, y, clusters = np.ascontiguousarray(X[order]), y[order], clusters[order]
    weighted: dict[str, Any] = {}
    if sample_weight is not None:
        if spec.name not in TAKES_WEIGHTS:
            raise PlumblineError(
                f"a candidate of the kind {spec.name} takes no weights", where=f"candidate {spec.label}"
            )
        weighted["sample_weight"] = np.asarray(sample_weight, dtype=np.float64)[order]
    with one_thread():
        return _FITS[spec.name](spec.grid, X, y, clusters, seed, columns, **weighted)


def require(specs: Iterable[CandidateSpec]) -> None:
    """Stop before anything is fitted when a candidate needs an extra that is not installed.

    Raises
    ------
    UsageError
        Says what to install.
    """
    if any(spec.name == "ebm" for spec in specs):
        require_interpret()


def from_state(state: dict[str, Any]) -> Fitted:
    """The fitted candidate whose `state()` this is.

    Raises
    ------
    PlumblineError
        For `other`, which is never stored, and for a kind that this version does not know.
    """
    made = _MODELS.get(str(state.get("kind")))
    if made is None:
        raise PlumblineError(
            f"a fitted candidate of the kind {state.get('kind')} cannot be read from a store",
            where="models.candidates",
            todo="Run with --retrain: it is fitted again from the data.",
        )
    return made(**state)


def _base_rate(
    grid: list[Settings],
    X: np.ndarray,
    y: np.ndarray,
    clusters: np.ndarray,
    seed: int,
    columns: Sequence[Column],
    sample_weight: np.ndarray | None = None,
) -> Fitted:
    return fit_linear("base_rate", X, y, [], 1.0, sample_weight=sample_weight)


def _one_factor(
    grid: list[Settings],
    X: np.ndarray,
    y: np.ndarray,
    clusters: np.ndarray,
    seed: int,
    columns: Sequence[Column],
    sample_weight: np.ndarray | None = None,
) -> Fitted:
    def fit(
        settings: Settings, X: np.ndarray, y: np.ndarray, clusters: np.ndarray, counts: np.ndarray | None = None
    ) -> Fitted:
        best, auc_inside = best_column(X, y, clusters, seed)
        notes = {"column": best, "auc_inside": auc_inside, "settings": settings}
        return fit_linear("one_factor", X, y, [best], settings["inverse_penalty"], notes, sample_weight=counts)

    return fit(tuned(grid, fit, X, y, clusters, seed), X, y, clusters, sample_weight)


def _logistic(
    grid: list[Settings],
    X: np.ndarray,
    y: np.ndarray,
    clusters: np.ndarray,
    seed: int,
    columns: Sequence[Column],
    sample_weight: np.ndarray | None = None,
) -> Fitted:
    signs = directions(columns, X.shape[1])

    def fit(
        settings: Settings, X: np.ndarray, y: np.ndarray, clusters: np.ndarray, counts: np.ndarray | None = None
    ) -> Fitted:
        penalty = settings["inverse_penalty"]
        return fit_linear("logistic", X, y, range(X.shape[1]), penalty, {"settings": settings}, signs, counts)

    return fit(tuned(grid, fit, X, y, clusters, seed), X, y, clusters, sample_weight)


_FITS: dict[str, Callable[..., Fitted]] = {
    "base_rate": _base_rate,
    "one_factor": _one_factor,
    "points": fit_points,
    "logistic": _logistic,
    "ebm": fit_ebm,
    "hist_gradient_boosting": fit_boosting,
    "other": fit_other,
}

TAKES_WEIGHTS = frozenset({"base_rate", "one_factor", "logistic", "hist_gradient_boosting"})
"""Kinds whose rows may count by weights."""

KEEPS_DIRECTIONS = frozenset({"points", "logistic", "ebm", "hist_gradient_boosting"})
"""Kinds in which a feature's declared direction holds: against it, it gets no weight."""

_MODELS: dict[str, Callable[..., Fitted]] = {
    "base_rate": LinearModel,
    "one_factor": LinearModel,
    "points": PointsModel,
    "logistic": LinearModel,
    "ebm": EbmModel,
    "hist_gradient_boosting": BoostingModel,
}
