"""The kinds of feature that a pack can declare, one model each.

Belongs here: what each kind means, its own fields, and an example (docs/features.md shows both).
Does not belong here: shared fields (fields), checks across features (spec), or how a kind is computed (portable).
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from features.fields import (
    AttributeFeature,
    CountLike,
    EventFeature,
    Feature,
    Missing,
    Names,
    Need,
    ValueLike,
    WindowText,
    slug,
)
from features.windows import Window, read_window
from features.words import NonBlank


class Count(CountLike):
    """How many events."""

    kind: Literal["count"]
    example = """
- name: missed_appointments_90d
  kind: count
  factor: missed_appointments
  direction: up
  events: {type: appointment, category: missed}
  window: 90d
"""


class Distinct(CountLike):
    """How many different categories."""

    kind: Literal["distinct"]
    needs = "category"
    example = """
- name: referral_sources_2y
  kind: distinct
  factor: referrals
  events: {type: referral}
  window: 2y
"""


class AnyOf(CountLike):
    """1 if there was one, else 0."""

    kind: Literal["any"]
    example = """
- name: any_crisis_90d_to_1y
  kind: any
  factor: crises
  direction: up
  events: {type: crisis}
  window: 90d..1y
"""


class Sum(CountLike):
    """The values added up (each rounded to six decimals, so that their order cannot matter)."""

    kind: Literal["sum"]
    needs = "value"
    example = """
- name: clicks_14d
  kind: sum
  factor: online_activity
  direction: down
  events: {type: click}
  window: 2w
  scope: case
  source: clicks
"""


class Mean(ValueLike):
    """The mean value (each rounded to six decimals, as in `sum`)."""

    kind: Literal["mean"]
    needs = "value"
    example = """
- name: mean_score_1y
  kind: mean
  factor: assessment_scores
  direction: down
  events: {type: assessment}
  window: 1y
  missing: missing
"""


class Min(ValueLike):
    """The smallest value."""

    kind: Literal["min"]
    needs = "value"
    example = """
- name: lowest_score_1y
  kind: min
  factor: assessment_scores
  events: {type: assessment}
  window: 1y
"""


class Max(ValueLike):
    """The largest value."""

    kind: Literal["max"]
    needs = "value"
    example = """
- name: highest_need_1y
  kind: max
  factor: assessed_need
  events: {type: needs_assessment, value: {at_least: 0, at_most: 10}}
  window: 1y
"""


class Last(ValueLike):
    """The most recent value (of one day: the one known later, then the larger)."""

    kind: Literal["last"]
    needs = "value"
    example = """
- name: last_need_2y
  kind: last
  factor: assessed_need
  events: {type: needs_assessment}
  window: 2y
"""


class First(ValueLike):
    """The earliest value in the window (of one day: the one known first, then the smaller)."""

    kind: Literal["first"]
    needs = "value"
    example = """
- name: first_need_2y
  kind: first
  factor: assessed_need
  events: {type: needs_assessment}
  window: 2y
"""


class Std(ValueLike):
    """The standard deviation of the values (of a sample: n - 1); needs two."""

    kind: Literal["std"]
    needs = "value"
    example = """
- name: spread_of_scores_1y
  kind: std
  factor: assessment_scores
  events: {type: assessment}
  window: 1y
"""


class Slope(ValueLike):
    """The least-squares slope of the values over their days, per year of 365 days; needs two days."""

    kind: Literal["slope"]
    needs = "value"
    example = """
- name: trend_of_need_2y
  kind: slope
  factor: assessed_need
  direction: up
  events: {type: needs_assessment}
  window: 2y
"""


class LongestGap(ValueLike):
    """The most days between two events that follow each other; needs two."""

    kind: Literal["longest_gap"]
    example = """
- name: longest_gap_between_visits_1y
  kind: longest_gap
  factor: home_visits
  direction: up
  events: {type: home_visit}
  window: 1y
"""


class Rate(CountLike):
    """Events per year of 365 days; the window must have a limit."""

    kind: Literal["rate"]
    example = """
- name: police_calls_per_year
  kind: rate
  factor: police_calls
  direction: up
  events: {type: police_call}
  window: 2y
"""

    @model_validator(mode="after")
    def _limited(self) -> Self:
        if self.span.far is None:
            raise ValueError("a rate needs a window with a limit, such as 2y")
        return self


class Change(EventFeature):
    """The `measure` (`count`, `sum` or `mean`) in `window` minus that in `compared_with`.

    A mean needs values in both windows; of a count or a sum there is nothing only when both windows are empty.

    Attributes
    ----------
    measure : {"count", "sum", "mean"}
        What is compared.
    compared_with : str
        The window whose measure is taken away; both windows have a limit.
    """

    kind: Literal["change"]
    measure: Literal["count", "sum", "mean"] = "count"
    compared_with: WindowText
    missing: Missing = "zero"
    example = """
- name: change_in_absences
  kind: change
  factor: school_absence
  direction: up
  events: {type: absence}
  window: 90d
  compared_with: 90d..180d
"""

    @model_validator(mode="before")
    @classmethod
    def _no_mean_is_missing(cls, data: object) -> object:
        # "no change" is what happened when nothing did; of a mean that cannot be made it would be an imputation
        if isinstance(data, dict) and data.get("measure") == "mean":
            return {"missing": "missing", **data}
        return data

    @model_validator(mode="after")
    def _comparable(self) -> Self:
        if any(span.far is None for span in self.spans):
            raise ValueError("a change compares two windows with a limit, such as 90d and 90d..180d")
        self._reaches_beyond_lag(self.compared_with)
        if self.span == self.spans[1]:
            raise ValueError("the two windows are the same: the change would always be 0")
        return self

    @property
    def spans(self) -> tuple[Window, ...]:
        """The window, and the one that it is compared with."""
        return (self.span, read_window(self.compared_with).after(self.lag_days))

    @property
    def need(self) -> Need | None:
        """A sum or a mean needs values."""
        return None if self.measure == "count" else "value"


class DaysSinceLast(ValueLike):
    """Days from the newest event to as_of; 1 is the day before."""

    kind: Literal["days_since_last"]
    example = """
- name: days_since_visit
  kind: days_since_last
  factor: home_visits
  events: {type: home_visit}
  window: 2y
  missing: 730
"""


class DaysSinceFirst(ValueLike):
    """Days from the oldest event in the window to as_of."""

    kind: Literal["days_since_first"]
    example = """
- name: days_since_first_referral
  kind: days_since_first
  factor: referrals
  events: {type: referral}
  window: all
  reason: The first contact dates the family's history with the service, however long ago.
"""


class Share(ValueLike):
    """The part of the events whose category is in `of`; undefined, hence `missing`, when there are none.

    Attributes
    ----------
    of : tuple of str
        The category, or the categories, whose part is asked for.
    """

    kind: Literal["share"]
    of: Names
    example = """
- name: share_missed_1y
  kind: share
  factor: missed_appointments
  events: {type: appointment}
  of: missed
  window: 1y
"""

    @model_validator(mode="after")
    def _varies(self) -> Self:
        counted = set(self.events.category or ())
        left_out = [name for name in self.of if counted and name not in counted]
        if left_out:
            raise ValueError(f"`of` names “{left_out[0]}”, which the `category` of `events` leaves out")
        if counted and counted == set(self.of):
            raise ValueError("`of` names every `category` of `events`: the share would always be 1")
        return self


class OpenEpisodes(CountLike):
    """How many episodes begun in the window are open. An end not known before as_of reads as open."""

    kind: Literal["open_episodes"]
    needs = "open"
    example = """
- name: open_services
  kind: open_episodes
  factor: services
  events: {type: service}
  window: 5y
"""


class EpisodeDays(CountLike):
    """Days in the window on which at least one episode was open, whenever it began; the day of its end counts.

    An end not known before as_of reads as open.
    """

    kind: Literal["episode_days"]
    example = """
- name: days_in_care_1y
  kind: episode_days
  factor: services
  events: {type: service}
  window: 1y
"""


class DaysInEpisode(ValueLike):
    """Days since the open episode began (of several: the one open longest)."""

    kind: Literal["days_in_episode"]
    needs = "open"
    example = """
- name: days_in_service
  kind: days_in_episode
  factor: services
  events: {type: service}
  window: 5y
  missing: zero
"""


class AttributeNumber(AttributeFeature):
    """An attribute that is a number."""

    kind: Literal["attribute_number"]
    missing: Missing = "missing"
    example = """
- name: studied_credits
  kind: attribute_number
  factor: study_load
  attribute: studied_credits
  scope: case
"""


class AttributeCategory(AttributeFeature):
    """One column (1 or 0) per declared category; a value that is not declared is 0 in all of them.

    Attributes
    ----------
    categories : tuple of str
        The declared values, each a column `NAME__VALUE`.
    missing : {"missing", "zero", "column"}
        What stands there when nothing is recorded: missing in all columns, 0 in all, or 0 in all and 1 in
        a column `NAME__not_recorded` of its own.
    """

    kind: Literal["attribute_category"]
    categories: Names
    missing: Literal["missing", "zero", "column"] = "missing"
    # one direction for columns that exclude each other would contradict itself
    direction: None = None
    example = """
- name: education
  kind: attribute_category
  factor: prior_education
  attribute: highest_education
  scope: case
  categories: [No Formal quals, A Level or Equivalent, HE Qualification]
  missing: column
"""

    @model_validator(mode="after")
    def _distinct_columns(self) -> Self:
        slugs = [slug(category) for category in self.categories] + ["not_recorded"] * (self.missing == "column")
        if len(set(slugs)) < len(slugs):
            raise ValueError("two categories would give one column name; letters and digits must tell them apart")
        return self


class AgeYears(AttributeFeature):
    """Completed years since birth. The attribute holds YYYY-MM-DD, YYYY-MM or YYYY (its first day counts)."""

    kind: Literal["age_years"]
    attribute: NonBlank = "birth_date"
    missing: Missing = "missing"
    example = """
- name: age
  kind: age_years
  factor: age
  attribute: birth_month
"""


class DaysSinceOpened(Feature):
    """Days from the case's opening to as_of."""

    kind: Literal["days_since_opened"]
    example = """
- name: days_open
  kind: days_since_opened
  factor: time_in_programme
"""


class CalendarMonth(Feature):
    """The month of as_of, 1 to 12."""

    kind: Literal["calendar_month"]
    example = """
- name: month
  kind: calendar_month
  factor: season
"""


KINDS: tuple[type[Feature], ...] = (
    Count,
    Distinct,
    AnyOf,
    Sum,
    Mean,
    Min,
    Max,
    Std,
    First,
    Last,
    Slope,
    DaysSinceLast,
    DaysSinceFirst,
    LongestGap,
    Rate,
    Change,
    Share,
    OpenEpisodes,
    EpisodeDays,
    DaysInEpisode,
    AttributeNumber,
    AttributeCategory,
    AgeYears,
    DaysSinceOpened,
    CalendarMonth,
)
