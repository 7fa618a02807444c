"""Rows with a category, directions and missing values, for tests of candidates."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pandas as pd

from features.spec import Column
from models.candidates import Fitted, fit_candidate
from models.spec import SIMPLEST_FIRST, CandidateSpec

HAS_EBM = find_spec("interpret") is not None
NO_EBM = "interpret-core is not installed: scripts/setup ebm"

KINDS = [kind for kind in SIMPLEST_FIRST if kind != "other" and (kind != "ebm" or HAS_EBM)]
"""The kinds that can be fitted here, stored and explained."""

QUICK = {
    "hist_gradient_boosting": {"max_trees": 15, "min_samples_leaf": 10, "max_leaf_nodes": 4},
    "ebm": {"max_rounds": 40, "min_samples_leaf": 5, "pairs": 1},
    "points": {"max_items": 5},
    "logistic": {"inverse_penalty": [0.01, 0.1]},
}

COLUMNS = (
    Column("age", "age", "age", "age_years", "up"),
    Column("school__a", "school", "school", "attribute_category", category="a"),
    Column("contacts", "contacts", "contacts", "event_count", "down"),
    Column("school__b", "school", "school", "attribute_category", category="b"),
    Column("school__not_recorded", "school", "school", "attribute_category", category=""),
    Column("noise", "noise", "noise", "event_count"),
)
NAMES = [column.name for column in COLUMNS]


def spec_of(kind: str, **params: object) -> CandidateSpec:
    """A quick candidate of a kind."""
    return CandidateSpec.model_validate({"name": kind, "params": {**QUICK.get(kind, {}), **params}})


def made(seed: int = 0, n: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, labels, clusters; the score of a row is told by its first four columns."""
    generator = np.random.default_rng(seed)
    school = generator.integers(0, 5, n)  # a, b, not recorded, a value that was not declared, missing
    age, contacts = generator.integers(0, 18, n).astype(float), generator.poisson(1.5, n).astype(float)
    told = [np.where(school == 4, np.nan, (school == k).astype(float)) for k in range(3)]
    line = 0.2 * age - 0.6 * contacts + 1.2 * (school == 1) - 0.8 * (school == 3) - 1.5
    y = (generator.random(n) < 1 / (1 + np.exp(-line))).astype(float)
    age[generator.random(n) < 0.1] = np.nan
    X = np.column_stack([age, told[0], contacts, told[1], told[2], generator.normal(size=n)])
    return X, y, np.array([f"k{i}" for i in generator.integers(0, n // 2, n)], dtype=object)


def fitted(kind: str, seed: int = 0, n: int = 400, **params: object) -> tuple[Fitted, np.ndarray]:
    """A fitted candidate and its training rows."""
    X, y, clusters = made(seed, n)
    return fit_candidate(spec_of(kind, **params), X, y, clusters, 1, COLUMNS), X


def frame(X: np.ndarray) -> pd.DataFrame:
    """The rows as the matrix has them."""
    return pd.DataFrame(X, columns=NAMES)
