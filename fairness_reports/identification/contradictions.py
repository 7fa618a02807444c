"""Where the records contradict what was declared.

Belongs here: the test whether the records of a cell allow any declared rate, and which figures that takes away.
Does not belong here: the ranges of true outcomes (cells), what a row says then (block).

In a cell with p recorded outcomes and q recorded non-outcomes at least p (1 − f_high) outcomes are founded. These are
at most the share r_high of all true ones, and the others stand among the q. So a declared rate needs

    p (1 − f_high) (1 / r_high − 1) <= q,     that is     p / (p + q) <= 1 / (1 + (1 − f_high) (1 / r_high − 1)).

The records contradict the declaration if the share p / (p + q) is above this limit by more than the luck of the sample:
by the exact binomial test of C. J. Clopper and E. S. Pearson (1934), Biometrika 26, 404-413, with as many independent
cases as L. Kish (1965), Survey Sampling, section 8.2, gives for clusters whose members are all alike, at 5 % for all
cells of a split together (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betainc

from fairness_reports.identification import forms
from fairness_reports.identification.cells import NOT_RECORDED, RECORDED
from fairness_reports.identification.counts import Counted, SplitCases
from fairness_reports.spec import OVERALL, POOLED

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

CHANCE: Final = 0.05
"""How often any cell of a split may be said to contradict a declaration that is right."""


@dataclass(frozen=True)
class Contradicted:
    """The groups of one split whose records allow no declared rate.

    Attributes
    ----------
    groups : frozenset of (str, str, str)
        Attribute, group and band.
    """

    groups: frozenset[tuple[str, str, str]] = frozenset()

    @property
    def everybody(self) -> bool:
        """Whether anybody's are; a score band speaks for itself alone."""
        return any(band == "all" for _, _, band in self.groups)

    def rows(self, rows: pd.DataFrame) -> Flags:
        """Which rows of one partition rest on such a group; shape (rows,).

        Parameters
        ----------
        rows : pandas.DataFrame
            Rows of the audit that need outcomes.
        """
        if not self.groups:
            return np.zeros(len(rows), dtype=np.bool_)
        keys = zip(
            *(rows[name] for name in ("attribute", "group", "band", "metric", "comparison", "reference")), strict=True
        )
        found = np.array([self._one(*key) for key in keys], dtype=np.bool_)
        # the extremes over all groups rest on each of them
        pairs = rows["comparison"].isin(("largest_gap", "smallest_ratio")).to_numpy()
        values = (rows["comparison"] == "value") & (rows["group"] != POOLED)
        touched = set(rows.loc[values & found, "metric"])
        return np.asarray(found | (pairs & rows["metric"].isin(touched).to_numpy()), dtype=np.bool_)

    def _one(self, attribute: str, group: str, band: str, metric: str, comparison: str, reference: object) -> bool:
        across = metric in forms.IN_SHARES or metric == "auc_across"
        if self.everybody and (across or OVERALL in (group, reference)):
            return True
        places = {(attribute, group, band), (attribute, group, "all"), (attribute, str(reference), "all")}
        return not places.isdisjoint(self.groups)


def contradicted(split: SplitCases, partitions: Iterable[tuple[str, bool]]) -> Contradicted:
    """Test every cell of a split.

    Parameters
    ----------
    split : SplitCases
        The split.
    partitions : iterable of (str, bool)
        Attributes, and whether by score band, as in `SplitCases.partition`.
    """
    if (split.ranges[:, 1] == 1).all():
        return Contradicted()
    names: list[tuple[str, str, str]] = []
    chances = []
    for attribute, banded in sorted({*partitions, (OVERALL, False)}):
        counted = split.partition(attribute, banded=banded)
        tested = by_chance(counted, split.ranges)
        for (group, band), place in counted.position.items():
            names.append((attribute, group, band))
            chances.append(tested[place])
    every = np.array(chances)
    level = CHANCE / max(int((~np.isnan(every)).sum()), 1)
    against: Flags = np.asarray((every < level).any(axis=(1, 2)), dtype=np.bool_)
    return Contradicted(frozenset(name for name, found in zip(names, against, strict=True) if found))


def by_chance(counted: Counted, ranges: Array) -> Array:
    """How likely so large a share of recorded outcomes is, were the highest that the declaration allows true.

    Parameters
    ----------
    counted : Counted
        Groups.
    ranges : numpy.ndarray, shape (strata, 4)
        As in `Declared`.

    Returns
    -------
    numpy.ndarray, shape (groups, 2, strata)
        NaN where nothing is recorded, or where every record is allowed.
    """
    counts, strata = counted.counts(), counted.strata
    cases = counts[..., RECORDED] + counts[..., NOT_RECORDED]
    # sums over clusters of (p + q)², cell by cell
    place = np.arange(6 * strata).reshape(2, strata, 3)[..., [RECORDED, NOT_RECORDED]]
    squared = counted.moments.inside[:, place[..., :, None], place[..., None, :]].sum(axis=(-1, -2))
    limit = 1 / (1 + (1 - ranges[:, 3]) * (1 / ranges[:, 1] - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        share, independent = counts[..., RECORDED] / cases, cases**2 / squared
    met = share * independent
    chance = betainc(np.maximum(met, 1e-9), independent - met + 1, np.broadcast_to(limit, met.shape))
    return np.asarray(np.where((cases > 0) & (limit < 1), chance, np.nan), dtype=np.float64)
