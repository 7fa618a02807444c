"""Which candidate wins: the simplest one that is not clearly worse than the best. And what other rules would have cost.

Belongs here: the choice and the comparison of rules, from figures that were to be had before the test.
Does not belong here: the sealed test (nothing here reads it), or the margin itself (it stands in the charter).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.spec import SIMPLEST_FIRST, CandidateSpec, simplicity

NOTHING_KNOWN = 0.5
"""AUC that counts for a candidate on a split where it has none."""
OURS = "simplest_within_margin"
"""The rule by which `choose` chooses."""
RANDOM = "random"
_SPREAD = 0.5  # what a standard deviation costs in `average_less_spread`
RULE_COLUMNS = ["rule", "picked", "mean_regret", "worst_regret", "splits"]


@dataclass(frozen=True)
class Selection:
    """The choice and what it rests on.

    Attributes
    ----------
    chosen : str
        Label of the candidate.
    best : str
        The one with the highest mean AUC among those that may be deployed.
    margin : float
        How much AUC the charter gives up for a simpler model.
    basis : {"development splits", "development splits and folds", "folds"}
        What `auc` is the mean of; folds are clustered and lie inside the training rows of the test split.
    table : DataFrame
        candidate, auc (the mean), behind_best (below zero for an `other` that is better than all that may be chosen),
        within_margin (False for an `other`), splits (figures in the mean); the simplest first.
    """

    chosen: str
    best: str
    margin: float
    basis: str
    table: pd.DataFrame


def choose(auc: pd.DataFrame, margin: float, basis: str, candidates: Sequence[CandidateSpec] = ()) -> Selection:
    """Choose from the AUC of every candidate on every development split, or fold.

    Parameters
    ----------
    auc : DataFrame
        split, model (a candidate's label), auc.
    margin : float
        The charter's margin.
    basis : str
        Where the figures come from.
    candidates : sequence of CandidateSpec, optional
        Whose labels these are; without it a label is the name of its kind.

    Returns
    -------
    Selection
        The simplest (`models.spec.simplicity`) whose mean AUC is at most `margin` below the best. A split on which a
        candidate has no AUC counts as .5 for it. `other` is compared, and never chosen.
    """
    order, deployable = _in_order(auc, candidates)
    wide = _wide(auc, order).fillna(NOTHING_KNOWN)
    means = wide.mean().to_numpy()
    behind = means[deployable].max() - means
    within = deployable & (np.round(behind, 12) <= margin)
    table = pd.DataFrame(
        {
            "candidate": order,
            "auc": means,
            "behind_best": behind,
            "within_margin": within,
            "splits": len(wide),
        }
    )
    best = int(np.argmin(np.where(deployable, np.round(behind, 12), np.inf)))
    return Selection(order[int(np.argmax(within))], order[best], margin, basis, table)


def rules(auc: pd.DataFrame, margin: float, candidates: Sequence[CandidateSpec] = ()) -> pd.DataFrame:
    """What each rule of selection would have cost on development splits, as in triage's audition.

    At every development split but the first, a rule picks from the figures of the earlier ones alone; its regret there
    is the AUC of the best candidate on that split less the AUC of the one it picked. (That best one was not to be known
    beforehand: no rule reaches zero but by luck.)

    Parameters
    ----------
    auc : DataFrame
        split, model, auc; the splits in the order in which they stand, oldest first. Nothing of the test.
    margin : float
        The charter's margin; also what `most_often_near` calls near.
    candidates : sequence of CandidateSpec, optional
        As in `choose`. `other` is left out: no rule could have picked it.

    Returns
    -------
    DataFrame
        rule, picked (with all these splits, for what comes next; None for `random`), mean_regret, worst_regret, splits
        (how many the regret was measured on). Rules, each with ties going to the simplest:

        - `simplest_within_margin`: the one that Plumbline uses;
        - `best_current`: the best on the newest split;
        - `best_average`: the best mean, which is also the lowest mean regret;
        - `best_recent_average`: the same with weights that rise evenly, the newest counting twice the oldest;
        - `lowest_worst_regret`: the smallest of the greatest regrets (Savage, J. Am. Stat. Assoc. 46, 1951);
        - `most_often_near`: most often within the margin of the best;
        - `least_variance`: varies least from split to split, however bad;
        - `average_less_spread`: the best mean less half a standard deviation;
        - `random`: any of them with the same chance; its regrets are expected ones.

        A split on which a candidate has no AUC counts as .5 for it; a split on which none has any is left out. With
        fewer than two splits the table is empty, and `attrs["reason"]` says why.
    """
    order, deployable = _in_order(auc, candidates)
    wide = _wide(auc, order).loc[:, deployable].dropna(how="all").fillna(NOTHING_KNOWN)
    empty = pd.DataFrame(columns=RULE_COLUMNS)
    if len(wide) < 2:
        told = "are no development splits" if not len(wide) else "is one development split"
        empty.attrs["reason"] = f"There {told}: it takes two, one to pick on and a later one to see what that cost."
        return empty
    values, names = wide.to_numpy(), list(wide.columns)
    regret = values.max(axis=1, keepdims=True) - values
    found: list[tuple[str, str | None, float, float, int]] = []
    for rule, pick in _RULES.items():
        cost = [regret[split, pick(values[:split], margin)] for split in range(1, len(values))]
        found.append((rule, names[pick(values, margin)], float(np.mean(cost)), float(np.max(cost)), len(cost)))
    chance = regret[1:].mean(axis=1)
    found.append((RANDOM, None, float(chance.mean()), float(chance.max()), len(chance)))
    return pd.DataFrame(found, columns=RULE_COLUMNS)


def _in_order(auc: pd.DataFrame, candidates: Sequence[CandidateSpec]) -> tuple[list[str], np.ndarray]:
    """Labels that have figures, the simplest first, and which of them may be deployed."""
    present = set(auc["model"])
    if candidates:
        told = [each for each in sorted(candidates, key=simplicity) if each.label in present]
        return [each.label for each in told], np.array([each.deployable for each in told], dtype=bool)
    order = [name for name in SIMPLEST_FIRST if name in present]
    return order, np.array([name != "other" for name in order], dtype=bool)


def _wide(auc: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """One row per split, in the order in which they stand; one column per candidate."""
    splits = list(dict.fromkeys(auc["split"]))
    return auc.pivot(index="split", columns="model", values="auc").reindex(index=splits, columns=order).astype(float)


def _first(score: np.ndarray) -> int:
    """The highest, and of equal ones the simplest, which stands first."""
    return int(np.argmax(np.round(score, 12)))


def _within_margin(auc: np.ndarray, margin: float) -> int:
    mean = auc.mean(axis=0)
    return int(np.argmax(np.round(mean.max() - mean, 12) <= margin))


def _recent(auc: np.ndarray, margin: float) -> int:
    return _first(np.average(auc, axis=0, weights=np.linspace(1, 2, len(auc)) if len(auc) > 1 else None))


_RULES: dict[str, Callable[[np.ndarray, float], int]] = {
    OURS: _within_margin,
    "best_current": lambda auc, margin: _first(auc[-1]),
    "best_average": lambda auc, margin: _first(auc.mean(axis=0)),
    "best_recent_average": _recent,
    "lowest_worst_regret": lambda auc, margin: _first(-(auc.max(axis=1, keepdims=True) - auc).max(axis=0)),
    "most_often_near": lambda auc, margin: _first(
        (np.round(auc.max(axis=1, keepdims=True) - auc, 12) <= margin).sum(axis=0).astype(float)
    ),
    "least_variance": lambda auc, margin: _first(-auc.var(axis=0)),
    "average_less_spread": lambda auc, margin: _first(auc.mean(axis=0) - _SPREAD * auc.std(axis=0)),
}
