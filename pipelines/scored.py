"""The open cohort's scores and reasons, written block by block, and what later steps need of all of them.

Belongs here: the loop over blocks; how stable the factors are.
Does not belong here: a score or a reason itself (models.scoring), the order of the steps (pipelines.steps).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data_contracts.errors import PlumblineError, UsageError
from fairness_reports.release import current_release
from fairness_reports.release_tables import typed
from features.spec import columns
from models.dataset import Rows
from models.explanation.stability import agreement, agreement_with_release, factor_table
from models.model import Audited, Model
from models.registry import load_model
from models.scoring import score_open as blocks_of
from pipelines.resources import Run
from pipelines.tables import append, drop
from pipelines.trainings import deployed_version, trainings

SAMPLE = 50_000
"""Directions of factors and their stability rest on at most so many cases, the first by pseudonym: a random sample."""


@dataclass(frozen=True)
class Found:
    """What is kept of all open cases together: numbers, no reasons.

    Attributes
    ----------
    keys : DataFrame
        cohort, as_of, case_id.
    clusters : ndarray of str
        Cluster of each.
    factors : DataFrame
        Cases x factors.
    before, after : ndarray
        Scores by the audited and by the deployed model.
    uninformative, reasons : int
        How many scores are not informative; rows of explanations.
    sample : Rows
        The first cases with their features.
    contributions : DataFrame
        Of the sample, by column.
    """

    keys: pd.DataFrame
    clusters: np.ndarray
    factors: pd.DataFrame
    before: np.ndarray
    after: np.ndarray
    uninformative: int
    reasons: int
    sample: Rows
    contributions: pd.DataFrame


def score_open(run: Run, deployed: Model, audited: Audited, reseeded: Sequence[Model] = ()) -> Found:
    """Write models.scores and models.explanations of the open cohort.

    Parameters
    ----------
    run : Run
        The run.
    deployed, audited : Model, Audited
        The model that scores, and the one that was audited.
    reseeded : sequence of Model
        The deployed fit with other seeds. What these and the audited model say of each case is kept beside its score,
        in the column `others`: who is within a capacity by one model alone could as well be outside.

    Raises
    ------
    UsageError
        When every cohort is closed.
    """
    spec = run.pack.programme
    drop(run, "models.scores", "models.explanations")
    keys, clusters, factors, before, after = [], [], [], [], []
    sampled: list[tuple[Rows, pd.DataFrame]] = []
    uninformative = reasons = 0
    for block in blocks_of(run.con, run.programme, deployed, spec.features, spec.bands, spec.uncertainty):
        frame = block.rows.frame
        clusters.append(frame["cluster_id"].to_numpy(dtype=object))
        before.append(audited.score(block.rows.X, clusters[-1]))
        others = np.column_stack([before[-1], *(model.score(block.rows.X) for model in reseeded)])
        append(run, "models.scores", typed("scores", "restricted", block.scores.assign(others=list(others))))
        told = block.reasons.assign(
            value=pd.Series([_shown(value) for value in block.reasons["value"]], dtype=object),
            values=block.reasons["values"].map(lambda values: [_shown(value) for value in values]),
        )
        reasons += append(run, "models.explanations", typed("explanations", "restricted", told))
        keys.append(frame[["cohort", "as_of", "case_id"]])
        factors.append(block.factors)
        after.append(block.scores["score"].to_numpy(dtype=np.float64))
        uninformative += int((~block.scores["informative"]).sum())
        if sum(len(rows.X) for rows, _ in sampled) < SAMPLE:
            sampled.append((block.rows, block.contributions))
    if not keys:
        raise UsageError(
            "every cohort is closed on this day: there is no open case to score.",
            where=f"--as-of {run.as_of}",
            todo="Name the day of a cohort that is still open.",
        )
    sample = Rows(
        pd.concat([rows.frame for rows, _ in sampled], ignore_index=True),
        pd.concat([rows.X for rows, _ in sampled], ignore_index=True),
        tuple(columns(spec.features)),
    )
    return Found(
        pd.concat(keys, ignore_index=True),
        np.concatenate(clusters),
        pd.concat(factors, ignore_index=True),
        np.concatenate(before),
        np.concatenate(after),
        uninformative,
        reasons,
        sample,
        pd.concat([table for _, table in sampled], ignore_index=True),
    )


def stability_rows(run: Run, deployed: Model, audited: Model, others: Sequence[Model], found: Found) -> pd.DataFrame:
    """Rows of metrics.parquet that say whether the same factors matter to other fits, and to the release before.

    Parameters
    ----------
    run : Run
        The run.
    deployed, audited : Model
        The model that scores, and (one part of) the one that was audited.
    others : sequence of Model
        The deployed fit with other seeds.
    found : Found
        From `score_open`.

    Returns
    -------
    DataFrame
        split (`now`), as_of, model, metric, value, low, high, n.
    """
    X, described = found.sample.X, found.sample.described
    clusters, seed = found.clusters[: len(X)], run.pack.programme.seed
    tables = [factor_table(model, X, described) for model in (deployed, *others)]
    chain = [model for model in (_before(run, deployed), audited, deployed) if model is not None]
    successive = [factor_table(model, X, described) for model in chain[:-1]]
    rows = [
        agreement("seeds", tables, clusters, described, seed=seed),
        agreement("retrained", [*successive, tables[0]], clusters, described, seed=seed, successive=True),
    ]
    before = current_release(run.home.releases, run.programme)
    if before is not None and before.has("factors") and str(before.manifest["as_of"]) < str(run.as_of):
        rows.append(agreement_with_release(tables[0], clusters, described, before.table("factors"), seed=seed))
    table = pd.concat(rows, ignore_index=True)
    table.insert(0, "model", deployed.name)
    table.insert(0, "as_of", found.keys["as_of"].max())
    table.insert(0, "split", "now")
    return table


def _shown(value: float) -> str | None:
    """A value of any kind of feature in one form; None where there is none."""
    return None if value != value else f"{value:g}"


def _before(run: Run, deployed: Model) -> Model | None:
    """The model of the training before, where it is stored and saw the same columns."""
    earlier = [training for training in trainings(run) if run.as_of is not None and training.as_of < run.as_of]
    if not earlier:
        return None
    newest = max(earlier, key=lambda training: (training.as_of, training.opening))
    try:
        model = load_model(run.models, deployed_version(run, newest.training_id))
    except PlumblineError:
        return None
    return model if model.columns == deployed.columns else None
