"""The audit: one function on plain columns.

Belongs here: the way from a scored table to the rows of fairness.parquet.
Does not belong here: single steps (the modules beside this one), what follows from it (fairness_reports.verdict).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from data_contracts.errors import PlumblineError
from fairness_reports.audit.partitions import measure
from fairness_reports.audit.prepare import prepared
from fairness_reports.audit.rows import SplitRows
from fairness_reports.spec import ProtectedSpec

if TYPE_CHECKING:
    from fairness_reports.charter import FairnessThreshold

REPLICATES = 1000


def audit(
    frame: pd.DataFrame,
    groups: pd.DataFrame | None,
    protected: ProtectedSpec,
    *,
    minimum_cell: int = 10,
    confirmatory: Sequence[FairnessThreshold] = (),
    test_split: str | None = None,
    seed: int = 0,
    replicates: int = REPLICATES,
    bands: Sequence[float] | None = None,
) -> pd.DataFrame:
    """Measure every metric overall, per protected attribute and per intersection, with intervals.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per scored case: `split`, `case_id`, `score` (a probability), `selected` (bool), `outcome` (1, 0 or
        missing), and where there are any `as_of` and `cluster_id` (without it each case is its own cluster).
    groups : pandas.DataFrame or None
        The attributes, one row per `case_id` (and `split` or `as_of`, if it has them); None when they stand in `frame`.
        A case without a row, or with an empty cell, belongs to the group that is not recorded.
    protected : ProtectedSpec
        The attributes and intersections. An attribute that has no column is reported as missing.
    minimum_cell : int
        A figure that rests on fewer cases is left out, with the reason; its row stays.
    confirmatory : sequence of FairnessThreshold
        The gaps that are judged, on the test split only. Their intervals hold all together: each at 1 - .05 / m, m the
        number of gaps that can be judged.
    test_split : str, optional
        By default the last split by as_of.
    seed : int
        Seed of the bootstrap. Same seed and rows, in whatever order, same figures.
    replicates : int
        Bootstrap replicates.
    bands : sequence of float, optional
        Inner edges of the score bands; by default fifths of the split's scores, the highest in two halves.

    Returns
    -------
    pandas.DataFrame
        The columns of fairness.parquet (fairness_reports.audit.table.COLUMNS).
    """
    rows, missing = prepared(frame, groups, protected)
    splits = rows[["as_of", "split"]].drop_duplicates("split").sort_values(["as_of", "split"])["split"].tolist()
    test = splits[-1] if test_split is None else test_split
    if test not in splits:
        raise PlumblineError(f"no case belongs to the split “{test}”.", todo=f"Splits here: {', '.join(splits)}.")
    pieces = []
    for split in splits:
        one = rows[rows["split"] == split]
        judged = list(confirmatory) if split == test else []
        draws = [seed, zlib.crc32(str(split).encode())]
        measured = measure(one, protected, missing, minimum_cell, draws, replicates, bands)
        pieces.append(SplitRows(one, measured, protected.missing_label, missing, minimum_cell, judged).frame())
    return pd.concat(pieces, ignore_index=True)
