"""Markup and formulas in every text that a report or a sheet may be made from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pandas as pd
from pydantic import BaseModel

from fairness_reports.reports import ReportContext
from fairness_reports.spec import JOIN, OVERALL, SCORES_SHOWN
from features.words import Text
from tests import fairness_reports_fake_audit as audit

MARKUP = (
    " <script>alert(1)</script> \"><img src=x onerror=alert(2)> ' onclick=alert(3) x=' {{7*7}} {x} {0} %s ${y}"
    ' </style></title></svg></desc> <!-- $\\alpha$ &amp; id="q" #010101 \u202egpj\u202c ' + "Donaudampfschifffahrt" * 4
)
"""What is put behind a text; ends in a word that fits no line."""

HARMLESS = re.sub(r"[^\w\s]", "x", MARKUP)
"""As long, with spaces where the other has them, and only letters."""

FORMULAS = (
    '=HYPERLINK("http://x.example","y")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n@x", "%1",
    "|x", "http://x.example/", "mailto:x@x.example", "internal:about!A1", "＝1+1", "\ufeff=1", "{=1+1}",
)  # fmt: skip
"""What a spreadsheet would run, follow or split."""

# columns of frames that hold names which somebody else gave; the others are codes of our own
_NAMES = {
    "split", "model", "attribute", "group", "reference", "factor", "cohort", "candidate", "table", "detail", "feature",
    "train_cohorts", "test_cohorts", "picked", "column", "label", "value_text", "team", "values",
}  # fmt: skip
# fields that hold codes, days and numbers, and what is validated to be a name in the form of a word
_CODES = {
    "verdict", "as_of", "code", "created_at", "trained_as_of", "due_on", "metric", "state", "reason_code", "programme",
    "comparison", "why", "role", "kind", "category_of", "charter_hash", "config_hash", "sha256", "content_hash",
    "disclosure", "direction", "basis", "history", "design", "look_back_days", "by_association", "horizon", "expected",
    "selection", "profile", "release_state", "language", "status", "outcomes_of", "type", "tags",
    "field", "who", "number", "section", "part",
}  # fmt: skip
_OURS = {OVERALL, "all", "development", "none", "", "not recorded"}


def name(value: str, plant: str) -> str:
    """A name with something behind it, the same wherever it stands; names of our own stay."""
    if value in _OURS:
        return value
    if value.endswith(SCORES_SHOWN):
        return name(value.removesuffix(SCORES_SHOWN), plant) + SCORES_SHOWN
    return JOIN.join(part if part in _OURS else part + plant for part in value.split(JOIN))


def frame(made: pd.DataFrame, plant: str) -> pd.DataFrame:
    """A frame with something behind every name."""
    planted = made.copy()
    for column in _NAMES & set(made.columns):
        planted[column] = [name(each, plant) if isinstance(each, str) else each for each in made[column]]
    return planted


def everywhere(value: Any, plant: str, key: str = "") -> Any:
    """A value with something behind each of its texts; what steers a page (codes, numbers, days) stays.

    Parameters
    ----------
    value : object
        A dataclass, a model, a frame, a mapping, a list or a text.
    plant : str
        What is put behind texts.
    key : str
        The field that it stands in.

    Returns
    -------
    object
        Of the same kind.
    """
    walk: Callable[[Any, str], Any] = lambda each, field: everywhere(each, plant, field)  # noqa: E731
    if isinstance(value, Text):
        return Text.model_construct(en=value.en + plant, de=value.de + plant)
    if isinstance(value, pd.DataFrame):
        return frame(value, plant)
    if isinstance(value, BaseModel):
        changed = {field: walk(getattr(value, field), field) for field in type(value).model_fields}
        return value.model_copy(update=changed)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: walk(getattr(value, each.name), each.name) for each in fields(value)})
    if isinstance(value, Mapping):
        if set(value) == {"en", "de"}:
            return {language: text + plant for language, text in value.items()}
        keys = key in ("attributes", "values", "factors") and not key.isupper()
        return {
            name(each, plant) if keys and isinstance(each, str) else each: walk(inner, str(each))
            for each, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return type(value)(walk(each, key) for each in value)
    if isinstance(value, str) and key not in _CODES and type(value) is str:
        return name(value, plant)
    return value


def context(plant: str) -> ReportContext:
    """A context with everything in it and something behind each text."""
    made = audit.whole(simulated=True)
    planted: ReportContext = everywhere(made, plant)
    # what the pack's models hold to be a word in small letters cannot carry anything else
    manifest = {**planted.manifest, "reasons": everywhere(list(audit.fake.REASONS["not_fit"]), plant)}
    training = made.manifest.get("training")
    return replace(planted, manifest={**manifest, **({"training": training} if training else {})})
