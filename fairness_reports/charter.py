"""The charter: what people decide before any model.

Belongs here: the model of charter.yaml, what counts as a placeholder, the charter's hash, its fit with the protected
attributes and the features. Does not belong here: whether a model met it (fairness_reports.verdict).

A placeholder ("TODO", "<name of the owner>", an empty field ...) is not a mistake, because people fill a charter in
over weeks. But a charter with one is not signed off: it serves `check` and `dummy`, never a run.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    model_validator,
)

from data_contracts.yamldoc import nearest
from fairness_reports.audit.metrics import DIFFERENCES
from fairness_reports.mitigation.spec import OptionName
from fairness_reports.spec import OVERALL, ProtectedSpec
from features.fields import EventFeature, Feature
from features.words import Text

Location = tuple[int | str, ...]
Problem = tuple[Location, str, str]

TODO = "TODO"
_WHOLE = re.compile(
    r"(?:todo|tbd|tba|tbc|fixme|n\.?\s?n\.?|x{3,}|\?+|…|\.{3,}|-+|_+"
    r"|lorem ipsum.*|placeholder|platzhalter|offen|noch offen)[.:!]?",
    re.IGNORECASE | re.DOTALL,
)
_INSIDE = re.compile(
    r"\b(?:TODO|TBD|FIXME)\b|<[^\W\d][^<>\n]*>"  # <who signs>; not "under <5 and >2"
    r"|(?i:\bto be (?:filled|determined|decided|completed|confirmed|defined)\b|\bfill (?:this |me )?in\b"
    r"|\bbitte (?:ausfüllen|eintragen|ergänzen)\b|\bnoch (?:auszufüllen|einzutragen|zu ergänzen|zu klären)\b"
    r"|\bwird noch ergänzt\b)"
)


def is_placeholder(value: object) -> bool:
    """Whether a value of the charter still waits for somebody to write it."""
    if value is None:
        return True
    if isinstance(value, str):
        text = value.strip()
        return not text or bool(_WHOLE.fullmatch(text) or _INSIDE.search(text))
    return isinstance(value, list | dict) and not value


def _open(value: object) -> object:
    return None if is_placeholder(value) else value


def _open_text(value: object) -> object:
    if isinstance(value, str):
        # one language is no Text: but whoever writes TODO should hear of the placeholder, not of a missing language
        return {"en": TODO, "de": TODO} if is_placeholder(value) else value
    if value is None or value == {}:
        return {"en": TODO, "de": TODO}
    if isinstance(value, dict):
        return {key: TODO if key in {"en", "de"} and is_placeholder(each) else each for key, each in value.items()}
    return value


def _open_list(value: object) -> object:
    if isinstance(value, list) and value:
        return value
    if isinstance(value, dict) and value:
        return [value]
    return [{"en": TODO, "de": TODO}] if is_placeholder(value) else value


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Words = Annotated[Text, BeforeValidator(_open_text, json_schema_input_type=Text | str | None)]
"""Words that reports print: both languages, or a placeholder."""
ListOfWords = Annotated[
    list[Words], BeforeValidator(_open_list, json_schema_input_type=list[Text | str] | Text | str | None)
]
Day = Annotated[date | None, BeforeValidator(_open, json_schema_input_type=date | str | None)]
"""A day; None while it is a placeholder."""
Group = Annotated[str, BeforeValidator(_as_text, json_schema_input_type=str | int), Field(min_length=1)]
_Figure = BeforeValidator(_open, json_schema_input_type=float | str | None)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SignOff(_Section):
    """Who signed the charter, by role, and when."""

    by: Words
    date: Day


class ImpactAssessment(_Section):
    """Where the assessment of the consequences is filed, and its date."""

    reference: Words
    date: Day


class Retraining(_Section):
    """How often the model is fitted again, and why so often."""

    every_months: Annotated[Annotated[int, Field(ge=1, le=120)] | None, _Figure]
    reason: Words


class Capacity(_Section):
    """The share of the cases that the service could reach, and where the figure comes from."""

    share: Annotated[Annotated[float, Field(gt=0, le=1)] | None, _Figure]
    reason: Words


class PerformanceThreshold(_Section):
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
    at_least: Annotated[float | None, _Figure] = None
    at_most: Annotated[float | None, _Figure] = None
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


class FairnessThreshold(_Section):
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
    tolerance: Annotated[Annotated[float, Field(gt=0, lt=1)] | None, _Figure]
    reference: Group = OVERALL
    reason: Words

    @model_validator(mode="after")
    def _known(self) -> FairnessThreshold:
        if not is_placeholder(self.metric) and self.metric not in DIFFERENCES:
            raise ValueError(f"“{self.metric}” has no gap that can be judged: use one of {', '.join(DIFFERENCES)}.")
        return self


class Acceptance(_Section):
    """A gap that may stay undecided: accepted beforehand for one group, with reason and signatory."""

    attribute: str = Field(min_length=1)
    group: Group
    metric: str
    reason: Words
    signatory: Words


class ByAssociation(_Section):
    """Why records about other people of the household may count towards a person's score."""

    reason: Words


class Uninformative(_Section):
    """How many scores may say nothing.

    Parameters
    ----------
    at_most : float
        Share of the open cases whose score is not informative; with more, no score is published.
    reason : Text
        Why this share.
    """

    at_most: Annotated[Annotated[float, Field(ge=0, lt=1)] | None, _Figure]
    reason: Words


class MayBeChosen(_Section):
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


class Charter(_Section):
    """The charter of a programme: every field is explained in docs/charter.md."""

    problem: Words
    decision_supported: Words
    alternatives: ListOfWords
    prohibited_uses: ListOfWords
    legal_basis: Words
    impact_assessment: ImpactAssessment
    people_informed: Words
    consulted: ListOfWords
    owner: Words
    sign_off: SignOff
    disagreement_contact: Words
    retention: Words
    review_date: Day
    retraining: Retraining
    stop_rule: Words
    capacity: Capacity
    selection_margin: float = Field(default=0.01, ge=0, lt=0.5)
    minimum_cell: int = Field(default=10, ge=5, le=1000)
    performance: list[PerformanceThreshold] = Field(min_length=1)
    fairness: list[FairnessThreshold]
    accepted: list[Acceptance] = Field(default_factory=list)
    by_association: Annotated[
        ByAssociation | None, BeforeValidator(_open, json_schema_input_type=ByAssociation | str | None)
    ] = None
    uninformative: Annotated[
        Uninformative | None, BeforeValidator(_open, json_schema_input_type=Uninformative | str | None)
    ] = None
    mitigation: Annotated[
        MayBeChosen | None, BeforeValidator(_open, json_schema_input_type=MayBeChosen | str | None)
    ] = None

    _placeholders: tuple[Location, ...] = PrivateAttr(default=())

    @model_validator(mode="wrap")
    @classmethod
    def _note_placeholders(cls, data: Any, handler: ModelWrapValidatorHandler[Charter]) -> Charter:
        charter = handler(data)
        if isinstance(data, dict):
            charter._placeholders = tuple(_find(data))
        return charter

    @model_validator(mode="after")
    def _judgeable(self) -> Charter:
        metrics = {each.metric for each in self.fairness}
        if len(metrics) > 3:
            raise ValueError(
                f"`fairness` names {len(metrics)} metrics; at most three are confirmatory. "
                "Keep those on which the decision rests: all others are reported anyway."
            )
        if metrics == {"auc"}:
            raise ValueError(
                "`fairness` names auc alone: equal AUC says nothing of who is missed or flagged wrongly. "
                "Add tpr, fpr or calibration."
            )
        judged = [(each.metric, each.attribute, each.reference) for each in self.fairness]
        if len(set(judged)) < len(judged):
            raise ValueError("`fairness` names the same metric, attribute and reference twice.")
        return self

    @property
    def placeholders(self) -> tuple[Location, ...]:
        """Where placeholders stand, as locations in the file."""
        return self._placeholders

    @property
    def is_signed_off(self) -> bool:
        """Whether the charter is complete: only then may a model be trained."""
        return not self._placeholders

    @property
    def reason_by_association(self) -> Text | None:
        """Why records about other people are used; None without a reason, and a placeholder is none."""
        reason = self.by_association.reason if self.by_association is not None else None
        return None if reason is None or is_placeholder(reason.en) or is_placeholder(reason.de) else reason

    @property
    def sha256(self) -> str:
        """Hash of the canonical JSON: the same for two files that say the same."""
        said = self.model_dump(mode="json")
        for name in ("by_association", "uninformative", "mitigation"):
            if said[name] is None:
                del said[name]  # charters signed before there was such a field keep their hash
        text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _find(value: Any, place: Location = ()) -> list[Location]:
    # these empty lists are statements, not gaps to fill
    if place in {("fairness",), ("accepted",), ("mitigation", "may_be_chosen")} and value == []:
        return []
    if is_placeholder(value):
        # optional fields that are simply left empty say nothing either: they count, so that nobody signs a half-written
        # line
        return [place]
    if isinstance(value, dict):
        return [found for key, each in value.items() for found in _find(each, (*place, key))]
    if isinstance(value, list):
        return [found for i, each in enumerate(value) for found in _find(each, (*place, i))]
    return []


def check(charter: Charter, protected: ProtectedSpec, metrics: list[str] | None = None) -> list[Problem]:
    """What in the charter does not fit the rest of the pack.

    Parameters
    ----------
    charter : Charter
        The charter.
    protected : ProtectedSpec
        The programme's protected attributes.
    metrics : list of str, optional
        The metrics that metrics.parquet will have; without it their names are not checked.

    Returns
    -------
    list of (location, what, what to do)
        Locations are places in charter.yaml.
    """
    problems: list[Problem] = []
    known = protected.names()
    todo = f"Use one of: {', '.join(known)}."
    for i, each in enumerate(charter.fairness):
        if not is_placeholder(each.attribute) and each.attribute not in known:
            problems.append(
                (("fairness", i, "attribute"), f"“{each.attribute}” is not audited in programme.yaml.", todo)
            )
    judged = {(each.metric, each.attribute) for each in charter.fairness}
    for i, accepted in enumerate(charter.accepted):
        if (accepted.metric, accepted.attribute) not in judged:
            problems.append(
                (
                    ("accepted", i),
                    f"nothing judges {accepted.metric} by {accepted.attribute}, so there is nothing to accept.",
                    "Accept only gaps that `fairness` names.",
                )
            )
    for i, threshold in enumerate(charter.performance):
        if metrics is not None and not is_placeholder(threshold.metric) and threshold.metric not in metrics:
            problems.append(
                (
                    ("performance", i, "metric"),
                    f"“{threshold.metric}” is not measured.",
                    f"{nearest(threshold.metric, metrics)} Use one of: "
                    f"{', '.join(name for name in metrics if '[' not in name)}.".strip(),
                )
            )
    if charter.sign_off.date and charter.review_date and charter.review_date <= charter.sign_off.date:
        problems.append(
            (
                ("review_date",),
                "the review date is not after the sign-off.",
                "Name a day on which it is looked at again.",
            )
        )
    return problems


def check_association(
    features: Sequence[tuple[int, Feature]], reason: Text | None, *, memberships: bool, told: bool = False
) -> list[Problem]:
    """Which features take records about other people without leave, or without anything that says who these are.

    Parameters
    ----------
    features : sequence of (int, FeatureSpec)
        The programme's features, each with its place in the list.
    reason : Text or None
        `Charter.reason_by_association`.
    memberships : bool
        Whether the programme fills core.membership.
    told : bool
        Whether the charter's section is itself a mistake, which is told at its own place.

    Returns
    -------
    list of (location, what, what to do)
        Locations count from the list of features in programme.yaml.
    """
    problems: list[Problem] = []
    for i, spec in features:
        if not (isinstance(spec, EventFeature) and spec.by_association):
            continue
        if reason is None and not told:
            problems.append(
                (
                    (i, "scope"),
                    f"“{spec.name}” takes records about other people of the household, and charter.yaml gives no "
                    "reason for it (a placeholder is none).",
                    "Write why under `by_association` in charter.yaml (docs/charter.md), or use another scope.",
                )
            )
        if not memberships:
            problems.append(
                (
                    (i, "scope"),
                    f"“{spec.name}” looks at other people of the household, and nothing says who belongs to one: "
                    "`core` has no `membership`.",
                    "Map core.membership (docs/core_tables.md), or use another scope.",
                )
            )
    return problems
