"""`plumbline audit` on tables made from published counts prints what was published."""

from __future__ import annotations

import csv
import json
import stat
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.cli.conftest import Command, Ended

# J. Larson, S. Mattu, L. Kirchner, J. Angwin, "How We Analyzed the COMPAS Recidivism Algorithm" (ProPublica, 2016):
# true negatives, false positives, false negatives, true positives; two years, medium and high scores as selected
COMPAS = {"African-American": (990, 805, 532, 1369), "Caucasian": (1139, 349, 461, 505)}
PRINTED = {
    ("African-American", "fpr"): "44.85",
    ("African-American", "fnr"): "27.99",
    ("African-American", "ppv"): "63",
    ("African-American", "npv"): "65",
    ("Caucasian", "fpr"): "23.45",
    ("Caucasian", "fnr"): "47.72",
    ("Caucasian", "ppv"): "59",
    ("Caucasian", "npv"): "71",
}


def compas(path: Path) -> Path:
    """A row per defendant, with deciles and their words."""
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["id", "sex", "race", "decile_score", "score_text", "two_year_recid", "decile_score"])
        number = 0
        for race, counts in COMPAS.items():
            for (happened, selected), count in zip([(0, 0), (0, 1), (1, 0), (1, 1)], counts, strict=True):
                for each in range(count):
                    number += 1
                    decile = 5 + each % 6 if selected else 1 + each % 4
                    word = "Low" if decile < 5 else "Medium" if decile < 8 else "High"
                    sex = "Male" if each % 5 else "Female"
                    writer.writerow([number, sex, race, decile, word, happened, decile])
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return compas(tmp_path / "compas two years.csv")


def rows(out: Path, **where: Any) -> pd.DataFrame:
    """Rows of the audit without bands; `None` where nothing stands."""
    frame = pd.read_parquet(out / "fairness.parquet")
    for name, value in {"band": "all", **where}.items():
        frame = frame[frame[name].isna() if value is None else frame[name] == value]
    return frame


def figure(out: Path, **where: Any) -> float:
    found = rows(out, **where)
    assert len(found) == 1, found
    return float(found["value"].iloc[0])


def audited(plumbline: Command, table: Path, out: Path, *more: object) -> Ended:
    return plumbline("audit", table, "--outcome", "two_year_recid", *more, "--replicates", 200, "--out", out, code=0)


def test_propublica(plumbline: Command, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = audited(
        plumbline, table, out, "--score", "decile_score", "--at", "5", "--by", "race", "sex", "--reference", "Caucasian"
    )
    for (group, metric), printed in PRINTED.items():
        value = 100 * figure(out, attribute="race", group=group, metric=metric, comparison="value")
        digits = len(printed.partition(".")[2])
        assert f"{value:.{digits}f}" == printed, (group, metric)
    # what the terminal says: words, figures, the file's doubled column, and that deciles are no probabilities
    ended.says("6,150 rows of compas two years.csv", "score at least 5; 49.2% were", "44.8%", "28.0%", "23.5%", "47.7%")
    ended.says(
        "race, Selected, of those without the outcome (fpr): African-American 44.8%, Caucasian 23.5%; difference +21"
    )
    ended.says("“decile_score” more than once, the same each time", "only their order counts", "restricted data")
    ended.says("sex: selection_rate, fnr, fpr, ppv")  # not told from chance
    assert rows(out, attribute="race × sex", metric="fpr", comparison="value")["value"].notna().sum() == 4
    assert rows(out, attribute="race", metric="calibration", comparison="value")["value"].isna().all()
    assert rows(out, attribute="race", metric="auc", comparison="value")["value"].notna().all()
    assert (rows(out)["state"] == "not_judged").all()


def test_what_aequitas_and_fairlearn_print_of_it(plumbline: Command, table: Path, tmp_path: Path) -> None:
    """Ratios to a reference group, and the largest gap and smallest ratio between groups."""
    out = tmp_path / "out"
    words = ["--decision", "score_text", "--positive", "Medium", "--positive", "High"]
    ended = audited(plumbline, table, out, *words, "--by", "race", "--reference", "race=Caucasian")
    ended.says("No score was named", "so decided in “score_text”")
    (tn, fp, fn, tp), (tn0, fp0, fn0, tp0) = COMPAS["African-American"], COMPAS["Caucasian"]
    selected, selected0, cases, cases0 = tp + fp, tp0 + fp0, tp + fp + fn + tn, tp0 + fp0 + fn0 + tn0
    ratios = {
        "fpr": (fp / (fp + tn)) / (fp0 / (fp0 + tn0)),
        "fnr": (fn / (fn + tp)) / (fn0 / (fn0 + tp0)),
        "tpr": (tp / (fn + tp)) / (tp0 / (fn0 + tp0)),
        "tnr": (tn / (fp + tn)) / (tn0 / (fp0 + tn0)),
        "fdr": (fp / selected) / (fp0 / selected0),
        "for": (fn / (fn + tn)) / (fn0 / (fn0 + tn0)),
        "npv": (tn / (fn + tn)) / (tn0 / (fn0 + tn0)),
        "ppv": (tp / selected) / (tp0 / selected0),
        "selection_rate": (selected / cases) / (selected0 / cases0),
    }
    of_all = {"attribute": "race", "group": "African-American", "reference": "Caucasian", "comparison": "ratio"}
    for metric, expected in {"capacity_share": selected / selected0, "group_share": cases / cases0}.items():
        (row,) = rows(out, **of_all, metric=metric).itertuples()
        assert row.value == pytest.approx(expected, abs=1e-12)  # aequitas calls the first the ppr disparity
        assert row.low < row.value < row.high
    for metric, expected in ratios.items():
        where = {"attribute": "race", "group": "African-American", "metric": metric, "reference": "Caucasian"}
        assert figure(out, **where, comparison="ratio") == pytest.approx(expected, abs=1e-12), metric
        assert rows(out, **where, comparison="difference")["low"].notna().all(), metric
    share = {"attribute": "race", "metric": "capacity_share", "comparison": "value"}
    assert figure(out, **share, group="African-American") == pytest.approx(selected / (selected + selected0), abs=1e-12)
    parity = {"attribute": "race", "metric": "selection_rate"}
    gap = figure(out, **parity, comparison="largest_gap")
    assert gap == pytest.approx(selected / cases - selected0 / cases0, abs=1e-12)
    ratio = figure(out, **parity, comparison="smallest_ratio")
    assert ratio == pytest.approx(1 / ratios["selection_rate"], abs=1e-12)


def test_what_is_left_in_the_folder(plumbline: Command, table: Path, tmp_path: Path) -> None:
    outs = [tmp_path / "one", tmp_path / "deep" / "two"]
    for out in outs:
        audited(plumbline, table, out, "--score", "decile_score", "--at", "5", "--by", "race", "--lang", "de")
    names = {
        "README.txt", "audit.json", "fairness.csv", "fairness.parquet", "tables.xlsx",
        "reports/de/fairness.html", "reports/en/fairness.html",
    }  # fmt: skip
    for out in outs:
        assert {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()} == names
        for path in (out, *out.rglob("*")):
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    for name in names:
        assert (outs[0] / name).read_bytes() == (outs[1] / name).read_bytes(), name
    about = json.loads((outs[0] / "audit.json").read_text(encoding="utf-8"))
    assert about["rows"] == sum(map(sum, COMPAS.values()))
    assert about["selection"] == {
        "rule": "threshold",
        "at": 5.0,
        "words": {"en": "Selected means: score at least 5", "de": "Ausgewählt heißt: Wert mindestens 5"},
    }
    assert about["columns"] == {"outcome": "two_year_recid", "score": "decile_score", "by": ["race"]}
    assert str(tmp_path) not in json.dumps(about)
    assert "RESTRICTED" in (outs[0] / "README.txt").read_text(encoding="utf-8")
    told = pd.read_csv(outs[0] / "fairness.csv")
    assert len(told) == len(pd.read_parquet(outs[0] / "fairness.parquet")) == len(pd.read_excel(
        outs[0] / "tables.xlsx", sheet_name="fairness"))  # fmt: skip
