"""The last step: everything that the others left becomes one release.

Belongs here: which frames go into which table, the manifest, MLflow's record of the run.
Does not belong here: writing and switching (fairness_reports.release), the pages (fairness_reports.reports).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import replace
from typing import Any

import pandas as pd

from data_contracts.errors import PlumblineError
from data_contracts.quality import latest_quality
from fairness_reports.expiry import expire
from fairness_reports.release import Release, ReleaseWriter, read_release
from fairness_reports.reports import render
from fairness_reports.reports.home import write_home_index
from fairness_reports.reports.standing import ProgrammeLine, before_of, line_of, programme_lines
from fairness_reports.transparency import records
from fairness_reports.transparency import write as write_records
from fairness_reports.verdict import uninformative_share
from models.registry import Registry, load_model
from pipelines.answers import fingerprint
from pipelines.audited import judged_before, releases_before
from pipelines.disclosed import disclosed, remember, safe_context, safe_manifest
from pipelines.report_context import release_context
from pipelines.resources import Run
from pipelines.tables import drop, get, has, noted, ordered, rows_of
from pipelines.trainings import about_training, deliveries, inputs_of, is_newest_day, recorded, to_record

_ORDER = {
    "metrics": ["split", "model", "metric"],
    "quality": ["table", "rule"],
    "fairness": ["split", "attribute", "group", "band", "metric", "comparison", "reference"],
    "factors": ["factor", "attribute", "group"],
    "shapes": ["factor", "feature", "position"],
    "tendencies": ["factor", "feature"],
    "drift": ["attribute", "group", "metric", "since"],
    "decisions": ["as_of", "cases", "who", "attribute", "group", "metric", "comparison", "reference"],
    "mitigation": ["option", "split", "attribute", "group", "metric", "comparison", "reference"],
}
"""Tables of the open part, and what orders and names their rows."""
_NO_METRICS = ["split", "as_of", "model", "metric", "value", "low", "high", "n"]


def publish(run: Run) -> Release:
    """Write the release and make it the current one.

    Scores and explanations are written only when the verdict is fit. The id comes from what the release is made of:
    the same inputs under the same key, code and settings give the same release.
    """
    verdict, facts = noted(run, "verdict"), noted(run, "backtest")
    manifest = _manifest(run, verdict, facts)
    trained, fit = facts["trained"], verdict["verdict"] == "fit"
    metrics = _metrics(run) if trained else _counts(run)
    fairness = _fairness(run) if trained else None
    factors = get(run, "models.factors") if trained else None
    measured = latest_quality(run.con, run.programme)
    if measured is None:
        raise PlumblineError("no delivery has been measured.", where=run.programme, todo="Name one with --data DIR.")
    quality = measured.as_frame()
    scores = rows_of(run, "models.scores") if fit else None
    if not fit:
        drop(run, "models.scores", "models.explanations")  # what may not be published is not kept either
    frames: dict[str, Any] = {"metrics": metrics, "quality": quality}
    if fairness is not None and factors is not None:
        frames |= {"fairness": fairness, "factors": factors, "shapes": get(run, "models.shapes"), **_about_groups(run)}
    if has(run, "audit.decisions"):
        frames["decisions"] = get(run, "audit.decisions")
    made_of = str(manifest["release_id"])
    made = disclosed(run, frames, made_of)
    manifest |= {"told_again": made.kept.places, "release_id": made.kept.release_id(made_of)}
    programmes = _programmes(run, manifest)
    manifest["programmes"] = [{"programme": each.programme, "release_id": each.release_id} for each in programmes]
    extra = _for_pages(run) if trained else {}
    manifest["disclosure"] = made.summary
    with ReleaseWriter(run.home.releases, run.programme, manifest["release_id"]) as writer:
        for name, order in _ORDER.items():
            if name in made.frames:
                writer.table("open", name, made.frames[name], order)
        if trained:
            writer.table("restricted", "backtest", _backtest(run), ["split", "model", "case_id", "as_of"])
        if scores is not None:
            for name, order in (("scores", ["as_of", "case_id"]), ("explanations", ["as_of", "case_id", "rank"])):
                writer.stream("restricted", name, ordered(run, f"models.{name}", order), order)
        before = manifest["changed_since"]
        context = release_context(
            run,
            safe_manifest(run, manifest, made),
            trained,
            scored=scores,
            test_split=facts.get("test"),
            before=before and before_of(read_release(run.home.releases / run.programme / before)),
            programmes=programmes,
            **extra,
            **made.frames,
        )
        context = safe_context(context, run, made)
        told = records(context, run.pack.contract)
        write_records(writer.open_dir / "transparency", told)
        render(writer.open_dir, replace(context, records=told))
        release = writer.publish(manifest)
    remember(run, made, made_of, release.release_id)
    if trained:
        _record(run, manifest, metrics)
    elif is_newest_day(run):
        Registry(run.home.root / "mlflow.db", run.home.mlflow_artifacts).withdraw(run.programme)
    write_home_index(run.home.root)
    return release


def expire_rows(run: Run) -> list[str]:
    """Delete the rows of persons of releases whose time is over by the charter; ids of these releases."""
    return expire(run.home.releases, run.programme, run.pack.charter.kept_days)


def _programmes(run: Run, manifest: dict[str, Any]) -> list[ProgrammeLine]:
    """How the programmes of the home stand, this one as the release that is being made."""
    others = [each for each in programme_lines(run.home.releases) if each.programme != run.programme]
    return sorted([*others, line_of(manifest)], key=lambda each: each.programme)


def _manifest(run: Run, verdict: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    manifest: dict[str, Any] = {
        "programme": run.programme,
        "title": {code: run.pack.programme.title[code] for code in ("en", "de")},
        "as_of": run.as_of.isoformat() if run.as_of else None,
        "verdict": verdict["verdict"],
        "headline": verdict["headline"],
        "reasons": verdict["reasons"],
        "met": verdict["met"],
        "simulated": run.pack.programme.simulated,
        "inputs": inputs_of(run),
        "code_version": run.code_version,
        "charter_hash": run.pack.charter.sha256,
        "config_hash": run.pack.config_hash,
        "audited_model": None,
        "deployed_model": None,
        "training": about_training(run),
    }
    if facts["trained"]:
        deployed = noted(run, "deployed")
        change = deployed["change"]
        manifest["audited_model"] = {"name": facts["chosen"], "content_hash": facts["audited"], "split": facts["test"]}
        manifest["deployed_model"] = {
            "name": deployed["name"],
            "content_hash": deployed["version"],
            "cohort": deployed["cohort"],
            "keeps_directions": deployed["keeps_directions"],
            "change_in_scores": {**change, "mean_absolute": change.get("mean_size_of_change")},
        }
        manifest |= {name: deployed[name] for name in ("vignettes", "statements")}
        count, n = deployed["uninformative"]
        share = uninformative_share(count, n, run.pack.charter.minimum_cell)
        manifest["uninformative"] = {"share": share, "n": n}
    earlier = judged_before(run)
    manifest["compared_with"] = None if earlier is None else str(earlier["release_id"].iloc[-1])
    before = releases_before(run)
    manifest["changed_since"] = before[-1].release_id if before else None
    made_of = [manifest[name] for name in ("as_of", "inputs", "code_version", "charter_hash", "config_hash")]
    # the training too: its model, and how often the test had been opened, are part of what the release says
    made_of += [run.key.key_id, deliveries(run), manifest["training"], manifest["compared_with"]]
    made_of.append(manifest["changed_since"])
    told = fingerprint(run)
    made_of += [] if told is None else [told]  # what teams answered is part of what the release says
    digest = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
    manifest["release_id"] = f"{manifest['as_of']}-{digest[:10]}"
    manifest["created_at"] = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return manifest


def _counts(run: Run) -> pd.DataFrame:
    """Without a model: the size of each cohort, and its outcome's share once it is closed."""
    rows = []
    least = run.pack.charter.minimum_cell
    for cohort in get(run, "outcomes.cohorts").to_dict("records"):
        cases = int(cohort["cases"])
        known = 0 if pd.isna(cohort["outcomes"]) else int(cohort["outcomes"])
        rate = known / cases if cohort["closed"] and min(known, cases - known) >= least else float("nan")
        rows.append([str(cohort["cohort"]), cohort["as_of"], "none", "base_rate", rate, None, None, cases])
    return pd.DataFrame(rows, columns=_NO_METRICS)


def _backtest(run: Run) -> pd.DataFrame:
    groups = get(run, "audit.groups")  # as the audit saw them
    scored = get(run, "models.backtest")[["split", "as_of", "model", "case_id", "cluster_id", "score", "outcome"]]
    scored["as_of"] = pd.to_datetime(scored["as_of"])
    groups["as_of"] = pd.to_datetime(groups["as_of"])
    return scored.merge(groups, on=["case_id", "as_of"], how="left", validate="m:1")


def _metrics(run: Run) -> pd.DataFrame:
    """The figures of the backtest, and how stable the factors are."""
    return pd.concat([get(run, name) for name in ("models.metrics", "models.stability") if has(run, name)])


def _fairness(run: Run) -> pd.DataFrame:
    """The audit of the backtest, and who is scored now."""
    return pd.concat([get(run, "audit.fairness"), get(run, "audit.now")], ignore_index=True)


def _about_groups(run: Run) -> dict[str, pd.DataFrame]:
    """What has changed and what was tried."""
    frames = {"drift": get(run, "audit.drift")}
    if has(run, "audit.mitigation"):
        frames["mitigation"] = get(run, "audit.mitigation")
    return frames


def _for_pages(run: Run) -> dict[str, pd.DataFrame]:
    """What pages are told besides the tables: which way features point, what earlier releases judged."""
    frames = {}
    if has(run, "models.tendencies"):  # a training that older code kept has none
        frames["tendencies"] = get(run, "models.tendencies")
    earlier = judged_before(run)
    return frames if earlier is None else frames | {"earlier": earlier}


def _record(run: Run, manifest: dict[str, Any], metrics: pd.DataFrame) -> None:
    """Tell MLflow of the training, once, and which model is candidate and champion by name."""
    verdict = manifest["verdict"]
    mlflow_run, changed, newest = to_record(run, verdict)
    if mlflow_run is not None and not changed:
        return
    facts, version = noted(run, "backtest"), manifest["deployed_model"]["content_hash"]
    registry = Registry(run.home.root / "mlflow.db", run.home.mlflow_artifacts)
    if mlflow_run is None:
        mlflow_run = registry.log_run(
            run.programme,
            manifest["release_id"],
            params={
                **{name: manifest["training"][name] for name in ("training_id", "trained_as_of", "reason", "openings")},
                "chosen": facts["chosen"],
                "seed": run.pack.programme.seed,
            },
            metrics=metrics,
            hashes={
                **facts["data"],
                "files": hashlib.sha256(json.dumps(manifest["inputs"], sort_keys=True).encode()).hexdigest(),
                "charter": manifest["charter_hash"],
                "config": manifest["config_hash"],
                "code": manifest["code_version"],
            },
            models={
                **{f"audited{k}": load_model(run.models, part) for k, part in enumerate(facts["parts"])},
                "deployed": load_model(run.models, version),
            },
            texts={"splits.csv": get(run, "models.splits").to_csv(index=False, lineterminator="\n")},
        )
    registry.register(
        run.programme, version, mlflow_run, trained_as_of=manifest["training"]["trained_as_of"], newest=newest,
        fit=verdict == "fit",
    )  # fmt: skip
    recorded(run, mlflow_run, verdict)
