"""fairlearn's options: models fitted under a constraint, and cut-offs of their own for each group.

Belongs here: ExponentiatedGradient, GridSearch and ThresholdOptimizer, made to fit a capacity.
Does not belong here: options that only change rows or columns (options).

All three decide yes or no, while a service has a capacity. So a wrong yes costs t and a wrong no 1 - t, where t is the
score at which the capacity runs out in training: the decisions with the least cost then select about as many people as
the service can reach, and it is among these decisions that error rates are made equal.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.special import logit

from fairness_reports.mitigation.grouping import Labels, pooled, pooling
from fairness_reports.mitigation.part import Part, Scorer, Task
from fairness_reports.mitigation.reasons import NO_GROUPS, ONE_GROUP, TOO_LITTLE, NotPossibleError
from models.calibration import fit_calibrator
from models.folds import hashed_share, one_thread

MAX_ITER: Final = 15
"""Steps of ExponentiatedGradient."""
INVERSE_PENALTY: Final = 0.1
"""scikit-learn's C of the logistic regression under both, on standardised columns."""
EDGE: Final = 1e-6
_REPEATS: Final = 10  # costs of errors in tenths, by repeating rows: ThresholdOptimizer takes no weights

_CONSTRAINTS: Final = {
    "tpr": ("TruePositiveRateParity", "true_positive_rate_parity"),
    "fnr": ("TruePositiveRateParity", "true_positive_rate_parity"),
    "fpr": ("FalsePositiveRateParity", "false_positive_rate_parity"),
    "tnr": ("FalsePositiveRateParity", "false_positive_rate_parity"),
    "selection_rate": ("DemographicParity", "demographic_parity"),
}


def constraint_of(metric: str) -> tuple[str, str]:
    """For a metric of the charter, the name of fairlearn's moment and that of ThresholdOptimizer's constraint."""
    return _CONSTRAINTS.get(metric, ("EqualizedOdds", "equalized_odds"))


def exponentiated_gradient(task: Task, part: Part) -> Scorer:
    """A mixture of logistic regressions; its score is their mean probability, calibrated.

    A. Agarwal, A. Beygelzimer, M. Dudík, J. Langford, H. Wallach (2018), A reductions approach to fair classification,
    ICML, section 3. fairlearn's own prediction draws one model per case at random; the mean does not, so that the same
    case gets the same score twice.
    """

    def fit(base: Any, constraint: Any, Z: np.ndarray, y: np.ndarray, groups: Labels) -> list[tuple[float, Any]]:
        from fairlearn.reductions import ExponentiatedGradient

        found = ExponentiatedGradient(base, constraint, max_iter=MAX_ITER)
        found.fit(Z, y, sensitive_features=groups)
        weights = np.asarray(found.weights_.sort_index(), dtype=np.float64)
        return [(float(weight), model) for weight, model in zip(weights, found.predictors_, strict=True) if weight > 0]

    return _reduced(task, part, fit)


def grid_search(task: Task, part: Part) -> Scorer:
    """One logistic regression out of a grid of costs by group: the best trade between error and gap in training.

    The grid reaches as far as the rows' own costs: there an outcome in a group of average size counts about three times
    (fairlearn's own limit, 2, would count it some fifty times, and leave hardly a step between nothing and that).
    """

    def fit(base: Any, constraint: Any, Z: np.ndarray, y: np.ndarray, groups: Labels) -> list[tuple[float, Any]]:
        from fairlearn.reductions import GridSearch

        both = constraint_of(task.metric)[0] == "EqualizedOdds"
        names, rate = len(set(groups.tolist())), float(y.mean())
        told = {"TruePositiveRateParity": rate, "FalsePositiveRateParity": 1 - rate}
        event = min(rate, 1 - rate) if both else told.get(constraint_of(task.metric)[0], 1.0)
        costs = constraint.default_objective()
        size = grid_size((names - 1) * (2 if both else 1))
        limit = 2 * max(costs.fp_cost, costs.fn_cost) * event / names
        found = GridSearch(base, constraint, grid_size=size, grid_limit=limit)
        found.fit(Z, y, sensitive_features=groups)
        return [(1.0, found.predictors_[found.best_idx_])]

    return _reduced(task, part, fit)


def grid_size(directions: int) -> int:
    """How many points a grid has, so that it is whole: fairlearn takes the first so many, which may all lie on a side.

    >>> [grid_size(directions) for directions in (1, 2, 3, 4)]
    [11, 13, 7, 9]
    """
    return {1: 11, 2: 13}.get(directions, 2 * directions + 1)


def _reduced(task: Task, part: Part, fit: Callable[..., list[tuple[float, Any]]]) -> Scorer:
    import fairlearn.reductions
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    apart, clusters = _apart(task, part)
    values, y = np.ascontiguousarray(part.rows.X.to_numpy(dtype=np.float64)), part.y
    names = pooling(part.labels[~apart], y[~apart], task.minimum)
    _two_groups(part.labels, names)
    groups = pooled(part.labels[~apart], names).astype(str)
    with one_thread(), _quiet():
        # trees in the chosen candidate would make dozens of fits dear, and their leaves hold few of a small group
        prepared = make_pipeline(
            SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), StandardScaler()
        ).fit(values[~apart])
        Z = prepared.transform(values[~apart])
        base = LogisticRegression(C=INVERSE_PENALTY, solver="newton-cholesky", max_iter=200)
        at = _capacity_score(base.fit(Z, y[~apart]).predict_proba(Z)[:, 1], task.share)
        costs = {"fp": at, "fn": 1 - at}
        constraint = getattr(fairlearn.reductions, constraint_of(task.metric)[0])()
        constraint.default_objective = lambda: fairlearn.reductions.ErrorRate(costs=costs)
        models = fit(base, constraint, Z, y[~apart].astype(np.int64), groups)

    def raw(X: np.ndarray) -> np.ndarray:
        if not len(X):
            return np.empty(0)
        with one_thread():
            ready = prepared.transform(X)
            mean = sum(weight * _chance(model, ready) for weight, model in models) / sum(w for w, _ in models)
        line: np.ndarray = logit(np.clip(mean, EDGE, 1 - EDGE))
        return line

    calibrator = fit_calibrator(raw(values[apart]), y[apart], clusters[apart])
    return lambda X, labels: calibrator.score(raw(np.ascontiguousarray(X.to_numpy(dtype=np.float64))))


def _chance(model: Any, Z: np.ndarray) -> np.ndarray:
    # a step whose relabelled rows are all of one kind is a constant
    classes = list(model.classes_)
    if 1 not in classes:
        return np.zeros(len(Z))
    chance: np.ndarray = model.predict_proba(Z)[:, classes.index(1)]
    return chance


def threshold_optimizer(task: Task, part: Part) -> Scorer:
    """The chosen candidate with a cut-off of its own for each group, in the order of how far a case lies above it.

    The cut-offs are those of fairlearn's ThresholdOptimizer (M. Hardt, E. Price, N. Srebro 2016, Equality of
    opportunity in supervised learning, NeurIPS) on the candidate's calibration rows, which it has not seen. It decides
    some cases by lot; here each group's cut-off lets through as many of its calibration rows as the lot would have on
    average, and the capacity is then filled in the order of score minus cut-off, in log-odds. With equalised odds the
    lot does more than move a cut-off: there the error rates come nearer to each other without being made equal.
    """
    from fairlearn.postprocessing import ThresholdOptimizer
    from sklearn.linear_model import LinearRegression

    through = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])  # hands the scores on as they are
    through.coef_, through.intercept_ = np.array([1.0]), 0.0
    apart, _ = _apart(task, part)
    model = part.model
    score, y, labels = model.score(part.rows.X.iloc[apart]), part.y[apart], part.labels[apart]
    names = pooling(labels, y, task.minimum)
    _two_groups(labels, names)
    groups = pooled(labels, names).astype(str)
    at = _capacity_score(score, task.share)
    times = np.where(y == 1, max(1, round(_REPEATS * (1 - at))), max(1, round(_REPEATS * at)))
    found = ThresholdOptimizer(
        estimator=through, constraints=constraint_of(task.metric)[1], prefit=True, predict_method="predict"
    )
    with one_thread(), _quiet():
        repeated = np.repeat(np.arange(len(y)), times)
        found.fit(score[repeated][:, None], y[repeated].astype(np.int64), sensitive_features=groups[repeated])
    rules = found.interpolated_thresholder_.interpolation_dict
    cut = {str(name): _cut(score[groups == name], rules[name]) for name in sorted(set(groups.tolist()))}
    everybody = float(logit(at))  # for a group that training did not have

    def ranked(X: pd.DataFrame, labels: Labels) -> np.ndarray:
        line = logit(np.clip(model.score(X), EDGE, 1 - EDGE))
        own: np.ndarray = line - np.array(
            [cut.get(name, everybody) for name in pooled(labels, names)], dtype=np.float64
        )
        return own

    return ranked


def _cut(score: np.ndarray, rule: Any) -> float:
    """The log-odds above which as many of a group's scores lie as its randomised rule selects on average."""
    chosen = rule.p0 * rule.operation0(score) + rule.p1 * rule.operation1(score)
    if "p_ignore" in rule:
        chosen = rule.p_ignore * rule.prediction_constant + (1 - rule.p_ignore) * chosen
    rate = float(np.clip(np.mean(chosen), 0, 1))
    return float(logit(np.clip(np.quantile(score, 1 - rate), EDGE, 1 - EDGE)))


def _apart(task: Task, part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Which rows calibrate, as in `models.model.fit_model`, and the clusters."""
    clusters = part.rows.frame["cluster_id"].to_numpy(dtype=object)
    apart = hashed_share(clusters, task.trainer.seed, "calibration") < task.trainer.candidates.calibration_share
    if min(len(np.unique(part.y[apart])), len(np.unique(part.y[~apart]))) < 2:
        raise NotPossibleError(TOO_LITTLE)
    return apart, clusters


def _two_groups(labels: Labels, names: dict[str, str]) -> None:
    if len(set(names.values())) < 2:
        raise NotPossibleError(ONE_GROUP if len(set(labels.tolist())) < 2 else NO_GROUPS)


def _capacity_score(score: np.ndarray, share: float) -> float:
    """The score at which the capacity runs out, kept within [.02, .98]: a cost of nothing would constrain nothing."""
    return float(np.clip(np.quantile(score, 1 - share), 0.02, 0.98))


@contextmanager
def _quiet() -> Iterator[None]:
    # fairlearn and pandas warn of each other; the figures tell whether a fit is good
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
