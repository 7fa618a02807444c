"""What a backtest measures besides the candidates themselves, and how.

Belongs here: figures of predictions (`Measures`); the chosen candidate under the other treatment of relatives, without
some columns, with less to learn from.
Does not belong here: the order of a backtest and its seal (models.backtest), a fit (models.training), a figure itself
(models.metrics, models.ablation, models.learning).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from models.ablation import difference_rows, factor_rows, without, without_each_factor
from models.dataset import Rows
from models.learning import learning_rows
from models.metrics import Select, metric_rows
from models.spec import CandidateSpec, EvaluationSpec
from models.splits import Split
from models.training import Trainer, predictions


@dataclass(frozen=True)
class Measures:
    """How the figures of a backtest are made.

    Attributes
    ----------
    seed : int
        Seed of every bootstrap.
    min_cell : int
        The smallest number of outcomes, and of non-outcomes, under a figure.
    select : callable or None
        From scores and case ids to a mask of those within the capacity.
    evaluation : EvaluationSpec
        The `evaluation:` section.
    groups : DataFrame or None
        cohort, as_of, case_id and attributes, for subsets: from `models.cohorts.group_values`.
    horizons : mapping of str to DataFrame
        Labels of further horizons, from `models.outcomes.labels_within`.
    """

    seed: int
    min_cell: int = 10
    select: Select | None = None
    evaluation: EvaluationSpec = field(default_factory=EvaluationSpec)
    groups: pd.DataFrame | None = None
    horizons: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def of(self, scored: pd.DataFrame) -> pd.DataFrame:
        """Rows of metrics.parquet for predictions."""
        return metric_rows(
            scored,
            select=self.select,
            seed=self.seed,
            min_cell=self.min_cell,
            evaluation=self.evaluation,
            groups=self.groups,
            horizons=self.horizons,
        )

    def differences(self, scored: pd.DataFrame, chosen: str) -> pd.DataFrame:
        """Paired differences that leaving out the columns by association makes."""
        return difference_rows(scored, chosen, select=self.select, seed=self.seed, min_cell=self.min_cell)


def otherwise(splits: Sequence[Split], trainer: Trainer) -> Iterator[tuple[Split, str]]:
    """Splits in which relatives matter, with the other treatment of them where that leaves enough to learn from."""
    for split in splits:
        other = "cross_fitted" if split.design == "purged" else "purged"
        if split.purged and trainer.can(split, other):
            yield split, other


def score_split(
    rows: Rows,
    split: Split,
    trainer: Trainer,
    candidate: CandidateSpec,
    *,
    design: str | None = None,
    name: str | None = None,
) -> pd.DataFrame:
    """Fit a candidate for a split and score its test; under another name or design where one is given."""
    model = trainer.fit_split(candidate, rows, split, design)
    name = name or (f"{candidate.label} {design}" if design else candidate.label)
    return predictions(split, rows.take(split.test), model, name)


def without_columns(
    rows: Rows,
    splits: list[Split],
    trainer: Trainer,
    measures: Measures,
    chosen: CandidateSpec,
    scored: pd.DataFrame,
    names: Sequence[str],
) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """The chosen recipe without columns about other people: predictions with it, and rows of metrics.parquet."""
    fewer, name = rows.without(names), without(chosen.label)
    candidate = chosen if fewer.columns else trainer.candidate("base_rate")
    parts = [score_split(fewer, split, trainer, candidate, name=name) for split in splits]
    if not parts:
        return scored, []
    ablated = pd.concat(parts, ignore_index=True)
    both = pd.concat([scored, ablated], ignore_index=True)
    return both, [measures.of(ablated), measures.differences(both, chosen.label)]


def learning_curve(
    rows: Rows, splits: list[Split], trainer: Trainer, measures: Measures, chosen: CandidateSpec
) -> pd.DataFrame:
    """Rows of metrics.parquet for the learning curve of the chosen candidate."""
    return learning_rows(
        lambda part: score_split(rows, part, trainer, chosen),
        splits,
        rows.frame["cluster_id"].to_numpy(dtype=object),
        chosen.label,
        measures.evaluation.learning,
        seed=trainer.seed,
        min_cell=measures.min_cell,
        least=trainer.least,
    )


def each_factor(
    rows: Rows, splits: list[Split], trainer: Trainer, measures: Measures, chosen: CandidateSpec
) -> pd.DataFrame:
    """Rows of metrics.parquet for the chosen candidate without each factor.

    One model per split, with relatives purged, and with the settings found for all factors: what is compared is one
    recipe on the same rows, and twenty factors would otherwise cost a hundred fits.
    """
    parts, left_out = [], set[str]()
    for split in splits:
        design = "purged" if trainer.can(split, "purged") else None
        whole = trainer.fit_split(chosen, rows, split, design)
        fixed = chosen.settled(whole.parts[0].fitted.notes)
        parts.append(predictions(split, rows.take(split.test), whole))
        for factor, fewer in without_each_factor(rows):
            left_out.add(factor)
            parts.append(score_split(fewer, split, trainer, fixed, design=design, name=without(chosen.label, factor)))
    scored = pd.concat(parts, ignore_index=True)
    return factor_rows(
        scored,
        chosen.label,
        sorted(left_out),
        select=measures.select,
        seed=measures.seed,
        min_cell=measures.min_cell,
    )
