"""From cohort rows to a backtest, a deployed model and scores; and the cohorts of the real programme."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from data_contracts.errors import PlumblineError
from models.backtest import cross_validated, develop, run_backtest
from models.cohorts import build_cohorts
from models.comparisons import Measures
from models.dataset import Rows
from models.deploy import change_in_scores, fit_deployed
from models.outcomes import build_outcomes
from models.scoring import score
from models.spec import BandSpec, CandidatesSpec, CohortSpec, OutcomeSpec, SplitsSpec, UncertaintySpec
from models.splits import temporal_splits
from models.training import Trainer

SPEC = CandidatesSpec.model_validate(
    ["base_rate", "one_factor", "logistic", {"name": "hist_gradient_boosting", "params": {"max_trees": 15}}]
)
BANDS = BandSpec.model_validate([{"name": "all", "up_to": 1}])


def rows(cohorts: int = 4, n: int = 350, seed: int = 0, closed: int | None = None) -> Rows:
    """Half-yearly cohorts whose windows last 90 days; the last one is open; some persons come back."""
    generator = np.random.default_rng(seed)
    frames, matrices = [], []
    closed = cohorts - 1 if closed is None else closed
    for number in range(cohorts):
        as_of = pd.Timestamp("2020-01-01") + pd.DateOffset(months=6 * number)
        X = pd.DataFrame(generator.normal(size=(n, 3)), columns=["a", "b", "c"])
        happened = generator.random(n) < 1 / (1 + np.exp(1.2 - 1.5 * X["a"]))
        person = generator.choice(2 * n, n, replace=False)
        known = as_of + pd.to_timedelta(generator.integers(1, 90, n), unit="D")
        is_closed = number < closed
        frames.append(
            pd.DataFrame(
                {
                    "cohort": f"c{number}",
                    "as_of": as_of,
                    "case_id": [f"{number}-{i:04}" for i in range(n)],
                    "person_id": [f"p{i}" for i in person],
                    "cluster_id": [f"k{i}" for i in person],
                    "returning_person": False,
                    "team": None,
                    "closes_on": as_of + pd.Timedelta(days=97),
                    "outcome_known_at": known.where(happened & is_closed),
                    "outcome": happened.to_numpy(dtype=np.float64) if is_closed else np.nan,
                }
            )
        )
        matrices.append(X)
    return Rows(pd.concat(frames, ignore_index=True), pd.concat(matrices, ignore_index=True))


RUN = date(2021, 7, 1)
"""The as-of date of the last cohort of `rows()`."""


def trainer(spec: CandidatesSpec = SPEC, store: Path | None = None) -> Trainer:
    return Trainer(spec, seed=1, store=store)


def most_urgent(score: np.ndarray, case_id: np.ndarray) -> np.ndarray:
    return score >= np.quantile(score, 0.9)


def test_a_backtest_from_rows_to_scores(tmp_path: Path) -> None:
    data, told = rows(), []
    found = run_backtest(data, SPEC, seed=1, margin=0.01, select=most_urgent, store=tmp_path, progress=told.append)
    assert found.splits["split"].tolist() == ["c1", "c2"]
    assert found.splits["role"].tolist() == ["development", "test"]
    assert found.splits["train_cohorts"].tolist() == ["c0", "c0, c1"]
    assert (found.splits["purged"] > 0).all()
    assert (found.splits["test_rows"] == 350).all()
    assert found.splits["design"].tolist() == ["cross_fitted", "cross_fitted"], "purging would drop over a tenth"
    assert len(found.predictions) == 2 * 5 * 350, "the chosen one also with its relatives purged"
    assert len(told) == 2 * 5 + 3 + 1, "the learning curve, and what each factor is compared with"
    assert len(found.audited.parts) == 5
    assert found.selection.basis == "development splits and folds"
    assert found.chosen in {"one_factor", "logistic"}  # one column matters: nothing is gained beyond it
    auc = found.metrics.query("split == 'c2' and metric == 'auc'").set_index("model")["value"]
    assert auc["base_rate"] == 0.5
    assert auc["logistic"] > 0.7

    deployed = fit_deployed(data, trainer(store=tmp_path), found.chosen, SplitsSpec(), RUN)
    assert deployed.rows == 3 * 350
    newest = data.to_score()
    assert set(newest.frame["cohort"]) == {"c3"}
    behind = newest.frame[["case_id", "as_of"]].assign(evidence_count=3, evidence_age_days=10)
    table = score(deployed, newest, BANDS, UncertaintySpec(), behind)
    assert len(table) == 350
    change = change_in_scores(found.audited, deployed, newest)
    assert change["n"] == 350
    assert change["rank_correlation"] > 0.9
    assert change["mean_size_of_change"] <= change["largest_change"]
    assert change_in_scores(found.audited, deployed, data.take(np.arange(0))) == {"n": 0}
    constant = fit_deployed(data, trainer(), "base_rate", SplitsSpec(), RUN)
    assert np.isnan(change_in_scores(constant, deployed, newest)["rank_correlation"])
    with pytest.raises(PlumblineError, match="forest is not among the candidates"):
        fit_deployed(data, trainer(), "forest", SplitsSpec(), RUN)

    files = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = run_backtest(data, SPEC, seed=1, margin=0.01, select=most_urgent, store=tmp_path)
    fresh = run_backtest(data, SPEC, seed=1, margin=0.01, select=most_urgent, store=tmp_path, retrain=True)
    for other in (again, fresh):
        pd.testing.assert_frame_equal(found.predictions, other.predictions, check_exact=True)
        pd.testing.assert_frame_equal(found.metrics, other.metrics, check_exact=True)
        assert other.audited.version == found.audited.version
    assert {path.name for path in tmp_path.iterdir()} == set(files)


def test_what_happens_after_a_tests_day_moves_nothing_that_it_was_scored_by() -> None:
    """Outcomes of cohorts open on the day, and records made on the day or later, leave the scores as they were."""
    data = rows()
    spec = CandidatesSpec.model_validate(["base_rate", "logistic"])
    before = run_backtest(data, spec, seed=1, margin=0.01)
    planted = data.frame.copy()
    later = planted["cohort"].isin(["c2", "c3"])
    planted.loc[later & planted["outcome"].notna(), "outcome"] = 1.0
    planted.loc[later, "outcome_known_at"] = planted.loc[later, "as_of"]
    told_late = (planted["cohort"] == "c1") & (planted["outcome"] == 0)
    planted.loc[told_late, "outcome"] = 1.0
    planted.loc[told_late, "outcome_known_at"] = pd.Timestamp("2021-01-01")  # the as-of date of c2
    after = run_backtest(Rows(planted, data.X), spec, seed=1, margin=0.01)
    pd.testing.assert_series_equal(before.predictions["score"], after.predictions["score"], check_exact=True)
    pd.testing.assert_frame_equal(before.selection.table, after.selection.table, check_exact=True)
    assert (
        fit_deployed(data, trainer(spec), "logistic", SplitsSpec(), RUN).version
        != fit_deployed(Rows(planted, data.X), trainer(spec), "logistic", SplitsSpec(), RUN).version
    )


def test_a_cluster_is_scored_by_models_that_never_saw_it() -> None:
    """Turning every label of some clusters in the past moves other clusters' scores, and never their own."""
    data, spec = rows(), CandidatesSpec.model_validate(["base_rate", "logistic"])
    split = temporal_splits(data.frame)[-1]
    assert split.design == "cross_fitted"
    clusters = data.frame["cluster_id"].to_numpy(dtype=object)
    one = next(c for c in clusters[split.test] if c in set(clusters[split.possible]))
    turned = split.y_possible.copy()
    turned[clusters[split.possible] == one] = 1 - turned[clusters[split.possible] == one]
    test = rows().take(split.test)
    before, after = (
        trainer(spec).fit_split(spec.models[1], data, each).score(test.X, clusters[split.test])
        for each in (split, replace(split, y_possible=turned))
    )
    own = clusters[split.test] == one
    assert (before[own] == after[own]).all()
    assert (before[~own] != after[~own]).any()


@pytest.mark.slow
def test_the_test_split_has_no_say_in_the_choice() -> None:
    data = rows(cohorts=6, n=150)
    spec = CandidatesSpec.model_validate(["base_rate", "one_factor", "logistic"])
    before = run_backtest(data, spec, seed=1, margin=0.0)
    assert before.selection.basis == "development splits"
    turned = data.frame.copy()
    test = turned["cohort"] == before.splits["split"].iloc[-1]
    turned.loc[test, "outcome"] = 1 - turned.loc[test, "outcome"]
    after = run_backtest(Rows(turned, data.X), spec, seed=1, margin=0.0)
    pd.testing.assert_frame_equal(before.selection.table, after.selection.table, check_exact=True)
    assert set(before.metrics["split"]) == {"c1", "c2", "c3", "c4", "development"}
    cut, measures = SplitsSpec(), Measures(seed=1)
    one, other = (develop(each, trainer(spec), cut, measures, margin=0.0) for each in (data, Rows(turned, data.X)))
    for name in ("predictions", "metrics", "rules"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)
    assert test.any()
    assert set(one.predictions["split"]) == {"c1", "c2", "c3"}


def test_without_a_development_split_the_folds_choose() -> None:
    found = run_backtest(rows(cohorts=3), SPEC, seed=1, margin=0.01)
    assert found.selection.basis == "folds"
    assert found.selection.table["splits"].tolist() == [1, 1, 1, 1]
    assert found.splits["role"].tolist() == ["test"]


def test_folds_that_cannot_be_cut_prefer_the_simplest() -> None:
    data = rows(cohorts=3)
    first = data.take(np.flatnonzero(data.frame["cohort"] == "c0"))
    first.frame["cluster_id"] = "one"
    spec = CandidatesSpec.model_validate(["base_rate", "logistic"])
    table = cross_validated(first, first.frame["outcome"].to_numpy(dtype=np.float64), spec, 1)
    assert table["auc"].tolist() == [0.5, 0.5]


def test_too_little_past_is_told_in_words() -> None:
    with pytest.raises(PlumblineError, match="20 outcomes and 20 non-outcomes"):
        run_backtest(rows(cohorts=2), SPEC, seed=1, margin=0.01)


def test_the_real_cohorts_and_what_the_run_can_know_of_them(oulad: Path) -> None:
    con = duckdb.connect()
    con.execute(
        f"""
        CREATE SCHEMA core;
        CREATE TABLE enrolment AS
          SELECT concat_ws('-', i.code_module, i.code_presentation, i.id_student) AS case_id,
                 i.id_student::VARCHAR AS person,
                 i.code_presentation AS presentation, i.disability, r.date_registration::INT AS came,
                 r.date_unregistration::INT AS went,
                 make_date(i.code_presentation[:4]::INT, if(i.code_presentation[5:] = 'B', 2, 10), 1) AS start
          FROM read_csv('{oulad}/studentInfo.csv.gz', nullstr=['', '?']) i
          JOIN read_csv('{oulad}/studentRegistration.csv.gz', nullstr=['', '?'], all_varchar=true) r
            ON r.code_module = i.code_module AND r.code_presentation = i.code_presentation
           AND r.id_student::BIGINT = i.id_student;
        CREATE TABLE core."case" AS
          SELECT 'p' AS programme, case_id, person AS person_id, person AS cluster_id, start + came AS opened_at,
                 start + went AS closed_at, start + went AS closed_known_at, NULL::DATE AS planned_end,
                 start + came AS known_at
          FROM enrolment WHERE came IS NOT NULL;
        CREATE TABLE core.membership (programme VARCHAR, person_id VARCHAR, cluster_id VARCHAR, known_at DATE);
        CREATE TABLE core.attribute AS
          SELECT 'p' AS programme, case_id AS subject_id, unnest(['start', 'presentation', 'disability']) AS name,
                 unnest([start::VARCHAR, presentation, disability]) AS value, start - 365 AS known_at FROM enrolment;
        CREATE TABLE core.event AS
          SELECT 'p' AS programme, person AS person_id, case_id, start + went AS event_at, start + went AS known_at,
                 'unregistration' AS event_type, NULL::VARCHAR AS category FROM enrolment WHERE went IS NOT NULL;
        """
    )
    spec = CohortSpec.model_validate({"as_of": {"attribute": "start", "plus_days": 30, "label": "presentation"}})
    counts = build_cohorts(con, "p", spec, date(2014, 10, 31), ["disability"])
    assert dict(zip(counts["cohort"], counts["cases"], strict=True)) == {
        "2013B": 4116, "2013J": 7678, "2014B": 6505, "2014J": 9204,
    }  # fmt: skip
    found = build_outcomes(
        con, "p", OutcomeSpec(name="left", event_type=["unregistration"], within="90d"), date(2014, 10, 31)
    )
    assert found["outcomes"].tolist() == [430, 654, 712, 0]
    assert found["closed"].tolist() == [True, True, True, False]
    assert found["unknown"].tolist() == [0, 0, 0, 9204]
    back = con.execute("SELECT count(*) FROM cohort.\"case\" WHERE cohort = '2014J' AND returning_person").fetchone()
    assert back == (1281,)
    left = con.execute(
        "SELECT \"group\", left_before / registered FROM cohort.attrition WHERE cohort = '2014J' ORDER BY 1"
    ).fetchall()
    assert [(group, round(share, 2)) for group, share in left] == [("N", 0.18), ("Y", 0.21)]
