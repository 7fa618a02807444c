"""Cases needed, gaps that could have been seen, and the largest gap: by hand, and at their edges."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from fairness_reports.audit.draws import bootstrapped, replicated
from fairness_reports.audit.estimates import Confidence, RatioEstimate
from fairness_reports.audit.grouping import Groups
from fairness_reports.audit.metrics import RATIOS
from fairness_reports.audit.pairs import extreme_gap, extreme_ratio
from fairness_reports.audit.power import detectable, needed
from fairness_reports.audit.statistics import per_case, summed
from fairness_reports.states import CANNOT_TELL, OUTSIDE, WITHIN, state


@pytest.mark.parametrize(
    ("value", "low", "high", "tolerance", "expected"),
    [
        (0.05, 0.02, 0.08, 0.06, 900),  # .03 has to become .01: nine times as many
        (0.0, -0.2, 0.1, 0.1, 400),  # the longer half decides
        (0.10, -0.02, 0.14, 0.04, 401),  # .12 has to become less than .06
        (-0.10, -0.14, 0.02, 0.04, 401),
        (0.0, -0.01, 0.01, 0.1, 1),  # decided long ago
        (0.05, 0.0, 0.1, 0.05, np.inf),
        (-0.05, -0.1, 0.0, 0.05, np.inf),
        (0.0, -0.1, 0.1, 0.0, np.inf),
        (0.05, np.nan, np.nan, 0.1, np.nan),
        (np.nan, np.nan, np.nan, 0.1, np.nan),
    ],
)
def test_cases_needed(value: float, low: float, high: float, tolerance: float, expected: float) -> None:
    assert needed([value], [low], [high], [100], tolerance).tolist() == pytest.approx([expected], nan_ok=True)


def test_with_so_many_cases_the_state_is_decided_and_with_one_fewer_it_is_not() -> None:
    rng = np.random.default_rng(0)
    for value, down, up, cases, tolerance in zip(
        rng.uniform(-0.3, 0.3, 300),
        rng.uniform(0.001, 0.4, 300),
        rng.uniform(0.001, 0.4, 300),
        rng.integers(10, 10_000, 300),
        rng.uniform(0, 0.2, 300),
        strict=True,
    ):
        enough = float(needed(value, value - down, value + up, cases, tolerance))
        for count, decided in ((enough, True), (enough - 1, False)):
            if count < 1:
                continue
            shrunk = np.sqrt(cases / count)
            found = state(value - down * shrunk, value + up * shrunk, tolerance)
            assert found in ({WITHIN, OUTSIDE} if decided else {CANNOT_TELL})


def test_a_detectable_gap_is_seen_four_times_in_five() -> None:
    for level in (0.95, 1 - 0.05 / 12):
        se, z = 0.03, norm.ppf(1 - (1 - level) / 2)
        gap = float(detectable(-z * se, z * se, level))
        assert norm.sf((z * se - gap) / se) == pytest.approx(0.8)
    assert np.isnan(detectable([np.nan], [0.1], 0.95)).all()


def _estimate(metric: str, shares: list[float], cases: int = 4_000, seed: int = 0, minimum: int = 10) -> RatioEstimate:
    """A count metric in groups of one size whose outcome, or selection, occurs as often as said."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(len(shares)), cases)
    happened = (
        rng.permuted(np.arange(cases)[None, :].repeat(len(shares), 0), axis=1) < np.array(shares)[:, None] * cases
    )
    flags = happened.reshape(-1)
    groups = Groups("region", [str(i) for i in range(len(shares))], codes)
    statistics = per_case(flags.astype(float), np.full(len(flags), 0.5), flags)
    sums = summed(groups, np.arange(len(flags)) // 2, len(flags) // 2 + 1, statistics)
    ((_, drawn),) = bootstrapped([sums], minimum, len(flags) // 2 + 1, [seed], 400)
    numerator, denominator = sums.metric(metric)
    keep = sums.cases() >= minimum
    return RatioEstimate(metric, sums, numerator / denominator, replicated(RATIOS[metric], drawn, keep), minimum)


def test_the_largest_gap_is_between_the_highest_and_the_lowest_with_a_longer_interval_than_one_pair_alone() -> None:
    estimate = _estimate("base_rate", [0.2, 0.35, 0.1, 0.3])
    every = np.ones(4, dtype=np.bool_)
    found = extreme_gap(estimate, every)
    assert found is not None
    assert (found.high, found.low) == (1, 2)
    assert found.value == pytest.approx(0.25)
    alone = estimate.gap_limits(estimate, 2, Confidence())
    assert found.low_limit < alone[0][1]
    assert found.high_limit > alone[1][1]
    bonferroni = estimate.gap_limits(estimate, 2, Confidence.family(6))
    assert found.low_limit > bonferroni[0][1] - 0.003
    ratio = extreme_ratio(estimate, every)
    assert ratio is not None
    assert (ratio.high, ratio.low) == (1, 2)
    assert ratio.value == pytest.approx(0.1 / 0.35)
    assert 0 < ratio.low_limit < ratio.value < ratio.high_limit < 1


def test_the_furthest_pair_does_not_depend_on_the_order_of_the_groups() -> None:
    shares = [0.2, 0.35, 0.1, 0.3]
    one, other = _estimate("base_rate", shares), _estimate("base_rate", shares[::-1])
    every = np.ones(4, dtype=np.bool_)
    for extreme in (extreme_gap, extreme_ratio):
        there, back = extreme(one, every), extreme(other, every)
        assert there is not None
        assert back is not None
        assert (back.high, back.low) == (3 - there.high, 3 - there.low)
        # other cases, so nearly the same
        assert (back.value, back.low_limit) == pytest.approx((there.value, there.low_limit), abs=0.02)
        assert back.high_limit == pytest.approx(there.high_limit, abs=0.02)


def test_groups_that_do_not_compare_are_left_out_and_one_group_is_no_pair() -> None:
    estimate = _estimate("base_rate", [0.2, 0.35, 0.1, 0.3])
    found = extreme_gap(estimate, np.array([True, False, True, True]))
    assert found is not None
    assert (found.high, found.low) == (3, 2)
    for comparable in ([False] * 4, [False, True, False, False]):
        assert extreme_gap(estimate, np.array(comparable)) is None
        assert extreme_ratio(estimate, np.array(comparable)) is None


def test_a_share_of_zero_and_groups_that_are_all_alike_have_intervals_too() -> None:
    estimate = _estimate("base_rate", [0.2, 0.0, 0.3], cases=60)
    every = np.ones(3, dtype=np.bool_)
    gap, ratio = extreme_gap(estimate, every), extreme_ratio(estimate, every)
    assert gap is not None
    assert ratio is not None
    assert (gap.high, gap.low) == (2, 1)
    assert gap.low_limit < 0.3 < gap.high_limit
    assert (ratio.value, ratio.low_limit) == (0, 0)
    assert 0 < ratio.high_limit < 1
    alike = extreme_gap(_estimate("base_rate", [0.2, 0.2], cases=1000), every[:2])
    assert alike is not None
    assert alike.value == 0
    assert alike.low_limit < 0 < alike.high_limit
    assert extreme_ratio(_estimate("base_rate", [0.0, 0.0], cases=60), every[:2]) is None


def test_many_pairs_are_left_to_bonferroni_with_nearly_the_same_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    estimate = _estimate("base_rate", [0.2, 0.35, 0.1, 0.3])
    every = np.ones(4, dtype=np.bool_)
    joint = extreme_gap(estimate, every)
    monkeypatch.setattr("fairness_reports.audit.pairs.MOST_JOINT", 2)
    bonferroni = extreme_gap(estimate, every)
    assert joint is not None
    assert bonferroni is not None
    assert bonferroni.low_limit == pytest.approx(joint.low_limit, abs=0.004)
    assert bonferroni.low_limit != joint.low_limit
