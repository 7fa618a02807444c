"""The command `check`: whether a delivery would be let in.

Belongs here: running the entrance without keeping anything, and telling what was found.
Does not belong here: the entrance itself (pipelines.entrance).
"""

from __future__ import annotations

from pathlib import Path

from data_contracts.errors import RefusedError, UsageError
from fairness_reports.expiry import expire
from pipelines.deliveries import find_data
from pipelines.entrance import examine, rehearsal
from pipelines.packs import load_pack
from pipelines.resources import open_run
from pipelines.run import Ending
from pipelines.settings import Home


def check_delivery(home: Home, programme: str, data: Path | None) -> Ending:
    """Check a delivery and leave a quality page and a worklist; rows of old releases go when their time is over.

    Returns
    -------
    Ending
        Exit code 0 when the delivery would be used, 3 when it would be refused.

    Raises
    ------
    RefusedError
        When nothing of it can be let in: an unreadable file, a column that must not enter.
    """
    pack = load_pack(programme)
    with open_run(home, pack) as run:
        folder = find_data(run, data)
        if folder is None:
            raise UsageError("no delivery was named.", todo="Name its folder with --data DIR.")
        with rehearsal(run) as copy:
            found = examine(copy, folder)
        if pack.charter.is_signed_off:  # where runs are rare, their end alone would come late
            expire(home.releases, pack.name, pack.charter.kept_days)
    if found.at_the_door or found.quality is None:
        raise RefusedError("the delivery would be refused.", reasons=found.at_the_door)
    lines = ["Would be refused:" if found.reasons else "Would be used."]
    lines += [f"  - {reason}" for reason in found.reasons]
    failed = [m for m in found.quality.measures if not m.passed]
    lines += [f"  {m.table}: {m.rule}: {m.failed:,} of {m.checked:,} rows ({m.severity})" for m in failed]
    lines += [f"  {each}" for each in found.gone]
    ignored = found.quality.of("ignored_column: ")
    for file in dict.fromkeys(m.table for m in ignored):
        names = [m.rule.removeprefix("ignored_column: ") for m in ignored if m.table == file]
        lines.append(f"  {file}: not in the contract, so not read ({len(names)}): {', '.join(names)}")
    lines.append(f"Rows: {', '.join(f'{table} {rows:,}' for table, rows in found.rows.items())} accepted.")
    if found.folder is not None:
        told = "1 fault" if found.faults == 1 else f"{found.faults:,} faults"
        lines.append(f"Worklist ({told}): {found.folder / 'restricted' / 'worklist.xlsx'}")
        lines.append(f"Quality report: {found.folder / 'open' / 'reports' / 'en' / 'quality.html'}")
    return Ending(3 if found.reasons else 0, "\n".join(lines))
