"""The command `evaluate`: an earlier release, held against the outcomes that have come in since.

Belongs here: finding the release and its cases, scoring them again, figures and audit, the files that are left.
Does not belong here: any figure itself (models, fairness_reports), the words (pipelines.evaluate_text).

It looks and changes nothing: it works on a copy of the warehouse, and neither `current`, nor a verdict, nor which model
scores next depends on what it finds.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data_contracts.errors import PlumblineError, UsageError
from fairness_reports.audit import audit
from fairness_reports.capacity import select_within
from fairness_reports.release_read import Release, release_of_day
from fairness_reports.release_tables import new_file, to_arrow, write_parquet
from fairness_reports.verdict import Reason, judge
from features.spec import columns
from models.cohorts import group_values
from models.dataset import Rows, load_rows
from models.model import Model
from models.registry import load_model
from pipelines import steps
from pipelines.entrance import rehearsal
from pipelines.packs import Pack, load_pack
from pipelines.resources import Run, open_run
from pipelines.run import Ending
from pipelines.settings import Home
from pipelines.tables import get

ROLE = "evaluation"
BASE_RATE = "base_rate"
"""What everybody gets who is given the average of the training rows: the figures to beat."""


@dataclass(frozen=True)
class Again:
    """How the scores of a release look when its cases are scored again.

    Attributes
    ----------
    published : bool
        Whether the release published scores.
    compared : int
        Cases that it scored and that stand in the cohort still.
    changed : int
        Of these, cases whose score is another now, because their records were corrected.
    largest : float
        The largest difference.
    gone, new : int
        Cases that it scored and that stand in the cohort no more; cases in the cohort that it did not score.
    expired : bool
        Whether the published scores have been deleted since, so that nothing could be compared.
    """

    published: bool
    compared: int = 0
    changed: int = 0
    largest: float = 0.0
    gone: int = 0
    new: int = 0
    expired: bool = False


@dataclass(frozen=True)
class Evaluation:
    """What was found.

    Attributes
    ----------
    release : Release
        The release.
    day : date
        At its start, what was known is what it is judged by.
    cohort : str
        The cohort, or cohorts, that the release scored.
    model : str
        Name of its deployed model.
    cases, unknown : int
        Cases judged; those of them whose outcome stays unknown.
    again : Again
        The comparison of scores.
    metrics, fairness : DataFrame
        As in a release.
    reasons : list of Reason
        How the agreed thresholds look on these cases.
    other_charter : bool
        Whether the thresholds are other ones than when the release was made.
    other_settings : bool
        Whether the pack has changed: cohort, outcome and features are rebuilt by today's.
    ends_early : date or None
        Where the newest record is older than the day on which the cohort closes: what happened later was not delivered.
    """

    release: Release
    day: dt.date
    cohort: str
    model: str
    cases: int
    unknown: int
    again: Again
    metrics: pd.DataFrame
    fairness: pd.DataFrame
    reasons: list[Reason]
    other_charter: bool
    other_settings: bool = False
    ends_early: dt.date | None = None


def evaluate_release(home: Home, programme: str, as_of: dt.date, on: dt.date | None, lang: str) -> Ending:
    """Judge the release of an earlier day by what is known now.

    Parameters
    ----------
    home : Home
        Where the release is.
    programme : str
        The programme, built in or a pack's folder.
    as_of : date
        The release's as-of date. Of several, the current one, else the one made last.
    on : date or None
        Judged by what was known at the start of this day; by default today.
    lang : str
        `en` or `de`.

    Raises
    ------
    UsageError
        When there is no such release, or its cohort is not closed yet.
    """
    from pipelines.evaluate_text import said

    pack = load_pack(programme)
    pack.require_sign_off()
    release = release_of_day(home.releases, pack.name, as_of)
    day = on or dt.date.today()
    if not as_of < day <= dt.date.today():
        raise UsageError(
            "the day is out of range.", where=f"--on {day}", todo=f"Name a day after {as_of}, today at the latest."
        )
    if release.manifest["deployed_model"] is None:
        raise UsageError(
            "this release has no model: there is nothing to judge.", where=release.release_id, todo="Name another day."
        )
    with open_run(home, pack, as_of=day) as run, rehearsal(run) as copy:
        found = judged(copy, release)
    folder = _leave(home, pack, found)
    return Ending(0, f"{said(found, pack, lang)}\n{folder}")


def judged(run: Run, release: Release) -> Evaluation:
    """Rebuild cohorts, outcomes and features for the run's day and judge the release's cases.

    Parameters
    ----------
    run : Run
        On a copy of the warehouse; its as-of date is the day by which the release is judged.
    release : Release
        A release with a model.
    """
    assert run.as_of is not None, "an evaluation has a day"  # noqa: S101
    spec, charter, said = run.pack.programme, run.pack.charter, release.manifest["deployed_model"]
    model = _model(run, release)
    for step in (steps.cohort, steps.outcomes, steps.matrix):
        step(run)
    rows, closes = _cases(run, load_rows(run.con, run.programme, columns(spec.features)), release)
    ends = _records_end(run)
    if rows.columns != list(model.columns):
        raise UsageError(
            "the pack's features are not those of the release's model.",
            where=release.release_id,
            todo="Evaluate with the pack as it was when the release was made.",
        )
    again, rows, score = _scored_again(rows, model, release)
    frame = _predictions(rows, model, score, str(said["cohort"]))
    groups = group_values(run.con, run.programme, spec.protected.attributes)
    metrics = steps.measures_of(run).of(frame)
    chosen = frame[frame["model"] == model.name].reset_index(drop=True)
    share = charter.capacity.share
    chosen["selected"] = select_within(chosen, share, by=("split",)) if share else False
    fairness = audit(
        chosen,
        groups.drop(columns="cohort"),
        spec.protected,
        minimum_cell=charter.minimum_cell,
        confirmatory=charter.fairness,
        test_split=str(said["cohort"]),
        seed=spec.seed,
        bands=[band.up_to for band in spec.bands.root[:-1]],
    )
    outcome = chosen["outcome"]
    verdict = judge(
        charter,
        metrics,
        fairness,
        outcomes=int((outcome == 1).sum()),
        non_outcomes=int((outcome == 0).sum()),
        model=model.name,
        split=str(said["cohort"]),
        words=run.pack.words,
    )
    return Evaluation(
        release=release,
        day=run.as_of,
        cohort=str(said["cohort"]),
        model=model.name,
        cases=len(chosen),
        unknown=int(outcome.isna().sum()),
        again=again,
        metrics=metrics,
        fairness=fairness,
        reasons=[*verdict.reasons, *verdict.met],
        other_charter=release.manifest["charter_hash"] != charter.sha256,
        other_settings=release.manifest["config_hash"] != run.pack.config_hash,
        ends_early=ends if ends is not None and ends < closes - dt.timedelta(days=1) else None,
    )


def _model(run: Run, release: Release) -> Model:
    version = str(release.manifest["deployed_model"]["content_hash"])
    try:
        return load_model(run.models, version)
    except PlumblineError as error:
        raise PlumblineError(
            error.what, where=error.where, todo="Put the home's mlartifacts back from its backup: nothing else has it."
        ) from None


def _cases(run: Run, rows: Rows, release: Release) -> tuple[Rows, dt.date]:
    """The rows of the cohorts that the release scored, once all of them are closed."""
    names = str(release.manifest["deployed_model"]["cohort"]).split(", ")
    day = pd.Timestamp(release.manifest["as_of"])
    as_of = pd.to_datetime(rows.frame["as_of"])
    mine = rows.frame["cohort"].astype(str).isin(names) & (as_of <= day)
    mine &= as_of == as_of[mine].max()
    if not mine.any():
        raise UsageError(
            "the cohort that this release scored is not in the data any more.", where=release.release_id, todo=""
        )
    cohorts = get(run, "outcomes.cohorts")
    here = cohorts[cohorts["cohort"].astype(str).isin(names) & (pd.to_datetime(cohorts["as_of"]) == as_of[mine].max())]
    if not here["closed"].all():
        closes = pd.to_datetime(here["closes_on"]).max()
        when = "It has no day on which it closes: check `within` in programme.yaml."
        if not pd.isna(closes):
            when = f"It closes on {closes.date()}: evaluate it on that day or later (--on)."
        raise UsageError(
            f"the cohort {', '.join(names)} is not closed on {run.as_of}: its outcomes are not known yet.",
            where=release.release_id,
            todo=when,
        )
    return rows.take(np.flatnonzero(mine)), pd.Timestamp(here["closes_on"].max()).date()


def _records_end(run: Run) -> dt.date | None:
    """The newest day on which anything is known to have been recorded."""
    found = run.con.execute("SELECT max(known_at) FROM core.event WHERE programme = ?", [run.programme]).fetchone()
    return found[0] if found else None


def _scored_again(rows: Rows, model: Model, release: Release) -> tuple[Again, Rows, np.ndarray]:
    """Score the rows again; where scores were published, those are judged, and of these cases alone."""
    now = model.score(rows.X)
    if not release.has("scores"):
        published = release.expired and release.manifest["verdict"] == "fit"
        return Again(published, expired=published), rows, now
    published = release.table("scores").set_index("case_id")["score"]
    ids = rows.frame["case_id"]
    both = ids.isin(published.index).to_numpy()
    if not both.any():
        raise UsageError(
            "none of the release's cases is in the data any more.",
            where=release.release_id,
            todo="Cases are known by their pseudonyms: was the key or the delivery exchanged?",
        )
    then = published.reindex(ids[both]).to_numpy(dtype=np.float64)
    apart = np.abs(then - now[both])
    again = Again(
        True,
        compared=int(both.sum()),
        changed=int((apart > 0).sum()),
        largest=float(apart.max()),
        gone=int((~published.index.isin(ids)).sum()),
        new=int((~both).sum()),
    )
    return again, rows.take(np.flatnonzero(both)), then


def _predictions(rows: Rows, model: Model, score: np.ndarray, split: str) -> pd.DataFrame:
    """What is judged: the scores, and beside them the average for everybody."""
    frame = rows.frame[["as_of", "case_id", "cluster_id", "returning_person", "outcome"]].copy()
    frame = frame.assign(split=split, role=ROLE, model=model.name, raw=model.raw(rows.X), score=score)
    if model.name == BASE_RATE:
        return frame
    flat = frame.assign(model=BASE_RATE, score=model.base_rate, raw=np.log(model.base_rate / (1 - model.base_rate)))
    return pd.concat([frame, flat], ignore_index=True)


def _leave(home: Home, pack: Pack, found: Evaluation) -> Path:
    """Write the tables and a summary; what an earlier evaluation of the same day left is replaced."""
    release_id = found.release.release_id
    folder = home.evaluations / pack.name / release_id / found.day.isoformat()
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    for path in (home.evaluations, home.evaluations / pack.name, folder.parent, part):
        path.mkdir(exist_ok=True, mode=0o700)
    metadata = {"programme": pack.name, "release_id": release_id, "evaluated_on": found.day.isoformat()}
    orders = {
        "metrics": ["split", "model", "metric"],
        "fairness": ["split", "attribute", "group", "band", "metric", "comparison", "reference"],
    }
    for name, order in orders.items():
        write_parquet(to_arrow(name, "open", getattr(found, name), order, metadata), part / f"{name}.parquet")
    with new_file(part / "evaluation.json") as file:
        text = json.dumps(summary(found, pack), indent=2, sort_keys=True, ensure_ascii=False)
        file.write(f"{text}\n".encode())
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    return folder


def summary(found: Evaluation, pack: Pack) -> dict[str, Any]:
    """evaluation.json: what was judged, by what, and how the agreed thresholds look."""
    deployed = found.release.manifest["deployed_model"]
    return {
        "programme": pack.name,
        "release_id": found.release.release_id,
        "as_of": found.release.manifest["as_of"],
        "verdict_then": found.release.manifest["verdict"],
        "evaluated_on": found.day.isoformat(),
        "cohort": found.cohort,
        "model": {"name": found.model, "content_hash": deployed["content_hash"]},
        "cases": found.cases,
        "unknown_outcomes": found.unknown,
        "scores": asdict(found.again),
        "possibly_treated": found.again.published,
        "charter_hash": pack.charter.sha256,
        "charter_changed_since": found.other_charter,
        "settings_changed_since": found.other_settings,
        "records_end": found.ends_early.isoformat() if found.ends_early else None,
        "thresholds": [reason.as_dict() for reason in found.reasons],
    }
