"""Fictional cases through the real path: core tables, features, model.

Belongs here: the records that a vignette stands for, its row of the matrix and its score, whether the order holds.
Does not belong here: the file's form (models.spec.vignettes), what a wrong order means (fairness_reports.verdict).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb
import pandas as pd

from data_contracts.core import CORE, create_tables
from features.build import build_matrix, matrix_name
from features.fields import Feature
from features.kinds import AgeYears
from features.spec import Column, columns
from models.cohorts import build_cohorts
from models.explanation import case_rows, contributions
from models.model import Model
from models.scoring import case_evidence, score_cases
from models.spec import Cadence, CohortSpec, UncertaintySpec, Vignette, Vignettes

PROGRAMME = "vignettes"
LEAST = 1e-9
"""A case is above another when its log-odds are larger by more than this: rounding puts nobody above anybody."""
REASONS = 3
"""So many factors of each direction are told of a case."""


@dataclass(frozen=True)
class ScoredVignettes:
    """What a model says of fictional cases.

    Attributes
    ----------
    cases : DataFrame
        name, raw, score, low, high, informative, reason, in the order of the file.
    reasons : DataFrame
        name, factor, feature, category, value, contribution: of each case its `REASONS` factors with the largest
        contributions above zero and as many below, the strongest first. feature, category and value are those of the
        factor's strongest column: value NaN where there is none, all three missing where it speaks of other people.
    statements : DataFrame
        higher, lower, holds, in the order of the file.
    """

    cases: pd.DataFrame
    reasons: pd.DataFrame
    statements: pd.DataFrame


def score_vignettes(
    vignettes: Vignettes, model: Model, features: Sequence[Feature], uncertainty: UncertaintySpec, as_of: date
) -> ScoredVignettes:
    """Score the vignettes as if they were the open cases of a day.

    Parameters
    ----------
    vignettes : Vignettes
        The file.
    model : Model
        The deployed model.
    features : sequence of FeatureSpec
        The programme's features.
    uncertainty : UncertaintySpec
        The `uncertainty:` section.
    as_of : date
        The day; of the pack's own days only those relative to it matter.

    Returns
    -------
    ScoredVignettes
    """
    X, evidence = vignette_rows(vignettes, features, as_of)
    names = [vignette.name for vignette in vignettes.vignettes]
    told = score_cases(model, X, pd.DataFrame({"case_id": names, "as_of": as_of}), uncertainty, evidence)
    raw = dict(zip(names, told["raw"], strict=True))
    statements = [
        [each.higher, each.lower, bool(raw[each.higher] - raw[each.lower] > LEAST)] for each in vignettes.order
    ]
    told.insert(0, "name", names)
    reasons = _reasons(names, model, X, columns(features))
    return ScoredVignettes(told, reasons, pd.DataFrame(statements, columns=["higher", "lower", "holds"]))


def _reasons(names: Sequence[str], model: Model, X: pd.DataFrame, described: Sequence[Column]) -> pd.DataFrame:
    table, _ = contributions(model, X)
    cases = pd.DataFrame({"case_id": names, "as_of": pd.Timestamp(0), "place": range(len(names))})
    told = case_rows(cases, X, table, described).merge(cases[["case_id", "place"]], on="case_id", validate="m:1")
    told = told[told["contribution"].abs() > LEAST]
    side = told["contribution"] > 0
    told = told[told.groupby(["case_id", side], sort=False).cumcount() < REASONS]  # they come by rank
    told = told.sort_values(["place", "rank"], kind="stable", ignore_index=True)
    known = {column.name: column for column in described}
    behind = [known.get(name) for name in told["feature"]]  # none where a factor speaks of other people
    return pd.DataFrame(
        {
            "name": told["case_id"],
            "factor": told["factor"],
            "feature": pd.Series([each and each.feature for each in behind], dtype=object),
            "category": pd.Series([each and each.category for each in behind], dtype=object),
            "value": told["value"].astype("float64"),
            "contribution": told["contribution"],
        }
    )


def vignette_rows(vignettes: Vignettes, features: Sequence[Feature], as_of: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The vignettes' rows of the matrix, made in a warehouse of their own that holds nobody else.

    Returns
    -------
    X : DataFrame
        A row for each vignette, in the order of the file, with the programme's columns.
    evidence : DataFrame
        From `models.scoring.case_evidence`.
    """
    birth = sorted({spec.attribute for spec in features if isinstance(spec, AgeYears)})
    every_day = CohortSpec(as_of=Cadence(every_months=1, first=as_of))
    with duckdb.connect() as con:
        create_tables(con)
        for vignette in vignettes.vignettes:
            for table, row in _records(vignette, as_of, birth):
                columns = list(CORE[table].columns)
                con.execute(
                    f'INSERT INTO core."{table}" VALUES (?{", ?" * len(columns)})',
                    [PROGRAMME, *(row.get(column) for column in columns)],
                )
        build_cohorts(con, PROGRAMME, every_day, as_of)
        build_matrix(con, PROGRAMME, features)
        matrix = con.execute(f"SELECT * FROM {matrix_name(PROGRAMME)}").df().set_index("case_id")
        evidence = case_evidence(con, PROGRAMME, features, as_of)
    X = matrix.loc[[vignette.name for vignette in vignettes.vignettes]].drop(columns=["cohort", "as_of"])
    return X.reset_index(drop=True).astype("float64"), evidence


def _records(vignette: Vignette, as_of: date, birth: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of core tables that say what a vignette says. An id with a colon can be no vignette's name."""

    def ago(days: int) -> date:
        return as_of - timedelta(days=days)

    case, person, opened = vignette.name, f"person:{vignette.name}", ago(vignette.opened_days_ago)
    yield (
        "case",
        {
            "case_id": case,
            "person_id": person,
            "cluster_id": f"cluster:{vignette.name}",
            "opened_at": opened,
            "known_at": opened,
        },
    )
    told: dict[str, str] = dict(vignette.attributes)
    if vignette.age_years is not None:
        told |= dict.fromkeys(birth, born(vignette.age_years, as_of).isoformat())
    for name, value in told.items():
        # the same for both: nothing says on which of them the programme hangs an attribute
        for subject in (case, person):
            yield "attribute", {"subject_id": subject, "name": name, "value": value, "known_at": opened}
    for source in vignette.covered:
        yield "coverage", {"source": source, "person_id": person, "case_id": case}
    for place, event in enumerate(vignette.events):
        for time in range(event.times):
            back = time * event.every_days
            ended = None if event.ended_days_ago is None else ago(event.ended_days_ago + back)
            yield (
                "event",
                {
                    "event_id": f"{vignette.name}:{place}:{time}",
                    "person_id": person,
                    "case_id": case,
                    "event_at": ago(event.days_ago + back),
                    "known_at": ago((event.known_days_ago or event.days_ago) + back),
                    "event_type": event.type,
                    "category": event.category,
                    "value": event.value,
                    "ended_at": ended,
                    "end_known_at": ended,
                },
            )


def born(age_years: float, as_of: date) -> date:
    """The day of birth of somebody who is so old on a day: of whole years it is the birthday.

    >>> born(17, date(2024, 2, 29)), born(0.5, date(2024, 7, 1))
    (datetime.date(2007, 2, 28), datetime.date(2024, 1, 1))
    """
    years = int(age_years)
    last = 28 if (as_of.month, as_of.day) == (2, 29) else as_of.day
    birthday = as_of.replace(year=as_of.year - years, day=last) if years else as_of
    return birthday - timedelta(days=round((age_years - years) * 365.25))
