"""What the audit accepts.

Belongs here: checks of the scored table, one type per column, the attributes joined to their cases.
Does not belong here: any figure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from data_contracts.errors import PlumblineError
from fairness_reports.audit.grouping import recorded
from fairness_reports.audit.reasons import NO_PROBABILITIES, NO_SCORES
from fairness_reports.spec import ProtectedSpec

if TYPE_CHECKING:
    from fairness_reports.identification.spec import ObservationSpec

_NEEDED = ("split", "case_id", "selected", "outcome")


def prepared(
    frame: pd.DataFrame,
    groups: pd.DataFrame | None,
    protected: ProtectedSpec,
    observation: ObservationSpec | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Check a scored table and join its attributes.

    Parameters
    ----------
    frame, groups, protected, observation
        As in `audit`.

    Returns
    -------
    rows : pandas.DataFrame
        The needed columns with one type each, plus one column `attribute NAME` per attribute, in an order that does not
        depend on the order of `frame`. `treated` says whose score had been shown; `served`, where the declaration
        needs it, holds as text who was looked at, and the outcome of all others is unknown.
    missing : list of str
        Attributes that have no column.
    """
    absent = [name for name in _NEEDED if name not in frame.columns]
    if absent:
        raise PlumblineError(f"the scored table lacks {', '.join(absent)}.", todo="See docs/audit.md for its columns.")
    if frame.empty:
        raise PlumblineError("the scored table has no rows.", todo="Give at least one scored case.")
    rows = frame[[*_NEEDED]].copy()
    rows["score"] = _numbers(frame["score"], "score") if "score" in frame.columns else np.nan
    rows["as_of"] = frame["as_of"] if "as_of" in frame.columns else None
    rows["cluster_id"] = (frame["cluster_id"] if "cluster_id" in frame.columns else frame["case_id"]).astype(str)
    rows["split"] = rows["split"].astype(str)
    rows["outcome"] = _numbers(rows["outcome"], "outcome")
    if "score" in frame.columns and not np.isfinite(rows["score"]).all():
        raise PlumblineError(
            "a score is missing or infinite.", where="score", todo="Score every case, or leave out the column."
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
    rows["treated"] = _treated(frame, observation)

    missing = [name for name in protected.attributes if name not in (frame if groups is None else groups).columns]
    present = [name for name in protected.attributes if name not in missing]
    attributes = _joined(frame, groups, present)
    for position, name in enumerate(present):
        # attributes get a prefix: one may be called `score` or `split`
        rows[f"attribute {name}"] = recorded(attributes[position], protected.missing_label)
    if observation is not None and observation.served is not None:
        rows["served"] = _served(frame, groups, observation.served.attribute, protected.missing_label)
        rows.loc[~rows["served"].isin(observation.served.values), "outcome"] = np.nan
    # the order of rows must not show in any sum
    return rows.sort_values(["split", "case_id", "cluster_id", "score", "outcome"], kind="stable"), missing


def scale(rows: pd.DataFrame) -> str | None:
    """Why figures that need the score to be a probability cannot be had; None where it is one in every row.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `prepared`, all splits together: they share a scale.
    """
    if rows["score"].isna().any():
        return NO_SCORES
    return None if rows["score"].between(0, 1).all() else NO_PROBABILITIES


def _treated(frame: pd.DataFrame, observation: ObservationSpec | None) -> pd.Series | bool:
    if "treated" in frame.columns:
        if frame["treated"].isna().any():
            raise PlumblineError(
                "a score had neither been shown nor not.", where="treated", todo="Give true or false for each case."
            )
        return frame["treated"].astype(np.bool_)
    if observation is None or observation.scores_shown_since is None or "as_of" not in frame.columns:
        return False
    return pd.to_datetime(frame["as_of"]) >= pd.Timestamp(observation.scores_shown_since)


def _served(frame: pd.DataFrame, groups: pd.DataFrame | None, name: str, missing_label: str) -> list[str]:
    where = groups if groups is not None and name in groups.columns else frame
    if name not in where.columns:
        raise PlumblineError(
            f"there is no column {name}, which says who was looked at.",
            where="observation.served",
            todo="Name a column of the scored table or of the attributes.",
        )
    return recorded(_joined(frame, groups if where is groups else None, [name])[0], missing_label)


def _joined(frame: pd.DataFrame, groups: pd.DataFrame | None, names: list[str]) -> pd.DataFrame:
    """Columns of the attributes by position, row by row as in `frame`."""
    if groups is None:
        return frame[names].set_axis(range(len(names)), axis=1)
    keys = [key for key in ("case_id", "split", "as_of") if key in groups.columns and key in frame.columns]
    named = _keyed(groups, keys).join(groups[names].set_axis(range(len(names)), axis=1))
    if named.duplicated(keys).any():
        raise PlumblineError(
            "a case has two rows of attributes.", where="groups", todo=f"Give one row per {' and '.join(keys)}."
        )
    joined = _keyed(frame, keys).merge(named, on=keys, how="left", validate="many_to_one", indicator="found")
    if len(groups) and not (joined["found"] == "both").any():
        raise PlumblineError(
            "no scored case has a row of attributes.", where="groups", todo=f"Check {' and '.join(keys)}."
        )
    return joined[list(range(len(names)))]


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
