"""Any scikit-learn classifier, to compare with.

Belongs here: fitting it from its import path and its parameters.
Does not belong here: what may be named (models.spec.candidates). Nothing here is stored or deployed: such a classifier
could only be kept as a pickle, and has no exact contributions.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from data_contracts.errors import PlumblineError
from features.spec import Column
from models.candidates.tuning import Settings, tuned
from models.folds import one_thread

EDGE = 1e-6
"""Probabilities are kept so far from 0 and 1: beyond it their log-odds say nothing that was learned."""


@dataclass(frozen=True)
class OtherModel:
    """A scikit-learn classifier on imputed, standardised columns.

    Attributes
    ----------
    pipeline : Pipeline
        Fitted on training rows, imputation and scaling included.
    made_of : str
        Hash of the training rows, the settings and scikit-learn's version: what the model is known by.
    notes : dict
        settings; warnings: what kinds of warnings scikit-learn gave.
    """

    pipeline: Any
    made_of: str
    notes: dict[str, Any] = field(default_factory=dict)
    kind: str = "other"

    def raw(self, X: np.ndarray) -> np.ndarray:
        """Log-odds of the classifier's probability, which is kept within [1e-6, 1 - 1e-6]."""
        if not len(X):
            return np.empty(0)
        with one_thread():
            chance = np.clip(self.pipeline.predict_proba(X)[:, 1], EDGE, 1 - EDGE)
        raw: np.ndarray = np.log(chance) - np.log1p(-chance)
        return raw

    def contributions(self, X: np.ndarray) -> tuple[np.ndarray, float]:
        """Refused: there are no exact ones."""
        raise PlumblineError(
            "a candidate of the kind other has no exact contributions",
            where="explanation",
            todo="It is there to compare with, and is never deployed: explain another candidate.",
        )

    def state(self) -> dict[str, Any]:
        """What names the model; it cannot be made again from this."""
        return {"kind": self.kind, "made_of": self.made_of, "notes": self.notes}


def fit_other(
    grid: list[Settings],
    X: np.ndarray,
    y: np.ndarray,
    clusters: np.ndarray,
    seed: int,
    columns: Sequence[Column] = (),
) -> OtherModel:
    """Fit a scikit-learn classifier.

    Parameters
    ----------
    grid : list of dict
        Under `class` its import path, which the section has checked, and its parameters.
    X, y, clusters, seed, columns
        As in `fit_candidate`; what is known of the columns is not used.

    Raises
    ------
    PlumblineError
        When scikit-learn refuses the parameters or the rows.
    """

    def fit(settings: Settings, X: np.ndarray, y: np.ndarray, clusters: np.ndarray) -> OtherModel:
        pipeline = _pipeline(settings, seed)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                pipeline.fit(X, y)
            except (ValueError, TypeError) as error:
                # its words are not passed on: they may hold values
                raise PlumblineError(
                    f"{settings['class']} could not be fitted ({type(error).__name__})",
                    where="candidate other",
                    todo="Check its params against scikit-learn's documentation.",
                ) from None
        notes = {"settings": settings, "warnings": sorted({each.category.__name__ for each in told})}
        return OtherModel(pipeline, _made_of(settings, X, y, seed), notes)

    return fit(tuned(grid, fit, X, y, clusters, seed), X, y, clusters)


def _pipeline(settings: Settings, seed: int) -> Any:
    from importlib import import_module

    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.utils import get_tags

    module, _, name = settings["class"].rpartition(".")
    classifier = getattr(import_module(module), name)(**{k: v for k, v in settings.items() if k != "class"})
    if "random_state" in classifier.get_params():
        classifier.set_params(random_state=seed)
    if get_tags(classifier).input_tags.allow_nan:
        return make_pipeline(classifier)
    # trees do not need the scaling, and it does not change them
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return make_pipeline(imputer, StandardScaler(), classifier)


def _made_of(settings: Settings, X: np.ndarray, y: np.ndarray, seed: int) -> str:
    import sklearn

    digest = hashlib.sha256(repr((sklearn.__version__, seed, sorted(settings.items()))).encode())
    digest.update(np.ascontiguousarray(X).tobytes())
    digest.update(np.ascontiguousarray(y).tobytes())
    return digest.hexdigest()
