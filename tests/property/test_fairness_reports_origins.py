"""What holds for every waterfall and proxy test: sums, weights, order, honest intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairness_reports.origins.waterfall import TOLERANCE
from fairness_reports.spec import OVERALL, POOLED
from tests.fairness_reports_origins_data import ONE, Cases, cases, reveal, row

pytestmark = pytest.mark.slow

BANDS = {"all", "with outcome", "without outcome"}


@st.composite
def drawn(draw: st.DrawFn) -> Cases:
    made = cases(
        draw(st.integers(1, 150)),
        draw(st.integers(0, 2**32 - 1)),
        factors=draw(st.integers(1, 4)),
        parts=draw(st.sampled_from([1, 3])),
        per_cluster=draw(st.sampled_from([1.0, 3.0, 1e9])),
    )
    terms = made.terms.copy()
    if draw(st.booleans()):
        terms["factor 0"] = draw(st.sampled_from([0.0, 0.25, -1e-3]))
    outcome = np.full(len(terms), np.nan) if draw(st.booleans()) and draw(st.booleans()) else made.outcome
    return Cases(terms * draw(st.sampled_from([1.0, 1e-3, 30.0])), made.base, outcome, made.groups, made.clusters)


def terms_and_raw(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Shown values: one row per place, one column per term; and the raw score's."""
    place = ["attribute", "reference", "band", "group"]
    wide = table.pivot(index=place, columns="metric", values="value")
    raw = wide.pop("raw")
    return wide[raw.notna()], raw[raw.notna()]


@settings(max_examples=40, deadline=None)
@given(drawn(), st.sampled_from([1, 5, 10]), st.booleans())
def test_terms_add_up_and_groups_average_to_everybody(made: Cases, minimum: int, crossed: bool) -> None:
    table = made.fall(minimum_cell=minimum, references={"region": "a"}, intersections=crossed)
    terms, raw = terms_and_raw(table)
    assert (np.abs(terms.sum(axis=1) - raw) <= TOLERANCE).all()
    assert terms.notna().all(axis=None)
    # straight from the cases
    score = made.base + made.terms.sum(axis=1).to_numpy()
    kind = {
        "all": made.outcome == made.outcome,
        "with outcome": made.outcome == 1,
        "without outcome": made.outcome == 0,
    }
    kind["all"] = np.ones(len(score), dtype=bool)
    for (attribute, reference, band, group), value in raw.items():
        if " × " in attribute or group == POOLED:
            continue
        names = made.groups[attribute].fillna("not recorded").to_numpy()
        other = kind[band] if reference == OVERALL else kind[band] & (names == reference)
        assert value == pytest.approx(score[kind[band] & (names == group)].mean() - score[other].mean(), abs=1e-9)
    # everybody is made of the groups
    own = table[(table["reference"] == OVERALL) & (table["group"] != POOLED)]
    for _, part in own.groupby(["attribute", "band", "metric"]):
        if part["value"].notna().all():
            assert abs((part["value"] * part["n"].astype(float)).sum()) <= 1e-9 * max(1, len(made.base)) * 100


@settings(max_examples=40, deadline=None)
@given(drawn(), st.randoms(use_true_random=False))
def test_no_figure_without_reason_or_interval(made: Cases, random: object) -> None:
    table = made.fall(references={"sex": "f"})
    assert set(table["band"]) <= BANDS
    shown = table["value"].notna()
    assert (shown | table["reason"].notna()).all()
    told = table["low"].notna()
    assert (table["high"][told] > table["low"][told]).all()
    assert (table["low"][told] <= table["value"][told]).all()
    assert (told | table["reason"].notna()).all()
    assert (table["n"][shown] >= 10).all()
    assert table["detectable_gap"][told].gt(0).all()
    # a value without an interval is that of a term which never varies
    assert set(table.loc[shown & ~told, "reason"]) <= {"no variation"}
    assert not ((table["value"] == 0) & told & (table["low"] == table["high"])).any()


@settings(max_examples=25, deadline=None)
@given(drawn(), st.integers(0, 2**32 - 1))
def test_the_order_of_rows_shows_nowhere(made: Cases, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(made.base))
    pd.testing.assert_frame_equal(made.fall(), made.take(order).fall(), check_exact=True)
    X = made.terms.round(0)  # many cases alike in all but their groups
    shuffled = reveal(X.iloc[order].reset_index(drop=True), made.take(order).groups, made.clusters[order])
    pd.testing.assert_frame_equal(reveal(X, made.groups, made.clusters), shuffled, check_exact=True)


@pytest.mark.parametrize("seed", [3, 19])
def test_cases_alike_in_all_but_their_groups_have_one_order(seed: int) -> None:
    made = cases(150, seed, factors=2, per_cluster=1e9)
    clusters = np.array([f"k{i % 30}" for i in range(150)], dtype=object)
    X, order = made.terms.round(0), np.random.default_rng(seed).permutation(150)
    shuffled = reveal(X.iloc[order].reset_index(drop=True), made.take(order).groups, clusters[order])
    pd.testing.assert_frame_equal(reveal(X, made.groups, clusters), shuffled, check_exact=True)


@settings(max_examples=25, deadline=None)
@given(drawn())
def test_an_area_lies_in_its_interval_between_zero_and_one(made: Cases) -> None:
    table = reveal(made.terms, made.groups, made.clusters)
    told = table["value"].notna()
    assert (told == table["low"].notna()).all()
    assert (told == table["reason"].isna()).all()
    rows = table[told]
    assert ((rows["low"] >= 0) & (rows["low"] <= rows["value"]) & (rows["value"] <= rows["high"])).all()
    assert (rows["high"] <= 1).all()
    assert (rows["low"] < rows["high"]).all()


def test_intervals_of_a_gap_hold_the_truth() -> None:
    # households of one region whose members are alike: rows are not independent
    runs, held = 150, 0
    for seed in range(runs):
        rng = np.random.default_rng([5, seed])
        household = np.repeat(np.arange(60), 4)
        region = np.where(rng.random(60) < 0.3, "a", "b")[household]
        term = np.exp(rng.normal(size=60) * 0.7)[household] + rng.normal(size=240) * 0.5 + 0.5 * (region == "a")
        made = Cases(
            pd.DataFrame({"f": term}),
            np.zeros(240),
            np.full(240, np.nan),
            pd.DataFrame({"region": region}),
            household.astype(str).astype(object),
        )
        found = row(made.fall(ONE), "raw", "a", band="all")
        held += found["low"] <= 0.5 * (region != "a").mean() <= found["high"]
    assert 0.9 <= held / runs <= 0.99


def test_noise_reveals_nobody_and_its_interval_says_so() -> None:
    runs, held, values = 40, 0, []
    for seed in range(runs):
        rng = np.random.default_rng([6, seed])
        household = np.repeat(np.arange(200), 3)
        group = pd.DataFrame({"g": np.where(rng.random(200) < 0.2, "a", "b")[household]})
        X = pd.DataFrame(rng.normal(size=(600, 2)), columns=["u", "v"])
        X["u"] = rng.normal(size=200)[household]
        found = row(reveal(X, group, household.astype(str).astype(object)), "proxy_auc", "a")
        held += found["low"] <= 0.5 <= found["high"]
        values.append(found["value"])
    assert abs(np.mean(values) - 0.5) < 0.02
    assert held / runs >= 0.9
