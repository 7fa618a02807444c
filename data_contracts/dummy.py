"""Dummy data: files that keep a programme's contract, made from nothing real.

Belongs here: `dummy`, which chooses between the simulator of family_support and the generator that knows only a
contract. Does not belong here: what the simulated service is like (simulator), how rows (dummy_rows), values
(dummy_values) or files (dummy_files) are made.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data_contracts.dummy_files import write_table
from data_contracts.dummy_rows import generate
from data_contracts.errors import UsageError
from data_contracts.simulator import Parameters, for_scenario, simulate, write

if TYPE_CHECKING:
    from data_contracts.contract import Contract

SIMULATED = "family_support"


def dummy(
    programme_name: str,
    contract: Contract,
    people: int,
    out: Path,
    scenario: str | None = None,
    seed: int | None = None,
) -> list[Path]:
    """Write dummy data for a programme.

    For `family_support` they come from the simulator and have a story that a model can learn; the true need behind them
    goes to the folder `truth` beside the files. For every other programme they come from the contract alone: every row
    keeps its rules, and no figure means anything.

    Parameters
    ----------
    programme_name : str
        Name of the programme.
    contract : Contract
        Its contract.
    people : int
        Persons in the simulated export; for other programmes, the rows of a table that refers to no other.
    out : Path
        A folder that does not exist yet or is empty.
    scenario : str, optional
        `even` or `biased`, for family_support only.
    seed : int, optional
        Same seed, same bytes.

    Returns
    -------
    list of Path
        The files written, sorted; without the truth.

    Raises
    ------
    UsageError
        The folder is not empty, the scenario does not exist, or fewer people were asked for than is possible.
    """
    if people < 1:
        raise UsageError("Dummy data need at least one person.", todo="Ask for more with --people.")
    simulated = programme_name == SIMULATED
    if simulated:
        parameters = for_scenario(scenario, people=people, seed=seed)
    elif scenario is not None:
        raise UsageError(
            f"“{programme_name}” has no scenario “{scenario}”.",
            todo=f"Leave --scenario out: only {SIMULATED} has scenarios.",
        )
    _refuse_used(out)
    if simulated:
        return sorted(write(simulate(parameters), out))
    rng = np.random.default_rng(Parameters.seed if seed is None else seed)
    tables = generate(contract, people, rng)
    out.mkdir(parents=True, exist_ok=True)
    return sorted(write_table(contract.table(name), rows, out) for name, rows in tables.items())


def _refuse_used(out: Path) -> None:
    try:
        used = out.exists() and (not out.is_dir() or any(out.iterdir()))
    except OSError as error:
        raise UsageError(
            f"the folder cannot be read ({type(error).__name__}).", where=str(out), todo="Name another with --out."
        ) from error
    if used:
        raise UsageError(
            "the folder is not empty, and dummy data never overwrite anything.",
            where=str(out),
            todo="Name a new folder with --out.",
        )
