"""interpret's Explainable Boosting Machine, read into plain arrays.

Belongs here: fitting it with the extra `ebm`; predicting, contributions and storage, which need no interpret.
Does not belong here: calibration, drawing its curves.

H. Nori, S. Jenkins, P. Koch, R. Caruana: InterpretML, 2019; Y. Lou et al.: Accurate intelligible models with pairwise
interactions, KDD 2013.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from data_contracts.errors import UsageError
from features.spec import Column
from models.candidates.categories import directions
from models.candidates.tuning import FOLDS, Settings, tuned
from models.folds import cluster_folds

PAIR_BINS = 16
"""Steps of each side of a pair's surface."""


@dataclass(frozen=True)
class EbmModel:
    """Log-odds as a sum of one curve per column and some surfaces over two columns.

    Attributes
    ----------
    width : int
        Columns of the matrix.
    intercept : float
        Mean log-odds of the training rows.
    features : list of ndarray of int
        For each term its column, or its two.
    cuts : list of list of ndarray
        For each term and each of its columns where one step ends and the next begins (the next has the value itself).
    scores : list of ndarray
        For each term its value: index 0 along a column is for missing values; over the training rows the mean is 0.
    notes : dict
        settings; rounds: what early stopping found.
    """

    width: int
    intercept: float
    features: list[np.ndarray]
    cuts: list[list[np.ndarray]]
    scores: list[np.ndarray]
    notes: dict[str, Any] = field(default_factory=dict)
    kind: str = "ebm"

    def terms(self, X: np.ndarray) -> np.ndarray:
        """Value of each term, shape (rows, terms)."""
        made = np.zeros((len(X), len(self.scores)))
        for t, (columns, cuts, scores) in enumerate(zip(self.features, self.cuts, self.scores, strict=True)):
            made[:, t] = scores[tuple(_step(X[:, j], cut) for j, cut in zip(columns, cuts, strict=True))]
        return made

    def contributions(self, X: np.ndarray) -> tuple[np.ndarray, float]:
        """Exact terms against the training mean; a pair's value is shared equally between its columns."""
        made = np.zeros((len(X), self.width))
        for columns, term in zip(self.features, self.terms(X).T, strict=True):
            for j in columns:
                made[:, j] += term / len(columns)
        return made, self.intercept

    def raw(self, X: np.ndarray) -> np.ndarray:
        """Log-odds before calibration."""
        raw: np.ndarray = self.intercept + self.terms(np.ascontiguousarray(X)).sum(axis=1)
        return raw

    def state(self) -> dict[str, Any]:
        """All fields."""
        return dict(vars(self))


def _step(values: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(values), 0, np.searchsorted(cuts, values, side="right") + 1)


def require_interpret() -> None:
    """Stop with what to install, unless interpret is there.

    Raises
    ------
    UsageError
        When the extra is missing.
    """
    try:
        import interpret.glassbox  # noqa: F401
    except ImportError:
        raise UsageError(
            "the candidate ebm needs interpret-core, which is not installed",
            where="programme.yaml: candidates",
            todo="Install the extra (in a checkout: scripts/setup ebm; else: pip install 'plumbline[ebm]'), "
            "or take ebm out of the candidates.",
        ) from None


def fit_ebm(
    grid: list[Settings],
    X: np.ndarray,
    y: np.ndarray,
    clusters: np.ndarray,
    seed: int,
    columns: Sequence[Column] = (),
) -> EbmModel:
    """Fit an EBM: the mean of one for each fold of clusters held out, which says when to stop.

    Declared directions hold: a directed column's curve is monotonic, and it takes part in no pair.

    Parameters
    ----------
    grid : list of dict
        Settings, the simplest first.
    X, y, clusters, seed, columns
        As in `fit_candidate`.

    Raises
    ------
    UsageError
        Without the extra.
    """
    require_interpret()
    signs = directions(columns, X.shape[1])

    def fit(settings: Settings, X: np.ndarray, y: np.ndarray, clusters: np.ndarray) -> EbmModel:
        return _read(_fitted(settings, X, y, clusters, seed, signs), X, settings)

    return fit(tuned(grid, fit, X, y, clusters, seed), X, y, clusters)


def _fitted(
    settings: Settings, X: np.ndarray, y: np.ndarray, clusters: np.ndarray, seed: int, signs: np.ndarray
) -> Any:
    from interpret.glassbox import ExplainableBoostingClassifier

    fold = cluster_folds(clusters, FOLDS, seed, "ebm")
    bags = [np.where(fold == held_out, -1, 1) for held_out in range(FOLDS)]
    usable = [bag for bag in bags if (bag < 0).any() and len(np.unique(y[bag > 0])) == 2]
    width = X.shape[1]
    directed = np.flatnonzero(signs)
    model = ExplainableBoostingClassifier(
        feature_types=["continuous"] * width,
        max_bins=settings["max_bins"],
        max_interaction_bins=min(PAIR_BINS, settings["max_bins"]),
        interactions=settings["pairs"] if width - len(directed) > 1 else 0,
        exclude=[(int(i), int(j)) for i in directed for j in range(width) if i != j] if settings["pairs"] else None,
        outer_bags=max(len(usable), 1),
        inner_bags=0,
        learning_rate=settings["learning_rate"],
        max_rounds=settings["max_rounds"] if usable else 1,  # nothing says when to stop
        min_samples_leaf=settings["min_samples_leaf"],
        monotone_constraints=signs.tolist() if signs.any() else None,
        n_jobs=1,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on plots that are not drawn here
        return model.fit(X, y, bags=np.array(usable or [np.ones(len(y))], dtype=np.int8).T)


def _read(model: Any, X: np.ndarray, settings: Settings) -> EbmModel:
    """The bins and scores as plain arrays, each term centred on the training rows."""
    features = [np.array(term, dtype=np.int64) for term in model.term_features_]
    cuts = [
        [
            np.array(model.bins_[j][min(len(model.bins_[j]), len(term)) - 1], dtype=np.float64)  # pairs have coarser
            for j in term
        ]
        for term in model.term_features_
    ]
    scores = [np.array(score, dtype=np.float64) for score in model.term_scores_]
    notes = {"settings": settings, "rounds": np.asarray(model.best_iteration_).tolist()}
    plain = EbmModel(X.shape[1], float(model.intercept_[0]), features, cuts, scores, notes)
    means = plain.terms(X).mean(axis=0)
    centred = [score - mean for score, mean in zip(scores, means, strict=True)]
    return EbmModel(X.shape[1], plain.intercept + float(means.sum()), features, cuts, centred, notes)
