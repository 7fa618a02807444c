"""Plumbline as Dagster runs it: a past day from its UI, blocking checks, schedules in the programme's own time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pandas as pd
import pytest

from pipelines.definitions import build_defs, days_of, job_name
from pipelines.packs import built_in, load_pack
from tests import whole_runs
from tests.whole_runs import AS_OF, NAME, Ran, World, surroundings


@pytest.fixture
def history(world: World) -> Iterator[object]:
    """Opens a home's Dagster history."""
    with surroundings(world):
        yield lambda ran: dg.DagsterInstance.from_config(str(ran.home / "dagster"))


def materialised(instance: dg.DagsterInstance, *key: str) -> str | None:
    """The partition of a table's newest materialisation."""
    event = instance.get_latest_materialization_event(dg.AssetKey([NAME, *key]))
    return None if event is None or event.asset_materialization is None else event.asset_materialization.partition


def evaluated(instance: dg.DagsterInstance, check: dg.AssetCheckKey) -> str:
    """How a check ended."""
    history = instance.event_log_storage.get_asset_check_execution_history(check, limit=5)
    # the plan stays beside what came of it where the run has a partition
    (status,) = [record.status.value for record in history if record.status.value != "PLANNED"]
    return str(status)


# A past day


@pytest.mark.slow
def test_a_past_day_from_the_job_is_what_the_command_gives(plain: Ran, again: Ran) -> None:
    assert again.exit_code == 0
    ours, theirs = dict(again.release.manifest), dict(plain.release.manifest)
    for manifest in (ours, theirs):
        del manifest["created_at"]
        # the pages show when they were made
        manifest["files"] = {name: said for name, said in manifest["files"].items() if name.endswith(".parquet")}
    assert ours == theirs
    for name in ("metrics", "fairness", "drift", "factors", "shapes", "quality", "backtest", "scores", "explanations"):
        pd.testing.assert_frame_equal(again.release.table(name), plain.release.table(name))


@pytest.mark.slow
def test_every_table_is_materialised_for_the_day(again: Ran, history) -> None:  # type: ignore[no-untyped-def]  # a function
    pack = load_pack(NAME)
    with history(again) as instance:
        days = {key.to_user_string(): materialised(instance, *key.path[1:]) for key in _keys(pack)}
        assert set(days.values()) == {AS_OF}, days
        assert len(instance.get_run_records()) >= 1


def _keys(pack):  # type: ignore[no-untyped-def]  # dagster's own types
    graph = build_defs([pack]).resolve_asset_graph()
    return sorted(graph.materializable_asset_keys)


@pytest.mark.slow
def test_the_check_on_drift_hears_of_alarms_and_stops_nothing(again: Ran, history) -> None:  # type: ignore[no-untyped-def]  # a function
    check = dg.AssetCheckKey(dg.AssetKey([NAME, "audit", "drift"]), "fairness_drift")
    alarms = bool(again.release.table("drift")["alarm"].any())
    with history(again) as instance:
        newest = instance.event_log_storage.get_asset_check_execution_history(check, limit=1)[0]
        assert newest.status.value == ("FAILED" if alarms else "SUCCEEDED")  # and the run went on


# Blocking checks


@pytest.mark.slow
def test_a_refused_delivery_stops_everything_after_it(refused: Ran, history) -> None:  # type: ignore[no-untyped-def]  # a function
    with history(refused) as instance:
        assert materialised(instance, "ops", "delivery") == AS_OF
        gate = dg.AssetCheckKey(dg.AssetKey([NAME, "ops", "delivery"]), "privacy_gate")
        assert evaluated(instance, gate) == "FAILED"
        for table in ("core.case", "cohort.case", "features.matrix", "models.scores", "audit.verdict", "release"):
            assert materialised(instance, *table.split(".")) is None, table


@pytest.mark.slow
def test_rows_that_break_the_contract_stop_everything_after_them(world: World, tmp_path: Path, history) -> None:  # type: ignore[no-untyped-def]  # a function
    def plant(tables: dict[str, pd.DataFrame]) -> None:
        tables["placements"].loc[::10, "kind"] = "elsewhere"  # a tenth; the ceiling is a fiftieth

    data = whole_runs.planted(world, tmp_path / "data", plant)
    ran = whole_runs.run(world, tmp_path / "home", data=data)
    assert ran.exit_code == 3, ran.text
    assert "placements" in ran.text
    with history(ran) as instance:
        check = dg.AssetCheckKey(dg.AssetKey([NAME, "raw", "placements"]), "contract")
        assert evaluated(instance, check) == "FAILED"
        other = dg.AssetCheckKey(dg.AssetKey([NAME, "raw", "persons"]), "contract")
        assert evaluated(instance, other) == "SUCCEEDED"
        for table in ("core.case", "cohort.case", "features.matrix", "release"):
            assert materialised(instance, *table.split(".")) is None, table
    assert ran.query("SELECT count(*) AS n FROM ops.delivery WHERE status = 'accepted'")["n"].item() == 0


# Schedules


@pytest.mark.parametrize("name", built_in())
def test_a_schedule_asks_for_the_day_in_its_own_time_zone(name: str) -> None:
    pack = load_pack(name)
    defs = build_defs([pack])
    schedule = defs.resolve_schedule_def(f"{name}_schedule")
    assert schedule.cron_schedule == pack.programme.schedule
    assert schedule.execution_timezone == pack.programme.time_zone
    assert schedule.job_name == job_name(pack)
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED  # nothing starts by itself
    # half past midnight there; in summer that is still the day before in UTC
    local = dt.datetime(2025, 7, 1, 0, 30, tzinfo=ZoneInfo(pack.programme.time_zone))
    context = dg.build_schedule_context(scheduled_execution_time=local, repository_def=defs.get_repository_def())
    ticked = schedule.evaluate_tick(context)
    assert [request.partition_key for request in ticked.run_requests or []] == ["2025-07-01"]


@pytest.mark.parametrize("name", built_in())
def test_any_day_from_the_first_to_today_can_be_chosen(name: str) -> None:
    pack = load_pack(name)
    days = days_of(pack)
    zone = ZoneInfo(pack.programme.time_zone)
    noon = dt.datetime(2026, 3, 29, 12, tzinfo=zone)  # a day of 23 hours in Europe
    keys = days.get_partition_keys(current_time=noon)
    assert keys[0] == pack.programme.first_as_of.isoformat()
    assert keys[-1] == "2026-03-29"
    assert len(keys) == len(set(keys)) == (dt.date(2026, 3, 29) - pack.programme.first_as_of).days + 1
    midnight = dt.datetime(2026, 3, 30, 0, 1, tzinfo=zone)
    assert days.get_partition_keys(current_time=midnight)[-1] == "2026-03-30"
