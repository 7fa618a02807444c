"""What the pages of a large release are made from: three attributes of ten groups, their pairs, 40 factors.

    python -m benchmarks.reporting CASES OUT    render it there, and print what that took

Belongs here: made-up figures, as many as an audit of that size gives, and rendering them.
Does not belong here: the harness (reports).
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.workload import measured
from fairness_reports.audit.reasons import fewer_than
from fairness_reports.reports import ReportContext, render
from fairness_reports.spec import JOIN, NOT_RECORDED, OVERALL
from pipelines.packs import load_pack
from pipelines.report_context import pack_context

GROUPS, FACTORS = 10, 40
ATTRIBUTES = ("gender", "age_band", "region")
SPLITS = ("2011B", "2011J", "2012B", "2012J", "2013B", "2013J", "2014B")
TEST, MODEL = SPLITS[-1], "hist_gradient_boosting"
BANDS = ("0.000–0.120", "0.120–0.280", "0.280–0.600", "0.600–1.000")
_SHARES = ("base_rate", "selection_rate", "tpr", "fpr", "fnr", "tnr", "ppv", "npv", "fdr", "for", "accuracy",
           "mean_score", "calibration", "brier", "auc", "calibration_selected", "capacity_share", "group_share",
           "unknown_share")  # fmt: skip
_MODELS = ("base_rate", "one_factor", "points", "logistic", MODEL)
_METRICS = ("auc", "average_precision", "brier", "brier_skill", "mean_score", "base_rate", "calibration_in_the_large",
            "calibration_slope", "precision_at_capacity", "recall_at_capacity", "lift_at_capacity")  # fmt: skip


def large(cases: int) -> ReportContext:
    """A context with as many figures as a release of so many cases with these groups has."""
    pack = load_pack("student_support")
    days = {split: pd.Timestamp(2011 + k // 2, 3 if k % 2 == 0 else 10, 1) for k, split in enumerate(SPLITS)}
    manifest = {
        "programme": pack.name, "release_id": "2014-10-31-0000000000", "as_of": "2014-10-31",
        "verdict": "not_auditable", "reasons": [], "met": [],
        "audited_model": {"name": MODEL, "content_hash": "0", "split": TEST},
    }  # fmt: skip
    cohorts = pd.DataFrame({"cohort": SPLITS, "as_of": days.values(), "role": "development", "cases": cases // 7,
                            "outcomes": cases // 35})  # fmt: skip
    rng = np.random.default_rng(1)
    return pack_context(
        pack,
        manifest,
        metrics=_metrics(rng, days, cases),
        fairness=_fairness(rng, days, cases),
        factors=_factors(rng, cases),
        quality=_quality(cases),
        cohorts=cohorts,
        scored=cases // 7,
        test_split=TEST,
    )


def _figures(rng: np.random.Generator, rows: pd.DataFrame, cases: int) -> pd.DataFrame:
    """Values with intervals; one in twenty rests on too few cases."""
    value = rng.uniform(0.05, 0.6, len(rows))
    few = rng.random(len(rows)) < 0.05
    held = {"value": value, "low": value - 0.02, "high": value + 0.03, "n": float(cases // 70)}
    rows = rows.assign(**held)
    rows.loc[few, ["value", "low", "high", "n"]] = np.nan
    return rows


def _metrics(rng: np.random.Generator, days: dict[str, pd.Timestamp], cases: int) -> pd.DataFrame:
    kinds = [name + part for name in _METRICS for part in ("", "[new]", "[returning]")]
    rows = pd.DataFrame(itertools.product(SPLITS, _MODELS, kinds), columns=["split", "model", "metric"])
    return _figures(rng, rows.assign(as_of=rows["split"].map(days)), cases)


def _groups() -> list[tuple[str, str]]:
    names = [*(f"group {k:02d}" for k in range(GROUPS - 1)), NOT_RECORDED]
    found = [(attribute, name) for attribute in ATTRIBUTES for name in names]
    for pair in itertools.combinations(ATTRIBUTES, 2):
        found += [(JOIN.join(pair), JOIN.join(both)) for both in itertools.product(names, names)]
    return found


def _fairness(rng: np.random.Generator, days: dict[str, pd.Timestamp], cases: int) -> pd.DataFrame:
    groups = _groups()
    plain = [(*each, "all", metric, kind) for each in groups for metric in ("n", *_SHARES)
             for kind in ("value", "difference") if kind == "value" or metric != "n"]  # fmt: skip
    banded = [(*each, band, metric, "value") for each in groups for band in BANDS for metric in ("n", "base_rate")]
    everybody = [(OVERALL, OVERALL, "all", metric, "value") for metric in ("n", *_SHARES)]
    everybody += [(OVERALL, OVERALL, band, "base_rate", "value") for band in BANDS]
    names = [f"contribution[factor_{k:02d}]" for k in range(FACTORS)]
    single = [each for each in groups if JOIN not in each[0]]
    carried = [(*each, band, metric, "difference") for each in single for band in ("with outcome", "without outcome")
               for metric in (*names, "raw")]  # fmt: skip
    columns = ["attribute", "group", "band", "metric", "comparison"]
    each = pd.DataFrame([*everybody, *plain, *banded], columns=columns)
    rows = pd.concat([each.assign(split=split) for split in SPLITS], ignore_index=True)
    rows = pd.concat([rows, pd.DataFrame(carried, columns=columns).assign(split=TEST)], ignore_index=True)
    rows = _figures(rng, rows.assign(as_of=rows["split"].map(days)), cases)
    rows.loc[rows["metric"] == "n", "value"] = rows["n"]
    apart = rows["comparison"] == "difference"
    rows.loc[apart, ["value", "low", "high"]] -= 0.3
    judged = apart & rows["metric"].isin(["fnr", "fpr", "calibration"]) & rows["attribute"].isin(ATTRIBUTES)
    states = rng.choice(["within", "outside", "cannot_tell"], len(rows))
    few = rows["value"].isna()
    return rows.assign(
        reference=np.where(apart, OVERALL, None),
        confirmatory=judged & (rows["split"] == TEST),
        state=np.where(judged & (rows["split"] == TEST), states, "not_judged"),
        identification="identified",
        bound_low=np.nan,
        bound_high=np.nan,
        needed_n=np.nan,
        detectable_gap=0.04,
        tipping_point=np.nan,
        reason=np.where(few, fewer_than(10), None),
    )


def _factors(rng: np.random.Generator, cases: int) -> pd.DataFrame:
    places = [(None, None), *(each for each in _groups() if JOIN not in each[0])]
    rows = [(f"factor_{k:02d}", *place) for k in range(FACTORS) for place in places]
    frame = pd.DataFrame(rows, columns=["factor", "attribute", "group"])
    made = _figures(rng, frame, cases).rename(columns={"value": "importance"})
    return made.assign(mean_contribution=made["importance"] - 0.3, direction="up")


def _quality(cases: int) -> pd.DataFrame:
    rules = [(f"table_{k:02d}", f"column_{i:02d}: required", "error") for k in range(12) for i in range(30)]
    frame = pd.DataFrame(rules, columns=["table", "rule", "severity"])
    return frame.assign(checked=cases, failed=0, passed=True, value=0.0, detail=None)


if __name__ == "__main__":
    import matplotlib.figure  # noqa: F401  (imports are not timed)

    context = large(int(sys.argv[1]))

    def work(_: Path, out: Path) -> None:
        """All pages in both languages."""
        render(out, context)

    measured(work)
