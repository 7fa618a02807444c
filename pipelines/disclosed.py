"""Disclosure control in a run: which cases stand behind the figures, and what pages may be told.

Belongs here: gathering the cases of the audit, handing tables to fairness_reports.disclosure, the context of the pages.
Does not belong here: any rule (fairness_reports.disclosure), writing a release (pipelines.publish).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from fairness_reports.audit.grouping import recorded
from fairness_reports.disclosure import Protected, profile_of, protect, protect_attrition, protect_cohorts
from fairness_reports.disclosure.history import NOW, Behind, Numbers, Past, behind, days_of
from fairness_reports.disclosure.verdicts import retold
from fairness_reports.release import read_release
from fairness_reports.release_read import MANIFEST
from fairness_reports.reports import ReportContext
from fairness_reports.reports.context import rows_of
from fairness_reports.reports.spans import span_protected
from pipelines.audited import audited_cases, cohort_splits
from pipelines.resources import Run
from pipelines.tables import has, noted, ops_table

_AGAIN = ("fairness", "metrics", "drift", "mitigation", "factors", "shapes")
"""Tables of which rows may be told again."""
_NUMBERS = "numbers"
"""Instead of a split: numbers that belong to no partition of cases."""
_TOLD = (
    "made_of VARCHAR, beside VARCHAR, seq INTEGER, release_id VARCHAR, split VARCHAR, days VARCHAR, model VARCHAR,"
    " counts VARCHAR"
)


def disclosed(run: Run, frames: Mapping[str, pd.DataFrame], made_of: str) -> Protected:
    """The open tables of a release as they may be passed on once a person has checked them.

    Parameters
    ----------
    run : Run
        The run that made them.
    frames : mapping of str to DataFrame
        Exact tables by name.
    made_of : str
        What the release is made of, as one hash: made again, it stands beside the same earlier releases.
    """
    spec, charter, facts = run.pack.programme, run.pack.charter, noted(run, "backtest")
    cases = audited_cases(run) if facts["trained"] else None
    past = _past(run, cases, made_of)
    numbers = past.numbers
    exact = dict(frames)
    exact["quality"] = numbers.columns(frames["quality"], "quality", ["table", "rule"], ["checked", "failed"])
    rows = exact["quality"]["rule"].astype(str).str.startswith("rows: ")
    told = numbers.columns(exact["quality"][rows], "quality", ["table", "rule"], ["value"])
    exact["quality"].loc[rows, "value"] = told["value"]
    if "shapes" in frames:
        exact["shapes"] = numbers.columns(frames["shapes"], "shapes", ["feature", "part", "position"], ["n"])
    return protect(
        exact,
        cases,
        profile=charter.disclosure_profile,
        protected=spec.protected,
        minimum_cell=charter.minimum_cell,
        test_split=facts.get("test"),
        left=_left(run) if facts["trained"] else None,
        past=past,
    )


def _past(run: Run, cases: pd.DataFrame | None, made_of: str) -> Past:
    """What was last told of the cases of each split, as the warehouse remembers it."""
    charter = run.pack.charter
    days = {} if cases is None else days_of(cases)
    rows = _told(run)
    mine = [row for row in rows if row[0] == made_of]
    if mine:  # made before: beside the same releases as then
        beside = set(json.loads(str(mine[0][1])))
        rows = [row for row in rows if row[2] < mine[0][2] and row[3] in beside]
    earlier = {
        str(when): Behind(str(release_id), str(split), str(when), str(model), json.loads(str(counts)))
        for _, _, _, release_id, split, when, model, counts in rows
        if when in {*days.values(), _NUMBERS}
    }
    numbers = earlier.pop(_NUMBERS, None)
    before = {} if numbers is None else {what: value[0] for what, value in numbers.counts[_NUMBERS].items()}
    rules = profile_of(charter.disclosure_profile, charter.minimum_cell)
    tables: dict[str, dict[str, pd.DataFrame]] = {}
    changed: set[str] = set()
    for release_id in sorted({each.release_id for each in earlier.values()}):
        folder = run.home.releases / run.programme / release_id
        if not (folder / MANIFEST).is_file():
            changed.add(release_id)  # nobody knows
            continue
        release = read_release(folder)
        tables[release_id] = {name: release.table(name) for name in _AGAIN if release.has(name)}
        made_under = [release.manifest.get(name) for name in ("config_hash", "charter_hash")]
        if made_under != [run.pack.config_hash, charter.sha256]:
            changed.add(release_id)
    models = _models(run, days) if days else {}
    return Past(days, models, earlier, tables, Numbers(before, rules.minimum), frozenset(changed))


def _models(run: Run, splits: Mapping[str, str]) -> dict[str, str]:
    """What selected the cases of each split."""
    backtest, deployed = noted(run, "backtest"), noted(run, "deployed")
    return {split: str(deployed["version"] if split == NOW else backtest["audited"]) for split in splits}


def _told(run: Run) -> list[tuple[Any, ...]]:
    """Counts behind earlier releases, oldest first."""
    table = ops_table(run, "told")
    run.con.execute(f"CREATE TABLE IF NOT EXISTS {table} ({_TOLD})")
    return run.con.execute(f"SELECT * FROM {table} ORDER BY seq, split").fetchall()


def remember(run: Run, made: Protected, made_of: str, release_id: str) -> None:
    """Keep the counts behind a release for the next one, in the warehouse and without a row of any person.

    Parameters
    ----------
    made : Protected
        From `disclosed`.
    made_of : str
        As there.
    release_id : str
        Of the release, which is complete by now.
    """
    rows = _told(run)
    if made.past is None or any(row[0] == made_of for row in rows):
        return
    seq = 1 + max((int(row[2]) for row in rows), default=0)
    # the newest of all, too: its numbers were read
    beside = json.dumps(
        sorted({each.release_id for each in made.past.earlier.values()} | {str(row[3]) for row in rows[-1:]})
    )
    numbers = {_NUMBERS: {what: [value] for what, value in sorted(made.past.numbers.told.items())}}
    kept = behind(made.splits, made.past.days, made.past.models, release_id)
    for each in [*kept, Behind(release_id, _NUMBERS, _NUMBERS, "", numbers)]:
        run.con.execute(
            f"INSERT INTO {ops_table(run, 'told')} VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [made_of, beside, seq, release_id, each.split, each.days, each.model, json.dumps(each.counts)],
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
        total = made.total(NOW, n, rules)
        cases = rules.count(n) if total is None else int(total[0])
        told["uninformative"] = {"n": cases, "share": share and min(rules.count(share * n) / max(cases, 1), 1.0)}
    return told


def safe_context(context: ReportContext, run: Run, made: Protected) -> ReportContext:
    """The context of the pages with every count rounded that does not stand in a table of the release.

    Parameters
    ----------
    context : ReportContext
        Its tables of the release are protected already.
    run : Run
        The run.
    made : Protected
        From `disclosed`; it knows what was last told of numbers that stand in no table.
    """
    numbers = made.past.numbers if made.past is not None else Numbers()
    charter, protected = run.pack.charter, run.pack.programme.protected
    rules = profile_of(charter.disclosure_profile, charter.minimum_cell)
    splits = context.splits.copy()
    if not splits.empty:
        splits = numbers.columns(splits, "splits", ["split", "history"], ["train_rows", "test_rows", "purged"])
        for name in ("train_rows", "test_rows", "purged"):
            counts = splits[name].to_numpy(dtype=np.float64)
            splits[name] = [0 if rules.small(each).any() else rules.count(each) for each in counts]
        same = [
            made.total(str(name), rows, rules)
            for name, rows in zip(context.splits["split"], context.splits["test_rows"], strict=True)
        ]
        splits["test_rows"] = [
            rows if total is None else int(total[0]) for rows, total in zip(splits["test_rows"], same, strict=True)
        ]
        could = splits["train_rows"] + splits["purged"]
        splits["purged_share"] = (splits["purged"] / could.where(could > 0)).fillna(0.0).round(3)
    cohorts = numbers.columns(context.cohorts, "cohorts", ["cohort", "as_of"], ["cases", "outcomes"])
    names = ["cohort", "as_of", "attribute", "group"]
    totals = [
        made.total(str(made.split_of(day)), cases, rules)
        for day, cases in zip(context.cohorts["as_of"], context.cohorts["cases"], strict=True)
    ]
    spans = numbers.columns(context.cohort_spans, "cohort spans", ["grain", "role", "first"], ["cases", "outcomes"])
    whole = []
    for row in rows_of(context.cohort_spans):
        split = context.test if (row.grain, row.role) == ("role", "test") else None
        if split is None and row.days == 1:
            split = made.split_of(row.first)
        whole.append(made.total(str(split), row.cases, rules))
    left = numbers.columns(context.attrition, "left", names, ["registered", "left_before"])
    scored = context.scored
    if scored is not None:
        total = made.total(NOW, scored, rules)
        last = rules.count(numbers.of(f"scored {run.as_of}", scored))
        scored = last if total is None else int(total[0])
    few = {reason: 0 if rules.small(n).any() else rules.count(n) for reason, n in context.uninformative.items()}
    tendencies = context.tendencies.copy()
    if not tendencies.empty:
        # of hundreds of cases, and no table of its own: two digits leave no count to be found
        tendencies[["auc", "low", "high"]] = tendencies[["auc", "low", "high"]].astype("float64").round(2)
        tendencies["n"] = [pd.NA if pd.isna(n) or rules.small(n).any() else rules.count(n) for n in tendencies["n"]]
    return replace(
        context,
        tendencies=tendencies,
        scored=scored,
        cohorts=protect_cohorts(cohorts, rules, totals),
        cohort_spans=span_protected(protect_cohorts(spans, rules, whole), spans),
        attrition=protect_attrition(left, protected, rules, protected.missing_label),
        splits=splits,
        selection=context.selection.round(3),
        rules=context.rules.round(3),
        uninformative=few,
        points_scores=[
            {name: round(value, 3) if isinstance(value, float) else value for name, value in each.items()}
            for each in context.points_scores
        ],
    )
