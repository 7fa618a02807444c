"""A candidate and its calibrator as one thing, with a name that is made of its content.

Belongs here: `Model`, fitting one from rows, and its content hash.
Does not belong here: writing it to disk (models.registry).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from data_contracts.errors import PlumblineError
from features.spec import Column
from models.calibration import Calibrator, fit_calibrator
from models.candidates import Fitted, fit_candidate
from models.folds import hashed_share
from models.informative import Support, fit_support
from models.spec import CandidateSpec
from models.splits import cross_fitting_fold


@dataclass(frozen=True)
class Model:
    """A fitted, calibrated model.

    Attributes
    ----------
    name : str
        The candidate's label.
    settings : dict
        Its parameters, defaults included.
    columns : tuple of str
        The features it was fitted on, in order.
    fitted : Fitted
        Gives log-odds and contributions.
    calibrator : Calibrator
        Gives the score.
    base_rate : float
        Outcome rate of all training rows, those for calibration included.
    rows : int
        Their number.
    support : Support
        Tells how unlike the training rows a case is.
    """

    name: str
    settings: dict[str, Any]
    columns: tuple[str, ...]
    fitted: Fitted
    calibrator: Calibrator
    base_rate: float
    rows: int
    support: Support

    def matrix(self, X: pd.DataFrame) -> np.ndarray:
        """The values of X in the order that the model was fitted on; other columns stop it."""
        if tuple(X.columns) != self.columns:
            missing = [name for name in self.columns if name not in X.columns]
            raise PlumblineError(
                f"the rows do not have the model's {len(self.columns)} columns in its order"
                + (f" (missing: {', '.join(missing)})" if missing else ""),
                where=f"model {self.name} {self.version}",
                todo="The features have changed since it was trained: run with --retrain.",
            )
        return np.ascontiguousarray(X.to_numpy(dtype=np.float64))

    def raw(self, X: pd.DataFrame) -> np.ndarray:
        """Log-odds before calibration."""
        return self.fitted.raw(self.matrix(X))

    def score(self, X: pd.DataFrame) -> np.ndarray:
        """Calibrated probability."""
        return self.calibrator.score(self.raw(X))

    def state(self) -> dict[str, Any]:
        """Everything in plain values, arrays and the booster, for storage and for the content hash."""
        return {
            "name": self.name,
            "settings": self.settings,
            "columns": list(self.columns),
            "fitted": self.fitted.state(),
            "calibrator": vars(self.calibrator).copy(),
            "base_rate": self.base_rate,
            "rows": self.rows,
            "support": vars(self.support).copy(),
        }

    @cached_property
    def version(self) -> str:
        """Content hash of parameters and fitted arrays: the same model has the same version on any machine."""
        return content_hash(self.state())


@dataclass(frozen=True)
class Audited:
    """What scored a test: one model, or one per fold of clusters, each fitted on the other folds.

    Attributes
    ----------
    parts : tuple of Model
        One, or as many as there are folds; a cluster is scored by the part that has not seen it.
    seed : int
        Which fold a cluster falls into follows from it.
    """

    parts: tuple[Model, ...]
    seed: int

    @property
    def name(self) -> str:
        """The candidate's label."""
        return self.parts[0].name

    @property
    def version(self) -> str:
        """Content hash; of a single model its own."""
        return self.parts[0].version if len(self.parts) == 1 else content_hash([part.version for part in self.parts])

    def part_of(self, clusters: np.ndarray) -> np.ndarray:
        """Position in `parts` of the model that scores each row: the one that has not seen its cluster."""
        if len(self.parts) == 1:
            return np.zeros(len(clusters), dtype=np.int64)
        return cross_fitting_fold(clusters, len(self.parts), self.seed)

    def raw_and_score(self, X: pd.DataFrame, clusters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log-odds and calibrated probability of each row.

        Parameters
        ----------
        X : DataFrame
            Features.
        clusters : ndarray of str
            Cluster of each row.

        Returns
        -------
        raw, score : ndarray
            Of several parts only the scores can be compared: each has a calibrator of its own.
        """
        raw, score = np.empty(len(X)), np.empty(len(X))
        scored_by = self.part_of(clusters)
        for k, part in enumerate(self.parts):
            mine = np.flatnonzero(scored_by == k)
            raw[mine] = part.raw(X.iloc[mine])
            score[mine] = part.calibrator.score(raw[mine])
        return raw, score

    def score(self, X: pd.DataFrame, clusters: np.ndarray) -> np.ndarray:
        """Calibrated probability of each row."""
        return self.raw_and_score(X, clusters)[1]


def fit_model(
    spec: CandidateSpec,
    X: pd.DataFrame,
    y: np.ndarray,
    clusters: np.ndarray,
    *,
    seed: int,
    calibration_share: float,
    columns: Sequence[Column] = (),
    sample_weight: np.ndarray | None = None,
) -> Model:
    """Fit a candidate on one part of the clusters and its calibrator on the rest.

    Parameters
    ----------
    spec : CandidateSpec
        The candidate.
    X : DataFrame
        Features of the training rows.
    y : ndarray of float64
        Their labels, 1 or 0.
    clusters : ndarray of str
        Their clusters.
    seed : int
        Seed of the run.
    calibration_share : float
        Share of the clusters for calibration, chosen by a hash of their ids.
    columns : sequence of features.spec.Column, optional
        What the columns of X stand for: categories and directions.
    sample_weight : ndarray of float64, optional
        How much each row counts for the candidate. The calibrator takes its rows as they are: a score stays the
        probability of what is recorded.
    """
    apart = hashed_share(clusters, seed, "calibration") < calibration_share
    for part, use in ((apart, "calibration"), (~apart, "fitting")):
        if len(np.unique(y[part])) < 2:
            raise PlumblineError(
                f"the rows for {use} hold {int(y[part].sum())} outcomes among {int(part.sum())}",
                where=f"candidate {spec.label}",
                todo="There is too little to learn from: more cohorts, or a longer horizon, are needed.",
            )
    values = np.ascontiguousarray(X.to_numpy(dtype=np.float64))
    weights = None if sample_weight is None else sample_weight[~apart]
    fitted = fit_candidate(spec, values[~apart], y[~apart], clusters[~apart], seed, columns, weights)
    calibrator = fit_calibrator(fitted.raw(values[apart]), y[apart], clusters[apart])
    support = fit_support(values[~apart], values[apart])
    return Model(spec.label, spec.settings, tuple(X.columns), fitted, calibrator, float(y.mean()), len(y), support)


def content_hash(state: Any) -> str:
    """Hash of nested plain values and arrays; a booster counts by its trees, bins, categories and baseline."""
    digest = hashlib.sha256()
    for piece in _pieces(state):
        digest.update(len(piece).to_bytes(8, "big"))
        digest.update(piece)
    return digest.hexdigest()[:32]


def _pieces(value: Any) -> Iterator[bytes]:
    if isinstance(value, dict):
        yield b"{%d" % len(value)
        for key in sorted(value):
            yield str(key).encode()
            yield from _pieces(value[key])
    elif isinstance(value, list | tuple):
        yield b"[%d" % len(value)
        for item in value:
            yield from _pieces(item)
    elif isinstance(value, np.ndarray) and value.dtype.names:
        # field by field: the padding of a record holds whatever the memory held
        for name in value.dtype.names:
            yield name.encode()
            yield from _pieces(np.ascontiguousarray(value[name]))
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype.str}{value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    elif value is None or isinstance(value, bool | int | float | str | np.generic):
        plain = value.item() if isinstance(value, np.generic) else value
        yield json.dumps(plain).encode()  # repr of a float: shortest text that gives the same bits
    elif hasattr(value, "_predictors"):
        yield from _pieces(_booster_content(value))
    else:
        raise TypeError(f"no content hash for {type(value).__name__}")


def _booster_content(booster: Any) -> dict[str, Any]:
    trees = [tree for step in booster._predictors for tree in step]
    encoder = booster._preprocessor.named_transformers_["encoder"] if booster._preprocessor is not None else None
    return {
        "params": {name: value for name, value in booster.get_params().items() if name != "verbose"},
        "baseline": np.asarray(booster._baseline_prediction),
        "bins": [np.asarray(bins) for bins in booster._bin_mapper.bin_thresholds_],
        "nodes": [tree.nodes for tree in trees],
        "categories": [np.asarray(tree.raw_left_cat_bitsets) for tree in trees],
        "known": [] if encoder is None else [np.asarray(each, dtype=np.float64) for each in encoder.categories_],
    }
