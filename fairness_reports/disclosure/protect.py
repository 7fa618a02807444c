"""The way through disclosure control: exact tables of a release in, tables that a person may check for passing on out.

Belongs here: which table goes through which rules, what the cases behind them are, the summary.
Does not belong here: the rules (profile, levels, crossings), where tables come from or go (pipelines).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from fairness_reports.audit.grouping import score_bands
from fairness_reports.disclosure import tables
from fairness_reports.disclosure.counted import CELLS, Part, Split
from fairness_reports.disclosure.fairness import FairnessRows, Told
from fairness_reports.disclosure.figures import told_total
from fairness_reports.disclosure.history import NOW, Kept, Past, keep
from fairness_reports.disclosure.levels import ALL, HIDDEN, levels_of
from fairness_reports.disclosure.model_figures import protect_metrics
from fairness_reports.disclosure.profile import Profile, profile_of
from fairness_reports.disclosure.retold import told_again
from fairness_reports.spec import OVERALL, ProtectedSpec

if TYPE_CHECKING:
    from fairness_reports.reports.context import ReportContext

PREFIX: Final = "attribute "
"""Before the name of each attribute in the columns of `cases`."""
_LEFT, _STAYED = 0, 3


@dataclass(frozen=True)
class Protected:
    """What came out.

    Attributes
    ----------
    frames : dict of str to DataFrame
        The tables under the names they came with.
    summary : dict
        profile, minimum, base; shown and withheld: about how many figures.
    splits : dict of str to Split
        What may be shown of each group in each split.
    told : dict
        Figures of groups that are told, by split, attribute, group, band and metric.
    kept : Kept
        What is told as an earlier release told it.
    past : Past or None
        What `protect` was given.
    """

    frames: dict[str, pd.DataFrame]
    summary: dict[str, Any]
    splits: dict[str, Split] = field(default_factory=dict)
    told: Told = field(default_factory=dict)
    kept: Kept = field(default_factory=Kept)
    past: Past | None = None

    def total(self, split: str, cases: float, profile: Profile) -> tuple[float, float] | None:
        """Cases and outcomes of a split as all tables and pages tell them.

        Parameters
        ----------
        split : str
            Its name.
        cases : float
            Exact: only where the audit had as many, these are the same cases.
        profile : Profile
            The rules.

        Returns
        -------
        tuple of float or None
            None where the table of the audit does not tell them.
        """
        there = self.splits.get(split)
        told = None if there is None or there.size != cases else told_total(there.parts[OVERALL], profile)
        return None if told is None else (told[0], told[2] if told[1] else np.nan)

    def split_of(self, day: Any) -> str | None:
        """The split that was predicted on this day alone; a test comes before the cases that are scored now."""
        days = {} if self.past is None or pd.isna(day) else self.past.days
        found = [split for split in sorted(days) if days[split] == pd.Timestamp(day).date().isoformat()]
        return min(found, key=lambda split: split == NOW) if found else None


def case_rows(rows: pd.DataFrame, bands: Sequence[float] | None) -> pd.DataFrame:
    """The cases behind an audit, in the form that `protect` takes.

    Parameters
    ----------
    rows : DataFrame
        From fairness_reports.audit.prepare.prepared: as the audit itself saw its cases.
    bands : sequence of float or None
        Inner edges of the score bands, as in the audit.

    Returns
    -------
    DataFrame
        split, as_of, selected, outcome, band, and `attribute NAME` for each attribute; no ids.
    """
    attributes = [name for name in rows.columns if str(name).startswith(PREFIX)]
    pieces = []
    for split, part in rows.groupby("split", sort=True):
        made = part[["as_of", "selected", "outcome", *attributes]].assign(split=split, band=None)
        score = part["score"].to_numpy(dtype=np.float64)
        if np.isfinite(score).all() and ((score >= 0) & (score <= 1)).all():
            names, codes = score_bands(score, bands)
            made["band"] = np.array(names, dtype=object)[codes]
        pieces.append(made)
    return pd.concat(pieces, ignore_index=True)


def protect(
    frames: Mapping[str, pd.DataFrame],
    cases: pd.DataFrame | None,
    *,
    profile: str,
    protected: ProtectedSpec,
    minimum_cell: int,
    test_split: str | None = None,
    left: pd.DataFrame | None = None,
    past: Past | None = None,
) -> Protected:
    """All tables of the open part, with nothing in them that rests on, or gives away, too few cases.

    Parameters
    ----------
    frames : mapping of str to DataFrame
        Exact tables by their names in a release; those that are not known here are refused by leaving them out.
    cases : DataFrame or None
        From `case_rows`, all splits together; None where no model was made.
    profile : str
        A name in fairness_reports.disclosure.profile.PROFILES.
    protected : ProtectedSpec
        The attributes, and which are crossed.
    minimum_cell : int
        Of the charter; it holds where it is larger than the profile's.
    test_split : str, optional
        The split that is compared with others over time.
    left : DataFrame, optional
        split, attribute, group, registered, left_before: who had left before the day of prediction.
    past : Past, optional
        What earlier releases told of the same cases.

    Returns
    -------
    Protected
        Same input, same output.
    """
    rules = profile_of(profile, minimum_cell)
    splits = _splits(cases, protected, rules, minimum_cell) if cases is not None else {}
    kept = Kept()
    if past is not None:
        kept = keep(splits, past.days, past.models, past.earlier, rules.minimum, past.changed)
    rows = FairnessRows(splits, _left(left, splits, rules), rules)
    made: dict[str, pd.DataFrame] = {}
    if "fairness" in frames:
        made["fairness"] = rows.protect(frames["fairness"])
    for name, frame in frames.items():
        if name == "metrics":
            made[name] = protect_metrics(frame, rules, splits)
        elif name == "drift":
            made[name] = tables.protect_drift(frame, splits, rows.told, str(test_split), NOW, rules)
        elif name == "mitigation":
            made[name] = tables.protect_mitigation(frame, splits, rules)
        elif name == "factors":
            made[name] = tables.protect_factors(frame, splits, NOW, rules, protected.missing_label)
        elif name == "shapes":
            made[name] = tables.protect_shapes(frame, rules)
        elif name == "tendencies":
            made[name] = tables.protect_tendencies(frame, rules)
        elif name == "quality":
            made[name] = tables.protect_quality(frame, rules)
        elif name == "decisions":
            made[name] = tables.protect_decisions(frame, rules) if len(frame) else frame
    made = {name: made[name] for name in frames if name in made}
    if past is not None:
        made = {name: told_again(name, frame, kept, past, str(test_split)) for name, frame in made.items()}
    return Protected(made, _summary(frames, made, rules), splits, rows.told, kept, past)


def _splits(cases: pd.DataFrame, protected: ProtectedSpec, profile: Profile, minimum_cell: int) -> dict[str, Split]:
    here = cases.rename(columns={f"{PREFIX}{name}": name for name in protected.attributes})
    groups = {
        # a group that is not there in one split is there with nobody
        name: sorted(here[name].dropna().astype(str).unique())
        for name in protected.attributes
        if name in here.columns
    }
    return {
        str(split): Split(part.reset_index(drop=True), groups, protected.crossed(), profile, minimum_cell)
        for split, part in here.groupby("split", sort=True)
    }


def _left(left: pd.DataFrame | None, splits: Mapping[str, Split], profile: Profile) -> dict[str, dict[str, Part]]:
    """Who had left, by split and attribute; a group whose size is not told elsewhere is not told here either."""
    found: dict[str, dict[str, Part]] = {}
    if left is None or left.empty:
        return found
    judged = np.isin(np.arange(CELLS), [_LEFT, _STAYED])
    for (split, attribute), rows in left.groupby(["split", "attribute"], sort=True):
        sums = rows.groupby("group", sort=True)[["registered", "left_before"]].sum()
        labels: list[object] = [str(label) for label in sums.index]
        counts = np.zeros((len(labels), CELLS))
        counts[:, _LEFT] = sums["left_before"].to_numpy()
        counts[:, _STAYED] = (sums["registered"] - sums["left_before"]).to_numpy()
        limit = np.full(len(labels), ALL)
        part = splits[str(split)].parts.get(str(attribute)) if str(split) in splits else None
        if part is not None:
            places = [part.at(label) for label in labels]
            limit = np.array([ALL if at is None else HIDDEN if part.levels[at] == HIDDEN else ALL for at in places])
        levels = levels_of(counts, profile, limit, judged=judged, sizes=False)
        found.setdefault(str(split), {})[str(attribute)] = Part(labels, counts, levels, profile.base)
        if OVERALL not in found[str(split)]:
            total = counts.sum(axis=0, keepdims=True)
            top = levels_of(total, profile, judged=judged, sizes=False)
            found[str(split)][OVERALL] = Part([OVERALL], total, top, profile.base)
    return found


_FIGURE = {"factors": "importance", "shapes": "mean_contribution", "tendencies": "auc"}
"""Which column of a table counts as its figure."""


def _summary(exact: Mapping[str, pd.DataFrame], made: Mapping[str, pd.DataFrame], profile: Profile) -> dict[str, Any]:
    """What a page says of it; counts of figures are rounded like any other."""
    before = shown = 0
    for name, frame in made.items():
        column = _FIGURE.get(name, "value")
        before += int(exact[name][column].notna().sum())
        shown += int(frame[column].notna().sum())
    return {
        "profile": profile.name,
        "minimum": profile.minimum,
        "base": profile.base,
        "shown": profile.count(shown),
        "withheld": profile.count(max(before - shown, 0)),
    }


def protect_check(context: ReportContext) -> ReportContext:
    """What a check, or a refused delivery, leaves in its open part: its table of rules, and that rules were applied."""
    charter = context.charter
    rules = profile_of(
        "default" if charter is None else charter.disclosure_profile, 0 if charter is None else charter.minimum_cell
    )
    quality = tables.protect_quality(context.quality, rules)
    summary = _summary({"quality": context.quality}, {"quality": quality}, rules)
    return replace(context, quality=quality, manifest={**context.manifest, "disclosure": summary})


def protect_cohorts(
    cohorts: pd.DataFrame, profile: Profile, totals: Sequence[tuple[float, float] | None] = ()
) -> pd.DataFrame:
    """Cases and outcomes of each cohort: rounded; outcomes only where there are enough with and without.

    Parameters
    ----------
    cohorts : DataFrame
        cases, outcomes.
    profile : Profile
        The rules.
    totals : sequence of tuple of float or None
        By cohort: cases and outcomes as they are told of the split that it is, from `Protected.total`.
    """
    cases = cohorts["cases"].to_numpy(dtype=np.float64)
    outcomes = pd.to_numeric(cohorts["outcomes"]).to_numpy(dtype=np.float64)
    known = np.isfinite(outcomes)
    few = known & (
        profile.small(np.where(known, outcomes, 0.0)) | profile.small(np.where(known, cases - outcomes, 0.0))
    )
    told = [np.nan if not ok else float(profile.count(count)) for count, ok in zip(outcomes, known & ~few, strict=True)]
    sizes = [0.0 if profile.small(count).any() else float(profile.count(count)) for count in cases]
    for i, total in enumerate(totals):
        if total is not None:
            sizes[i] = total[0]
            told[i] = total[1] if np.isfinite(told[i]) and np.isfinite(total[1]) else told[i]
    # what is withheld is not known to a reader, either; that a cohort is closed is told by `role`
    return cohorts.assign(cases=np.array(sizes, dtype=np.int64), outcomes=pd.array(told, dtype="Float64"))


def protect_attrition(
    attrition: pd.DataFrame, protected: ProtectedSpec, profile: Profile, missing_label: str
) -> pd.DataFrame:
    """Who had left before the predictions, over all cohorts together: groups that may be shown."""
    named = attrition.assign(
        group=attrition["group"].astype(object).where(attrition["group"].notna(), missing_label), split="all"
    )
    rows = []
    for attribute, part in _left(named, {}, profile).get("all", {}).items():
        for label, counts, level in zip(part.labels, part.counts, part.levels, strict=True):
            if level == ALL:
                left, stayed = profile.count(counts[_LEFT]), profile.count(counts[_STAYED])
                rows.append(["all", None, attribute, label, left + stayed, left])
    made = pd.DataFrame(rows, columns=["cohort", "as_of", "attribute", "group", "registered", "left_before"])
    return made[made["attribute"].isin([OVERALL, *protected.attributes])].reset_index(drop=True)
