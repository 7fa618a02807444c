"""A release as a whole: what its numbers must satisfy, what MLflow keeps of it, who may read the home."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data_contracts.errors import PlumblineError
from models.registry import load_model
from pipelines.packs import load_pack
from tests.whole_runs import NAME, Ran, World

pytestmark = pytest.mark.slow


def test_contributions_add_up_to_raw_for_every_case(plain: Ran) -> None:
    scores = plain.release.table("scores").set_index(["case_id", "as_of"])
    sums = plain.release.table("explanations").groupby(["case_id", "as_of"])["contribution"].sum()
    assert set(sums.index) == set(scores.index)
    gap = (scores["base_value"] + sums.reindex(scores.index) - scores["raw"]).abs()
    assert gap.max() <= 1e-9
    assert scores["raw"].std() > 0.1


def test_scores_are_probabilities_within_their_intervals(plain: Ran) -> None:
    scores = plain.release.table("scores")
    cohort = plain.query("SELECT case_id FROM cohort.\"case\" WHERE as_of = DATE '2025-01-01'")
    assert sorted(scores["case_id"]) == sorted(cohort["case_id"])
    assert scores["case_id"].is_unique
    assert scores[["score", "low", "high"]].notna().all(axis=None)
    assert scores["score"].between(0, 1).all()
    assert (scores["low"] <= scores["score"]).all()
    assert (scores["score"] <= scores["high"]).all()
    assert scores["low"].min() >= 0
    assert scores["high"].max() <= 1


def test_every_case_has_every_factor_ranked_once(plain: Ran) -> None:
    reasons = plain.release.table("explanations")
    cases = reasons.groupby("case_id")
    assert cases["factor"].nunique().nunique() == 1
    for _, ranks in cases["rank"]:
        assert sorted(ranks) == list(range(1, len(ranks) + 1))
    assert (reasons["evidence_ids"].map(len) == reasons["evidence_count"].clip(upper=20)).all()


def test_one_model_is_named_everywhere(plain: Ran) -> None:
    manifest = plain.release.manifest
    assert set(plain.release.table("scores")["model_version"]) == {manifest["deployed_model"]["content_hash"]}
    assert manifest["audited_model"]["name"] == manifest["deployed_model"]["name"] == "hist_gradient_boosting"
    assert manifest["charter_hash"] == load_pack(str(plain.home.with_name("world") / "pack")).charter.sha256
    assert {each["file"] for each in manifest["inputs"]} == {path.name for path in _data(plain).glob("*.csv")}


def _data(ran: Ran) -> Path:
    return World(ran.home.with_name("world")).data


# MLflow


def test_mlflow_has_one_run_with_hashes_metrics_and_models(plain: Ran) -> None:
    manifest = plain.release.manifest
    with sqlite3.connect(plain.home / "mlflow.db") as con:
        assert con.execute("SELECT name, status FROM runs").fetchall() == [(manifest["release_id"], "FINISHED")]
        tags = dict(con.execute("SELECT key, value FROM tags").fetchall())
        logged = dict(con.execute("SELECT key, value FROM metrics").fetchall())
        (location,) = con.execute("SELECT artifact_uri FROM runs").fetchone()
    assert tags["hash.charter"] == manifest["charter_hash"]
    assert tags["hash.config"] == manifest["config_hash"]
    assert tags["hash.code"] == manifest["code_version"]
    assert len(tags["hash.files"]) == 64
    for name, digest in manifest["training"]["data"].items():
        assert tags[f"hash.{name}"] == digest
    assert tags["model_version.audited0"] == manifest["audited_model"]["content_hash"]
    assert tags["model_version.deployed"] == manifest["deployed_model"]["content_hash"]
    metrics = plain.release.table("metrics")
    auc = metrics[(metrics["metric"] == "auc") & (metrics["model"] == "hist_gradient_boosting")].iloc[-1]
    # the registry of the home keeps exact figures, the open part rounded ones
    assert logged[f"{auc['split']}/hist_gradient_boosting/auc"] == pytest.approx(auc["value"], abs=0.03)
    artifacts = Path(location.removeprefix("file://"))
    assert artifacts.is_relative_to(plain.home / "mlartifacts")
    for role in ("audited0", "deployed"):
        version = manifest[f"{role.rstrip(chr(48))}_model"]["content_hash"]
        assert sorted(path.name for path in (artifacts / role).iterdir()) == [f"{version}.json", f"{version}.skops"]


def test_no_row_is_in_what_mlflow_and_dagster_keep(plain: Ran) -> None:
    scores = plain.release.table("scores")
    wanted = [*scores["case_id"].head(50), *scores["person_id"].head(50)]
    source = pd.read_csv(_data(plain) / "cases.csv", dtype=str)
    wanted += [*source["case_id"].head(50), *source["household_id"].head(50)]
    kept = [plain.home / "mlflow.db", *(plain.home / "dagster").rglob("*"), *(plain.home / "mlartifacts").rglob("*")]
    for path in kept:
        content = path.read_bytes() if path.is_file() else b""
        assert not [name for name in wanted if name.encode() in content], path


def test_no_key_of_the_source_is_in_the_release(plain: Ran) -> None:
    source = pd.read_csv(_data(plain) / "cases.csv", dtype=str)
    known = {*source["case_id"], *source["person_id"], *source["household_id"]}
    for name in ("backtest", "scores", "explanations"):
        frame = plain.release.table(name)
        for column in frame.select_dtypes(exclude=["number", "datetime", "bool"]):
            assert not known & set(frame[column].map(str)), f"{name}.{column}"


@pytest.fixture
def tampered_store(plain: Ran, tmp_path: Path) -> tuple[Path, str]:
    store = Path(shutil.copytree(plain.home / "mlartifacts" / NAME / "models", tmp_path / "models"))
    return store, plain.release.manifest["deployed_model"]["content_hash"]


def test_a_model_file_that_was_tampered_with_is_refused(tampered_store: tuple[Path, str]) -> None:
    store, version = tampered_store
    load_model(store, version)
    path = store / f"{version}.skops"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(PlumblineError, match="not the file that was written"):
        load_model(store, version)


def test_a_tampered_model_under_a_matching_card_is_refused(plain: Ran, tampered_store: tuple[Path, str]) -> None:
    import hashlib

    store, version = tampered_store
    other = plain.release.manifest["audited_model"]["content_hash"]
    assert other != version
    content = (store / f"{other}.skops").read_bytes()
    (store / f"{version}.skops").write_bytes(content)
    card = json.loads((store / f"{version}.json").read_text())
    (store / f"{version}.json").write_text(json.dumps(card | {"sha256": hashlib.sha256(content).hexdigest()}))
    with pytest.raises(PlumblineError, match="not what its name says"):
        load_model(store, version)


# Who may read the home


def test_everything_in_the_home_is_its_owners_alone(plain: Ran) -> None:
    wrong = []
    for path in [plain.home, *plain.home.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode != (0o700 if path.is_dir() else 0o600) or path.stat().st_uid != os.getuid():
            wrong.append(f"{path.relative_to(plain.home)}: {mode:o}")
    assert wrong == []


def test_everything_is_its_owners_alone_after_a_refusal_too(refused: Ran) -> None:
    modes = {oct(stat.S_IMODE(path.stat().st_mode)) for path in refused.home.rglob("*") if path.is_file()}
    assert modes == {"0o600"}


def test_the_key_is_its_owners_alone_and_outside_the_home(world: World, plain: Ran) -> None:
    assert stat.S_IMODE(world.key.stat().st_mode) == 0o600
    assert not world.key.is_relative_to(plain.home)


def test_each_case_is_tested_once_by_each_model(plain: Ran) -> None:
    backtest = plain.release.table("backtest")
    assert np.isfinite(backtest["score"]).all()
    assert backtest.groupby(["split", "model", "case_id"]).size().max() == 1
