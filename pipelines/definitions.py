"""Everything that Dagster knows of Plumbline: `dagster-webserver -m pipelines.definitions` serves it.

Belongs here: one job and one schedule per programme, the resource, the executor.
Does not belong here: assets (pipelines.assets) or running from the command line (pipelines.run).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from pipelines.assets import programme_assets, resource_key
from pipelines.packs import Pack, built_in, load_pack, own_packs
from pipelines.progress import progress_logger
from pipelines.resources import RunResource
from pipelines.settings import find_home


def days_of(pack: Pack) -> dg.DailyPartitionsDefinition:
    """One partition per as-of date, in the programme's time zone: any past day can be picked in the UI.

    The newest one is today: a prediction is made at the start of its day.
    """
    return dg.DailyPartitionsDefinition(
        start_date=pack.programme.first_as_of.isoformat(), timezone=pack.programme.time_zone, end_offset=1
    )


def job_name(pack: Pack) -> str:
    """Name of a programme's job."""
    return pack.name


def build_defs(
    packs: Sequence[Pack] | None = None, resource_overrides: Mapping[str, Any] | None = None
) -> dg.Definitions:
    """All definitions.

    Parameters
    ----------
    packs : sequence of Pack, optional
        By default the built-in programmes and those named in `$PLUMBLINE_PACKS`.
    resource_overrides : mapping, optional
        Resources by key, for tests.
    """
    if packs is None:
        packs = [load_pack(name) for name in [*built_in(), *(str(path) for path in own_packs())]]
    home = find_home(None)
    assets: list[dg.AssetsDefinition] = []
    jobs, schedules, resources = [], [], {}
    for pack in packs:
        made = programme_assets(pack, days_of(pack))
        job = dg.define_asset_job(job_name(pack), selection=dg.AssetSelection.assets(*made))
        assets += made
        jobs.append(job)
        schedules.append(_schedule(pack, job))
        resources[resource_key(pack)] = RunResource(home=str(home.root), pack=str(pack.path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=UserWarning)  # resolving jobs is done where a job is needed
        return dg.Definitions(
            assets=assets,
            jobs=jobs,
            schedules=schedules,
            resources={**resources, **(resource_overrides or {})},
            loggers={"console": dg.colored_console_logger, "progress": progress_logger},
            executor=dg.in_process_executor,
        )


def _schedule(pack: Pack, job: dg.UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"{pack.name}_schedule",
        job=job,
        cron_schedule=pack.programme.schedule,
        execution_timezone=pack.programme.time_zone,
        description=f"Runs {pack.name} for the day on which it starts; switch it on in the UI.",
    )
    def at(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        # Dagster gives the time in the schedule's own zone
        return dg.RunRequest(partition_key=context.scheduled_execution_time.strftime("%Y-%m-%d"))

    return at


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads; nothing is read before it asks."""
    return build_defs()
