"""Fitted models on disk, and MLflow's record of runs.

Belongs here: writing and reading models through skops behind our own allow-list, the store keyed by what a model was
trained on, MLflow.
Does not belong here: row values (nothing here writes any), or choosing a model.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data_contracts.errors import PlumblineError
from features.spec import Column
from models.calibration import Calibrator
from models.candidates import from_state
from models.dataset import Rows
from models.informative import Support
from models.model import Model, content_hash
from models.spec import CandidateSpec

ALLOWED_TYPES = frozenset({"sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"})
"""The only types beyond skops' own defaults that a stored model may hold. The file is never asked what to trust."""

CANDIDATE, CHAMPION = "candidate", "champion"
"""Aliases in MLflow: the model that was trained last, and the same one when its verdict is fit."""

_BATCH = 1000  # MLflow takes so many metrics at a time
_FITS = ("calibration.py", "folds.py", "informative.py", "model.py")
"""Besides the candidates, the modules on which a fit depends."""


@dataclass(frozen=True)
class Stored:
    """Where a model lies and the hash of its file."""

    version: str
    path: Path
    sha256: str


def save_model(model: Model, folder: Path) -> Stored:
    """Write a model as `<version>.skops` and its description as `<version>.json`.

    An unchanged model that is already there is left as it is.

    Parameters
    ----------
    model : Model
        The model.
    folder : Path
        Made with mode 0700 where it is missing; files get 0600.
    """
    import skops.io

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path, card = folder / f"{model.version}.skops", folder / f"{model.version}.json"
    if not (card.exists() and path.exists() and _sha256(path.read_bytes()) == _described(card)["sha256"]):
        content = skops.io.dumps(model.state())
        _write(path, content)
        description = {
            "version": model.version,
            "sha256": _sha256(content),
            "name": model.name,
            "settings": model.settings,
            "columns": list(model.columns),
            "rows": model.rows,
        }
        _write(card, json.dumps(description, indent=1, sort_keys=True).encode())
    return Stored(model.version, path, _described(card)["sha256"])


def load_model(folder: Path, version: str) -> Model:
    """Read a model back: hash of the file first, then the allow-list, then the content hash.

    Parameters
    ----------
    folder : Path
        Where `save_model` wrote it.
    version : str
        Its content hash.
    """
    import skops.io

    path, card = folder / f"{version}.skops", folder / f"{version}.json"
    advice = (
        "Put it back from a backup, or run with --retrain: the model is fitted again, and the sealed test opened again."
    )
    if not (path.exists() and card.exists()):
        raise PlumblineError("the stored model is not there", where=str(path), todo=advice)
    content = path.read_bytes()
    if _sha256(content) != _described(card).get("sha256"):
        raise PlumblineError("the stored model is not the file that was written", where=str(path), todo=advice)
    unknown = sorted(set(skops.io.get_untrusted_types(data=content)) - ALLOWED_TYPES)
    if unknown:
        raise PlumblineError(
            f"the stored model holds types that are not allowed: {', '.join(unknown)}", where=str(path), todo=advice
        )
    model = _from_state(skops.io.loads(content, trusted=sorted(ALLOWED_TYPES)))
    if model.version != version:
        raise PlumblineError("the stored model's content is not what its name says", where=str(path), todo=advice)
    return model


def _from_state(state: dict[str, Any]) -> Model:
    return Model(
        state["name"],
        state["settings"],
        tuple(state["columns"]),
        from_state(dict(state["fitted"])),
        Calibrator(**state["calibrator"]),
        state["base_rate"],
        state["rows"],
        Support(**state["support"]),
    )


def training_key(
    spec: CandidateSpec,
    X: pd.DataFrame,
    y: np.ndarray,
    clusters: np.ndarray,
    *,
    seed: int,
    calibration_share: float,
    columns: Sequence[Column] = (),
) -> str:
    """Hash of all that a fit depends on: rows, labels, clusters, parameters, seed, our code, the libraries."""
    import scipy
    import sklearn

    return content_hash(
        {
            "candidate": {**spec.model_dump(mode="json"), "settings": spec.settings},  # defaults may change
            "columns": list(X.columns),
            "described": [asdict(column) for column in columns],
            "X": X.to_numpy(dtype=np.float64),
            "y": np.asarray(y, dtype=np.float64),
            "clusters": hashlib.sha256("\0".join(map(str, clusters)).encode()).hexdigest(),
            "seed": seed,
            "calibration_share": calibration_share,
            "code": _code(),
            "libraries": [sklearn.__version__, scipy.__version__, np.__version__, *_extras(spec)],
        }
    )


def _extras(spec: CandidateSpec) -> list[str]:
    """Versions of libraries that only this candidate needs."""
    return [version_of("interpret-core")] if spec.name == "ebm" else []


def _code() -> list[str]:
    """Hashes of the modules on which a fit depends."""
    folder = Path(__file__).parent
    modules = [*sorted((folder / "candidates").glob("*.py")), *(folder / name for name in _FITS)]
    return [_sha256(module.read_bytes()) for module in modules]


def data_hash(rows: Rows, y: np.ndarray) -> str:
    """Hash of a set of rows: who, when, which features and labels. It names a data set without showing it.

    Parameters
    ----------
    rows : Rows
        The rows.
    y : ndarray of float64
        Their labels; NaN is unknown.
    """
    digest = hashlib.sha256()
    for name in ("cohort", "as_of", "case_id", "cluster_id"):
        digest.update("\0".join(rows.frame[name].astype(str)).encode())
    return content_hash({"rows": digest.hexdigest(), "columns": rows.columns, "X": rows.X.to_numpy(), "y": y})


def fit_or_load(store: Path | None, key: str, fit: Callable[[], Model], *, retrain: bool = False) -> Model:
    """A fitted model from the store, or fitted now and stored.

    Parameters
    ----------
    store : Path or None
        Folder of the store; None fits every time.
    key : str
        From `training_key`.
    fit : callable
        Fits the model.
    retrain : bool
        Fit even where the store has one.

    Returns
    -------
    Model
        Bit for bit the same either way. A stored file that is damaged is fitted again.
    """
    if store is None:
        return fit()
    pointer = store / f"key-{key}.json"
    if pointer.exists() and not retrain:
        try:
            return load_model(store, json.loads(pointer.read_text())["version"])
        except (PlumblineError, json.JSONDecodeError, KeyError):
            pointer.unlink()
    model = fit()
    save_model(model, store)
    _write(pointer, json.dumps({"version": model.version}).encode())
    return model


@dataclass(frozen=True)
class Registry:
    """MLflow on a local sqlite file, driven through its client: no global state, no network.

    Attributes
    ----------
    database : Path
        Such as HOME/mlflow.db.
    artifacts : Path
        Such as HOME/mlartifacts.
    """

    database: Path
    artifacts: Path

    def log_run(
        self,
        programme: str,
        run_name: str,
        *,
        params: Mapping[str, str | int | float],
        metrics: pd.DataFrame,
        hashes: Mapping[str, str],
        models: Mapping[str, Model],
        texts: Mapping[str, str] | None = None,
    ) -> str:
        """Record one run: parameters, aggregated metrics, hashes of data, charter and code, the models' files.

        Parameters
        ----------
        programme : str
            The experiment's name.
        run_name : str
            Such as the release id.
        params : mapping
            Settings of the run.
        metrics : DataFrame
            Rows of metrics.parquet; logged as `split/model/metric`. Missing values are left out.
        hashes : mapping
            Logged as tags `hash.NAME`.
        models : mapping
            Such as {"audited": model, "deployed": model}: stored as artifacts under these names.
        texts : mapping, optional
            Tables and pictures of aggregates by file name, such as {"splits.svg": ...}: stored as artifacts.

        Returns
        -------
        str
            MLflow's id of the run.
        """
        from mlflow.entities import Metric, Param, RunTag

        client = self._client()
        experiment = client.get_experiment_by_name(programme)
        experiment_id = (
            experiment.experiment_id
            if experiment
            else client.create_experiment(programme, artifact_location=(self.artifacts / programme).resolve().as_uri())
        )
        run = client.create_run(experiment_id, run_name=run_name)
        stamp = int(run.info.start_time)
        figures = metrics[metrics["value"].notna()]
        # MLflow takes letters, digits and _ - . : / in a name
        named = figures["split"] + "/" + figures["model"] + "/" + figures["metric"]
        names = named.str.replace("%", " percent").str.replace(r"[^\w\-.:/]+", " ", regex=True)
        tags = [RunTag(f"hash.{name}", value) for name, value in sorted(hashes.items())]
        tags += [RunTag(f"model_version.{name}", model.version) for name, model in sorted(models.items())]
        logged = [
            Metric(name.strip(), float(value), stamp, 0) for name, value in zip(names, figures["value"], strict=True)
        ]
        told = [Param(name, str(value)) for name, value in sorted(params.items())]
        client.log_batch(run.info.run_id, params=told, tags=tags)
        for start in range(0, len(logged), _BATCH):
            client.log_batch(run.info.run_id, metrics=logged[start : start + _BATCH])
        for name, model in sorted(models.items()):
            stored = save_model(model, self.artifacts / programme / "models")
            client.log_artifact(run.info.run_id, str(stored.path), artifact_path=name)
            client.log_artifact(run.info.run_id, str(stored.path.with_suffix(".json")), artifact_path=name)
        for name, text in sorted((texts or {}).items()):
            client.log_text(run.info.run_id, text, name)
        client.set_terminated(run.info.run_id)
        return str(run.info.run_id)

    def register(
        self, programme: str, version: str, run_id: str, *, trained_as_of: str, newest: bool, fit: bool
    ) -> str:
        """Register a deployed model, once, and give it the names that it has earned.

        The alias `candidate` goes to the model trained last, `champion` to the same one when its verdict is fit. A
        training whose verdict is not fit takes the name away from its predecessor: nothing scores then.

        Parameters
        ----------
        programme : str
            The registered model's name.
        version : str
            Content hash of the model; one that is registered already gets no new version.
        run_id : str
            From `log_run`: the run whose artifact `deployed` it is.
        trained_as_of : str
            The day for which it was trained.
        newest : bool
            Whether no training is of a later day. Otherwise the aliases stay where they are.
        fit : bool
            Whether its verdict is fit.

        Returns
        -------
        str
            MLflow's number of the version.
        """
        client = self._client()
        if not client.search_registered_models(f"name = '{programme}'"):
            client.create_registered_model(programme)
        there = client.search_model_versions(f"name = '{programme}'")
        known = [each.version for each in there if each.tags.get("content_hash") == version]
        if known:
            number = str(known[0])
        else:
            source = f"{client.get_run(run_id).info.artifact_uri}/deployed"
            tags = {"content_hash": version, "trained_as_of": trained_as_of}
            number = str(client.create_model_version(programme, source, run_id, tags=tags).version)
        if newest:
            client.set_registered_model_alias(programme, CANDIDATE, number)
            if fit:
                client.set_registered_model_alias(programme, CHAMPION, number)
            else:
                self.withdraw(programme)
        return number

    def withdraw(self, programme: str) -> None:
        """Take the name `champion` away, where a model has it."""
        if not self.database.exists():
            return
        client = self._client()
        if client.search_registered_models(f"name = '{programme}'"):
            client.delete_registered_model_alias(programme, CHAMPION)

    def _client(self) -> Any:
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        os.environ["MLFLOW_DISABLE_SCHEMA_DETAILS"] = "true"  # its schema errors print rows
        from mlflow.tracking import MlflowClient

        self.artifacts.mkdir(parents=True, exist_ok=True, mode=0o700)
        client = MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)
        self.database.chmod(0o600)
        return client

    @property
    def uri(self) -> str:
        """The tracking address, as `mlflow ui --backend-store-uri` takes it."""
        return f"sqlite:///{self.database.resolve()}"


def _described(card: Path) -> dict[str, Any]:
    try:
        described = json.loads(card.read_text())
    except (OSError, json.JSONDecodeError):
        return {}
    return described if isinstance(described, dict) else {}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(path: Path, content: bytes) -> None:
    # written beside and moved: a reader sees the old file or the new one, never half of it
    part = path.with_name(f".{path.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
