"""The audit of a foreign table as a whole: what it says that it could not do, periods, clusters, crossed attributes."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fairness_reports.scored_file import Audited, AuditRequest, Top, audit_table, summary, write_results
from fairness_reports.scored_file import run as module


def people(cases: int = 120, **columns: Any) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    score = rng.integers(1, 100, cases) / 100
    frame = pd.DataFrame(
        {
            "case": [f"c{number}" for number in range(cases)],
            "sex": rng.choice(["f", "m"], cases),
            "area of town": rng.choice(["north", "south", "west"], cases),
            "score": score,
            "y": (rng.random(cases) < score).astype(int),
        }
    )
    return frame.assign(**columns)


def audited(folder: Path, frame: pd.DataFrame, **given: Any) -> Audited:
    path = folder / "table.parquet"
    frame.to_parquet(path)
    rule = {} if {"top", "decision"} & set(given) else {"at": 0.5}
    settings: dict[str, Any] = {"outcome": "y", "score": "score", "by": ("sex",), "replicates": 50, **rule, **given}
    return audit_table(AuditRequest(file=path, out=folder / "out", **settings))


def told(made: Audited, language: str = "en") -> str:
    return " ".join(summary(made, Path("out"), language).split())


@pytest.mark.parametrize(
    ("frame", "given", "said"),
    [
        (people(score=0.5), {"top": Top(share=0.1)}, "run out among 120 cases with the same score: 12 of them"),
        (people(y=1), {}, "Everybody has the outcome"),
        (people(y=0), {}, "Nobody has the outcome: who is missed (tpr, fnr)"),
        (people(y=lambda f: f["y"].where(f.index >= 30)), {}, "The outcome of 30 rows (25%) is unknown"),
        (people(y=lambda f: f["y"].where(f.index >= 3)), {}, "The outcome of fewer than 10 rows (< 8.3%) is unknown"),
        (people(sex=None), {}, "In “sex” nothing is recorded"),
        (people(score=lambda f: (f["score"] > 0.5) * 1), {}, "The scores are only 0 and 1"),
        (people(score=lambda f: f["score"] * 100), {"at": 50.0}, "calibration, calibration_selected (scores are"),
        (people(), {"top": Top(count=500)}, "In “all” the capacity reaches everybody."),
        (people(chosen=False), {"decision": "chosen"}, "Nobody is selected"),
        (people(9), {"top": Top(count=3)}, "There are fewer than 10 rows"),
        (people(sex=lambda f: np.where(f.index < 4, "few", f["sex"])), {}, "with fewer than 10 cases: few"),
        (people(home=lambda f: [None if i < 20 else i // 3 for i in f.index]), {"cluster": "home"}, "20 rows have no"),
        (people(seen=lambda f: f.index < 50), {"shown": "seen"}, "In 50 rows the score had been shown"),
    ],
)  # fmt: skip
def test_what_could_not_be_done_is_told(frame: pd.DataFrame, given: dict[str, Any], said: str, tmp_path: Path) -> None:
    made = audited(tmp_path, frame, **given)
    assert said in told(made), told(made)
    assert told(made, "de") != told(made)
    table = made.table[made.table["band"] == "all"]
    gaps = table[table["comparison"].isin(["difference", "largest_gap"])]
    assert not ((gaps["value"] == 0) & gaps["low"].isna()).any()  # a gap that nobody measured is not 0
    values = table[(table["comparison"] == "value") & (table["metric"] != "n")]
    assert values.loc[values["value"].isna(), "reason"].notna().all()
    json.dumps(made.about)  # plain values


def test_nobody_below_the_minimum_cell_is_counted_out(tmp_path: Path) -> None:
    frame = people(
        sex=lambda f: np.where(f.index < 4, "few", f["sex"]), score=lambda f: np.where(f.index < 7, 0.97, 0.1)
    )
    made = audited(tmp_path, frame, top=Top(count=3))
    assert "run out among fewer than 10 cases with the same score: fewer than 10 of them" in told(made)
    assert made.about["selection"]["ties"] == [{"split": "all", "tied": None, "placed": None}]
    few = made.table[(made.table["group"] == "few") & (made.table["comparison"] == "value")]
    assert few["value"].isna().all()


def test_crossed_attributes_by_their_own_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = people().rename(columns={"sex": "split"}).assign(overall=lambda f: f["split"])
    by = ("split", "area of town", "overall")
    made = audited(tmp_path, frame, by=by, intersections="triples")
    names = list(dict.fromkeys(made.table["attribute"]))
    assert names[:4] == ["overall", "split", "area of town", "overall (column)"]
    assert "split × area of town" in names
    assert names[-1] == "split × area of town × overall (column)"
    assert made.about["intersections"] == names[4:]
    assert not audited(tmp_path, frame, by=by, intersections="none").about["intersections"]
    monkeypatch.setattr(module, "MOST_CROSSED", 4)
    made = audited(tmp_path, frame, by=by[:2])
    assert made.about["intersections"] == []
    assert "split × area of town is not crossed: it would make 6 groups" in told(made)


def test_periods_are_audited_one_by_one(tmp_path: Path) -> None:
    frame = people(240, year=lambda f: 2020 + f.index % 2)
    made = audited(tmp_path, frame, split="year", top=Top(share=0.25), by=("sex",))
    assert list(dict.fromkeys(made.table["split"])) == ["2020", "2021"]
    everybody = made.table[(made.table["attribute"] == "overall") & (made.table["metric"] == "selection_rate")]
    assert everybody.loc[everybody["comparison"] == "value", "value"].tolist() == [0.25, 0.25]
    assert "the period “2021”, the last of 2" in told(made)


def test_clusters_widen_the_intervals(tmp_path: Path) -> None:
    frame = pd.concat([people(400)] * 5, ignore_index=True).assign(home=lambda f: f.index % 400)
    width = {}
    for cluster in (None, "home"):
        table = audited(tmp_path, frame, cluster=cluster).table
        row = table[(table["group"] == "f") & (table["metric"] == "tpr") & (table["comparison"] == "value")].iloc[0]
        width[cluster] = row["high"] - row["low"]
    assert width["home"] > 1.8 * width[None]  # five copies: the square root of five


def test_the_order_of_rows_does_not_show(tmp_path: Path) -> None:
    frame = people()
    tables = [audited(tmp_path, each, case="case", by=("sex", "area of town")).table
              for each in (frame, frame.sample(frac=1, random_state=1))]  # fmt: skip
    pd.testing.assert_frame_equal(*tables)


def test_a_reference_has_differences_and_ratios(tmp_path: Path) -> None:
    made = audited(tmp_path, people(), references=("north",), by=("sex", "area of town"))
    assert made.about["references"] == {"area of town": "north"}
    against = made.table[(made.table["reference"] == "north") & (made.table["group"] == "south")]
    assert {"difference", "ratio"} <= set(against["comparison"])


def test_results_are_their_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def page(folder: Path, *_: object) -> None:
        (folder / "reports").mkdir()
        (folder / "reports" / "fairness.html").write_text("")

    monkeypatch.setattr("fairness_reports.reports.foreign.render_audit", page)
    made, before = audited(tmp_path, people(sex="f")), os.umask(0o022)
    try:
        files = write_results(tmp_path / "out", made)
    finally:
        os.umask(before)
    assert len(files) == 6
    for path in (tmp_path / "out", *(tmp_path / "out").rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
