"""The audit's steps: what the rooms are asked about groups, and what of it is kept.

Belongs here: the audit of the backtest with what explains a gap and what was tried against it; changes over time; what
people decided.
Does not belong here: any figure (fairness_reports), the other steps (pipelines.steps).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fairness_reports.audit import audit
from fairness_reports.audit.attrition import attrition
from fairness_reports.audit.prepare import prepared
from fairness_reports.capacity import select_within
from fairness_reports.decisions import decisions
from fairness_reports.decisions.figures import TEAM
from fairness_reports.disclosure import case_rows
from fairness_reports.drift import NOW, drift
from fairness_reports.identification import ObservationSpec
from fairness_reports.identification.block import IDENTIFIED, NOT_IDENTIFIABLE, UNDECLARED
from fairness_reports.mitigation.compare import compare_options
from fairness_reports.origins import origins
from fairness_reports.release import Release, read_release
from fairness_reports.spec import SCORES_SHOWN
from features.spec import columns
from models.cohorts import group_values
from models.dataset import Rows, load_rows
from models.model import Audited
from models.registry import load_model
from models.splits import Split, temporal_splits
from pipelines.answers import answers_of, shown
from pipelines.resources import Run
from pipelines.steps import trainer_of
from pipelines.tables import drop, get, has, noted, put, rows_of
from pipelines.trainings import KEPT_BY_STEP, groups_of_backtest, restore_audit, trainings

Counts = dict[str, int]

WITHOUT_OUTCOMES = ("n", "group_share", "selection_rate", "capacity_share", "mean_score")
"""What can be told of cases whose outcomes nobody knows yet."""


def fairness(run: Run) -> Counts:
    """Who would have been missed, and who flagged, in which group; where that comes from; what was tried against it."""
    facts = noted(run, "backtest")
    if not facts["trained"]:
        return dict.fromkeys(KEPT_BY_STEP["fairness"], 0)
    if not facts["fitted_now"]:
        restore_audit(run, facts["training_id"])
        return {table: rows_of(run, table) for table in KEPT_BY_STEP["fairness"]}
    groups = _groups(run)
    rows = load_rows(run.con, run.programme, columns(run.pack.programme.features))
    splits = temporal_splits(rows.frame, run.pack.programme.splits)
    found = [_audit(run, facts, groups), _attrition(run), _origins(run, facts, rows, splits[-1], groups)]
    options = _options(run, facts, rows, splits, groups)
    if options is None:
        drop(run, "audit.mitigation")
    return {
        "audit.fairness": put(run, "audit.fairness", pd.concat(found, ignore_index=True)),
        "audit.groups": put(run, "audit.groups", groups_of_backtest(run, groups)),
        "audit.mitigation": 0 if options is None else put(run, "audit.mitigation", options),
    }


def _groups(run: Run) -> pd.DataFrame:
    """What the audit knows of every cohort row: protected attributes, and who was looked at where that decides."""
    spec = run.pack.programme
    wanted = list(spec.protected.attributes)
    served = spec.observation.served if spec.observation is not None else None
    if served is not None and served.attribute not in wanted:
        wanted.append(served.attribute)
    return group_values(run.con, run.programme, wanted).drop(columns="cohort")


def _audit(run: Run, facts: Mapping[str, Any], groups: pd.DataFrame) -> pd.DataFrame:
    spec, charter = run.pack.programme, run.pack.charter
    chosen = _chosen(run, facts)
    _keep_cases(run, "audit.cases", chosen, groups)
    return audit(
        chosen,
        groups,
        spec.protected,
        minimum_cell=charter.minimum_cell,
        confirmatory=charter.fairness,
        test_split=str(facts["test"]),
        seed=spec.seed,
        bands=[band.up_to for band in spec.bands.root[:-1]],
        observation=spec.observation,
    )


def _chosen(run: Run, facts: Mapping[str, Any]) -> pd.DataFrame:
    """The backtest of the audited model, with who would have been selected and whose score had been seen."""
    scored = get(run, "models.backtest")
    chosen: pd.DataFrame = scored[scored["model"] == facts["chosen"]].reset_index(drop=True)
    chosen["selected"] = select_by_split(chosen, run.pack.charter.capacity.share or 0.0)
    chosen["treated"] = _treated(run, chosen)
    return chosen


def _keep_cases(run: Run, table: str, chosen: pd.DataFrame, groups: pd.DataFrame) -> None:
    """Keep what disclosure control has to know of the audit's cases, as the audit itself sees them."""
    spec = run.pack.programme
    rows, _ = prepared(chosen, groups, spec.protected, spec.observation)
    rows["split"] = np.where(rows["treated"], rows["split"] + SCORES_SHOWN, rows["split"])
    put(run, table, case_rows(rows, [band.up_to for band in spec.bands.root[:-1]]))


def audited_cases(run: Run) -> pd.DataFrame:
    """The cases of the audit and those scored now, without ids: what disclosure control counts."""
    if not has(run, "audit.cases"):  # of a training that older code kept
        _keep_cases(run, "audit.cases", _chosen(run, noted(run, "backtest")), get(run, "audit.groups"))
    return pd.concat([get(run, "audit.cases"), get(run, "audit.cases_now")], ignore_index=True)


def _treated(run: Run, chosen: pd.DataFrame) -> pd.Series:
    """Whose score workers had seen: all since the declared day, and those of whom a team's answers say so."""
    since = run.pack.programme.observation.scores_shown_since if run.pack.programme.observation is not None else None
    days = pd.to_datetime(chosen["as_of"])
    seen = shown(run)
    told = set(zip(pd.to_datetime(seen["as_of"]), seen["case_id"], strict=True))
    answered = [key in told for key in zip(days, chosen["case_id"], strict=True)]
    return pd.Series(answered, index=chosen.index) | (False if since is None else days >= pd.Timestamp(since))


def select_by_split(frame: pd.DataFrame, share: float) -> pd.Series:
    """Who would have been within the capacity in each split; nobody where there is no capacity."""
    if not share:
        return pd.Series(False, index=frame.index)
    return select_within(frame, share, by=("split",))


def cohort_splits(run: Run) -> dict[str, str]:
    """Which split each tested cohort belongs to."""
    cut = get(run, "models.splits")
    return {
        cohort: str(row.split)
        for row in cut[cut["history"].isna()].itertuples()
        for cohort in str(row.test_cohorts).split(", ")
    }


def _attrition(run: Run) -> pd.DataFrame:
    """Who had left before the days of prediction of the tested cohorts."""
    splits = cohort_splits(run)
    counts = run.con.execute(
        'SELECT cohort, as_of, attribute, "group", registered, left_before FROM cohort.attrition '
        "WHERE programme = ? ORDER BY ALL",
        [run.programme],
    ).df()
    return attrition(counts, splits, run.pack.programme.protected, minimum_cell=run.pack.charter.minimum_cell)


def _origins(run: Run, facts: Mapping[str, Any], rows: Rows, test: Split, groups: pd.DataFrame) -> pd.DataFrame:
    """Which factors carry a gap in the test, and what the features reveal."""
    spec = run.pack.programme
    audited = Audited(tuple(load_model(run.models, version) for version in facts["parts"]), spec.seed)
    tested = rows.take(test.test)
    return origins(
        audited,
        tested,
        tested.frame["outcome"].to_numpy(dtype=np.float64),
        groups,
        spec.protected,
        split=test.name,
        as_of=test.as_of,
        minimum_cell=run.pack.charter.minimum_cell,
        seed=spec.seed,
        identification=_identification(spec.observation),
    )


def _identification(observation: ObservationSpec | None) -> str:
    """Of mean contributions among those with, or without, the recorded outcome: only a full record identifies them."""
    if observation is None:
        return UNDECLARED
    sure = observation.outcomes_of == "all" and not observation.reporting and not observation.unfounded
    return IDENTIFIED if sure else NOT_IDENTIFIABLE


def _options(
    run: Run, facts: Mapping[str, Any], rows: Rows, splits: list[Split], groups: pd.DataFrame
) -> pd.DataFrame | None:
    """Ways to shrink a gap, compared on development splits; None where the programme names none."""
    spec, charter = run.pack.programme, run.pack.charter
    if not spec.mitigation.compare:
        return None
    trainer = trainer_of(run)
    return compare_options(
        rows,
        splits,
        trainer,
        spec.mitigation,
        charter,
        groups,
        trainer.candidate(str(facts["chosen"])),
        share=charter.capacity.share or 0.0,
        seed=spec.seed,
        minimum_cell=charter.minimum_cell,
        missing_label=spec.protected.missing_label,
    )


def changes(run: Run) -> Counts:
    """Who is scored now, what has changed since earlier periods and releases, and what people decided."""
    facts = noted(run, "backtest")
    decided = put(run, "audit.decisions", _decided(run))
    if not facts["trained"]:
        return {"audit.now": 0, "audit.decisions": decided, "audit.drift": 0, "alarms": 0}
    today = _now(run)
    earlier = judged_before(run)
    found = drift(
        pd.concat([get(run, "audit.fairness"), today], ignore_index=True),
        test_split=str(facts["test"]),
        earlier=earlier,
    )
    return {
        "audit.now": put(run, "audit.now", today),
        "audit.decisions": decided,
        "audit.drift": put(run, "audit.drift", found),
        "alarms": int(found["alarm"].sum()),
    }


def _decided(run: Run) -> pd.DataFrame:
    """What people decided beside the model's selection, from the lists that were read back; no columns without any.

    Cases of lists whose day is none of the programme's cohorts any more have no group and no cluster: left out.
    """
    spec = run.pack.programme
    answers = answers_of(run)
    cases = run.con.execute(
        "SELECT c.as_of, c.case_id, c.cluster_id, c.team, o.outcome "
        'FROM cohort."case" c LEFT JOIN outcomes.outcome o ON o.programme = c.programme AND o.main '
        "AND o.cohort = c.cohort AND o.as_of = c.as_of AND o.case_id = c.case_id WHERE c.programme = ?",
        [run.programme],
    ).df()
    keys = ["as_of", "case_id"]
    for frame in (answers, cases):
        frame["as_of"] = pd.to_datetime(frame["as_of"])
    found = answers.merge(cases, on=keys, validate="1:1") if len(answers) else answers
    if found.empty:
        return pd.DataFrame()
    names = spec.protected.attributes
    groups = group_values(run.con, run.programme, names)[[*keys, *names]]
    groups["as_of"] = pd.to_datetime(groups["as_of"])
    found = found.drop(columns="team") if TEAM in names else found
    return decisions(
        found.merge(groups, on=keys, how="left", validate="1:1"),
        spec.protected,
        minimum_cell=run.pack.charter.minimum_cell,
        seed=spec.seed,
    )


def _now(run: Run) -> pd.DataFrame:
    """The audit's rows of the open cohort: no outcome is known yet, so who is there and who would be selected."""
    spec, charter = run.pack.programme, run.pack.charter
    scores = get(run, "models.scores")[["case_id", "as_of", "score"]]
    clusters = run.con.execute(
        'SELECT case_id, as_of, cluster_id FROM cohort."case" WHERE programme = ?', [run.programme]
    ).df()
    keys = ["case_id", "as_of"]
    for frame in (scores, clusters):
        frame["as_of"] = pd.to_datetime(frame["as_of"])
    scored = scores.merge(clusters, on=keys, validate="1:1").assign(split=NOW, outcome=np.nan)
    scored["selected"] = select_by_split(scored, charter.capacity.share or 0.0)
    groups = _groups(run)
    _keep_cases(run, "audit.cases_now", scored.assign(treated=False), groups)
    found = audit(scored, groups, spec.protected, minimum_cell=charter.minimum_cell, seed=spec.seed)
    return found[found["metric"].isin(WITHOUT_OUTCOMES) & (found["band"] == "all")].reset_index(drop=True)


def judged_before(run: Run) -> pd.DataFrame | None:
    """Judged rows of the releases of earlier days, oldest first, one release per day; None where there are none."""
    tables = []
    for release in releases_before(run) if noted(run, "backtest")["trained"] else ():
        if release.has("fairness"):
            table = release.table("fairness")
            tables.append(table[table["confirmatory"]].assign(release_id=release.release_id))
    return pd.concat(tables, ignore_index=True) if tables else None


def releases_before(run: Run) -> list[Release]:
    """Releases of earlier days, oldest first, one per day.

    Only releases on trainings that are not younger than this run's, or without a model, and of those of a day the one
    on the newest training, and of these the first that was made: a day scored again, whatever was released in between,
    then says the same. A run without a model compares with all.
    """
    facts = noted(run, "backtest")
    opened = {training.training_id: training.opening for training in trainings(run)}
    mine = int(facts.get("opening", 0)) if facts["trained"] else max(opened.values(), default=0)
    found: dict[str, tuple[tuple[int, str, str], Release]] = {}
    for path in sorted((run.home.releases / run.programme).glob("[!.]*/manifest.json")):
        release = read_release(path.parent)
        day, about = str(release.manifest["as_of"]), release.manifest.get("training")
        opening = opened.get(str(about["training_id"]), mine + 1) if about else 0
        if day >= str(run.as_of) or opening > mine:
            continue
        rank = (-opening, str(release.manifest["created_at"]), release.release_id)
        if day not in found or rank < found[day][0]:
            found[day] = (rank, release)
    return [release for _, (_, release) in sorted(found.items())]
