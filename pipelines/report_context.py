"""What the pages of a release are told, gathered from the pack and the warehouse.

Belongs here: filling `ReportContext`, and nothing else.
Does not belong here: what the pages say (fairness_reports.reports) or any figure (the rooms).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from data_contracts.rules import rule_labels
from data_contracts.warehouse import quoted
from fairness_reports.audit.grouping import score_bands
from fairness_reports.reports import BandLine, Excluded, FeatureLine, ReportContext
from fairness_reports.reports.spans import with_spans
from features.fields import EventFeature
from features.labels import labels, missing_rule
from features.spec import columns
from features.windows import read_window
from features.words import Text
from models.candidates.points import PointsModel
from models.model import Model
from pipelines.packs import Pack
from pipelines.resources import Run
from pipelines.tables import get, has, noted

_WHY = ("protected", "proxy", "entrusted", "drop")


def pack_context(pack: Pack, manifest: Mapping[str, Any], **frames: Any) -> ReportContext:
    """A context with what the pack itself says; frames and counts are added by name."""
    programme = pack.programme
    ends = [band.up_to for band in programme.bands.root]
    return ReportContext(
        manifest=manifest,
        title=programme.title,
        description=programme.description,
        words=pack.words,
        charter=pack.charter,
        credit=programme.credit,
        simulated=programme.simulated,
        observation=programme.observation,
        horizon=programme.outcome.within,
        bands=[
            BandLine(name, band.up_to, pack.words.bands.get(band.name))
            for name, band in zip(score_bands(np.empty(0), ends[:-1])[0], programme.bands.root, strict=True)
        ],
        features=_lines(pack),
        rule_labels={rule: Text(**said) for rule, said in rule_labels(pack.contract).items()},
        excluded=excluded(pack),
        **frames,
    )


def release_context(run: Run, manifest: Mapping[str, Any], trained: bool, **frames: Any) -> ReportContext:
    """The context of a release: the pack's, with the frames that the steps left."""
    cohorts = get(run, "outcomes.cohorts")
    cohorts["outcomes"] = cohorts["outcomes"].where(cohorts["closed"])  # of an open cohort none is known
    if trained:
        learned = noted(run, "backtest")["learned_from"]
        used = _used(get(run, "models.splits"), learned)
        # what has closed since the champion was trained, it has not learned from
        last = pd.Timestamp(manifest["training"]["trained_as_of"])
        late = pd.to_datetime(cohorts["closes_on"]) > last
        names = cohorts["cohort"].astype(str)
        roles = names.map(used)
        if names.duplicated().any() and has(run, "models.calendar"):
            # a name that days share does not say which of them were tried
            tried = _tried(get(run, "models.calendar"))
            keys = zip(names, pd.to_datetime(cohorts["as_of"]), strict=True)
            roles = pd.Series([tried.get(key, "train" if key[0] in learned else None) for key in keys], cohorts.index)
        roles = roles.fillna("unused").mask(late, "since")
        cohorts["role"] = np.where(cohorts["closed"], roles, "open")
    else:
        cohorts["role"] = ["train" if row.closed else "open" for row in cohorts.itertuples()]
    attrition = run.con.execute(
        'SELECT cohort, as_of, attribute, "group", registered, left_before FROM cohort.attrition '
        "WHERE programme = ? ORDER BY ALL",
        [run.programme],
    ).df()
    if trained:
        frames |= _training(run)
    context = pack_context(
        run.pack,
        manifest,
        cohorts=cohorts[["cohort", "as_of", "role", "cases", "outcomes"]],
        attrition=attrition,
        **frames,
    )
    return with_spans(context)


def _training(run: Run) -> dict[str, Any]:
    """What the page on the test of the model is told besides figures: of the training that the release rests on."""
    deployed = noted(run, "deployed")
    kept = {name: f"models.{name}" for name in ("selection", "rules", "splits", "calendar")}
    return {
        "basis": noted(run, "backtest").get("basis"),
        "points": deployed.get("points", []),
        "points_scores": deployed.get("points_scores", []),
        "uninformative": deployed.get("uninformative_reasons", {}),
        # a training that older code kept may lack one
        **{name: get(run, table) for name, table in kept.items() if has(run, table)},
    }


def about_scores(run: Run, model: Model) -> dict[str, Any]:
    """What pages say of the deployed model and its scores, as plain values.

    Parameters
    ----------
    run : Run
        The run, whose scores are in models.scores.
    model : Model
        The deployed model.

    Returns
    -------
    dict
        points: feature, category, comparison, cut, points of each statement of a points list, the most points first.
        points_scores: total, score, low, high for every total that the statements can add up to. Both are empty for
        other models. uninformative_reasons: by reason, how many scores are not informative; not to be shown as they
        are, for they may be small.
    """
    table = quoted(f"{run.programme}__scores")
    reasons = run.con.execute(
        f"SELECT reason, count(*) FROM models.{table} WHERE NOT informative GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    facts: dict[str, Any] = {
        "points": [],
        "points_scores": [],
        "uninformative_reasons": {str(reason): int(count) for reason, count in reasons},
    }
    fitted = model.fitted
    if not isinstance(fitted, PointsModel):
        return facts
    listed = {column.name: column for column in columns(run.pack.programme.features)}
    for item in fitted.items(model.columns):
        column = listed[item["column"]]
        told = {name: item[name] for name in ("comparison", "cut", "points")}
        facts["points"].append({"feature": column.feature, "category": column.category, **told})
    totals = {0}
    for points in fitted.points:
        totals |= {total + int(points) for total in totals}
    ordered = sorted(totals)
    raw = fitted.intercept + fitted.slope * np.array(ordered, dtype=np.float64)
    low, high = model.calibrator.interval(raw)
    for total, score, *ends in zip(ordered, model.calibrator.score(raw), low, high, strict=True):
        facts["points_scores"].append(
            {"total": total, "score": float(score), "low": float(ends[0]), "high": float(ends[1])}
        )
    return facts


def _used(splits: pd.DataFrame, learned_from: Sequence[str]) -> dict[str, str]:
    """What each cohort served for in a training: the last of learning, development and test that holds."""
    used = dict.fromkeys(learned_from, "train")
    for row in splits[splits["history"].isna()].itertuples():
        used |= dict.fromkeys(str(row.test_cohorts).split(", "), str(row.role))
    return used


def _tried(calendar: pd.DataFrame) -> dict[tuple[str, pd.Timestamp], str]:
    """By name and day, in which kind of trial a cohort was tried last."""
    rows = calendar[calendar["history"].isna() & (calendar["part"] == "test")]
    days = pd.to_datetime(rows["cohort_as_of"])
    return dict(zip(zip(rows["cohort"].astype(str), days, strict=True), rows["role"].astype(str), strict=True))


def _lines(pack: Pack) -> list[FeatureLine]:
    called = labels(pack.programme.features, pack.words)
    lines = []
    for feature in pack.programme.features:
        line = FeatureLine(
            feature.name,
            feature.factor,
            label=called[feature.name],
            direction=feature.direction,
            missing=missing_rule(feature),
            kind=feature.kind,
            attribute=getattr(feature, "attribute", None),
        )
        if isinstance(feature, EventFeature):
            far, source = read_window(feature.window).far, ", ".join(feature.events.type)
            missing = None if isinstance(feature.missing, str) else float(feature.missing)
            line = replace(line, look_back_days=far, source=source, by_association=feature.by_association)
            line = replace(line, filler=missing or None)
        lines.append(line)
    return lines


def excluded(pack: Pack) -> list[Excluded]:
    """What is recorded and what the model does not see: protected attributes, and columns by their tags."""
    found = [Excluded(pack.words.attributes[name].label, "protected") for name in pack.programme.protected.attributes]
    # a proxy that a feature reads is seen; the mapping keeps a column's name for its attribute
    known = {*pack.programme.protected.attributes, *(getattr(f, "attribute", "") for f in pack.programme.features)}
    for table in pack.contract.tables:
        for column in table.columns:
            why = next((tag for tag in _WHY if tag in column.tags), None)
            if why and column.name not in known:
                known.add(column.name)
                found.append(
                    Excluded(column.business_name or f"{table.name}.{column.name}", "dropped" if why == "drop" else why)
                )
    return found
