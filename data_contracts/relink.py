"""For the holder of the key: from pseudonyms in a restricted table back to the source's own keys.

Belongs here: finding the pseudonyms of a table's id columns in a delivery, writing the table with the keys beside it.
Does not belong here: pages (relink_page), who may do so (the agency decides; every call is logged).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from data_contracts.contract import Contract
from data_contracts.delivery import find_files
from data_contracts.errors import UsageError, said_by_system
from data_contracts.keys import ProgrammeKey
from data_contracts.reading import cast_batch, read_batches
from data_contracts.relink_list import OWN_NUMBER, fill_list, rows_of_list
from data_contracts.sheets import safe_frame, workbook_cell

if TYPE_CHECKING:
    import pandas as pd

ID_COLUMNS = ("case_id", "person_id", "cluster_id")
LOG = "relink.log"

PSEUDONYM = re.compile(r"^[0-9a-f]{32}$")
"""Ids are pseudonyms of this form, or such pseudonyms and codes joined by hyphens."""


@dataclass(frozen=True)
class Relinked:
    """What came of relinking: rows of the table, rows in which a key was found, the columns added."""

    rows: int
    matched: int
    columns: tuple[str, ...]


def relink(file: Path, data_dir: Path, out: Path, contract: Contract, key: ProgrammeKey) -> Relinked:
    """Add the source's own keys to a restricted table.

    An id is a pseudonym or pseudonyms and codes joined by hyphens; every pseudonym in `case_id`, `person_id` and
    `cluster_id` is looked up. Its source value goes to a column `source_KEYSPACE`; in a team's list to the column
    `own_number`, and a workbook keeps its drop-downs and how it prints.

    Parameters
    ----------
    file : Path
        A restricted table: .parquet, .csv or .xlsx.
    data_dir : Path
        A delivery's folder with the source's own keys.
    out : Path
        The table to write (.parquet, .csv or .xlsx), readable by its owner only.
    contract : Contract
    key : ProgrammeKey
        The key under which the pseudonyms were made.

    Returns
    -------
    Relinked

    Raises
    ------
    UsageError
        When the table has no id column, is of another form, or `out` is `file`.
    """
    if out.resolve() == file.resolve():
        raise UsageError("the output would overwrite the table.", where=out.name, todo="Name another --out.")
    write = _writer(out)
    frame = _read(file)
    ids = [name for name in ID_COLUMNS if name in frame.columns]
    if not ids:
        wanted = ", ".join(ID_COLUMNS)
        raise UsageError(
            f"the table has none of the columns {wanted}.", where=file.name, todo="Give a restricted table."
        )
    tokens = [
        [token for name in ids for token in str(row[name]).split("-") if PSEUDONYM.match(token)]
        for row in frame[ids].to_dict("records")
    ]
    found = look_up({token for row in tokens for token in row}, data_dir, contract, key)
    matched = sum(any(token in found for token in row) for row in tokens)
    if OWN_NUMBER in frame.columns:  # a team's list has a column for it
        frame[OWN_NUMBER] = own = [
            "; ".join(dict.fromkeys(found[one][1] for one in row if one in found)) for row in tokens
        ]
        numbers = dict(zip(frame["case_id"], own, strict=True))
        keep = file.suffix.lower() == out.suffix.lower() == ".xlsx"
        write_private(out, lambda path: fill_list(file, path, numbers) if keep else write(frame, path))
        return Relinked(len(frame), matched, (OWN_NUMBER,))
    spaces = sorted({space for space, _ in found.values()})
    for space in spaces:
        frame[f"source_{space}"] = [
            "; ".join(dict.fromkeys(found[token][1] for token in row if token in found and found[token][0] == space))
            or None
            for row in tokens
        ]
    write_private(out, lambda path: write(frame, path))
    return Relinked(len(frame), matched, tuple(f"source_{space}" for space in spaces))


def log_relink(home: Path, *, at: datetime, who: str, purpose: str, file: Path, out: Path, relinked: Relinked) -> None:
    """Append to the home's log who relinked what and why; never a value.

    Parameters
    ----------
    home : Path
    at : datetime
    who, purpose : str
        As the caller gave them.
    file, out : Path
        Only their names are written.
    relinked : Relinked
    """
    entry = {
        "at": at.isoformat(timespec="seconds"),
        "who": who,
        "purpose": purpose,
        "file": file.name,
        "out": out.name,
        "rows": relinked.rows,
        "matched": relinked.matched,
    }
    handle = os.open(home / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "a", encoding="utf-8") as log:
        log.write(json.dumps(entry, ensure_ascii=False) + "\n")


def look_up(wanted: set[str], data_dir: Path, contract: Contract, key: ProgrammeKey) -> dict[str, tuple[str, str]]:
    """Key space and source value of each wanted pseudonym that the delivery has; only key columns are read."""
    found: dict[str, tuple[str, str]] = {}
    delivery = find_files(contract, data_dir, today=datetime.max.date())
    for file in delivery.files:
        columns = [column for column in file.present if column.is_key]
        if not columns:
            continue
        for batch in read_batches(file, columns):
            for column in columns:
                space = column.key_space or column.name
                for value in cast_batch(file.table, column, batch).values.unique().drop_null().to_pylist():
                    pseudonym = key.pseudonym(space, value)
                    if pseudonym in wanted:
                        found[pseudonym] = (space, value)
    return found


def _read(file: Path) -> pd.DataFrame:
    import pandas as pd

    readers: dict[str, Callable[[Path], pd.DataFrame]] = {
        ".parquet": pd.read_parquet,
        ".csv": _read_csv,
        ".xlsx": lambda path: (
            pd.read_excel(path, dtype=str, keep_default_na=False) if (rows := rows_of_list(path)) is None else rows
        ),
    }
    if file.suffix.lower() not in readers:
        raise UsageError("the table is of no known form.", where=file.name, todo=f"Known: {', '.join(readers)}.")
    try:
        return readers[file.suffix.lower()](file)
    except FileNotFoundError as error:
        raise UsageError("the table does not exist.", where=file.name, todo="Check its path.") from error
    except (OSError, ValueError) as error:  # pyarrow's and openpyxl's errors are of these kinds
        raise UsageError("the table cannot be read.", where=file.name, todo="Is it whole?") from error


def _writer(out: Path) -> Callable[[pd.DataFrame, Path], None]:
    writers: dict[str, Callable[[pd.DataFrame, Path], None]] = {
        ".parquet": lambda frame, path: frame.to_parquet(path, index=False),
        ".csv": _write_csv,
        ".xlsx": _write_workbook,
    }
    if out.suffix.lower() not in writers:
        raise UsageError("the output is of no known form.", where=out.name, todo=f"Known: {', '.join(writers)}.")
    return writers[out.suffix.lower()]


def _read_csv(path: Path) -> pd.DataFrame:
    import pandas as pd

    with path.open(encoding="utf-8-sig", errors="replace") as handle:
        head = handle.readline()
    delimiter = ";" if head.count(";") > head.count(",") else ","  # as German lists have it
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, sep=delimiter)
    frame.attrs["delimiter"] = delimiter
    return frame


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    delimiter = frame.attrs.get("delimiter", ",")
    encoding = "utf-8-sig" if OWN_NUMBER in frame.columns else "utf-8"  # a list is opened in Excel
    safe_frame(frame).to_csv(path, index=False, sep=delimiter, encoding=encoding)


def _write_workbook(frame: pd.DataFrame, path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")
    sheet.append([workbook_cell(sheet, str(name), bold=True) for name in frame.columns])
    plain = (str, int, float, bool, date)
    for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False, name=None):
        cells = [value if value is None or isinstance(value, plain) else str(value) for value in row]  # lists of ids
        sheet.append([workbook_cell(sheet, value) for value in cells])
    book.save(path)


def write_private(out: Path, write: Callable[[Path], object]) -> None:
    """Write a file that only its owner may read; a folder that refuses is told."""
    try:
        put_private(out, write)
    except OSError as error:
        raise UsageError(
            f"the output cannot be written ({said_by_system(error)}).", where=out.name, todo="Check its folder."
        ) from error


def put_private(out: Path, write: Callable[[Path], object]) -> None:
    """Write through a draft that nobody else could ever read, then put it in place at once."""
    draft = out.with_name(f".{os.getpid()}.{out.name}")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        write(draft)
        draft.chmod(0o600)
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
