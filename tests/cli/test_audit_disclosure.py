"""`plumbline audit --disclosure`: nothing that is written or said rests on, or gives away, too few cases."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fairness_reports.disclosure import PROFILES
from pipelines.cli import cli
from tests.cli.conftest import Command, left

ROWS = 613
LINE = ("--outcome", "happened", "--score", "score", "--by", "region", "sex", "--cluster", "home", "--replicates", 100)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Regions of which one has four rows, some unknown outcomes, some scores that were shown."""
    rng = np.random.default_rng(7)
    score = rng.uniform(0, 1, ROWS).round(4)
    outcome = (rng.uniform(0, 1, ROWS) < 0.2 + 0.5 * score).astype(object)
    outcome[rng.choice(ROWS, 31, replace=False)] = None
    region = np.array(["North", "South", "East"], dtype=object)[rng.integers(0, 3, ROWS)]
    region[:4] = "Island"
    frame = pd.DataFrame({"score": score, "happened": outcome, "region": region, "home": np.arange(ROWS) // 2})
    frame["sex"] = np.where(rng.uniform(0, 1, ROWS) < 0.47, "f", "m")
    frame["seen"] = rng.uniform(0, 1, ROWS) < 0.4
    path = tmp_path / "scored.csv"
    frame.replace({True: 1, False: 0}).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("profile", list(PROFILES))
def test_everything_written_has_passed_the_rules(plumbline: Command, table: Path, tmp_path: Path, profile: str) -> None:
    out, rules = tmp_path / "out", PROFILES[profile]
    line = (*LINE, "--shown", "seen", "--top", 123, "--minimum-cell", 1, "--disclosure", profile, "--out", out)
    ended = plumbline("audit", table, *line, code=0)
    rows = pd.read_parquet(out / "fairness.parquet")
    told = pd.concat([rows["n"].dropna(), rows.loc[rows["metric"] == "n", "value"].dropna()])
    assert len(told) > 20
    assert (told.round() % rules.base == 0).all()
    assert (told[told > 0] >= rules.minimum).all()
    about = json.loads((out / "audit.json").read_text(encoding="utf-8"))
    assert about["disclosure"]["profile"] == profile
    assert about["minimum_cell"] == rules.minimum
    assert about["rows"] % rules.base == 0
    assert about["clusters"] % rules.base == 0
    assert int(about["selection"]["top"]) % rules.base == 0
    assert {"bytes", "sha256"}.isdisjoint(about["file"])
    # no exact count anywhere: rows, clusters, places, unknown outcomes, cases of groups
    frame = pd.read_csv(table)
    exact = {ROWS, 307, 123, *frame["region"].value_counts(), *frame["sex"].value_counts()}
    exact = {f"{count:,}" for count in exact if count >= 100 and count % rules.base}
    pages = [
        re.sub(r"(?s)<style.*?</style>|<svg.*?</svg>", "", path.read_text("utf-8")) for path in out.rglob("*.html")
    ]
    text = " ".join([*pages, ended.text.replace(str(tmp_path), ""), (out / "audit.json").read_text("utf-8")])
    text = re.sub(r"\d*\.\d+%?", "", text)
    assert exact.isdisjoint(re.findall(r"\b\d{3}\b", text))
    assert "31" not in re.findall(r"outcome of (\S+) rows", text)
    edges = {edge for band in set(rows["band"]) - {"all"} for edge in band.split("–")}
    assert edges
    assert all(re.fullmatch(r"[01]\.\d\d0", edge) for edge in edges), "a quantile would be somebody's score"
    shown = rows[rows["split"].str.endswith("scores shown") & (rows["metric"] == "n")]
    assert shown["value"].notna().any() == (rules.minimum <= 10)  # by drb too few of them have no outcome
    island = rows[(rows["group"] == "Island") & (rows["comparison"] == "value")]
    assert island[["value", "low", "high", "n"]].isna().all(axis=None)
    ended.says("made safe by", "region: not shown")
    assert "These figures are exact" not in ended.text
    page = (out / "reports" / "en" / "fairness.html").read_text(encoding="utf-8")
    assert "Made safe by rules" in page
    assert "Has not passed disclosure control" not in page
    assert f"“{profile}”" in (out / "README.txt").read_text(encoding="utf-8")


def test_without_a_profile_figures_are_exact_and_said_to_be(plumbline: Command, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = plumbline("audit", table, *LINE, "--at", "0.5", "--out", out, code=0)
    ended.says(f"Audited: {ROWS} rows", "These figures are exact")
    about = json.loads((out / "audit.json").read_text(encoding="utf-8"))
    assert about["disclosure"] is None
    assert about["rows"] == ROWS
    assert "Has not passed disclosure control" in (out / "reports" / "en" / "fairness.html").read_text("utf-8")
    assert "RESTRICTED" in (out / "README.txt").read_text(encoding="utf-8")


def test_the_larger_minimum_holds_and_the_same_call_gives_the_same_bytes(
    plumbline: Command, table: Path, tmp_path: Path
) -> None:
    made = []
    for name in ("one", "two"):
        line = (*LINE, "--at", "0.5", "--minimum-cell", 30, "--disclosure", "nhs", "--lang", "de")
        ended = plumbline("audit", table, *line, "--out", tmp_path / name, code=0)
        ended.says("weniger als 30 Fällen", "NHS")
        made.append(left(tmp_path / name).replace(str(tmp_path / name).encode(), b""))
    assert made[0] == made[1]
    rows = pd.read_parquet(tmp_path / "one" / "fairness.parquet")
    assert rows["n"].dropna().min() >= 30


def test_what_would_tell_on_everybody_is_not_remarked(plumbline: Command, table: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(table).assign(happened=1)
    frame.to_csv(table, index=False)
    said = {}
    for profile in ("default", "nhs"):
        line = ("--at", "0.5", "--disclosure", profile, "--out", tmp_path / profile)
        said[profile] = plumbline("audit", table, *LINE, *line, code=0).text
    assert "Everybody has the outcome" not in said["default"]
    assert "Everybody has the outcome" in said["nhs"]


def test_the_command_knows_every_profile() -> None:
    option = next(each for each in cli.commands["audit"].params if each.name == "disclosure")
    assert list(option.type.choices) == list(PROFILES)  # type: ignore[attr-defined]  # of a choice
