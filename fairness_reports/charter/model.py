"""The charter as a whole.

Belongs here: the model of charter.yaml, what its sections must say together, its hash.
Does not belong here: the sections (sections, uses), its fit with the rest of a pack (checks), whether a model met it
(fairness_reports.verdict).
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ModelWrapValidatorHandler, PrivateAttr, model_validator

from fairness_reports.charter.placeholders import (
    Day,
    ListOfWords,
    Location,
    Section,
    Words,
    find_placeholders,
    is_placeholder,
    unfilled,
)
from fairness_reports.charter.sections import (
    Acceptance,
    ByAssociation,
    Capacity,
    FairnessThreshold,
    ImpactAssessment,
    MayBeChosen,
    PerformanceThreshold,
    Retraining,
    SignOff,
    Uninformative,
)
from fairness_reports.charter.transparency import Transparency
from fairness_reports.charter.uses import KEPT_DAYS, Caseload, Disclosure, Restricted
from features.words import Text

_ADDED = ("by_association", "uninformative", "mitigation", "caseload", "restricted", "disclosure")
"""Sections that the first charters did not have."""


class Charter(Section):
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
        ByAssociation | None, BeforeValidator(unfilled, json_schema_input_type=ByAssociation | str | None)
    ] = None
    uninformative: Annotated[
        Uninformative | None, BeforeValidator(unfilled, json_schema_input_type=Uninformative | str | None)
    ] = None
    mitigation: Annotated[
        MayBeChosen | None, BeforeValidator(unfilled, json_schema_input_type=MayBeChosen | str | None)
    ] = None

    caseload: Annotated[Caseload | None, BeforeValidator(unfilled, json_schema_input_type=Caseload | str | None)] = None
    restricted: Annotated[
        Restricted | None, BeforeValidator(unfilled, json_schema_input_type=Restricted | str | None)
    ] = None
    disclosure: Annotated[
        Disclosure | None, BeforeValidator(unfilled, json_schema_input_type=Disclosure | str | None)
    ] = None
    transparency: Annotated[
        Transparency | None, BeforeValidator(unfilled, json_schema_input_type=Transparency | str | None)
    ] = None

    _placeholders: tuple[Location, ...] = PrivateAttr(default=())

    @model_validator(mode="wrap")
    @classmethod
    def _note_placeholders(cls, data: Any, handler: ModelWrapValidatorHandler[Charter]) -> Charter:
        charter = handler(data)
        if isinstance(data, dict):
            charter._placeholders = tuple(find_placeholders(data))
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
    def kept_days(self) -> int:
        """For how many days the restricted part of a release stays after it was superseded."""
        days = self.restricted.expire_after_days if self.restricted is not None else None
        return KEPT_DAYS if days is None else days

    @property
    def disclosure_profile(self) -> str:
        """Name of the rules that figures are made safe by."""
        return self.disclosure.profile if self.disclosure is not None else "default"

    @property
    def sha256(self) -> str:
        """Hash of the canonical JSON: the same for two files that say the same."""
        said = self.model_dump(mode="json", exclude={"transparency"})  # words for the public record decide nothing
        for name in _ADDED:
            if said[name] is None:
                del said[name]  # charters signed before there was such a field keep their hash
        text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
