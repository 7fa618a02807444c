"""The section `candidates:` of programme.yaml: which models compete.

Belongs here: its pydantic models and what can be checked from the section alone.
Does not belong here: fitting anything (models.candidates) or how the past is cut (models.spec.splits).
"""

from __future__ import annotations

import math
import re
from itertools import product
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from models.spec.section import Section

SIMPLEST_FIRST = ("base_rate", "one_factor", "points", "logistic", "ebm", "hist_gradient_boosting", "other")
"""Every kind of candidate, the simplest first: the order in which selection prefers them."""

MOST_SETTINGS = 60
"""A grid may hold at most so many combinations: each is fitted on every fold of every split."""


def _each_once(values: list[Any]) -> list[Any]:
    if len(set(values)) < len(values):
        raise ValueError("a value of the grid stands twice")
    return values


_GRID = (Field(min_length=1), AfterValidator(_each_once))
_Positive = Annotated[float, Field(gt=0)]
_Penalty = Annotated[float, Field(ge=0)]
_Rate = Annotated[float, Field(gt=0, le=1)]
_Leaves = Annotated[int, Field(ge=2, le=255)]
_Count = Annotated[int, Field(ge=1)]
_Items = Annotated[int, Field(ge=1, le=30)]
_Points = Annotated[int, Field(ge=1, le=20)]
_Pairs = Annotated[int, Field(ge=0, le=20)]
_Bins = Annotated[int, Field(ge=2, le=1024)]


class NoParams(Section):
    """Nothing to set."""


class OneFactorParams(Section):
    """Rank by one factor: the weight of its column is penalised as in logistic regression.

    Attributes
    ----------
    inverse_penalty : float or list of float
        scikit-learn's C, on standardised columns: smaller is more cautious.
    """

    inverse_penalty: _Positive | Annotated[list[_Positive], *_GRID] = 0.1


class PointsParams(Section):
    """A points list that a person can add up.

    Attributes
    ----------
    max_items : int or list of int
        At most so many statements.
    max_points : int or list of int
        A statement counts at most so many points, in either direction.
    """

    max_items: _Items | Annotated[list[_Items], *_GRID] = 8
    max_points: _Points | Annotated[list[_Points], *_GRID] = 5


class LogisticParams(Section):
    """Logistic regression on all columns, with an L2 penalty.

    Attributes
    ----------
    inverse_penalty : float or list of float
        scikit-learn's C, on standardised columns: smaller is more cautious.
    """

    inverse_penalty: _Positive | Annotated[list[_Positive], *_GRID] = Field(default=[0.003, 0.01, 0.03, 0.1, 0.3, 1.0])


class EbmParams(Section):
    """interpret's Explainable Boosting Machine: one curve for each column, and some pairs.

    Attributes
    ----------
    pairs : int or list of int
        How many pairs of columns get a surface of their own.
    max_bins : int or list of int
        A column's curve has at most so many steps.
    learning_rate : float or list of float
        How much one step of boosting may change.
    min_samples_leaf : int or list of int
        How many rows a step of a curve needs.
    max_rounds : int
        At most so many rounds of boosting; how many is found on clustered folds of the training rows.
    """

    pairs: _Pairs | Annotated[list[_Pairs], *_GRID] = 0
    max_bins: _Bins | Annotated[list[_Bins], *_GRID] = 64
    learning_rate: _Rate | Annotated[list[_Rate], *_GRID] = 0.04
    min_samples_leaf: _Count | Annotated[list[_Count], *_GRID] = 20
    max_rounds: int = Field(default=500, ge=1, le=50_000)


class BoostingParams(Section):
    """HistGradientBoosting; the number of trees is found by clustered folds inside the training rows.

    Attributes
    ----------
    learning_rate : float or list of float
        How much one tree may change.
    max_leaf_nodes : int or list of int
        How many leaves a tree may have.
    min_samples_leaf : int or list of int
        How many rows a leaf needs.
    l2 : float or list of float
        Penalty on large values; 0 is none.
    max_trees : int
        At most so many trees; how many is found on clustered folds of the training rows.
    """

    learning_rate: _Rate | Annotated[list[_Rate], *_GRID] = 0.05
    max_leaf_nodes: _Leaves | Annotated[list[_Leaves], *_GRID] = Field(default=[4, 8])
    min_samples_leaf: _Count | Annotated[list[_Count], *_GRID] = 50
    l2: _Penalty | Annotated[list[_Penalty], *_GRID] = 5.0
    max_trees: int = Field(default=200, ge=1, le=5000)


PARAMS: dict[str, type[Section]] = {
    "base_rate": NoParams,
    "one_factor": OneFactorParams,
    "points": PointsParams,
    "logistic": LogisticParams,
    "ebm": EbmParams,
    "hist_gradient_boosting": BoostingParams,
}
"""Kind of candidate -> what it may set. Those of `other` are the class's own."""

_MORE_IS_SIMPLER = frozenset({"min_samples_leaf", "l2"})
"""Of all other parameters less is simpler, or more regularised."""

_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_CLASS = re.compile(r"sklearn(\.[a-z][a-z0-9_]*)*\.[A-Z][A-Za-z0-9]*")
_NO_LIBRARY_OF_MODELS = {"tests", "conftest", "externals", "datasets"}
_OURS = frozenset({"n_jobs", "random_state", "verbose", "warm_start"})


class CandidateSpec(Section):
    """One candidate: its name alone, or `{name: ..., params: {...}}`.

    Attributes
    ----------
    name : str
        Its kind.
    label : str
        What figures and reports call it: its name where not given. Two candidates of one kind need different labels.
    class : str
        Of `other`: import path of a scikit-learn classifier with predict_proba. It is compared, never deployed.
    params : dict
        Settings. A list is a grid: the value is found on clustered folds inside the training rows.
    """

    name: Literal["base_rate", "one_factor", "points", "logistic", "ebm", "hist_gradient_boosting", "other"]
    label: str = ""
    path: str | None = Field(default=None, alias="class")
    params: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = {"name": value}
        if isinstance(value, dict) and isinstance(value.get("name"), str) and not value.get("label"):
            value = {**value, "label": value["name"]}
        return value

    @field_validator("label")
    @classmethod
    def _one_word(cls, value: str) -> str:
        if not _LABEL.fullmatch(value):
            raise ValueError("a label is one word of at most 40 letters, digits, _ and -, and starts with a letter")
        return value

    @model_validator(mode="after")
    def _params_fit(self) -> CandidateSpec:
        if self.label != self.name and self.label in SIMPLEST_FIRST:
            raise ValueError(f"the label {self.label} is the name of another kind of candidate")
        if self.name == "other":
            if self.path is None:
                raise ValueError("other needs class: the import path of a scikit-learn classifier")
            _scikit_learn_has(self.path, self.params)
        else:
            if self.path is not None:
                raise ValueError(f"class belongs to the candidate other, not to {self.name}")
            unknown = sorted(set(self.params) - set(PARAMS[self.name].model_fields))
            if unknown:
                known = ", ".join(PARAMS[self.name].model_fields) or "none"
                raise ValueError(f"{self.name} has no parameter {', '.join(unknown)} (it has: {known})")
            PARAMS[self.name].model_validate(self.params)
        count = math.prod(len(value) for value in self.settings.values() if isinstance(value, list))
        if count > MOST_SETTINGS:
            raise ValueError(f"the grid holds {count} combinations; at most {MOST_SETTINGS}")
        return self

    @property
    def settings(self) -> dict[str, Any]:
        """All parameters with their defaults filled in; lists are grids."""
        if self.name == "other":
            return {"class": self.path, **self.params}
        return PARAMS[self.name].model_validate(self.params).model_dump()

    @property
    def grid(self) -> list[dict[str, Any]]:
        """Every combination of the settings, the simplest or most regularised first (lists of `other` as written)."""
        names, values = list(self.settings), []
        for name, value in self.settings.items():
            each = value if isinstance(value, list) else [value]
            values.append(each if self.name == "other" else sorted(each, reverse=name in _MORE_IS_SIMPLER))
        return [dict(zip(names, chosen, strict=True)) for chosen in product(*values)]

    def settled(self, found: dict[str, Any]) -> CandidateSpec:
        """The same candidate with the settings that tuning found (`Fitted.notes`), so that nothing is tuned again."""
        if self.name == "other" or "settings" not in found:
            return self
        params = {**found["settings"], **({"max_trees": found["trees"]} if "trees" in found else {})}
        return self.model_copy(update={"params": params})

    @property
    def deployable(self) -> bool:
        """Whether it may become the programme's model; `other` is there for comparison alone."""
        return self.name != "other"


def simplicity(spec: CandidateSpec) -> tuple[int, str]:
    """Sort key of a candidate: the simpler kind first, then by label."""
    return SIMPLEST_FIRST.index(spec.name), spec.label


def _scikit_learn_has(path: str, params: dict[str, Any]) -> None:
    """Stop unless `path` names a classifier of scikit-learn that gives probabilities with these parameters."""
    if not _CLASS.fullmatch(path) or _NO_LIBRARY_OF_MODELS & set(path.split(".")):
        raise ValueError(f"{path} is no public class of scikit-learn, such as sklearn.ensemble.RandomForestClassifier")
    from importlib import import_module
    from inspect import signature

    from sklearn.base import BaseEstimator, ClassifierMixin

    module, _, name = path.rpartition(".")
    made: Any
    try:
        made = getattr(import_module(module), name)
    except (ImportError, AttributeError):
        raise ValueError(f"scikit-learn has no {path}") from None
    if not (isinstance(made, type) and issubclass(made, ClassifierMixin) and issubclass(made, BaseEstimator)):
        raise ValueError(f"{path} is no classifier")
    unknown = sorted(set(params) - (set(signature(made).parameters) - _OURS))
    if unknown:
        raise ValueError(f"{path} has no parameter {', '.join(unknown)} that a pack can set")
    if any(value == [] for value in params.values()):
        raise ValueError("a grid needs at least one value")
    try:
        classifier = made(**{key: value[0] if isinstance(value, list) else value for key, value in params.items()})
    except TypeError:
        raise ValueError(f"{path} cannot be made from plain values alone") from None
    if not hasattr(classifier, "predict_proba"):
        raise ValueError(f"{path} gives no probabilities (predict_proba)")


class CandidatesSpec(Section):
    """Which models compete.

    Attributes
    ----------
    models : list of CandidateSpec
        A plain list of names is enough: `candidates: [base_rate, logistic]`.
    calibration_share : float
        Share of the training clusters kept apart for calibration.
    """

    models: list[CandidateSpec] = Field(min_length=1)
    calibration_share: float = Field(default=0.25, gt=0, lt=1)

    @model_validator(mode="before")
    @classmethod
    def _plain_list(cls, value: Any) -> Any:
        return {"models": value} if isinstance(value, list) else value

    @field_validator("models")
    @classmethod
    def _each_once(cls, value: list[CandidateSpec]) -> list[CandidateSpec]:
        labels = [candidate.label for candidate in value]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} stands twice; give each candidate a label of its own")
        if not any(candidate.name == "base_rate" for candidate in value):
            raise ValueError("add base_rate: without it nothing shows that a model knows more than the average")
        return sorted(value, key=simplicity)

    def labelled(self, label: str) -> CandidateSpec:
        """The candidate of this label."""
        return next(candidate for candidate in self.models if candidate.label == label)
