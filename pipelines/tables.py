"""Frames that one step leaves in the warehouse for the next.

Belongs here: writing and reading a frame under a programme's name.
Does not belong here: tables whose columns a room defines (core, cohort, outcomes, features).
"""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from data_contracts.warehouse import quoted
from pipelines.resources import Run


def _name(run: Run, table: str) -> str:
    schema, name = table.split(".")
    return f"{quoted(schema)}.{quoted(f'{run.programme}__{name}')}"


def put(run: Run, table: str, frame: pd.DataFrame) -> int:
    """Replace a programme's table, for example ``models.backtest``, by a frame and return its rows."""
    run.con.register("_frame", frame)
    try:
        run.con.execute(f"CREATE OR REPLACE TABLE {_name(run, table)} AS SELECT * FROM _frame")
    finally:
        run.con.unregister("_frame")
    return len(frame)


def get(run: Run, table: str) -> pd.DataFrame:
    """The frame that an earlier step put there."""
    return run.con.execute(f"SELECT * FROM {_name(run, table)}").df()


def note(run: Run, name: str, facts: dict[str, Any]) -> None:
    """Keep facts about a step: counts, names, hashes; never a row."""
    put(run, f"ops.{name}", pd.DataFrame({"facts": [json.dumps(facts, default=str, sort_keys=True)]}))


def noted(run: Run, name: str) -> dict[str, Any]:
    """The facts that an earlier step kept."""
    facts: dict[str, Any] = json.loads(str(get(run, f"ops.{name}")["facts"].iloc[0]))
    return facts
