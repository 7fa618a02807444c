"""The pack's fictional cases in a run: what the deployed model says of them, as the manifest and the verdict want it.

Belongs here: going from scored vignettes to plain values and back.
Does not belong here: scoring them (models.vignettes), what a wrong order means (fairness_reports.verdict).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from fairness_reports.verdict import Statement
from features.words import Text
from models.model import Model
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
        vignettes: name, story, age_years, score, low, high, informative, reason of each case. statements: higher,
        lower, because, holds of each statement. Both are empty where the pack has no vignettes.
    """
    if pack.vignettes is None:
        return {"vignettes": [], "statements": []}
    spec = pack.programme
    found = score_vignettes(pack.vignettes, model, spec.features, spec.uncertainty, as_of)
    cases = [
        {
            "name": vignette.name,
            "story": vignette.story.model_dump(),
            "age_years": vignette.age_years,
            **{figure: float(row[figure]) for figure in ("score", "low", "high")},
            "informative": bool(row["informative"]),
            "reason": row["reason"],
        }
        for vignette, row in zip(pack.vignettes.vignettes, found.cases.to_dict("records"), strict=True)
    ]
    statements = [
        {"higher": said.higher, "lower": said.lower, "because": said.because.model_dump(), "holds": bool(holds)}
        for said, holds in zip(pack.vignettes.order, found.statements["holds"], strict=True)
    ]
    return {"vignettes": cases, "statements": statements}


def statements_of(told: dict[str, Any]) -> list[Statement]:
    """The statements in `told_by`'s answer, for the verdict."""
    return [
        Statement(said["higher"], said["lower"], Text(**said["because"]), said["holds"]) for said in told["statements"]
    ]
