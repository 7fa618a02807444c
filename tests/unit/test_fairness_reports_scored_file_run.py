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

pytestmark = [pytest.mark.slow, pytest.mark.measured]


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


@pytest.mark.parametrize(
    ("frame", "given", "why"),
    [
        (people(sex="f"), {}, ("sex: one group only", "sex: nur eine Gruppe")),
        (people(sex=None), {}, ("sex: attribute never recorded", "sex: Merkmal nie erfasst")),
        (people(home=1), {"cluster": "home"}, ("sex: one cluster only", "sex: nur ein Haushalt")),
        (people(chosen=False), {"decision": "chosen", "score": None}, ("(none selected)", "(niemand ausgewählt)")),
        (people(1), {"top": Top(count=1)}, ("sex: one group only", "sex: nur eine Gruppe")),
    ],
)  # fmt: skip
def test_where_nothing_was_compared_it_says_why(
    frame: pd.DataFrame, given: dict[str, Any], why: tuple[str, str], tmp_path: Path
) -> None:
    made = audited(tmp_path, frame, **given)
    for language, nothing, chance, reason in [
        ("en", "No groups could be compared:", "from chance", why[0]),
        ("de", "Keine Gruppen konnten verglichen werden:", "von Zufall", why[1]),
    ]:
        text = told(made, language)
        assert nothing in text, text
        assert reason in text.partition(nothing)[2], text
        assert chance not in text, text


def test_measures_that_could_not_be_compared_stand_beside_those_that_could(tmp_path: Path) -> None:
    made = audited(tmp_path, people(chosen=False), decision="chosen")
    assert "Could not be compared: - sex: selection_rate, fnr, fpr (none selected) Not computed: ppv" in told(made)
    assert "which does not mean that there is no gap: - sex: calibration Could not" in told(made)
    assert "No gap can be told" not in told(made)
    made = audited(tmp_path, people(chosen=True), decision="chosen")
    assert "verglichen werden konnte: - sex: selection_rate, fnr, fpr (alle ausgewählt)" in told(made, "de")
    ranks = audited(tmp_path, people(score=lambda f: f["score"] * 100), at=50.0)
    assert "ould not be compared" not in told(ranks)  # calibration is told as not computed
    assert "calibration" in told(ranks).partition("Not computed")[2]


def test_an_attribute_that_cannot_be_compared_stands_beside_those_that_can(tmp_path: Path) -> None:
    made = audited(tmp_path, people(one="x"), by=("sex", "one"))
    assert "Could not be compared: - one: one group only" in told(made)
    assert "No groups could be compared" not in told(made)


def test_a_named_reference_hides_no_gap_to_everybody(tmp_path: Path) -> None:
    """Two groups of ten: the reference's interval reaches far, and so do all pairs' simultaneous ones."""
    made = audited(tmp_path, people(), by=("sex",), references=("f",))
    metric = "selection_rate"
    table = made.table
    own = (table["attribute"] == "sex") & (table["metric"] == metric) & (table["comparison"] != "value")
    everybody = (
        own & (table["comparison"] == "difference") & (table["reference"] == "overall") & (table["group"] == "m")
    )
    table.loc[table["comparison"].isin(["difference", "largest_gap"]), ["low", "high"]] = [-0.5, 0.5]
    assert "No gap can be told from chance." in told(made)
    table.loc[everybody, ["value", "low", "high"]] = [0.2, 0.1, 0.3]
    assert everybody.sum() == 1
    assert "No gap can be told from chance" not in told(made)
    assert "everybody" in told(made).partition("stands out")[2].partition("+20.0 points")[0]
    against = own & (table["comparison"] == "difference") & (table["reference"] == "f")
    table.loc[against, ["value", "low", "high"]] = [0.1, 0.01, 0.2]  # the named one comes first
    assert "+10.0 points" in told(made)
    assert "+20.0 points" not in told(made)


def test_a_group_called_like_ours_does_not_stop_pooling(tmp_path: Path) -> None:
    names = lambda f: np.select([f.index < 8, f.index < 16, f.index < 40], ["p", "q", "small groups together"], "r")  # noqa: E731
    made = audited(tmp_path, people(sex=names), references=("small groups together",))
    groups = made.table.loc[(made.table["attribute"] == "sex") & (made.table["metric"] == "n"), "group"]
    assert {"small groups together", "small groups together (group)"} <= set(groups)
    assert "In “sex” a group is called “small groups together”" in told(made)
    assert made.about["references"] == {"sex": "small groups together (group)"}
    assert "kleine Gruppen zusammen" in told(made, "de")


def test_what_is_not_recorded_is_called_so_in_german(tmp_path: Path) -> None:
    made = audited(tmp_path, people(sex=lambda f: f["sex"].where(f.index > 40)), references=("not recorded",))
    text = told(made, "de").partition("Zu wissen")[0]
    assert "nicht erfasst" in text
    assert "„nicht erfasst“ stehen" in text
    assert "not recorded" not in text
    assert "not recorded" in told(made)


def test_one_is_no_plural(tmp_path: Path) -> None:
    made = audited(tmp_path, people(1), top=Top(count=1))
    assert "Audited: 1 row of" in told(made)
    assert "Selected means: the highest score" in told(made)
    assert "Geprüft: 1 Zeile aus" in told(made, "de")
    frame = people(sex=lambda f: np.where(f.index < 4, "few", "f"), home="x")
    made = audited(tmp_path, frame, by=("sex", "home"))
    assert "sex × home: 1 group with fewer than 10 cases" in told(made)
    assert "sex × home: 1 Gruppe mit weniger als 10 Fällen" in told(made, "de")


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


def test_a_reference_that_rules_withhold_is_told_so(tmp_path: Path) -> None:
    """Of two groups one has eleven cases, of which few have the outcome: nothing is left to compare with."""
    frame = people(400, sex=lambda f: np.where(f.index < 11, "few", "many"))
    given: dict[str, Any] = {"references": ("few",), "disclosure": "drb", "minimum_cell": 3}
    exact = told(audited(tmp_path, frame, references=("few",)))
    assert "differences from “few” and ratios to it are in the tables" in exact
    assert "The minimum of the rules" not in exact
    frame = people(400, sex=lambda f: np.where(f.index < 40, "few", np.where(f.index < 50, "fewer", "many")))
    frame["y"] = np.where(frame["sex"] == "few", 0, frame["y"])
    made = audited(tmp_path, frame, **given)
    against = made.table[made.table["reference"] == "few"]
    assert against["value"].isna().all(), against.loc[against["value"].notna(), ["metric", "value"]]
    assert "differences from “few” and ratios to it are not shown" in told(made)
    assert "The minimum of the rules holds: 15. A smaller minimum, 3," in told(made)
    assert "The minimum of the rules" not in told(audited(tmp_path, frame, disclosure="drb"))


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
