"""How well the features reveal who somebody is.

Belongs here: for each group the area under the ROC curve of telling its cases from all others, by all features together
and by each alone.
Does not belong here: what is done about a proxy (fairness_reports.mitigation), what a model makes of it (waterfall).

The model that tells groups apart is additive in steps: each column becomes its values (or eighths, where it has more
than 16), "missing" as one of them, and its ranks; a ridge regression of the group on these is fitted on four fifths of
the clusters and asked about the last fifth. It sees bends, gaps and missing values, but no interplay of two columns. It
has a closed form, so that all groups and features take seconds; on the test rows of both built-in programmes it told as
much as gradient boosting, which took many times as long. The penalty is chosen by generalised cross-validation (G. H.
Golub, M. Heath, G. Wahba 1979, Technometrics 21, 215-223) inside the four fifths. One model, not the better of several:
whoever picks the better one after looking reports its luck too.

Areas are computed inside each fold, where no row is compared with one that another model placed, and averaged by pairs
of cases; pooling the folds would press the figure below .5 where there is nothing to tell. Their variance is that of
E. LeDell, M. Petersen and M. van der Laan (2015), Electronic Journal of Statistics 9, 1583-1607, in its form for
clusters (fairness_reports.audit.auc), **doubled**: each fold also teaches the others, so what one shows by luck another
shows too. Where there is nothing to tell, each pair of folds gives the same product of chances twice, once as teacher
and pupil and once the other way round, and the variance is twice that of independent folds (without the doubling, 95 %
intervals held the truth in 81 to 93 % of simulations, with it in 93 to 99 %); where there is much to tell it is not and
the intervals are too long there rather than too short. All figures are what this model finds: another may find more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from fairness_reports.audit import reasons
from fairness_reports.audit.auc import auc_by_group
from fairness_reports.audit.grouping import Groups
from fairness_reports.audit.intervals import critical, logit_limits, wilson
from fairness_reports.audit.table import Table
from fairness_reports.origins.people import people
from fairness_reports.spec import ProtectedSpec
from features.spec import Column
from models.folds import cluster_folds, hashed_share, one_thread

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

PROXY: Final = "proxy_auc"
CASES: Final = 10_000
"""At most so many cases are looked at; whole clusters, by a hash of their ids."""
FOLDS: Final = 5
OWN_VALUES, STEPS = 16, 8
"""A column with so many different values is taken value by value, any other in so many steps of equal size."""
TREND: Final = 2.0
"""Ranks run from 0 to this: a trend is penalised less than single steps."""
PENALTIES: Final = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0)
SHARED: Final = 2.0
"""By how much the variance grows because folds teach one another; see above."""
LEVEL: Final = 0.95
NOTHING: Final = (np.nan, np.nan, np.nan)
REVEALS: Final = 0.55
"""A feature counts as a proxy where the lower limit of its figure is above this."""


def proxy(feature: str) -> str:
    """The metric's name for a feature."""
    return f"{PROXY}[{feature}]"


def proxies(
    X: pd.DataFrame,
    columns: Sequence[Column],
    groups: pd.DataFrame,
    clusters: np.ndarray,
    protected: ProtectedSpec,
    *,
    split: str,
    as_of: date | None,
    minimum_cell: int = 10,
    seed: int,
) -> pd.DataFrame:
    """How well each group is told from all others, by all features and by each.

    Parameters
    ----------
    X : pandas.DataFrame, cases x columns
        Features; NaN = missing.
    columns : sequence of features.spec.Column
        Which feature each column belongs to; the columns of a category are looked at together. Empty: each column is a
        feature.
    groups : pandas.DataFrame
        A column per protected attribute, one row per case.
    clusters : numpy.ndarray
        Per case its cluster.
    protected : ProtectedSpec
        The protected attributes.
    split, as_of
        Of the rows.
    minimum_cell : int
        Groups with fewer cases, and groups that leave fewer others, have no figure; neither have groups with cases in
        fewer than six clusters.
    seed : int
        Which clusters are looked at, where there are more than 10,000 cases, and how they fall into folds.

    Returns
    -------
    pandas.DataFrame
        Rows of the audit: per attribute the metric `proxy_auc` and then `proxy_auc[FEATURE]`, per group the area with
        its 95 % interval. .5 reveals nothing, 1 everything. `n` counts all cases looked at, the group's and the others.
    """
    clusters = np.asarray(clusters).astype(str).astype(object)
    kept = _sample(clusters, seed)
    values = X.to_numpy(dtype=np.float64)[kept]
    told = people(values, groups.iloc[kept].reset_index(drop=True), clusters[kept], protected, minimum_cell)
    fold = cluster_folds(clusters[kept][told.order], FOLDS, seed, "proxies")
    designs = _designs(values[told.order], list(X.columns), columns)
    members = [_members(part, len(kept)) for part in told.partitions]
    asked = [_asked(each, minimum_cell) for each in members]
    wanted = [member[:, which] for member, which in zip(members, asked, strict=True)]
    targets = np.hstack([np.empty((len(kept), 0)), *wanted])
    with one_thread():
        scores = {name: cross_fitted(design, targets, fold) for name, design in designs.items()}
    table, start = Table(split, as_of), 0
    for part, member, which in zip(told.partitions, members, asked, strict=True):
        why = _why(part.labels, member, minimum_cell, protected.missing_label)
        for name, score in scores.items():
            figures, reason = np.full((3, len(why)), np.nan), why.copy()
            for place, label in enumerate(which.tolist(), start):
                figures[:, label], reason[label] = _area(score[:, place], member[:, label], fold, told.unit)
            if len(which) == 1 and len(why) == 2:
                # telling one of two groups from the other is telling the other from it
                figures[:], reason[:] = figures[:, which], reason[which[0]]
            looked_at = np.array([each in {None, reasons.NO_VARIATION} for each in reason])
            table.add(
                len(why),
                attribute=part.attribute,
                group=np.array(part.labels, dtype=object),
                metric=name,
                comparison="value",
                value=figures[0],
                low=figures[1],
                high=figures[2],
                n=np.where(looked_at, len(kept), np.nan),
                identification="identified",
                reason=reason,
            )
        start += len(which)
    for attribute in told.missing:
        fixed = {"attribute": attribute, "group": protected.missing_label, "reason": reasons.NOT_IN_DATA}
        table.add(1, metric=PROXY, comparison="value", identification="identified", **fixed)
    return table.frame()


def strongest_proxies(table: pd.DataFrame, attribute: str, limit: int = 3, above: float = REVEALS) -> list[str]:
    """The features that reveal an attribute most.

    Parameters
    ----------
    table : pandas.DataFrame
        With rows of `proxies`, of one split.
    attribute : str
        The protected attribute.
    limit : int
        How many at most.
    above : float
        The lower limit of a feature's figure must be above this for at least one group.

    Returns
    -------
    list of str
        The one with the highest figure for any group first, ties by name.
    """
    rows = table[(table["attribute"] == attribute) & table["metric"].str.startswith(proxy("")[:-1])]
    best = rows[rows["low"] > above].groupby("metric", sort=True)["value"].max()
    ranked = sorted(best.items(), key=lambda each: (-each[1], str(each[0])))
    return [str(name)[len(PROXY) + 1 : -1] for name, _ in ranked[:limit]]


def cross_fitted(design: Array, targets: Array, fold: Codes) -> Array:
    """What ridge regressions fitted on the other folds say of each row, for many targets at once.

    Parameters
    ----------
    design : numpy.ndarray, rows x columns
        What tells.
    targets : numpy.ndarray, rows x targets
        1 or 0.
    fold : numpy.ndarray
        Per row its fold.

    Returns
    -------
    numpy.ndarray, rows x targets
        Comparable inside a fold.
    """
    parts = [np.flatnonzero(fold == k) for k in np.unique(fold)]
    grams = [design[part].T @ design[part] for part in parts]
    cross = [design[part].T @ targets[part] for part in parts]
    scores = np.zeros(targets.shape)
    for k, part in enumerate(parts):
        n = len(design) - len(part)
        if not n:
            continue
        mean, share = ((each.sum(axis=0) - each[part].sum(axis=0)) / n for each in (design, targets))
        gram = sum(each for i, each in enumerate(grams) if i != k) - n * np.outer(mean, mean)
        towards = sum(each for i, each in enumerate(cross) if i != k) - n * np.outer(mean, share)
        scores[part] = (design[part] - mean) @ _ridge(gram, towards, n * share * (1 - share), n)
    return scores


def _ridge(gram: Array, towards: Array, squares: Array, n: int) -> Array:
    """Weights, columns x targets, each target with the penalty that generalised cross-validation prefers."""
    size, axes = np.linalg.eigh(gram)
    size = np.maximum(size, 0.0)
    turned = axes.T @ towards
    best, chosen = np.full(towards.shape[1], np.inf), np.zeros_like(towards)
    for penalty in PENALTIES:
        shrunk = 1 / (size + penalty)
        error = squares - 2 * (turned**2 * shrunk[:, None]).sum(axis=0)
        error += (turned**2 * (size * shrunk**2)[:, None]).sum(axis=0)
        criterion = error / (1 - ((size * shrunk).sum() + 1) / n) ** 2
        better = criterion < best
        best[better], chosen[:, better] = criterion[better], (turned * shrunk[:, None])[:, better]
    weights: Array = axes @ chosen
    return weights


def _designs(values: Array, names: Sequence[str], columns: Sequence[Column]) -> dict[str, Array]:
    """By metric what tells: all columns together, then those of each feature."""
    singles = [_design(column) for column in values.T]
    feature = {column.name: column.feature for column in columns}
    parts: dict[str, list[Array]] = {PROXY: singles}
    for name, single in zip(names, singles, strict=True):
        parts.setdefault(proxy(feature.get(name, name)), []).append(single)
    return {name: np.hstack([np.empty((len(values), 0)), *part]) for name, part in parts.items()}


def _design(column: Array) -> Array:
    """A column as steps, "missing" among them, and ranks; no columns where it never varies."""
    gone = np.isnan(column)
    told = column[~gone]
    levels = np.unique(told)
    if len(levels) > OWN_VALUES:
        edges = np.unique(np.quantile(told, np.arange(1, STEPS) / STEPS))
        step = np.searchsorted(edges, column, side="right")
    else:
        step = np.searchsorted(levels, column)
    step = np.unique(np.where(gone, -1, step), return_inverse=True)[1].reshape(-1)
    steps = np.eye(int(step.max()) + 1)[step]
    if len(levels) < 2:
        return steps if steps.shape[1] > 1 else steps[:, :0]
    rank = np.full(len(column), 0.5)
    rank[~gone] = rankdata(told) / len(told)
    return np.column_stack([steps, TREND * rank])


def _sample(clusters: np.ndarray, seed: int) -> Codes:
    """Positions of the cases that are looked at."""
    if len(clusters) <= CASES:
        return np.arange(len(clusters))
    share = hashed_share(clusters, seed, "proxy cases")
    order = np.lexsort((clusters, share))
    ends = np.flatnonzero(clusters[order][1:] != clusters[order][:-1]) + 1
    upto = int(ends[np.searchsorted(ends, CASES, side="right") - 1]) if len(ends) and ends[0] <= CASES else CASES
    return np.sort(order[:upto])


def _members(groups: Groups, cases: int) -> Array:
    """Cases x groups: 1 where the case belongs to the group."""
    members = np.zeros((cases, len(groups.labels)))
    members[groups.of(np.arange(cases)), groups.codes] = 1.0
    return members


def _enough(members: Array, minimum: int) -> NDArray[np.bool_]:
    inside = members.sum(axis=0)
    enough: NDArray[np.bool_] = (inside >= minimum) & (len(members) - inside >= minimum)
    return enough


def _asked(members: Array, minimum: int) -> Codes:
    """Which groups a model is fitted for: of two only one."""
    which = np.flatnonzero(_enough(members, minimum))
    return which[:1] if members.shape[1] == 2 else which


def _why(labels: list[str], members: Array, minimum: int, missing_label: str) -> NDArray[np.object_]:
    why = np.full(len(labels), None, dtype=object)
    why[~_enough(members, minimum)] = reasons.fewer_than(minimum)
    if len(labels) == 1:
        why[:] = reasons.NEVER_RECORDED if labels[0] == missing_label else reasons.ONE_GROUP
    return why


def _area(score: Array, member: Array, fold: Codes, unit: Codes) -> tuple[tuple[float, float, float], str | None]:
    """The area averaged over folds with its limits, and why there are none."""
    # each fold takes a mean of its own from the rarer kind's clusters
    rarer = float(min(np.count_nonzero(np.bincount(unit[member == kind])) for kind in (0.0, 1.0)))
    if rarer <= FOLDS:
        return NOTHING, reasons.ONE_CLUSTER if rarer < 2 else reasons.fewer_than(FOLDS + 1)
    found = auc_by_group(Groups("fold", [str(k) for k in range(FOLDS)], fold), unit, int(unit.max()) + 1, member, score)
    pairs = found.outcomes * found.others
    if not found.varies[pairs > 0].any():
        return NOTHING, reasons.NO_VARIATION
    weight = pairs / pairs.sum()
    value = round(float((weight * np.nan_to_num(found.value)).sum()), 12)  # a sum of perfect folds is 1, not almost
    degrees = rarer - np.count_nonzero(pairs)
    se = np.sqrt(SHARED * (weight**2 * np.where(pairs > 0, found.variance(), 0.0)).sum() * rarer / degrees)
    t = critical(LEVEL, np.array([degrees]))
    point = np.array([value])
    outer = value in {0.0, 1.0}
    low, high = wilson(point, np.array([rarer]), t) if outer else logit_limits(point, np.array([se]), t)
    if not high[0] - low[0] > 1e-12:
        return NOTHING, reasons.NO_VARIATION
    return (value, float(low[0]), float(high[0])), None
