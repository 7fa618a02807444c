"""From contributions of columns to factors: what made a score, in the words of practice.

Belongs here: sums by factor, the reasons of a case, importance with intervals, directions.
Does not belong here: the words for factors (features.words), the events behind a value (features.evidence), charts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from data_contracts.errors import PlumblineError
from features.spec import Column
from models.folds import one_thread
from models.metrics import LEVEL
from models.metrics.resampling import draws


def by_factor(table: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """Contributions summed over the columns of each factor.

    Parameters
    ----------
    table : DataFrame
        From `contributions`.
    columns : sequence of features.spec.Column
        Which factor each column speaks of.

    Returns
    -------
    DataFrame
        Rows x factors, in the order in which the factors first appear among the columns.
    """
    groups = _columns_by_factor(table.columns, columns)
    return pd.DataFrame({factor: table[names].sum(axis=1) for factor, names in groups.items()}, index=table.index)


def _columns_by_factor(names: Sequence[str] | pd.Index, columns: Sequence[Column]) -> dict[str, list[str]]:
    factor = {column.name: column.factor for column in columns}
    unknown = [name for name in names if name not in factor]
    if unknown:
        raise PlumblineError(
            f"no factor is known for {', '.join(unknown)}", where="features", todo="Name one in programme.yaml."
        )
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(factor[name], []).append(name)
    return groups


def case_rows(frame: pd.DataFrame, X: pd.DataFrame, table: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """Contributions of every case and factor, the strongest first.

    Parameters
    ----------
    frame : DataFrame
        case_id and as_of of the rows.
    X, table : DataFrame
        Their features, and their contributions from `contributions`.
    columns : sequence of features.spec.Column
        Which factor each column speaks of.

    Returns
    -------
    DataFrame
        case_id, as_of, factor, feature, value, columns, values, contribution, rank. Where a factor has several
        columns, `feature` and `value` are those of the column that contributed most in the direction of the factor
        as a whole, the earlier one in a tie;
        `columns` and `values` are lists with all of them. Rank 1 is the largest contribution in size, ties in the order
        of the factors. A factor with a column that speaks of other people has no value (NaN), no column and no lists:
        whoever may read this case may not read theirs, nor which of them weighed most.
    """
    groups = _columns_by_factor(table.columns, columns)
    of_others = factors_by_association(columns)
    parts = []
    rows = np.arange(len(table))
    for place, (factor, names) in enumerate(groups.items()):
        terms, cells = table[names].to_numpy(), X[names].to_numpy()
        # a value that lowers the score must not stand for a factor that raises it
        along = terms * np.sign(terms.sum(axis=1, keepdims=True))
        strongest = np.argmax(along, axis=1) if len(terms) else np.empty(0, dtype=np.int64)
        hidden = factor in of_others
        parts.append(
            pd.DataFrame(
                {
                    "case_id": frame["case_id"].to_numpy(),
                    "as_of": frame["as_of"].to_numpy(),
                    "factor": factor,
                    "feature": None if hidden else np.array(names, dtype=object)[strongest],
                    "value": np.nan if hidden else cells[rows, strongest],
                    "columns": [[] if hidden else names] * len(rows),
                    "values": [[]] * len(rows) if hidden else cells.tolist(),
                    "contribution": table[names].sum(axis=1).to_numpy(),
                    "_place": place,
                }
            )
        )
    result = pd.concat(parts, ignore_index=True)
    result["_size"] = -result["contribution"].abs()
    result = result.sort_values(["as_of", "case_id", "_size", "_place"], kind="stable", ignore_index=True)
    result["rank"] = result.groupby(["as_of", "case_id"], sort=False).cumcount() + 1
    return result.drop(columns=["_size", "_place"])


def factors_by_association(columns: Sequence[Column]) -> frozenset[str]:
    """The factors with at least one column that speaks of other people than the case's own person."""
    return frozenset(column.factor for column in columns if column.by_association)


def with_evidence(reasons: pd.DataFrame, evidence: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """Reasons with the records behind them.

    Parameters
    ----------
    reasons : DataFrame
        From `case_rows`.
    evidence : DataFrame
        From `features.evidence.evidence_table`, for the same cases and factors.
    columns : sequence of features.spec.Column
        Which columns speak of other people.

    Returns
    -------
    DataFrame
        The reasons with evidence_ids, evidence_count, evidence_age_days. A factor with a column that speaks of other
        people has the count 1 where anything is recorded and 0 where nothing is: their exact number would often be
        the very value that `case_rows` leaves out.
    """
    result = reasons.merge(evidence, on=["case_id", "as_of", "factor"], how="left", validate="1:1")
    of_others = result["factor"].isin(factors_by_association(columns))
    result["evidence_count"] = result["evidence_count"].mask(of_others, result["evidence_count"].clip(upper=1))
    return result


def importance(
    factors: pd.DataFrame,
    clusters: np.ndarray,
    groups: Mapping[str, pd.Series] | None = None,
    directions: Mapping[str, str] | None = None,
    *,
    min_cell: int,
    seed: int,
    replicates: int = 300,
) -> pd.DataFrame:
    """How much each factor moves scores, over everyone and by group.

    Parameters
    ----------
    factors : DataFrame
        Rows x factors, from `by_factor`.
    clusters : ndarray
        Cluster of each row.
    groups : mapping of str to Series, optional
        By attribute, the group of each row; missing is a group of its own, written as None.
    directions : mapping, optional
        By factor, from `direction_of`.
    min_cell : int
        Groups with fewer rows have no figures.
    seed : int
        Seed of the cluster bootstrap.
    replicates : int
        Number of replicates.

    Returns
    -------
    DataFrame
        factor, attribute, group, importance (mean size of the contribution), direction, mean_contribution, low, high
        (95 % interval of the importance), n. attribute and group are None for everyone.
    """
    slices: list[tuple[str | None, Any, np.ndarray]] = [(None, None, np.ones(len(factors), dtype=bool))]
    for attribute, values in (groups or {}).items():
        told = values.astype(object).to_numpy()
        missing = pd.isna(told)
        slices += [(attribute, group, told == group) for group in sorted(set(told[~missing]), key=str)]
        slices += [(attribute, None, missing)] if missing.any() else []
    parts = []
    for name, group, mask in slices:
        terms = factors.to_numpy()[mask]
        n = len(terms)
        figures = np.full((4, factors.shape[1]), np.nan)
        if n >= max(min_cell, 1):
            drawn = drawn_importance(terms, np.asarray(clusters, dtype=object)[mask], seed, replicates)
            low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
            figures = np.vstack([np.abs(terms).mean(axis=0), terms.mean(axis=0), low, high])
        parts.append(
            pd.DataFrame(
                {
                    "factor": list(factors.columns),
                    "attribute": pd.Series([name] * factors.shape[1], dtype=object),
                    "group": pd.Series([group] * factors.shape[1], dtype=object),
                    "importance": figures[0],
                    "direction": [(directions or {}).get(factor, "mixed") for factor in factors.columns],
                    "mean_contribution": figures[1],
                    "low": figures[2],
                    "high": figures[3],
                    "n": n,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def drawn_importance(terms: np.ndarray, clusters: np.ndarray, seed: int, replicates: int) -> np.ndarray:
    """Mean size of each column in each replicate of the cluster bootstrap.

    Parameters
    ----------
    terms : ndarray, rows x columns
        Contributions.
    clusters : ndarray
        Cluster of each row.
    seed, replicates : int
        The same seed and clusters give the same draws, whatever the terms.

    Returns
    -------
    ndarray, replicates x columns
    """
    codes, ids = pd.factorize(np.asarray(clusters, dtype=object), sort=True)
    sums = np.zeros((len(ids), terms.shape[1]))
    np.add.at(sums, codes, np.abs(terms))
    sizes = np.bincount(codes, minlength=len(ids)).astype(np.float64)
    with one_thread():
        weights = draws(np.arange(len(ids)), seed, replicates)  # clusters, not rows: sums are all it takes
        return np.vstack([(block @ sums) / (block @ sizes)[:, None] for block in weights])


def direction_of(X: pd.DataFrame, table: pd.DataFrame, columns: Sequence[Column]) -> dict[str, str]:
    """Whether more of a factor goes with a higher score: `up`, `down`, `mixed`, or `none` where it never matters.

    A column points up or down when the rank correlation of its values with its contributions is beyond .5; columns of
    one factor that disagree, and weaker correlations, are `mixed`. A factor with a category's columns is `mixed`.
    """
    from scipy.stats import spearmanr

    kinds = {column.name: column.category for column in columns}
    result = {}
    for factor, names in _columns_by_factor(table.columns, columns).items():
        found = set()
        for name in names:
            values, terms = X[name].to_numpy(), table[name].to_numpy()
            told = ~np.isnan(values)
            if np.ptp(terms) == 0 if len(terms) else True:
                continue
            if kinds[name] is not None or told.sum() < 3 or np.ptp(values[told]) == 0 or np.ptp(terms[told]) == 0:
                found.add("mixed")
                continue
            correlation = spearmanr(values[told], terms[told]).statistic
            found.add("up" if correlation > 0.5 else "down" if correlation < -0.5 else "mixed")
        result[factor] = found.pop() if len(found) == 1 else "mixed" if found else "none"
    return result
