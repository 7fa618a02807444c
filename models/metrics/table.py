"""The rows of metrics.parquet for a backtest's predictions.

Belongs here: which figures are made of which rows (splits, new and returning persons, subsets, further horizons).
Does not belong here: a figure itself (models.metrics.figures).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from models.metrics.figures import COLUMNS, Scored, Select, evaluate
from models.metrics.names import HORIZON, PERSONS, qualified
from models.metrics.top import CAPACITY, Chosen, highest, places
from models.spec import EvaluationSpec, Subset

_KEY = ["as_of", "case_id"]
DEVELOPMENT = "development"
"""The role of the splits on which choices rest, and the name of their pooled rows."""


@dataclass(frozen=True)
class _Part:
    """Cases of one split and model, or of several pooled, those with an unknown outcome included."""

    score: np.ndarray
    y: np.ndarray
    clusters: np.ndarray
    key: np.ndarray  # as-of date and case id
    came_back: np.ndarray
    lists: Mapping[str, Chosen]

    def of(self, mask: np.ndarray) -> _Part:
        """Some of the cases; who is on a list does not change, and nothing is said of ties."""
        lists = {}
        for name, each in self.lists.items():
            unknown = int(np.isnan(self.y[mask & each.selected]).sum())
            lists[name] = Chosen.untied(each.selected[mask], unknown)
        return _Part(self.score[mask], self.y[mask], self.clusters[mask], self.key[mask], self.came_back[mask], lists)

    def scored(self) -> Scored:
        """What `evaluate` needs."""
        return Scored.of(self.score, self.y, self.clusters, None, self.key, self.lists)


def metric_rows(
    predictions: pd.DataFrame,
    *,
    select: Select | None,
    seed: int,
    min_cell: int,
    evaluation: EvaluationSpec | None = None,
    groups: pd.DataFrame | None = None,
    horizons: Mapping[str, pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """All rows of metrics.parquet for a backtest's predictions.

    Parameters
    ----------
    predictions : DataFrame
        split, as_of, role, model, case_id, cluster_id, returning_person, score, outcome.
    select : callable, optional
        Who is within the capacity; it is asked once per split and as-of date, with everyone in it, also those whose
        outcome is unknown. Without it there are no figures at capacity.
    seed : int
        Seed of the bootstrap; all models of a split share the same replicates.
    min_cell : int
        The smallest number of outcomes, and of non-outcomes, that a figure may rest on, and of cases on a list.
    evaluation : EvaluationSpec, optional
        Which lists (`top`), thresholds and subsets; without it none.
    groups : DataFrame, optional
        as_of, case_id and a column for each attribute of a subset, as `models.cohorts.group_values` gives them.
    horizons : mapping of DataFrame, optional
        By further horizon (30d): as_of, case_id, outcome, as `models.outcomes.labels_within` gives them.

    Returns
    -------
    DataFrame
        split, as_of, model, metric, value, low, high, n. With several development splits, `development` pools them.

    Raises
    ------
    ValueError
        When the attribute of a subset is not among `groups`.
    """
    spec = evaluation or EvaluationSpec(thresholds=[])
    predictions = predictions.reset_index(drop=True)
    attributes = {subset.attribute for subset in spec.subsets}
    if attributes - set(() if groups is None else groups.columns):
        raise ValueError(f"`groups` lacks the attributes {sorted(attributes)} that subsets name")
    values = _joined(predictions, groups, sorted(attributes)) if groups is not None else predictions[[]]
    later = {name: _joined(predictions, labels, ["outcome"])["outcome"] for name, labels in (horizons or {}).items()}
    measured = _Measured(select, seed, min_cell, spec)
    tables: list[pd.DataFrame] = []
    pooled: dict[str, dict[str, dict[str, _Part]]] = {}
    for (split, model), rows in predictions.groupby(["split", "model"], sort=False):
        positions = rows.index.to_numpy()
        labels = {name: series.to_numpy(dtype=np.float64)[positions] for name, series in later.items()}
        parts = measured.parts(rows, values.iloc[positions], labels)
        tables.append(measured.rows(parts, str(split), rows["as_of"].min(), str(model)))
        if rows["role"].iloc[0] == DEVELOPMENT:
            pooled.setdefault(str(model), {})[str(split)] = parts
    for model, several in pooled.items():
        if len(several) == 1:
            continue
        in_order = [several[split] for split in sorted(several)]  # whatever the order of the rows
        together = {name: _pooled([each[name] for each in in_order]) for name in in_order[0]}
        tables.append(measured.rows(together, DEVELOPMENT, None, model))
    return pd.concat(tables, ignore_index=True)[COLUMNS] if tables else pd.DataFrame(columns=COLUMNS)


@dataclass(frozen=True)
class _Measured:
    """What is measured, and on which lists."""

    select: Select | None
    seed: int
    min_cell: int
    spec: EvaluationSpec

    def parts(self, rows: pd.DataFrame, values: pd.DataFrame, labels: Mapping[str, np.ndarray]) -> dict[str, _Part]:
        """The parts of one split and model by qualifier; "" is everybody."""
        whole = self._part(rows, rows["outcome"].to_numpy(dtype=np.float64))
        found = {"": whole}
        for subset in self.spec.subsets:
            inside = _inside(values, subset)
            found[f"subset {subset.name}"] = self._part(rows[inside], whole.y[inside])
        for name, outcome in labels.items():
            found[f"within {name}"] = self._part(rows, outcome, only_capacity=True)
        return found

    def _part(self, rows: pd.DataFrame, y: np.ndarray, *, only_capacity: bool = False) -> _Part:
        score, case = rows["score"].to_numpy(dtype=np.float64), rows["case_id"].to_numpy(dtype=object)
        tops: Sequence[int | str] = [] if only_capacity else self.spec.top
        lists: dict[str, Chosen] = {}
        days = [np.flatnonzero(rows["as_of"] == day) for day in sorted(rows["as_of"].unique())]
        for name in [*([CAPACITY] if self.select else []), *tops]:
            mine = []
            selected = np.zeros(len(score), dtype=bool)
            # a number of places is one of each day; a share is one of all cases, as in the audit: of the few cases of a
            # day it would often be no place at all
            rounds = days if isinstance(name, int) else [np.arange(len(score))][: len(days)]
            for part in rounds:
                if name == CAPACITY and self.select:
                    selected[part] = self.select(score[part], case[part])
                else:
                    selected[part] = highest(score[part], case[part], places(name, len(part)))
                mine.append(Chosen.of(score[part], y[part], selected[part]))
            lists[str(name)] = (
                Chosen.pooled(mine).rows(np.argsort(np.concatenate(rounds))) if mine else Chosen.untied(selected)
            )
        return _Part(
            score,
            y,
            rows["cluster_id"].to_numpy(dtype=object),
            (rows["as_of"].astype(str) + "\0" + rows["case_id"].astype(str)).to_numpy(dtype=object),
            rows["returning_person"].to_numpy(dtype=bool),
            lists,
        )

    def rows(self, parts: Mapping[str, _Part], split: str, as_of: object, model: str) -> pd.DataFrame:
        """The rows of metrics.parquet of one split (or of several pooled) and model."""
        tables = []
        for name, part in parts.items():
            within = name.startswith("within ")
            for suffix, some in _asked(name, part):
                table = evaluate(
                    some.scored(),
                    seed=self.seed,
                    min_cell=self.min_cell,
                    thresholds=self.spec.thresholds if not name and not suffix else (),
                )
                if within:
                    table = table[table["metric"].isin(HORIZON)]
                qualifiers = [each for each in (name, suffix) if each]
                tables.append(table.assign(metric=[qualified(metric, *qualifiers) for metric in table["metric"]]))
        result = pd.concat(tables, ignore_index=True)
        result.insert(0, "model", model)
        result.insert(0, "as_of", pd.Timestamp(as_of) if as_of is not None else pd.NaT)  # type: ignore[arg-type]  # a date
        result.insert(0, "split", split)
        return result


def _asked(name: str, part: _Part) -> Iterator[tuple[str, _Part]]:
    yield "", part
    if name:
        return
    # new and returning persons stand in one list with the others: who of them is on it, not a list of their own
    capacity = {key: each for key, each in part.lists.items() if key == CAPACITY}
    for suffix, mask in zip(PERSONS, (~part.came_back, part.came_back), strict=True):
        yield suffix, replace(part, lists=capacity).of(mask)


def _inside(values: pd.DataFrame, subset: Subset) -> np.ndarray:
    told = values[subset.attribute]
    inside: np.ndarray = (told.notna() & told.astype(str).isin(subset.values)).to_numpy(dtype=bool)
    return inside


def _pooled(parts: Sequence[_Part]) -> _Part:
    def together(name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name) for part in parts])

    lists = {name: Chosen.pooled([part.lists[name] for part in parts]) for name in parts[0].lists}
    return _Part(together("score"), together("y"), together("clusters"), together("key"), together("came_back"), lists)


def _joined(predictions: pd.DataFrame, table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Columns of another table beside each prediction, missing where it has no such case."""
    mine, theirs = (
        frame[_KEY].assign(as_of=pd.to_datetime(frame["as_of"]).astype("datetime64[us]"))
        for frame in (predictions, table)
    )
    right = theirs.assign(**{name: table[name] for name in columns})
    joined = mine.merge(right, on=_KEY, how="left", validate="m:1")
    return joined[columns].set_axis(predictions.index)
