"""What made the scores of a test: contributions to the raw scores of an audited model.

Belongs here: explaining each test row by the part of the model that scored it, a block at a time.
Does not belong here: contributions of one model (models.explanation.contributions), gaps between groups
(fairness_reports.origins).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from models.dataset import Rows
from models.explanation.contributions import check_additive, contributions
from models.explanation.factors import by_factor
from models.model import Audited


@dataclass(frozen=True)
class Explained:
    """Raw scores taken apart.

    Attributes
    ----------
    table : DataFrame
        Rows x factors (or columns), log-odds; the index counts from 0.
    base : ndarray
        What each row's terms are added to: the mean log-odds that the part which scored it saw in training. The same
        number for all rows of a part.
    raw : ndarray
        `base` plus the row's terms, to 1e-9: the log-odds before calibration.
    """

    table: pd.DataFrame
    base: np.ndarray
    raw: np.ndarray


def explainable(audited: Audited) -> bool:
    """Whether the model has exact contributions; a candidate of the kind `other` has none."""
    return all(part.fitted.kind != "other" for part in audited.parts)


def audited_contributions(
    audited: Audited, rows: Rows, *, by: Literal["factor", "column"] = "factor", block: int = 20_000
) -> Explained:
    """How much each factor moved each test row's log-odds away from the base value.

    Parameters
    ----------
    audited : Audited
        One model, or one per fold of clusters: each row is explained by the part that scored it.
    rows : Rows
        The test rows, with cluster_id in `frame`.
    by : {"factor", "column"}
        Whether the columns of a factor are summed.
    block : int
        Rows explained at a time: memory holds the terms by column of one block. No figure depends on it.

    Returns
    -------
    Explained
        In the order of the rows.

    Raises
    ------
    PlumblineError
        When one row does not add up to its raw score within 1e-9, when no factor is known for a column, and for a model
        without exact contributions (ask `explainable` first).
    """
    part_of = audited.part_of(rows.frame["cluster_id"].to_numpy(dtype=object))
    columns = list(audited.parts[0].columns)
    names = columns if by == "column" else list(by_factor(pd.DataFrame(columns=columns), rows.described).columns)
    values, base, raw = np.empty((len(rows.X), len(names))), np.empty(len(rows.X)), np.empty(len(rows.X))
    for k, part in enumerate(audited.parts):
        mine = np.flatnonzero(part_of == k)
        for start in range(0, len(mine), block):
            here = mine[start : start + block]
            X = rows.X.iloc[here]
            terms, base[here] = contributions(part, X)
            values[here] = (terms if by == "column" else by_factor(terms, rows.described)).to_numpy()
            raw[here] = part.raw(X)
    check_additive(values, base, raw)
    return Explained(pd.DataFrame(values, columns=names), base, raw)
