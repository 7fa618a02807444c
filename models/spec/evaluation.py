"""The sections `evaluation:` and `uncertainty:` of programme.yaml: what is measured, and when a score says little.

Belongs here: their pydantic models and what can be checked from the sections alone.
Does not belong here: the figures (models.metrics) or the thresholds that they are held against (the charter).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from data_contracts.yamldoc import nearest
from models.spec.section import Section


def _top(value: int | str) -> int | str:
    if isinstance(value, int):
        if value < 1:
            raise ValueError("write how many cases: 50, or which share: 5%")
        return value
    if not re.fullmatch(r"(?:[1-9]\d?|0?\.\d+|\d{1,2}\.\d+)%", value) or not 0 < float(value[:-1]) < 100:
        raise ValueError("write how many cases: 50, or which share: 5%")
    return value


Top = Annotated[int | str, AfterValidator(_top)]
"""So many cases with the highest scores (50), or a share of them ("5%")."""


class Subset(Section):
    """Cases with certain values of an attribute, judged as if they were all: capacity and k are applied inside.

    Attributes
    ----------
    name : str
        What its figures are called.
    attribute : str
        Name in core.attribute.
    values : list of str
        The values that belong to it.
    """

    name: str = Field(pattern=r"^[\w][\w -]*$")
    attribute: str
    values: list[str] = Field(min_length=1)


class EvaluationSpec(Section):
    """What is measured besides the figures that every release has.

    Attributes
    ----------
    top : list of int or str
        Precision, recall and lift among the k highest scores.
    thresholds : list of float
        Probabilities at which a decision curve is drawn.
    subsets : list of Subset
        Parts of the population that are judged by themselves.
    learning : list of float
        Shares of the training clusters at which the learning curve is measured.
    without_each_factor : bool
        Whether the chosen candidate is fitted once more without each factor, on development splits.
    """

    top: list[Top] = Field(default_factory=list)
    thresholds: list[float] = Field(default_factory=lambda: [0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5])
    subsets: list[Subset] = Field(default_factory=list)
    learning: list[float] = Field(default_factory=lambda: [0.25, 0.5, 0.75])
    without_each_factor: bool = True

    @field_validator("thresholds", "learning")
    @classmethod
    def _shares(cls, value: list[float]) -> list[float]:
        if any(not 0 < share < 1 for share in value) or sorted(set(value)) != value:
            raise ValueError("write numbers between 0 and 1, rising, each once")
        return value

    @field_validator("subsets")
    @classmethod
    def _each_once(cls, value: list[Subset]) -> list[Subset]:
        if len({subset.name for subset in value}) < len(value):
            raise ValueError("two subsets have the same name")
        return value


def check_subsets(
    evaluation: EvaluationSpec, attributes: Sequence[str] | None, values: Mapping[str, Sequence[str] | None]
) -> list[tuple[tuple[int | str, ...], str, str]]:
    """What in the subsets the programme's core tables cannot have.

    Parameters
    ----------
    evaluation : EvaluationSpec
        The section.
    attributes : sequence of str or None
        Names in core.attribute; None where a source leaves them open.
    values : mapping
        By attribute, the values that it can have, where the contract lists them.

    Returns
    -------
    list of (location, what, what to do)
        Locations are places in the section.
    """
    problems: list[tuple[tuple[int | str, ...], str, str]] = []
    for i, subset in enumerate(evaluation.subsets):
        if attributes is not None and subset.attribute not in attributes:
            todo = nearest(subset.attribute, attributes) or f"Known are: {', '.join(attributes)}."
            problems.append((("subsets", i, "attribute"), f"the attribute “{subset.attribute}” is not known.", todo))
            continue
        allowed = values.get(subset.attribute)
        for value in subset.values if allowed is not None else ():
            if value not in (allowed or ()):
                todo = nearest(value, list(allowed or ())) or f"Known are: {', '.join(allowed or ())}."
                what = f"the attribute “{subset.attribute}” has no value “{value}”."
                problems.append((("subsets", i, "values"), what, todo))
    return problems


class UncertaintySpec(Section):
    """When a score is marked as not informative.

    Attributes
    ----------
    least_evidence : int
        With fewer records behind all its factors together, a case's score rests on too little.
    oldest_evidence_days : int or None
        When the newest record behind a case is older, its score rests on the past; None sets no limit.
    unlike : float
        A case is unlike the training data when at most this share of comparable past cases lay as far out.
    """

    least_evidence: int = Field(default=1, ge=0)
    oldest_evidence_days: int | None = Field(default=None, ge=1)
    unlike: float = Field(default=0.005, ge=0, lt=0.5)
