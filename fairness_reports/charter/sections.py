"""The sections of a charter about the decision, the thresholds and who answers for them.

Belongs here: the models of these sections. Does not belong here: what may be done with scores and figures (uses), the
charter as a whole (model).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ModelWrapValidatorHandler, model_validator

from fairness_reports.audit.metrics import DIFFERENCES
from fairness_reports.charter.placeholders import FIGURE, Day, Group, Section, Words, is_placeholder
from fairness_reports.mitigation.spec import OptionName
from fairness_reports.spec import OVERALL


class SignOff(Section):
    """Who signed the charter, by role, and when."""

    by: Words
    date: Day


class ImpactAssessment(Section):
    """Where the assessment of the consequences is filed, and its date."""

    reference: Words
    date: Day


class Retraining(Section):
    """How often the model is fitted again, and why so often."""

    every_months: Annotated[Annotated[int, Field(ge=1, le=120)] | None, FIGURE]
    reason: Words


class Capacity(Section):
    """The share of the cases that the service could reach, and where the figure comes from."""

    share: Annotated[Annotated[float, Field(gt=0, le=1)] | None, FIGURE]
    reason: Words


class PerformanceThreshold(Section):
    """One threshold for the model as a whole.

    Parameters
    ----------
    metric : str
        A metric of metrics.parquet.
    at_least, at_most : float
        Exactly one of them.
    bound : "lower", "upper" or "estimate", optional
        Which end of the interval has to hold. By default the one that is harder to meet: `lower` for at_least, `upper`
        for at_most.
    reason : Text
        Why this figure.
    """

    metric: str = Field(min_length=1)
    at_least: Annotated[float | None, FIGURE] = None
    at_most: Annotated[float | None, FIGURE] = None
    bound: Literal["lower", "upper", "estimate"] | None = None
    reason: Words

    @model_validator(mode="wrap")
    @classmethod
    def _one_limit(cls, data: Any, handler: ModelWrapValidatorHandler[PerformanceThreshold]) -> PerformanceThreshold:
        result = handler(data)
        if isinstance(data, dict) and ("at_least" in data) == ("at_most" in data):
            raise ValueError("give either `at_least` or `at_most`.")
        return result

    @property
    def required_bound(self) -> str:
        """`bound`, or the one that is harder to meet."""
        return self.bound or ("lower" if self.at_least is not None else "upper")

    @property
    def limit(self) -> float:
        """The figure of `at_least` or `at_most`; NaN while it is a placeholder."""
        limit = self.at_least if self.at_least is not None else self.at_most
        return float("nan") if limit is None else limit


class FairnessThreshold(Section):
    """One gap that is judged: a metric between the groups of an attribute.

    Parameters
    ----------
    metric : str
        A metric of the audit.
    attribute : str
        A protected attribute, or two crossed as in the audit ("a × b").
    tolerance : float
        The largest difference, in either direction, that is tolerated.
    reference : str
        `overall` (the figure for everybody), or the name of a group.
    reason : Text
        Why this metric, this tolerance.
    """

    metric: str
    attribute: str = Field(min_length=1)
    tolerance: Annotated[Annotated[float, Field(gt=0, lt=1)] | None, FIGURE]
    reference: Group = OVERALL
    reason: Words

    @model_validator(mode="after")
    def _known(self) -> FairnessThreshold:
        if not is_placeholder(self.metric) and self.metric not in DIFFERENCES:
            raise ValueError(f"“{self.metric}” has no gap that can be judged: use one of {', '.join(DIFFERENCES)}.")
        return self


class Acceptance(Section):
    """A gap that may stay undecided: accepted beforehand for one group, with reason and signatory."""

    attribute: str = Field(min_length=1)
    group: Group
    metric: str
    reason: Words
    signatory: Words


class ByAssociation(Section):
    """Why records about other people of the household may count towards a person's score."""

    reason: Words


class Uninformative(Section):
    """How many scores may say nothing.

    Parameters
    ----------
    at_most : float
        Share of the open cases whose score is not informative; with more, no score is published.
    reason : Text
        Why this share.
    """

    at_most: Annotated[Annotated[float, Field(ge=0, lt=1)] | None, FIGURE]
    reason: Words


class MayBeChosen(Section):
    """Which ways to shrink a gap people may choose, after the comparison.

    Parameters
    ----------
    may_be_chosen : list of str
        Options of `mitigation.compare`. One that needs the protected attribute at decision time may be named too; it
        is never chosen automatically, and nothing else is either.
    reason : Text
        Why these.
    """

    may_be_chosen: list[OptionName]
    reason: Words
