"""Storage of models: nothing is loaded that was not written here, and loading changes no bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io

from data_contracts.errors import PlumblineError
from models import registry
from models.dataset import Rows
from models.model import Model, fit_model
from models.registry import Registry, data_hash, fit_or_load, load_model, save_model, training_key
from models.spec import CandidateSpec
from tests.models_candidates import KINDS

pytestmark = [pytest.mark.slow, pytest.mark.measured]


def data() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    X = pd.DataFrame(generator.normal(size=(300, 2)), columns=["a", "b"])
    X.iloc[::7, 1] = np.nan
    y = (generator.random(300) < 1 / (1 + np.exp(1 - X["a"]))).to_numpy(dtype=np.float64)
    return X, y, np.array([f"k{i // 2}" for i in range(300)], dtype=object)


def made(name: str = "logistic") -> Model:
    params = {"max_trees": 8, "min_samples_leaf": 10} if name == "hist_gradient_boosting" else {}
    X, y, clusters = data()
    spec = CandidateSpec(name=name, params=params)  # type: ignore[arg-type]  # a known name
    return fit_model(spec, X, y, clusters, seed=1, calibration_share=0.3)


@pytest.mark.parametrize("name", KINDS)
def test_a_stored_model_comes_back_bit_for_bit(tmp_path: Path, name: str) -> None:
    model, (X, _, _) = made(name), data()
    stored = save_model(model, tmp_path / "store")
    back = load_model(tmp_path / "store", stored.version)
    assert back.version == model.version == stored.version
    assert back.raw(X).tobytes() == model.raw(X).tobytes()
    for one, other in zip(model.calibrator.interval(model.raw(X)), back.calibrator.interval(back.raw(X)), strict=True):
        assert one.tobytes() == other.tobytes()
    for ours, theirs in zip(
        model.fitted.contributions(X.to_numpy()), back.fitted.contributions(X.to_numpy()), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    assert oct(stored.path.stat().st_mode)[-3:] == "600"
    assert oct((tmp_path / "store").stat().st_mode)[-3:] == "700"


def test_an_unchanged_model_is_not_written_again(tmp_path: Path) -> None:
    first = save_model(made(), tmp_path)
    before = first.path.read_bytes(), first.path.stat().st_mtime_ns
    assert save_model(made(), tmp_path) == first
    assert (first.path.read_bytes(), first.path.stat().st_mtime_ns) == before
    first.path.write_bytes(b"damaged")
    assert load_model(tmp_path, save_model(made(), tmp_path).version).version == first.version


def test_a_changed_file_is_not_loaded(tmp_path: Path) -> None:
    stored = save_model(made(), tmp_path)
    stored.path.write_bytes(stored.path.read_bytes() + b" ")
    with pytest.raises(PlumblineError, match="not the file that was written"):
        load_model(tmp_path, stored.version)
    stored.path.with_suffix(".json").write_text("not json")
    with pytest.raises(PlumblineError, match="not the file that was written"):
        load_model(tmp_path, stored.version)
    with pytest.raises(PlumblineError, match="is not there"):
        load_model(tmp_path, "0" * 32)


def _put(folder: Path, version: str, content: bytes) -> None:
    (folder / f"{version}.skops").write_bytes(content)
    (folder / f"{version}.json").write_text(json.dumps({"version": version, "sha256": registry._sha256(content)}))


def test_other_types_and_other_content_are_refused_even_with_the_right_hash(tmp_path: Path) -> None:
    _put(tmp_path, "strange", skops.io.dumps({"fitted": made()}))
    with pytest.raises(PlumblineError, match=r"types that are not allowed: .*models\.model\.Model"):
        load_model(tmp_path, "strange")
    _put(tmp_path, "swapped", skops.io.dumps(made().state()))
    with pytest.raises(PlumblineError, match="content is not what its name says"):
        load_model(tmp_path, "swapped")


def key(**changes: object) -> str:
    X, y, clusters = data()
    arguments = {"X": X, "y": y, "clusters": clusters, "seed": 1, "calibration_share": 0.3, **changes}
    arguments.setdefault("spec", CandidateSpec(name="logistic"))
    return training_key(**arguments)  # type: ignore[arg-type]  # one of them changed


def test_the_training_key_changes_with_everything_a_fit_depends_on(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y, clusters = data()
    other_clusters = clusters.copy()
    other_clusters[0] = "k99"
    keys = [
        key(),
        key(X=X + 1e-15),
        key(X=X.rename(columns={"a": "c"})),
        key(y=1 - y),
        key(clusters=other_clusters),
        key(seed=2),
        key(calibration_share=0.2),
        key(spec=CandidateSpec(name="one_factor")),
        key(spec=CandidateSpec(name="logistic", params={"inverse_penalty": 0.2})),
    ]
    monkeypatch.setattr(registry, "_code", lambda: ["other code"])
    keys.append(key())
    assert len(set(keys)) == len(keys)
    assert key() == keys[-1]


def test_an_unchanged_fit_is_read_from_the_store(tmp_path: Path) -> None:
    calls = []

    def fit() -> Model:
        calls.append(1)
        return made()

    versions = [fit_or_load(tmp_path, "k", fit).version for _ in range(2)]
    assert (len(calls), len(set(versions))) == (1, 1)
    fit_or_load(tmp_path, "k", fit, retrain=True)
    fit_or_load(tmp_path, "other", fit)
    fit_or_load(None, "k", fit)
    assert len(calls) == 4
    next(tmp_path.glob("*.skops")).write_bytes(b"damaged")
    assert fit_or_load(tmp_path, "k", fit).version == versions[0]
    assert len(calls) == 5
    (tmp_path / "key-k.json").write_text("{}")
    fit_or_load(tmp_path, "k", fit)
    assert len(calls) == 6


def client_of(home: Registry) -> Any:
    from mlflow.tracking import MlflowClient  # takes seconds to import, and the quick tests read this module, too

    return MlflowClient(home.uri)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """One for all tests, each with a programme of its own: MLflow takes seconds to make its tables."""
    folder = tmp_path_factory.mktemp("registry")
    return Registry(folder / "mlflow.db", folder / "mlartifacts")


def test_mlflow_holds_aggregates_hashes_and_models_only(
    home: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    metrics = pd.DataFrame(
        [
            ("s 1", "logistic", "auc", 0.7),
            ("s 1", "logistic", "auc[new]", 0.6),
            ("s 1", "logistic", "recall_at_k[5%, worst]", 0.2),
            ("s 1", "logistic", "brier", np.nan),
        ],
        columns=["split", "model", "metric", "value"],
    )
    model = made()
    for _ in range(2):
        run = home.log_run(
            "family_support",
            "r1",
            params={"seed": 1},
            metrics=metrics,
            hashes={"charter": "abc"},
            models={"deployed": model},
        )
    client = client_of(home)
    found = client.get_run(run)
    assert found.data.metrics == {
        "s 1/logistic/auc": 0.7,
        "s 1/logistic/auc new": 0.6,
        "s 1/logistic/recall_at_k 5 percent worst": 0.2,
    }
    assert found.data.params == {"seed": "1"}
    assert found.data.tags["hash.charter"] == "abc"
    assert found.data.tags["model_version.deployed"] == model.version
    assert found.info.status == "FINISHED"
    names = sorted(item.path for item in client.list_artifacts(run, "deployed"))
    assert names == [f"deployed/{model.version}.json", f"deployed/{model.version}.skops"]
    assert list(tmp_path.iterdir()) == [], "nothing in the current folder"
    assert {path.name for path in home.database.parent.iterdir()} == {"mlartifacts", "mlflow.db"}
    assert load_model(home.artifacts / "family_support" / "models", model.version).version == model.version


def _trained(home: Registry, model: Model, **how: Any) -> str:
    metrics = pd.DataFrame([("s", "m", "auc", 0.7)], columns=["split", "model", "metric", "value"])
    run = home.log_run("family", "r", params={}, metrics=metrics, hashes={}, models={"deployed": model})
    return home.register(
        "family", model.version, run, **{"trained_as_of": "2024-01-01", "newest": True, "fit": True, **how}
    )


def _aliases(client: Any) -> dict[str, str]:
    return {name: str(number) for name, number in client.get_registered_model("family").aliases.items()}


def test_a_model_is_registered_once_and_named_by_what_it_has_earned(home: Registry) -> None:
    client = client_of(home)
    first, other = made(), made("one_factor")
    assert _trained(home, first) == "1"
    assert _trained(home, first) == "1", "an unchanged model registers no new version"
    assert _aliases(client) == {"candidate": "1", "champion": "1"}
    assert _trained(home, other, newest=False) == "2"
    assert _aliases(client) == {"candidate": "1", "champion": "1"}, "an earlier day takes no names"
    assert _trained(home, other, fit=False) == "2"
    assert _aliases(client) == {"candidate": "2"}, "not fit: nothing scores"
    assert _trained(home, first) == "1"
    assert _aliases(client) == {"candidate": "1", "champion": "1"}
    home.withdraw("family")
    assert _aliases(client) == {"candidate": "1"}
    version = client.get_model_version("family", "2")
    assert version.tags == {"content_hash": other.version, "trained_as_of": "2024-01-01"}
    file = Path(version.source.removeprefix("file://")) / f"{other.version}.skops"
    assert load_model(file.parent, other.version).version == other.version


def test_withdrawing_where_nothing_was_registered_makes_nothing(tmp_path: Path) -> None:
    Registry(tmp_path / "mlflow.db", tmp_path / "mlartifacts").withdraw("family")
    assert list(tmp_path.iterdir()) == []


def test_more_figures_than_mlflow_takes_at_a_time_are_all_kept(home: Registry) -> None:
    client = client_of(home)
    metrics = pd.DataFrame({"split": "s", "model": "m", "metric": [f"auc[{i}]" for i in range(2300)], "value": 0.5})
    run = home.log_run("other", "r", params={}, metrics=metrics, hashes={}, models={}, texts={"splits.csv": "a,b\n"})
    assert len(client.get_run(run).data.metrics) == 2300
    assert [item.path for item in client.list_artifacts(run)] == ["splits.csv"]


def test_rows_are_named_by_their_content(tmp_path: Path) -> None:
    X, y, clusters = data()
    frame = pd.DataFrame({"cohort": "c", "as_of": "2024-01-01", "case_id": np.arange(len(X)), "cluster_id": clusters})
    rows = Rows(frame, X)
    assert data_hash(rows, y) == data_hash(Rows(frame.copy(), X.copy()), y.copy())
    others = [
        data_hash(rows, 1 - y),
        data_hash(Rows(frame, X + 1e-12), y),
        data_hash(Rows(frame.assign(cohort="d"), X), y),
        data_hash(Rows(frame, X.rename(columns={"a": "c"})), y),
        data_hash(rows.take(np.arange(299)), y[:299]),
    ]
    assert len({data_hash(rows, y), *others}) == 6
