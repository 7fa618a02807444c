"""A delivery at the entrance: looked at, landed, judged by its contract, accepted or refused.

Belongs here: the order of these steps, and what a refusal leaves behind.
Does not belong here: what is looked for (data_contracts.privacy, data_contracts.rules), pages (fairness_reports).
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from data_contracts.delivery import find_files
from data_contracts.errors import RefusedError, UsageError
from data_contracts.ingest import Landing, accept_delivery, discard_pending, land, refuse_delivery
from data_contracts.privacy import privacy_gate
from data_contracts.quality import QualityReport, blocking, build_quality, latest_quality, much_gone
from data_contracts.warehouse import open_warehouse
from data_contracts.worklist import write_worklist
from fairness_reports.release import mark_stale, write_quality
from fairness_reports.reports.home import write_home_index
from pipelines.report_context import pack_context
from pipelines.resources import Run
from pipelines.settings import memory_limit
from pipelines.tables import note, noted


@dataclass
class Found:
    """What came of a delivery.

    Attributes
    ----------
    at_the_door : list of str
        Why files or columns were not let in at all.
    by_table : dict of str to list of str
        Why a table's rows were refused.
    rows : dict of str to int
        Accepted rows per table.
    quality : QualityReport or None
        What the rules counted; None when nothing was let in.
    gone : list of str
        Tables that have lost much of what was delivered last; no reason to refuse.
    faults : int
        How many faults the worklist names.
    folder : Path or None
        Where quality page and worklist are.
    pending : str or None
        The delivery that has landed and may be accepted; None when it was refused or known before.
    """

    at_the_door: list[str] = field(default_factory=list)
    by_table: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    rows: dict[str, int] = field(default_factory=dict)
    quality: QualityReport | None = None
    gone: list[str] = field(default_factory=list)
    faults: int = 0
    folder: Path | None = None
    pending: str | None = None

    @property
    def reasons(self) -> list[str]:
        """All reasons of a refusal; empty when the delivery was accepted."""
        return [*self.at_the_door, *(reason for reasons in self.by_table.values() for reason in reasons)]


def receive(run: Run) -> Found:
    """Land a delivery, to be accepted once it makes core tables, or refuse it; nothing of a refused one stays.

    Without a delivery (`run.data` is None) the warehouse's own rows go on.

    Raises
    ------
    UsageError
        When the contract has changed and no delivery is there to be read under it.
    """
    changed = _contract_changed(run)
    if run.data is None:
        if changed:
            raise UsageError(
                "the contract has changed since the last delivery was read.",
                where=run.programme,
                todo="Name that delivery again with --data DIR.",
            )
        discard_pending(run.con, run.programme)  # of a run that was killed
        note(run, "entrance", {"reasons": [], "pending": None})
        return Found(quality=latest_quality(run.con, run.programme))
    found = Found()
    if changed:
        # landing fits the warehouse to the contract, which may cost columns: try it on a copy first
        with rehearsal(run) as copy:
            found = examine(copy, run.data)
    if not found.reasons:
        found = examine(run, run.data)
    note(run, "entrance", {"reasons": found.reasons, "pending": found.pending})
    if found.reasons:
        _mark(run, found.reasons)
    return found


def settle(run: Run, refused: RefusedError | None) -> None:
    """Accept the delivery of this run now that it makes core tables, or refuse it after all."""
    pending = noted(run, "entrance").get("pending")
    if refused is None:
        if pending is not None:
            accept_delivery(run.con, run.programme, pending)
        return
    if pending is not None:
        refuse_delivery(run.con, run.programme, pending)
    note(run, "entrance", {"reasons": refused.reasons, "pending": None})
    _mark(run, refused.reasons)


def pending_delivery(run: Run) -> str | None:
    """The delivery that has landed in this run and waits to be accepted."""
    pending: str | None = noted(run, "entrance").get("pending")
    return pending


@contextmanager
def rehearsal(run: Run) -> Iterator[Run]:
    """The same run on a copy of the warehouse that is thrown away: nothing done there touches the real one."""
    copy = run.home.rehearsal
    run.home.discard_rehearsal()
    run.con.execute("CHECKPOINT")
    shutil.copyfile(run.home.warehouse, copy)
    con = open_warehouse(copy, memory_limit=memory_limit())
    try:
        yield replace(run, con=con)
    finally:
        con.close()
        run.home.discard_rehearsal()


def _contract_changed(run: Run) -> bool:
    row = run.con.execute(
        "SELECT contract_hash FROM ops.delivery WHERE programme = ? AND status = 'accepted' ORDER BY seq DESC LIMIT 1",
        [run.programme],
    ).fetchone()
    return row is not None and row[0] != run.pack.contract.sha256


def _mark(run: Run, reasons: list[str]) -> None:
    mark_stale(run.home.releases, run.programme, " ".join(reasons), run.today)
    write_home_index(run.home.root)


def examine(run: Run, data: Path) -> Found:
    """Look at a delivery and leave a quality page and a worklist of its faults.

    A sound one stays pending; of a refused one nothing stays.

    Parameters
    ----------
    run : Run
        The run.
    data : Path
        The delivery's folder.
    """
    contract, programme = run.pack.contract, run.programme
    found = Found()
    try:
        delivery = find_files(contract, data, today=run.today)
        report = privacy_gate(contract, delivery)
        landing = land(run.con, programme, contract, delivery, run.key)
    except RefusedError as refused:
        found.at_the_door = refused.reasons
        return found
    found.by_table.update(blocking(contract, landing))
    found.quality = build_quality(run.con, programme, contract, landing, ignored_columns=report.ignored_columns)
    found.gone = much_gone(found.quality)
    found.rows = {name: table.accepted for name, table in landing.tables.items()}
    _leave(run, landing, found)
    if not landing.already_accepted:
        if found.reasons:
            refuse_delivery(run.con, programme, landing.delivery_id)
        else:
            found.pending = landing.delivery_id
    return found


def _leave(run: Run, landing: Landing, found: Found) -> None:
    """The quality page, and the worklist beside it."""
    folder = checks_folder(run, landing.delivery_id)
    (folder / "restricted").mkdir(parents=True, exist_ok=True, mode=0o700)
    assert found.quality is not None, "a landed delivery has been measured"  # noqa: S101
    found.faults = write_worklist(
        folder / "restricted" / "worklist.xlsx", run.con, run.programme, run.pack.contract, landing, found.quality
    )
    manifest = {"programme": run.programme, "release_id": landing.delivery_id, "as_of": landing.delivered_on}
    write_quality(
        folder,
        pack_context(run.pack, manifest, quality=found.quality.as_frame()),
    )
    found.folder = folder


def checks_folder(run: Run, delivery_id: str) -> Path:
    """Where the findings on one delivery lie."""
    return run.home.checks / run.programme / delivery_id


def refusal_of(run: Run) -> list[str]:
    """Why the last delivery was refused; empty when it was accepted."""
    reasons: list[str] = noted(run, "entrance")["reasons"]
    return reasons
