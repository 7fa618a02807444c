"""Made-up splits, choices, curves and fictional cases: what the page on the test of the model is made from."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd

from models.ablation import DIFFERENCE, without
from models.cohorts import as_of_dates
from models.informative import REASONS
from models.metrics import qualified
from models.metrics.top import SHARES, TIES, at
from models.selection import OURS, RANDOM, RULE_COLUMNS
from models.spec import SplitsSpec
from models.split_plan import Cohort, calendar_rows, plan, split_names

MODEL = "hist_gradient_boosting"
DEVELOPMENT = ("2012J", "2013J")
TEST = "2014B"
DAYS = {"2012J": date(2012, 10, 31), "2013J": date(2013, 10, 31), "2014B": date(2014, 3, 3)}
COLUMNS = ["split", "as_of", "model", "metric", "value", "low", "high", "n"]
CANDIDATES = {"base_rate": 0.5, "one_factor": 0.603, "points": 0.672, "logistic": 0.683, MODEL: 0.699}
FACTORS = ("days_since_last_visit", "late_submissions", "mean_mark", "earlier_attempts", "credits", "quiz")


def metrics() -> pd.DataFrame:
    """Rows beyond those of every release."""
    rows: list[tuple[Any, ...]] = []

    def add(
        split: str, model: str, metric: str, value: float | None, half: float | None = 0.015, n: int = 6505
    ) -> None:
        ends = (None, None) if half is None or value is None else (value - half, value + half)
        rows.append((split, DAYS.get(split), model, metric, value, *ends, n))

    for model, auc in CANDIDATES.items():
        add("2012J", model, "auc", auc - 0.01)
        add("development", model, "auc", auc, 0.01, 12000)
    for split in ("2013J", TEST):
        add(split, "points", "auc", 0.67)
    add(TEST, MODEL, "calibration_error", 0.012, 0.008)
    for split in (*DEVELOPMENT, TEST):
        add(split, f"{MODEL} {'purged' if split == '2013J' else 'cross_fitted'}", "auc", 0.694)
    add("2013J [1y]", f"{MODEL} history 1y", "auc", 0.671)
    for i, t in enumerate((0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)):
        add(TEST, MODEL, f"net_benefit[{t:.2f}]", max(0.16 - 0.035 * i, -0.004), 0.008)
        add(TEST, MODEL, f"net_benefit_all[{t:.2f}]", 0.192 - t / (1 - t) * 0.808, 0.01)
    for share, auc in (("25%", 0.651), ("50%", 0.68), ("75%", 0.692)):
        add("development", MODEL, f"auc[learning {share}]", auc)
        add("2013J", MODEL, f"training_rows[learning {share}]", float(share[:-1]) * 41, None)
    for i, factor in enumerate(FACTORS):
        add(
            "development",
            without(MODEL, factor),
            f"auc{DIFFERENCE}",
            None if factor == "quiz" else -0.03 / (i + 1) + 0.004,
        )
    for name, base in (("capacity", 0.38), ("50", 0.61), ("5%", 0.55)):
        for share in SHARES:
            if name != "capacity":  # that one every release has
                add(TEST, MODEL, at(share, name), base, 0.03)
            for tie, by in zip(TIES, (-0.01, 0.02, 0.004), strict=True):
                add(TEST, MODEL, at(share, name, tie), base + by, 0.03)
        add(TEST, MODEL, at("unknown", name), 0.0 if name == "50" else None, None)
    for subset, n in (("north", 3100), ("island", 41)):
        for metric in ("base_rate", "auc", "precision_at_capacity", "recall_at_capacity"):
            add(TEST, MODEL, qualified(metric, f"subset {subset}"), 0.4 if n > 100 else None, 0.04, n)
    for metric in ("auc", "average_precision", "base_rate", "recall_at_capacity"):
        add(TEST, MODEL, qualified(metric, "within 30d"), 0.45, 0.02)
    for kind in ("seeds", "retrained", "release"):
        add(TEST, MODEL, f"factor_rank_agreement[{kind}]", 0.82, 0.05)
        add(TEST, MODEL, f"factor_top_overlap[{kind}]", 0.8, 0.1)
    return pd.DataFrame(rows, columns=COLUMNS)


def selection() -> pd.DataFrame:
    best = max(CANDIDATES.values())
    return pd.DataFrame(
        [(name, auc, best - auc, best - auc <= 0.01, 2) for name, auc in CANDIDATES.items()],
        columns=["candidate", "auc", "behind_best", "within_margin", "splits"],
    )


def rules() -> pd.DataFrame:
    return pd.DataFrame(
        [(OURS, MODEL, 0.004, 0.009, 3), ("least_variance", "base_rate", 0.18, 0.2, 3), (RANDOM, None, 0.06, 0.1, 3)],
        columns=RULE_COLUMNS,
    )


def splits() -> pd.DataFrame:
    """A split of each kind: relatives left out, cross-fitted, few of them, a further history."""
    rows = [
        ("2012J", "development", None, "purged", "2011J, 2012B", 2400, 7, 0.003),
        ("2013J", "development", None, "cross_fitted", "2011J, 2012B, 2012J", 4116, 900, 0.22),
        ("2013J [1y]", "development", "1y", "purged", "2012J", 1900, 90, 0.04),
        (TEST, "test", None, "purged", "2011J, 2012B, 2012J, 2013B", 9100, 411, 0.043),
    ]
    return pd.DataFrame(
        [
            {
                "split": split, "as_of": DAYS.get(split, DAYS["2013J"]), "role": role, "history": history,
                "design": design, "train_cohorts": trained, "test_cohorts": split[:5], "train_rows": n,
                "purged": purged, "purged_share": share, "test_rows": 6505,
            }
            for split, role, history, design, trained, n, purged, share in rows
        ]
    )  # fmt: skip


def calendar() -> pd.DataFrame:
    today = date(2014, 10, 31)
    cohorts = [
        Cohort(day, f"c{day:%y%m}", day + timedelta(90), day + timedelta(97), day + timedelta(97) <= today)
        for day in as_of_dates(date(2012, 1, 1), 3, today)
    ]
    planned = plan(cohorts, SplitsSpec.model_validate({"last": 3, "histories": ["9y", "1y"]}))
    return calendar_rows(planned, split_names(planned, cohorts))


POINTS: list[dict[str, Any]] = [
    {"feature": "days_since_last_visit_28d", "category": None, "comparison": "at_least", "cut": 12.0, "points": 3},
    {"feature": "course_28d", "category": "BBB", "comparison": "is", "cut": None, "points": 2},
    {"feature": "quiz_28d", "category": None, "comparison": "missing", "cut": None, "points": 1},
    {"feature": "mean_mark_28d", "category": None, "comparison": "below", "cut": 54.5, "points": -2},
]
POINTS_SCORES = [
    {"total": total, "score": 0.08 + 0.04 * total, "low": 0.05 + 0.04 * total, "high": 0.12 + 0.04 * total}
    for total in range(-2, 7)
]
VIGNETTES: list[dict[str, Any]] = [
    {"name": "blank", "story": {"en": "Registered a month ago; nothing else.", "de": "Vor einem Monat eingeschrieben."},
     "score": 0.12, "low": 0.09, "high": 0.15, "informative": False, "reason": "thin_evidence"},
    {"name": "fading_away", "story": {"en": "Three weeks without a visit.", "de": "Drei Wochen ohne Besuch."},
     "score": 0.41, "low": 0.36, "high": 0.47, "informative": True, "reason": None},
    {"name": "no_reason_given", "story": {"en": "A case in between.", "de": "Ein Fall dazwischen."},
     "score": 0.2, "low": 0.16, "high": 0.24, "informative": False, "reason": None},
]  # fmt: skip
STATEMENTS: list[dict[str, Any]] = [
    {"higher": "fading_away", "lower": "blank", "holds": True,
     "because": {"en": "Who stays away leaves more often.", "de": "Wer wegbleibt, geht öfter."}},
    {"higher": "blank", "lower": "no_reason_given", "holds": False,
     "because": {"en": "Silence says something.", "de": "Schweigen sagt etwas."}},
]  # fmt: skip
UNINFORMATIVE = dict(zip(REASONS, (700, 3, 120, 400), strict=True))
