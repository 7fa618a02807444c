"""Where the gaps of an audited model come from: both kinds of rows for a test.

Belongs here: from the audited model and its test rows to rows of fairness.parquet.
Does not belong here: the figures themselves (waterfall, proxies).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd

from fairness_reports.audit.reasons import NOT_EXPLAINED
from fairness_reports.audit.table import Table, typed
from fairness_reports.origins.people import aligned
from fairness_reports.origins.proxies import proxies
from fairness_reports.origins.waterfall import RAW, waterfall
from fairness_reports.spec import OVERALL, ProtectedSpec
from models.dataset import Rows
from models.explanation import audited_contributions, explainable
from models.model import Audited


def origins(
    audited: Audited,
    rows: Rows,
    outcome: np.ndarray,
    groups: pd.DataFrame,
    protected: ProtectedSpec,
    *,
    split: str,
    as_of: date | None,
    minimum_cell: int,
    seed: int,
    references: Mapping[str, str] | None = None,
    identification: str = "undeclared",
) -> pd.DataFrame:
    """Which factors carry the gaps of a test, and how well its features reveal the protected attributes.

    Parameters
    ----------
    audited : Audited
        The model that scored the test.
    rows : Rows
        The test rows, with `described`.
    outcome : numpy.ndarray
        1, 0 or NaN per row.
    groups : pandas.DataFrame
        case_id, as_of and a column per protected attribute, from `models.cohorts.group_values`: more rows than the
        test's, in any order.
    protected : ProtectedSpec
        The protected attributes.
    split, as_of
        Of the test.
    minimum_cell : int
        Groups with fewer cases have no figure.
    seed : int
        Of the folds of the proxy test.
    references : mapping, optional
        Attribute to the group that the others are compared with besides everybody.
    identification : str
        What is said of means among those with, and without, the outcome.

    Returns
    -------
    pandas.DataFrame
        Rows of `waterfall`, then of `proxies`, in the columns of the audit.
    """
    values = aligned(groups, rows.frame, protected)
    clusters = rows.frame["cluster_id"].to_numpy(dtype=object)
    if explainable(audited):
        told = audited_contributions(audited, rows)
        gaps = waterfall(
            told.table,
            told.base,
            outcome,
            values,
            clusters,
            protected,
            split=split,
            as_of=as_of,
            minimum_cell=minimum_cell,
            references=references,
            identification=identification,
            raw=told.raw,
        )
    else:
        table = Table(split, as_of)
        for attribute in protected.attributes:
            fixed = {"attribute": attribute, "group": OVERALL, "comparison": "difference", "reference": OVERALL}
            table.add(1, metric=RAW, identification="identified", reason=NOT_EXPLAINED, **fixed)
        gaps = table.frame()
    revealed = proxies(
        rows.X,
        rows.described,
        values,
        clusters,
        protected,
        split=split,
        as_of=as_of,
        minimum_cell=minimum_cell,
        seed=seed,
    )
    return typed(pd.concat([gaps, revealed], ignore_index=True))
