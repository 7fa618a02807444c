"""The study of the audit's intervals: its committed result holds what is promised, and comes out again."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from fairness_reports.audit import audit
from fairness_reports.audit.estimates import Confidence
from simulations import fairness, fairness_world
from simulations.fairness import MANY, RATES, RESULTS, SPEC, Part, measured, parts, run
from simulations.fairness_world import World, draw, truth

FOUND: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
CELLS = pd.DataFrame(FOUND["cells"])
SIMULTANEOUS = ("largest gap", "smallest ratio")


def _splits(study: str) -> pd.Series:
    return CELLS[CELLS["study"] == study].groupby("rate")["splits"].max()


def test_enough_was_tried_at_every_base_rate() -> None:
    assert set(_splits("coverage").index) == set(RATES)
    assert (_splits("coverage") >= 5_000).all()
    assert (_splits("alarms") >= 2_000).all()


def test_every_interval_holds_the_truth_as_often_as_promised() -> None:
    cells = CELLS[(CELLS["study"] == "coverage") & (CELLS["intervals"] >= MANY)]
    assert len(cells) > 300
    low = cells[cells["coverage"] < 0.93]
    assert low.empty, low.to_string()
    large = cells[(cells["cases"] == "300 and more") & ~cells["kind"].isin(SIMULTANEOUS)]
    assert large["coverage"].max() <= 0.97
    assert (cells[cells["kind"].isin(SIMULTANEOUS)]["coverage"] >= 0.95).all()


def test_false_alarms_are_rare_and_real_gaps_are_found() -> None:
    alarms = CELLS[CELLS["study"] == "alarms"]
    for _, each in alarms.groupby("what"):
        assert np.average(each["share"], weights=each["splits"]) <= 0.05
    assert (alarms["share"] <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / alarms["splits"])).all()
    power = CELLS.loc[CELLS["study"] == "power", "share"]
    assert len(power) == 8 * len(RATES)
    assert (power >= 0.9).all()


@pytest.mark.parametrize("at", [1, 3])
def test_any_part_comes_out_again(at: int) -> None:
    kept = FOUND["first"][at]
    assert run(Part(**kept["part"])) == Counter(kept["counts"])


def test_what_the_study_measures_is_what_the_audit_says() -> None:
    rows = draw(World(0.2, True), np.random.default_rng(5), 300)
    rows = rows.assign(
        split="s",
        case_id=[f"{i:06d}" for i in range(len(rows))],
        cluster_id=[f"{i:06d}" for i in rows["cluster_id"]],
    )
    table = audit(rows.rename(columns=lambda name: name.removeprefix("attribute ")), None, SPEC, seed=3)
    found = measured(rows, [3, zlib.crc32(b"s")])
    for partition in found.partitions[1:]:
        for metric in ("tpr", "calibration", "auc"):
            said = table.query(
                "attribute == @partition.groups.attribute and metric == @metric and comparison == 'difference' "
                "and reference == 'overall'"
            )
            limits = partition.estimates[metric].gap_limits(found.everybody.estimates[metric], 0, Confidence())
            assert np.array_equal(np.column_stack(limits), said[["low", "high"]].to_numpy(), equal_nan=True)


def test_the_truth_is_what_a_very_large_split_shows() -> None:
    world = World(0.2, True)
    rows = draw(world, np.random.default_rng(0), 60_000)
    known = rows[rows["outcome"].notna()]
    for attribute, real in truth(world).values.items():
        column = known[f"attribute {attribute}"] if attribute != "overall" else pd.Series("all", known.index)
        for at, (_, part) in enumerate(known.groupby(column)):
            happened, selected = part["outcome"] == 1, part["selected"]
            shown = {
                "tpr": selected[happened].mean(),
                "ppv": happened[selected].mean(),
                "calibration": (part["score"] - part["outcome"]).mean(),
                "brier": ((part["score"] - part["outcome"]) ** 2).mean(),
                "auc": roc_auc_score(part["outcome"], part["score"]),
            }
            for metric, value in shown.items():
                assert value == pytest.approx(real[metric][at], abs=4 * 0.6 / np.sqrt(happened.sum() / 2)), metric
    none = truth(World(0.2, False)).values
    assert np.ptp(none["household"]["ppv"]) < 1e-9


def test_the_study_ends_and_goes_on_where_it_was_interrupted(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fairness, "parts", lambda seed, seeds: [Part("alarms", rate, 0, 1, seed) for rate in RATES])
    monkeypatch.setattr(fairness, "FIRST", 0)
    arguments = ["fairness", "--out", str(tmp_path / "out.json"), "--parts", str(tmp_path / "parts.jsonl")]
    arguments += ["--processes", "1"]
    monkeypatch.setattr("sys.argv", arguments)
    fairness.main()
    once = (tmp_path / "out.json").read_text()
    lines = (tmp_path / "parts.jsonl").read_text().splitlines()
    assert len(lines) == len(RATES)
    (tmp_path / "parts.jsonl").write_text(lines[1] + "\n")
    fairness.main()
    assert (tmp_path / "out.json").read_text() == once
    assert len((tmp_path / "parts.jsonl").read_text().splitlines()) == len(RATES)
    assert capsys.readouterr().err.count("alarms") == 2 * len(RATES) - 1
    every = list(parts(1, 100))
    assert len(every) == len(set(every))
    assert fairness_world.threshold(0.5) > fairness_world.threshold(0.05)
