"""Fictional cases through the public command: a wrong order, or too many scores that say nothing, end in not fit."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from pipelines.packs import BUILT_IN
from tests.pack_copies import change
from tests.whole_runs import Ran, World, make_pack, run

BECAUSE = {"en": "Turned round for a test.", "de": "Für einen Test umgedreht."}
ABSURD = {"higher": "blank_newborn", "lower": "many_recent_concerns", "because": BECAUSE}


@pytest.fixture(scope="module")
def absurd(world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    folder = tmp_path_factory.mktemp("absurd")
    pack = make_pack(folder / "pack")
    shutil.copy(BUILT_IN / "family_support" / "vignettes.yaml", pack)
    change(pack, "vignettes.yaml", lambda content: content.update(order=[content["order"][-1], ABSURD]))
    why = {"at_most": 0.0, "reason": BECAUSE}
    change(pack, "charter.yaml", lambda content: content.update(uninformative=why))
    return pack, run(world, folder / "home", pack=pack)


@pytest.mark.slow
def test_a_wrong_order_and_too_many_empty_scores_end_without_scores(absurd: tuple[Path, Ran]) -> None:
    _, ran = absurd
    assert ran.exit_code == 3, ran.text
    assert "“Turned round for a test” does not hold." in ran.text
    assert "Scores that are not informative" in ran.text
    manifest = ran.release.manifest
    assert manifest["verdict"] == "not_fit"
    assert {"vignette_order", "too_many_uninformative"} <= {reason["code"] for reason in manifest["reasons"]}
    assert not ran.release.has("scores")
    assert 0 < manifest["uninformative"]["share"] < 1
    assert manifest["uninformative"]["n"] > 100
    *_, last = manifest["statements"]
    assert last == {**ABSURD, "holds": False}


@pytest.mark.slow
def test_the_manifest_holds_every_vignette_and_blank_cases_are_alike(absurd: tuple[Path, Ran]) -> None:
    told: dict[str, dict[str, Any]] = {each["name"]: each for each in absurd[1].release.manifest["vignettes"]}
    assert len(told) == 8
    newborn, seventeen = told["blank_newborn"], told["blank_seventeen"]
    assert (newborn["age_years"], seventeen["age_years"]) == (0, 17)
    same = ("score", "low", "high", "informative", "reason")
    assert [newborn[name] for name in same] == [seventeen[name] for name in same]
    assert newborn["reason"] == "thin_evidence"
    assert all(each["low"] <= each["score"] <= each["high"] for each in told.values())
    assert all(set(each["story"]) == {"en", "de"} for each in told.values())
    concerns = told["many_recent_concerns"]
    assert concerns["band"] == "higher"
    first, *_ = concerns["reasons"]
    assert first["contribution"] == max(abs(each["contribution"]) for each in concerns["reasons"])
    assert first["value"] is not None
    for each in told.values():
        sides = [reason["contribution"] > 0 for reason in each["reasons"]]
        assert 0 < max(sides.count(True), sides.count(False)) <= 3


@pytest.mark.slow
def test_statements_that_hold_stand_in_no_ones_way(absurd: tuple[Path, Ran], world: World, tmp_path: Path) -> None:
    pack = Path(shutil.copytree(absurd[0], tmp_path / "pack"))
    shutil.copy(BUILT_IN / "family_support" / "vignettes.yaml", pack)
    change(pack, "vignettes.yaml", lambda content: content.update(order=content["order"][2:4]))
    change(pack, "charter.yaml", lambda content: content.pop("uninformative"))
    ran = run(world, tmp_path / "home", pack=pack)
    assert ran.exit_code == 0, ran.text
    assert "vignettes_in_order" in {reason["code"] for reason in ran.release.manifest["met"]}
    assert {each["holds"] for each in ran.release.manifest["statements"]} == {True}
    scores = ran.release.table("scores")
    assert (scores["informative"] == scores["reason"].isna()).all()
