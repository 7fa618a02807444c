"""Cases needed, gaps that could have been seen, and the largest gap: by hand, and at their edges."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from fairness_reports.audit.power import detectable, needed
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
