"""The audit: one function on plain columns.

Belongs here: the way from a scored table to the rows of fairness.parquet.
Does not belong here: single steps (the modules beside this one), what follows from it (fairness_reports.verdict).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from data_contracts.errors import PlumblineError
from fairness_reports.audit.partitions import measure
from fairness_reports.audit.prepare import prepared, scale
from fairness_reports.audit.reasons import SCORES_HAD_BEEN_SHOWN
from fairness_reports.audit.rows import SplitRows
from fairness_reports.spec import SCORES_SHOWN, ProtectedSpec
from fairness_reports.states import CANNOT_TELL

if TYPE_CHECKING:
    from fairness_reports.charter import FairnessThreshold
    from fairness_reports.identification import ObservationSpec

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
    observation: ObservationSpec | None = None,
    references: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Measure every metric overall, per protected attribute and per intersection, with intervals.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per scored case: `split`, `case_id`, `selected` (bool), `outcome` (1, 0 or missing), and where there are
        any `score` (a probability; any other number serves for ranks only), `as_of`, `cluster_id` (without it each case
        is its own cluster) and `treated` (bool: whether the score had been shown to workers). Treated rows form a split
        of their own, "NAME, scores shown", which is never judged.
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
    observation : ObservationSpec, optional
        For whom, and how completely, the outcome is recorded. It also says from which day on rows count as treated,
        where `frame` does not.
    references : mapping of str to str, optional
        Attribute (or crossed attributes) to the group that all others are compared with, besides everybody.

    Returns
    -------
    pandas.DataFrame
        The columns of fairness.parquet (fairness_reports.audit.table.COLUMNS).
    """
    named = dict(references or {})
    for attribute in named:
        if attribute not in protected.names():
            raise PlumblineError(
                f"there is no protected attribute “{attribute}” to compare groups of.",
                where="references",
                todo=f"Use one of: {', '.join(protected.names())}.",
            )
    rows, missing = prepared(frame, groups, protected, observation)
    splits, _ = _ordered(rows)
    test = splits[-1] if test_split is None else test_split
    if test not in splits:
        raise PlumblineError(f"no case belongs to the split “{test}”.", todo=f"Splits here: {', '.join(splits)}.")
    rows["split"] = np.where(rows["treated"], rows["split"] + SCORES_SHOWN, rows["split"])
    splits, days = _ordered(rows)
    unscored, pieces = scale(rows), []
    for split in splits:
        draws = [seed, zlib.crc32(split.encode())]
        one = rows[rows["split"] == split]
        measured = measure(one, protected, missing, minimum_cell, draws, replicates, bands, unscored)
        fixed = (days[split], measured, protected.missing_label, missing, minimum_cell)
        pieces.append(SplitRows(split, *fixed, confirmatory if split == test else ()).frame(named))
        if confirmatory and test not in splits and split == test + SCORES_SHOWN:
            pieces.append(SplitRows(test, *fixed, confirmatory).untold(SCORES_HAD_BEEN_SHOWN))
    from fairness_reports.identification import identify  # it reads audits itself

    table = identify(
        pd.concat(pieces, ignore_index=True),
        rows,
        protected,
        observation,
        confirmatory=confirmatory,
        test_split=test,
        minimum_cell=minimum_cell,
        seed=seed,
        replicates=replicates,
        bands=bands,
    )
    # more cases of the same kind decide nothing that is decided; where bounds leave it open `identify` says None
    more = (table["state"] == CANNOT_TELL) & (table["identification"] != "not_identifiable")
    table.loc[~more, "needed_n"] = pd.NA
    return table


def _ordered(rows: pd.DataFrame) -> tuple[list[str], dict[str, date | None]]:
    """The splits by their newest day, then by name, and that day."""
    newest: dict[str, date | None] = {}
    for split, days in rows.groupby("split", sort=True)["as_of"]:
        known = days.dropna()
        newest[str(split)] = pd.Timestamp(known.max()).date() if len(known) else None
    return sorted(newest, key=lambda name: (newest[name] or date.min, name)), newest
