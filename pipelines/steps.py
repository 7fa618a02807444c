"""What each step of a run does: it asks a room and leaves the answer in the warehouse.

Belongs here: which room is asked with what, in which order; what is kept for the next step.
Does not belong here: the audit (pipelines.audited), any rule about data, models or fairness (the rooms), or Dagster
(pipelines.assets).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from data_contracts.core import build_core
from data_contracts.errors import RefusedError, UsageError
from fairness_reports.capacity import select
from fairness_reports.verdict import LEAST, judge
from features.build import build_matrix
from features.spec import columns
from models.backtest import Backtest, develop, open_test
from models.candidates import KEEPS_DIRECTIONS
from models.cohorts import build_cohorts, group_values
from models.comparisons import Measures
from models.dataset import Rows, load_rows
from models.deploy import fit_deployed, score_change
from models.explanation import direction_of, factor_shapes, importance, tendencies
from models.explanation.stability import refits
from models.model import Audited, Model
from models.outcomes import build_outcomes, labels_within
from models.registry import data_hash, load_model
from models.splits import Split, split_calendar, temporal_splits, training_rows
from models.training import Trainer
from pipelines.answers import forget_answers
from pipelines.entrance import pending_delivery, settle
from pipelines.report_context import about_scores
from pipelines.resources import Run
from pipelines.scored import score_open, stability_rows
from pipelines.settings import batch_memory, spark_master
from pipelines.tables import drop, get, note, noted, put, rows_of
from pipelines.trainings import (
    KEPT_BY_STEP,
    deployed_version,
    forget,
    inputs_of,
    keep,
    plan,
    record_opening,
    restore,
)
from pipelines.vignettes import statements_of, told_by

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
    forget(run)
    forget_answers(run)
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
    """What every candidate would have said on past days; too few outcomes mean no model at all.

    Only a training fits, and opens the sealed test; any other run brings back what the champion's training found.
    """
    decision = plan(run)
    if decision.champion is not None:
        restore(run, decision.champion)
    else:
        _train(run, str(decision.reason))
    trained = noted(run, "backtest")["trained"]
    left = {table: rows_of(run, table) if trained else 0 for table in KEPT_BY_STEP["backtest"]}
    return {**left, "trained": int(trained and decision.trains)}


def _train(run: Run, reason: str) -> None:
    spec = run.pack.programme
    rows = load_rows(run.con, run.programme, columns(spec.features))
    splits = temporal_splits(rows.frame, spec.splits)
    tested = rows.frame.iloc[splits[-1].test]["outcome"] if splits else newest_closed(rows.frame)
    outcomes, others = int((tested == 1).sum()), int((tested == 0).sum())
    facts: dict[str, Any] = {"trained": False, "outcomes": outcomes, "non_outcomes": others}
    if not splits and (tested.empty or min(outcomes, others) >= LEAST):
        facts |= {"outcomes": None, "non_outcomes": None}  # the data are not short of outcomes, but of earlier cohorts
    if not splits or min(outcomes, others) < LEAST:
        drop(run, *KEPT_BY_STEP["backtest"])  # of a run before, that had a model
        note(run, "backtest", facts)
        return
    open_cohort(run, rows)  # without anybody to score the test stays sealed
    result, opening = _tested(run, rows, reason)
    facts |= {
        "trained": True,
        "fitted_now": True,
        **opening,
        "chosen": result.chosen,
        "best": result.selection.best,
        "basis": result.selection.basis,
        "audited": result.audited.version,
        "parts": [part.version for part in result.audited.parts],
        "test": str(result.splits["split"].iloc[-1]),
        "inputs": inputs_of(run),
        **_data(run, rows, splits[-1]),
    }
    note(run, "backtest", facts)
    put(run, "models.backtest", result.predictions)
    put(run, "models.metrics", result.metrics)
    put(run, "models.splits", result.splits)
    put(run, "models.calendar", split_calendar(rows.frame, spec.splits))
    put(run, "models.selection", result.selection.table)
    put(run, "models.rules", result.rules)
    put(run, "models.tendencies", _tendencies(run, rows))


def _data(run: Run, rows: Rows, test: Split) -> dict[str, Any]:
    """What names the data: hashes of the rows of each side, the cohorts that the deployed model learns from."""
    assert run.as_of is not None, "a run has an as-of date"  # noqa: S101 - the job is partitioned by it
    outcome = rows.frame["outcome"].to_numpy(dtype="float64")
    deployed, y = training_rows(rows.frame, run.pack.programme.splits, run.as_of)
    hashes = {
        "deployed_rows": data_hash(rows.take(deployed), y),
        "training_rows": data_hash(rows.take(test.possible), test.y_possible),
        "test_rows": data_hash(rows.take(test.test), outcome[test.test]),
    }
    return {"data": hashes, "learned_from": sorted(set(rows.frame["cohort"].astype(str).iloc[deployed]))}


def _tendencies(run: Run, rows: Rows) -> pd.DataFrame:
    """Which way the features of the rows point that the deployed model learns from."""
    assert run.as_of is not None, "a run has an as-of date"  # noqa: S101 - the job is partitioned by it
    places, y = training_rows(rows.frame, run.pack.programme.splits, run.as_of)
    learned, least = rows.take(places), run.pack.charter.minimum_cell
    return tendencies(learned.X, y, learned.frame["cluster_id"].to_numpy(), rows.described, min_cell=least)


def trainer_of(run: Run) -> Trainer:
    """How this run fits candidates."""
    spec = run.pack.programme
    return Trainer(spec.candidates, spec.seed, spec.splits.folds, spec.splits.min_class, run.models, run.retrain)


def measures_of(run: Run) -> Measures:
    """How this run makes figures."""
    spec, charter = run.pack.programme, run.pack.charter
    share = charter.capacity.share
    return Measures(
        spec.seed,
        charter.minimum_cell,
        (lambda scores, ids: select(scores, ids, share)) if share else None,
        spec.evaluation,
        group_values(run.con, run.programme, sorted({subset.attribute for subset in spec.evaluation.subsets})),
        {horizon: labels_within(run.con, run.programme, horizon) for horizon in spec.outcome.also_within},
    )


def _tested(run: Run, rows: Rows, reason: str) -> tuple[Backtest, dict[str, Any]]:
    """Development, then the sealed test, whose opening is on record before it happens."""
    spec, charter = run.pack.programme, run.pack.charter
    trainer, measures = trainer_of(run), measures_of(run)
    of_others = [column.name for column in rows.described if column.by_association]
    developed = develop(rows, trainer, spec.splits, measures, margin=charter.selection_margin, by_association=of_others)
    opening = record_opening(run, reason, developed.test.name)
    return open_test(rows, developed, trainer, measures, by_association=of_others), opening


def open_cohort(run: Run, rows: Rows) -> Rows:
    """The rows that get a score now.

    Raises
    ------
    UsageError
        When there are none.
    """
    now = rows.to_score()
    if not len(now.frame):
        newest = pd.Timestamp(rows.frame["as_of"].max()).date().isoformat()
        raise UsageError(
            "every cohort is closed on this day: there is no open case to score.",
            where=f"--as-of {run.as_of}",
            todo=f"Name the day of the newest cohort: --as-of {newest}.",
        )
    return now


def newest_closed(frame: pd.DataFrame) -> pd.Series:
    """Outcomes of the newest cohort whose outcomes are known; empty when there is none."""
    known = frame[frame["outcome"].notna()]
    outcome: pd.Series = known.loc[known["as_of"] == known["as_of"].max(), "outcome"]
    return outcome


def scores(run: Run) -> Counts:
    """The deployed model's scores of the open cohort, each with its reasons."""
    spec, facts = run.pack.programme, noted(run, "backtest")
    if not facts["trained"]:
        return {"models.scores": 0, "models.explanations": 0, "models.factors": 0}
    deployed, reseeded = _deployed(run, facts)
    audited = Audited(tuple(load_model(run.models, version) for version in facts["parts"]), spec.seed)
    found = score_open(run, deployed, audited, reseeded)
    groups = group_values(run.con, run.programme, spec.protected.attributes)
    now_groups = found.keys.merge(groups, how="left", validate="1:1")
    weights = importance(
        found.factors,
        found.clusters,
        {name: now_groups[name] for name in spec.protected.attributes},
        direction_of(found.sample.X, found.contributions, found.sample.described),
        min_cell=run.pack.charter.minimum_cell,
        seed=spec.seed,
    )
    sample, least = found.sample, run.pack.charter.minimum_cell
    put(run, "models.shapes", factor_shapes(sample.X, found.contributions, sample.described, min_cell=least))
    day = found.keys["as_of"].max()
    note(
        run,
        "deployed",
        {
            "name": deployed.name,
            "version": deployed.version,
            "base_rate": deployed.base_rate,
            "keeps_directions": deployed.fitted.kind in KEEPS_DIRECTIONS,
            "change": score_change(found.before, found.after),
            "as_of": day.date().isoformat(),
            "cohort": ", ".join(sorted(set(found.keys["cohort"].astype(str)))),
            "uninformative": [found.uninformative, len(found.keys)],
            **about_scores(run, deployed),
            **told_by(run.pack, deployed, day.date()),
        },
    )
    if facts["fitted_now"]:
        put(run, "models.stability", stability_rows(run, deployed, audited.parts[0], reseeded, found))
    return {
        "models.scores": len(found.keys),
        "models.explanations": found.reasons,
        "models.factors": put(run, "models.factors", weights),
    }


def _deployed(run: Run, facts: dict[str, Any]) -> tuple[Model, list[Model]]:
    """The model that scores, and the same fit with other seeds (none in trainings that did not note them)."""
    assert run.as_of is not None, "a run has an as-of date"  # noqa: S101 - the job is partitioned by it
    if not facts["fitted_now"]:
        deployed = load_model(run.models, deployed_version(run, facts["training_id"]))
        return deployed, [load_model(run.models, version) for version in facts.get("reseeded", [])]
    spec, trainer = run.pack.programme, trainer_of(run)
    rows = load_rows(run.con, run.programme, columns(spec.features))

    def fit(seed: int) -> Model:
        assert run.as_of is not None, "a run has an as-of date"  # noqa: S101 - as above
        return fit_deployed(rows, trainer.reseeded(seed), facts["chosen"], spec.splits, run.as_of)

    reseeded = list(refits(fit, spec.seed))
    note(run, "backtest", {**facts, "reseeded": [model.version for model in reseeded]})  # stored as they were fitted
    return fit(spec.seed), reseeded


def verdict(run: Run) -> Counts:
    """What the release may claim, against the charter."""
    facts = noted(run, "backtest")
    deployed = noted(run, "deployed") if facts["trained"] else {"uninformative": None, "statements": []}
    found = judge(
        run.pack.charter,
        get(run, "models.metrics") if facts["trained"] else None,
        get(run, "audit.fairness") if facts["trained"] else None,
        outcomes=facts["outcomes"],
        non_outcomes=facts["non_outcomes"],
        model=facts.get("chosen"),
        split=facts.get("test"),
        words=run.pack.words,
        uninformative=deployed["uninformative"],
        statements=statements_of(deployed),
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
    keep(run, found.verdict)
    return {"audit.verdict": len(found.reasons)}
