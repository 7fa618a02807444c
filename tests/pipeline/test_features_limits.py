"""The compiled path at its limits: little memory, many columns, a machine on which nothing can be compiled."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

import features.fast
from data_contracts.errors import PlumblineError
from features.build import build_matrix, write_matrix
from tests.features_agency import agency, every_kind
from tests.features_reference import Record
from tests.features_warehouse import built, differing, fill, read, specs, warehouse

ROOT = Path(__file__).parents[2]
DECLARED = every_kind()


def counts(columns: int) -> list[Record]:
    return [
        {"name": f"n{i}", "kind": "count", "factor": "f", "events": {"type": "t"}, "window": f"{i + 1}d"}
        for i in range(columns)
    ]


def test_many_events_go_through_a_file_that_is_gone_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    core = agency(60, seed=3)
    with warehouse(threads=2) as con:
        fill(con, core)
        wanted = built(con, DECLARED)
        con.execute(f"SET temp_directory = '{tmp_path / 'spill'}'")
        seen = []

        def spy(path: str) -> str:
            seen.append(path)
            return literal(path)

        literal = features.fast.literal
        monkeypatch.setattr(features.fast, "literal", spy)
        monkeypatch.setattr(features.fast, "_EVENT_BYTES", 10**9)  # as if each were as large
        assert write_matrix(con, "p", specs(DECLARED), tmp_path / "matrix.parquet", memory=10**6) == len(wanted)
        assert any("scratch.duckdb" in path for path in seen)
        assert list((tmp_path / "spill").iterdir()) == []
        found = read(con, f"SELECT * FROM '{tmp_path / 'matrix.parquet'}'")
    assert differing(found, wanted) == []
    assert (tmp_path / "matrix.parquet").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.glob("*.part")] == []


def test_a_table_too_wide_for_the_memory_is_told_at_once() -> None:
    with duckdb.connect(config={"threads": 2, "memory_limit": "100MB"}) as con:
        with pytest.raises(PlumblineError) as caught:
            build_matrix(con, "p", specs(counts(400)))
        assert "400 columns" in str(caught.value)
        assert "PLUMBLINE_MEMORY_LIMIT" in str(caught.value)


def test_five_thousand_features_are_computed(tmp_path: Path) -> None:
    with warehouse(threads=2) as con:
        fill(con, agency(20, seed=4))
        rows = write_matrix(con, "p", specs(counts(5000)), tmp_path / "wide.parquet")
        few = write_matrix(con, "p", specs(counts(5000)[-1:]), tmp_path / "narrow.parquet")
        assert rows == few
        query = "SELECT sum(n4999), count(n4999) FROM '{}'"
        wide = con.execute(query.format(tmp_path / "wide.parquet")).fetchall()
        assert wide == con.execute(query.format(tmp_path / "narrow.parquet")).fetchall()
        assert len(con.execute(f"SELECT * FROM '{tmp_path / 'wide.parquet'}' LIMIT 0").description) == 5003


def _digest() -> str:
    with warehouse(threads=1) as con:
        fill(con, agency(40, seed=5))
        cells = built(con, DECLARED)
    told = sorted((str(key), sorted(row.items())) for key, row in cells.items())
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def test_the_kernel_means_the_same_interpreted_and_compiled() -> None:
    """Also the only run in which coverage sees the kernel's lines."""
    program = "from tests.pipeline.test_features_limits import _digest; print(_digest())"
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == _digest()
