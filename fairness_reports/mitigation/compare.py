"""Comparing the options on development splits.

Belongs here: `compare_options`, the order of a comparison: which splits, which groups, which columns.
Does not belong here: how an option is fitted (options, constrained), figures and rows (figures, rows). Nothing here
reads a row of the sealed test: the rows are cut down to those of development splits before anything else happens.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from fairness_reports.audit.grouping import by_attribute
from fairness_reports.capacity import select
from fairness_reports.mitigation import reasons
from fairness_reports.mitigation.figures import Figures, Scored
from fairness_reports.mitigation.grouping import Labels, labels_of
from fairness_reports.mitigation.options import AS_IS, NO_PROBABILITY, OPTIONS
from fairness_reports.mitigation.part import Part, Task
from fairness_reports.mitigation.proxies import columns_of, most_revealing
from fairness_reports.mitigation.rows import (
    About,
    Judged,
    Row,
    absent_rows,
    measured_rows,
    stress_rows,
    table_of,
)
from fairness_reports.mitigation.spec import NEEDS_ATTRIBUTE, MitigationSpec
from fairness_reports.spec import NOT_RECORDED, OVERALL
from models.dataset import Rows
from models.outcomes import labels_as_known
from models.spec import CandidateSpec
from models.splits import Split, cross_fitting_fold
from models.training import Trainer

if TYPE_CHECKING:
    from fairness_reports.charter import Charter

NEWEST: Final = 2
"""The newest development splits that options are compared on: one to see a gain, one to see whether it holds. Fits are
dear, and old practice is less like today's."""
_KEYS: Final = ("cohort", "as_of", "case_id")


def compare_options(
    rows: Rows,
    splits: Sequence[Split],
    trainer: Trainer,
    spec: MitigationSpec,
    charter: Charter,
    groups: pd.DataFrame,
    chosen: CandidateSpec,
    *,
    share: float,
    seed: int,
    minimum_cell: int,
    proxies: Sequence[str] | None = None,
    missing_label: str = NOT_RECORDED,
) -> pd.DataFrame:
    """What each way to shrink a gap would have done, and cost, on development splits.

    Parameters
    ----------
    rows : Rows
        From `load_rows`. Only rows of development splits are looked at.
    splits : sequence of Split
        From `temporal_splits`, oldest first: the sealed test may be among them, and only its day is used.
    trainer : Trainer
        How candidates are fitted.
    spec : MitigationSpec
        The `mitigation:` section; without options in `compare` the table has no rows.
    charter : Charter
        `fairness` says which gaps, `mitigation` which options people may choose.
    groups : DataFrame
        From `models.cohorts.group_values`: cohort, as_of, case_id and the protected attributes.
    chosen : CandidateSpec
        The chosen candidate.
    share : float
        The charter's capacity.
    seed : int
        Seed of the draws.
    minimum_cell : int
        Figures on fewer cases are left out; smaller groups are pooled where groups are constrained.
    proxies : sequence of str, optional
        Features or columns that reveal the attribute, where `spec.proxies` names none; by default those that do so best
        in the training rows of the first of the splits compared.
    missing_label : str
        Name of the group for which nothing is recorded.

    Returns
    -------
    DataFrame
        Columns of mitigation.parquet (fairness_reports.mitigation.rows.COLUMNS). Without a development split one row,
        which says so.
    """
    if not spec.compare:
        return table_of([])
    attribute = spec.attribute or next(name for name in groups.columns if name not in _KEYS)
    judged = _judged(charter, attribute)
    may = set(charter.mitigation.may_be_chosen) if charter.mitigation is not None else set()
    abouts = [About(name, name in NEEDS_ATTRIBUTE, name == AS_IS or name in may) for name in (AS_IS, *spec.compare)]
    # labels as the records showed them on the day of the test, as in models.backtest.develop
    day = splits[-1].as_of if len(splits) and splits[-1].role == "test" else None
    history = splits[-1].history if len(splits) else None
    known = [split for split in splits if split.role == "development" and split.history == history][-NEWEST:]
    if not known:
        row = absent_rows(abouts[0], None, None, [], reasons.NO_DEVELOPMENT)[0]
        return table_of([row])
    rows, known = _visible(rows, known)
    told = {name: labels_of(rows.frame, groups, name, missing_label) for name in {each.attribute for each in judged}}
    told.setdefault(attribute, labels_of(rows.frame, groups, attribute, missing_label))
    named = spec.proxies or list(proxies or [])
    first = known[0]
    found = (
        columns_of(rows, named)
        if named
        else most_revealing(rows.take(first.possible), told[attribute][first.possible], minimum_cell)
    )
    metric = next((each.metric for each in judged if each.attribute == attribute), judged[0].metric)
    task = Task(trainer, chosen, metric, share, minimum_cell, tuple(found))
    table: list[Row] = []
    for split in known:
        scored: dict[str, Scored] = {}
        why: dict[str, str] = {}
        test, parts = rows.take(split.test), _parts(task, rows, split, told[attribute])
        for about in abouts:
            if trainer.progress:
                trainer.progress(f"{split.name}: {about.option}")
            try:
                score = _scores(task, about.option, parts, test, told[attribute][split.test])
            except reasons.NotPossibleError as problem:
                why[about.option] = str(problem)
                continue
            mask = select(score, test.frame["case_id"], share)
            scored[about.option] = Scored(score, mask, about.option not in NO_PROBABILITY)
        outcome = test.frame["outcome"].to_numpy(dtype=np.float64) if day is None else labels_as_known(test.frame, day)
        partitions = [by_attribute(name, told[name][split.test].tolist(), missing_label) for name in sorted(told)]
        draws = [seed, zlib.crc32(split.name.encode())]
        figures = Figures(outcome, test.frame["cluster_id"].to_numpy(dtype=object), scored, partitions, draws)
        for about in abouts:
            if about.option in why:
                table += absent_rows(about, split.name, split.as_of, judged, why[about.option])
            else:
                table += measured_rows(figures, about, split.name, split.as_of, judged, minimum_cell)
    table += stress_rows(table, abouts, [(split.name, split.as_of) for split in known], judged)
    return table_of(table)


def _judged(charter: Charter, attribute: str) -> list[Judged]:
    """The gaps that the charter judges; where it judges none, who is missed by the attribute."""
    found = [Judged(each.metric, each.attribute, each.reference) for each in charter.fairness]
    return found or [Judged("fnr", attribute, OVERALL)]


def _visible(rows: Rows, splits: list[Split]) -> tuple[Rows, list[Split]]:
    """Only rows that train or test in these splits; the splits with positions among them."""
    wanted = np.unique(np.concatenate([part for split in splits for part in (split.test, split.possible)]))
    moved = [
        replace(split, test=np.searchsorted(wanted, split.test), possible=np.searchsorted(wanted, split.possible))
        for split in splits
    ]
    return rows.take(wanted), moved


def _parts(task: Task, rows: Rows, split: Split, labels: Labels) -> list[Part]:
    """What the models of a split learn from, and the model as it is on each part."""
    trainer = task.trainer
    if task.chosen.name == "base_rate" and split.design == "cross_fitted":
        chosen = [(split.possible, split.y_possible)]  # as in Trainer.fit_split
    else:
        chosen = trainer.training_parts(rows, split)
    found = [(rows.take(at), y, labels[at]) for at, y in chosen]
    return [Part(own, y, groups, trainer.fit(task.chosen, own, y)) for own, y, groups in found]


def _scores(task: Task, option: str, parts: list[Part], test: Rows, labels: Labels) -> np.ndarray:
    """An option's scores of a split's test rows, each by a model that has not seen its cluster."""
    scorers = [OPTIONS[option](task, part) for part in parts]
    clusters = test.frame["cluster_id"].to_numpy(dtype=object)
    several = len(parts) > 1
    fold = cross_fitting_fold(clusters, len(parts), task.trainer.seed) if several else np.zeros(len(clusters))
    score = np.empty(len(clusters))
    for k, scorer in enumerate(scorers):
        mine = np.flatnonzero(fold == k)
        if len(mine):
            score[mine] = scorer(test.X.iloc[mine], labels[mine])
    return score
