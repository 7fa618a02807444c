"""The verdict: what a release may claim, measured against the charter.

Belongs here: which verdict follows from the figures, with its reasons.
Does not belong here: the figures themselves (models.metrics, fairness_reports.audit), where a verdict is printed
(reports).

Where several verdicts apply, the first of these is given, and the reasons of the others stand beside it:
descriptive_only (there is too little to judge anything), not_fit (a threshold fails: worse than not knowing),
not_auditable (something cannot be told), fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import pandas as pd

from data_contracts.errors import PlumblineError
from fairness_reports.audit.reasons import NEVER_RECORDED, NOT_IN_DATA
from fairness_reports.charter import Acceptance, Charter, FairnessThreshold, PerformanceThreshold
from fairness_reports.spec import JOIN
from fairness_reports.states import OUTSIDE, WITHIN
from fairness_reports.verdict_text import Sentences, Unseen
from features.words import Text, Words

FIT: Final = "fit"
NOT_FIT: Final = "not_fit"
NOT_AUDITABLE: Final = "not_auditable"
DESCRIPTIVE_ONLY: Final = "descriptive_only"
VERDICTS: Final = (DESCRIPTIVE_ONLY, NOT_FIT, NOT_AUDITABLE, FIT)
"""In the order in which they win."""


@dataclass(frozen=True)
class Statement:
    """One statement of vignettes.yaml, and whether it holds.

    Attributes
    ----------
    higher, lower : str
        Names of the two fictional cases.
    because : Text
        The statement in words.
    holds : bool
        Whether the deployed model puts the first above the second.
    """

    higher: str
    lower: str
    because: Text
    holds: bool


LEAST = 100
"""So many outcomes, and so many non-outcomes, must be in the test."""


@dataclass(frozen=True)
class Reason:
    """One reason of a verdict.

    Attributes
    ----------
    code : str
        Machine-readable, one of CODES.
    text : Text
        A sentence in both languages, with threshold, value and interval.
    threshold, value, low, high : float or None
        The figures.
    metric, attribute, group, reference : str or None
        Where it applies.
    bound_low, bound_high : float or None
        Where a gap in true outcomes can lie.
    """

    code: str
    text: Text
    threshold: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    metric: str | None = None
    attribute: str | None = None
    group: str | None = None
    reference: str | None = None
    bound_low: float | None = None
    bound_high: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """For manifest.json: only what is known."""
        figures = {name: getattr(self, name) for name in ("threshold", "value", "low", "high")}
        beyond = ("metric", "attribute", "group", "reference", "bound_low", "bound_high")
        place = {name: getattr(self, name) for name in beyond}
        known = {name: each for name, each in place.items() if each is not None}
        return {"code": self.code, "text": {"en": self.text.en, "de": self.text.de}, **figures, **known}


CODES: Final[dict[str, str]] = {
    "no_past": DESCRIPTIVE_ONLY,
    "outcome_never": DESCRIPTIVE_ONLY,
    "outcome_always": DESCRIPTIVE_ONLY,
    "too_few_outcomes": DESCRIPTIVE_ONLY,
    "too_few_non_outcomes": DESCRIPTIVE_ONLY,
    "threshold_failed": NOT_FIT,
    "threshold_not_measured": NOT_FIT,
    "gap_outside": NOT_FIT,
    "vignette_order": NOT_FIT,
    "too_many_uninformative": NOT_FIT,
    "gap_cannot_tell": NOT_AUDITABLE,
    "gap_not_measured": NOT_AUDITABLE,
    "attribute_missing": NOT_AUDITABLE,
    "no_fairness_threshold": NOT_AUDITABLE,
    "threshold_met": FIT,
    "vignettes_in_order": FIT,
    "enough_informative": FIT,
    "gap_within": FIT,
    "gap_accepted": FIT,
}
"""Every code with the verdict that it speaks for."""


@dataclass(frozen=True)
class Verdict:
    """The verdict on a release.

    Attributes
    ----------
    verdict : str
        One of VERDICTS.
    reasons : list of Reason
        Why it is not fit; empty when it is.
    met : list of Reason
        The thresholds that hold, and the undecided gaps that the charter accepted beforehand.
    """

    verdict: str
    reasons: list[Reason] = field(default_factory=list)
    met: list[Reason] = field(default_factory=list)

    @property
    def publishes_scores(self) -> bool:
        """Whether scores may leave the pipeline."""
        return self.verdict == FIT

    def headline(self, language: str, owner: Text | str, on: date) -> str:
        """One sentence for the top of a page: never a bare "fit".

        Parameters
        ----------
        language : str
            `en` or `de`.
        owner : Text or str
            Who agreed the thresholds, by role.
        on : date
            When: the charter's sign-off.
        """
        return Sentences().headline(self.verdict, language, owner, on)


def judge(
    charter: Charter,
    metrics: pd.DataFrame | None,
    fairness: pd.DataFrame | None,
    *,
    outcomes: int | None,
    non_outcomes: int | None,
    model: str | None = None,
    split: str | None = None,
    words: Words | None = None,
    uninformative: tuple[int, int] | None = None,
    statements: Sequence[Statement] = (),
) -> Verdict:
    """Measure a release against its charter.

    Parameters
    ----------
    charter : Charter
        Signed off; a charter with placeholders is refused.
    metrics : pandas.DataFrame or None
        Rows of metrics.parquet. None where no model was fitted, which only `descriptive_only` allows.
    fairness : pandas.DataFrame or None
        Rows of fairness.parquet.
    outcomes, non_outcomes : int or None
        Cases of the test with and without the outcome; None where the past is too short for a test.
    model, split : str, optional
        Which rows are judged: the audited model, the test split. By default all rows, and then `metrics` must name each
        metric once.
    words : Words, optional
        What attributes and groups are called; by default their names in the data.
    uninformative : (int, int), optional
        How many of how many open cases have a score that is not informative. Without it a ceiling of the charter is not
        met: nobody knows.
    statements : sequence of Statement
        What vignettes.yaml says of its cases, and whether it holds.
    """
    if not charter.is_signed_off:
        raise PlumblineError("the charter has placeholders, so nothing can be judged by it.", where="charter.yaml")
    say = Sentences(words)
    if outcomes is None or non_outcomes is None:
        return Verdict(DESCRIPTIVE_ONLY, [Reason("no_past", say.constant("no_past"))])
    few = _too_few(outcomes, non_outcomes, charter.minimum_cell, say)
    if few:
        return Verdict(DESCRIPTIVE_ONLY, few)
    if metrics is None or fairness is None:
        raise PlumblineError("there are enough outcomes to judge, but no metrics or no audit.")
    measured = _chosen(metrics, model, split)
    found = [_threshold(each, measured.get(each.metric), say) for each in charter.performance]
    found += _fairness(charter, fairness if split is None else fairness[fairness["split"] == split], say)
    found += _vignettes(statements, say) + _ceiling(charter, uninformative, say)
    verdict = min((CODES[reason.code] for reason in found), key=VERDICTS.index)
    met = [reason for reason in found if CODES[reason.code] == FIT]
    against = [reason for reason in found if CODES[reason.code] != FIT]
    return Verdict(verdict, sorted(against, key=lambda each: VERDICTS.index(CODES[each.code])), met)


def _too_few(outcomes: int, non_outcomes: int, minimum: int, say: Sentences) -> list[Reason]:
    if outcomes == 0 or non_outcomes == 0:
        code = "outcome_never" if outcomes == 0 else "outcome_always"
        return [Reason(code, say.constant(code), threshold=float(LEAST))]
    counts = {"too_few_outcomes": outcomes, "too_few_non_outcomes": non_outcomes}
    return [
        # a count below the minimum cell is not published here either
        Reason(code, say.too_few(code, count, minimum, LEAST), float(LEAST), float(count) if count >= minimum else None)
        for code, count in counts.items()
        if count < LEAST
    ]


def _chosen(metrics: pd.DataFrame, model: str | None, split: str | None) -> dict[str, Any]:
    rows = metrics
    if model is not None:
        rows = rows[rows["model"] == model]
    if split is not None:
        rows = rows[rows["split"] == split]
    if rows["metric"].duplicated().any():
        raise PlumblineError("a metric stands in several rows: name the model and the split to judge.")
    return {str(row.metric): row for row in rows.itertuples()}


def _threshold(threshold: PerformanceThreshold, row: Any, say: Sentences) -> Reason:
    value, low, high = (_float(getattr(row, name, None)) for name in ("value", "low", "high"))
    deciding = {"estimate": value, "lower": low, "upper": high}[threshold.required_bound]
    if value is None or deciding is None:
        code = "threshold_not_measured"
    elif deciding >= threshold.limit if threshold.at_least is not None else deciding <= threshold.limit:
        code = "threshold_met"
    else:
        code = "threshold_failed"
    text = say.threshold(code, threshold, value, low, high)
    return Reason(code, text, threshold.limit, value, low, high, metric=threshold.metric)


def uninformative_share(count: int, n: int, minimum: int) -> float | None:
    """The share of scores that are not informative; None where it rests on fewer cases than the minimum.

    All and none are told: they are no small group.
    """
    return count / n if n and (count in (0, n) or min(count, n - count) >= minimum) else None


def _vignettes(statements: Sequence[Statement], say: Sentences) -> list[Reason]:
    wrong = [Reason("vignette_order", say.vignette(each.because)) for each in statements if not each.holds]
    if wrong or not statements:
        return wrong
    return [Reason("vignettes_in_order", say.vignettes_in_order(len(statements)))]


def _ceiling(charter: Charter, counted: tuple[int, int] | None, say: Sentences) -> list[Reason]:
    if charter.uninformative is None or charter.uninformative.at_most is None:
        return []
    limit, (count, n) = charter.uninformative.at_most, counted or (0, 0)
    share, told = (count / n if n else None), uninformative_share(count, n, charter.minimum_cell)
    code = "enough_informative" if share is not None and share <= limit else "too_many_uninformative"
    text = say.uninformative(code, limit, told, measured=share is not None)
    return [Reason(code, text, limit, told, metric="uninformative")]


def _fairness(charter: Charter, fairness: pd.DataFrame, say: Sentences) -> list[Reason]:
    gone = fairness[fairness["reason"].isin([NOT_IN_DATA, NEVER_RECORDED]) & ~fairness["attribute"].str.contains(JOIN)]
    reasons = [
        Reason("attribute_missing", say.missing(str(row.attribute), str(row.reason)), attribute=str(row.attribute))
        for row in gone.drop_duplicates("attribute").itertuples()
    ]
    if not charter.fairness:
        reasons.append(Reason("no_fairness_threshold", say.constant("no_fairness_threshold")))
    judged = fairness[fairness["confirmatory"] & (fairness["comparison"] == "difference")]
    accepted = {(each.attribute, each.group, each.metric): each for each in charter.accepted}
    for threshold in charter.fairness:
        place: dict[str, Any] = {name: getattr(threshold, name) for name in ("metric", "attribute", "reference")}
        rows = judged[(judged[list(place)] == pd.Series(place)).all(axis=1)]
        if rows.empty:
            text = say.not_measured(threshold)
            reasons.append(Reason("gap_not_measured", text, threshold.tolerance, **place))
        for row in rows.itertuples():
            entry = accepted.get((threshold.attribute, str(row.group), threshold.metric))
            reasons.append(_gap(threshold, row, entry, say))
    return reasons


def _gap(threshold: FairnessThreshold, row: Any, entry: Acceptance | None, say: Sentences) -> Reason:
    value, low, high = (_float(each) for each in (row.value, row.low, row.high))
    # what is outside is known, so it cannot have been accepted as unknown
    undecided = "gap_cannot_tell" if entry is None else "gap_accepted"
    code = {WITHIN: "gap_within", OUTSIDE: "gap_outside"}.get(str(row.state), undecided)
    why = None if pd.isna(row.reason) else str(row.reason)
    unseen = _unseen(row)
    return Reason(
        code,
        say.gap(code, threshold, str(row.group), (value, low, high), why, entry, unseen),
        threshold.tolerance,
        value,
        low,
        high,
        metric=threshold.metric,
        attribute=threshold.attribute,
        group=str(row.group),
        reference=threshold.reference,
        bound_low=unseen.bounds[0],
        bound_high=unseen.bounds[1],
    )


def _unseen(row: Any) -> Unseen:
    """What the audit says beyond the recorded cases."""
    identification = getattr(row, "identification", None)
    needed, n = (_float(getattr(row, name, None)) for name in ("needed_n", "n"))
    return Unseen(
        None if identification is None or pd.isna(identification) else str(identification),
        (_float(getattr(row, "bound_low", None)), _float(getattr(row, "bound_high", None))),
        None if needed is None else int(needed),
        None if n is None else int(n),
    )


def _float(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
