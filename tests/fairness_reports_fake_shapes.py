"""Made-up shapes, tendencies and reasons of fictional cases for tests of the page of explanations."""

from __future__ import annotations

from typing import Any

import pandas as pd

from models.explanation.shapes import COLUMNS
from models.explanation.tendencies import COLUMNS as TENDENCIES

KINDS = {
    "days_since_last_visit": "days_since_last",
    "late_submissions": "count",
    "mean_mark": "mean",
    "earlier_attempts": "attribute_number",
    "credits": "attribute_number",
    "registered_before_start": "days_since_opened",
    "course": "attribute_category",
    "forum": "share",
    "quiz": "any",
}
"""The kind of each factor's feature in tests.fairness_reports_fake."""

# from, to, mean contribution, cases
_BINS: dict[str, list[tuple[float | None, float | None, float, int]]] = {
    "days_since_last_visit": [(None, 1, -0.62, 1900), (2, 4, -0.24, 2600), (5, 12, 0.03, 2400), (13, 39, 0.31, 1500),
                              (40, None, 0.74, 804)],
    "late_submissions": [(0, 0, -0.11, 6100), (1, 1, 0.14, 1900), (2, None, 0.4, 1204)],
    "mean_mark": [(None, 40, 0.02, 900), (40, 62.5, 0.11, 2900), (62.5, 80, 0.16, 3100), (80, None, 0.24, 1300)],
    "earlier_attempts": [(0, 0, 0.1, 7000), (1, 1, -0.12, 1500), (2, None, 0.12, 704)],
    "credits": [(None, 60, 0.01, 5000), (61, None, 0.02, 4204)],
    "registered_before_start": [(None, 30, 0.08, 4000), (31, None, -0.07, 5204)],
    "forum": [(0, 0, 0.09, 3000), (0, 0.25, 0.0, 3000), (0.25, None, -0.08, 3204)],
    "quiz": [(0, 0, 0.07, 5000), (1, 1, -0.06, 4204)],
}  # fmt: skip
_TYPICAL = {"days_since_last_visit": (2.0, 40.0), "late_submissions": (0.0, 3.0), "mean_mark": (31.0, 92.0),
            "earlier_attempts": (0.0, 2.0), "credits": (60.0, 60.0), "registered_before_start": (3.0, 120.0),
            "forum": (0.0, 0.8), "quiz": (0.0, 1.0)}  # fmt: skip


def shapes() -> pd.DataFrame:
    """Up, up with zero apart, against the expectation, bent, flat, down, a category, yes or no."""
    rows: list[list[Any]] = []
    for factor, ranges in _BINS.items():
        feature, place = f"{factor}_28d", 0
        n = sum(size for *_, size in ranges)
        rows.append([factor, feature, 0, "typical", *_TYPICAL[factor], None, 0.0, -0.2, 0.2, n, None])
        for place, (low, high, mean, size) in enumerate(ranges, 1):
            rows.append([factor, feature, place, "bin", low, high, None, mean, mean - 0.05, mean + 0.05, size, None])
        if factor == "mean_mark":
            rows.append([factor, feature, place + 1, "missing", None, None, None, -0.3, -0.3, -0.3, 997, None])
    parts: list[tuple[str, str | None, float, int]] = [
        ("category", "AAA", -0.55, 900), ("category", "B&B", 0.22, 4000), ("category", "CCC", 0.06, 2000),
        ("category", "DDD", 0.07, 2000), ("category", "EEE", 0.08, 100), ("other", None, 0.0, 204),
    ]  # fmt: skip
    for place, (part, category, mean, size) in enumerate(parts):
        rows.append(["course", "course_28d", place, part, None, None, category, mean, None, None, size, None])
    return pd.DataFrame(rows, columns=list(COLUMNS))


def tendencies() -> pd.DataFrame:
    """Past cases: as expected, too few, the other way (mean_mark as the model does, credits against a flat model)."""
    figures: dict[str, tuple[float | None, float | None, float | None]] = {
        "days_since_last_visit": (0.66, 0.63, 0.69),
        "late_submissions": (None, None, None),
        "mean_mark": (0.56, 0.53, 0.59),
        "credits": (0.45, 0.42, 0.48),
        "registered_before_start": (0.49, 0.47, 0.51),
        "forum": (0.44, 0.41, 0.47),
        "quiz": (0.46, 0.43, 0.49),
    }
    rows = [
        [
            factor,
            f"{factor}_28d",
            *ends,
            None if ends[0] is None else 18000,
            "fewer than 10" if ends[0] is None else None,
        ]
        for factor, ends in figures.items()
    ]
    return pd.DataFrame(rows, columns=list(TENDENCIES))


def _reason(factor: str, contribution: float, value: float | None, category: str | None = None) -> dict[str, Any]:
    told = {"factor": factor, "feature": f"{factor}_28d", "category": category, "value": value}
    return {**told, "contribution": contribution}


REASONS: dict[str, list[dict[str, Any]]] = {
    "blank": [],
    "fading_away": [
        _reason("days_since_last_visit", 0.61, 21.0),
        _reason("course", 0.22, 1.0, "B&B"),
        _reason("forum", 0.09, 0.0),
        _reason("mean_mark", -0.3, None),
        _reason("quiz", -0.06, 1.0),
    ],
    "no_reason_given": [
        _reason("course", 0.1, 0.0, "AAA"),
        {**_reason("quiz", -0.06, None), "feature": None},
    ],
}
"""By the name of the case in tests.fairness_reports_fake_tested.VIGNETTES."""
