"""Made-up splits to audit, and the truth about them.

Belongs here: how cases, households, groups, scores and outcomes come about; what every metric is without sampling.
Does not belong here: auditing them (simulations.fairness).

A case has a raw score, normal and alike within its household, moved by its groups. Its chance of the outcome follows
from the raw score, moved by its groups once more: the score knows nothing of that second move, so that the groups
differ in calibration, in ranking and in every rate. Outcomes, and whether they are known, are correlated within
households beyond the raw score. All chances are exact; what a metric truly is follows by numerical integration.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, ndtr, ndtri

from fairness_reports.audit.metrics import RATIOS, SHARES, STATISTICS, weighted, weights
from simulations.calibration import alike, clusters_of

Array = NDArray[np.float64]

SLOPE = 1.2
UNKNOWN = 0.05
"""Share of outcomes that nobody knows."""
SELECTED = 0.2
"""Share of cases above the threshold, were there no groups."""
GROUPS = {"household": (0.5, 0.3, 0.15, 0.05), "person": (0.6, 0.32, 0.08)}
"""Shares of the groups: of one attribute that a household has in common, of one that differs within households."""
MOVES = {
    # of the raw score; of the chance beyond it
    "household": ((0.0, 0.3, -0.3, 0.4), (0.0, 0.0, 0.4, -0.3)),
    "person": ((0.0, -0.25, 0.4), (0.0, 0.25, 0.0)),
}
_GRID = 20_000


@dataclass(frozen=True)
class World:
    """One setting.

    Attributes
    ----------
    rate : float
        Share with the outcome, were there no groups.
    gaps : bool
        Whether groups differ in anything.
    """

    rate: float
    gaps: bool

    def moves(self, attribute: str) -> tuple[Array, Array]:
        """How each group of an attribute is moved."""
        raw, chance = (np.array(each) for each in MOVES[attribute])
        return (raw, chance) if self.gaps else (raw * 0, chance * 0)


@cache
def level(rate: float) -> float:
    """What to add to the raw log-odds so that the outcome rate is `rate` without groups."""
    g = ndtri((np.arange(_GRID) + 0.5) / _GRID)
    return float(brentq(lambda a: expit(a + SLOPE * g).mean() - rate, -15, 15))


def threshold(rate: float) -> float:
    """The score from which on a case is selected."""
    return float(expit(level(rate) + SLOPE * ndtri(1 - SELECTED)))


def draw(world: World, generator: np.random.Generator, households: int) -> pd.DataFrame:
    """A split as `fairness_reports.audit.partitions.measure` takes it."""
    clusters = clusters_of(generator, households * 5, True)
    clusters = clusters[clusters < households]
    rows = len(clusters)
    raw, beyond = np.zeros(rows), np.zeros(rows)
    columns: dict[str, object] = {"cluster_id": clusters}
    for attribute, shares in GROUPS.items():
        own = generator.choice(len(shares), p=shares, size=households if attribute == "household" else rows)
        own = own[clusters] if attribute == "household" else own
        moved = world.moves(attribute)
        raw, beyond = raw + moved[0][own], beyond + moved[1][own]
        columns[f"attribute {attribute}"] = np.array(list("abcd"), dtype=object)[own]
    raw = raw + alike(generator, clusters, 0.5)
    score = expit(level(world.rate) + SLOPE * raw)
    chance = expit(level(world.rate) + SLOPE * raw + beyond)
    outcome = (ndtr(alike(generator, clusters, 0.4)) < chance).astype(np.float64)
    outcome[ndtr(alike(generator, clusters, 0.4)) < UNKNOWN] = np.nan
    return pd.DataFrame(columns | {"score": score, "selected": score >= threshold(world.rate), "outcome": outcome})


@dataclass(frozen=True)
class Truth:
    """Every metric without sampling: per attribute (or `overall`) one figure per group."""

    values: dict[str, dict[str, Array]]


@cache
def truth(world: World) -> Truth:
    """What an audit of ever more cases would find."""
    g = ndtri((np.arange(_GRID) + 0.5) / _GRID)
    shares = np.outer(*(np.array(GROUPS[name]) for name in ("household", "person")))
    moves = [world.moves(name) for name in ("household", "person")]
    raw = moves[0][0][:, None, None] + moves[1][0][None, :, None] + g
    beyond = moves[0][1][:, None, None] + moves[1][1][None, :, None]
    score, chance = expit(level(world.rate) + SLOPE * raw), expit(level(world.rate) + SLOPE * raw + beyond)
    # the places beside the threshold stand for cases on both of its sides
    edges = ndtri(np.arange(_GRID + 1) / _GRID)
    cut = ndtri(1 - SELECTED) - (raw - g)[:, :, :1]
    selected = 1 - np.clip((ndtr(cut) - ndtr(edges[:-1])) * _GRID, 0, 1)
    known = 1 - UNKNOWN
    each = {
        "tp": known * chance * selected,
        "fn": known * chance * (1 - selected),
        "fp": known * (1 - chance) * selected,
        "tn": known * (1 - chance) * (1 - selected),
        "unknown_selected": UNKNOWN * selected,
        "unknown_not": UNKNOWN * (1 - selected),
        "score": known * score,
        "unknown_score": UNKNOWN * score,
        "squared_error": known * (chance * (1 - score) ** 2 + (1 - chance) * score**2),
        "selected_score": known * score * selected,
    }
    cells = np.stack([each[name].mean(axis=2) for name in STATISTICS], axis=2) * shares[:, :, None]
    masses = shares[:, :, None] / _GRID * chance, shares[:, :, None] / _GRID * (1 - chance)
    everyone = cells.sum(axis=(0, 1))[None]
    every = np.ones(shares.shape, dtype=np.bool_)
    values = {"overall": _ratios(everyone) | {"auc": np.array([_auc(raw, masses, every, every)])}}
    values["overall"]["auc_across"] = values["overall"]["auc"]
    for axis, name in enumerate(("household", "person")):
        mine = cells.sum(axis=1 - axis)
        members = [np.isin(np.indices(shares.shape)[axis], i) for i in range(len(mine))]
        found = _ratios(mine)
        found["auc"] = np.array([_auc(raw, masses, own, own) for own in members])
        found["auc_across"] = np.array([_auc(raw, masses, own, every) for own in members])
        for metric, (terms, _) in SHARES.items():
            found[metric] = weighted(mine, weights(terms)) / weighted(everyone, weights(terms))
        found["capacity_balance"] = found["capacity_share"] - found["outcome_share"]
        values[name] = found
    return Truth(values)


def _ratios(cells: Array) -> dict[str, Array]:
    return {
        metric: weighted(cells, ratio.numerator) / weighted(cells, ratio.denominator)
        for metric, ratio in RATIOS.items()
    }


def _auc(raw: Array, masses: tuple[Array, Array], ones: NDArray[np.bool_], zeros: NDArray[np.bool_]) -> float:
    """How often a case with the outcome among `ones` has a higher raw score than one without among `zeros`."""
    one, zero = masses[0][ones].ravel(), masses[1][zeros].ravel()
    order = np.argsort(raw[zeros].ravel())
    below = np.concatenate([[0.0], np.cumsum(zero[order])])
    places = raw[zeros].ravel()[order]
    lower = below[np.searchsorted(places, raw[ones].ravel(), "left")]
    upper = below[np.searchsorted(places, raw[ones].ravel(), "right")]
    return float(((lower + upper) / 2 * one).sum() / one.sum() / zero.sum())


def draw_for_power(rate: float, generator: np.random.Generator, positives: int, gap: float) -> pd.DataFrame:
    """A split in which the last group of either attribute has a recall higher by `gap`, and nothing else differs.

    Two groups of either attribute, each with so many outcomes; selections are alike within households.
    """
    clusters = clusters_of(generator, round(2 * positives / rate), True)
    rows = len(clusters)
    outcome = (ndtr(alike(generator, clusters, 0.4)) < rate).astype(np.float64)
    household = generator.integers(0, 2, clusters[-1] + 1)[clusters]
    person = generator.integers(0, 2, rows)
    moved = gap * (household + person - 1)
    chance = np.where(outcome == 1, 0.5 + moved, 0.15)
    selected = ndtr(alike(generator, clusters, 0.4)) < chance
    return pd.DataFrame(
        {
            "cluster_id": clusters,
            "attribute household": np.array(list("ab"), dtype=object)[household],
            "attribute person": np.array(list("ab"), dtype=object)[person],
            "score": np.where(selected, 0.6, 0.2) + 0.1 * generator.random(rows),
            "selected": selected,
            "outcome": outcome,
        }
    )
