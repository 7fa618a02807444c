"""The log of openings: whenever a command shows or copies rows of persons, one line is kept.

Belongs here: writing that line. Does not belong here: what is shown (the commands), relinking's own log
(data_contracts.relink).
"""

from __future__ import annotations

import datetime as dt
import getpass
import json
import os

from pipelines.settings import Home

LOG = "openings.log"


def log_opening(home: Home, command: str, programme: str, release_id: str, rows: int, who: str | None = None) -> None:
    """Append to the home's log that restricted rows were opened; never a value of a row, a case's id included.

    Parameters
    ----------
    home : Home
        Where the log lies (openings.log, mode 0600, one JSON object per line).
    command : str
        What opened them, such as `explain`.
    programme, release_id : str
        Of which release.
    rows : int
        How many cases were shown.
    who : str, optional
        By default the account that runs the command.
    """
    line = {
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "who": who or _account(),
        "command": command,
        "programme": programme,
        "release_id": release_id,
        "rows": rows,
    }
    handle = os.open(home.root / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "a", encoding="utf-8") as log:
        log.write(json.dumps(line, ensure_ascii=False) + "\n")


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        return f"uid {os.getuid()}"
