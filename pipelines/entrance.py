"""A delivery at the entrance: looked at, landed, judged by its contract, accepted or refused.

Belongs here: the order of these steps, and what a refusal leaves behind.
Does not belong here: what is looked for (data_contracts.privacy, data_contracts.rules), pages (fairness_reports).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from data_contracts.delivery import find_files
from data_contracts.errors import RefusedError
from data_contracts.ingest import Landing, accept_delivery, discard_pending, land, refuse_delivery
from data_contracts.privacy import privacy_gate
from data_contracts.quality import QualityReport, blocking, build_quality, latest_quality
from data_contracts.worklist import write_worklist
from fairness_reports.release import mark_stale, write_quality
from pipelines.report_context import pack_context
from pipelines.resources import Run
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
    faults : int
        How many faults the worklist names.
    folder : Path or None
        Where quality page and worklist are.
    accepted : str or None
        The delivery that was let in just now; None when it was known before.
    """

    at_the_door: list[str] = field(default_factory=list)
    by_table: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    rows: dict[str, int] = field(default_factory=dict)
    quality: QualityReport | None = None
    faults: int = 0
    folder: Path | None = None
    accepted: str | None = None

    @property
    def reasons(self) -> list[str]:
        """All reasons of a refusal; empty when the delivery was accepted."""
        return [*self.at_the_door, *(reason for reasons in self.by_table.values() for reason in reasons)]


def receive(run: Run) -> Found:
    """Let a delivery in, or refuse it; nothing of a refused one stays.

    Without a delivery (`run.data` is None) the warehouse's own rows go on.

    Returns
    -------
    Found
    """
    if run.data is None:
        discard_pending(run.con, run.programme)  # of a run that was killed
        note(run, "refusal", {"reasons": []})
        return Found(quality=latest_quality(run.con, run.programme))
    found = examine(run, run.data, keep=True)
    note(run, "refusal", {"reasons": found.reasons, "accepted": found.accepted})
    if found.reasons:
        mark_stale(run.home.releases, run.programme, " ".join(found.reasons), run.today)
    return found


def take_back(run: Run, reasons: list[str]) -> None:
    """Refuse a delivery after all that this run let in: its rows go, and the current release is marked stale."""
    accepted = noted(run, "refusal").get("accepted")
    if accepted is not None:
        refuse_delivery(run.con, run.programme, accepted)
    note(run, "refusal", {"reasons": reasons})
    mark_stale(run.home.releases, run.programme, " ".join(reasons), run.today)


def examine(run: Run, data: Path, *, keep: bool) -> Found:
    """Look at a delivery and leave a quality page and a worklist of its faults.

    Parameters
    ----------
    run : Run
        The run.
    data : Path
        The delivery's folder.
    keep : bool
        Whether an impeccable delivery is accepted; a check never keeps anything.
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
    found.rows = {name: table.accepted for name, table in landing.tables.items()}
    if not landing.already_accepted:
        _leave(run, landing, found)
        if keep and not found.reasons:
            accept_delivery(run.con, programme, landing.delivery_id)
            found.accepted = landing.delivery_id
        else:
            refuse_delivery(run.con, programme, landing.delivery_id)
    elif not keep:
        _leave(run, landing, found)
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
    reasons: list[str] = noted(run, "refusal")["reasons"]
    return reasons
