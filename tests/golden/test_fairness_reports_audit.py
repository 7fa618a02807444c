"""The audit reproduces a published one to the printed digit.

The counts and rates are those of J. Larson, S. Mattu, L. Kirchner and J. Angwin, "How We Analyzed the COMPAS Recidivism
Algorithm" (ProPublica, 2016): two-year recidivism among Black and white defendants, medium and high scores as selected.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fairness_reports.audit import audit
from fairness_reports.spec import ProtectedSpec
from tests.fairness_reports_audit_data import pick

COUNTS = {  # true negatives, false positives, false negatives, true positives
    "African-American": (990, 805, 532, 1369),
    "Caucasian": (1139, 349, 461, 505),
}
PUBLISHED = {
    ("African-American", "fpr"): 44.85,
    ("African-American", "fnr"): 27.99,
    ("African-American", "base_rate"): 51,
    ("African-American", "ppv"): 63,
    ("African-American", "npv"): 65,
    ("Caucasian", "fpr"): 23.45,
    ("Caucasian", "fnr"): 47.72,
    ("Caucasian", "base_rate"): 39,
    ("Caucasian", "ppv"): 59,
    ("Caucasian", "npv"): 71,
}


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    rows = [
        (group, outcome, selected)
        for group, counts in COUNTS.items()
        for (outcome, selected), count in zip([(0, False), (0, True), (1, False), (1, True)], counts, strict=True)
        for _ in range(count)
    ]
    frame = pd.DataFrame(rows, columns=["race", "outcome", "selected"])
    frame = frame.assign(split="2016", case_id=np.arange(len(frame)), score=frame["selected"] * 0.6 + 0.2)
    return audit(frame, None, ProtectedSpec(attributes=["race"]))


@pytest.mark.parametrize(("group", "metric"), list(PUBLISHED))
def test_published_rates(published: pd.DataFrame, group: str, metric: str) -> None:
    printed = PUBLISHED[group, metric]
    digits = 2 if isinstance(printed, float) else 0
    assert round(100 * pick(published, attribute="race", group=group, metric=metric)["value"], digits) == printed


def test_its_finding_is_no_accident(published: pd.DataFrame) -> None:
    for metric, sign in (("fpr", 1), ("fnr", -1)):
        row = pick(published, attribute="race", group="African-American", metric=metric, comparison="difference")
        assert sign * row["low"] > 0
        assert sign * row["high"] > 0
