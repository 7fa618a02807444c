"""Where a run's data come from.

Belongs here: the order in which a delivery is looked for, and the simulator as the embedded default.
Does not belong here: reading or checking it (data_contracts).
"""

from __future__ import annotations

import shutil
from pathlib import Path

from data_contracts.errors import UsageError
from pipelines.resources import Run

DEMO_PEOPLE = 20_000


def find_data(run: Run, named: Path | None) -> Path | None:
    """The folder of the delivery.

    The one that the command names; else `HOME/inbox/PROGRAMME`; else, for a simulated programme, dummy data made on
    first use; else nothing, when the warehouse holds an accepted delivery already.

    Parameters
    ----------
    run : Run
        The run.
    named : Path or None
        The command's `--data`.

    Returns
    -------
    Path or None
        None: work with what the warehouse holds.

    Raises
    ------
    UsageError
        When there is nothing to work with.
    """
    if named is not None:
        if not named.is_dir():
            raise UsageError("there is no such folder.", where=str(named), todo="Check --data.")
        return named
    inbox = run.home.root / "inbox" / run.programme
    if inbox.is_dir() and any(inbox.iterdir()):
        return inbox
    if run.pack.programme.simulated:
        return _simulated(run)
    known = run.con.execute(
        "SELECT count(*) FROM ops.delivery WHERE programme = ? AND status = 'accepted'", [run.programme]
    ).fetchone()
    if known and known[0]:
        return None
    raise UsageError(
        "there are no data for this programme yet.",
        where=run.programme,
        todo=f"Name the folder with --data DIR, or put the files into {inbox}.",
    )


def _simulated(run: Run) -> Path:
    folder = run.home.root / "dummy" / run.programme
    done = folder / ".complete"
    if not done.exists():
        # a run killed while writing leaves half a delivery behind: start again
        shutil.rmtree(folder, ignore_errors=True)
        from data_contracts.dummy import dummy

        dummy(run.programme, run.pack.contract, DEMO_PEOPLE, folder, seed=run.pack.programme.seed)
        done.touch()
    return folder
