"""Made-up rows of a whole audit: bounds, missing cases, contributions, options, earlier releases, a very large table."""
# ruff: noqa: E501

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from fairness_reports.audit.table import COLUMNS, typed
from fairness_reports.identification import ObservationSpec
from fairness_reports.mitigation.rows import COLUMNS as OPTION_COLUMNS
from fairness_reports.reports import ReportContext
from fairness_reports.spec import JOIN, OVERALL, SCORES_SHOWN
from tests import fairness_reports_fake as fake

TEST, DAY = "2014B", date(2014, 3, 3)
EARLIER = "2013J"
N = {"F": 3100, "M": 3405, "0-35": 4600, "35-55": 1850, "55<=": 48}
FNR = {"F": (0.74, 0.09), "M": (0.6, -0.05), "0-35": (0.66, 0.01), "35-55": (0.62, -0.03), "55<=": (0.7, 0.05)}
"""Of each group: the figure, and the difference from all cases."""
FPR = {"F": (0.12, -0.03), "M": (0.18, 0.03), "0-35": (0.15, 0.002), "35-55": (0.148, -0.002), "55<=": (0.2, 0.05)}
OVERALLS = {"n": 6505.0, "base_rate": 0.192, "selection_rate": 0.2, "fnr": 0.65, "fpr": 0.15, "attrition": 0.08}
ATTRIBUTES = {"gender": ("F", "M"), "age_band": ("0-35", "35-55", "55<=")}


def row(metric: str, value: float | None, half: float = 0.02, **columns: Any) -> dict[str, Any]:
    """One row; the interval is as wide to both sides."""
    made: dict[str, Any] = dict.fromkeys(COLUMNS)
    made |= {"split": TEST, "as_of": DAY, "attribute": OVERALL, "group": OVERALL, "band": "all", "metric": metric,
             "comparison": "value", "value": value, "n": 1200, "state": "not_judged", "confirmatory": False}  # fmt: skip
    if value is not None and half:
        made |= {"low": value - half, "high": value + half}
    return made | columns


def _of_attribute(attribute: str, split: str, day: date, shift: float) -> list[dict[str, Any]]:
    rows = []
    when = {"split": split, "as_of": day}
    for group in ATTRIBUTES[attribute]:
        where = {**when, "attribute": attribute, "group": group}
        size = N[group]
        rows.append(row("n", float(size), 0, n=size, identification="identified", **where))
        rows.append(row("group_share", size / 6505, 0.01, n=size, identification="identified", **where))
        rows.append(row("base_rate", 0.19, 0.02, n=size, **where))
        rows.append(row("selection_rate", 0.2, 0.02, n=size, identification="identified", **where))
        rows.append(
            row("attrition", 0.14 if group == "F" else 0.05, 0.02, n=size, identification="identified", **where)
        )
        for metric, figures, tolerance in (("fnr", FNR, 0.08), ("fpr", FPR, 0.08)):
            value, gap = figures[group]
            gap += shift
            half = 6.0 / size if group == "55<=" else 0.04 if metric == "fnr" else 0.015
            judged = split == TEST
            low, high = gap - half, gap + half
            state = "within" if low >= -tolerance and high <= tolerance else "cannot_tell"
            common = {**where, "n": round(size * 0.2) if metric == "fnr" else round(size * 0.8)}
            rows.append(row(metric, value + shift, half, identification="bounded", **common))
            rows.append(
                row(metric, gap, half, comparison="difference", reference=OVERALL, identification="bounded",
                    bound_low=low - 0.03, bound_high=high + 0.05, state=state if judged else "not_judged",
                    confirmatory=judged, detectable_gap=1.4 * half,
                    needed_n=4 * common["n"] if judged and state == "cannot_tell" else None,
                    tipping_point=0.83 if group == "F" else 0.4 if judged and state == "within" else None, **common)
            )  # fmt: skip
    return rows


def _largest() -> list[dict[str, Any]]:
    both = {"attribute": "gender", "group": "F", "reference": "M"}
    return [
        row("fnr", 0.14, 0.06, comparison="largest_gap", **both),
        row("fnr", 0.81, 0.08, comparison="smallest_ratio", **both),
        row("fpr", 0.05, 0.03, comparison="largest_gap",
            attribute="age_band", group="55<=", reference="35-55"),
    ]  # fmt: skip


def contributions() -> list[dict[str, Any]]:
    """Rows of a waterfall for women and men, and of the proxy test."""
    rows = []
    terms = {"days_since_last_visit": -0.21, "late_submissions": -0.06, "mean_mark": -0.04, "earlier_attempts": 0.08,
             "credits": 0.01, "quiz": -0.02}  # fmt: skip
    for group, sign in (("F", 1.0), ("M", -0.9)):
        for band, part in (("all", 1.0), ("with outcome", 0.7), ("without outcome", 0.9)):
            where = {"attribute": "gender", "group": group, "band": band, "comparison": "difference",
                     "reference": OVERALL}  # fmt: skip
            for factor, value in terms.items():
                rows.append(row(f"contribution[{factor}]", value * sign * part, 0.015, **where))
            rows.append(row("raw", sum(terms.values()) * sign * part, 0.05, **where))
        where = {"attribute": "gender", "group": group}
        rows.append(row("proxy_auc", 0.71, 0.02, **where))
        for feature, value in (("course_28d", 0.68), ("credits_28d", 0.57), ("quiz_28d", 0.44)):
            rows.append(row(f"proxy_auc[{feature}]", value, 0.02, **where))
    return rows


def everybody(split: str, day: date, share: float = 1.0) -> list[dict[str, Any]]:
    """Rows of all cases together."""
    when = {"split": split, "as_of": day}
    return [
        row(name, value * share if name == "n" else value, 0 if name == "n" else 0.01, n=6505, **when)
        for name, value in OVERALLS.items()
    ]


def fairness() -> pd.DataFrame:
    """A whole audit: two splits, scores shown, bounds, contributions, proxies."""
    return _fairness().copy()


@cache
def _fairness() -> pd.DataFrame:
    rows = [*everybody(EARLIER, date(2013, 10, 31)), *everybody(TEST, DAY)]
    rows += everybody(TEST + SCORES_SHOWN, DAY, 0.1)
    for attribute in ATTRIBUTES:
        rows += _of_attribute(attribute, EARLIER, date(2013, 10, 31), 0.015)
        rows += _of_attribute(attribute, TEST, DAY, 0.0)
    rows += [*_largest(), *contributions()]
    for value in ("0-20%", "80-100%"):
        where = {"attribute": "imd_band", "group": value, "n": 1200}
        rows += [row("n", 1200.0, 0, **where), row("selection_rate", 0.2, **where)]
        for metric in ("fnr", "fpr"):
            gap = 0.06 if value == "0-20%" else -0.05
            rows.append(row(metric, 0.65 + gap, **where))
            rows.append(row(metric, gap, comparison="difference", reference=OVERALL, detectable_gap=0.05, **where))
        for metric in ("capacity_share", "outcome_share", "capacity_balance", "calibration_selected", "auc_across"):
            rows.append(row(metric, 0.2, **where))
    for gender in ATTRIBUTES["gender"]:
        where = {"attribute": f"gender{JOIN}age_band", "group": f"{gender}{JOIN}0-35", "n": 900}
        rows += [row("n", 900.0, 0, **where), row("fnr", 0.6, **where), row("selection_rate", 0.2, **where)]
    return typed(pd.DataFrame(rows, columns=list(COLUMNS)))


def options() -> pd.DataFrame:
    """Rows of mitigation.parquet: the model as it is and four ways, one of which could not be tried."""
    rows: list[dict[str, Any]] = []
    ways = {
        "as_is": (0.4, 0.1),
        "drop_proxies": (0.37, 0.05),
        "reweigh": (0.39, 0.08),
        "threshold_optimizer": (0.38, 0.02),
    }
    for name, (found, gap) in ways.items():
        fixed = {"option": name, "split": EARLIER, "as_of": date(2013, 10, 31), "role": "development", "reason": None,
                 "needs_attribute": name == "threshold_optimizer", "may_be_chosen": name in ("as_is", "reweigh")}  # fmt: skip

        def add(metric: str, value: float, half: float, fixed: dict[str, Any] = fixed, **columns: Any) -> None:
            rows.append(
                {"attribute": OVERALL, "group": OVERALL, "comparison": "value", "reference": None, "n": 1200, **fixed,
                 "metric": metric, "value": value, "low": value - half, "high": value + half, **columns}
            )  # fmt: skip

        add("recall_at_capacity", found, 0.02)
        add("precision_at_capacity", found - 0.02, 0.02)
        add("auc", 0.69, 0.01)
        what = {"attribute": "gender", "metric": "fnr"}
        add("fnr", gap, 0.03, attribute="gender", group="F", comparison="largest_gap", reference=OVERALL)
        if name == "as_is":
            continue
        for metric in ("recall_at_capacity", "precision_at_capacity"):
            add(metric, found - 0.4, 0.01, comparison="change", reference="as_is")
        change = {**what, "group": OVERALL, "comparison": "change", "reference": "as_is"}
        add(value=gap - 0.1, half=0.03, **change)
        held = {"drop_proxies": "held", "reweigh": "cannot_tell"}.get(name, "reversed")
        add(
            **{**change, "metric": "gain_held[fnr]", "role": "stress", "value": gap - 0.1, "half": 0.03, "reason": held}
        )
        rows[-1]["reason"] = held
    absent = dict.fromkeys(OPTION_COLUMNS) | {
        "option": "grid_search", "split": EARLIER, "as_of": date(2013, 10, 31), "role": "development", "attribute": OVERALL,
        "group": OVERALL, "metric": "recall_at_capacity", "comparison": "value", "needs_attribute": False,
        "may_be_chosen": False, "reason": "too little to learn from",
    }  # fmt: skip
    frame = pd.DataFrame([*rows, absent], columns=list(OPTION_COLUMNS))
    for name in ("value", "low", "high"):
        frame[name] = frame[name].astype(np.float64)
    return frame


def earlier() -> pd.DataFrame:
    """Judged rows of two earlier releases."""
    frame = fairness()
    judged = frame[frame["confirmatory"] & frame["value"].notna()]
    made = [
        judged.assign(release_id=f"{day}-aa", as_of=day, value=judged["value"] + step, low=judged["low"] + step,
                      high=judged["high"] + step)
        for day, step in ((date(2013, 3, 3), 0.03), (date(2013, 10, 31), 0.02))
    ]  # fmt: skip
    return pd.concat(made, ignore_index=True)


def changes(*, alarm: bool = True) -> pd.DataFrame:
    """Changes since the split and the release before."""
    rows = [
        ("gender", "F", "group_share", EARLIER, 0.07, 0.05, 0.09, 3100, alarm, "moved" if alarm else None),
        ("gender", "F", "gap[fnr]", "2013-10-31-aa", 0.04, 0.01, 0.07, 620, alarm, "wider gap" if alarm else None),
        (OVERALL, OVERALL, "base_rate", EARLIER, 0.003, -0.01, 0.016, 6505, False, None),
        (
            "age_band",
            "55<=",
            "base_rate",
            EARLIER,
            None,
            None,
            None,
            None,
            False,
            "no interval in one of the two periods",
        ),
    ]
    names = ["attribute", "group", "metric", "since", "value", "low", "high", "n", "alarm", "reason"]
    return pd.DataFrame(rows, columns=names)


def observation(kind: str = "served") -> ObservationSpec:
    """Who gets an outcome."""
    made: dict[str, Any] = {
        "outcomes_of": kind,
        "reason": fake.text(
            "Tutors write down whom they have called.", "Tutorinnen und Tutoren notieren, wen sie angerufen haben."
        ),
    }
    if kind == "served":
        made["served"] = {"attribute": "called", "values": ["yes"]}
    return ObservationSpec.model_validate(made)


def whole(**changed: Any) -> ReportContext:
    """A context with everything that a fairness page may say."""
    why = fake.text("agreed in the advisory board", "im Beirat vereinbart")
    charter = fake.charter(
        fairness=[{"metric": metric, "attribute": attribute, "tolerance": 0.08, "reason": why}
                  for metric in ("fnr", "fpr") for attribute in ATTRIBUTES]
    )  # fmt: skip
    made = fake.context("fit", charter=charter, fairness=fairness(), mitigation=options(), earlier=earlier(),
                        drift=changes(), observation=observation())  # fmt: skip
    return replace(made, **changed)


def huge() -> pd.DataFrame:
    """40 groups of five attributes, all pairs and triples of these, every kind of row: as large as a real one gets."""
    rng = np.random.default_rng(5)
    names = [f"attribute_{i}" for i in range(5)]
    values = {name: [f"group {i} of {name}" for i in range(8)] for name in names}
    rows: list[dict[str, Any]] = everybody(TEST, DAY) + everybody(EARLIER, date(2013, 10, 31))
    metrics = ("selection_rate", "base_rate", "fnr", "fpr", "ppv", "calibration", "auc", "capacity_share", "npv")
    for i, name in enumerate(names):
        for group in values[name]:
            where: dict[str, Any] = {"attribute": name, "group": group}
            for metric in metrics:
                rows.append(row(metric, float(rng.uniform(0, 0.3)), **where))
                rows.append(
                    row(metric, float(rng.normal(0, 0.04)), comparison="difference", reference=OVERALL,
                        confirmatory=metric in ("fnr", "fpr", "calibration"), state="cannot_tell", needed_n=9000,
                        detectable_gap=0.08, **where)
                )  # fmt: skip
                rows.append({**rows[-1], "split": EARLIER, "as_of": date(2013, 10, 31), "confirmatory": False})
            for factor in fake.FACTORS:
                for band in ("all", "with outcome", "without outcome"):
                    rows.append(row(f"contribution[{factor}]", 0.1, comparison="difference", band=band, **where))
            rows.append(row("raw", 0.9, comparison="difference", **where))
            rows += [row(f"proxy_auc[{factor}_28d]", 0.6, **where) for factor in fake.FACTORS]
        for other in names[i + 1 :]:
            for one in values[name]:
                for two in values[other]:
                    crossed = {"attribute": f"{name}{JOIN}{other}", "group": f"{one}{JOIN}{two}{len(rows)}"}
                    rows += [
                        row("fnr", 0.5, **crossed),
                        row("fpr", 0.2, **crossed),
                        row("selection_rate", 0.2, **crossed),
                    ]
                    rows.append(
                        row("fnr", float(rng.normal(0, 0.1)), comparison="difference", reference=OVERALL, **crossed)
                    )
    return typed(pd.DataFrame(rows, columns=list(COLUMNS)))
