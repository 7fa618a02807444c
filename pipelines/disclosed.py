"""Disclosure control in a run: which cases stand behind the figures, and what pages may be told.

Belongs here: gathering the cases of the audit, handing tables to fairness_reports.disclosure, the context of the pages.
Does not belong here: any rule (fairness_reports.disclosure), writing a release (pipelines.publish).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from fairness_reports.audit.grouping import recorded
from fairness_reports.disclosure import Protected, profile_of, protect, protect_attrition, protect_cohorts
from fairness_reports.disclosure.verdicts import retold
from fairness_reports.reports import ReportContext
from pipelines.audited import audited_cases, cohort_splits
from pipelines.resources import Run
from pipelines.tables import has, noted


def disclosed(run: Run, frames: Mapping[str, pd.DataFrame]) -> Protected:
    """The open tables of a release as they may be passed on once a person has checked them.

    Parameters
    ----------
    run : Run
        The run that made them.
    frames : mapping of str to DataFrame
        Exact tables by name.
    """
    spec, charter, facts = run.pack.programme, run.pack.charter, noted(run, "backtest")
    return protect(
        frames,
        audited_cases(run) if facts["trained"] else None,
        profile=charter.disclosure_profile,
        protected=spec.protected,
        minimum_cell=charter.minimum_cell,
        test_split=facts.get("test"),
        left=_left(run) if facts["trained"] else None,
    )


def _left(run: Run) -> pd.DataFrame:
    """Who had left before the predictions of each split."""
    counts = attrition_counts(run)
    splits = cohort_splits(run) if has(run, "models.splits") else {}
    missing = run.pack.programme.protected.missing_label
    counts["split"] = counts["cohort"].astype(str).map(splits)
    counts["group"] = recorded(counts["group"], missing)
    return counts.dropna(subset=["split"])


def attrition_counts(run: Run) -> pd.DataFrame:
    """Registered, and left before the prediction, by cohort and group."""
    return run.con.execute(
        'SELECT cohort, as_of, attribute, "group", registered, left_before FROM cohort.attrition '
        "WHERE programme = ? ORDER BY ALL",
        [run.programme],
    ).df()


def safe_manifest(run: Run, manifest: Mapping[str, Any], made: Protected) -> dict[str, Any]:
    """The manifest as pages may read it: its reasons told with protected figures, no extremes of single cases."""
    charter, facts = run.pack.charter, noted(run, "backtest")
    rules = profile_of(charter.disclosure_profile, charter.minimum_cell)
    told = dict(manifest)
    for name in ("reasons", "met"):
        told[name] = retold(
            manifest[name],
            charter,
            made.frames.get("metrics"),
            made.frames.get("fairness"),
            profile=rules,
            model=facts.get("chosen"),
            split=facts.get("test"),
            words=run.pack.words,
        )
    if manifest.get("deployed_model"):
        change = manifest["deployed_model"]["change_in_scores"]
        mean = round(float(change["mean_absolute"]), 3)
        told["deployed_model"] = {**manifest["deployed_model"], "change_in_scores": {"mean_absolute": mean}}
    if manifest.get("uninformative"):
        share, n = manifest["uninformative"]["share"], manifest["uninformative"]["n"]
        cases = rules.count(n)
        told["uninformative"] = {"n": cases, "share": share and min(rules.count(share * n) / max(cases, 1), 1.0)}
    return told


def safe_context(context: ReportContext, run: Run) -> ReportContext:
    """The context of the pages with every count rounded that does not stand in a table of the release.

    Parameters
    ----------
    context : ReportContext
        Its tables of the release are protected already.
    run : Run
        The run.
    """
    charter, protected = run.pack.charter, run.pack.programme.protected
    rules = profile_of(charter.disclosure_profile, charter.minimum_cell)
    splits = context.splits.copy()
    if not splits.empty:
        for name in ("train_rows", "test_rows", "purged"):
            numbers = splits[name].to_numpy(dtype=np.float64)
            splits[name] = [0 if rules.small(each).any() else rules.count(each) for each in numbers]
        could = splits["train_rows"] + splits["purged"]
        splits["purged_share"] = (splits["purged"] / could.where(could > 0)).fillna(0.0).round(3)
    few = {reason: 0 if rules.small(n).any() else rules.count(n) for reason, n in context.uninformative.items()}
    tendencies = context.tendencies.copy()
    if not tendencies.empty:
        # of hundreds of cases, and no table of its own: two digits leave no count to be found
        tendencies[["auc", "low", "high"]] = tendencies[["auc", "low", "high"]].astype("float64").round(2)
        tendencies["n"] = [pd.NA if pd.isna(n) or rules.small(n).any() else rules.count(n) for n in tendencies["n"]]
    return replace(
        context,
        tendencies=tendencies,
        scored=None if context.scored is None else rules.count(context.scored),
        cohorts=protect_cohorts(context.cohorts, rules),
        attrition=protect_attrition(context.attrition, protected, rules, protected.missing_label),
        splits=splits,
        selection=context.selection.round(3),
        rules=context.rules.round(3),
        uninformative=few,
        points_scores=[
            {name: round(value, 3) if isinstance(value, float) else value for name, value in each.items()}
            for each in context.points_scores
        ],
    )
