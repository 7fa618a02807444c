"""What each step of a run does: it asks a room and leaves the answer in the warehouse.

Belongs here: which room is asked with what, in which order; what is kept for the next step.
Does not belong here: any rule about data, models or fairness (the rooms), or Dagster (pipelines.assets).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from data_contracts.core import build_core
from data_contracts.errors import RefusedError, UsageError
from fairness_reports.audit import audit
from fairness_reports.capacity import select, select_within
from fairness_reports.verdict import LEAST, judge
from features.build import build_matrix
from features.evidence import evidence_table
from features.spec import columns
from models.backtest import Backtest, Measures, develop, open_test
from models.cohorts import build_cohorts, group_values
from models.dataset import Rows, load_rows
from models.deploy import change_in_scores, fit_deployed
from models.explanation import by_factor, case_rows, contributions, direction_of, importance, with_evidence
from models.model import Audited
from models.outcomes import build_outcomes
from models.registry import load_model
from models.scoring import score
from models.splits import temporal_splits
from models.training import Trainer
from pipelines.entrance import pending_delivery, settle
from pipelines.resources import Run
from pipelines.settings import batch_memory, spark_master
from pipelines.tables import get, note, noted, put

Counts = dict[str, int]
"""Rows per table that a step left: all that Dagster hears of."""


def core(run: Run) -> Counts:
    """Sources to core tables; a delivery that does not make them is refused like one that breaks its contract."""
    pending = pending_delivery(run)
    try:
        rows = build_core(run.con, run.programme, run.pack.contract, run.pack.programme.core, pending)
    except RefusedError as refused:
        settle(run, refused)
        raise
    settle(run, None)
    return {f"core.{table}": count for table, count in rows.items()}


def cohort(run: Run) -> Counts:
    """Who stands in which cohort, and who had left before."""
    assert run.as_of is not None, "a run has an as-of date"  # noqa: S101 - the job is partitioned by it
    protected = run.pack.programme.protected.attributes
    counts = build_cohorts(run.con, run.programme, run.pack.programme.cohort, run.as_of, protected)
    return {"cohort.case": int(counts["cases"].sum())}


def outcomes(run: Run) -> Counts:
    """What happened to them, as far as a closed cohort tells."""
    assert run.as_of is not None, "a run has an as-of date"  # noqa: S101 - the job is partitioned by it
    cohorts = build_outcomes(run.con, run.programme, run.pack.programme.outcome, run.as_of)
    put(run, "outcomes.cohorts", cohorts)
    return {"outcomes.outcome": int(cohorts["cases"].sum())}


def matrix(run: Run) -> Counts:
    """What was known of them on the day."""
    built = build_matrix(
        run.con,
        run.programme,
        run.pack.programme.features,
        memory=batch_memory(),
        spark=spark_master(),
        folder=run.home.spark,
    )
    return {"features.matrix": built.rows, "of these computed now": built.computed}


def backtest(run: Run) -> Counts:
    """What every candidate would have said on past days; too few outcomes mean no model at all."""
    spec = run.pack.programme
    rows = load_rows(run.con, run.programme, columns(spec.features))
    splits = temporal_splits(rows.frame, spec.splits)
    tested = rows.frame.iloc[splits[-1].test]["outcome"] if splits else newest_closed(rows.frame)
    outcomes, others = int((tested == 1).sum()), int((tested == 0).sum())
    facts: dict[str, Any] = {"trained": False, "outcomes": outcomes, "non_outcomes": others}
    if not splits and (tested.empty or min(outcomes, others) >= LEAST):
        facts |= {"outcomes": None, "non_outcomes": None}  # the data are not short of outcomes, but of earlier cohorts
    if not splits or min(outcomes, others) < LEAST:
        note(run, "backtest", facts)
        return {"models.backtest": 0, "models.metrics": 0, "models.splits": 0}
    result = _tested(run, rows)
    facts |= {
        "trained": True,
        "chosen": result.chosen,
        "best": result.selection.best,
        "basis": result.selection.basis,
        "audited": result.audited.version,
        "parts": [part.version for part in result.audited.parts],
        "test": str(result.splits["split"].iloc[-1]),
    }
    note(run, "backtest", facts)
    return {
        "models.backtest": put(run, "models.backtest", result.predictions),
        "models.metrics": put(run, "models.metrics", result.metrics),
        "models.splits": put(run, "models.splits", result.splits),
    }


def trainer_of(run: Run) -> Trainer:
    """How this run fits candidates."""
    spec = run.pack.programme
    return Trainer(spec.candidates, spec.seed, spec.splits.folds, run.models, run.retrain)


def _tested(run: Run, rows: Rows) -> Backtest:
    """Development, then the sealed test."""
    spec, charter = run.pack.programme, run.pack.charter
    share, trainer = charter.capacity.share, trainer_of(run)
    measures = Measures(
        spec.seed,
        charter.minimum_cell,
        (lambda scores, ids: select(scores, ids, share)) if share else None,
        spec.evaluation,
    )
    of_others = [column.name for column in rows.described if column.by_association]
    developed = develop(rows, trainer, spec.splits, measures, margin=charter.selection_margin, by_association=of_others)
    return open_test(rows, developed, trainer, measures, by_association=of_others)


def newest_closed(frame: pd.DataFrame) -> pd.Series:
    """Outcomes of the newest cohort whose outcomes are known; empty when there is none."""
    known = frame[frame["outcome"].notna()]
    outcome: pd.Series = known.loc[known["as_of"] == known["as_of"].max(), "outcome"]
    return outcome


def scores(run: Run) -> Counts:
    """The deployed model's scores of the open cohort, each with its reasons."""
    spec, charter = run.pack.programme, run.pack.charter
    facts = noted(run, "backtest")
    if not facts["trained"]:
        return {"models.scores": 0, "models.explanations": 0, "models.factors": 0}
    rows = load_rows(run.con, run.programme, columns(spec.features))
    now = rows.to_score()
    if not len(now.frame):
        newest = pd.Timestamp(rows.frame["as_of"].max()).date().isoformat()
        raise UsageError(
            "every cohort is closed on this day: there is no open case to score.",
            where=f"--as-of {run.as_of}",
            todo=f"Name the day of the newest cohort: --as-of {newest}.",
        )
    assert run.as_of is not None, "a run has an as-of date"  # noqa: S101 - the job is partitioned by it
    trainer = trainer_of(run)
    deployed = fit_deployed(rows, trainer, facts["chosen"], spec.splits, run.as_of)
    audited = Audited(tuple(load_model(run.models, version) for version in facts["parts"]), trainer.seed)
    explained = contributions(deployed, now.X)
    listed = columns(spec.features)
    factors = by_factor(explained[0], listed)
    evidence = evidence_table(run.con, run.programme, spec.features, pd.Timestamp(now.frame["as_of"].max()).date())
    reasons = case_rows(now.frame, now.X, explained[0], listed).drop(columns="column")
    reasons = with_evidence(reasons, evidence, listed)
    groups = group_values(run.con, run.programme, spec.protected.attributes)
    now_groups = now.frame[["cohort", "as_of", "case_id"]].merge(groups, how="left", validate="1:1")
    weights = importance(
        factors,
        now.frame["cluster_id"].to_numpy(dtype=object),
        {name: now_groups[name] for name in spec.protected.attributes},
        direction_of(now.X, explained[0], listed),
        min_cell=charter.minimum_cell,
        seed=spec.seed,
    )
    note(
        run,
        "deployed",
        {
            "name": deployed.name,
            "version": deployed.version,
            "base_rate": deployed.base_rate,
            "change": change_in_scores(audited, deployed, now),
            "as_of": pd.Timestamp(now.frame["as_of"].max()).date().isoformat(),
            "cohort": ", ".join(sorted(set(now.frame["cohort"].astype(str)))),
        },
    )
    return {
        "models.scores": put(run, "models.scores", score(deployed, now, spec.bands, explained)),
        "models.explanations": put(run, "models.explanations", reasons),
        "models.factors": put(run, "models.factors", weights),
    }


def fairness(run: Run) -> Counts:
    """Who would have been missed, and who flagged, in which group."""
    spec, charter = run.pack.programme, run.pack.charter
    facts = noted(run, "backtest")
    if not facts["trained"]:
        return {"audit.fairness": 0}
    scored = get(run, "models.backtest")
    chosen = scored[scored["model"] == facts["chosen"]].reset_index(drop=True)
    chosen["selected"] = select_by_split(chosen, charter.capacity.share or 0.0)
    table = audit(
        chosen,
        group_values(run.con, run.programme, spec.protected.attributes).drop(columns="cohort"),
        spec.protected,
        minimum_cell=charter.minimum_cell,
        confirmatory=charter.fairness,
        test_split=facts["test"],
        seed=spec.seed,
        bands=[band.up_to for band in spec.bands.root[:-1]],
    )
    return {"audit.fairness": put(run, "audit.fairness", table)}


def select_by_split(frame: pd.DataFrame, share: float) -> pd.Series:
    """Who would have been within the capacity in each split; nobody where there is no capacity."""
    if not share:
        return pd.Series(False, index=frame.index)
    return select_within(frame, share, by=("split",))


def verdict(run: Run) -> Counts:
    """What the release may claim, against the charter."""
    facts = noted(run, "backtest")
    found = judge(
        run.pack.charter,
        get(run, "models.metrics") if facts["trained"] else None,
        get(run, "audit.fairness") if facts["trained"] else None,
        outcomes=facts["outcomes"],
        non_outcomes=facts["non_outcomes"],
        model=facts.get("chosen"),
        split=facts.get("test"),
        words=run.pack.words,
    )
    owner, signed = run.pack.charter.owner, run.pack.charter.sign_off.date
    note(
        run,
        "verdict",
        {
            "verdict": found.verdict,
            "reasons": [reason.as_dict() for reason in found.reasons],
            "met": [reason.as_dict() for reason in found.met],
            "headline": {lang: found.headline(lang, owner, signed) for lang in ("en", "de")} if signed else {},
        },
    )
    return {"audit.verdict": len(found.reasons)}
