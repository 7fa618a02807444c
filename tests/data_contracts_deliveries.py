"""Small contracts and deliveries that the tests of data_contracts write: no test, only what they share."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import yaml

from data_contracts.contract import Contract, read_contract
from data_contracts.delivery import Delivery, find_files
from data_contracts.ingest import Landing, accept_delivery, land
from data_contracts.keys import MasterKey, ProgrammeKey
from data_contracts.privacy import privacy_gate

TODAY = date(2026, 1, 31)
PROGRAMME = "test"
KEY: ProgrammeKey = MasterKey(bytes(range(32))).for_programme(PROGRAMME)


def column(name: str, kind: str = "string", *tags: str, **more: Any) -> dict[str, Any]:
    """A column as a contract's YAML has it; custom properties by keyword `custom`."""
    custom = more.pop("custom", {})
    made: dict[str, Any] = {"name": name, "logicalType": kind, **more}
    if tags:
        made["tags"] = list(tags)
    if custom:
        made["customProperties"] = [{"property": key, "value": value} for key, value in custom.items()]
    return made


def table(name: str, *columns: dict[str, Any], pattern: str | None = None, **custom: Any) -> dict[str, Any]:
    """A table as a contract's YAML has it; keywords become custom properties."""
    given = {
        "knowledgeDay": {"firstDelivery": True},
        "purpose": "to test",
        "retention": "one minute",
        **custom,
    }
    return {
        "name": name,
        "physicalName": pattern or f"{name}.csv*",
        "properties": list(columns),
        "customProperties": [{"property": key, "value": value} for key, value in given.items()],
    }


def write_contract(path: Path, *tables: dict[str, Any], **custom: Any) -> Path:
    """A contract file."""
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "test",
        "version": "1.0.0",
        "status": "active",
        "customProperties": [{"property": key, "value": value} for key, value in custom.items()],
        "schema": list(tables),
    }
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def contract(folder: Path, *tables: dict[str, Any], **custom: Any) -> Contract:
    """A contract without mistakes."""
    made, mistakes = read_contract(write_contract(folder / "contract.odcs.yaml", *tables, **custom))
    assert not mistakes, mistakes
    assert made is not None
    return made


def data(folder: Path, **files: str | bytes) -> Path:
    """A folder `data` with these files; `clients__csv` is clients.csv."""
    made = folder / "data"
    made.mkdir(exist_ok=True)
    for name, content in files.items():
        path = made / name.replace("__", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return made


def found(agreed: Contract, folder: Path, today: date = TODAY) -> Delivery:
    """The delivery of a folder, past the privacy gate."""
    delivery = find_files(agreed, folder, today=today)
    privacy_gate(agreed, delivery)
    return delivery


def landed(
    con: duckdb.DuckDBPyConnection, agreed: Contract, folder: Path, today: date = TODAY, key: ProgrammeKey = KEY
) -> Landing:
    """A delivery that was landed and accepted."""
    landing = land(con, PROGRAMME, agreed, found(agreed, folder, today), key)
    accept_delivery(con, PROGRAMME, landing.delivery_id)
    return landing


def rows(con: duckdb.DuckDBPyConnection, name: str, *columns: str) -> list[tuple[Any, ...]]:
    """Rows of a raw or quarantine table in the order of the file."""
    schema, _, own = name.partition(".")
    listed = ", ".join(f'"{each}"' for each in columns)
    return con.execute(
        f'SELECT {listed} FROM {schema}."{PROGRAMME}__{own}" ORDER BY source_file, source_row'
    ).fetchall()
