"""A delivery: the files of one folder, matched to the contract's tables, hashed and looked at.

Belongs here: finding files, the optional delivery.yaml, the delivery's identity.
Does not belong here: reading rows (reading), keeping them (ingest).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from data_contracts.contract import Contract, Table
from data_contracts.errors import RefusedError
from data_contracts.keys import ProgrammeKey
from data_contracts.reading import SourceFile, inspect
from data_contracts.reading.source import form_of
from data_contracts.yamldoc import nearest, read_document, validate

NOTE = "delivery.yaml"
Kind = Literal["snapshot", "increment"]


class _Note(BaseModel):
    """What the folder says about itself."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind = "snapshot"
    delivered_on: date | None = None


@dataclass
class Delivery:
    """The files handed over at one time.

    Attributes
    ----------
    kind : {"snapshot", "increment"}
        In a snapshot a row that is not there any more has ended; in an increment it means nothing.
    delivered_on : date
    files : list of SourceFile
        In the contract's order of tables, then by name.
    ignored_files : list of str
        Names of files in the folder that belong to no table.
    absent_tables : list of str
        Optional tables without a file.
    """

    kind: Kind
    delivered_on: date
    files: list[SourceFile]
    ignored_files: list[str] = field(default_factory=list)
    absent_tables: list[str] = field(default_factory=list)

    @property
    def files_hash(self) -> str:
        """Hash over what was handed over, whatever the contract."""
        parts = sorted(f"{file.table.name}\0{file.sha256}" for file in self.files)
        return hashlib.sha256("\n".join([self.kind, *parts]).encode()).hexdigest()[:32]

    def delivery_id(self, contract: Contract, key: ProgrammeKey) -> str:
        """Identity of this delivery as read by a contract under a key: names and days do not count.

        Parameters
        ----------
        contract : Contract
        key : ProgrammeKey

        Returns
        -------
        str
            16 hexadecimal digits.
        """
        parts = f"{self.files_hash}\n{contract.sha256}\n{key.programme}\n{key.key_id}"
        return hashlib.sha256(parts.encode()).hexdigest()[:16]

    def of(self, table: str) -> list[SourceFile]:
        """The files of one table."""
        return [file for file in self.files if file.table.name == table]


def find_files(contract: Contract, data_dir: Path, *, today: date) -> Delivery:
    """Match a folder's files to the contract's tables and look at each.

    Of a table's patterns the first that finds files counts; all files that it finds are parts of the table.

    Parameters
    ----------
    contract : Contract
        The programme's contract.
    data_dir : Path
        The folder.
    today : date
        Day of delivery where delivery.yaml names none.

    Returns
    -------
    Delivery

    Raises
    ------
    RefusedError
        With every problem of every file in `reasons`.
    """
    if not data_dir.is_dir():
        raise RefusedError("the folder with the data does not exist.", where=str(data_dir), todo="Check --data.")
    try:
        names = sorted(path.name for path in data_dir.iterdir() if not path.name.startswith((".", "~$")))
    except OSError as error:
        raise RefusedError(
            "the folder with the data cannot be read.", where=str(data_dir), todo="Check its permissions."
        ) from error
    problems: list[str] = []
    note, said = _read_note(data_dir, today)
    problems += said
    files: list[SourceFile] = []
    absent: list[str] = []
    owner: dict[str, Table] = {}
    for table in contract.tables:
        found = _matching(table, names)
        problems += _clashes(table, found, owner)
        if not found:
            if table.optional:
                absent.append(table.name)
            else:
                others = {name for other in contract.tables for name in _matching(other, names)}
                problems.append(_missing(table, [name for name in names if name not in others]))
        for name in found:
            form = form_of(name)
            if form is not None:
                source, said = inspect(table, data_dir / name, form)
                files.append(source)
                problems += said
    if problems:
        raise refusal(problems)
    ignored = [name for name in names if name not in owner and name != NOTE]
    return Delivery(note.kind, note.delivered_on or today, files, ignored, absent)


def refusal(problems: list[str]) -> RefusedError:
    """One error for all problems of a delivery; its sentence names the first."""
    count = len(problems)
    what = problems[0] if count == 1 else f"{problems[0]} ({count - 1} more)"
    return RefusedError(what, reasons=problems)


def _read_note(data_dir: Path, today: date) -> tuple[_Note, list[str]]:
    path = data_dir / NOTE
    if not path.exists():
        return _Note(), []
    document, mistakes = read_document(path)
    note = None
    if document is not None:
        note, more = validate(_Note, document)
        mistakes = mistakes + more
    if document is not None and note is not None and note.delivered_on and note.delivered_on > today:
        mistakes = [*mistakes, document.mistake(("delivered_on",), "delivered_on lies in the future.", "Correct it.")]
    return note or _Note(), [str(mistake) for mistake in mistakes]


def _matching(table: Table, names: list[str]) -> list[str]:
    for pattern in table.patterns:
        lowered = pattern.lower()
        found = [name for name in names if fnmatchcase(name.lower(), lowered) and form_of(name) and name != NOTE]
        if found:
            return found
    return []


def _clashes(table: Table, found: list[str], owner: dict[str, Table]) -> list[str]:
    problems = []
    stems: dict[str, str] = {}
    for name in found:
        stem = name.lower().removesuffix(".gz").rsplit(".", 1)[0]
        if stem in stems:
            problems.append(
                str(
                    RefusedError(
                        f"the table “{table.name}” is there twice, also as {stems[stem]}.",
                        where=name,
                        todo="Leave one of the two in the folder.",
                    )
                )
            )
        stems[stem] = name
        other = owner.get(name)
        # one workbook may hold several tables, each on a sheet of its own
        if other is not None and (form_of(name) != "xlsx" or other.dialect.sheet == table.dialect.sheet):
            problems.append(
                str(
                    RefusedError(
                        f"the file fits both “{other.name}” and “{table.name}”.",
                        where=name,
                        todo="Make the contract's file patterns differ.",
                    )
                )
            )
        owner[name] = table
    return problems


def _missing(table: Table, names: list[str]) -> str:
    """The problem; `names` are the files that belong to no other table: one of them may be misspelt."""
    wanted = " or ".join(table.patterns)
    stems = [pattern.replace("*", "") for pattern in table.patterns]
    near = next((advice for stem in stems if (advice := nearest(stem, names))), "")
    todo = f"{near} Put it into the folder with the data, or check the file pattern.".strip()
    return str(RefusedError(f"no file for the table “{table.name}”.", where=wanted, todo=todo))
