"""The section `splits:` of programme.yaml: how the past is cut to test what models would have said.

Belongs here: its pydantic models and what can be checked from the section alone.
Does not belong here: the cutting (models.splits) or which models compete (models.spec.candidates).
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from models.spec.section import Section

_SPAN = re.compile(r"([1-9]\d{0,4})(d|mo|y)")
_DAYS = {"d": 1, "mo": 31, "y": 366}
_LONGEST = 36_600  # days; beyond it a calendar ends


def _span(text: str) -> str:
    found = _SPAN.fullmatch(text)
    if found is None or int(found[1]) * _DAYS[found[2]] > _LONGEST:
        raise ValueError("write a span of time, of at most a hundred years, in days, months or years: 30d, 6mo, 1y")
    return text


Span = Annotated[str, AfterValidator(_span)]
"""A length of time: 30d, 6mo or 1y."""


class SplitsSpec(Section):
    """How the past is cut.

    Attributes
    ----------
    feature_start, feature_end : date, optional
        Only as-of dates from the one to the other (both included) train or test.
    label_start, label_end : date, optional
        Only cohorts whose as-of date is not before the one and whose window has ended by the other train or test.
    update_every : Span, optional
        How often a model is made anew: the model days of two splits lie at least so far apart, counted back from the
        newest. By default every cohort is a model day.
    train_every, test_every : Span, optional
        As-of dates used for training (testing) lie at least so far apart, counted back from the newest (on from the
        model day). By default all are used.
    histories : list of Span
        How far back training reaches, each a set of splits of its own; empty means the whole past. The first one is
        what the deployed model uses; the others are compared on development splits.
    test_for : Span, optional
        How long one model is used: cohorts from the model day to before its end are tested together. By default the
        cohorts of the model day alone.
    last : int
        At most so many splits, the newest; history is not cut by it.
    min_class : int
        A split needs at least so many outcomes and so many non-outcomes in training.
    relatives : {"auto", "purge", "cross_fit"}
        What happens to training rows whose cluster stands in the test: purged, or each cluster is scored by a model
        fitted on other clusters. `auto` purges unless that would drop more than `purge_ceiling`.
    purge_ceiling : float
        Share of the training rows.
    folds : int
        Number of clustered folds of cross-fitting.
    """

    feature_start: date | None = None
    feature_end: date | None = None
    label_start: date | None = None
    label_end: date | None = None
    update_every: Span | None = None
    train_every: Span | None = None
    test_every: Span | None = None
    histories: list[Span] = Field(default_factory=list)
    test_for: Span | None = None
    last: int = Field(default=6, ge=1)
    min_class: int = Field(default=20, ge=1)
    relatives: Literal["auto", "purge", "cross_fit"] = "auto"
    purge_ceiling: float = Field(default=0.1, ge=0, le=1)
    folds: int = Field(default=5, ge=2, le=20)

    @model_validator(mode="after")
    def _in_order(self) -> SplitsSpec:
        for what in ("feature", "label"):
            start, end = getattr(self, f"{what}_start"), getattr(self, f"{what}_end")
            if start is not None and end is not None and end <= start:
                raise ValueError(f"{what}_end is not after {what}_start")
        if len(set(self.histories)) < len(self.histories):
            raise ValueError("a history stands twice in `histories`")
        return self
