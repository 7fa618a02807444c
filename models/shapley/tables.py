"""The tables of a model: flat arrays, made once, kept beside it.

Belongs here: `Tables`, and the file they are kept in.
Does not belong here: making them (build), the loops (kernel), explaining rows (explain).
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from data_contracts.errors import PlumblineError

FORMAT = 1


@dataclass(frozen=True, eq=False)
class Tables:
    """Everything that exact Shapley values of a model need: five single values and plain arrays.

    Attributes
    ----------
    format, columns : int
        Of the file; columns of the estimator's input.
    model : str
        Fingerprint of the estimator.
    base : float
        Mean raw output: over the training rows, by the trees' counts, or over the background.
    background : int
        Its rows; 0 without one.
    column, categorical, cut_first, cuts : ndarray
        How cells become codes (`trees.Encoding`).
    condition_first : int64, shape (groups + 1,)
        Where each group's conditions begin.
    condition_feature, condition_low, condition_width, condition_list : ndarray
        A condition is met where (code - low) mod 256 is at most width or, where it has a list (0 or more), by that.
    lists : uint8, shape (lists, 256)
        By code, whether a condition is met.
    value_first, value_column : int64
        Where each group's features begin; their columns in the input.
    long : bool, shape (groups,)
        Whether it is one leaf whose path is too long for a table.
    table_first, table : int64, float64
        Where each group's table begins (features x patterns, or for a path too long for one what `kernel.long_leaf`
        takes; with a background nothing); the tables.
    leaf_value : float64, shape (groups,)
        With a background, what a leaf adds whose path is too long for a table.
    other_first, other_start, other_met, other_share : ndarray
        For such a leaf, where its patterns begin in other_share and in other_met; the patterns that occur in the
        background; the share of its rows that each has.
    chances : float64
        (p - 1)! q! / (p + q)! at [p, q].
    """

    format: int
    columns: int
    model: str
    base: float
    background: int
    column: np.ndarray
    categorical: np.ndarray
    cut_first: np.ndarray
    cuts: np.ndarray
    condition_first: np.ndarray
    condition_feature: np.ndarray
    condition_low: np.ndarray
    condition_width: np.ndarray
    condition_list: np.ndarray
    lists: np.ndarray
    value_first: np.ndarray
    value_column: np.ndarray
    long: np.ndarray
    table_first: np.ndarray
    table: np.ndarray
    leaf_value: np.ndarray
    other_first: np.ndarray
    other_start: np.ndarray
    other_met: np.ndarray
    other_share: np.ndarray
    chances: np.ndarray


def save_tables(tables: Tables, path: Path) -> None:
    """Write tables as npz, the same bytes for the same tables; nothing in it is pickled."""
    arrays = {field.name: np.asarray(getattr(tables, field.name)) for field in fields(Tables)}
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_tables(path: Path) -> Tables:
    """Read tables.

    Raises
    ------
    PlumblineError
        When the file holds something else.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            found = {field.name: file[field.name] for field in fields(Tables)}
        single = {name: found.pop(name).item() for name in ("format", "columns", "model", "base", "background")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise _unreadable(path) from error
    if single["format"] != FORMAT:
        raise _unreadable(path)
    return Tables(**single, **found)


def _unreadable(path: Path) -> PlumblineError:
    return PlumblineError(
        "this is no file of tables for explanations, or one of another version",
        where=str(path),
        todo="Delete it: it can be made again from the model.",
    )
