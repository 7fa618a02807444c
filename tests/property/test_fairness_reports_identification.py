"""What holds for all bounds: they contain every attainable truth, are attained, widen with the declared ranges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fairness_reports.audit import audit
from fairness_reports.identification.cells import box
from fairness_reports.states import state
from tests.fairness_reports_audit_data import scored, threshold
from tests.fairness_reports_identification_data import (
    SPEC,
    by_hand,
    declare,
    parts,
    reporting,
    rows,
    sharp,
    truths,
    wanted,
)

pytestmark = pytest.mark.slow

GROUPS = ["a", "b", "c"]
SLACK = 1e-6
"""Limits beside a corner without a figure are taken this near."""


@st.composite
def cases(draw: st.DrawFn, unknown: bool = True, most: int = 9) -> pd.DataFrame:
    """A handful of cases in two or three groups."""
    groups = GROUPS[: draw(st.integers(2, 3))]
    kinds = [0.0, 1.0, float("nan")] if unknown else [0.0, 1.0]
    drawn = draw(
        st.lists(
            st.tuples(st.sampled_from(groups), st.booleans(), st.sampled_from(kinds), st.sampled_from([0.1, 0.4, 0.9])),
            min_size=4,
            max_size=most,
        )
    )
    table = rows(*(list(column) for column in zip(*drawn, strict=True)))
    assume(set(table["attribute region"]) == set(groups))
    return table


@settings(max_examples=15, deadline=None)
@given(cases(), st.sampled_from([(1.0, 1.0, 0.0), (0.5, 1.0, 0.0), (0.3, 0.8, 0.5), (0.5, 0.5, 0.0), (0.2, 1.0, 0.34)]))
def test_bounds_contain_every_truth_that_the_declaration_allows(
    table: pd.DataFrame, ranges: tuple[float, float, float]
) -> None:
    low, high, unfounded = ranges
    audited = wanted(sorted(set(table["attribute region"])))
    spec = reporting(low, high, unfounded=[{"at_least": 0, "at_most": unfounded}])
    found = sharp(table, spec, audited)
    for truth in truths(table, low, high, unfounded):
        figures = by_hand(table, truth, audited)
        known = ~np.isnan(figures)
        assert (figures[known] >= found.low[known] - SLACK).all()
        assert (figures[known] <= found.high[known] + SLACK).all()


@settings(max_examples=15, deadline=None)
@given(cases())
def test_bounds_for_unknown_outcomes_are_attained(table: pd.DataFrame) -> None:
    """With unknown outcomes alone, every corner is an assignment of outcomes."""
    audited = wanted(sorted(set(table["attribute region"])))
    found = sharp(table, declare(), audited)
    every = np.stack([by_hand(table, truth, audited) for truth in truths(table, 1.0, 1.0, 0.0)])
    cornered = (audited["comparison"] == "value") | audited["reference"].isin(GROUPS)
    # a ratio to a figure that can be 0 has no highest value
    defined = cornered.to_numpy() & ~np.isnan(every).all(axis=0) & np.isfinite(found.high)
    lowest, highest = (find(every[:, defined], axis=0) for find in (np.nanmin, np.nanmax))
    assert np.allclose(lowest, found.low[defined], atol=SLACK)
    assert np.allclose(highest, found.high[defined], atol=SLACK)


@settings(max_examples=10, deadline=None)
@given(cases(most=14), st.sampled_from([0.3, 0.6]))
def test_gaps_to_everybody_are_attained_up_to_a_fine_grid(table: pd.DataFrame, least: float) -> None:
    """The group is part of everybody: the extreme of such a gap can lie between the corners."""
    audited = wanted(sorted(set(table["attribute region"])))
    audited = audited[(audited["reference"] == "overall") & audited["metric"].isin(["tpr", "fpr", "ppv", "accuracy"])]
    audited = audited.reset_index(drop=True)
    found = sharp(table, reporting(least), audited)
    _, _, figures, cells, split = parts(table, reporting(least), audited)
    problems = cells.problems(figures, split.ranges)[0]
    steps = np.linspace(0, 1, 21)
    mesh = np.stack([each.ravel() for each in np.meshgrid(steps, steps, [0, 1], [0, 1])], axis=-1)
    places = problems.low + mesh[:, None, :] * (problems.high - problems.low)
    values = problems.evaluate(places)
    defined = ~np.isnan(values).all(axis=0)
    lowest, highest = np.nanmin(values[:, defined], axis=0), np.nanmax(values[:, defined], axis=0)
    assert (found.low[defined] <= lowest + SLACK).all()
    assert (found.high[defined] >= highest - SLACK).all()
    # where they are reached is inside the ranges, and gives these figures
    for at, value in ((found.at_low, found.low), (found.at_high, found.high)):
        assert (at >= problems.low - SLACK).all()
        assert (at <= problems.high + SLACK).all()
        reached = defined & np.isfinite(value)
        assert np.allclose(problems.evaluate(at)[reached], value[reached])


share = st.floats(0.05, 1)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 5), st.tuples(share, share), st.tuples(share, share))
def test_the_range_of_true_outcomes_is_what_a_search_finds(
    p: int, q: int, u: int, recorded: tuple[float, float], wrong: tuple[float, float]
) -> None:
    (r_low, r_high), (f_low, f_high) = sorted(recorded), sorted(0.9 * each for each in wrong)
    founded, rate = np.meshgrid(
        np.linspace(p * (1 - f_high), p * (1 - f_low), 301), np.linspace(r_low, r_high, 301), indexing="ij"
    )
    true = founded / rate
    allowed = true - founded <= q + 1e-9
    found = box(np.array([p, q, u], dtype=float).reshape(1, 1, 1, 3), np.array([[r_low, r_high, f_low, f_high]]))
    assert 0 <= found.low[0, 0] <= found.high[0, 0] <= p + q + u + SLACK
    if allowed.any():
        assert found.low[0, 0] <= true[allowed].min() + SLACK
        assert found.high[0, 0] - u >= true[allowed].max() - SLACK
        grid = (p + 1) * 0.012 / r_low**2  # what a step of the grid is worth
        assert found.low[0, 0] >= true[allowed].min() - grid
        assert found.high[0, 0] - u <= true[allowed].max() + grid


@settings(max_examples=15, deadline=None)
@given(cases(most=25), st.tuples(share, share, share, share))
def test_bounds_widen_with_the_ranges(table: pd.DataFrame, ranges: tuple[float, float, float, float]) -> None:
    outer_low, inner_low, inner_high, outer_high = sorted(ranges)
    yes, no = (table["outcome"] == 1), (table["outcome"] == 0)
    cells = pd.DataFrame({"yes": yes, "no": no}).groupby([table["attribute region"], table["selected"]]).sum()
    if (cells["yes"] * (1 / inner_high - 1) > cells["no"]).any():
        # records that no rate of a range allows say nothing about a wider one
        inner_high = outer_high = 1.0
    audited = wanted(sorted(set(table["attribute region"])))
    inner, outer = (
        sharp(table, reporting(inner_low, inner_high), audited),
        sharp(table, reporting(outer_low, outer_high), audited),
    )
    known = ~np.isnan(inner.low)
    assert (outer.low[known] <= inner.low[known] + SLACK).all()
    assert (outer.high[known] >= inner.high[known] - SLACK).all()


@settings(max_examples=15, deadline=None)
@given(cases(unknown=False, most=25))
def test_all_recorded_and_known_is_a_point(table: pd.DataFrame) -> None:
    audited = wanted(sorted(set(table["attribute region"])))
    found = sharp(table, reporting(1.0), audited)
    points = by_hand(table, table["outcome"].to_numpy(), audited)
    known = ~np.isnan(points)
    assert np.allclose(found.low[known], points[known])
    assert np.allclose(found.high[known], points[known])


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 1000))
def test_the_tipping_point_is_where_bounds_stop_bearing_out_the_finding(seed: int) -> None:
    frame = scored(1500, seed=seed)
    rng = np.random.default_rng(seed)
    frame["selected"] = frame["selected"] | ((frame["region"] == "region 0") & (rng.random(len(frame)) < 0.2))
    judged = [threshold("tpr", tolerance=0.3), threshold("fpr", tolerance=0.05)]
    table = audit(frame, None, SPEC, replicates=100, confirmatory=judged, seed=seed)
    found = table[table["tipping_point"].gt(0) & table["tipping_point"].lt(1)]
    assert len(found) > 0
    cases = frame.rename(columns={"region": "attribute region"})
    for offset, overturned in ((-1e-4, True), (1e-4, False)):
        for row in (
            found.sample(min(len(found), 6), random_state=seed).to_frame_rows()
            if False
            else [found.iloc[i] for i in range(min(len(found), 6))]
        ):
            one = pd.DataFrame([row])[["group", "metric", "comparison", "reference", "attribute", "band", "n"]]
            ends = sharp(cases, reporting(row["tipping_point"] + offset), one)
            low, high = ends.low[0], ends.high[0]
            if row["confirmatory"]:
                limit = next(each.tolerance for each in judged if each.metric == row["metric"])
                assert limit is not None
                assert (state(low, high, limit) != row["state"]) == overturned
            else:
                assert ((low <= 0) if row["value"] > 0 else (high >= 0)) == overturned


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 1000))
def test_the_order_of_the_cases_does_not_matter(seed: int) -> None:
    frame = scored(800, seed=seed)
    frame.loc[frame.sample(50, random_state=1).index, "outcome"] = np.nan
    spec = reporting(0.8)
    one, other = (
        audit(each, None, SPEC, replicates=20, confirmatory=[threshold()], observation=spec)
        for each in (frame, frame.sample(frac=1, random_state=seed))
    )
    assert set(one["identification"].dropna()) >= {"bounded", "identified"}
    pd.testing.assert_frame_equal(one, other, check_exact=True)
