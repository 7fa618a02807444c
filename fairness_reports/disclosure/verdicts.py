"""The reasons of a verdict as pages may say them.

Belongs here: the same sentences once more, with the figures that disclosure control leaves.
Does not belong here: the verdict (fairness_reports.verdict), which was judged on exact figures and stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from fairness_reports.audit.reasons import WITHHELD
from fairness_reports.charter import Charter
from fairness_reports.disclosure.profile import Profile
from fairness_reports.verdict_text import Sentences, Unseen
from features.words import Words

Row = Mapping[str, Any]


def retold(
    reasons: Sequence[Row],
    charter: Charter,
    metrics: pd.DataFrame | None,
    fairness: pd.DataFrame | None,
    *,
    profile: Profile,
    model: str | None = None,
    split: str | None = None,
    words: Words | None = None,
) -> list[dict[str, Any]]:
    """Reasons as in a manifest, with every figure taken from protected tables.

    Parameters
    ----------
    reasons : sequence of mapping
        `Reason.as_dict` of each.
    charter : Charter
        What was agreed.
    metrics, fairness : DataFrame or None
        Protected rows.
    profile : Profile
        The rules, for counts.
    model, split : str, optional
        Which rows the verdict was judged on.
    words : Words, optional
        What attributes and groups are called.

    Returns
    -------
    list of dict
        In the same order. The codes are the verdict's own: what was judged on exact figures stays judged.
    """
    say = Sentences(words)
    rows = metrics
    if rows is not None:
        rows = rows[(rows["model"] == model) & (rows["split"] == split)]
    audited = None if fairness is None else fairness[(fairness["split"] == split) & fairness["confirmatory"]]
    return [_one(dict(reason), charter, rows, audited, profile, say) for reason in reasons]


def _one(
    reason: dict[str, Any],
    charter: Charter,
    metrics: pd.DataFrame | None,
    audited: pd.DataFrame | None,
    profile: Profile,
    say: Sentences,
) -> dict[str, Any]:
    code = str(reason["code"])
    if code.startswith("threshold_"):
        return _threshold(reason, charter, metrics, say)
    if code.startswith("gap_") and code != "gap_not_measured":
        return _gap(reason, charter, audited, say)
    value = reason.get("value")
    if code.startswith("too_few_") and value is not None:
        count = profile.count(float(value))
        text = say.too_few(code, count, profile.minimum, int(reason["threshold"]))
        return reason | {"value": float(count), "text": {"en": text.en, "de": text.de}}
    if reason.get("metric") == "uninformative" and value is not None:
        share = round(float(value), 2)
        text = say.uninformative(code, float(reason["threshold"]), share, measured=True)
        return reason | {"value": share, "text": {"en": text.en, "de": text.de}}
    return reason


def _threshold(
    reason: dict[str, Any], charter: Charter, metrics: pd.DataFrame | None, say: Sentences
) -> dict[str, Any]:
    metric, limit = reason["metric"], reason["threshold"]
    agreed = next((each for each in charter.performance if (each.metric, each.limit) == (metric, limit)), None)
    found = None if metrics is None else metrics[metrics["metric"] == metric]
    value, low, high = _figures(None if found is None or found.empty else found.iloc[0])
    figures = {"value": value, "low": low, "high": high}
    if agreed is None:
        return reason | figures
    text = say.threshold(str(reason["code"]), agreed, value, low, high)
    return reason | figures | {"text": {"en": text.en, "de": text.de}}


def _gap(reason: dict[str, Any], charter: Charter, audited: pd.DataFrame | None, say: Sentences) -> dict[str, Any]:
    place = {name: reason.get(name) for name in ("metric", "attribute", "reference")}
    agreed = next(
        (
            each
            for each in charter.fairness
            if {"metric": each.metric, "attribute": each.attribute, "reference": each.reference} == place
            and (each.tolerance is None or each.tolerance == reason["threshold"])
        ),
        None,
    )
    found = None
    if audited is not None:
        rows = audited[(audited["comparison"] == "difference") & (audited["group"] == reason.get("group"))]
        rows = rows[(rows[list(place)] == pd.Series(place)).all(axis=1)]
        found = None if rows.empty else rows.iloc[0]
    value, low, high = _figures(found)
    bounds = (None, None) if found is None else (_known(found["bound_low"]), _known(found["bound_high"]))
    told = reason | {"value": value, "low": low, "high": high}
    told |= {name: bound for name, bound in zip(("bound_low", "bound_high"), bounds, strict=True) if name in reason}
    if agreed is None:
        return told
    entry = next(
        (
            each
            for each in charter.accepted
            if (each.attribute, each.group, each.metric) == (agreed.attribute, reason.get("group"), agreed.metric)
        ),
        None,
    )
    why: str | None = WITHHELD  # a row that left the table altogether: its figures must not stay in the sentence
    unseen = Unseen()
    if found is not None:
        needed, n = _known(found["needed_n"]), _known(found["n"])
        unseen = Unseen(
            str(found["identification"]) if pd.notna(found["identification"]) else None,
            bounds,
            None if needed is None else int(needed),
            None if n is None else int(n),
        )
        why = None if pd.isna(found["reason"]) else str(found["reason"])
    text = say.gap(str(reason["code"]), agreed, str(reason["group"]), (value, low, high), why, entry, unseen)
    return told | {"text": {"en": text.en, "de": text.de}}


def _figures(row: Any) -> tuple[float | None, float | None, float | None]:
    if row is None:
        return None, None, None
    return _known(row["value"]), _known(row["low"]), _known(row["high"])


def _known(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
