"""One source file as inspection left it, and the batches that reading makes of it.

Belongs here: the plain values that pass between inspection, streaming and casting.
Does not belong here: any reading.
"""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, cast

from data_contracts.contract import Column, Table
from data_contracts.errors import RefusedError

Form = Literal["csv", "parquet", "xlsx"]

_ENDINGS: dict[str, Form] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}


def form_of(name: str) -> Form | None:
    """The form that a file's name promises; None where the name is of none that we read."""
    lowered = name.lower().removesuffix(".gz")
    form = next((form for ending, form in _ENDINGS.items() if lowered.endswith(ending)), None)
    return None if form != "csv" and name.lower().endswith(".gz") else form


@dataclass
class SourceFile:
    """One file of a delivery.

    Attributes
    ----------
    table : Table
        The contract's table that it belongs to.
    path : Path
        Where it is; messages name only `name`.
    sha256 : str
        Hash of its bytes as delivered.
    form : {"csv", "parquet", "xlsx"}
    header : list of str
        The header's names in the file's order; an unnamed column is empty.
    header_lines : int
        Physical lines up to and with the header (a quoted header may span several).
    sheet : str or None
        The sheet read.
    """

    table: Table
    path: Path
    form: Form
    sha256: str = ""
    header: list[str] = field(default_factory=list)
    header_lines: int = 1
    sheet: str | None = None

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.name

    @property
    def is_gzip(self) -> bool:
        """Whether its name says that it is compressed."""
        return self.name.lower().endswith(".gz")

    def position(self, column: Column) -> int | None:
        """Where a column stands in the file; None where it is absent."""
        return self.header.index(column.header) if column.header in self.header else None

    @property
    def present(self) -> list[Column]:
        """The stored columns that the file has."""
        return [column for column in self.table.stored if column.header in self.header]

    @property
    def ignored_columns(self) -> list[str]:
        """Named columns of the file that are not in the contract; they are never read."""
        declared = {column.header for column in self.table.columns}
        return [name for name in self.header if name and name not in declared]

    def open_bytes(self) -> IO[bytes]:
        """The file's bytes, decompressed."""
        if self.is_gzip:
            return cast("IO[bytes]", gzip.open(self.path, "rb"))
        return self.path.open("rb")

    def open_text(self) -> io.TextIOWrapper:
        """The file's text in its declared encoding, line ends untouched."""
        encoding = self.table.dialect.encoding
        return io.TextIOWrapper(
            self.open_bytes(), encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline=""
        )

    def refusal(self, what: str, todo: str) -> str:
        """One sentence about this file for the reasons of a refusal."""
        return str(RefusedError(what, where=self.name, todo=todo))


@dataclass
class Batch:
    """Some rows of a file as text.

    Attributes
    ----------
    rows : pyarrow.Array
        Each row's number as a spreadsheet shows it (title and header rows counted; a Parquet file starts at 1).
    text : dict of str to pyarrow.Array
        Column name to text in the file's dialect.
    native : dict of str to pyarrow.Array
        Column name to canonical text (ISO dates, decimal point) of cells that the file itself types; where a cell is
        typed its `text` is null.
    wrong_fields : list of int
        Numbers of rows left out because they have more or fewer fields than the header.
    """

    rows: Any
    text: dict[str, Any]
    native: dict[str, Any] = field(default_factory=dict)
    wrong_fields: list[int] = field(default_factory=list)
