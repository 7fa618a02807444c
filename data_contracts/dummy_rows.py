"""Dummy rows of all tables of a contract: keys, references and order, and nothing that means anything.

Belongs here: how many rows a table gets, and what columns and tables say about each other. Does not belong here: values
of a single column (dummy_values), or files (dummy_files).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from data_contracts.dummy_values import column_values
from data_contracts.errors import PlumblineError
from data_contracts.rules.compile import compile_rules

if TYPE_CHECKING:
    from data_contracts.contract import Contract, Table
    from data_contracts.rules.model import Rule

_LOOKUP_ROWS = 24  # tables without any key list codes, not people
_PER_PARENT = 3
_PASSES = 8  # chains of dates are seldom longer than three


def generate(contract: Contract, people: int, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Draw rows that keep every rule of a contract.

    Parameters
    ----------
    contract : Contract
        The contract alone decides: types, allowed values, bounds, patterns, keys, references, order of dates.
    people : int
        Rows of a table that has keys and refers to no other.
    rng : numpy.random.Generator
        Where chance comes from.

    Returns
    -------
    dict of str to DataFrame
        By table, in the contract's order, columns under the contract's names.

    Raises
    ------
    PlumblineError
        Tables refer to each other in a circle, or the rules of a column leave no value.
    """
    rules: dict[str, list[Rule]] = {table.name: [] for table in contract.tables}
    for rule in compile_rules(contract):
        if rule.severity != "warning" or rule.kind != "row_count":
            rules[rule.table].append(rule)
    made: dict[str, pd.DataFrame] = {}
    for name in _in_order(rules):
        made[name] = _table(contract.table(name), rules[name], made, people, rng)
    return {table.name: made[table.name] for table in contract.tables}


def _in_order(rules: Mapping[str, Sequence[Rule]]) -> list[str]:
    """Tables, each after those that it refers to."""
    needs = {name: {other for rule in own for other in rule.others if other != name} for name, own in rules.items()}
    order: list[str] = []
    while needs:
        free = [name for name, others in needs.items() if not others - set(order)]
        if not free:
            raise PlumblineError(
                f"the tables {', '.join(needs)} refer to each other in a circle.",
                where="contract.odcs.yaml",
                todo="Remove one of the relationships; dummy data cannot be made as it is.",
            )
        order += free
        needs = {name: others for name, others in needs.items() if name not in free}
    return order


def _table(
    table: Table, rules: list[Rule], made: Mapping[str, pd.DataFrame], people: int, rng: np.random.Generator
) -> pd.DataFrame:
    references = [rule for rule in rules if rule.kind == "reference" and rule.params["table"] != table.name]
    references.sort(key=lambda rule: -len(rule.columns))
    unique = [rule.columns for rule in rules if rule.kind == "unique"]
    count = _rows(table, rules, references, unique, made, people)
    frame = pd.DataFrame(index=range(count))
    for rule in references:
        _refer(frame, rule, unique, made[str(rule.params["table"])], rng)
    for column in table.stored:
        own = [rule for rule in rules if rule.columns == (column.name,)]
        if column.name not in frame:
            frame[column.name] = column_values(table, column, own, count, people, rng)
        else:
            _thin(frame, column.name, own, rng)
    for rule in rules:
        if rule.kind == "reference" and rule.params["table"] == table.name:
            # the table refers to itself (an earlier case, say): every row leading to itself is one way to keep that
            for mine, theirs in zip(rule.columns, rule.params["columns"], strict=True):
                frame[mine] = frame[theirs]
    _put_in_order(frame, table, rules, made)
    return _without_faults(frame, rules, made)[[column.name for column in table.stored]]


def _rows(
    table: Table,
    rules: Sequence[Rule],
    references: Sequence[Rule],
    unique: Sequence[tuple[str, ...]],
    made: Mapping[str, pd.DataFrame],
    people: int,
) -> int:
    if not references:
        count = people if table.keys else min(_LOOKUP_ROWS, max(people, 2))
    else:
        widest = references[0]
        if any(set(columns) <= set(widest.columns) for columns in unique):
            count = len(made[str(widest.params["table"])])
        else:
            count = _PER_PARENT * people
    for rule in rules:
        if rule.kind == "row_count" and not rule.tolerance.holds(count, count):
            low, high = rule.tolerance.value[0], rule.tolerance.value[-1]
            near = [int(low), int(low) + 1, int(low) - 1, int((low + high) / 2)]
            count = next((each for each in near if each >= 0 and rule.tolerance.holds(each, each)), count)
    return count


def _refer(
    frame: pd.DataFrame,
    rule: Rule,
    unique: Sequence[tuple[str, ...]],
    parent: pd.DataFrame,
    rng: np.random.Generator,
) -> None:
    """Fill the columns of a reference from rows of the other table, keeping what is already filled."""
    pairs = list(zip(rule.columns, rule.params["columns"], strict=True))
    given = [(mine, theirs) for mine, theirs in pairs if mine in frame]
    missing = [(mine, theirs) for mine, theirs in pairs if mine not in frame]
    whole = parent.dropna(subset=[theirs for _, theirs in pairs]).reset_index(drop=True)
    if not missing or whole.empty:
        for mine, _ in missing:
            frame[mine] = None
        return
    if not given:
        alone = any(set(columns) <= set(rule.columns) for columns in unique)
        few = alone and len(frame) <= len(whole)
        rows = rng.permutation(len(whole))[: len(frame)] if few else rng.integers(0, len(whole), len(frame))
    else:
        places: dict[tuple[Any, ...], list[int]] = {}
        for place, value in enumerate(whole[[theirs for _, theirs in given]].itertuples(index=False, name=None)):
            places.setdefault(value, []).append(place)
        own = frame[[mine for mine, _ in given]].itertuples(index=False, name=None)
        picks = rng.random(len(frame))
        rows = np.array(
            [
                (candidates[int(pick * len(candidates))] if (candidates := places.get(value)) else -1)
                for value, pick in zip(own, picks, strict=True)
            ]
        )
    for mine, theirs in missing:
        values = whole[theirs].to_numpy(dtype=object)[rows]
        frame[mine] = pd.Series(np.where(rows >= 0, values, None), dtype=object)


def _thin(frame: pd.DataFrame, column: str, own: Sequence[Rule], rng: np.random.Generator) -> None:
    """Leave some references empty where the contract lets them be: that too is a row that it accepts."""
    if not any(rule.kind in ("required", "unique") for rule in own):
        frame[column] = frame[column].mask(pd.Series(rng.random(len(frame)) < 0.04))


def _put_in_order(frame: pd.DataFrame, table: Table, rules: Sequence[Rule], made: Mapping[str, pd.DataFrame]) -> None:
    orders = [rule for rule in rules if rule.kind == "order"]
    for _ in range(_PASSES):
        for rule in orders:
            later = frame[rule.columns[0]]
            earlier = _earlier(frame, rule, made)
            gap = pd.Timedelta(days=1) if rule.params.get("strict") else pd.Timedelta(0)
            wrong = later.notna() & earlier.notna() & (later < earlier + gap)
            frame.loc[wrong, rule.columns[0]] = (earlier + gap)[wrong]


def _earlier(frame: pd.DataFrame, rule: Rule, made: Mapping[str, pd.DataFrame]) -> pd.Series[Any]:
    """What the column of an order rule must not be before: in this row, or in the row of another table it leads to."""
    other = rule.params["other"]
    if "table" not in rule.params:
        own: pd.Series[Any] = frame[other]
        return own
    there = made[str(rule.params["table"])]
    theirs = [name for _, name in rule.params["via"]]
    latest: dict[tuple[Any, ...], Any] = {}
    for key, value in zip(there[theirs].itertuples(index=False, name=None), there[other], strict=True):
        if not pd.isna(value) and (key not in latest or value > latest[key]):
            latest[key] = value
    mine = frame[[name for name, _ in rule.params["via"]]].itertuples(index=False, name=None)
    return pd.Series([latest.get(key, pd.NaT) for key in mine], dtype="datetime64[s]")


def _without_faults(frame: pd.DataFrame, rules: Sequence[Rule], made: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Drop the rows that could not be put right: repeated keys, dates pushed over a bound, references to nothing."""
    good = pd.Series(True, index=frame.index)
    for rule in rules:
        columns = list(rule.columns)
        if rule.kind == "required":
            good &= frame[columns[0]].notna()
        elif rule.kind == "reference" and rule.params["table"] != rule.table:
            parent = made[str(rule.params["table"])][list(rule.params["columns"])]
            known = set(parent.itertuples(index=False, name=None))
            given = frame[columns].itertuples(index=False, name=None)
            found = pd.Series([values in known for values in given], index=frame.index, dtype=bool)
            good &= found | frame[columns].isna().any(axis=1)
        elif rule.kind == "order":
            gap = pd.Timedelta(days=1) if rule.params.get("strict") else pd.Timedelta(0)
            earlier = _earlier(frame, rule, made)
            good &= ~(frame[columns[0]].notna() & earlier.notna() & (frame[columns[0]] < earlier + gap))
        elif rule.kind == "bound" and rule.params.get("maximum") is not None and rule.types[0] in ("date", "timestamp"):
            most = pd.Timestamp(rule.params["maximum"])
            late = frame[columns[0]] >= most if rule.params.get("strict") else frame[columns[0]] > most
            good &= ~(frame[columns[0]].notna() & late)
    for rule in rules:
        if rule.kind == "unique":
            columns = list(rule.columns)
            whole = frame[columns].notna().all(axis=1)
            good &= ~(whole & frame[good].duplicated(columns).reindex(frame.index, fill_value=False))
    return frame[good].reset_index(drop=True)
