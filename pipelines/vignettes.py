"""The pack's fictional cases in a run: what the deployed model says of them, as the manifest and the verdict want it.

Belongs here: going from scored vignettes to plain values and back.
Does not belong here: scoring them (models.vignettes), what a wrong order means (fairness_reports.verdict).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from fairness_reports.verdict import Statement
from features.words import Text
from models.model import Model
from models.scoring import band_of
from models.vignettes import score_vignettes
from pipelines.packs import Pack


def told_by(pack: Pack, model: Model, as_of: dt.date) -> dict[str, list[dict[str, Any]]]:
    """What a model says of the pack's vignettes.

    Parameters
    ----------
    pack : Pack
        The pack, with or without vignettes.
    model : Model
        The deployed model.
    as_of : date
        The day on which it scores.

    Returns
    -------
    dict
        vignettes: name, story, age_years, score, low, high, band, informative, reason of each case, and its reasons:
        factor, feature, category, value, contribution of the factors that move its score most in either direction.
        statements: higher, lower, because, holds of each statement. Both are empty where the pack has no vignettes.
    """
    if pack.vignettes is None:
        return {"vignettes": [], "statements": []}
    spec = pack.programme
    found = score_vignettes(pack.vignettes, model, spec.features, spec.uncertainty, as_of)
    bands = band_of(found.cases["score"].to_numpy(), spec.bands)
    cases = [
        {
            "name": vignette.name,
            "story": vignette.story.model_dump(),
            "age_years": vignette.age_years,
            **{figure: float(row[figure]) for figure in ("score", "low", "high")},
            "band": str(band),
            "informative": bool(row["informative"]),
            "reason": row["reason"],
            "reasons": _reasons(found.reasons, vignette.name),
        }
        for vignette, row, band in zip(pack.vignettes.vignettes, found.cases.to_dict("records"), bands, strict=True)
    ]
    statements = [
        {"higher": said.higher, "lower": said.lower, "because": said.because.model_dump(), "holds": bool(holds)}
        for said, holds in zip(pack.vignettes.order, found.statements["holds"], strict=True)
    ]
    return {"vignettes": cases, "statements": statements}


def _reasons(table: pd.DataFrame, name: str) -> list[dict[str, Any]]:
    """The reasons of one case as plain values; a value that is missing is None."""
    rows = table[table["name"] == name].drop(columns="name").to_dict("records")
    return [{str(key): None if pd.isna(value) else value for key, value in row.items()} for row in rows]


def statements_of(told: dict[str, Any]) -> list[Statement]:
    """The statements in `told_by`'s answer, for the verdict."""
    return [
        Statement(said["higher"], said["lower"], Text(**said["because"]), said["holds"]) for said in told["statements"]
    ]
