"""The asset graph of both programmes, held to a file: assets, groups, what each waits for, and the checks.

`PLUMBLINE_WRITE_GOLDEN=1 pytest tests/golden/test_asset_graph.py` writes the file anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # Dagster takes seconds to import, and the quick tests read this module, too
    import dagster as dg

pytestmark = [pytest.mark.slow, pytest.mark.measured]

GOLDEN = Path(__file__).with_name("asset_graph.txt")


def definitions() -> dg.Definitions:
    from pipelines.definitions import build_defs

    return build_defs()


def described(defs: dg.Definitions) -> str:
    import dagster as dg

    graph = defs.resolve_asset_graph()
    lines: list[str] = []
    for key in sorted(graph.materializable_asset_keys):
        node = graph.get(key)
        lines += [key.to_user_string(), f"  group: {node.group_name}", f"  partitions: {_days(node.partitions_def)}"]
        lines += [f"  after: {parent.to_user_string()}" for parent in sorted(node.parent_keys)]
        for check in sorted(graph.get_check_keys_for_assets({key}), key=lambda each: each.name):
            lines.append(f"  check: {check.name}{' (blocking)' if graph.get(check).blocking else ''}")
    for schedule in sorted(defs.schedules or [], key=lambda each: each.name):
        assert isinstance(schedule, dg.ScheduleDefinition)
        lines += [
            f"{schedule.name}: {schedule.job_name}, “{schedule.cron_schedule}” in {schedule.execution_timezone}, "
            f"{schedule.default_status.value.lower()}"
        ]
    return "\n".join(lines) + "\n"


def _days(partitions: dg.PartitionsDefinition | None) -> str:  # type: ignore[type-arg]  # any kind of key
    import dagster as dg

    assert isinstance(partitions, dg.DailyPartitionsDefinition)
    return f"daily from {partitions.start.date()} in {partitions.timezone}"


def test_asset_graph() -> None:
    found = described(definitions())
    if os.environ.get("PLUMBLINE_WRITE_GOLDEN"):
        GOLDEN.write_text(found, encoding="utf-8")
    assert found == GOLDEN.read_text(encoding="utf-8")


def test_every_step_waits_for_a_blocking_check() -> None:
    """Nothing but the entrance may start before privacy gate and contract have let the delivery in."""
    graph = definitions().resolve_asset_graph()
    for key in graph.materializable_asset_keys:
        if key.path[1] in ("ops", "raw"):
            assert any(graph.get(check).blocking for check in graph.get_check_keys_for_assets({key}))
            continue
        above = set(graph.get_ancestor_asset_keys(key))
        raw = {each for each in above if each.path[1] == "raw"}
        assert raw, key
        assert {each for each in graph.materializable_asset_keys if each.path[:2] == [key.path[0], "raw"]} == raw
