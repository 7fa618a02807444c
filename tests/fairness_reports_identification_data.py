"""Small worlds for the tests of identification, and figures counted by hand; nothing here is a test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pandas as pd

from fairness_reports.identification import ObservationSpec
from fairness_reports.identification.bounds import Extremes, extremes
from fairness_reports.identification.counts import Counted, SplitCases
from fairness_reports.identification.figures import Cells, Figures
from fairness_reports.identification.forms import COMPARED, IN_SHARES
from fairness_reports.spec import OVERALL, ProtectedSpec

SPEC = ProtectedSpec(attributes=["region"], intersections="none")


def declare(**fields: object) -> ObservationSpec:
    """A declaration; by default outcomes of all, all of them recorded and founded."""
    return ObservationSpec.model_validate({"outcomes_of": "all", "reason": {"en": "said", "de": "gesagt"}, **fields})


def reporting(at_least: float, at_most: float = 1.0, **more: object) -> ObservationSpec:
    """A range of reporting for everybody."""
    return declare(reporting=[{"at_least": at_least, "at_most": at_most}], **more)


def rows(
    region: list[str], selected: list[bool], outcome: list[float], score: list[float] | None = None
) -> pd.DataFrame:
    """Cases as `prepared` gives them, each its own cluster."""
    return pd.DataFrame(
        {
            "split": "test",
            "case_id": [str(i) for i in range(len(region))],
            "cluster_id": [str(i) for i in range(len(region))],
            "score": np.full(len(region), 0.25) if score is None else score,
            "selected": selected,
            "outcome": np.array(outcome, dtype=np.float64),
            "attribute region": region,
        }
    )


def wanted(groups: list[str]) -> pd.DataFrame:
    """Rows of an audit: every metric with a form, as value, against everybody and against the first group."""
    found = []
    for group in groups:
        found += [(group, metric, "value", None) for metric in (*COMPARED, *IN_SHARES)]
        for metric in COMPARED:
            for comparison in ("difference", "ratio"):
                if comparison == "ratio" and metric.startswith("calibration"):
                    continue
                found.append((group, metric, comparison, OVERALL))
                if group != groups[0]:
                    found.append((group, metric, comparison, groups[0]))
    table = pd.DataFrame(found, columns=["group", "metric", "comparison", "reference"])
    return table.assign(attribute="region", band="all", n=10)


def sharp(cases: pd.DataFrame, observation: ObservationSpec | None, table: pd.DataFrame) -> Extremes:
    """Bounds without sampling error."""
    _, _, figures, cells, split = parts(cases, observation, table)
    return extremes(cells.problems(figures, split.ranges)[0])


def parts(
    cases: pd.DataFrame, observation: ObservationSpec | None, table: pd.DataFrame
) -> tuple[pd.DataFrame, Counted, Figures, Cells, SplitCases]:
    """What bounds are made of."""
    split = SplitCases(cases, SPEC, observation, 1, None)
    counted = split.partition("region", banded=False)
    figures, fits = Figures.of(table, counted)
    assert fits.all()
    return table, counted, figures, Cells.of(figures, counted, split.everybody), split


def figure(metric: str, outcome: np.ndarray, selected: np.ndarray, score: np.ndarray) -> float:
    """A metric in a group with known outcomes, case by case."""
    y, s = outcome == 1, selected

    def share(part: np.ndarray, whole: np.ndarray) -> float:
        return float((part & whole).sum() / whole.sum()) if whole.any() else float("nan")

    every = np.ones(len(y), dtype=bool)
    return {
        "base_rate": lambda: share(y, every),
        "tpr": lambda: share(s, y),
        "fnr": lambda: share(~s, y),
        "fpr": lambda: share(s, ~y),
        "tnr": lambda: share(~s, ~y),
        "ppv": lambda: share(y, s),
        "fdr": lambda: share(~y, s),
        "npv": lambda: share(~y, ~s),
        "for": lambda: share(y, ~s),
        "accuracy": lambda: share(y == s, every),
        "calibration": lambda: float(score.mean() - y.mean()),
        "calibration_selected": lambda: float(score[s].mean() - y[s].mean()) if s.any() else float("nan"),
    }[metric]()


def by_hand(cases: pd.DataFrame, outcome: np.ndarray, table: pd.DataFrame) -> np.ndarray:
    """The figures of `wanted` with these outcomes; NaN where one does not exist."""
    selected, score = cases["selected"].to_numpy(), cases["score"].to_numpy()
    region = cases["attribute region"].to_numpy()
    known: dict[tuple[str, str], float] = {}

    def of(group: str, metric: str) -> float:
        if (group, metric) not in known:
            inside = np.ones(len(region), dtype=bool) if group == OVERALL else region == group
            known[group, metric] = figure(metric, outcome[inside], selected[inside], score[inside])
        return known[group, metric]

    found = []
    for row in table.itertuples():
        inside = region == row.group
        if row.metric in IN_SHARES:
            share = outcome[inside].sum() / outcome.sum() if outcome.sum() else np.nan
            capacity = selected[inside].sum() / selected.sum() if selected.sum() else np.nan
            found.append(share if row.metric == "outcome_share" else capacity - share)
        elif row.comparison == "value":
            found.append(of(row.group, row.metric))
        else:
            a, b = of(row.group, row.metric), of(row.reference, row.metric)
            found.append(a - b if row.comparison == "difference" else a / b if b > 0 else np.nan)
    return np.array(found)


def truths(cases: pd.DataFrame, low: float, high: float, unfounded: float) -> Iterator[np.ndarray]:
    """Every true outcome of every case that a declaration allows, cell by cell.

    `low` to `high` of true outcomes are recorded, at most `unfounded` of recorded ones did not happen; unknown ones
    can be either. Cases of a cell are alike, so only their numbers count.
    """
    cells = [part.index.to_numpy() for _, part in cases.groupby(["attribute region", "selected"])]
    outcome = cases["outcome"].to_numpy()
    per_cell = []
    for cell in cells:
        yes, no, unknown = (cell[each] for each in (outcome[cell] == 1, outcome[cell] == 0, np.isnan(outcome[cell])))
        options = []
        for wrong, missed, hidden in itertools.product(
            range(len(yes) + 1), range(len(no) + 1), range(len(unknown) + 1)
        ):
            founded = len(yes) - wrong
            true = founded + missed
            if wrong <= unfounded * len(yes) + 1e-9 and low * true - 1e-9 <= founded <= high * true + 1e-9:
                options.append(np.concatenate([yes[:founded], no[:missed], unknown[:hidden]]))
        per_cell.append(options)
    for choice in itertools.product(*per_cell):
        truth = np.zeros(len(cases))
        for happened in choice:
            truth[happened.astype(int)] = 1
        yield truth
