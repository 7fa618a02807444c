"""A biased score: one community is recorded far more at equal need. The run ends without scores and says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import whole_runs
from tests.pack_copies import change
from tests.whole_runs import Ran, World, make_pack

pytestmark = pytest.mark.slow

TOLERANCE = 0.1


@pytest.fixture(scope="module")
def biased(world: World, runs_root: Path) -> Ran:
    def make(home: Path) -> Ran:
        data = whole_runs.biased_data(home.with_name("biased_data"))
        pack = make_pack(home.with_name("biased_pack"))
        why = {"en": "For a test.", "de": "Für einen Test."}
        gap = {"metric": "fpr", "attribute": "community", "tolerance": TOLERANCE, "reason": why}
        change(pack, "charter.yaml", lambda charter: charter.update(fairness=[gap]))
        return whole_runs.run(world, home, data=data, pack=pack)

    return whole_runs.shared_run(runs_root, "biased", make)


def test_a_biased_score_ends_in_a_refusal_with_its_reasons(biased: Ran) -> None:
    assert biased.exit_code == 3, biased.text
    manifest = biased.release.manifest
    assert manifest["verdict"] == "not_fit"
    reason = next(each for each in manifest["reasons"] if each["code"] == "gap_outside")
    assert (reason["metric"], reason["attribute"]) == ("fpr", "community")
    assert abs(reason["value"]) > TOLERANCE
    assert min(abs(reason["low"]), abs(reason["high"])) > TOLERANCE
    assert reason["text"]["en"] in biased.text
    assert "No scores are published." in biased.text


def test_nothing_of_the_scores_is_published(biased: Ran) -> None:
    release = biased.release
    assert release.has("backtest")
    assert release.has("fairness")
    assert not release.has("scores")
    assert not release.has("explanations")
    assert not [
        path for path in release.path.rglob("*") if "scores" in path.name or "explanations.parquet" in path.name
    ]
    fairness = release.table("fairness")
    judged = fairness[
        fairness["confirmatory"] & (fairness["metric"] == "fpr") & (fairness["comparison"] == "difference")
    ]
    assert "outside" in set(judged["state"])
