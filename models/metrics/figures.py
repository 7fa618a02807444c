"""How good a score is, with intervals from a cluster bootstrap.

Belongs here: figures for one set of scored rows, many replicates at once.
Does not belong here: figures by protected group (fairness_reports) or the thresholds that they are held against.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from models.folds import one_thread
from models.metrics.calibration import bins, calibration_error, calibration_line, line_replicates, start_of
from models.metrics.names import METRICS, threshold_name
from models.metrics.resampling import REPLICATES, draws
from models.metrics.top import CAPACITY, SHARES, Chosen, at

LEVEL = 0.95
"""The level of every published interval of a figure, as in the audit: one figure has one interval on all pages."""

COLUMNS = ["split", "as_of", "model", "metric", "value", "low", "high", "n"]
"""The columns of metrics.parquet."""

Select = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From scores and case ids to a mask of those within the capacity: as many of the highest scores as it reaches."""


@dataclass(frozen=True)
class Scored:
    """Rows with a score and a known outcome, sorted by score.

    Attributes
    ----------
    score, y, clusters : ndarray
        y is 1 or 0.
    lists : dict of Chosen
        Who is on which list of the highest scores, by name: `capacity`, `50`, `5%`.
    """

    score: np.ndarray
    y: np.ndarray
    clusters: np.ndarray
    lists: Mapping[str, Chosen] = field(default_factory=dict)
    _made: dict[tuple[float, ...], tuple[list[str], np.ndarray]] = field(
        default_factory=dict, compare=False, repr=False
    )

    @classmethod
    def of(
        cls,
        score: np.ndarray,
        y: np.ndarray,
        clusters: np.ndarray,
        selected: np.ndarray | None,
        tie: np.ndarray,
        lists: Mapping[str, Chosen] | None = None,
    ) -> Scored:
        """Keep the rows with an outcome, in the order of score and `tie`: sums then have one order.

        `selected` is a list within the capacity of which no more is known; `lists` are for whoever knows more.
        """
        known = np.flatnonzero(~np.isnan(y))
        order = known[np.lexsort((np.asarray(tie, dtype=str)[known], score[known]))]
        if selected is not None:
            lists = {CAPACITY: Chosen.untied(selected)}
        return cls(
            score[order], y[order], clusters[order], {name: each.rows(order) for name, each in (lists or {}).items()}
        )

    @cached_property
    def edges(self) -> tuple[np.ndarray, ...]:
        """Rows with the outcome; where the tied group of each begins and ends among the rows, and among these."""
        n = len(self.score)
        first = np.flatnonzero(np.r_[True, np.diff(self.score) > 0])
        size = np.diff(np.r_[first, n])
        hit = np.flatnonzero(self.y == 1)
        begin, end = (np.repeat(edge, size)[hit] for edge in (first, first + size))
        return hit, begin, end, np.searchsorted(hit, begin), np.searchsorted(hit, end)

    def columns(self, thresholds: tuple[float, ...] = ()) -> tuple[list[str], np.ndarray]:
        """What has to be summed for the figures: names, and rows x names. Made once."""
        if thresholds not in self._made:
            score, y = self.score, self.y
            columns = {"all": np.ones(len(y)), "hits": y, "score": score, "square": (score - y) ** 2}
            for name, chosen in self.lists.items():
                columns |= {f"{name} {what}": values for what, values in chosen.columns(y).items()}
            for t in thresholds:
                columns |= {f"over {t}": (score >= t) * 1.0, f"over hits {t}": (score >= t) * y}
            self._made[thresholds] = (list(columns), np.column_stack(list(columns.values())))
        return self._made[thresholds]


def figures(rows: Scored, weights: np.ndarray, thresholds: Sequence[float] = ()) -> dict[str, np.ndarray]:
    """Every metric for each row of weights, but those of calibration beyond its mean.

    Parameters
    ----------
    rows : Scored
        The rows, sorted by score.
    weights : ndarray, replicates x rows
        How often each row counts.
    thresholds : sequence of float
        Probabilities of the decision curve (Vickers, Elkin: Medical Decision Making 26, 2006): net benefit is
        (found - t / (1 - t) x wrongly flagged) / cases, when every score of at least t is acted upon.

    Returns
    -------
    dict of ndarray
        By metric; NaN where a replicate holds one class only, or nobody selected.
    """
    # most figures are ratios of sums: one product makes all sums of all replicates
    columns, matrix = rows.columns(tuple(thresholds))
    sums = dict(zip(columns, (weights @ matrix).T, strict=True))
    total, outcomes = sums["all"], sums["hits"]
    others = total - outcomes
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = outcomes / total
        auc, average_precision = _ranking(rows, weights, total, outcomes)
        brier, mean_score = sums["square"] / total, sums["score"] / total
        result = {
            "auc": auc,
            "average_precision": average_precision,
            "brier": brier,
            "brier_skill": 1 - brier / (rate * (1 - rate)),
            "mean_score": mean_score,
            "base_rate": rate,
            "calibration_in_the_large": mean_score - rate,
        }
        for name, chosen in rows.lists.items():
            mine = {each.removeprefix(f"{name} "): sums[each] for each in columns if each.startswith(f"{name} ")}
            counts = chosen.counts(mine)
            for tie, (right, known) in counts.items():
                result[at("precision", name, tie)] = right / known
                result[at("recall", name, tie)] = right / outcomes
                result[at("lift", name, tie)] = right / known / rate
        for t in thresholds:
            right, flagged = sums[f"over hits {t}"], sums[f"over {t}"]
            price = t / (1 - t)
            result[threshold_name("net_benefit", t)] = (right - price * (flagged - right)) / total
            result[threshold_name("net_benefit_all", t)] = (outcomes - price * others) / total
    one_class = (outcomes <= 0) | (others <= 0)
    for name in result:
        if name.split("_at_")[0] in {"auc", "average_precision", "brier_skill", "recall", "lift"}:
            result[name] = np.where(one_class, np.nan, result[name])
    return {name: np.where(np.isfinite(values), values, np.nan) for name, values in result.items()}


def _ranking(
    rows: Scored, weights: np.ndarray, total: np.ndarray, outcomes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """AUC and average precision; ties count half in the one, and share the precision at their end in the other."""
    count, n = weights.shape
    hit, begin, end, hits_begin, hits_end = rows.edges
    reach = np.zeros((count, n + 1))
    np.cumsum(weights, axis=1, out=reach[:, 1:])
    mine = np.take(weights, hit, axis=1)
    found = np.zeros((count, len(hit) + 1))
    np.cumsum(mine, axis=1, out=found[:, 1:])
    all_below, hits_below = np.take(reach, begin, axis=1), np.take(found, hits_begin, axis=1)
    others_below = all_below - hits_below
    middle = others_below
    if len(hit) and (end - begin).max() > 1:
        level = np.take(reach, end, axis=1) - np.take(found, hits_end, axis=1) - others_below
        middle = others_below + level / 2
    auc = (mine * middle).sum(axis=1) / (outcomes * (total - outcomes))
    reached = total[:, None] - all_below
    precision = np.divide(outcomes[:, None] - hits_below, reached, out=np.zeros_like(reached), where=reached > 0)
    return auc, (mine * precision).sum(axis=1) / outcomes


def evaluate(
    rows: Scored, *, seed: int, min_cell: int, replicates: int = REPLICATES, thresholds: Sequence[float] = ()
) -> pd.DataFrame:
    """Every metric with its interval.

    In the replicates the lists, the cuts with their ties and the bins of the calibration error are held fixed, as is
    the model: the interval answers how far the figure of this score on this list would vary with other persons.

    Parameters
    ----------
    rows : Scored
        Rows with a known outcome.
    seed : int
        Seed of the bootstrap.
    min_cell : int
        With fewer outcomes or fewer non-outcomes than this, every figure is missing; with fewer known cases on a list,
        that list's. The number of unknown outcomes on it is told when it is 0 or not below.
    replicates : int
        Number of replicates; whole clusters are drawn.
    thresholds : sequence of float
        Of the decision curve.

    Returns
    -------
    DataFrame
        metric, value, low, high, n; low and high hold the middle 95 % of the replicates.
    """
    n, outcomes = len(rows.y), int(rows.y.sum())
    names = figure_names(rows, thresholds)
    if min(outcomes, n - outcomes) < max(min_cell, 1):
        return table_of({}, {}, names, n)
    small = {name for name, each in rows.lists.items() if each.selected.sum() < min_cell}
    rows = Scored(rows.score, rows.y, rows.clusters, {k: v for k, v in rows.lists.items() if k not in small})
    bin_ = bins(rows.score)
    in_bin = (bin_[:, None] == np.arange(bin_[-1] + 1)).astype(np.float64)
    gaps = in_bin * (rows.score - rows.y)[:, None]
    with one_thread():
        whole = np.ones((1, n))
        line = calibration_line(rows, whole)
        value = {**figures(rows, whole, thresholds), **line}
        start, drawn, mass, gap = start_of(line), [], [whole @ in_bin], [whole @ gaps]
        for block in draws(rows.clusters, seed, replicates):
            drawn.append({**figures(rows, block, thresholds), **line_replicates(rows, block, start)})
            mass.append(block @ in_bin)
            gap.append(block @ gaps)
    sample = {name: np.concatenate([each[name] for each in drawn]) for name in value}
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = [each / weight for each, weight in zip(gap, mass, strict=True)]
    error = calibration_error((mass[0], gap[0]), (np.concatenate(mass[1:]), np.concatenate(gap[1:])))
    value["calibration_error"], sample["calibration_error"] = error[:1], error[1:]
    for name, chosen in rows.lists.items():
        if chosen.names != ("",):
            for tie, precision in chosen.exact_precision(rows.y).items():
                value[at("precision", name, tie)] = np.array([precision])
                value[at("lift", name, tie)] = np.array([precision]) / value["base_rate"]
        if chosen.unknown == 0 or chosen.unknown >= min_cell:
            value[at("unknown", name)] = np.array([float(chosen.unknown)])
    return table_of({name: float(each[0]) for name, each in value.items()}, sample, names, n)


def figure_names(rows: Scored, thresholds: Sequence[float] = ()) -> list[str]:
    """The metrics that `evaluate` gives for these rows, in order."""
    lists = [
        name
        for key, chosen in rows.lists.items()
        for name in (*(at(metric, key, tie) for tie in chosen.names for metric in SHARES), at("unknown", key))
    ]
    curve = [threshold_name(name, t) for t in thresholds for name in ("net_benefit", "net_benefit_all")]
    return [*(name for name in METRICS if not name.endswith("_at_capacity")), *lists, *curve]


def table_of(
    value: Mapping[str, float], sample: Mapping[str, np.ndarray], names: Sequence[str], n: int
) -> pd.DataFrame:
    """metric, value, low, high, n: figures and the middle 95 % of their replicates, missing where there are none."""
    found = []
    for name in names:
        told = value.get(name, np.nan)
        drawn = sample.get(name, np.empty(0))
        drawn = drawn[~np.isnan(drawn)]
        ends = (np.nan, np.nan)
        if len(drawn) and not np.isnan(told):
            ends = tuple(np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
        found.append((name, told, *ends, n))
    return pd.DataFrame(found, columns=["metric", "value", "low", "high", "n"])
