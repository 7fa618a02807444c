"""The deployed model learns from the very rows that a split of the same day would call possible."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from models.dataset import Rows
from models.deploy import fit_deployed
from models.outcomes import labels_as_known
from models.spec import CandidatesSpec, SplitsSpec
from models.splits import temporal_splits
from models.training import Trainer

MODEL_DAY = date(2024, 1, 1)


def frame() -> pd.DataFrame:
    """Quarterly cohorts of 60 cases, the window half a year, with outcomes recorded late now and then."""
    generator = np.random.default_rng(3)
    parts = []
    for day in pd.date_range("2019-01-01", "2024-01-01", freq="QS"):
        outcome = (generator.random(60) < 0.4).astype(float)
        happened = day + pd.to_timedelta(generator.integers(1, 180, 60), unit="D")
        known = happened + pd.to_timedelta(generator.integers(1, 60, 60), unit="D")
        parts.append(
            pd.DataFrame(
                {
                    "cohort": str(day.date()),
                    "as_of": day,
                    "case_id": [f"{day.date()}-{i}" for i in range(60)],
                    "cluster_id": [f"k{i}" for i in generator.integers(0, 400, 60)],
                    "window_end": day + pd.Timedelta(days=180),
                    "closes_on": day + pd.Timedelta(days=200),
                    "outcome_at": pd.Series(happened).where(outcome == 1),
                    "outcome_known_at": pd.Series(known).where(outcome == 1),
                    "outcome": outcome,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"histories": ["2y"]},
        {"histories": ["18mo", "4y"], "train_every": "6mo"},
        {"feature_start": "2020-04-01", "label_start": "2020-07-01"},
        {"train_every": "1y", "relatives": "cross_fit"},
    ],
)
def test_the_rows_of_the_deployed_model_are_those_of_a_split_on_its_day(
    spec: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = SplitsSpec.model_validate(spec)
    table = frame()
    X = pd.DataFrame({"x": np.arange(len(table), dtype=np.float64)})
    split = temporal_splits(table, cut)[-1]
    assert split.as_of == MODEL_DAY
    assert len(split.possible) > 100

    # the same day in a run: the newest cohort is open then
    now = table.copy()
    still_open = now["closes_on"] > pd.Timestamp(MODEL_DAY)
    now.loc[still_open, ["outcome", "outcome_at", "outcome_known_at"]] = None
    unseen = now["outcome_known_at"] >= pd.Timestamp(MODEL_DAY)
    now.loc[unseen, "outcome"] = 0.0
    now.loc[unseen, ["outcome_at", "outcome_known_at"]] = None

    learned: list[tuple[Rows, np.ndarray]] = []
    monkeypatch.setattr(Trainer, "fit", lambda self, candidate, rows, y: learned.append((rows, y)))
    trainer = Trainer(CandidatesSpec.model_validate(["base_rate", "logistic"]), 1)
    fit_deployed(Rows(now, X), trainer, "logistic", cut, MODEL_DAY)
    fit_deployed(Rows(table, X), trainer, "logistic", cut, MODEL_DAY)  # what came to be known later changes nothing
    for rows, y in learned:
        np.testing.assert_array_equal(rows.X["x"], split.possible)
        np.testing.assert_array_equal(y, split.y_possible)
    assert len(learned) == 2
    np.testing.assert_array_equal(split.y_possible, labels_as_known(table, MODEL_DAY)[split.possible])
