"""The whole job in one process, through Dagster, with progress on the terminal.

Belongs here: running a programme's job for a day and saying how it ended.
Does not belong here: the steps (pipelines.steps) or the schedule (pipelines.definitions).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster import DagsterInstance

from data_contracts.errors import PlumblineError, RefusedError, UsageError
from fairness_reports.release import Release, current_release
from pipelines.definitions import build_defs, job_name
from pipelines.entrance import refusal_of
from pipelines.packs import Pack, load_pack
from pipelines.resources import RunResource, hold, open_run
from pipelines.settings import Home

if TYPE_CHECKING:
    from models.spec import CohortSpec


@dataclass(frozen=True)
class Ending:
    """How a command ended: the exit code and what to print."""

    exit_code: int
    text: str


def run_programme(
    home: Home, name_or_path: str, data: Path | None, as_of: dt.date | None, *, retrain: bool = False
) -> Ending:
    """Run a programme's job.

    Parameters
    ----------
    home : Home
        Where it writes.
    name_or_path : str
        The programme, built in or a pack's folder.
    data : Path or None
        The delivery's folder.
    as_of : date or None
        The day of the prediction; by default the newest of the programme's schedule.
    retrain : bool
        Fit even what was fitted before on the same rows by the same code.

    Returns
    -------
    Ending
        Exit code 0 with scores; 3 when the verdict withholds them.

    Raises
    ------
    RefusedError
        When contract or privacy gate refuse the delivery.
    """
    pack = load_pack(name_or_path)
    pack.require_sign_off()
    home.prepare()
    with hold(home):
        pass  # say at once that another run is going on, before anything is loaded
    day = as_of or default_day(pack, dt.date.today())
    if day < pack.programme.first_as_of or day > dt.date.today():
        raise UsageError(
            "the as-of date is out of range.",
            where=f"--as-of {day}",
            todo=f"Name a day from {pack.programme.first_as_of} (first_as_of in programme.yaml) to today.",
        )
    before = current_release(home.releases, pack.name)
    settings = {"home": str(home.root), "pack": str(pack.path.absolute()), "retrain": retrain}
    resource = RunResource(**settings, data=str(data.absolute()) if data else "")  # type: ignore[arg-type]  # dagster widens field types
    defs = build_defs([pack], {f"run_{pack.name}": resource})
    with DagsterInstance.from_config(str(home.dagster)) as instance:
        try:
            result = defs.resolve_job_def(job_name(pack)).execute_in_process(
                instance=instance,
                partition_key=day.isoformat(),
                run_config={"loggers": {"progress": {"config": {}}}},
                raise_on_error=True,
            )
        except dg.DagsterExecutionInterruptedError:
            raise KeyboardInterrupt from None
        except dg.DagsterError as error:
            if type(error).__name__ != "DagsterAssetCheckFailedError":
                raise
            # read again from the warehouse: the run that knew has let go of it
            with open_run(home, pack) as after:
                raise RefusedError("the delivery was refused.", reasons=refusal_of(after)) from None
    release = current_release(home.releases, pack.name)
    trained = any(_said(result, "trained"))
    return ending(
        release, pack, before, trained=trained, gone=[each for told in _said(result, "gone") for each in told]
    )


def _said(result: dg.ExecuteInProcessResult, name: str) -> list[Any]:
    """What this run's assets say under a name."""
    made = [event.step_materialization_data.materialization for event in result.get_asset_materialization_events()]
    return [each.metadata[name].value for each in made if name in each.metadata]


def default_day(pack: Pack, today: dt.date) -> dt.date:
    """The as-of date when the command names none: the pack's own, else the newest of its schedule."""
    from models.cohorts import as_of_dates
    from models.spec import Cadence

    if pack.programme.default_as_of is not None:
        return pack.programme.default_as_of
    spec: CohortSpec = pack.programme.cohort
    if isinstance(spec.as_of, Cadence):
        days = as_of_dates(spec.as_of.first, spec.as_of.every_months, today)
        if days:
            return days[-1]
    return today


def ending(
    release: Release | None,
    pack: Pack,
    before: Release | None = None,
    *,
    trained: bool | None = None,
    gone: Sequence[str] = (),
) -> Ending:
    """What is said of a release at the end of a run.

    Parameters
    ----------
    release : Release or None
        What the run left.
    pack : Pack
        The programme.
    before : Release, optional
        The one that was current.
    trained : bool, optional
        Whether this run trained; None where that is not known.
    gone : sequence of str
        Tables of the delivery that have lost much of what was delivered last.
    """
    if release is None:
        raise PlumblineError("the run left no release.", where=pack.name, todo="Run again.")
    fit = release.manifest["verdict"] == "fit"
    lines = [release.manifest["headline"]["en"]]
    lines += [f"  - {reason['text']['en']}" for reason in release.manifest["reasons"]]
    lines.append(f"Release: {release.path}")
    lines.append(f"Reports: {release.report('en')}  ·  {release.report('de')}")
    if not fit:
        lines.append("No scores are published.")
    if release.manifest.get("training"):
        lines += _about_training(release.manifest["training"], trained)
    lines += [f"Note: {each}" for each in gone]
    lines += _about_told_again(len(release.manifest.get("told_again", [])))
    if before is not None and before.manifest["as_of"] > release.manifest["as_of"]:
        later = before.manifest["as_of"]
        lines.append(f"Note: this release is now the current one; the one before was of a later day ({later}).")
    return Ending(0 if fit else 3, "\n".join(lines))


WHY = {
    "first_training": "there was no training before",
    "charter_changed": "the charter has changed: openings of the sealed test are counted anew",
    "recipe_changed": "what decides rows, candidates or the audit has changed in the pack",
    "earlier_day": "what was trained before was for later days",
    "cadence": "the charter's time for it had come",
    "asked": "with --retrain",
}
"""Why a run trained, by the reasons of models.champion."""


def _about_training(training: Mapping[str, Any], trained: bool | None) -> list[str]:
    kept = "Not trained now, the sealed test stays shut. The model was trained"
    first = f"{kept if trained is False else 'Trained'} as of {training['trained_as_of']} ({WHY[training['reason']]});"
    first += f" due again on {training['due_on']}."
    times = _times(training["openings"])
    second = f"The sealed test has been opened {times} under this charter"
    if training["openings_before"]:
        second += f", and {_times(training['openings_before'])} under other ones"
    return [first, f"{second}."]


def _about_told_again(parts: int) -> list[str]:
    """Who tries out changes of a pack wonders why figures stay, or are gone: pages cannot say it so plainly."""
    if not parts:
        return []
    said = "1 part of the figures stands" if parts == 1 else f"{parts:,} parts of the figures stand"
    them, beside = ("it", "is withheld beside it") if parts == 1 else ("them", "are withheld beside it")
    return [
        f"{said} as an earlier release told {them}, or {beside}, because few cases have changed (docs/disclosure.md)."
        " To try out changes of a pack, use a home of its own: --home DIR"
    ]


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")
