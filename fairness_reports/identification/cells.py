"""How many true outcomes a cell of cases can have.

Belongs here: the declared ranges per case, counts by selection and record, the range of true outcomes that follows.
Does not belong here: metrics (forms), their bounds (bounds).

A cell is the selected, or the others, of one group. Of its recorded outcomes p the share 1 − f is founded, f declared
between two limits; these founded ones are the share r of its true outcomes, r declared between two limits; what was not
recorded lies among the q cases recorded as non-outcomes. Of u cases with an unknown outcome any number can have it. So

    true outcomes between  min(p (1 − f_high) / r_high, p (1 − f_high) + q)
                      and  min(p (1 − f_low) / r_low, p (1 − f_low) + q, q / (1 − r_high)) + u,

and nothing is assumed about who is left unrecorded inside a cell, or about how rates differ between cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairness_reports.identification.spec import ObservationSpec, Range

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

RECORDED, NOT_RECORDED, UNKNOWN = 0, 1, 2


@dataclass(frozen=True)
class Declared:
    """What was declared, case by case.

    Attributes
    ----------
    stratum : numpy.ndarray of int
        Per case which ranges hold.
    ranges : numpy.ndarray, shape (strata, 4)
        Lowest and highest reporting, lowest and highest unfounded share.
    """

    stratum: Codes
    ranges: Array


EVERYTHING = np.array([[1.0, 1.0, 0.0, 0.0]])
"""All outcomes recorded, all of them founded."""


def declared(rows: pd.DataFrame, observation: ObservationSpec) -> Declared:
    """The ranges that hold for each case.

    Parameters
    ----------
    rows : pandas.DataFrame
        Scored cases with `attribute NAME` columns. An attribute without a column is not known of anybody: then each
        case could have any of the declared ranges.
    observation : ObservationSpec
        The declaration.
    """
    reporting, of_reporting = _limits(rows, observation.reporting, (1.0, 1.0))
    unfounded, of_unfounded = _limits(rows, observation.unfounded, (0.0, 0.0))
    pair = reporting * len(of_unfounded) + unfounded
    present = np.flatnonzero(np.bincount(pair, minlength=len(of_reporting) * len(of_unfounded)))
    first, second = np.divmod(present, len(of_unfounded))
    ranges, stratum = np.unique(np.hstack([of_reporting[first], of_unfounded[second]]), axis=0, return_inverse=True)
    of_pair = np.zeros(len(of_reporting) * len(of_unfounded), dtype=np.int64)
    of_pair[present] = stratum.reshape(-1)
    return Declared(of_pair[pair], ranges)


def _limits(rows: pd.DataFrame, ranges: list[Range], otherwise: tuple[float, float]) -> tuple[Codes, Array]:
    """Per case the position of its limits, and the limits."""
    plain = next(((each.at_least, each.at_most) for each in ranges if each.attribute is None), otherwise)
    named = [each for each in ranges if each.attribute is not None]
    column = f"attribute {named[0].attribute}" if named else ""
    if column not in rows.columns:
        every = np.array([plain, *((each.at_least, each.at_most) for each in named)])
        return np.zeros(len(rows), dtype=np.int64), np.array([[every[:, 0].min(), every[:, 1].max()]])
    codes, found = pd.factorize(rows[column])
    of_group = np.tile(np.array(plain), (len(found), 1))
    for each in named:
        of_group[np.asarray(found) == each.group] = (each.at_least, each.at_most)
    return codes.astype(np.int64), of_group


def record(outcome: Array) -> Codes:
    """Per case what is recorded: RECORDED, NOT_RECORDED or UNKNOWN."""
    return np.where(outcome == 1, RECORDED, np.where(outcome == 0, NOT_RECORDED, UNKNOWN)).astype(np.int64)


@dataclass(frozen=True)
class Box:
    """Ranges of true outcomes, and how they move with the counts.

    Attributes
    ----------
    low, high : numpy.ndarray, shape (rows, 2)
        True outcomes among the selected and the others.
    low_weights, high_weights : numpy.ndarray, shape (rows, 2, strata, 3)
        By how much a further case (recorded, not recorded, unknown) moves them.
    """

    low: Array
    high: Array
    low_weights: Array
    high_weights: Array


def box(counts: Array, ranges: Array) -> Box:
    """The range of true outcomes in each cell.

    Parameters
    ----------
    counts : numpy.ndarray, shape (rows, 2, strata, 3)
        Cases by selection (selected first), stratum and record.
    ranges : numpy.ndarray, shape (strata, 4) or (rows, 1, strata, 4)
        As in `Declared`.
    """
    p, q, u = (counts[..., i] for i in range(3))
    ranges = np.broadcast_to(ranges, (*counts.shape[:-1], 4))
    r_low, r_high, f_low, f_high = (ranges[..., i] for i in range(4))
    fewest, most = p * (1 - f_high), p * (1 - f_low)
    with np.errstate(divide="ignore", invalid="ignore"):
        ways = np.stack([most / r_low, most + q, np.where(r_high < 1, q / (1 - r_high), np.inf)])
        inverse = np.where(r_high < 1, 1 / (1 - r_high), 0.0)
    zero, one = np.zeros_like(p), np.ones_like(p)
    first = fewest / r_high <= fewest + q
    low = np.where(first, fewest / r_high, fewest + q)
    low_weights = np.stack([np.where(first, (1 - f_high) / r_high, 1 - f_high), np.where(first, 0.0, 1.0), zero], -1)
    way = np.argmin(ways, axis=0)
    high = np.min(ways, axis=0)
    high_weights = np.stack(
        [np.choose(way, [(1 - f_low) / r_low, 1 - f_low, zero]), np.choose(way, [zero, one, inverse]), zero], -1
    )
    # records that no declared range allows: the nearest that it allows; beyond chance, contradictions takes the row
    against = high < low
    high = np.where(against, low, high)
    high_weights = np.where(against[..., None], low_weights, high_weights)
    high_weights[..., UNKNOWN] = 1.0
    return Box(low.sum(axis=-1), (high + u).sum(axis=-1), low_weights, high_weights)
