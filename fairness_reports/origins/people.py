"""Who is compared, in an order that shows in no sum.

Belongs here: attributes joined to cases, the groups of each attribute, clusters as numbers.
Does not belong here: how a column becomes groups (fairness_reports.audit.grouping), any figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data_contracts.errors import PlumblineError
from fairness_reports.audit.grouping import Groups, by_attribute, crossed, pooled, recorded
from fairness_reports.spec import ProtectedSpec
from models.candidates.tuning import canonical_order

Array = NDArray[np.float64]


@dataclass(frozen=True)
class People:
    """The cases of a comparison.

    Attributes
    ----------
    order : numpy.ndarray
        Positions, in what was given, of the cases in the order in which they are summed.
    unit : numpy.ndarray
        Per case its cluster, coded from 0.
    clusters : int
        How many there are.
    partitions : list of Groups
        Single attributes, then crossed ones; small groups stand there, and once more together.
    missing : list of str
        Attributes without a column.
    """

    order: NDArray[np.int64]
    unit: NDArray[np.int64]
    clusters: int
    partitions: list[Groups]
    missing: list[str]


def people(
    content: Array,
    groups: pd.DataFrame,
    clusters: np.ndarray,
    protected: ProtectedSpec,
    minimum: int,
    *,
    intersections: bool = False,
) -> People:
    """Put cases in order and attributes into groups.

    Parameters
    ----------
    content : numpy.ndarray, shape (cases, columns)
        Everything that will be summed: cases alike in all of it, in cluster and groups are interchangeable.
    groups : pandas.DataFrame
        A column per protected attribute, one row per case.
    clusters : numpy.ndarray
        Per case its cluster.
    protected : ProtectedSpec
        The protected attributes.
    minimum : int
        The minimum cell: groups below it also stand together in one.
    intersections : bool
        Whether crossed attributes are looked at too.
    """
    if not len(content) == len(groups) == len(clusters):
        raise PlumblineError(
            f"{len(content)} cases, {len(groups)} rows of attributes and {len(clusters)} clusters do not fit together.",
            where="origins",
            todo="Give one row of attributes and one cluster per case, in one order.",
        )
    if not len(content):
        raise PlumblineError("there is no case to look at.", where="origins", todo="Give at least one case.")
    missing = [name for name in protected.attributes if name not in groups.columns]
    names = {
        name: np.asarray(recorded(groups[name], protected.missing_label), dtype=object)
        for name in protected.attributes
        if name not in missing
    }
    parts = {name: by_attribute(name, list(values), protected.missing_label) for name, values in names.items()}
    ids = np.asarray(clusters).astype(str).astype(object)
    codes = [part.codes.astype(np.float64) for part in parts.values()]
    order = canonical_order(np.column_stack([content, *codes]), np.zeros(len(content)), ids)
    parts = {name: by_attribute(name, list(values[order]), protected.missing_label) for name, values in names.items()}
    crossings = [each for each in protected.crossed() if not set(each) & set(missing)] if intersections else []
    partitions = [*parts.values(), *(crossed([parts[name] for name in each]) for each in crossings)]
    unit, found = pd.factorize(ids[order], sort=True)
    return People(order, unit.astype(np.int64), len(found), [pooled(each, minimum) for each in partitions], missing)


def aligned(groups: pd.DataFrame, cases: pd.DataFrame, protected: ProtectedSpec) -> pd.DataFrame:
    """Attributes of each case, in the order of the cases.

    Parameters
    ----------
    groups : pandas.DataFrame
        case_id, as_of where a case may stand in several cohorts, and the attributes; from
        `models.cohorts.group_values`.
    cases : pandas.DataFrame
        case_id and as_of of the cases.
    protected : ProtectedSpec
        The protected attributes; those that `groups` lacks are left out.
    """
    keys = [key for key in ("case_id", "as_of") if key in groups.columns and key in cases.columns]
    if "case_id" not in keys:
        raise PlumblineError("the attributes have no case_id.", where="groups", todo="Give one row per case.")
    named = _keyed(groups, keys)
    if named.duplicated().any():
        raise PlumblineError(
            "a case has two rows of attributes.", where="groups", todo=f"Give one row per {' and '.join(keys)}."
        )
    present = [name for name in protected.attributes if name in groups.columns]
    # attributes are named by position: one may be called `case_id`
    values = groups[present].set_axis(range(len(present)), axis=1).reset_index(drop=True)
    joined: Any = _keyed(cases, keys).merge(named.join(values), on=keys, how="left", validate="many_to_one")
    return pd.DataFrame({name: joined[i].to_numpy() for i, name in enumerate(present)}, index=range(len(cases)))


def _keyed(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    columns = {key: pd.to_datetime(frame[key]) if key == "as_of" else frame[key].astype(str) for key in keys}
    return pd.DataFrame(columns).reset_index(drop=True)
