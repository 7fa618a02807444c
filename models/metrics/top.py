"""Precision, recall and lift among the highest scores, and what ties at the cut leave open.

Belongs here: who is among the k highest, and the three figures with their worst, best and expected value over ties.
Does not belong here: what the capacity is (the charter), intervals (models.metrics.figures).

Where cases share the score at which the places run out, the figures depend on who of them is taken. A list in use takes
those with the lowest SHA-256 of their case id: that gives the plain figure. Besides, as triage does (Ackermann et al.,
KDD 2018; its documentation, "worst, best and stochastic"), the worst and the best that another order of the tied could
have given, and the mean over all orders, which is exact here and not simulated.

A case whose outcome is unknown takes its place, but counts in no numerator and no denominator.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import numpy as np
from scipy.stats import hypergeom

CAPACITY = "capacity"
"""Name of the list that the charter's capacity makes; the others are called by their k: `50`, `5%`."""
SHARES = ("precision", "recall", "lift")
TIES = ("worst", "best", "expected")


def at(metric: str, name: str, tie: str = "") -> str:
    """What metrics.parquet calls a figure of a list.

    >>> at("recall", "capacity"), at("recall", "5%", "worst"), at("unknown", "50")
    ('recall_at_capacity', 'recall_at_k[5%, worst]', 'unknown_at_k[50]')
    """
    if name == CAPACITY:
        return f"{metric}_at_capacity" + (f"[{tie}]" if tie else "")
    return f"{metric}_at_k[{name}{f', {tie}' if tie else ''}]"


def places(top: int | str, cases: int) -> int:
    """How many places a list of EvaluationSpec.top has: 50 of them, or "5%" of the cases, rounded down.

    0 where there are fewer cases than places: such a list does not exist.
    """
    if isinstance(top, int):
        return top if top <= cases else 0
    return int((Decimal(top.rstrip("%")) * cases / 100).to_integral_value(rounding=ROUND_FLOOR))


def highest(score: np.ndarray, case_id: Sequence[Any] | np.ndarray, count: int) -> np.ndarray:
    """Mark the `count` highest scores; among the tied those with the lowest SHA-256 of their case id.

    Parameters
    ----------
    score : ndarray
        One score per case, none missing.
    case_id : sequence
        Their ids, as text.
    count : int
        From 0 to the number of cases.

    Returns
    -------
    ndarray of bool
        True for exactly `count` cases: the same on every machine, whatever the order of the rows.
    """
    selected = np.zeros(len(score), dtype=np.bool_)
    if count == 0:
        return selected
    last = np.partition(score, len(score) - count)[len(score) - count]
    selected[score > last] = True
    ties = np.flatnonzero(score == last)
    order = sorted(ties, key=lambda i: (hashlib.sha256(str(case_id[int(i)]).encode()).digest(), i))
    selected[order[: count - int(selected.sum())]] = True
    return selected


@dataclass(frozen=True)
class Chosen:
    """Who is on a list of the highest scores, and who might be in another order of the tied.

    Attributes
    ----------
    selected : ndarray of bool, one per row
        On the list.
    unknown : int
        How many on the list have no known outcome.
    group : ndarray of int, one per row
        Number of the cut at which the row's score is tied; -1: above every cut, -2: below, or nothing is said of ties.
        A list of several rounds has a cut in each of them.
    free : ndarray of float, one per cut
        How many places the tied share.
    tied : ndarray of float, one per cut
        How many they are, those with an unknown outcome included.
    """

    selected: np.ndarray
    unknown: int
    group: np.ndarray
    free: np.ndarray
    tied: np.ndarray

    @classmethod
    def of(cls, score: np.ndarray, y: np.ndarray, selected: np.ndarray) -> Chosen:
        """From the mask of the highest scores among all cases of a round, y being NaN where it is unknown."""
        group = np.full(len(score), -2)
        unknown = int(np.isnan(y[selected]).sum())
        if not selected.any():
            return cls(selected, unknown, group, np.empty(0), np.empty(0))
        last = score[selected].min()
        above, level = score > last, score == last
        group[above], group[level] = -1, 0
        free, tied = float(selected.sum() - above.sum()), float(level.sum())
        return cls(selected, unknown, group, np.array([free]), np.array([tied]))

    @classmethod
    def untied(cls, selected: np.ndarray, unknown: int = 0) -> Chosen:
        """A list of which nothing is known but who is on it."""
        return cls(selected, unknown, np.full(len(selected), -2), np.empty(0), np.empty(0))

    @classmethod
    def pooled(cls, lists: Sequence[Chosen]) -> Chosen:
        """The lists of several rounds as one: each round keeps its places."""
        groups, cuts = [], 0
        for each in lists:
            groups.append(np.where(each.group >= 0, each.group + cuts, each.group))
            cuts += len(each.free)
        return cls(
            np.concatenate([each.selected for each in lists]),
            sum(each.unknown for each in lists),
            np.concatenate(groups),
            np.concatenate([each.free for each in lists]),
            np.concatenate([each.tied for each in lists]),
        )

    def rows(self, index: np.ndarray) -> Chosen:
        """The same list, of these rows: those with a known outcome, in another order."""
        return Chosen(self.selected[index], self.unknown, self.group[index], self.free, self.tied)

    @property
    def names(self) -> tuple[str, ...]:
        """Which figures it has: "" for the list in use, and those over ties where the cuts are known."""
        return ("", *TIES) if len(self.free) else ("",)

    def columns(self, y: np.ndarray) -> dict[str, np.ndarray]:
        """Per known row what has to be summed: `hits ...` and `known ...` of the list, above the cut, and tied."""
        masks = {"": self.selected}
        if len(self.free):
            masks["above"] = self.group == -1
            masks |= {f"cut {cut}": self.group == cut for cut in range(len(self.free))}
        return {f"{what} {name}": value * mask for name, mask in masks.items() for what, value in
                (("hits", y), ("known", np.ones(len(y))))}  # fmt: skip

    def counts(self, sums: dict[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Outcomes and known cases on the list, for the list in use and for every order of the tied in question.

        In a replicate the cut is held fixed, the tied share the places that fall to them in proportion (so many
        places each), and unknown outcomes keep their part among the tied.
        """
        result = {"": (sums["hits "], sums["known "])}
        if not len(self.free):
            return result
        hits = {tie: sums["hits above"].copy() for tie in TIES}
        known = {tie: sums["known above"].copy() for tie in TIES}
        for cut, (free, tied) in enumerate(zip(self.free, self.tied, strict=True)):
            ones, told = sums[f"hits cut {cut}"], sums[f"known cut {cut}"]
            zeros, here = told - ones, int((self.group == cut).sum())
            if not here:
                continue  # nobody tied has a known outcome
            scale = told / here
            room, unknown = free * scale, (tied - here) * scale
            none = np.minimum(room, zeros)  # first those without the outcome, then the unknown
            all_ = np.minimum(room, ones)  # first those with it, then the unknown
            share = free / tied
            for tie, hit, other in (
                ("worst", np.maximum(room - zeros - unknown, 0), none),
                ("best", all_, np.maximum(room - ones - unknown, 0)),
                ("expected", share * ones, share * zeros),
            ):
                hits[tie] += hit
                known[tie] += hit + other
        return result | {tie: (hits[tie], known[tie]) for tie in TIES}

    def exact_precision(self, y: np.ndarray) -> dict[str, float]:
        """Precision over all orders of the tied, orders without a known case on the list left out.

        Where outcomes of tied cases are unknown, precision is a ratio of two random numbers: its mean is taken over the
        (multivariate) hypergeometric distribution of how many known ones get a place.
        """
        above = self.group == -1
        chance, gained = (
            np.ones(1),
            np.zeros(1),
        )  # by known cases drawn so far: probability, mean outcomes x probability
        least, most = 0.0, 0.0
        for cut, (free, tied) in enumerate(zip(self.free, self.tied, strict=True)):
            here = y[self.group == cut]
            if not len(here):
                continue
            drawn = np.arange(min(len(here), int(free)) + 1)
            p = hypergeom.pmf(drawn, int(tied), len(here), int(free))
            gained = np.convolve(gained, p) + np.convolve(chance, here.mean() * drawn * p)
            chance = np.convolve(chance, p)
            least, most = least + float((here == 0).sum()), most + float((here == 1).sum())
        known = above.sum() + np.arange(len(chance))
        told = (known > 0) & (chance > 0)
        if not told.any():
            return dict.fromkeys(TIES, float("nan"))
        precision = (y[above].sum() * chance + gained)[told] / known[told]
        mean = float(precision.sum() / chance[told].sum())
        only_unknown = {"worst": 1.0 if most else float("nan"), "best": 0.0 if least else float("nan")}
        ones = {name: np.ones(1) * value.sum() for name, value in self.columns(y).items()}
        found = {"expected": mean}
        for tie in ("worst", "best"):
            hits, told_ = (float(each[0]) for each in self.counts(ones)[tie])
            found[tie] = hits / told_ if told_ > 0 else only_unknown[tie]
        return found
