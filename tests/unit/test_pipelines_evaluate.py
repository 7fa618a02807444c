"""Judging an earlier release: which rows, which scores, and what is said when records were corrected since."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data_contracts.errors import UsageError
from fairness_reports.language import Language
from fairness_reports.release import Release
from models.dataset import Rows
from pipelines.evaluate import BASE_RATE, Again, Evaluation, _predictions, _scored_again
from pipelines.evaluate_text import said
from pipelines.packs import load_pack

IDS = [f"case{i}" for i in range(40)]


class Fixed:
    """A model that says what its one column says."""

    name, base_rate = "logistic", 0.25

    def score(self, X: pd.DataFrame) -> np.ndarray:
        return X["x"].to_numpy()

    def raw(self, X: pd.DataFrame) -> np.ndarray:
        return np.log(self.score(X) / (1 - self.score(X)))


def rows(ids: list[str], values: np.ndarray) -> Rows:
    frame = pd.DataFrame({"case_id": ids, "cluster_id": ids, "as_of": pd.Timestamp("2024-01-01"), "outcome": 0.0})
    return Rows(frame.assign(returning_person=False, cohort="c"), pd.DataFrame({"x": values}))


def release(tmp_path: Path, published: pd.DataFrame | None) -> Release:
    if published is not None:
        (tmp_path / "restricted").mkdir()
        published.to_parquet(tmp_path / "restricted" / "scores.parquet")
    manifest = {"release_id": "2024-01-01-abc", "as_of": "2024-01-01", "verdict": "fit"}
    return Release(tmp_path, {**manifest, "deployed_model": {"name": "logistic", "content_hash": "0"}})


def test_published_scores_are_judged_and_every_change_since_is_counted(tmp_path: Path) -> None:
    published = pd.DataFrame({"case_id": ["gone", *IDS[:-1]], "score": np.linspace(0.1, 0.9, 40)})
    now = rows(IDS, np.r_[published["score"].to_numpy()[1:], 0.5])
    again, judged, score = _scored_again(now, Fixed(), release(tmp_path, published))  # type: ignore[arg-type]  # a model
    assert again == Again(True, compared=39, changed=0, largest=0.0, gone=1, new=1)
    assert list(judged.frame["case_id"]) == IDS[:-1]
    np.testing.assert_array_equal(score, published["score"][1:])
    now.X.loc[3, "x"] += 0.125  # a record corrected since
    again, _, score = _scored_again(now, Fixed(), Release(tmp_path, {"release_id": "r"}))  # type: ignore[arg-type]  # a model
    assert (again.changed, again.largest) == (1, pytest.approx(0.125))
    np.testing.assert_array_equal(score, published["score"][1:], "what was published is judged")


def test_withheld_scores_are_made_again(tmp_path: Path) -> None:
    values = np.linspace(0.1, 0.9, 40)
    again, judged, score = _scored_again(rows(IDS, values), Fixed(), release(tmp_path, None))  # type: ignore[arg-type]
    assert again == Again(False)
    assert len(judged.frame) == 40
    np.testing.assert_array_equal(score, values)


def test_scores_that_have_expired_are_made_again_and_were_published_all_the_same(tmp_path: Path) -> None:
    made = release(tmp_path, pd.DataFrame({"case_id": ["gone"], "score": [0.1]}))
    (tmp_path / "restricted" / "TOMBSTONE.json").write_text("{}")
    again, judged, _ = _scored_again(rows(IDS, np.full(40, 0.5)), Fixed(), made)  # type: ignore[arg-type]  # a model
    assert again == Again(True, expired=True)
    assert len(judged.frame) == 40


def test_a_release_none_of_whose_cases_is_left_is_refused(tmp_path: Path) -> None:
    published = pd.DataFrame({"case_id": ["a", "b"], "score": [0.1, 0.2]})
    with pytest.raises(UsageError, match="none of the release's cases"):
        _scored_again(rows(IDS, np.full(40, 0.5)), Fixed(), release(tmp_path, published))  # type: ignore[arg-type]


def test_everybody_gets_the_average_for_comparison() -> None:
    found = _predictions(rows(IDS, np.full(40, 0.5)), Fixed(), np.full(40, 0.4), "c")  # type: ignore[arg-type]
    assert found.groupby("model")["score"].unique().map(list).to_dict() == {BASE_RATE: [0.25], "logistic": [0.4]}
    assert len(found) == 80


@pytest.mark.parametrize("lang", ["en", "de"])
def test_the_text_counts_small_cells_as_such_and_warns_of_treatment(lang: str, tmp_path: Path) -> None:
    pack, t = load_pack("family_support"), Language(lang).t
    metrics = pd.DataFrame(
        [("logistic", "auc", 0.7123, 0.65, 0.77), ("logistic", "brier", np.nan, np.nan, np.nan)],
        columns=["model", "metric", "value", "low", "high"],
    )
    reason = SimpleNamespace(text={"en": "A reason.", "de": "Ein Grund."})
    told: dict[str, Any] = {"release": release(tmp_path, None), "day": dt.date(2025, 1, 1), "cohort": "c"}
    told |= {"model": "logistic", "cases": 1200, "unknown": 3, "metrics": metrics, "fairness": metrics}
    told |= {"reasons": [reason], "other_charter": True, "other_settings": True, "ends_early": dt.date(2024, 3, 31)}
    changed = Again(True, compared=1197, changed=4, largest=0.25, gone=11, new=0)
    text = said(Evaluation(**told, again=changed), pack, lang)
    assert "< 10" in text
    assert ("newest record is of" if lang == "en" else "neueste Eintrag ist vom") in text
    assert ("The pack has changed" if lang == "en" else "Das Paket hat sich") in text
    assert "11" in text
    assert {"en": "0.71 (0.65 to 0.77)", "de": "0,71 (0,65 bis 0,77)"}[lang] in text
    for part in ("treated", "charter", "open"):
        assert t(f"evaluate.{part}").unescape() in text
    withheld = said(Evaluation(**told, again=Again(False)), pack, lang)
    assert t("evaluate.withheld").unescape() in withheld
    assert t("evaluate.treated").unescape() not in withheld
    expired = said(Evaluation(**told, again=Again(True, expired=True)), pack, lang)
    assert t("evaluate.expired").unescape() in expired
    assert t("evaluate.treated").unescape() in expired
    assert t("evaluate.withheld").unescape() not in expired
