"""student_support through the public command, and held against what happened afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from fairness_reports.release import current_release
from pipelines.cli import run_command
from tests.pack_copies import change, copy_pack, thin

DAY = "2014-10-31"


def looser(charter: dict[str, Any]) -> None:
    """Thresholds that any model meets; nothing else of the charter changes."""
    for threshold in charter["performance"]:
        threshold.update({"at_least": -1.0} if "at_least" in threshold else {"at_most": 1.0})
    for threshold in charter["fairness"]:
        threshold["tolerance"] = 0.9


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("students")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLUMBLINE_KEY_FILE", str(folder / "key"))
        patch.delenv("PLUMBLINE_DEBUG", raising=False)
        yield folder


@pytest.mark.slow
def test_scores_rank_and_meet_what_happened_afterwards(oulad: Path, place: Path) -> None:
    pack = copy_pack(place / "pack", "student_support")
    change(pack, "charter.yaml", looser)
    thin(pack)
    line = ["run", str(pack), "--data", str(oulad), "--as-of", DAY, "--home", str(place / "home")]
    assert run_command(line) == 0
    release = current_release(place / "home" / "releases", "student_support")
    assert release is not None
    reasons = release.table("explanations").groupby("case_id")["contribution"].sum()
    scores = release.table("scores").set_index("case_id")
    assert (scores["base_value"] + reasons - scores["raw"]).abs().max() <= 1e-9

    table, out = release.path / "restricted" / "scores.parquet", place / "relinked.parquet"
    relink = ["relink", str(table), "--data", str(oulad), "--out", str(out), "--programme", str(pack)]
    assert run_command([*relink, "--purpose", "test", "--home", str(place / "home")]) == 0
    linked = pd.read_parquet(out)
    linked[["code_module", "code_presentation"]] = linked["case_id"].str.split("-", expand=True)[[0, 1]]
    linked["id_student"] = linked["source_student"].astype(int)
    records = pd.read_csv(oulad / "studentRegistration.csv.gz")
    joined = linked.merge(records, on=["code_module", "code_presentation", "id_student"], validate="1:1")
    assert len(joined) == len(linked) == 9204
    withdrew = joined["date_unregistration"].between(30, 119)
    assert withdrew.sum() == 948
    assert roc_auc_score(withdrew, joined["score"]) >= 0.67
    assert abs(joined["score"].mean() - withdrew.mean()) <= 0.02


@pytest.mark.slow
def test_the_verdict_is_honest_and_its_reasons_name_threshold_value_and_interval(
    oulad: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack = copy_pack(place / "strict", "student_support")
    thin(pack)
    line = ["run", str(pack), "--data", str(oulad), "--as-of", DAY, "--home", str(place / "home")]
    code = run_command(line)
    release = current_release(place / "home" / "releases", "student_support")
    assert release is not None
    assert code == (0 if release.manifest["verdict"] == "fit" else 3)
    assert release.has("scores") is (code == 0)
    for reason in release.manifest["reasons"]:
        if reason["code"] == "vignette_order":  # a statement in words, no figure
            continue
        assert None not in [reason[name] for name in ("threshold", "value", "low", "high")]
        assert "interval" in reason["text"]["en"]
        assert "Intervall" in reason["text"]["de"]
    assert sum(reason.get("metric") == "auc" for reason in release.manifest["met"]) == 1
