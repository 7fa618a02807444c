"""What the audit accepts.

Belongs here: checks of the scored table, one type per column, the attributes joined to their cases.
Does not belong here: any figure.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from data_contracts.errors import PlumblineError
from fairness_reports.audit.grouping import recorded
from fairness_reports.spec import ProtectedSpec

_NEEDED = ("split", "case_id", "score", "selected", "outcome")


def prepared(
    frame: pd.DataFrame, groups: pd.DataFrame | None, protected: ProtectedSpec
) -> tuple[pd.DataFrame, list[str]]:
    """Check a scored table and join its attributes.

    Parameters
    ----------
    frame, groups, protected
        As in `audit`.

    Returns
    -------
    rows : pandas.DataFrame
        The needed columns with one type each, plus one column `attribute NAME` per attribute, in an order that does not
        depend on the order of `frame`.
    missing : list of str
        Attributes that have no column.
    """
    absent = [name for name in _NEEDED if name not in frame.columns]
    if absent:
        raise PlumblineError(f"the scored table lacks {', '.join(absent)}.", todo="See docs/audit.md for its columns.")
    if frame.empty:
        raise PlumblineError("the scored table has no rows.", todo="Give at least one scored case.")
    rows = frame[[*_NEEDED]].copy()
    rows["as_of"] = frame["as_of"] if "as_of" in frame.columns else None
    rows["cluster_id"] = (frame["cluster_id"] if "cluster_id" in frame.columns else frame["case_id"]).astype(str)
    rows["split"] = rows["split"].astype(str)
    rows["score"] = _numbers(rows["score"], "score")
    rows["outcome"] = _numbers(rows["outcome"], "outcome")
    if not np.isfinite(rows["score"]).all() or not rows["score"].between(0, 1).all():
        raise PlumblineError(
            "a score is missing or not between 0 and 1.", where="score", todo="Scores are probabilities."
        )
    if not rows["outcome"].dropna().isin([0, 1]).all():
        raise PlumblineError(
            "an outcome is neither 0, 1 nor missing.", where="outcome", todo="Code the outcome as 0 and 1."
        )
    if rows["selected"].isna().any():
        raise PlumblineError(
            "a case is neither selected nor not.", where="selected", todo="Give true or false for each case."
        )
    rows["selected"] = rows["selected"].astype(np.bool_)

    source = frame if groups is None else groups
    missing = [name for name in protected.attributes if name not in source.columns]
    present = [name for name in protected.attributes if name not in missing]
    if groups is None:
        attributes = frame[present].set_axis(range(len(present)), axis=1)
    else:
        keys = [key for key in ("case_id", "split", "as_of") if key in groups.columns and key in frame.columns]
        named = _keyed(groups, keys).join(groups[present].set_axis(range(len(present)), axis=1))
        if named.duplicated(keys).any():
            raise PlumblineError(
                "a case has two rows of attributes.", where="groups", todo=f"Give one row per {' and '.join(keys)}."
            )
        joined = _keyed(frame, keys).merge(named, on=keys, how="left", validate="many_to_one", indicator="found")
        if len(groups) and not (joined["found"] == "both").any():
            raise PlumblineError(
                "no scored case has a row of attributes.", where="groups", todo=f"Check {' and '.join(keys)}."
            )
        attributes = joined[list(range(len(present)))]
    for position, name in enumerate(present):
        # attributes get a prefix: one may be called `score` or `split`
        rows[f"attribute {name}"] = recorded(attributes[position], protected.missing_label)
    # the order of rows must not show in any sum
    return rows.sort_values(["split", "case_id", "cluster_id", "score", "outcome"], kind="stable"), missing


def _keyed(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The keys in one form: ids as text, days as days, whatever the two tables hold them as."""
    return pd.DataFrame(
        {key: pd.to_datetime(frame[key]) if key == "as_of" else frame[key].astype(str) for key in keys},
        index=frame.index,
    )


def _numbers(values: pd.Series, name: str) -> pd.Series:
    try:
        return pd.to_numeric(values).astype(np.float64)
    except (ValueError, TypeError):
        raise PlumblineError(f"“{name}” holds something that is not a number.", where=name) from None
