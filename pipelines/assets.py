"""A programme's assets: one per table, named after it, and the checks that block.

Belongs here: the order of the steps, which tables each leaves, what stops a run.
Does not belong here: what a step does (pipelines.steps), schedules and jobs (pipelines.definitions).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

# Dagster reads the annotations of `context`, so they cannot be postponed (no `from __future__ import annotations` here)
import dagster as dg

from pipelines import audited, entrance, publish, steps
from pipelines.packs import Pack
from pipelines.resources import Run, RunResource
from pipelines.tables import require, stamp
from pipelines.trainings import KEPT_BY_STEP

Outcome = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]


@dataclass(frozen=True)
class Step:
    """One step: the tables it leaves, those it needs, and the function that does it.

    `warns` names a check of the last table, which warns when the step counts `alarms`.
    """

    name: str
    tables: tuple[str, ...]
    after: tuple[str, ...]
    do: Callable[[Run], steps.Counts]
    room: str
    warns: str | None = None


CORE = ("core.case", "core.attribute", "core.membership", "core.event", "core.coverage")
STEPS = (
    Step("cohort", ("cohort.case", "cohort.attrition"), CORE, steps.cohort, "models"),
    Step("outcomes", ("outcomes.outcome",), ("cohort.case", "core.event"), steps.outcomes, "models"),
    Step("features", ("features.matrix",), ("cohort.case", *CORE), steps.matrix, "features"),
    Step(
        "backtest",
        KEPT_BY_STEP["backtest"],
        ("features.matrix", "outcomes.outcome"),
        steps.backtest,
        "models",
    ),
    Step(
        "scores",
        ("models.scores", "models.explanations", "models.factors"),
        ("models.backtest", "features.matrix"),
        steps.scores,
        "models",
    ),
    Step(
        "fairness",
        KEPT_BY_STEP["fairness"],
        ("models.backtest", "features.matrix", "core.attribute"),
        audited.fairness,
        "fairness_reports",
    ),
    Step(
        "changes",
        ("audit.now", "audit.decisions", "audit.drift"),
        ("audit.fairness", "models.scores"),
        audited.changes,
        "fairness_reports",
        warns="fairness_drift",
    ),
    # the verdict completes a training, so the deployed model has to be there too
    Step(
        "verdict",
        ("audit.verdict",),
        ("audit.fairness", "models.metrics", "models.scores"),
        steps.verdict,
        "fairness_reports",
    ),
)


def resource_key(pack: Pack) -> str:
    """Name of the resource that holds a programme's run: each has its own, so that one UI serves them all."""
    return f"run_{pack.name}"


def programme_assets(pack: Pack, days: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """All assets of one programme, keyed ``PROGRAMME/SCHEMA/TABLE``.

    Parameters
    ----------
    pack : Pack
        The programme.
    days : PartitionsDefinition
        One partition per as-of date.
    """
    core = Step(
        "core", CORE, tuple(f"raw.{table.name}" for table in pack.contract.tables), steps.core, "data_contracts"
    )
    return [_entrance(pack, days), *(_asset(pack, days, step) for step in (core, *STEPS)), _release(pack, days)]


def key(pack: Pack, table: str) -> dg.AssetKey:
    """The key of a table's asset."""
    return dg.AssetKey([pack.name, *table.split(".")])


def _entrance(pack: Pack, days: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    tables = [table.name for table in pack.contract.tables]
    delivery = key(pack, "ops.delivery")

    @dg.multi_asset(
        name=f"{pack.name}__raw",
        specs=[
            dg.AssetSpec(delivery, group_name="data_contracts"),
            *(dg.AssetSpec(key(pack, f"raw.{t}"), deps=[delivery], group_name="data_contracts") for t in tables),
        ],
        check_specs=[
            dg.AssetCheckSpec("privacy_gate", asset=delivery, blocking=True),
            *(dg.AssetCheckSpec("contract", asset=key(pack, f"raw.{t}"), blocking=True) for t in tables),
        ],
        partitions_def=days,
        required_resource_keys={resource_key(pack)},
    )
    def raw(context: dg.AssetExecutionContext) -> Outcome:
        run = _run(context, pack)
        with run.told():
            found = entrance.receive(run)
            stamp(run, [f"raw.{table}" for table in tables])
        yield dg.MaterializeResult(asset_key=delivery, metadata={"gone": found.gone})
        yield _check(delivery, "privacy_gate", not found.at_the_door, len(found.at_the_door))
        for table in tables:
            yield dg.MaterializeResult(asset_key=key(pack, f"raw.{table}"), metadata={"rows": found.rows.get(table, 0)})
            failed = found.by_table.get(table, [])
            yield _check(key(pack, f"raw.{table}"), "contract", not failed, len(failed))

    return raw


def _asset(pack: Pack, days: dg.PartitionsDefinition[str], step: Step) -> dg.AssetsDefinition:
    after = [key(pack, table) for table in step.after]

    @dg.multi_asset(
        name=f"{pack.name}__{step.name}",
        specs=[dg.AssetSpec(key(pack, table), deps=after, group_name=step.room) for table in step.tables],
        check_specs=[dg.AssetCheckSpec(step.warns, asset=key(pack, step.tables[-1]))] if step.warns else [],
        partitions_def=days,
        required_resource_keys={resource_key(pack)},
    )
    def tables(context: dg.AssetExecutionContext) -> Outcome:
        run = _run(context, pack)
        with run.told():
            require(run, step.after)
            rows = step.do(run)
            stamp(run, step.tables)
        how = {"trained": bool(rows["trained"])} if "trained" in rows else {}
        for table in step.tables:
            yield dg.MaterializeResult(asset_key=key(pack, table), metadata={"rows": rows.get(table, 0), **how})
        if step.warns:
            alarms, warn = rows["alarms"], dg.AssetCheckSeverity.WARN
            yield _check(key(pack, step.tables[-1]), step.warns, not alarms, alarms, warn)

    return tables


def _release(pack: Pack, days: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    release = key(pack, "release")
    needed = ["audit.verdict", "audit.groups", "models.scores", "models.explanations", "models.factors"]
    needed += ["audit.decisions", "audit.drift", "cohort.attrition"]

    @dg.multi_asset(
        name=f"{pack.name}__release",
        specs=[dg.AssetSpec(release, deps=[key(pack, table) for table in needed], group_name="fairness_reports")],
        check_specs=[dg.AssetCheckSpec("verdict", asset=release)],
        partitions_def=days,
        required_resource_keys={resource_key(pack)},
    )
    def write(context: dg.AssetExecutionContext) -> Outcome:
        run = _run(context, pack)
        with run.told():
            require(run, needed)
            made = publish.publish(run)
            expired = publish.expire_rows(run)
        told = {"release_id": made.release_id, "rows_expired_of": ", ".join(expired) or "no release"}
        yield dg.MaterializeResult(asset_key=release, metadata=told)
        # a verdict is no failure of the run: it warns, and the release says why
        fit = made.manifest["verdict"] == "fit"
        yield _check(release, "verdict", fit, len(made.manifest["reasons"]), dg.AssetCheckSeverity.WARN)

    return write


def _run(context: dg.AssetExecutionContext, pack: Pack) -> Run:
    resource: RunResource = getattr(context.resources, resource_key(pack))
    return resource.run


def _check(
    asset: dg.AssetKey,
    name: str,
    passed: bool,
    reasons: int,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=asset, check_name=name, passed=passed, severity=severity, metadata={"reasons": reasons}
    )
