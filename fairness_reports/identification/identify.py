"""What each figure of an audit is worth for true outcomes.

Belongs here: the columns identification, bound_low, bound_high, tipping_point of the audit, and the state that follows.
Does not belong here: the bounds themselves (bounds), their sampling error (sampling), figures on recorded outcomes
(fairness_reports.audit).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from fairness_reports.identification.forms import needs_outcomes
from fairness_reports.identification.spec import ObservationSpec
from fairness_reports.spec import ProtectedSpec

if TYPE_CHECKING:
    from fairness_reports.charter import FairnessThreshold

IDENTIFIED, BOUNDED, NOT_IDENTIFIABLE, UNDECLARED = "identified", "bounded", "not_identifiable", "undeclared"


def identify(
    table: pd.DataFrame,
    rows: pd.DataFrame,
    protected: ProtectedSpec,
    observation: ObservationSpec | None,
    *,
    confirmatory: Sequence[FairnessThreshold] = (),
    test_split: str | None = None,
    minimum_cell: int = 10,
    seed: int = 0,
    replicates: int = 0,
    bands: Sequence[float] | None = None,
) -> pd.DataFrame:
    """Fill identification, bound_low, bound_high and tipping_point; judge what is bounded on its bounds.

    Parameters
    ----------
    table : pandas.DataFrame
        The audit on recorded outcomes, with its COLUMNS.
    rows : pandas.DataFrame
        The scored cases from `fairness_reports.audit.prepare.prepared`.
    protected : ProtectedSpec
        The attributes.
    observation : ObservationSpec or None
        Who gets an outcome; None: nobody said.
    confirmatory, test_split
        As in `audit`.
    minimum_cell, seed, replicates
        As in `audit`; the sampling error of bounds is linearised and draws nothing.
    bands : sequence of float, optional
        Inner edges of the score bands, as in `audit`.

    Returns
    -------
    pandas.DataFrame
        A copy of `table`.
    """
    result = table.copy()
    needed = needs_outcomes(result["metric"])
    result.loc[~needed, "identification"] = IDENTIFIED
    result.loc[needed, "identification"] = UNDECLARED if observation is None else NOT_IDENTIFIABLE
    return result
