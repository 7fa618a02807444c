"""What pages are told of the model that scores: a points list as plain values, and reasons counted without rows."""

from __future__ import annotations

import json
from itertools import product
from types import SimpleNamespace
from typing import Any

import duckdb
import numpy as np
import pytest

from features.spec import columns
from models.candidates.points import PointsModel
from models.candidates.statements import COMPARISONS
from pipelines.packs import load_pack
from pipelines.report_context import about_scores

PACK = load_pack("family_support")
LISTED = columns(PACK.programme.features)
PLACES = [0, 3, 7]
POINTS = [3, -2, 1]


class Line:
    """A calibrator that keeps the probability."""

    def score(self, raw: np.ndarray) -> np.ndarray:
        result: np.ndarray = 1 / (1 + np.exp(-raw))
        return result

    def interval(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.score(raw - 0.1), self.score(raw + 0.1)


def told(fitted: Any) -> dict[str, Any]:
    run: Any = SimpleNamespace(con=duckdb.connect(), programme="family_support", pack=PACK)
    run.con.execute("CREATE SCHEMA models")
    run.con.execute(
        "CREATE TABLE models.\"family_support__scores\" AS FROM (VALUES (true, NULL), (false, 'old_evidence'), "
        "(false, 'thin_evidence'), (false, 'old_evidence')) t (informative, reason)"
    )
    model: Any = SimpleNamespace(
        fitted=fitted, columns=tuple(column.name for column in LISTED), calibrator=Line(), base_rate=0.2
    )
    return about_scores(run, model)


@pytest.fixture(scope="module")
def points() -> PointsModel:
    return PointsModel(
        columns=np.array(PLACES),
        comparisons=np.array([COMPARISONS.index(name) for name in ("at_least", "below", "missing")]),
        cuts=np.array([2.0, 0.5, 0.0]),
        points=np.array(POINTS),
        shares=np.array([0.4, 0.2, 0.001]),
        intercept=-1.0,
        slope=0.4,
        width=len(LISTED),
    )


def test_a_points_list_is_told_as_it_would_be_printed(points: PointsModel) -> None:
    found = told(points)
    assert found["points"] == [
        {"feature": LISTED[0].feature, "category": None, "comparison": "at_least", "cut": 2.0, "points": 3},
        {
            "feature": LISTED[7].feature,
            "category": LISTED[7].category,
            "comparison": "missing",
            "cut": None,
            "points": 1,
        },
        {"feature": LISTED[3].feature, "category": LISTED[3].category, "comparison": "below", "cut": 0.5, "points": -2},
    ]
    assert json.loads(json.dumps(found)) == found, "plain values"
    assert "share" not in str(found), "how many past cases a line holds for may be a small number"


def test_whoever_adds_up_finds_the_model_s_own_score(points: PointsModel) -> None:
    scores = {each["total"]: each for each in told(points)["points_scores"]}
    assert list(scores) == sorted({sum(chosen) for chosen in product(*((0, worth) for worth in POINTS))})
    X = np.full((8, len(LISTED)), 1.0)
    for row, (one, two, three) in enumerate(product((False, True), repeat=3)):
        X[row, 0] = 5.0 if one else 1.0
        X[row, 3] = 0.0 if two else 1.0
        X[row, 7] = np.nan if three else 1.0
    for total, raw in zip(points.total(X), points.raw(X), strict=True):
        assert scores[int(total)]["score"] == pytest.approx(float(Line().score(raw)))
        assert scores[int(total)]["low"] < scores[int(total)]["score"] < scores[int(total)]["high"]


def test_other_models_have_no_list_and_reasons_are_counted() -> None:
    found = told(SimpleNamespace(kind="logistic"))
    assert (found["points"], found["points_scores"]) == ([], [])
    assert found["uninformative_reasons"] == {"old_evidence": 2, "thin_evidence": 1}
