"""Trainings and openings of the sealed test, as the warehouse remembers them.

Belongs here: recording an opening before it happens, keeping what a training found, bringing it back for a later run.
Does not belong here: when to train (models.champion), the steps (pipelines.steps), models on disk (models.registry).

Two tables of ops per programme. `opening` gets its row, committed, before the sealed test is read: a run that breaks
afterwards has looked all the same. `training` gets its row once model, audit and verdict are there. Beside it lie the
training's own tables, in the schemas models and audit under names of their own, for later runs to publish again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any

import pandas as pd

from data_contracts.warehouse import transaction
from models.champion import Decision, Opening, Training, count_openings, decide, due_on, leads
from pipelines.resources import Run
from pipelines.tables import copy, drop, get, has, name_of, note, noted, ops_table

KEPT_BY_STEP = {
    "backtest": (
        "models.backtest",
        "models.metrics",
        "models.splits",
        "models.calendar",
        "models.selection",
        "models.rules",
        "models.tendencies",
        "models.stability",
    ),
    "fairness": ("audit.fairness", "audit.groups", "audit.cases", "audit.mitigation"),
}
"""Which tables of a training a later run brings back, by the step that left them."""

_FORM = 3
"""Raised when tables that older code kept could not be published by this code: then no older training holds."""

# what reports call things and when runs start; all else decides rows, fits or the audit
_WORDS_ONLY = {"title", "description", "credit", "simulated", "time_zone", "schedule", "first_as_of", "default_as_of"}

_TABLES = {
    "opening": "number INTEGER, charter_hash VARCHAR, as_of DATE, split VARCHAR, reason VARCHAR, code_version VARCHAR,"
    " opened_at TIMESTAMP",
    "training": "training_id VARCHAR, as_of DATE, charter_hash VARCHAR, recipe_hash VARCHAR, opening INTEGER,"
    " reason VARCHAR, code_version VARCHAR, facts VARCHAR, deployed VARCHAR, tables VARCHAR, verdict VARCHAR,"
    " mlflow_run VARCHAR, trained_at TIMESTAMP",
}


def recipe_hash(run: Run) -> str:
    """Hash of all that decides what rows, fits and audit are; a change in it asks for a training."""
    told = {
        "form": _FORM,
        "key": run.key.key_id,
        "contract": run.pack.contract.sha256,
        "programme": run.pack.programme.model_dump(mode="json", exclude=_WORDS_ONLY),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def plan(run: Run) -> Decision:
    """Whether this run trains."""
    every_months = run.pack.charter.retraining.every_months
    assert run.as_of is not None and every_months is not None, "signed off"  # noqa: S101, PT018
    return decide(
        trainings(run),
        as_of=run.as_of,
        charter=run.pack.charter.sha256,
        recipe=recipe_hash(run),
        every_months=every_months,
        retrain=run.retrain,
    )


def trainings(run: Run) -> list[Training]:
    """Every completed training of the programme."""
    rows = _read(run, "training", "training_id, as_of, charter_hash, recipe_hash, opening")
    return [Training(*row) for row in rows]


def openings(run: Run) -> list[Opening]:
    """Every opening of the programme's sealed test, also of runs that broke."""
    return [Opening(*row) for row in _read(run, "opening", "number, as_of, charter_hash")]


def record_opening(run: Run, reason: str, split: str) -> dict[str, Any]:
    """Note that the sealed test is about to be opened; on disk when this returns.

    Parameters
    ----------
    run : Run
        The run.
    reason : str
        One of `models.champion.REASONS`.
    split : str
        Name of the test split.

    Returns
    -------
    dict
        What identifies the training that this opening belongs to: training_id, opening, reason.
    """
    _make(run)
    number = 1 + max((each.number for each in openings(run)), default=0)
    charter = run.pack.charter.sha256
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    with transaction(run.con):
        run.con.execute(
            f"INSERT INTO {ops_table(run, 'opening')} VALUES (?, ?, ?, ?, ?, ?, ?)",
            [number, charter, run.as_of, split, reason, run.code_version, now],
        )
    made_of = [str(run.as_of), charter, recipe_hash(run), run.code_version, deliveries(run), number, reason]
    digest = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()
    return {"training_id": digest[:16], "opening": number, "reason": reason}


def keep(run: Run, verdict: str) -> None:
    """Keep a training that this run has completed, so that later runs can publish it without fitting.

    All of it or nothing. Does nothing in a run that did not train.
    """
    facts = noted(run, "backtest")
    if not facts["trained"] or not facts["fitted_now"]:
        return
    deployed = noted(run, "deployed")
    known = run.con.execute(
        f"SELECT count(*) FROM {ops_table(run, 'training')} WHERE training_id = ?", [facts["training_id"]]
    ).fetchone()
    if known and known[0]:
        return  # this step, run again in Dagster's UI
    there = [table for tables in KEPT_BY_STEP.values() for table in tables if has(run, table)]
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    with transaction(run.con):
        for table in there:
            copy(run, table, _kept(table, facts["training_id"]))
        run.con.execute(
            f"INSERT INTO {ops_table(run, 'training')} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)",
            [
                facts["training_id"],
                run.as_of,
                run.pack.charter.sha256,
                recipe_hash(run),
                facts["opening"],
                facts["reason"],
                run.code_version,
                json.dumps(facts, sort_keys=True),
                deployed["version"],
                json.dumps(there),
                verdict,
                now,
            ],
        )


def restore(run: Run, champion: Training) -> None:
    """Bring back what a training's backtest found, as if this run had found it."""
    facts, tables = _row(run, champion.training_id, "facts, tables")
    _bring_back(run, champion.training_id, "backtest", json.loads(tables))
    note(run, "backtest", {**json.loads(facts), "fitted_now": False})


def forget(run: Run) -> None:
    """Take cases that the programme no longer holds out of what trainings kept: an erasure reaches them too.

    Figures stay what they were; a model that was fitted on such cases is replaced by the next training.
    """
    held = 'SELECT case_id FROM core."case" WHERE programme = ?'
    for training_id, tables in _read(run, "training", "training_id, tables"):
        for table in ("models.backtest", "audit.groups"):
            if table in json.loads(tables):
                kept = name_of(run, _kept(table, training_id))
                run.con.execute(f"DELETE FROM {kept} WHERE case_id NOT IN ({held})", [run.programme])


def restore_audit(run: Run, training_id: str) -> None:
    """Bring back what the audit of a training found."""
    (tables,) = _row(run, training_id, "tables")
    _bring_back(run, training_id, "fairness", json.loads(tables))


def deployed_version(run: Run, training_id: str) -> str:
    """Content hash of the model that a training deployed."""
    (version,) = _row(run, training_id, "deployed")
    return str(version)


def about_training(run: Run) -> dict[str, Any] | None:
    """What a release says of the training that it rests on; None without a model.

    Only what stays the same when the same day is scored again: no time of day, nothing about this run.
    """
    facts = noted(run, "backtest")
    if not facts["trained"]:
        return None
    every_months = run.pack.charter.retraining.every_months
    assert run.as_of is not None and every_months is not None, "signed off"  # noqa: S101, PT018
    mine = next(each for each in trainings(run) if each.training_id == facts["training_id"])
    (code_version,) = _row(run, mine.training_id, "code_version")
    under, before = count_openings(openings(run), mine, run.as_of)
    return {
        "training_id": mine.training_id,
        "trained_as_of": mine.as_of.isoformat(),
        "reason": facts["reason"],
        "due_on": due_on(mine.as_of, every_months).isoformat(),
        "openings": under,
        "openings_before": before,
        "code_version": code_version,
        "data": facts["data"],
        "inputs": facts["inputs"],
    }


def to_record(run: Run, verdict: str) -> tuple[str | None, bool, bool]:
    """What MLflow has to be told of this run's training.

    Returns
    -------
    tuple
        The id of MLflow's run, None where there is none yet; whether the verdict is another than the one told; whether
        the training is the newest by day, so that aliases follow it.
    """
    training_id = noted(run, "backtest")["training_id"]
    mlflow_run, told = _row(run, training_id, "mlflow_run, verdict")
    every = trainings(run)
    mine = next(each for each in every if each.training_id == training_id)
    newest = max((each for each in every if each.as_of == mine.as_of), key=lambda each: each.opening)
    return mlflow_run, told != verdict, newest == mine and leads(mine, every)


def is_newest_day(run: Run) -> bool:
    """Whether nothing was trained for a later day than this run's."""
    return all(run.as_of is not None and each.as_of <= run.as_of for each in trainings(run))


def recorded(run: Run, mlflow_run: str, verdict: str) -> None:
    """Note what MLflow has been told."""
    run.con.execute(
        f"UPDATE {ops_table(run, 'training')} SET mlflow_run = ?, verdict = ? WHERE training_id = ?",
        [mlflow_run, verdict, noted(run, "backtest")["training_id"]],
    )


def inputs_of(run: Run) -> list[dict[str, Any]]:
    """The files of the newest delivery that counts."""
    files = run.con.execute(
        "SELECT table_name, file_name, sha256, rows FROM ops.delivery_file JOIN ops.delivery d "
        "USING (programme, delivery_id) WHERE programme = ? AND d.status = 'accepted' "
        "QUALIFY d.seq = max(d.seq) OVER () ORDER BY table_name, file_name",
        [run.programme],
    ).fetchall()
    return [{"table": table, "file": file, "sha256": sha256, "rows": rows} for table, file, sha256, rows in files]


def deliveries(run: Run) -> list[str]:
    """The accepted deliveries behind the core tables, oldest first."""
    found = run.con.execute(
        "SELECT delivery_id, delivered_on FROM ops.delivery WHERE programme = ? AND status = 'accepted' ORDER BY seq",
        [run.programme],
    ).fetchall()
    if len(found) > 1 or any(table.knowledge_day.first_delivery for table in run.pack.contract.tables):
        # then the days on which deliveries came are part of what was known when
        return [f"{delivery_id} {delivered_on}" for delivery_id, delivered_on in found]
    return [str(delivery_id) for delivery_id, _ in found]


def groups_of_backtest(run: Run, groups: pd.DataFrame) -> pd.DataFrame:
    """Of the groups of all cohort rows, those of the rows in the backtest."""
    keys = ["case_id", "as_of"]
    wanted = get(run, "models.backtest")[keys].drop_duplicates()
    wanted["as_of"], day = pd.to_datetime(wanted["as_of"]), pd.to_datetime(groups["as_of"])
    return groups.assign(as_of=day).merge(wanted, on=keys, validate="1:1").sort_values(["as_of", "case_id"])


def _bring_back(run: Run, training_id: str, step: str, tables: list[str]) -> None:
    for table in KEPT_BY_STEP[step]:
        if table in tables:
            copy(run, _kept(table, training_id), table)
        else:
            drop(run, table)


def _kept(table: str, training_id: str) -> str:
    return f"{table}@{training_id}"


def _make(run: Run) -> None:
    for name, columns in _TABLES.items():
        run.con.execute(f"CREATE TABLE IF NOT EXISTS {ops_table(run, name)} ({columns})")


def _read(run: Run, name: str, columns: str) -> list[tuple[Any, ...]]:
    _make(run)
    return run.con.execute(f"SELECT {columns} FROM {ops_table(run, name)} ORDER BY ALL").fetchall()


def _row(run: Run, training_id: str, columns: str) -> tuple[Any, ...]:
    row = run.con.execute(
        f"SELECT {columns} FROM {ops_table(run, 'training')} WHERE training_id = ?", [training_id]
    ).fetchone()
    assert row is not None, "a training that was noted is kept"  # noqa: S101
    return row
