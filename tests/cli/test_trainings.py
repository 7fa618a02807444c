"""Which runs train, what each opening of the sealed test leaves, and judging an earlier release: by the command."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from mlflow.tracking import MlflowClient

import models.training
import pipelines.audited
import pipelines.steps
from models.registry import Registry, load_model
from tests.cli.conftest import Command, run_there
from tests.pack_copies import change
from tests.whole_runs import shared

pytestmark = pytest.mark.slow

NAME = "family_support"
DAY, EARLIER = "2025-01-01", "2024-01-01"
"""The day of the shared release, and of the cohort before; the charter has a model trained each year."""


def data_of(workshop: Path) -> tuple[str, str]:
    """The delivery that the shared release was made from; without it a simulated programme would make another."""
    return "--data", str(workshop / "many")


def folder(home: Path) -> Path:
    """The folder of the current release."""
    releases = home / "releases" / NAME
    return releases / (releases / "current").read_text(encoding="utf-8").strip()


def training(home: Path) -> dict[str, Any]:
    """What the current release says of its training."""
    said: dict[str, Any] = json.loads((folder(home) / "manifest.json").read_text(encoding="utf-8"))["training"]
    return said


def openings(warehouse: Path) -> pd.DataFrame:
    with duckdb.connect(str(warehouse), read_only=True) as con:
        return con.execute(f'SELECT * FROM ops."{NAME}__opening" ORDER BY number').df()


def tables(release: Path) -> dict[str, bytes]:
    return {path.relative_to(release).as_posix(): path.read_bytes() for path in release.rglob("*.parquet")}


def how_tested(home: Path) -> list[str]:
    """The picture of the splits, and what was seen while choosing and in the sealed test, of the current release."""
    pages = folder(home) / "open" / "reports" / "en"
    cut = re.findall(r"<svg.*?</svg>", (pages / "splits.html").read_text(encoding="utf-8"), re.DOTALL)
    assert "splits-title" in cut[0]
    models = (pages / "models.html").read_text(encoding="utf-8")
    seen = re.findall(r'<section[^>]* class="part (?:development|test)">.*?</section>', models, re.DOTALL)
    assert any("<h2>The sealed test</h2>" in each for each in seen)
    return [cut[0], *seen]


def aliases(home: Path) -> set[str]:
    client = MlflowClient(Registry(home / "mlflow.db", home / "mlartifacts").uri)
    return set(client.get_registered_model(NAME).aliases)


@pytest.fixture
def no_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever fits a model or opens the test fails."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("nothing may be fitted, and the test stays shut")

    monkeypatch.setattr(models.training, "fit_model", refuse)
    monkeypatch.setattr(pipelines.steps, "develop", refuse)
    monkeypatch.setattr(pipelines.steps, "open_test", refuse)
    for name in ("_audit", "origins", "compare_options"):  # who is scored now is audited in every run
        monkeypatch.setattr(pipelines.audited, name, refuse)


@pytest.mark.usefixtures("no_fit")
def test_a_second_run_trains_nothing_and_gives_the_same_release(
    plumbline: Command, pack: Path, released_home: Path, workshop: Path
) -> None:
    before, release = tables(folder(released_home)), folder(released_home)
    ended = plumbline("run", pack, *data_of(workshop), "--as-of", DAY, code=0)
    ended.says(
        "Not trained now, the sealed test stays shut", "opened once under this charter", "due again on 2026-01-01"
    )
    assert folder(released_home) == release
    assert tables(release) == before
    assert [path.name for path in release.parent.iterdir() if path.is_dir()] == [release.name]
    assert len(openings(released_home / "warehouse.duckdb")) == 1
    assert aliases(released_home) == {"candidate", "champion"}


def test_until_it_is_due_a_later_day_is_scored_by_the_same_model(
    plumbline: Command, pack: Path, released_home: Path, no_fit: None, workshop: Path
) -> None:
    first, cut = pd.read_parquet(folder(released_home) / "restricted" / "scores.parquet"), how_tested(released_home)
    plumbline("run", pack, *data_of(workshop), "--as-of", "2025-12-31", code=2)  # every cohort is closed by then
    plumbline("run", pack, *data_of(workshop), "--as-of", "2025-03-01", code=0).says("Not trained now")
    scores = pd.read_parquet(folder(released_home) / "restricted" / "scores.parquet")
    assert set(scores["model_version"]) == set(first["model_version"])
    said = training(released_home)
    assert (said["trained_as_of"], said["reason"], said["openings"]) == (DAY, "first_training", 1)
    assert how_tested(released_home) == cut  # of the training, not of this day


def test_retrain_opens_the_test_again_and_counts_it(
    plumbline: Command, pack: Path, released_home: Path, workshop: Path
) -> None:
    release = folder(released_home)
    plumbline("run", pack, *data_of(workshop), "--as-of", DAY, "--retrain", code=0).says(
        "Trained as of", "with --retrain", "opened twice"
    )
    assert folder(released_home) != release
    assert (training(released_home)["openings"], training(released_home)["openings_before"]) == (2, 0)
    there = openings(released_home / "warehouse.duckdb")
    assert list(there["number"]) == [1, 2]
    assert list(there["reason"]) == ["first_training", "asked"]
    assert there["charter_hash"].nunique() == 1
    # the same rows give the same model: MLflow has no second version of it
    client = MlflowClient(Registry(released_home / "mlflow.db", released_home / "mlartifacts").uri)
    assert len(client.search_model_versions(f"name = '{NAME}'")) == 1


def test_a_changed_charter_starts_a_new_count_and_says_so(
    plumbline: Command, pack: Path, released_home: Path, tmp_path: Path, workshop: Path
) -> None:
    other = Path(shutil.copytree(pack, tmp_path / "other"))
    change(other, "charter.yaml", lambda charter: charter.update(selection_margin=0.02))
    ended = plumbline("run", other, *data_of(workshop), "--as-of", DAY, code=0)
    ended.says("the charter has changed", "counted anew", "opened once under this charter, and once under other ones")
    assert (training(released_home)["openings"], training(released_home)["openings_before"]) == (1, 1)
    card = (folder(released_home) / "open" / "reports" / "en" / "model_card.html").read_text(encoding="utf-8")
    assert "once under this charter" in card
    assert "once under other charters" in card
    assert openings(released_home / "warehouse.duckdb")["charter_hash"].nunique() == 2


def test_an_opening_counts_though_the_run_breaks(
    plumbline: Command, pack: Path, released_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workshop: Path
) -> None:
    """What is committed when the test is opened is seen in a copy of the files made at that moment."""
    before, seen = tables(folder(released_home)), tmp_path / "seen.duckdb"

    def breaks(*_: object, **__: object) -> None:
        for end in ("", ".wal"):
            there = released_home / f"warehouse.duckdb{end}"
            if there.exists():
                shutil.copyfile(there, seen.with_name(seen.name + end))
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(pipelines.steps, "open_test", breaks)
        plumbline("run", pack, *data_of(workshop), "--as-of", DAY, "--retrain", code=1)
    duckdb.connect(str(seen)).close()  # takes in the log
    assert list(openings(seen)["reason"]) == ["first_training", "asked"]
    assert tables(folder(released_home)) == before
    plumbline("run", pack, *data_of(workshop), "--as-of", DAY, code=0).says(
        "Not trained now", "opened twice under this charter"
    )
    assert training(released_home)["openings"] == 2


@pytest.fixture(scope="module")
def two_days(released: Path, workshop: Path, key_file: Path, runs_root: Path) -> Path:
    """A copy of the released home in which the day before was run afterwards; read only, to be copied."""

    def make(home: Path) -> None:
        shutil.copytree(released, home)
        run_there(workshop, key_file, home, EARLIER)

    return shared(runs_root, "cli_two_days", make)


@pytest.fixture
def two_days_home(two_days: Path, home: Path) -> Path:
    return Path(shutil.copytree(two_days, home))


def test_an_earlier_day_gets_a_model_of_its_own(two_days: Path) -> None:
    said = training(two_days)
    assert (said["trained_as_of"], said["reason"], said["openings"]) == (EARLIER, "earlier_day", 2)
    client = MlflowClient(Registry(two_days / "mlflow.db", two_days / "mlartifacts").uri)
    versions = {name: str(version) for name, version in client.get_registered_model(NAME).aliases.items()}
    assert versions == {"candidate": "1", "champion": "1"}, "the model of the later day keeps the names"
    assert len(client.search_model_versions(f"name = '{NAME}'")) == 2


def test_scoring_a_day_again_gives_the_stored_scores(
    plumbline: Command, pack: Path, two_days_home: Path, no_fit: None, workshop: Path
) -> None:
    releases = sorted(path for path in (two_days_home / "releases" / NAME).iterdir() if path.is_dir())
    assert [path.name[:10] for path in releases] == [EARLIER, DAY]
    for day, release in ((DAY, releases[1]), (EARLIER, releases[0])):
        before = tables(release)
        plumbline("run", pack, *data_of(workshop), "--as-of", day, code=0).says("Not trained now")
        assert folder(two_days_home) == release
        assert tables(release) == before
        aside = release.rename(two_days_home / "aside")
        (release.parent / "current").unlink()
        plumbline(
            "run", pack, *data_of(workshop), "--as-of", day, code=0
        )  # nothing is there to be kept: it is all written anew
        assert folder(two_days_home) == release
        assert tables(release) == before
        shutil.rmtree(aside)


def test_a_model_that_is_damaged_is_not_fitted_again_on_the_quiet(
    plumbline: Command, pack: Path, released_home: Path, workshop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = released_home / "mlartifacts" / NAME / "models"
    stored = {path: path.read_bytes() for path in store.glob("*.skops")}
    for path, content in stored.items():
        path.write_bytes(content[:-10])
    with monkeypatch.context() as patch:
        patch.setattr(pipelines.steps, "develop", None)
        ended = plumbline("run", pack, *data_of(workshop), "--as-of", DAY, code=1)
    ended.says("the stored model is not the file that was written", "run with --retrain", "sealed test opened again")
    plumbline("run", pack, *data_of(workshop), "--as-of", DAY, "--retrain", code=0).says("opened twice")
    for path in stored:  # named by their content: the same rows gave the same models, and they can be read
        assert load_model(store, path.stem).version == path.stem


def too_strict(charter: dict[str, Any]) -> None:
    charter["performance"][0]["at_least"] = 0.999


def test_a_verdict_that_is_not_fit_withdraws_scores_until_another_training(
    plumbline: Command, pack: Path, released_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workshop: Path
) -> None:
    case = str(pd.read_parquet(folder(released_home) / "restricted" / "scores.parquet")["case_id"].iloc[0])
    plumbline("explain", pack, case, code=0)
    strict = Path(shutil.copytree(pack, tmp_path / "strict"))
    change(strict, "charter.yaml", too_strict)
    plumbline("run", strict, *data_of(workshop), "--as-of", DAY, code=3).says(
        "No scores are published", "the charter has changed"
    )
    assert aliases(released_home) == {"candidate"}
    for _ in range(2):
        assert not (folder(released_home) / "restricted" / "scores.parquet").exists()
        plumbline("explain", strict, case, code=3).says("Refused", "not met")
        with duckdb.connect(str(released_home / "warehouse.duckdb"), read_only=True) as con:
            kept = con.execute("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE '%scores%'").fetchall()
        assert kept == []
        with monkeypatch.context() as patch:
            patch.setattr(pipelines.steps, "develop", None)  # the champion's training was not fit, and stays so
            plumbline("run", strict, *data_of(workshop), "--as-of", DAY, code=3).says(
                "Not trained now", "No scores are published"
            )
    # judged afterwards all the same, as a whole
    ended = plumbline("evaluate", strict, "--as-of", DAY, "--on", "2025-08-15", code=0)
    # the delivery ends on that day, so nothing is recorded of what came: said as it is, without a figure
    ended.says("No scores were published", "Ranking (AUC): no figure", "The outcome never occurs", "disclosure control")
    assert "may have changed the outcomes" not in ended.out


# Judging an earlier release


@pytest.mark.measured
def test_an_earlier_release_is_judged_by_what_came_of_it(plumbline: Command, pack: Path, two_days_home: Path) -> None:
    release = folder(two_days_home)
    before = {path: path.read_bytes() for path in (two_days_home / "releases").rglob("*") if path.is_file()}
    warehouse = (two_days_home / "warehouse.duckdb").read_bytes()
    ended = plumbline("evaluate", pack, "--as-of", EARLIER, "--on", DAY, code=0)
    ended.says(release.name, "have the score that was published", "Ranking (AUC): 0.", "met", "no verdict")
    ended.says("may have changed the outcomes")
    left = two_days_home / "evaluations" / NAME / release.name / DAY
    ended.says(str(left))
    assert {path.name for path in left.iterdir()} == {"metrics.parquet", "fairness.parquet", "evaluation.json"}
    assert {oct(path.stat().st_mode)[-3:] for path in left.iterdir()} == {"600"}
    assert oct(left.stat().st_mode)[-3:] == oct(left.parents[2].stat().st_mode)[-3:] == "700"
    found = json.loads((left / "evaluation.json").read_text(encoding="utf-8"))
    scores = pd.read_parquet(release / "restricted" / "scores.parquet")
    assert found["cases"] == found["scores"]["compared"] == len(scores)
    assert (found["scores"]["changed"], found["scores"]["largest"], found["unknown_outcomes"]) == (0, 0.0, 0)
    assert found["possibly_treated"] is True

    # the figures by another way: outcomes of the later day's warehouse, scores of the release
    with duckdb.connect(str(two_days_home / "warehouse.duckdb"), read_only=True) as con:
        known = con.execute(
            'SELECT c.case_id, max(CASE WHEN e.event_id IS NULL THEN 0 ELSE 1 END) AS y FROM cohort."case" c '
            "LEFT JOIN core.event e ON e.person_id = c.person_id AND e.event_type = 'crisis_placement' "
            "AND e.event_at >= c.as_of AND e.event_at < c.as_of + 180 AND e.known_at < DATE '2025-01-01' "
            "WHERE c.as_of = DATE '2024-01-01' GROUP BY 1"
        ).df()
    joined = scores.merge(known, on="case_id", validate="1:1")
    from sklearn.metrics import brier_score_loss, roc_auc_score

    metrics = pd.read_parquet(left / "metrics.parquet").set_index(["model", "metric"])["value"]
    model = found["model"]["name"]
    assert metrics[model, "auc"] == pytest.approx(roc_auc_score(joined["y"], joined["score"]))
    assert metrics[model, "brier"] == pytest.approx(brier_score_loss(joined["y"], joined["score"]))
    assert metrics["base_rate", "auc"] == pytest.approx(0.5)
    assert {path: path.read_bytes() for path in (two_days_home / "releases").rglob("*") if path.is_file()} == before
    assert (two_days_home / "warehouse.duckdb").read_bytes() == warehouse
    assert not list(two_days_home.glob("rehearsal*"))
    plumbline("evaluate", pack, "--as-of", EARLIER, "--on", DAY, "--lang", "de", code=0).says("Kohorte", "kein Urteil")


@pytest.mark.measured
def test_what_cannot_be_judged_is_said(plumbline: Command, pack: Path, two_days_home: Path) -> None:
    ask = ("evaluate", pack, "--as-of")
    plumbline(*ask, EARLIER, "--on", "2024-03-01", code=2).says("is not closed on 2024-03-01", "It closes on 2024-")
    plumbline(*ask, "2023-05-05", code=2).says("no release of this day", EARLIER, DAY)
    plumbline(*ask, EARLIER, "--on", EARLIER, code=2).says("the day is out of range")
    plumbline(*ask, EARLIER, "--on", "2999-01-01", code=2).says("the day is out of range")
    for model in (two_days_home / "mlartifacts" / NAME / "models").glob("*.skops"):
        model.unlink()
    plumbline(*ask, EARLIER, "--on", DAY, code=1).says("the stored model is not there", "backup")
    assert not (two_days_home / "evaluations").exists()


@pytest.mark.usefixtures("no_fit")
def test_who_is_erased_leaves_what_a_training_kept(
    plumbline: Command, pack: Path, released_home: Path, tmp_path: Path, workshop: Path
) -> None:
    """A later snapshot no longer holds some cases: nothing of them is published again, and nothing of them stays."""
    data = Path(shutil.copytree(workshop / "many", tmp_path / "data"))
    files = {path: pd.read_csv(path, dtype=str, keep_default_na=False) for path in data.glob("*.csv")}
    cases = files[data / "cases.csv"]
    gone = set(cases.loc[cases["opened_on"] < "2022-06-01", "case_id"].iloc[::40])
    for path, rows in files.items():
        if "case_id" in rows:
            rows[~rows["case_id"].isin(gone)].to_csv(path, index=False, lineterminator="\n")
    before = pd.read_parquet(folder(released_home) / "restricted" / "backtest.parquet")
    plumbline("run", pack, "--data", data, "--as-of", DAY).says("Not trained now")
    after = pd.read_parquet(folder(released_home) / "restricted" / "backtest.parquet")
    erased = set(before["case_id"]) - set(after["case_id"])
    assert 0 < len(erased) <= len(gone)
    with duckdb.connect(str(released_home / "warehouse.duckdb"), read_only=True) as con:
        kept = con.execute(
            "SELECT table_schema, table_name FROM information_schema.columns WHERE column_name = 'case_id' "
            "AND table_schema IN ('models', 'audit')"
        ).fetchall()
        assert len(kept) >= 4
        for schema, name in kept:
            held = {case for (case,) in con.execute(f'SELECT DISTINCT case_id FROM {schema}."{name}"').fetchall()}
            assert not held & erased, name


def test_a_model_that_is_used_for_two_years_is_tested_on_both(
    plumbline: Command, pack: Path, home: Path, tmp_path: Path, workshop: Path
) -> None:
    """`test_for`: most cases stand in the test twice, once for each day; a second run publishes the same."""
    longer = Path(shutil.copytree(pack, tmp_path / "longer"))
    change(longer, "programme.yaml", lambda content: content.update(splits={"last": 2, "test_for": "18mo"}))
    plumbline("run", longer, *data_of(workshop), "--as-of", DAY)
    tested = pd.read_parquet(folder(home) / "restricted" / "backtest.parquet")
    days = tested.groupby(["split", "model", "case_id"])["as_of"].nunique()
    assert days.max() == 2
    assert tested["as_of"].astype(str).max() == EARLIER
    first = tables(folder(home))
    plumbline("run", longer, *data_of(workshop), "--as-of", DAY).says("Not trained now")
    assert tables(folder(home)) == first
