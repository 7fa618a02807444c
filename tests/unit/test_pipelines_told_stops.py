"""Failures told in words: stops and full disks, beyond what test_pipelines_settings holds."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipelines.told import tell, told


def test_a_stop_inside_the_database_is_a_stop(tmp_path: Path) -> None:
    """DuckDB answers Ctrl-C with an exception of its own: no fault is told."""
    with pytest.raises(KeyboardInterrupt), told(tmp_path):
        raise duckdb.InterruptException("INTERRUPT Error: Interrupted!")


def test_a_failing_sqlite_is_a_full_disk_only_where_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = ValueError("(sqlite3.OperationalError) disk I/O error")
    assert "no space" not in str(tell(error, tmp_path))
    monkeypatch.setattr("pipelines.told._NEARLY_FULL", 1 << 60)
    assert "no space is left" in str(tell(error, tmp_path / "not" / "yet"))


def test_a_statement_that_ctrl_c_reached_while_it_waited_is_no_fault(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), told(tmp_path):
        raise RuntimeError("Query interrupted")
