"""What the models would have said on past as-of dates.

Belongs here: the order of a backtest. `develop` fits and compares on development splits and chooses; `open_test` then
scores the sealed test. Nothing but `open_test` fits for, scores or reads it.
Does not belong here: a fit (models.training), the cutting (models.splits), figures (models.metrics), the deployed model
(models.deploy) or the verdict (fairness_reports).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from data_contracts.errors import PlumblineError
from models.candidates import column_auc, fit_candidate, require
from models.comparisons import Measures, each_factor, learning_curve, otherwise, score_split, without_columns
from models.dataset import Rows
from models.folds import cluster_folds
from models.metrics import Select
from models.model import Audited
from models.outcomes import labels_as_known
from models.selection import Selection, choose
from models.selection import rules as compare_rules
from models.spec import CandidatesSpec, EvaluationSpec, SplitsSpec
from models.splits import Split, temporal_splits
from models.training import Trainer, predictions

ENOUGH_SPLITS = 3
"""With fewer development splits, clustered folds inside the training rows of the test count as one more.

A single early split trains on a fraction of what the deployed model will have, and would favour what needs least data.
Neither the splits nor the folds read a row or a label that was not known on the test's as-of date.
"""


@dataclass(frozen=True)
class Development:
    """What development splits tell; the test is still sealed.

    Attributes
    ----------
    splits : list of Split
        All of them, oldest first; the last one is the test.
    predictions : DataFrame
        Of development splits: split, as_of, role, model, case_id, cluster_id, returning_person, raw, score, outcome.
    metrics : DataFrame
        Rows of metrics.parquet, of development splits.
    selection : Selection
        The choice and what it rests on.
    rules : DataFrame
        rule, picked, mean_regret, worst_regret, splits: what other rules of selection would have cost.
    """

    splits: list[Split]
    predictions: pd.DataFrame
    metrics: pd.DataFrame
    selection: Selection
    rules: pd.DataFrame

    @property
    def chosen(self) -> str:
        """Label of the chosen candidate."""
        return self.selection.chosen

    @property
    def test(self) -> Split:
        """The sealed test."""
        return self.splits[-1]


@dataclass(frozen=True)
class Backtest:
    """Everything learned from the past.

    Attributes
    ----------
    predictions : DataFrame
        As in `Development`, with the test. Besides the candidates there is the chosen one under the other treatment of
        relatives (`LABEL purged` or `LABEL cross_fitted`) and, where the matrix has such columns, `LABEL without
        by_association`.
    selection : Selection
        The choice and what it rests on.
    metrics : DataFrame
        Rows of metrics.parquet.
    splits : DataFrame
        split, as_of, role, history, design, train_cohorts, test_cohorts, train_rows, train_outcomes, purged,
        purged_share, test_rows, test_outcomes, test_unknown.
    audited : Audited
        The chosen candidate as it scored the test split.
    rules : DataFrame
        As in `Development`.
    """

    predictions: pd.DataFrame
    selection: Selection
    metrics: pd.DataFrame
    splits: pd.DataFrame
    audited: Audited
    rules: pd.DataFrame

    @property
    def chosen(self) -> str:
        """Label of the chosen candidate."""
        return self.selection.chosen


def run_backtest(
    rows: Rows,
    spec: CandidatesSpec,
    cut: SplitsSpec | None = None,
    *,
    seed: int,
    margin: float,
    min_cell: int = 10,
    select: Select | None = None,
    by_association: Sequence[str] = (),
    evaluation: EvaluationSpec | None = None,
    store: Path | None = None,
    retrain: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Backtest:
    """`develop` and `open_test` in one, for notebooks.

    Parameters
    ----------
    rows : Rows
        From `load_rows`.
    spec : CandidatesSpec
        The `candidates:` section.
    cut : SplitsSpec, optional
        The `splits:` section.
    seed : int
        Seed of the run.
    margin : float
        The charter's margin for simplicity, in AUC.
    min_cell, select, evaluation
        As in `Measures`.
    by_association : sequence of str
        As in `develop`.
    store, retrain, progress
        As in `Trainer`.
    """
    cut = cut or SplitsSpec()
    trainer = Trainer(spec, seed, cut.folds, cut.min_class, store, retrain, progress)
    measures = Measures(seed, min_cell, select, evaluation or EvaluationSpec())
    development = develop(rows, trainer, cut, measures, margin=margin, by_association=by_association)
    return open_test(rows, development, trainer, measures, by_association=by_association)


def develop(
    rows: Rows,
    trainer: Trainer,
    cut: SplitsSpec,
    measures: Measures,
    *,
    margin: float,
    by_association: Sequence[str] = (),
) -> Development:
    """Score every development split by every candidate, and choose.

    Parameters
    ----------
    rows : Rows
        From `load_rows`.
    trainer : Trainer
        How candidates are fitted.
    cut : SplitsSpec
        The `splits:` section.
    measures : Measures
        How figures are made.
    margin : float
        The charter's margin for simplicity, in AUC.
    by_association : sequence of str
        Columns that speak of other people than the case's own person. With any, the chosen candidate is also fitted
        without them and compared (models.ablation); the choice has been made by then, and is not changed by it.

    Raises
    ------
    PlumblineError
        When no closed cohort has enough closed cohorts before it. Ask `temporal_splits` first.
    """
    require(trainer.candidates.models)
    splits = temporal_splits(rows.frame, cut)
    if not splits:
        raise PlumblineError(
            f"no closed cohort has {cut.min_class} outcomes and {cut.min_class} non-outcomes in cohorts that were "
            "closed before it",
            where="backtest",
            todo="A model cannot be tested yet: wait for more cohorts to close.",
        )
    known = [split for split in splits if split.role == "development"]
    main = [split for split in known if split.history == splits[-1].history]
    found = [score_split(rows, split, trainer, candidate) for split in main for candidate in trainer.candidates.models]
    scored = pd.concat(found, ignore_index=True) if found else _nothing()
    selection, auc = _select(rows, splits, main, trainer, scored, margin)
    chosen = trainer.candidate(selection.chosen)
    tables = [measures.of(scored)]
    others = [score_split(rows, split, trainer, chosen, design=other) for split, other in otherwise(main, trainer)]
    others += [
        score_split(rows, split, trainer, chosen, name=f"{chosen.label} history {split.history}")
        for split in known
        if split not in main
    ]
    if others:
        tables.append(measures.of(pd.concat(others, ignore_index=True)))
    scored = pd.concat([scored, *others], ignore_index=True)
    if by_association:
        scored, more = without_columns(rows, main, trainer, measures, chosen, scored, by_association)
        tables += more
    if main:
        tables.append(learning_curve(rows, main, trainer, measures, chosen))
    if main and measures.evaluation.without_each_factor:
        tables.append(each_factor(rows, main, trainer, measures, chosen))
    metrics = pd.concat([table for table in tables if len(table)], ignore_index=True) if known else tables[0]
    return Development(splits, scored, metrics, selection, compare_rules(auc, margin, trainer.candidates.models))


def open_test(
    rows: Rows,
    development: Development,
    trainer: Trainer,
    measures: Measures,
    *,
    by_association: Sequence[str] = (),
) -> Backtest:
    """Score the sealed test by every candidate. Whoever calls this records the opening first.

    Parameters
    ----------
    rows, trainer, measures, by_association
        As in `develop`.
    development : Development
        What `develop` returned for them.
    """
    split, chosen = development.test, trainer.candidate(development.chosen)
    test = rows.take(split.test)
    parts, audited = [], None
    for candidate in trainer.candidates.models:
        model = trainer.fit_split(candidate, rows, split)
        parts.append(predictions(split, test, model))
        if candidate.label == chosen.label:
            audited = model
    assert audited is not None, "the choice is among the candidates"  # noqa: S101 - trainer.candidate has looked
    parts += [score_split(rows, split, trainer, chosen, design=other) for _, other in otherwise([split], trainer)]
    scored = pd.concat(parts, ignore_index=True)
    tables = [development.metrics, measures.of(scored)]
    if by_association:
        scored, more = without_columns(rows, [split], trainer, measures, chosen, scored, by_association)
        tables += more
    return Backtest(
        pd.concat([development.predictions, scored], ignore_index=True),
        development.selection,
        pd.concat([table for table in tables if len(table)], ignore_index=True),
        pd.DataFrame([_described(rows, each) for each in development.splits]),
        audited,
        development.rules,
    )


def _nothing() -> pd.DataFrame:
    names = "split as_of role model case_id cluster_id returning_person raw score outcome"
    return pd.DataFrame(columns=names.split())


def _described(rows: Rows, split: Split) -> dict[str, object]:
    outcome = rows.frame["outcome"].to_numpy(dtype=np.float64)[split.test]
    purged = split.design == "purged"
    return {
        "split": split.name,
        "as_of": pd.Timestamp(split.as_of),
        "role": split.role,
        "history": split.history,
        "design": split.design,
        "train_cohorts": ", ".join(split.train_cohorts),
        "test_cohorts": ", ".join(split.test_cohorts),
        "train_rows": len(split.train if purged else split.possible),
        "train_outcomes": int((split.y_train if purged else split.y_possible).sum()),
        "purged": split.purged,
        "purged_share": split.purged_share,
        "test_rows": len(split.test),
        "test_outcomes": int(np.nansum(outcome)),
        "test_unknown": int(np.isnan(outcome).sum()),
    }


def _select(
    rows: Rows, splits: list[Split], main: list[Split], trainer: Trainer, scored: pd.DataFrame, margin: float
) -> tuple[Selection, pd.DataFrame]:
    """The choice, and the AUC of every candidate on every development split."""
    # labels as the records showed them on the day of the test, not as they show them now
    known = {split.name: labels_as_known(rows.frame.iloc[split.test], splits[-1].as_of) for split in main}
    table = pd.DataFrame(
        [
            {"split": split, "model": model, "auc": _auc(part["score"].to_numpy(dtype=np.float64), known[str(split)])}
            for (split, model), part in scored.groupby(["split", "model"], sort=False)
        ],
        columns=["split", "model", "auc"],
    )
    models = trainer.candidates.models
    if len(known) >= ENOUGH_SPLITS:
        return choose(table, margin, "development splits", models), table
    test = splits[-1]
    train, y = (test.train, test.y_train) if test.design == "purged" else (test.possible, test.y_possible)
    folds = cross_validated(rows.take(train), y, trainer.candidates, trainer.seed)
    folds = folds.groupby("model", as_index=False)["auc"].mean().assign(split="folds")
    if not known:
        return choose(folds, margin, "folds", models), table
    return choose(pd.concat([table, folds]), margin, "development splits and folds", models), table


def _auc(score: np.ndarray, y: np.ndarray) -> float:
    told = ~np.isnan(y)
    score, y = score[told], y[told]
    return float(column_auc(score[:, None], y)[0]) if len(np.unique(y)) == 2 else float("nan")


def cross_validated(rows: Rows, y: np.ndarray, spec: CandidatesSpec, seed: int, folds: int = 3) -> pd.DataFrame:
    """AUC of every candidate on clustered folds inside training rows.

    Parameters
    ----------
    rows : Rows
        The training rows.
    y : ndarray
        Their labels.
    spec : CandidatesSpec
        The candidates.
    seed : int
        Seed of the run.
    folds : int
        Number of folds.

    Returns
    -------
    DataFrame
        split (the fold), model, auc.
    """
    clusters = rows.frame["cluster_id"].to_numpy(dtype=object)
    values = rows.X.to_numpy(dtype=np.float64)
    fold = cluster_folds(clusters, folds, seed, "selection")
    found = []
    for held_out in range(folds):
        inside, outside = fold != held_out, fold == held_out
        if min(len(np.unique(y[inside])), len(np.unique(y[outside]))) < 2:
            continue
        for candidate in spec.models:
            fitted = fit_candidate(candidate, values[inside], y[inside], clusters[inside], seed, rows.described)
            auc = _auc(fitted.raw(values[outside]), y[outside])
            found.append({"split": f"fold {held_out + 1}", "model": candidate.label, "auc": auc})
    if not found:
        found = [{"split": "none", "model": candidate.label, "auc": 0.5} for candidate in spec.models]
    return pd.DataFrame(found)
