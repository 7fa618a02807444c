"""Scores of open cases, with what can honestly be said about each.

Belongs here: the columns of scores.parquet, how much is recorded about each case.
Does not belong here: who is selected, or whether scores may leave at all (fairness_reports).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np
import pandas as pd

from features.evidence import evidence_table
from features.fields import EventFeature, Feature
from features.kinds import DaysSinceOpened
from features.spec import columns
from models.dataset import IN_BLOCK, Rows, open_rows
from models.explanation import by_factor, case_rows, contributions, with_evidence
from models.informative import informative
from models.model import Model
from models.spec import BandSpec, UncertaintySpec


@dataclass(frozen=True)
class ScoredBlock:
    """Some of the open cases with all that a release says of them.

    Attributes
    ----------
    rows : Rows
        Their rows.
    scores : DataFrame
        From `score`.
    reasons : DataFrame
        Rows of explanations.parquet.
    contributions, factors : DataFrame
        Rows x columns and rows x factors, in the order of the rows.
    """

    rows: Rows
    scores: pd.DataFrame
    reasons: pd.DataFrame
    contributions: pd.DataFrame
    factors: pd.DataFrame


def score_open(
    con: duckdb.DuckDBPyConnection,
    programme: str,
    model: Model,
    features: Sequence[Feature],
    bands: BandSpec,
    uncertainty: UncertaintySpec,
    *,
    block: int = 10_000,
) -> Iterator[ScoredBlock]:
    """Score and explain every open case, some at a time: memory does not grow with their number.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse, with cohorts, outcomes and the feature matrix built.
    programme : str
        Name of the programme.
    model : Model
        The deployed model.
    features : sequence of FeatureSpec
        The programme's features.
    bands, uncertainty
        As for `score`.
    block : int
        Cases at a time; no figure depends on it.

    Yields
    ------
    ScoredBlock
    """
    listed = columns(features)
    for rows in open_rows(con, programme, listed, block=block):
        table, base = contributions(model, rows.X)
        day = pd.Timestamp(rows.frame["as_of"].iloc[0]).date()
        behind = case_evidence(con, programme, features, day, cases=IN_BLOCK)
        evidence = evidence_table(con, programme, features, day, cases=IN_BLOCK)
        reasons = case_rows(rows.frame, rows.X, table, listed)
        yield ScoredBlock(
            rows,
            score(model, rows, bands, uncertainty, behind, (table, base)),
            with_evidence(reasons, evidence, listed),
            table,
            by_factor(table, listed),
        )


def score(
    model: Model,
    rows: Rows,
    bands: BandSpec,
    uncertainty: UncertaintySpec,
    evidence: pd.DataFrame,
    explained: tuple[pd.DataFrame, np.ndarray] | None = None,
) -> pd.DataFrame:
    """Score rows.

    Parameters
    ----------
    model : Model
        The model.
    rows : Rows
        Rows to score, such as `Rows.to_score()`.
    bands : BandSpec
        The `bands:` section.
    uncertainty : UncertaintySpec
        The `uncertainty:` section.
    evidence : DataFrame
        From `case_evidence`, with these cases among its rows.
    explained : tuple, optional
        What `contributions(model, rows.X)` returned, where it is at hand.

    Returns
    -------
    DataFrame
        case_id, person_id, as_of, team, score, low, high, band, informative, reason, raw, base_value, model_version,
        in the order of the rows. `reason` is one of models.informative.REASONS, or None.
    """
    _, base_value = explained if explained is not None else contributions(model, rows.X)
    frame = rows.frame
    told = score_cases(model, rows.X, frame[["case_id", "as_of"]], uncertainty, evidence)
    return pd.DataFrame(
        {
            "case_id": frame["case_id"].to_numpy(),
            "person_id": frame["person_id"].to_numpy(),
            "as_of": frame["as_of"].to_numpy(),
            "team": frame["team"].to_numpy(),
            "score": told["score"],
            "low": told["low"],
            "high": told["high"],
            "band": band_of(told["score"].to_numpy(), bands),
            "informative": told["informative"],
            "reason": told["reason"],
            "raw": told["raw"],
            "base_value": base_value,
            "model_version": model.version,
        }
    )


def score_cases(
    model: Model, X: pd.DataFrame, cases: pd.DataFrame, uncertainty: UncertaintySpec, evidence: pd.DataFrame
) -> pd.DataFrame:
    """What a model says of cases, and whether that says anything.

    Parameters
    ----------
    model, uncertainty, evidence
        As for `score`.
    X : DataFrame
        The model's columns.
    cases : DataFrame
        case_id and as_of of the same rows.

    Returns
    -------
    DataFrame
        raw, score, low, high, informative, reason, with a new index.
    """
    raw = model.raw(X)
    low, high = model.calibrator.interval(raw)
    keys = ["case_id", "as_of"]
    asked, known = (table.assign(as_of=pd.to_datetime(table["as_of"])) for table in (cases[keys], evidence))
    behind = asked.merge(known, on=keys, how="left", validate="m:1")
    told, reason = informative(
        low,
        high,
        model.base_rate,
        behind["evidence_count"].fillna(0).to_numpy(dtype=np.float64),
        behind["evidence_age_days"].to_numpy(dtype=np.float64, na_value=np.nan),
        model.support.distance_share(model.matrix(X)),
        uncertainty,
    )
    return pd.DataFrame(
        {"raw": raw, "score": model.calibrator.score(raw), "low": low, "high": high, "informative": told}
    ).assign(reason=pd.Series(reason, dtype=object))


def case_evidence(
    con: duckdb.DuckDBPyConnection,
    programme: str,
    features: Sequence[Feature],
    as_of: date,
    cohort: str | None = None,
    cases: str | None = None,
) -> pd.DataFrame:
    """How many records stand behind all of a case's factors together, and how old the newest is.

    Each record counts once, however many factors it stands behind. That the case was opened is none, and records about
    other people say nothing of how well this person is known.

    Parameters
    ----------
    con, programme, as_of, cohort, cases
        As for `features.evidence.evidence_table`.
    features : sequence of FeatureSpec
        The programme's features.

    Returns
    -------
    DataFrame
        case_id, as_of, evidence_count, evidence_age_days (<NA> without any); a row for every case.
    """
    columns = ["case_id", "as_of", "evidence_count", "evidence_age_days"]
    own = [
        # one factor for all, so that the query itself takes each record once
        spec.model_copy(update={"factor": "all"})
        for spec in features
        if not isinstance(spec, DaysSinceOpened) and not (isinstance(spec, EventFeature) and spec.by_association)
    ]
    if not own:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
    return evidence_table(con, programme, own, as_of, cohort, cases)[columns]


def band_of(probability: np.ndarray, bands: BandSpec) -> np.ndarray:
    """Name of the band of each score: the first whose `up_to` lies above it."""
    ends = np.array([band.up_to for band in bands.root])
    names = np.array([band.name for band in bands.root], dtype=object)
    place = np.minimum(np.searchsorted(ends, probability, side="right"), len(names) - 1)
    named: np.ndarray = names[place]
    return named
