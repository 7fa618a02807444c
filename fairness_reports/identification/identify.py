"""What each figure of an audit is worth for true outcomes.

Belongs here: the columns identification, bound_low, bound_high, tipping_point of the audit, and the state that follows.
Does not belong here: the bounds themselves (bounds), their sampling error (sampling), figures on recorded outcomes
(fairness_reports.audit).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from fairness_reports.identification.block import IDENTIFIED, LEVEL, UNDECLARED, Block
from fairness_reports.identification.contradictions import contradicted
from fairness_reports.identification.counts import SplitCases
from fairness_reports.identification.forms import needs_outcomes
from fairness_reports.identification.spec import ObservationSpec
from fairness_reports.spec import ProtectedSpec

if TYPE_CHECKING:
    from fairness_reports.charter import FairnessThreshold


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
        The scored cases from `fairness_reports.audit.prepare.prepared`; `split` as in the table.
    protected : ProtectedSpec
        The attributes.
    observation : ObservationSpec or None
        Who gets an outcome; None: nobody said.
    confirmatory : sequence of FairnessThreshold
        The gaps that are judged: their tolerances.
    test_split : str, optional
        The split that is judged; the rows say so themselves.
    minimum_cell : int
        As in `audit`.
    seed, replicates : int
        Not used: the sampling error of bounds is linearised and draws nothing.
    bands : sequence of float, optional
        Inner edges of the score bands, as in `audit`.

    Returns
    -------
    pandas.DataFrame
        A copy of `table`. Rows without a value stay as they are.
    """
    result = table.reset_index(drop=True).copy()
    needed = needs_outcomes(result["metric"], result["band"])
    result.loc[~needed, "identification"] = IDENTIFIED
    if observation is None:
        result.loc[needed, "identification"] = UNDECLARED
    measured = needed & result["value"].notna().to_numpy()
    family = 1 - (1 - LEVEL) / max(int((result["confirmatory"] & result["value"].notna()).sum()), 1)
    tolerances = {
        (each.metric, each.attribute, each.reference): each.tolerance
        for each in confirmatory
        if each.tolerance is not None
    }
    from models.folds import one_thread

    with one_thread():
        for split, cases in rows.groupby("split", sort=False):
            mine = result[measured & (result["split"] == split).to_numpy()]
            if mine.empty:
                continue
            counted = SplitCases(cases, protected, observation, minimum_cell, bands)
            blocks = list(mine.groupby([mine["attribute"], mine["band"].ne("all")], sort=False))
            against = contradicted(counted, ((str(name), bool(banded)) for (name, banded), _ in blocks))
            for (attribute, banded), block in blocks:
                partition = counted.partition(str(attribute), banded=bool(banded))
                filled = Block(block, partition, counted, told=observation is not None, against=against.rows(block))
                filled.identify(family)
                filled.judge(tolerances)
                filled.tip(tolerances)
                for name, column in filled.columns().items():
                    result.loc[block.index, name] = column
    return result
